// SPDX-License-Identifier: GPL-2.0
/* Licence, rings, knobs and counters: every global that more than one program uses. */
#include "emit.h"
#include "memcg.h"
#include "oom.h"

char LICENSE[] SEC("license") = "GPL";

struct ring_map ring SEC(".maps");
struct kill_ring_map kill_ring SEC(".maps");
struct weighed_map weighed SEC(".maps");

bool gate;
zt_u64 lost[ZT_LOST_CAUSES];

/* Set by the loader */
const volatile zt_u32 page_bytes = 4096;
const volatile zt_u64 page_counter_max = 0x7ffffffffffffULL;
const volatile zt_u64 ram_bytes;
const volatile zt_u64 memory_nodes = 1;

zt_u64 symbol[SYMBOLS];
