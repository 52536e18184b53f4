.output-san/user/base/slab.o: user/base/slab.c user/base/slab.h
user/base/slab.h:
