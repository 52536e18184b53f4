.output-san/user/source/probe.o: user/source/probe.c user/source/probe.h \
 user/source/procfs.h user/source/cgroupfs.h user/source/source.h \
 include/ztrace/event.h include/ztrace/types.h user/base/cleanup.h \
 user/source/readfile.h include/ztrace/types.h
user/source/probe.h:
user/source/procfs.h:
user/source/cgroupfs.h:
user/source/source.h:
include/ztrace/event.h:
include/ztrace/types.h:
user/base/cleanup.h:
user/source/readfile.h:
include/ztrace/types.h:
