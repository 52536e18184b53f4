/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The machine's processes as /proc, the shim and the process connector tell of them: who they are, what they held when
 * last looked at.
 */
#ifndef SOURCE_TREE_H
#define SOURCE_TREE_H

#include <uthash.h>

#include "source/procfs.h"

#define TREE_MAX 32768

struct tree_proc {
	UT_hash_handle hh; /* by id.tgid */
	struct zt_id id;
	zt_u32 ppid;
	zt_u64 cgroup; /* 0: not known */
	zt_u64 anon_bytes, shared_bytes; /* when last looked at */
	zt_s32 oom_score_adj;
	zt_u64 cwd_hash; /* 0: not known */
	bool told_exit;	 /* an exit event went out */
	bool told_shim;	 /* it has the shim in it */
	bool told_argv;	 /* its newest program's arguments went out */
	unsigned int missed; /* looks at /proc that did not find it */
	char comm[ZT_COMM_LEN];
};

struct tree {
	const struct procfs *proc; /* borrowed */
	struct cgroupfs *cg;	   /* borrowed */
	zt_u32 root;		   /* ztrace */
	zt_u64 since_ns;	   /* who started before that is told of by the snapshot */
	bool told_execs;	   /* the process connector tells of new programs */
	struct tree_proc *procs;
	unsigned int n;
	zt_u64 next_ns;
	void (*seen_cgroup)(void *ctx, zt_u64 id, const char *path); /* a process is in it */
	void *ctx;
	union evbuf ev;
};

void tree_done(struct tree *t);

/* Alive, or not yet waited for; NULL: not known */
struct tree_proc *tree_find(const struct tree *t, zt_u32 pid);
/* Known or new. NULL: no room */
struct tree_proc *tree_get(struct tree *t, const struct zt_id *id, zt_u32 ppid);
void tree_forget(struct tree *t, struct tree_proc *p);

/* In which cgroup it is now. */
void tree_look_cgroup(struct tree *t, struct tree_proc *p);

/*
 * A process that only /proc can tell of, with its ancestors as far as they are not known: a `proc` event each, `exec` where
 * it is in another cgroup than its parent. NULL: it has gone.
 */
struct tree_proc *tree_learn(struct tree *t, zt_u32 pid, sink_fn sink, void *ctx);

/* Look at all of /proc, when it is time to: what is new is told, memory and cgroups are noted. 0 or -errno of the sink. */
int tree_scan(struct tree *t, zt_u64 now_ns, sink_fn sink, void *ctx);

#endif
