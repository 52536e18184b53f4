.output-san/user/source/store_json.o: user/source/store_json.c \
 user/source/store_json.h user/base/cleanup.h user/source/safeio.h \
 include/ztrace/event.h include/ztrace/types.h
user/source/store_json.h:
user/base/cleanup.h:
user/source/safeio.h:
include/ztrace/event.h:
include/ztrace/types.h:
