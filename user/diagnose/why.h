/* SPDX-License-Identifier: GPL-2.0 */
/* Why the kernel's OOM killer took this process and not the largest: its own arithmetic, and rules over it. */
#ifndef DIAGNOSE_WHY_H
#define DIAGNOSE_WHY_H

#include "diagnose/internal.h"

#define OOM_ADJ_MIN (-1000)

/* points.c */
zt_u64 oom_size_pages(const struct zt_rss *rss, zt_u64 page_bytes);
zt_s64 oom_points(zt_u64 size_pages, zt_s32 oom_score_adj, zt_u64 total_pages);
/* What points are measured against. l NULL: the host. 0: not known */
zt_u64 oom_total_bytes(const struct zt_memcg *l, const struct zt_ev_host *host);

/* One decision as the rules see it. */
struct weighing {
	const struct candidate *chosen; /* NULL: not among those seen */
	const struct candidate *larger; /* the largest of the others, when larger than chosen */
	const struct candidate *outside; /* the same of those that the limit is not about */
	zt_u64 total_pages, page_bytes; /* total 0: not known */
	unsigned int choosable; /* besides the chosen one */
	bool best;	  /* nobody has a better score */
	bool decided;	  /* the kernel said so itself */
	bool memcg;	  /* a cgroup's limit */
	bool was_dying, group;
	bool trigger_chosen; /* the process that asked for memory is the chosen one */
	bool weighed_none; /* decided, without a look at any process */
	bool preferred;	  /* points are the greatest there are */
	const char *group_path, *limit_path; /* NULL: not known */
};

/* The points of all, best first; chosen, larger and best in w follow from them. */
void weigh(struct candidate *c, unsigned int n, struct weighing *w);
/* "largest", "score_raised" …; NULL: nothing known explains it */
const char *why_reason(const struct weighing *w);

#endif
