/* SPDX-License-Identifier: GPL-2.0 */
/* What the kernel's OOM killer decided: whom it weighed, and why it took this one. */
#include "diagnose/why.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static bool is_was_dying(const struct weighing *w)
{
	return w->was_dying;
}

static bool is_preferred(const struct weighing *w)
{
	return w->decided && w->preferred;
}

/* sysctl vm.oom_kill_allocating_task is only asked when it is no cgroup's limit. */
static bool is_allocating_task(const struct weighing *w)
{
	if (w->memcg || !w->trigger_chosen || w->was_dying)
		return false;
	return w->weighed_none || (w->chosen && !w->best);
}

static bool is_larger_exempt(const struct weighing *w)
{
	return w->larger && w->larger->exempt && w->best;
}

static bool overtook(const struct weighing *w)
{
	return w->chosen && w->larger && !w->larger->exempt && w->best && w->total_pages &&
	       w->chosen->oom_score_adj > w->larger->oom_score_adj;
}

/* Would it have lost with a score of its own that nobody raised? */
static bool is_score_raised(const struct weighing *w)
{
	return overtook(w) && w->chosen->oom_score_adj > 0 &&
	       oom_points(w->chosen->size_pages, 0, w->total_pages) < w->larger->points;
}

static bool is_score_lowered(const struct weighing *w)
{
	return overtook(w) && w->larger->oom_score_adj < 0;
}

static bool is_group(const struct weighing *w)
{
	return w->group;
}

static bool is_largest(const struct weighing *w)
{
	return w->chosen && w->best && !w->larger;
}

static bool is_outside(const struct weighing *w)
{
	return is_largest(w) && w->outside;
}

static bool is_only_one(const struct weighing *w)
{
	return w->chosen && !w->choosable && !w->larger;
}

static const char *say_size(struct report *r, const struct weighing *w, const struct candidate *c)
{
	return say_bytes(r, c->size_pages * w->page_bytes);
}

static const char *say_was_dying(struct report *r, const struct weighing *w)
{
	(void)r;
	(void)w;
	return _("it was exiting already: it got no SIGKILL, only leave to finish");
}

static const char *say_preferred(struct report *r, const struct weighing *w)
{
	(void)r;
	(void)w;
	return _("swapoff or KSM was at work in it: such a process goes first");
}

static const char *say_allocating_task(struct report *r, const struct weighing *w)
{
	(void)r;
	(void)w;
	return _("vm.oom_kill_allocating_task is set: who asks for memory is killed");
}

static const char *say_larger_exempt(struct report *r, const struct weighing *w)
{
	const struct candidate *l = w->larger;

	if (l->oom_score_adj == OOM_ADJ_MIN)
		return say(r, _("larger %s (%s) is exempt: oom_score_adj -1000"), l->comm, say_size(r, w, l));
	return say(r, _("larger %s (%s) could not be chosen just then"), l->comm, say_size(r, w, l));
}

static const char *say_score_raised(struct report *r, const struct weighing *w)
{
	return say(r, _("its oom_score_adj %d put it before %s, %s"), w->chosen->oom_score_adj, w->larger->comm,
		   say_size(r, w, w->larger));
}

static const char *say_score_lowered(struct report *r, const struct weighing *w)
{
	return say(r, _("larger %s (%s) is spared: oom_score_adj %d"), w->larger->comm,
		   say_size(r, w, w->larger), w->larger->oom_score_adj);
}

static const char *say_outside(struct report *r, const struct weighing *w)
{
	return say(r, _("larger %s (%s) is not below the limited cgroup"), w->outside->comm,
		   say_size(r, w, w->outside));
}

static const char *say_group(struct report *r, const struct weighing *w)
{
	return w->group_path ? say(r, _("memory.oom.group is set on %s: all of it is killed together"), w->group_path) :
			       _("memory.oom.group is set: all of the group is killed together");
}

static const char *say_only_one(struct report *r, const struct weighing *w)
{
	(void)r;
	(void)w;
	return _("it was the only process that could be chosen");
}

static const char *say_largest(struct report *r, const struct weighing *w)
{
	(void)r;
	(void)w;
	return _("it was the largest that could be chosen");
}

/* The first that fits. plain: what everybody expects, and no line of the text report. */
static const struct reason {
	const char *id;
	bool (*is)(const struct weighing *w);
	const char *(*text)(struct report *r, const struct weighing *w);
	bool plain;
} reasons[] = {
	{ "was_dying", is_was_dying, say_was_dying, false },
	{ "preferred", is_preferred, say_preferred, false },
	{ "allocating_task", is_allocating_task, say_allocating_task, false },
	{ "larger_exempt", is_larger_exempt, say_larger_exempt, false },
	{ "score_raised", is_score_raised, say_score_raised, false },
	{ "larger_score_lowered", is_score_lowered, say_score_lowered, false },
	{ "oom_group", is_group, say_group, false },
	{ "larger_outside", is_outside, say_outside, false },
	{ "only_one", is_only_one, say_only_one, true },
	{ "largest", is_largest, say_largest, true },
};

static const struct reason *reason_of(const struct weighing *w)
{
	for (size_t n = 0; n < ARRAY_SIZE(reasons); n++)
		if (reasons[n].is(w))
			return &reasons[n];
	return NULL;
}

const char *why_reason(const struct weighing *w)
{
	const struct reason *why = reason_of(w);

	return why ? why->id : NULL;
}

static const char *hook_via(const struct model *m, const char *fact)
{
	for (const struct hook *h = m->hooks; h; h = h->next)
		if (h->state == ZT_HOOK_USED && !strcmp(h->fact, fact))
			return h->via;
	return NULL;
}

static bool same(const struct zt_id *a, const struct zt_id *b)
{
	return a->tgid == b->tgid && a->start_ns == b->start_ns;
}

static const struct zt_ev_host *host_at(const struct model *m, const struct kill *k)
{
	return k->host_at.h.kind ? &k->host_at : k->host.h.kind ? &k->host : &m->host;
}

static void take_decision(const struct model *m, const struct kill *k, const struct kill_level *l, struct incident *i)
{
	const struct zt_ev_kill *e = &k->ev;
	bool decided = e->h.flags & ZT_F_KILL_DECIDED;
	struct decision *d = &i->decision;

	d->via = hook_via(m, decided ? "decision" : "victim");
	d->confidence = decided ? CONF_CONFIRMED : CONF_LIKELY;
	d->constraint = i->limit.kind == LIMIT_CGROUP ? ZT_CONSTRAINT_MEMCG :
			i->limit.kind == LIMIT_HOST ? ZT_CONSTRAINT_NONE :
			i->limit.kind == LIMIT_CPUSET ? ZT_CONSTRAINT_CPUSET :
			i->limit.kind == LIMIT_MEMPOLICY ? ZT_CONSTRAINT_MEMPOLICY : ZT_CONSTRAINT_UNKNOWN;
	d->total_bytes = e->total_bytes;
	if (!d->total_bytes && (l || i->limit.kind == LIMIT_HOST))
		d->total_bytes = oom_total_bytes(l ? &l->mem : NULL, host_at(m, k));
	d->asked = decided && (!k->log || e->gfp);
	d->gfp = e->gfp;
	d->order = e->order;
	d->sysrq = looks_like_sysrq(k);
	d->considered = e->candidates;
	d->chosen = decided && e->chosen.tgid ? e->chosen : e->victim;
}

/* Where the kernel's own points are known, so is its own view of the size. */
static void set_points(struct candidate *c, const struct weighing *w, bool kernels, zt_s64 points)
{
	zt_s64 size;

	c->size_pages = oom_size_pages(&c->rss, w->page_bytes);
	if (kernels) {
		c->points = points;
		c->points_known = true;
		c->confidence = CONF_CONFIRMED;
		if (w->total_pages && points != LLONG_MAX && !__builtin_sub_overflow(
			    points, oom_points(0, c->oom_score_adj, w->total_pages), &size) && size > 0)
			c->size_pages = (zt_u64)size;
		return;
	}
	c->points_known = w->total_pages;
	c->points = oom_points(c->size_pages, c->oom_score_adj, w->total_pages);
	c->confidence = CONF_LIKELY;
}

static bool weighed_by_kernel(const struct kill *w)
{
	for (unsigned int n = 0; n < w->ntasks; n++)
		if (w->tasks[n].flags & ZT_F_TASK_CANDIDATE)
			return true;
	return false;
}

static struct candidate of_task(const struct kill_task *t, const struct decision *d, const struct weighing *w)
{
	struct candidate c = { .id = t->id, .comm = t->comm, .rss = t->rss, .oom_score_adj = t->oom_score_adj,
			       .chosen = t->id.tgid == d->chosen.tgid };

	set_points(&c, w, t->flags & ZT_F_TASK_CANDIDATE, t->points);
	/* the first process of the machine is nobody's to kill */
	c.exempt = (t->flags & ZT_F_TASK_EXEMPT) || (!(t->flags & ZT_F_TASK_CANDIDATE) &&
						     (t->oom_score_adj == OOM_ADJ_MIN || t->id.tgid == 1));
	c.exempt = c.exempt && !c.chosen;
	if (c.exempt) {
		c.points_known = false;
		c.size_pages = oom_size_pages(&c.rss, w->page_bytes);
		c.confidence = t->flags & ZT_F_TASK_EXEMPT ? CONF_CONFIRMED : CONF_LIKELY;
	}
	return c;
}

/* The tasks in the domain into c, the chosen one even when the list was cut; the largest elsewhere into *outside. */
static unsigned int collect(const struct model *m, const struct kill *k, const struct incident *i,
			    const struct weighing *w, struct candidate *c, struct candidate *outside)
{
	const struct decision *d = &i->decision;
	bool kernels = weighed_by_kernel(k);
	unsigned int n = 0, chosen = 0;

	for (unsigned int t = 0; t < k->ntasks; t++) {
		const struct kill_task *task = &k->tasks[t];
		struct candidate one = of_task(task, d, w);

		if (i->limit.cgroup && cgroup_below(m, task->cgroup, i->limit.cgroup) == TRI_NO) {
			if (one.size_pages > outside->size_pages)
				*outside = one;
			continue;
		}
		if (!one.chosen && ((kernels && !(task->flags & (ZT_F_TASK_CANDIDATE | ZT_F_TASK_EXEMPT))) ||
				    !one.size_pages))
			continue;
		chosen += one.chosen;
		c[n++] = one;
	}
	if (!chosen && d->chosen.tgid == k->ev.victim.tgid) {
		c[n] = (struct candidate){ .id = k->ev.victim, .comm = k->ev.victim_comm, .rss = k->ev.rss,
					   .oom_score_adj = k->ev.oom_score_adj, .chosen = true };
		set_points(&c[n++], w, false, 0);
	}
	return n;
}

/* The kernel said what the chosen one had, whether or not it told of the others. */
static void chosen_points(const struct kill *k, const struct weighing *w, struct candidate *c, unsigned int n)
{
	for (unsigned int t = 0; t < n && w->decided && !w->weighed_none && !k->log; t++)
		if (c[t].chosen)
			set_points(&c[t], w, true, k->ev.points);
}

/* The highest level with memory.oom.group between victim and domain is the group. */
static const char *group_path(const struct model *m, const struct kill *k, zt_u64 domain)
{
	const char *path = NULL;

	for (unsigned int n = 0; n < k->nlevels; n++) {
		const struct kill_level *l = &k->levels[n];

		if (!(l->flags & ZT_F_LEVEL_CHAIN))
			continue;
		if (l->mem.flags & ZT_F_MEMCG_OOM_GROUP)
			path = model_cgroup_path(m, l->mem.id);
		if (l->mem.id == domain)
			break;
	}
	return path;
}

static void fill_weighing(const struct model *m, const struct kill *k, const struct incident *i, struct weighing *w)
{
	const struct zt_ev_kill *e = &k->ev;

	w->page_bytes = m->start.page_bytes ? m->start.page_bytes : 4096;
	w->total_pages = i->decision.total_bytes / w->page_bytes;
	w->decided = e->h.flags & ZT_F_KILL_DECIDED;
	w->memcg = i->limit.kind == LIMIT_CGROUP || i->limit.kind == LIMIT_NONE;
	w->was_dying = e->h.flags & ZT_F_KILL_WAS_DYING;
	w->group = (e->h.flags & ZT_F_KILL_GROUP) && i->nvictims + i->more_victims > 1;
	w->trigger_chosen = e->h.who.tgid == i->decision.chosen.tgid;
	w->weighed_none = w->decided && !k->log && !e->points && !e->candidates && !w->memcg;
	w->preferred = e->points == LLONG_MAX;
	w->group_path = group_path(m, k, i->limit.cgroup);
	w->limit_path = i->limit.path;
}

/* The best, and in any case the chosen one and the one it is compared with. */
static void keep_best(const struct candidate *c, unsigned int n, const struct weighing *w, struct decision *d)
{
	const struct candidate *must[] = { w->chosen, w->larger };

	d->ncandidates = n < CANDIDATES_MAX ? n : CANDIDATES_MAX;
	memcpy(d->candidates, c, d->ncandidates * sizeof(*c));
	for (unsigned int k = 0, last = CANDIDATES_MAX; k < ARRAY_SIZE(must); k++)
		if (must[k] && must[k] >= c + CANDIDATES_MAX)
			d->candidates[--last] = *must[k];
}

static void victims_points(struct incident *i, const struct candidate *c, unsigned int n)
{
	for (unsigned int v = 0; v < i->nvictims; v++)
		for (unsigned int t = 0; t < n; t++)
			if (c[t].points_known && same(&c[t].id, &i->victims[v].id)) {
				i->victims[v].points_known = true;
				i->victims[v].points = c[t].points;
			}
}

static enum confidence reason_confidence(const struct reason *why, const struct weighing *w)
{
	if (why->is == is_was_dying || why->is == is_group)
		return CONF_CONFIRMED;
	if (!w->decided || (w->chosen && w->chosen->confidence != CONF_CONFIRMED))
		return CONF_LIKELY;
	if (why->is == is_allocating_task)
		return w->weighed_none ? CONF_CONFIRMED : CONF_LIKELY;
	if (why->is == is_outside || (w->larger && w->larger->confidence != CONF_CONFIRMED))
		return CONF_LIKELY;
	return CONF_CONFIRMED;
}

static void say_why(struct report *r, const struct weighing *w, struct incident *i)
{
	const struct reason *why = reason_of(w);
	struct decision *d = &i->decision;

	if (!why)
		return;
	d->reason = why->id;
	d->reason_text = why->text(r, w);
	d->reason_confidence = reason_confidence(why, w);
	if (!why->plain)
		i->why_text = d->reason_confidence == CONF_CONFIRMED ? d->reason_text :
				      say(r, _("likely: %s"), d->reason_text);
}

void why_find(const struct model *m, struct report *r, const struct kill *k, struct incident *i)
{
	struct candidate *c __free = calloc(k->ntasks + 1, sizeof(*c));
	struct candidate outside = { 0 };
	struct decision *d = &i->decision;
	struct weighing w = { 0 };
	unsigned int n;

	take_decision(m, k, level_of(k, i->limit.cgroup), i);
	fill_weighing(m, k, i, &w);
	if (!c)
		return;
	n = collect(m, k, i, &w, c, &outside);
	chosen_points(k, &w, c, n);
	weigh(c, n, &w);
	if (w.chosen && outside.size_pages > w.chosen->size_pages + w.chosen->size_pages / 16)
		w.outside = &outside;
	d->known = w.decided || n;
	d->points_known = w.chosen && w.chosen->points_known;
	d->points = w.chosen ? w.chosen->points : 0;
	say_why(r, &w, i);
	keep_best(c, n, &w, d);
	victims_points(i, c, n);
}
