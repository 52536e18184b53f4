.output-san/tests/unit/test_procfs: tests/unit/test_procfs.c \
 user/base/cleanup.h user/source/env.h user/source/procfs.h \
 user/source/cgroupfs.h user/source/source.h include/ztrace/event.h \
 include/ztrace/types.h tests/unit/fixture_tree.h
user/base/cleanup.h:
user/source/env.h:
user/source/procfs.h:
user/source/cgroupfs.h:
user/source/source.h:
include/ztrace/event.h:
include/ztrace/types.h:
tests/unit/fixture_tree.h:
