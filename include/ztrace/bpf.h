/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Shared by the loader and the BPF programs: sizes and counters. */
#ifndef ZTRACE_BPF_H
#define ZTRACE_BPF_H

#define ZT_RING_BYTES (2 * 1024 * 1024)	 /* everything but kills; drained every 50 ms */
#define ZT_KILL_RING_BYTES (1024 * 1024) /* kills: some 100 of them with their levels and tasks */
#define ZT_CHAIN_MAX 24	  /* cgroup levels from victim to root */
#define ZT_MEMBERS_MAX 256 /* descendants of the domain reported at a kill */
#define ZT_TASKS_MAX 256   /* processes of the domain reported at a kill */

#endif
