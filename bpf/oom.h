/* SPDX-License-Identifier: GPL-2.0 */
/* What the programs that see an OOM kill remember for each other. */
#ifndef ZTRACE_OOM_H
#define ZTRACE_OOM_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "ztrace/bpf.h"

/*
 * The OOM killer sends its SIGKILL and marks the victim right after, in one context. So the newest kernel
 * SIGKILL of this task tells who the victim is where the tracepoint only has a pid (before 6.9), and a
 * mark without one means that the "victim" was exiting by itself.
 */
#define OOM_SIGKILL_SLOTS 64 /* by pid of the sender */

extern zt_u64 oom_sigkill_task[OOM_SIGKILL_SLOTS];
extern zt_u64 oom_sigkill_ids[OOM_SIGKILL_SLOTS]; /* that task's tgid << 32 | pid; 0: none */

static __always_inline u32 oom_sigkill_slot(void)
{
	return (u32)bpf_get_current_pid_tgid() % OOM_SIGKILL_SLOTS;
}

static __always_inline void oom_remember_sigkill(struct task_struct *t)
{
	u32 slot = oom_sigkill_slot();

	oom_sigkill_task[slot] = (u64)t;
	oom_sigkill_ids[slot] = (u64)BPF_CORE_READ(t, tgid) << 32 | (u32)BPF_CORE_READ(t, pid);
}

extern struct oom_decision decision;
extern zt_u64 oom_round; /* counts calls of out_of_memory(), where a hook sees them */
extern zt_u32 oom_weighed; /* processes weighed in this round */

/* A process as oom_badness() weighed it, by tgid */
struct weighed {
	u64 round;
	s64 points;
};
struct weighed_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, struct weighed);
};
extern struct weighed_map weighed SEC(".maps");

#define OOM_SCORE_ADJ_MIN (-1000)

#endif
