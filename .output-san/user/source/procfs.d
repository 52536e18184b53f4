.output-san/user/source/procfs.o: user/source/procfs.c \
 user/source/procfs.h user/source/cgroupfs.h user/source/source.h \
 include/ztrace/event.h include/ztrace/types.h user/base/cleanup.h \
 user/source/evbuf.h user/source/readfile.h include/ztrace/types.h
user/source/procfs.h:
user/source/cgroupfs.h:
user/source/source.h:
include/ztrace/event.h:
include/ztrace/types.h:
user/base/cleanup.h:
user/source/evbuf.h:
user/source/readfile.h:
include/ztrace/types.h:
