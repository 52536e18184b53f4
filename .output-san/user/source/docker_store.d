.output-san/user/source/docker_store.o: user/source/docker_store.c \
 user/source/docker_store.h user/base/cleanup.h user/source/redact.h \
 user/source/safeio.h include/ztrace/event.h include/ztrace/types.h \
 user/source/store_chain.h user/source/store_containers.h \
 user/source/store_json.h
user/source/docker_store.h:
user/base/cleanup.h:
user/source/redact.h:
user/source/safeio.h:
include/ztrace/event.h:
include/ztrace/types.h:
user/source/store_chain.h:
user/source/store_containers.h:
user/source/store_json.h:
