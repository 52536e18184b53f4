.output-san/user/source/enrich.o: user/source/enrich.c \
 user/source/enrich.h user/source/source.h include/ztrace/event.h \
 include/ztrace/types.h user/base/cleanup.h user/source/docker_store.h \
 user/source/dockerfile_want.h user/source/safeio.h
user/source/enrich.h:
user/source/source.h:
include/ztrace/event.h:
include/ztrace/types.h:
user/base/cleanup.h:
user/source/docker_store.h:
user/source/dockerfile_want.h:
user/source/safeio.h:
