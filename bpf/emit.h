/* SPDX-License-Identifier: GPL-2.0 */
/* Reserve, stamp, submit, count the drop: the only file that knows the rings. */
#ifndef ZTRACE_EMIT_H
#define ZTRACE_EMIT_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "ztrace/bpf.h"
#include "ztrace/event.h"
#include "task.h"

struct ring_map {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, ZT_RING_BYTES);
};
struct kill_ring_map {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, ZT_KILL_RING_BYTES);
};

extern struct ring_map ring SEC(".maps");
extern struct kill_ring_map kill_ring SEC(".maps");

/* Closed until every program is attached: no event of a half-attached moment. */
extern bool gate;
/* Events that never reached a ring, by enum zt_lost_cause */
extern zt_u64 lost[ZT_LOST_CAUSES];

static __always_inline void count_lost(u32 cause)
{
	__sync_fetch_and_add(&lost[cause], 1);
}

/* fixed: size of the event's struct. The tail's length is added by emit_tail(). */
static __always_inline void stamp(struct zt_ev *h, u16 kind, u16 fixed, struct task_struct *who)
{
	h->size = fixed;
	h->kind = kind;
	h->fixed = fixed;
	h->flags = 0;
	h->cpu = bpf_get_smp_processor_id();
	h->ts_ns = bpf_ktime_get_boot_ns();
	h->cgroup = task_cgroup_id(who);
	task_id(&h->who, who);
}

/* Reserve `bytes` (a constant) for an event of kind `nm`, zeroed and stamped; NULL: counted as lost. */
#define RESERVE(map, cause, nm, bytes, task)                                                    \
	({                                                                                      \
		struct zt_ev_##nm *_e = bpf_ringbuf_reserve(&(map), (bytes), 0);                \
		if (_e) {                                                                       \
			__builtin_memset(_e, 0, sizeof(*_e));                                   \
			stamp(&_e->h, ZT_##nm, sizeof(*_e), (task));                            \
		} else {                                                                        \
			count_lost(cause);                                                      \
		}                                                                               \
		_e;                                                                             \
	})
#define EMIT_NEW(nm, bytes, task) RESERVE(ring, ZT_LOST_RING, nm, bytes, task)
#define KILL_NEW(nm, bytes, task) RESERVE(kill_ring, ZT_LOST_KILL_RING, nm, bytes, task)

/* Never wakes the reader: that costs 10-20 us an event. It looks every 50 ms. */
#define EMIT(e) bpf_ringbuf_submit((e), BPF_RB_NO_WAKEUP)

static __always_inline struct task_struct *current_task(void)
{
	return (struct task_struct *)bpf_get_current_task();
}

/* Compare what is used then, not a copy of it: else the verifier forgets the bound. */
#define KEEP(var) asm volatile("" : "+r"(var))

/* A string of the kernel's at tail + at; its length with NUL, 0 when it cannot be read. max: a constant */
static __always_inline u64 put_str(char *tail, u64 at, const u32 max, const void *from)
{
	u64 n = bpf_probe_read_kernel_str(tail + at, max, from);

	KEEP(n);
	return n > max ? 0 : n;
}

/* The open file of that number; NULL: none */
static __always_inline struct file *file_of(struct task_struct *t, u32 fd)
{
	struct fdtable *table = BPF_CORE_READ(t, files, fdt);
	struct file **files, *f = NULL;

	if (fd >= BPF_CORE_READ(table, max_fds))
		return NULL;
	files = BPF_CORE_READ(table, fd);
	bpf_probe_read_kernel(&f, sizeof(f), files + fd);
	return f;
}

#endif
