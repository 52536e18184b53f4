/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where kernels differ: one flavour (TYPE___name) per change, with the commit that made it.
 * Everything here is decided at load time from the running kernel's BTF, never by version.
 */
#ifndef ZTRACE_COMPAT_H
#define ZTRACE_COMPAT_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#define __core __attribute__((preserve_access_index))

/* 6.2, f1a7941243c1 ("mm: convert mm's rss stats into percpu_counter") */
struct mm_rss_stat {
	atomic_long_t count[NR_MM_COUNTERS];
} __core;
struct mm_struct___before62 {
	struct mm_rss_stat rss_stat;
} __core;

/*
 * Pages of one kind. Since 6.2 this is the counter without its per-cpu parts, just as the kernel's own
 * OOM report has it: off by at most a batch (32 pages or twice the cpus) a cpu, and maybe below zero.
 */
static __always_inline u64 mm_pages(struct mm_struct *mm, u32 kind)
{
	struct mm_struct___before62 *old = (void *)mm;
	void *at = mm;
	s64 n = 0;

	/* by hand: an index that is not a constant in the source is not relocated */
	if (bpf_core_type_exists(struct mm_rss_stat))
		at += bpf_core_field_offset(old->rss_stat.count) + sizeof(long) * kind;
	else
		at += bpf_core_field_offset(mm->rss_stat) +
		      bpf_core_field_offset(struct percpu_counter, count) +
		      bpf_core_type_size(struct percpu_counter) * kind;
	bpf_probe_read_kernel(&n, sizeof(n), at);
	return mm && n > 0 ? n : 0;
}

/*
 * 6.9 and stable back to 6.1, 72ba14deb40a ("mm: update mark_victim tracepoints fields"): the raw
 * argument was a pid, then became a task.
 */
typedef void (*btf_trace_mark_victim___pid)(void *, int);

static __always_inline bool mark_victim_has_pid(void)
{
	return bpf_core_type_exists(btf_trace_mark_victim___pid);
}

/*
 * 6.16 moved sched_process_exit before exit_mm() and gave it a second argument that says that no thread
 * is left; before it only signal->live can tell, and the mm is gone.
 */
typedef void (*btf_trace_sched_process_exit___group)(void *, struct task_struct *, bool);

static __always_inline bool exit_has_group_dead(void)
{
	return bpf_core_type_exists(btf_trace_sched_process_exit___group);
}

/* mem_cgroup.vmstats: an array in line (5.10), a struct in line (5.13), a pointer to one (6.0) */
struct mem_cgroup___array_stats {
	atomic_long_t vmstats[40];
} __core;
struct memcg_vmstats___inline {
	long state[40];
} __core;
struct mem_cgroup___inline_stats {
	struct memcg_vmstats___inline vmstats;
} __core;

/*
 * A memcg's own count of pages of one kind, or -1. Since 6.10 ("memcg: reduce memory for the lruvec and
 * memcg stats") the array is shorter than the enum and indexed through a table of which BTF knows
 * nothing: not read there.
 */
static __always_inline s64 memcg_stat(struct mem_cgroup *m, u32 item)
{
	struct mem_cgroup___array_stats *array = (void *)m;
	struct mem_cgroup___inline_stats *in_line = (void *)m;
	void *at;
	long n = -1;

	if (bpf_core_field_exists(m->vmstats)) {
		if (bpf_core_field_size(struct memcg_vmstats, state) / sizeof(long) <
		    bpf_core_enum_value(enum memcg_stat_item, MEMCG_NR_STAT))
			return -1;
		at = (void *)BPF_CORE_READ(m, vmstats) + bpf_core_field_offset(struct memcg_vmstats, state);
	} else if (bpf_core_field_exists(in_line->vmstats.state)) {
		at = (void *)m + bpf_core_field_offset(in_line->vmstats.state);
	} else if (bpf_core_field_exists(array->vmstats)) {
		at = (void *)m + bpf_core_field_offset(array->vmstats);
	} else {
		return -1;
	}
	if (bpf_probe_read_kernel(&n, sizeof(n), at + sizeof(long) * item))
		return -1;
	return n > 0 ? n : 0;
}

#endif
