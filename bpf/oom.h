/* SPDX-License-Identifier: GPL-2.0 */
/* What the signal program remembers for the OOM program. */
#ifndef ZTRACE_OOM_H
#define ZTRACE_OOM_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

/*
 * The OOM killer sends its SIGKILL and marks the victim right after, in one context. So the newest kernel
 * SIGKILL of this task tells who the victim is where the tracepoint only has a pid (before 6.9), and a
 * mark without one means that the "victim" was exiting by itself.
 */
struct oom_sigkill {
	u64 task;
	u32 tgid;
	u32 pid;
};
#define OOM_SIGKILL_SLOTS 64 /* by pid of the sender */

extern struct oom_sigkill oom_sigkills[OOM_SIGKILL_SLOTS];

static __always_inline struct oom_sigkill *oom_sigkill_slot(void)
{
	return &oom_sigkills[(u32)bpf_get_current_pid_tgid() % OOM_SIGKILL_SLOTS];
}

static __always_inline void oom_remember_sigkill(struct task_struct *t)
{
	struct oom_sigkill *s = oom_sigkill_slot();

	s->task = (u64)t;
	s->tgid = BPF_CORE_READ(t, tgid);
	s->pid = BPF_CORE_READ(t, pid);
}

#endif
