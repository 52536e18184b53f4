/* SPDX-License-Identifier: GPL-2.0 */
/* Readers of task_struct. */
#ifndef ZTRACE_TASK_H
#define ZTRACE_TASK_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "ztrace/event.h"
#include "compat.h"

extern const volatile zt_u32 page_bytes;

static __always_inline u64 min64(u64 a, u64 b)
{
	return a < b ? a : b;
}
static __always_inline u64 max64(u64 a, u64 b)
{
	return a > b ? a : b;
}

static __always_inline u64 list_next(u64 node)
{
	struct list_head *l = (void *)node;

	return (u64)BPF_CORE_READ(l, next);
}

static __always_inline void task_id(struct zt_id *id, struct task_struct *t)
{
	id->tgid = BPF_CORE_READ(t, tgid);
	id->tid = BPF_CORE_READ(t, pid);
	id->start_ns = BPF_CORE_READ(t, group_leader, start_boottime);
}

/* The process that t's process is a child of */
static __always_inline struct task_struct *task_parent(struct task_struct *t)
{
	return BPF_CORE_READ(t, group_leader, real_parent);
}

/* A leader that called pthread_exit() has no mm while its threads live on with it. */
static __always_inline struct mm_struct *process_mm(struct task_struct *leader)
{
	struct mm_struct *mm = BPF_CORE_READ(leader, mm);
	struct signal_struct *sig = BPF_CORE_READ(leader, signal);
	u64 head = (u64)sig + bpf_core_field_offset(sig->thread_head), pos = head;

	for (int i = 0; i < 8 && !mm; i++) {
		struct task_struct *t;

		pos = list_next(pos);
		if (!pos || pos == head)
			break;
		t = (void *)(pos - bpf_core_field_offset(struct task_struct, thread_node));
		mm = BPF_CORE_READ(t, mm);
	}
	return mm;
}

/* Threads name themselves; their process keeps its leader's name. */
static __always_inline void task_comm(char comm[ZT_COMM_LEN], struct task_struct *t)
{
	struct task_struct *leader = BPF_CORE_READ(t, group_leader);

	bpf_probe_read_kernel_str(comm, ZT_COMM_LEN, &leader->comm);
}

static __always_inline struct cgroup_subsys_state *task_css(struct task_struct *t)
{
	u32 memory = bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id);
	struct css_set *set = BPF_CORE_READ(t, cgroups);
	struct cgroup_subsys_state *css = NULL;

	bpf_probe_read_kernel(&css, sizeof(css), (void *)set +
		bpf_core_field_offset(set->subsys) + sizeof(void *) * memory);
	return css;
}

/* bpf_get_current_cgroup_id() knows cgroup v2 only, wherever the memory controller is. */
static __always_inline u64 task_cgroup_id(struct task_struct *t)
{
	struct cgroup_subsys_state *css = task_css(t);

	return BPF_CORE_READ(css, cgroup, kn, id);
}

static __always_inline u32 task_uid(struct task_struct *t)
{
	return BPF_CORE_READ(t, cred, uid.val);
}

static __always_inline s32 task_oom_score_adj(struct task_struct *t)
{
	return BPF_CORE_READ(t, signal, oom_score_adj);
}

/* The file system that t calls "/"; NULL once t is past exit_fs(). */
static __always_inline struct super_block *task_root_sb(struct task_struct *t)
{
	return BPF_CORE_READ(t, fs, root.mnt, mnt_sb);
}

static __always_inline u64 mm_rss_bytes(struct mm_struct *mm)
{
	return (mm_pages(mm, MM_ANONPAGES) + mm_pages(mm, MM_FILEPAGES) +
		mm_pages(mm, MM_SHMEMPAGES)) * page_bytes;
}

/* hiwater_rss is only brought up to date when the rss shrinks. */
static __always_inline u64 mm_peak_bytes(struct mm_struct *mm)
{
	return max64(BPF_CORE_READ(mm, hiwater_rss) * page_bytes, mm_rss_bytes(mm));
}

/* What a process has asked for: private writable mappings, touched or not */
static __always_inline u64 mm_data_bytes(struct mm_struct *mm)
{
	return BPF_CORE_READ(mm, data_vm) * page_bytes;
}

static __always_inline u32 task_threads(struct task_struct *t)
{
	return BPF_CORE_READ(t, signal, nr_threads);
}

static __always_inline void mm_rss(struct zt_rss *rss, struct mm_struct *mm)
{
	rss->anon_bytes = mm_pages(mm, MM_ANONPAGES) * page_bytes;
	rss->file_bytes = mm_pages(mm, MM_FILEPAGES) * page_bytes;
	rss->shmem_bytes = mm_pages(mm, MM_SHMEMPAGES) * page_bytes;
	rss->swap_bytes = mm_pages(mm, MM_SWAPENTS) * page_bytes;
	rss->pgtable_bytes = BPF_CORE_READ(mm, pgtables_bytes.counter);
}

#endif
