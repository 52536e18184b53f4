.output-san/tests/unit/test_safeio: tests/unit/test_safeio.c \
 user/source/safeio.h include/ztrace/event.h include/ztrace/types.h \
 tests/unit/tmptree.h
user/source/safeio.h:
include/ztrace/event.h:
include/ztrace/types.h:
tests/unit/tmptree.h:
