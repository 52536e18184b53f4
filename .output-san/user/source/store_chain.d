.output-san/user/source/store_chain.o: user/source/store_chain.c \
 user/source/store_chain.h user/source/docker_store.h user/base/cleanup.h \
 user/source/safeio.h include/ztrace/event.h include/ztrace/types.h \
 user/source/store_json.h
user/source/store_chain.h:
user/source/docker_store.h:
user/base/cleanup.h:
user/source/safeio.h:
include/ztrace/event.h:
include/ztrace/types.h:
user/source/store_json.h:
