/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a model knows now, told as events: a session that takes them in stands where the other does, and a trace that
 * begins with them is complete. Builds and steps under way are told with all that is known of them, at their times.
 */
#ifndef SEED_H
#define SEED_H

#include "model/model.h"
#include "source/source.h"

struct seed_opts {
	/* NULL: all are. Where events were lost, some processes and cgroups may have gone unseen. */
	bool (*alive)(void *ctx, const struct proc *p);
	bool (*there)(void *ctx, const struct cgroup *cg);
	void *ctx;
};

/* Everything but the start event, which is the caller's: the first is not older than *ret_from_ns. */
struct seed;
/* NULL: out of memory */
struct seed *seed_new(const struct model *m, const struct seed_opts *o, zt_u64 *ret_from_ns);
/* 0 or the sink's -errno */
int seed_tell(const struct seed *s, sink_fn sink, void *ctx);
/* Which daemon a client was told to speak to, once more */
int seed_client(const struct proc *p, zt_u64 ts_ns, sink_fn sink, void *ctx);
void seed_free(struct seed *s);

#endif
