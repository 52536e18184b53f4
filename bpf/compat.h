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
 * 6.10, ff48c71c26aa ("memcg: reduce memory for the lruvec and memcg stats"): fewer counters than the enum has
 * names, found through a table of signed bytes of which BTF knows nothing.
 */
static __always_inline bool memcg_stats_by_table(void)
{
	return bpf_core_field_exists(struct memcg_vmstats, state) &&
	       bpf_core_field_size(struct memcg_vmstats, state) / sizeof(long) <
	       bpf_core_enum_value(enum memcg_stat_item, MEMCG_NR_STAT);
}

/* Where in the array; the table's first entry is 0 or (6.10) 1, one that is not kept is -1 or 0. */
static __always_inline s32 memcg_stat_slot(u64 table, u32 item)
{
	s8 first = 0, slot = -1;

	if (!memcg_stats_by_table())
		return item;
	if (!table || bpf_probe_read_kernel(&slot, 1, (void *)table + item) ||
	    bpf_probe_read_kernel(&first, 1,
		(void *)table + bpf_core_enum_value(enum node_stat_item, NR_INACTIVE_ANON)))
		return -1;
	return slot - first;
}

/*
 * A memcg's own count of one kind with all below it, in the kernel's unit (pages, or bytes where the name says
 * _B), or -1. table: the address of mem_cgroup_stats_index; 0: not known.
 */
static __always_inline s64 memcg_stat(struct mem_cgroup *m, u64 table, u32 item)
{
	struct mem_cgroup___array_stats *array = (void *)m;
	struct mem_cgroup___inline_stats *in_line = (void *)m;
	s32 slot = memcg_stat_slot(table, item);
	void *at;
	long n = -1;

	if (bpf_core_field_exists(m->vmstats))
		at = (void *)BPF_CORE_READ(m, vmstats) + bpf_core_field_offset(struct memcg_vmstats, state);
	else if (bpf_core_field_exists(in_line->vmstats.state))
		at = (void *)m + bpf_core_field_offset(in_line->vmstats.state);
	else if (bpf_core_field_exists(array->vmstats))
		at = (void *)m + bpf_core_field_offset(array->vmstats);
	else
		return -1;
	if (slot < 0 || bpf_probe_read_kernel(&n, sizeof(n), at + sizeof(long) * slot))
		return -1;
	return n > 0 ? n : 0;
}

/* 6.1, 5f69a6577bc3 ("psi: dont alloc memory for psi by default"): a group in line became a pointer to one */
struct cgroup___inline_psi {
	struct psi_group psi;
} __core;

/* PSI's total of one kind for a cgroup, ns; up to 2 s behind while its tasks run. 0: none, or no PSI. */
static __always_inline u64 cgroup_psi_ns(struct cgroup *cg, u32 state)
{
	struct cgroup___inline_psi *in_line = (void *)cg;
	void *group = NULL;
	u64 ns = 0;

	if (bpf_core_field_exists(in_line->psi.total))
		group = (void *)cg + bpf_core_field_offset(in_line->psi);
	else if (bpf_core_field_exists(cg->psi))
		group = BPF_CORE_READ(cg, psi);
	if (group)
		bpf_probe_read_kernel(&ns, sizeof(ns),
			group + bpf_core_field_offset(struct psi_group, total) + sizeof(u64) * state);
	return ns;
}

/* 5.14, b27abaccf8e8 ("mm/mempolicy: unify the preferred node and bind nodemask"): the nodes were in a union `v` */
struct mempolicy___nodes {
	nodemask_t nodes;
} __core;
struct mempolicy___union {
	union {
		nodemask_t nodes;
	} v;
} __core;

/* Nodes 0 to 63 that a policy allows */
static __always_inline u64 mempolicy_nodes(struct mempolicy *p)
{
	struct mempolicy___nodes *now = (void *)p;
	struct mempolicy___union *before = (void *)p;

	if (bpf_core_field_exists(now->nodes))
		return BPF_CORE_READ(now, nodes.bits[0]);
	if (bpf_core_field_exists(before->v.nodes))
		return BPF_CORE_READ(before, v.nodes.bits[0]);
	return ~0ULL;
}

/* 6.6, e07c469e979d ("tmpfs: track free_ispace instead of free_inodes"), 1024 bytes an inode */
struct shmem_sb_info___inodes {
	unsigned long free_inodes;
} __core;

static __always_inline u64 tmpfs_free_inodes(struct shmem_sb_info *s)
{
	struct shmem_sb_info___inodes *old = (void *)s;

	if (bpf_core_field_exists(old->free_inodes))
		return BPF_CORE_READ(old, free_inodes);
	return BPF_CORE_READ(s, free_ispace) / 1024;
}

/* A 32-bit program's calls have numbers of their own. */
#define TS_COMPAT 0x2

static __always_inline bool task_in_compat_call(struct task_struct *t)
{
	return BPF_CORE_READ(t, thread_info.status) & TS_COMPAT;
}

static __always_inline u64 syscall_nr(struct pt_regs *regs)
{
	return BPF_CORE_READ(regs, orig_ax);
}

/* n from 0 to 4; they are still there when the call is over */
static __always_inline u64 syscall_arg(struct pt_regs *regs, u32 n)
{
	if (n == 0)
		return BPF_CORE_READ(regs, di);
	if (n == 1)
		return BPF_CORE_READ(regs, si);
	if (n == 2)
		return BPF_CORE_READ(regs, dx);
	return n == 3 ? BPF_CORE_READ(regs, r10) : BPF_CORE_READ(regs, r8);
}

#endif
