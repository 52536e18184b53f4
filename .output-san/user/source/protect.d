.output-san/user/source/protect.o: user/source/protect.c \
 user/source/protect.h include/ztrace/types.h user/base/cleanup.h \
 user/source/readfile.h
user/source/protect.h:
include/ztrace/types.h:
user/base/cleanup.h:
user/source/readfile.h:
