/* SPDX-License-Identifier: GPL-2.0 */
/* Readers of mem_cgroup and of the hierarchy it lives in (cgroup v1's memory or cgroup v2). */
#ifndef ZTRACE_MEMCG_H
#define ZTRACE_MEMCG_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "ztrace/event.h"
#include "compat.h"
#include "task.h"

/* page_counter's "no limit", in pages */
extern const volatile zt_u64 page_counter_max;
extern const volatile zt_u64 ram_bytes;
/* Nodes 0 to 63 that have memory */
extern const volatile zt_u64 memory_nodes;
/* Addresses of kernel variables, by enum symbol; 0: not known */
enum symbol { SYM_MEMCG_STATS_INDEX, SYM_NODE_STAT, SYM_ZONE_STAT, SYM_RAM_PAGES, SYM_SWAP_PAGES, SYM_SWAP_FREE, SYMBOLS };
extern zt_u64 symbol[SYMBOLS];

static __always_inline u64 cgroup_id(struct cgroup *cg)
{
	return BPF_CORE_READ(cg, kn, id);
}

static __always_inline u64 cgroup_parent_id(struct cgroup *cg)
{
	struct cgroup_subsys_state *up = BPF_CORE_READ(cg, self.parent);

	return up ? BPF_CORE_READ(up, cgroup, kn, id) : 0;
}

static __always_inline struct cgroup_subsys_state *cgroup_css(struct cgroup *cg)
{
	u32 memory = bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id);
	struct cgroup_subsys_state *css = NULL;

	bpf_probe_read_kernel(&css, sizeof(css), (void *)cg +
		bpf_core_field_offset(cg->subsys) + sizeof(void *) * memory);
	return css;
}

/* Each container makes a cgroup in every v1 hierarchy; only the one of the memory controller counts. */
static __always_inline bool in_memory_hierarchy(struct cgroup *cg)
{
	struct cgroup_subsys_state *css = task_css((struct task_struct *)bpf_get_current_task());

	return BPF_CORE_READ(css, cgroup, root) == BPF_CORE_READ(cg, root);
}

static __always_inline u64 limit_bytes(u64 pages)
{
	return pages >= page_counter_max ? ZT_NO_LIMIT : pages * page_bytes;
}

static __always_inline u64 memcg_event(struct mem_cgroup *m, u32 event)
{
	long n = 0;

	bpf_probe_read_kernel(&n, sizeof(n), (void *)m +
		bpf_core_field_offset(m->memory_events) + sizeof(atomic_long_t) * event);
	return n;
}

/* The same without what happened below it */
static __always_inline u64 memcg_event_local(struct mem_cgroup *m, u32 event)
{
	long n = 0;

	bpf_probe_read_kernel(&n, sizeof(n), (void *)m +
		bpf_core_field_offset(m->memory_events_local) + sizeof(atomic_long_t) * event);
	return n;
}

static __always_inline bool memcg_oom_locked(struct mem_cgroup *m)
{
	return bpf_core_field_exists(m->oom_lock) && BPF_CORE_READ(m, oom_lock);
}

/* v2 counts swap alone, v1 memory and swap together. */
static __always_inline void memcg_swap(struct zt_memcg *o, struct mem_cgroup *m)
{
	if (BPF_CORE_READ(m, css.cgroup, root, hierarchy_id) == 0) {
		o->swap_usage_bytes = BPF_CORE_READ(m, swap.usage.counter) * page_bytes;
		o->swap_limit_bytes = limit_bytes(BPF_CORE_READ(m, swap.max));
		return;
	}
	o->flags |= ZT_F_MEMCG_SWAP_INCLUSIVE;
	o->swap_usage_bytes = BPF_CORE_READ(m, memsw.usage.counter) * page_bytes;
	o->swap_limit_bytes = limit_bytes(BPF_CORE_READ(m, memsw.max));
	if (bpf_core_field_exists(m->kmem))
		o->kernel_bytes = BPF_CORE_READ(m, kmem.usage.counter) * page_bytes;
}

static __always_inline u64 memcg_bytes(struct mem_cgroup *m, u32 item, u64 unit)
{
	s64 n = memcg_stat(m, symbol[SYM_MEMCG_STATS_INDEX], item);

	return n > 0 ? n * unit : 0;
}

static __always_inline void memcg_stats(struct zt_memcg *o, struct mem_cgroup *m)
{
	s64 anon = memcg_stat(m, symbol[SYM_MEMCG_STATS_INDEX],
			      bpf_core_enum_value(enum node_stat_item, NR_ANON_MAPPED));

	if (anon < 0)
		return;
	o->flags |= ZT_F_MEMCG_STATS;
	o->anon_bytes = anon * page_bytes;
	o->file_bytes = memcg_bytes(m, bpf_core_enum_value(enum node_stat_item, NR_FILE_PAGES), page_bytes);
	o->shmem_bytes = memcg_bytes(m, bpf_core_enum_value(enum node_stat_item, NR_SHMEM), page_bytes);
	o->slab_bytes = memcg_bytes(m, bpf_core_enum_value(enum node_stat_item, NR_SLAB_RECLAIMABLE_B), 1) +
		memcg_bytes(m, bpf_core_enum_value(enum node_stat_item, NR_SLAB_UNRECLAIMABLE_B), 1);
	o->sock_bytes = memcg_bytes(m, bpf_core_enum_value(enum memcg_stat_item, MEMCG_SOCK), page_bytes);
	if (bpf_core_enum_value_exists(enum memcg_stat_item, MEMCG_KMEM)) /* 5.18 */
		o->kernel_bytes = memcg_bytes(m, bpf_core_enum_value(enum memcg_stat_item, MEMCG_KMEM),
					      page_bytes);
}

/* How often it was throttled for memory.high, and how long its tasks stood still for memory */
static __always_inline void memcg_stalls(struct zt_memcg *o, struct cgroup *cg, struct mem_cgroup *m)
{
	o->high_bytes = limit_bytes(BPF_CORE_READ(m, memory.high));
	o->events_high = memcg_event(m, bpf_core_enum_value(enum memcg_memory_event, MEMCG_HIGH));
	o->pressure_ns = cgroup_psi_ns(cg, bpf_core_enum_value(enum psi_states, PSI_MEM_SOME));
}

/* css NULL: a v2 cgroup without the memory controller; then only its place is known. o is zeroed. */
static __always_inline void memcg_read(struct zt_memcg *o, struct cgroup *cg,
				       struct cgroup_subsys_state *css)
{
	struct mem_cgroup *m = (void *)css; /* css is its first member */

	o->id = cgroup_id(cg);
	o->parent = cgroup_parent_id(cg);
	if (!css)
		return;
	o->usage_bytes = BPF_CORE_READ(m, memory.usage.counter) * page_bytes;
	o->limit_bytes = limit_bytes(BPF_CORE_READ(m, memory.max));
	o->peak_bytes = BPF_CORE_READ(m, memory.watermark) * page_bytes;
	o->events_oom = memcg_event(m, bpf_core_enum_value(enum memcg_memory_event, MEMCG_OOM));
	o->events_oom_kill =
		memcg_event(m, bpf_core_enum_value(enum memcg_memory_event, MEMCG_OOM_KILL));
	o->events_oom_local = memcg_event_local(m, bpf_core_enum_value(enum memcg_memory_event, MEMCG_OOM));
	memcg_swap(o, m);
	memcg_stats(o, m);
	memcg_stalls(o, cg, m);
	if (BPF_CORE_READ(m, oom_group))
		o->flags |= ZT_F_MEMCG_OOM_GROUP;
	if (memcg_oom_locked(m))
		o->flags |= ZT_F_MEMCG_OOM_LOCKED;
	if (!(BPF_CORE_READ(css, flags) & CSS_ONLINE))
		o->flags |= ZT_F_MEMCG_DYING;
}

static __always_inline bool counter_nearly(u64 usage, u64 max)
{
	return max < page_counter_max && usage + 64 + max / 64 >= max;
}

static __always_inline bool memcg_is_full(struct mem_cgroup *m)
{
	if (counter_nearly(BPF_CORE_READ(m, memory.usage.counter), BPF_CORE_READ(m, memory.max)))
		return true;
	return BPF_CORE_READ(m, css.cgroup, root, hierarchy_id) &&
	       counter_nearly(BPF_CORE_READ(m, memsw.usage.counter), BPF_CORE_READ(m, memsw.max));
}

/* Far above its limit: only lowering that leads there, and whoever wrote it is the trigger, wherever that is. */
static __always_inline bool memcg_was_lowered(struct mem_cgroup *m)
{
	u64 usage = BPF_CORE_READ(m, memory.usage.counter), max = BPF_CORE_READ(m, memory.max);

	return max < page_counter_max && usage > max + max / 8 + 1024;
}

#endif
