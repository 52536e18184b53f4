.output-san/user/trace/event.o: user/trace/event.c user/trace/event.h \
 include/ztrace/event.h include/ztrace/types.h
user/trace/event.h:
include/ztrace/event.h:
include/ztrace/types.h:
