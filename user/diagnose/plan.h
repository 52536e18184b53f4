/* SPDX-License-Identifier: GPL-2.0 */
/* Which builds fit together in the memory there is, by what they took when they were traced. */
#ifndef DIAGNOSE_PLAN_H
#define DIAGNOSE_PLAN_H

#include "model/model.h"

#define PLAN_BUILDS_MAX 64

/* One Dockerfile (or service, or target of it), over all the traces given. */
struct plan_build {
	char name[256];	   /* service, else Dockerfile and target */
	char service[64];  /* "": none */
	char command[512]; /* as it was run; "": not known whole */
	zt_u64 peak_bytes; /* of its steps that ran at once, the most in any trace */
	bool at_least;	   /* that run was killed for memory */
	char step[256];	   /* its hungriest: "line 12: RUN make" */
	zt_u64 step_bytes;
	unsigned int traces;
	unsigned int round; /* 1-based, after plan_make */
	bool alone_too_big; /* does not fit even by itself */
};

struct plan {
	struct plan_build builds[PLAN_BUILDS_MAX]; /* after plan_make by round, the largest first */
	unsigned int n, more;			   /* more: did not get a place in the table */
	zt_u64 memory_bytes, swap_bytes;
	unsigned int rounds;
	zt_u64 round_bytes[PLAN_BUILDS_MAX];
	zt_u64 swap_need_bytes; /* what the worst single build lacks; 0: nothing */
	bool swap_at_least;	/* one that lacks some was killed where it was measured */
	char disk_root[96], disk_var_lib[96]; /* of the host, as in struct swap_disks; "": not known */
};

/* Take a finished trace in. How many builds with measured steps it had */
unsigned int plan_add(struct plan *p, const struct model *m);
/* Put builds into rounds: what runs together fits into memory_bytes. */
void plan_make(struct plan *p, zt_u64 memory_bytes, zt_u64 swap_bytes);

#endif
