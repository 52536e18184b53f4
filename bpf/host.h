/* SPDX-License-Identifier: GPL-2.0 */
/* The host's memory counters, where their addresses are known. */
#ifndef ZTRACE_HOST_H
#define ZTRACE_HOST_H

#include "emit.h"
#include "memcg.h"

static __always_inline u64 counter(u64 base, u32 item)
{
	long n = 0;

	if (base)
		bpf_probe_read_kernel(&n, sizeof(n), (void *)base + sizeof(long) * item);
	return n > 0 ? n : 0;
}

static __always_inline u64 node_bytes(u32 item)
{
	return counter(symbol[SYM_NODE_STAT], item) * page_bytes;
}

/* The host's memory while the victim still holds its part; /proc/meminfo can only be read afterwards. */
static __always_inline void emit_host(void)
{
	struct zt_ev_host *e;

	/* on older kernels not looked up (see find_symbols), and some of these counters are elsewhere */
	if (!memcg_stats_by_table() || !symbol[SYM_NODE_STAT] || !symbol[SYM_ZONE_STAT] || !symbol[SYM_RAM_PAGES])
		return;
	e = KILL_NEW(host, sizeof(*e), current_task());
	if (!e)
		return;
	e->h.flags = ZT_F_HOST_AT_KILL | ZT_F_HOST_KERNEL;
	e->total_bytes = counter(symbol[SYM_RAM_PAGES], 0) * page_bytes;
	e->free_bytes = counter(symbol[SYM_ZONE_STAT],
				bpf_core_enum_value(enum zone_stat_item, NR_FREE_PAGES)) * page_bytes;
	e->swap_total_bytes = counter(symbol[SYM_SWAP_PAGES], 0) * page_bytes;
	e->swap_free_bytes = counter(symbol[SYM_SWAP_FREE], 0) * page_bytes;
	e->anon_bytes = node_bytes(bpf_core_enum_value(enum node_stat_item, NR_ANON_MAPPED));
	e->shmem_bytes = node_bytes(bpf_core_enum_value(enum node_stat_item, NR_SHMEM));
	e->cached_bytes = node_bytes(bpf_core_enum_value(enum node_stat_item, NR_FILE_PAGES)) -
			  node_bytes(bpf_core_enum_value(enum node_stat_item, NR_SWAPCACHE));
	e->slab_bytes = node_bytes(bpf_core_enum_value(enum node_stat_item, NR_SLAB_RECLAIMABLE_B)) +
			node_bytes(bpf_core_enum_value(enum node_stat_item, NR_SLAB_UNRECLAIMABLE_B));
	e->pagetable_bytes = node_bytes(bpf_core_enum_value(enum node_stat_item, NR_PAGETABLE));
	e->kernel_stack_bytes = counter(symbol[SYM_NODE_STAT],
		bpf_core_enum_value(enum node_stat_item, NR_KERNEL_STACK_KB)) * 1024;
	EMIT(e);
}

#endif
