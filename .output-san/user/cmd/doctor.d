.output-san/user/cmd/doctor.o: user/cmd/doctor.c user/cmd/doctor.h \
 user/source/source.h include/ztrace/event.h include/ztrace/types.h \
 user/base/cleanup.h user/source/env.h user/source/procfs.h \
 user/source/cgroupfs.h user/source/probe.h user/source/readfile.h \
 include/ztrace/types.h
user/cmd/doctor.h:
user/source/source.h:
include/ztrace/event.h:
include/ztrace/types.h:
user/base/cleanup.h:
user/source/env.h:
user/source/procfs.h:
user/source/cgroupfs.h:
user/source/probe.h:
user/source/readfile.h:
include/ztrace/types.h:
