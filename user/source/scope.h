/* SPDX-License-Identifier: GPL-2.0 */
/* A part of the machine that is watched alone: a process with all below it, or a memory cgroup with all below it. */
#ifndef SOURCE_SCOPE_H
#define SOURCE_SCOPE_H

#include "source/cgroupfs.h"
#include "source/procfs.h"

struct scope_part {
	const char *kind, *name; /* as in zt_ev_scope; borrowed */
	struct zt_id who;	 /* tgid 0: no process */
	zt_u64 cgroup;		 /* 0: none */
	char path[1024];	 /* of it, from the hierarchy's root */
};

/* The process of that number. 0, -EINVAL (no number), or -ESRCH: there is none. */
int scope_pid(const struct procfs *p, const char *text, struct scope_part *ret);

/* By its path in the file system or from the hierarchy's root. 0, -ENOENT, -ENOTSUP (no memory controller there), -errno. */
int scope_cgroup(struct cgroupfs *c, const char *text, struct scope_part *ret);

/* As a `scope` event */
int scope_tell(const struct scope_part *s, sink_fn sink, void *ctx);

/* Does it exist no more? Never said of one that is neither process nor cgroup. */
bool scope_gone(const struct scope_part *s, const struct procfs *p, const struct cgroupfs *c);

#endif
