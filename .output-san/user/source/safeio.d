.output-san/user/source/safeio.o: user/source/safeio.c \
 user/source/safeio.h include/ztrace/event.h include/ztrace/types.h \
 user/base/cleanup.h
user/source/safeio.h:
include/ztrace/event.h:
include/ztrace/types.h:
user/base/cleanup.h:
