/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ztrace has to outlive the OOM kill it explains, and to hold no more rights than it uses. Order in a session:
 * protect_save, child_start, protect_oom, (attach), protect_lock, protect_hold…, protect_no_new_privs,
 * protect_drop_caps, child_go.
 */
#ifndef SOURCE_PROTECT_H
#define SOURCE_PROTECT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>

#include "ztrace/types.h"

/* Still the last one standing, but not unkillable: if ztrace itself leaked, -1000 could panic the host. */
#define PROTECT_OOM_SCORE_ADJ (-900)
/* What one turn of the loop uses of the stack is under 100 KB; a kill's diagnosis allocates some 100 KB. */
#define PROTECT_STACK_BYTES (256 * 1024)
#define PROTECT_HEAP_BYTES (512 * 1024)

/* What the traced command must be given back. */
struct protect_saved {
	bool oom_known;
	int oom_score_adj;
	struct rlimit memlock;
};

/* proc: "/proc", here and below. Call first thing. */
void protect_save(const char *proc, struct protect_saved *ret);

/* Lower our oom_score_adj. *ret_adj: what it is now, the lowest allowed. 0 or -errno (-EACCES: needs CAP_SYS_RESOURCE). */
int protect_oom(const char *proc, int *ret_adj);

/*
 * Keep our pages from being thrown out: those there are and those touched later, but without touching any
 * (slabs reserve far more address space than they use). 0 or -errno: -ENOMEM, -EPERM need CAP_IPC_LOCK.
 */
int protect_lock(void);
/*
 * Come before a busy build: what a victim held is gone milliseconds after its death. Where that is not allowed (no
 * CAP_SYS_NICE) some of it is not seen, and not told.
 */
void protect_priority(void);

/*
 * Bring into memory, and keep there, what recording needs: so that on a full machine nothing of it has to be read
 * from disk and no page has to be found. Works without CAP_IPC_LOCK up to RLIMIT_MEMLOCK. 0, or -errno when
 * something could be brought in only (-ENOMEM, -EPERM). After the attach, which would fill the heap.
 */
int protect_hold_program(const char *proc); /* code, data, stack, heap, with some of the latter two to spare */
int protect_hold(const void *p, size_t bytes); /* writable memory */
/* For one that runs for months: after protect_hold_program, freed memory goes back to the kernel, but for some to spare. */
void protect_give_back(void);

/* Nothing we execute gains rights, nobody without rights reads our memory. Never before the child is made. */
int protect_no_new_privs(void);

/*
 * Give up every capability but those that reading /proc/PID of others, forwarding signals and locked memory need;
 * keep_bpf also keeps CAP_BPF and CAP_PERFMON (before 5.19 reading a map's counters needs them). Never before
 * the child is made. 0 or -errno.
 */
int protect_drop_caps(bool keep_bpf);

#endif
