.output-san/tests/unit/test_enrich: tests/unit/test_enrich.c \
 user/source/enrich.h user/source/source.h include/ztrace/event.h \
 include/ztrace/types.h tests/unit/tmptree.h
user/source/enrich.h:
user/source/source.h:
include/ztrace/event.h:
include/ztrace/types.h:
tests/unit/tmptree.h:
