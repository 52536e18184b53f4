.output-san/tests/unit/test_docker_store: tests/unit/test_docker_store.c \
 user/source/docker_store.h tests/unit/tmptree.h include/ztrace/event.h \
 include/ztrace/types.h
user/source/docker_store.h:
tests/unit/tmptree.h:
include/ztrace/event.h:
include/ztrace/types.h:
