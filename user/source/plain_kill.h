/* SPDX-License-Identifier: GPL-2.0 */
/* Which process an OOM kill that a cgroup counted was: of those that ended by SIGKILL just then. */
#ifndef SOURCE_PLAIN_KILL_H
#define SOURCE_PLAIN_KILL_H

#include "source/oomwatch.h"
#include "source/tree.h"

#define KILLED_MAX 64
#define RISES_MAX 64

struct killed {
	struct zt_id id;
	zt_u32 ppid;
	zt_u64 cgroup, ts_ns;
	struct zt_rss rss; /* when last seen; peak when its own is known */
	zt_u64 peak_bytes; /* 0: not known */
	char comm[ZT_COMM_LEN];
};

struct rise {
	struct oom_rise r;
	zt_u64 ts_ns, cgroup;
};

struct plain_kill {
	struct oomwatch *watch; /* borrowed, as is tree */
	struct tree *tree;
	struct killed killed[KILLED_MAX];
	unsigned int nkilled;
	struct rise rises[RISES_MAX];
	unsigned int nrises;
	zt_u64 child_cgroup, seq, next_ns;
	zt_u64 often_until_ns; /* no use in waiting long before the next look */
};

/* A process ended by SIGKILL. peak_bytes 0: not known */
void plain_kill_died(struct plain_kill *k, const struct tree_proc *p, zt_u64 peak_bytes, zt_u64 ts_ns);
/* How much one of them held at most came to be known. */
void plain_kill_peak(struct plain_kill *k, const struct zt_id *id, zt_u64 peak_bytes);
/* Something is about to be counted, or has been: look often for a moment. */
void plain_kill_soon(struct plain_kill *k, zt_u64 now_ns);
/* Look at the counts, and bring both together. all: whatever is open is told now. 0 or -errno of the sink */
int plain_kill_match(struct plain_kill *k, zt_u64 now_ns, bool all, sink_fn sink, void *ctx);

#endif
