.output-san/user/source/dockerfile_want.o: user/source/dockerfile_want.c \
 user/source/dockerfile_want.h user/source/source.h \
 include/ztrace/event.h include/ztrace/types.h user/base/cleanup.h \
 user/source/redact.h user/source/safeio.h
user/source/dockerfile_want.h:
user/source/source.h:
include/ztrace/event.h:
include/ztrace/types.h:
user/base/cleanup.h:
user/source/redact.h:
user/source/safeio.h:
