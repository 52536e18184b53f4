/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's oom_badness() and mem_cgroup_get_max() (mm/oom_kill.c, mm/memcontrol.c; the same from 5.10 on). */
#include <stdlib.h>

#include "diagnose/why.h"

/* Counters of a process lag behind by a batch a cpu; what is that close is the same size. */
#define CLOSE_PAGES 256
#define CLOSE_PART 16

/* More than any machine has; a damaged trace may say anything. */
#define PAGES_MAX ((zt_u64)1 << 50)

zt_u64 oom_size_pages(const struct zt_rss *s, zt_u64 page_bytes)
{
	return (s->anon_bytes + s->file_bytes + s->shmem_bytes + s->swap_bytes + s->pgtable_bytes) / page_bytes;
}

static zt_u64 least(zt_u64 a, zt_u64 b)
{
	return a < b ? a : b;
}

zt_s64 oom_points(zt_u64 size_pages, zt_s32 oom_score_adj, zt_u64 total_pages)
{
	zt_s64 adj = oom_score_adj < -1000 ? -1000 : oom_score_adj > 1000 ? 1000 : oom_score_adj;

	return (zt_s64)least(size_pages, PAGES_MAX) + adj * (zt_s64)(least(total_pages, PAGES_MAX) / 1000);
}

zt_u64 oom_total_bytes(const struct zt_memcg *l, const struct zt_ev_host *host)
{
	zt_u64 swap;

	if (!host->h.kind)
		return 0;
	if (!l)
		return host->total_bytes + host->swap_total_bytes;
	if (!l->limit_bytes || l->limit_bytes == ZT_NO_LIMIT)
		return 0;
	swap = l->swap_limit_bytes;
	if ((l->flags & ZT_F_MEMCG_SWAP_INCLUSIVE) && swap != ZT_NO_LIMIT)
		swap = swap > l->limit_bytes ? swap - l->limit_bytes : 0;
	return l->limit_bytes + least(swap, host->swap_total_bytes);
}

static int by_points(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->exempt != y->exempt)
		return x->exempt - y->exempt;
	if (!x->exempt && x->points != y->points)
		return x->points < y->points ? 1 : -1;
	if (x->chosen != y->chosen)
		return y->chosen - x->chosen;
	if (x->size_pages != y->size_pages)
		return x->size_pages < y->size_pages ? 1 : -1;
	return x->id.tgid < y->id.tgid ? -1 : x->id.tgid > y->id.tgid; /* the same in every run */
}

/* How far apart two numbers must be to tell which is greater: the kernel's own are exact. */
static zt_u64 slack_pages(const struct candidate *a, const struct candidate *b)
{
	zt_u64 part = a->size_pages / CLOSE_PART;

	if (a->confidence == CONF_CONFIRMED && b->confidence == CONF_CONFIRMED && !b->exempt)
		return 0;
	return part > CLOSE_PAGES ? part : CLOSE_PAGES;
}

void weigh(struct candidate *c, unsigned int n, struct weighing *w)
{
	const struct candidate *ch = NULL;

	qsort(c, n, sizeof(*c), by_points);
	for (unsigned int i = 0; i < n && !ch; i++)
		if (c[i].chosen)
			ch = &c[i];
	w->chosen = ch;
	w->larger = NULL;
	w->choosable = 0;
	w->best = ch;
	for (unsigned int i = 0; i < n && ch; i++) {
		if (&c[i] == ch)
			continue;
		w->choosable += !c[i].exempt;
		if (!c[i].exempt && c[i].points > ch->points &&
		    (zt_u64)c[i].points - (zt_u64)ch->points > slack_pages(ch, &c[i]))
			w->best = false;
		if (c[i].size_pages > ch->size_pages + slack_pages(ch, &c[i]) &&
		    (!w->larger || c[i].size_pages > w->larger->size_pages))
			w->larger = &c[i];
	}
}
