.output-san/user/source/child.o: user/source/child.c user/source/child.h \
 user/source/procfs.h user/source/cgroupfs.h user/source/source.h \
 include/ztrace/event.h include/ztrace/types.h user/source/protect.h \
 include/ztrace/types.h user/base/cleanup.h
user/source/child.h:
user/source/procfs.h:
user/source/cgroupfs.h:
user/source/source.h:
include/ztrace/event.h:
include/ztrace/types.h:
user/source/protect.h:
include/ztrace/types.h:
user/base/cleanup.h:
