// SPDX-License-Identifier: GPL-2.0
/* Memory cgroups: made, joined, removed (the last look at their counters). */
#include "emit.h"
#include "memcg.h"

#define PATH_TAIL 1024 /* the kernel's own buffer for this path (TRACE_CGROUP_PATH_LEN) */

/* args: cgroup, path. Limits are written after this, so there is none yet. */
SEC("raw_tp/cgroup_mkdir")
int on_cgroup_mkdir(struct bpf_raw_tracepoint_args *ctx)
{
	struct cgroup *cg = (void *)ctx->args[0];
	struct zt_ev_cgroup *e;
	long n;

	if (!gate || !in_memory_hierarchy(cg))
		return 0;
	e = EMIT_NEW(cgroup, sizeof(*e) + PATH_TAIL, current_task());
	if (!e)
		return 0;
	memcg_read(&e->mem, cg, cgroup_css(cg));
	n = bpf_probe_read_kernel_str(e + 1, PATH_TAIL, (void *)ctx->args[1]);
	if (n < 0) {
		count_lost(ZT_LOST_READ);
		n = 0;
	}
	if (n == PATH_TAIL)
		e->h.flags |= ZT_F_CGROUP_PATH_CUT;
	e->h.size = sizeof(*e) + n;
	EMIT(e);
	return 0;
}

/* args: cgroup, path, task, threadgroup. The task is already there. */
SEC("raw_tp/cgroup_attach_task")
int on_cgroup_attach(struct bpf_raw_tracepoint_args *ctx)
{
	struct cgroup *cg = (void *)ctx->args[0];
	struct task_struct *t = (void *)ctx->args[2];
	struct zt_ev_attach *e;

	if (!gate || !in_memory_hierarchy(cg))
		return 0;
	e = EMIT_NEW(attach, sizeof(*e), current_task());
	if (!e)
		return 0;
	task_id(&e->target, t);
	e->target_cgroup = task_cgroup_id(t);
	EMIT(e);
	return 0;
}

/* args: cgroup, path. The css goes offline under cgroup_mutex, which rmdir still holds: it is intact. */
SEC("raw_tp/cgroup_rmdir")
int on_cgroup_rmdir(struct bpf_raw_tracepoint_args *ctx)
{
	struct cgroup *cg = (void *)ctx->args[0];
	struct zt_ev_rmdir *e;

	if (!gate || !in_memory_hierarchy(cg))
		return 0;
	e = EMIT_NEW(rmdir, sizeof(*e), current_task());
	if (!e)
		return 0;
	memcg_read(&e->mem, cg, cgroup_css(cg));
	EMIT(e);
	return 0;
}
