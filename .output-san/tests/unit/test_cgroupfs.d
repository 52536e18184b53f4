.output-san/tests/unit/test_cgroupfs: tests/unit/test_cgroupfs.c \
 user/base/cleanup.h user/source/cgroupfs.h user/source/source.h \
 include/ztrace/event.h include/ztrace/types.h tests/unit/fixture_tree.h
user/base/cleanup.h:
user/source/cgroupfs.h:
user/source/source.h:
include/ztrace/event.h:
include/ztrace/types.h:
tests/unit/fixture_tree.h:
