/* SPDX-License-Identifier: GPL-2.0 */
/* How the memory grew until it was too much: samples of the level that was hit, or of the step in it. */
#include "diagnose/internal.h"

#define FEWEST 3 /* points that make a curve */

static void add_point(struct growth *g, zt_u64 ts_ns, zt_u64 bytes)
{
	g->ts_ns[g->n] = ts_ns;
	g->bytes[g->n++] = bytes;
}

/* What was sampled of a cgroup from since_ns to until_ns; what it used when that began is its first point. */
static void take_series(const struct series *s, zt_u64 since_ns, zt_u64 until_ns, struct growth *g)
{
	unsigned int first = 0;

	while (first + 1 < s->n && s->ts_ns[first + 1] <= since_ns)
		first++;
	for (unsigned int n = first; n < s->n && s->ts_ns[n] <= until_ns; n++)
		add_point(g, s->ts_ns[n] > since_ns ? s->ts_ns[n] : since_ns, s->bytes[n]);
}

/* More than a tenth, and more than what counters are off by */
static bool rises(const struct growth *g)
{
	zt_u64 from = g->bytes[0], to = g->bytes[g->n - 1];

	return to > from && to - from > from / 10 && to - from > (1u << 20);
}

/* NULL: too little was seen of it */
static struct growth *growth_of(const struct model *m, struct report *r, const struct kill *k, zt_u64 cgroup,
				const struct incident *i)
{
	const struct cgroup *cg = cgroup ? model_cgroup(m, cgroup) : NULL;
	const struct kill_level *l = k && cg ? level_of(k->walk, cgroup) : NULL;
	zt_u64 since_ns = i->step ? i->step->started_ns : 0;
	struct growth *g;

	if (!cg || !cg->series || cg->series->n + !!l < FEWEST)
		return NULL;
	g = arena_zalloc(&r->arena, sizeof(*g));
	if (!g)
		return NULL;
	g->path = cg->path;
	take_series(cg->series, since_ns < i->ts_ns ? since_ns : i->ts_ns, i->ts_ns, g); /* a damaged trace's may not be */
	if (l)
		add_point(g, i->ts_ns, l->mem.usage_bytes);
	g->rises = g->n && rises(g);
	return g->n >= FEWEST ? g : NULL;
}

/* A level that was full of page cache all the time tells less than the step that grew in it. */
void growth_find(const struct model *m, struct report *r, zt_u64 victim_cgroup, const struct kill *k, struct incident *i)
{
	const zt_u64 cgroups[] = {
		i->limit.kind == LIMIT_CGROUP ? i->limit.cgroup : 0,
		i->step ? step_cgroup(i->step) : victim_cgroup,
	};

	for (unsigned int n = 0; n < 2; n++) {
		struct growth *g = n && cgroups[n] == cgroups[0] ? NULL : growth_of(m, r, k, cgroups[n], i);

		if (g && (!i->growth || (g->rises && !i->growth->rises)))
			i->growth = g;
	}
}
