.output-san/tests/unit/test_probe: tests/unit/test_probe.c \
 user/base/cleanup.h user/source/probe.h user/source/procfs.h \
 user/source/cgroupfs.h user/source/source.h include/ztrace/event.h \
 include/ztrace/types.h tests/unit/fixture_tree.h
user/base/cleanup.h:
user/source/probe.h:
user/source/procfs.h:
user/source/cgroupfs.h:
user/source/source.h:
include/ztrace/event.h:
include/ztrace/types.h:
tests/unit/fixture_tree.h:
