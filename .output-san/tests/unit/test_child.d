.output-san/tests/unit/test_child: tests/unit/test_child.c \
 user/base/cleanup.h user/source/child.h user/source/procfs.h \
 user/source/cgroupfs.h user/source/source.h include/ztrace/event.h \
 include/ztrace/types.h user/source/protect.h include/ztrace/types.h \
 user/source/readfile.h
user/base/cleanup.h:
user/source/child.h:
user/source/procfs.h:
user/source/cgroupfs.h:
user/source/source.h:
include/ztrace/event.h:
include/ztrace/types.h:
user/source/protect.h:
include/ztrace/types.h:
user/source/readfile.h:
