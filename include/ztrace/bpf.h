/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Shared by the loader and the BPF programs: sizes and counters. */
#ifndef ZTRACE_BPF_H
#define ZTRACE_BPF_H

#include "types.h"

#define ZT_RING_BYTES (2 * 1024 * 1024)	 /* everything but kills; drained every 50 ms */
#define ZT_KILL_RING_BYTES (1024 * 1024) /* undrained: 6 to 11 whole walks of a big host, then >= 34 cut ones */
#define ZT_CHAIN_MAX 24	  /* cgroup levels from victim to root */
#define ZT_MEMBERS_MAX 256 /* descendants of the domain reported at a kill */
#define ZT_TASKS_MAX 256   /* processes of the domain reported at a kill */

/*
 * What the kernel decided: oom_control as oom_kill_process() got it. All of this runs under the kernel's oom_lock,
 * so one of it is enough.
 */
struct oom_decision {
	zt_u64 number; /* counts the decisions */
	zt_u64 round;  /* the out_of_memory() call it was made in */
	zt_u64 trigger; /* task_struct */
	zt_u64 domain; /* css; 0: the host */
	zt_u64 chosen; /* task_struct */
	zt_s64 points;
	zt_u64 totalpages;
	zt_u32 gfp;
	zt_s32 order;
	zt_u32 constraint; /* enum zt_constraint */
	zt_u32 candidates;
	zt_u32 chosen_tgid;
	zt_u32 marked; /* the chosen one has been marked as victim: the next are of its group */
};
#endif
