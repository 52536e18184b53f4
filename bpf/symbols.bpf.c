// SPDX-License-Identifier: GPL-2.0
/*
 * Addresses of kernel variables that BTF does not know, asked for once at start-up. As ksyms libbpf would look for
 * them in /proc/kallsyms, which takes longer than all the rest of loading.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "compat.h"
#include "emit.h"
#include "memcg.h"

#define LOOK_UP(nr, name)                                                                       \
	do {                                                                                    \
		static const char _name[] = name;                                               \
		u64 _at = 0;                                                                    \
		if (!bpf_kallsyms_lookup_name(_name, sizeof(_name), 0, &_at))                   \
			symbol[nr] = _at;                                                       \
	} while (0)

/* Before 6.2 a look-up goes through all names one by one (10 ms each): only done where it is needed. */
SEC("syscall")
int find_symbols(void *ctx)
{
	if (!bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_kallsyms_lookup_name) || /* 5.16 */
	    !memcg_stats_by_table())
		return 0;
	LOOK_UP(SYM_MEMCG_STATS_INDEX, "mem_cgroup_stats_index");
	LOOK_UP(SYM_NODE_STAT, "vm_node_stat");
	LOOK_UP(SYM_ZONE_STAT, "vm_zone_stat");
	LOOK_UP(SYM_RAM_PAGES, "_totalram_pages");
	LOOK_UP(SYM_SWAP_PAGES, "total_swap_pages");
	LOOK_UP(SYM_SWAP_FREE, "nr_swap_pages");
	return 0;
}
