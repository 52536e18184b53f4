/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The source for where BPF may not be used: a library preloaded into the command's programs, the kernel's process
 * connector, /proc, and the counts in the cgroups' files. What it says is ZT_F_CLAIMED, all of it.
 */
#ifndef SOURCE_PLAIN_H
#define SOURCE_PLAIN_H

#include "source/cgroupfs.h"
#include "source/child.h"
#include "source/procfs.h"

struct plain_opts {
	const char *fifo; /* where the shim writes to: made here, in a directory of its own; NULL: no shim */
	uid_t uid;	  /* whom it is for */
	gid_t gid;
	zt_u32 child;	  /* the traced command; 0: none */
	const struct child *command; /* borrowed: that it has been waited for is seen there */
	const struct procfs *proc;
	struct cgroupfs *cg;
};

/* 0, or -errno. Tells at once which ways are used. */
int plain_open(struct source **ret, const struct plain_opts *o, sink_fn sink, void *ctx);

/* "/tmp/ztrace.1234.5f…/4026531836". 0 or -errno */
int plain_fifo_name(char *buf, size_t len);

#endif
