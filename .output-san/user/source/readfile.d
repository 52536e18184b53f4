.output-san/user/source/readfile.o: user/source/readfile.c \
 user/source/readfile.h include/ztrace/types.h user/base/cleanup.h
user/source/readfile.h:
include/ztrace/types.h:
user/base/cleanup.h:
