/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What cgroups use over time: their counters, read four times a second while they exist, as `sample` events. The files
 * stay open, so that a look costs one or two reads and asks the kernel for no memory when there is none.
 */
#ifndef SOURCE_SAMPLER_H
#define SOURCE_SAMPLER_H

#include "source/cgroupfs.h"

#define SAMPLER_MAX 64 /* cgroups; those that come when all places are taken are not sampled */
#define SAMPLER_PERIOD_NS 250000000ull

struct sampled {
	zt_u64 id;
	int usage_fd, swap_fd; /* -1: gone, or none */
	bool wanted;	       /* asked for itself */
	unsigned int below;    /* places that name this one as `up` */
	int up;		       /* place of the nearest ancestor that is limited; -1: none */
	zt_u64 usage_bytes, swap_bytes; /* as told last */
};

struct sampler {
	const struct cgroupfs *cg; /* borrowed */
	zt_u64 next_ns;
	struct sampled at[SAMPLER_MAX]; /* free: neither wanted nor below */
};

void sampler_init(struct sampler *s, const struct cgroupfs *cg);
void sampler_done(struct sampler *s);

/*
 * From now on until it is removed: the cgroup of that id and path (from the hierarchy's root), and those above it that
 * have a limit. Tells what they use now. 0, also when it cannot be sampled; -errno of the sink.
 */
int sampler_add(struct sampler *s, zt_u64 id, const char *path, sink_fn sink, void *ctx);

/* Look, if it is time to; tells what has changed by more than 1 % and 1 MiB. Number of events, or -errno of the sink. */
int sampler_tick(struct sampler *s, zt_u64 now_ns, sink_fn sink, void *ctx);

#endif
