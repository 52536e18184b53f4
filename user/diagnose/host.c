/* SPDX-License-Identifier: GPL-2.0 */
/* The host ran out of memory: what nobody's name is on, what was in swap, would one build alone have fitted. */
#include <string.h>

#include "diagnose/internal.h"

/* Kills that come within this time of each other are one shortage. */
#define ROW_NS (10ull * 1000000000)

static zt_u64 less(zt_u64 a, zt_u64 b)
{
	return a > b ? a - b : 0;
}

static zt_u64 take(zt_u64 want, zt_u64 *rest)
{
	zt_u64 got = want < *rest ? want : *rest;

	*rest -= got;
	return got;
}

const struct zt_ev_host *host_of_kill(const struct kill *k)
{
	if (k->host_at.h.kind)
		return &k->host_at;
	return k->walk && k->walk->host_at.h.kind ? &k->walk->host_at : &k->host;
}

/*
 * Together with `named` never more than there is. The kernel's own numbers at the kill know what was free then;
 * /proc/meminfo is read when the victim has gone, so nothing can be said of what is left over.
 */
void host_split(const struct zt_ev_host *h, const struct host_named *named, struct host_split *out)
{
	bool exact = h->h.flags & ZT_F_HOST_KERNEL;
	zt_u64 rest = less(h->total_bytes, named->bytes + (exact ? h->free_bytes : 0));

	out->tmpfs_bytes = take(less(h->shmem_bytes, named->shmem_bytes), &rest);
	out->cache_bytes = take(less(less(h->cached_bytes, h->shmem_bytes), named->file_bytes), &rest);
	out->kernel_bytes = take(less(h->slab_bytes + h->pagetable_bytes + h->kernel_stack_bytes,
				      named->kernel_bytes), &rest);
	out->rest_bytes = exact ? rest : 0;
}

/*
 * What a killed build still wanted is not known. Without others there was nothing to win; with twice of what it
 * had it is likely; between them it is open. Builds that held little of it all are not what filled the memory.
 */
enum fit fit_alone(zt_u64 mine_bytes, zt_u64 others_bytes, zt_u64 total_bytes)
{
	if (!mine_bytes && !others_bytes)
		return FIT_UNKNOWN;
	if (mine_bytes + others_bytes < total_bytes / 4)
		return FIT_ELSEWHERE;
	if (!mine_bytes)
		return FIT_UNKNOWN;
	if (others_bytes < mine_bytes / 20)
		return FIT_NO;
	return others_bytes >= mine_bytes ? FIT_LIKELY : FIT_OPEN;
}

/* Swap of the processes in a step's cgroup or below it. */
static zt_u64 swap_of_step(const struct model *m, const struct kill *w, const struct step *s)
{
	zt_u64 sum = 0;

	for (unsigned int n = 0; n < w->ntasks; n++)
		if (w->tasks[n].rss.swap_bytes && model_step_of_cgroup(m, w->tasks[n].cgroup) == s)
			sum += w->tasks[n].rss.swap_bytes;
	return sum;
}

/* Of the victim's build, else of the traced one. A step of no known build is one by itself. */
static bool is_mine(const struct model *m, const struct kill *k, const struct step *s)
{
	if (k->step && !k->step->container)
		return s == k->step || (s->build && s->build == k->step->build);
	return m->child && s->build && model_concerns(m, s->build);
}

static void note_fit(const struct model *m, struct report *r, const struct kill *k, const struct holder *h,
		     unsigned int n, struct incident *i)
{
	const struct zt_ev_host *e = host_of_kill(k);
	zt_u64 mine = 0, others = 0;

	for (unsigned int at = 0; at < n; at++) {
		zt_u64 bytes = h[at].bytes;

		if (h[at].kind != HOLD_STEP || !h[at].step)
			continue;
		bytes += swap_of_step(m, k->walk, h[at].step);
		if (is_mine(m, k, h[at].step))
			mine += bytes;
		else
			others += bytes;
	}
	switch (fit_alone(mine, others, e->total_bytes + e->swap_total_bytes)) {
	case FIT_NO:
		add_note(i, say(r, _("alone it would not have fitted: it held %s, other builds %s"),
				say_bytes(r, mine), say_bytes(r, others)));
		break;
	case FIT_LIKELY:
		add_note(i, say(r, _("alone it would likely have fitted: it held %s, other builds %s"),
				say_bytes(r, mine), say_bytes(r, others)));
		break;
	case FIT_OPEN:
		add_note(i, say(r, _("unknown whether it fits alone: it held %s, other builds %s"),
				say_bytes(r, mine), say_bytes(r, others)));
		break;
	case FIT_ELSEWHERE:
		add_note(i, say(r, _("all builds together held %s of it: look at the others first"),
				say_bytes(r, mine + others)));
		break;
	case FIT_UNKNOWN:
		break;
	}
}

struct swapper {
	const char *name;
	const struct step *step;
	zt_u64 bytes;
};

/* Processes of one name are one swapper, and so is a step. The array keeps the first of them; the largest counts. */
static const struct swapper *swappers(const struct model *m, const struct kill *w, struct swapper *s, unsigned int cap,
				      zt_u64 *sum)
{
	const struct swapper *top = NULL;
	unsigned int n = 0, at;

	*sum = 0;
	for (unsigned int t = 0; t < w->ntasks; t++) {
		const struct kill_task *k = &w->tasks[t];
		const struct step *st = model_step_of_cgroup(m, k->cgroup);

		if (!k->rss.swap_bytes)
			continue;
		*sum += k->rss.swap_bytes;
		st = st && !st->container ? st : NULL;
		for (at = 0; at < n; at++)
			if (st ? s[at].step == st : !s[at].step && !strcmp(s[at].name, k->comm))
				break;
		if (at == cap)
			continue;
		if (at == n)
			s[n++] = (struct swapper){ .name = k->comm, .step = st };
		s[at].bytes += k->rss.swap_bytes;
		if (!top || s[at].bytes > top->bytes)
			top = &s[at];
	}
	return top;
}

/* RAM is what the holders add up to; swap is told apart. */
static void note_swap(const struct model *m, struct report *r, const struct kill *k, struct incident *i)
{
	const struct zt_ev_host *h = host_of_kill(k);
	struct swapper s[64];
	zt_u64 sum, used;
	const struct swapper *top = swappers(m, k->walk, s, 64, &sum);

	if (!h->h.kind || !h->swap_total_bytes)
		return;
	/* read after the kill, the victim's share is back already */
	used = h->h.flags & ZT_F_HOST_KERNEL ? less(h->swap_total_bytes, h->swap_free_bytes) : sum;
	if (!top || top->bytes < (1u << 20))
		return;
	add_note(i, say(r, _("in swap: %1$s of %2$s, %3$s of it %4$s"), say_bytes(r, used),
			say_bytes(r, h->swap_total_bytes), say_bytes(r, top->bytes),
			top->step ? say_step(r, top->step) : top->name));
}

/* One shortage, several victims: this one's place among them. */
static void note_row(const struct model *m, struct report *r, const struct kill *k, struct incident *i)
{
	const struct kill *last = NULL;
	unsigned int n = 1;

	for (const struct kill *f = m->kills; f && f != k; f = f->next) {
		if (f->again || f->walk != f || !(f->ev.h.flags & ZT_F_KILL_HOST))
			continue;
		n = last && f->ev.h.ts_ns - last->ev.h.ts_ns < ROW_NS ? n + 1 : 2;
		last = f;
	}
	if (last && k->ev.h.ts_ns - last->ev.h.ts_ns < ROW_NS)
		add_note(i, say(r, _("kill %1$u of this shortage, %2$s after %3$s (pid %4$u)"), n,
				say_duration(r, k->ev.h.ts_ns - last->ev.h.ts_ns), last->ev.victim_comm,
				last->ev.victim.tgid));
}

void host_notes(const struct model *m, struct report *r, const struct kill *k, const struct holder *h,
		unsigned int n, struct incident *i)
{
	note_row(m, r, k, i);
	if (i->decision.sysrq)
		return; /* somebody's wish, not a shortage */
	note_fit(m, r, k, h, n, i);
	note_swap(m, r, k, i);
}
