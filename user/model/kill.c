/* SPDX-License-Identifier: GPL-2.0 */
/* OOM kills: the victim, then the levels and tasks the kernel side found at that instant. */
#include <stdlib.h>
#include <string.h>

#include "model/apply.h"
#include "trace/event.h"

static struct kill *kill_by_seq(const struct model *m, zt_u64 seq)
{
	struct kill *last = NULL;

	if (m->last_kill && m->last_kill->ev.seq == seq)
		return m->last_kill;
	for (struct kill *k = m->kills; k; k = k->next)
		if (k->ev.seq == seq)
			last = k; /* the newest: a recorder that was restarted counts anew */
	return last;
}

/* The first victim of the same decision; what the kernel side walked hangs on that one. NULL: this is it. */
static struct kill *same_decision(const struct model *m, const struct zt_ev_kill *e)
{
	struct kill *ret = NULL;

	if (!e->decision)
		return NULL;
	/* the newest with that number, and of the same choice: a recorder that was restarted counts anew */
	for (struct kill *k = m->kills; k; k = k->next)
		if (k->ev.decision == e->decision && k->ev.chosen.tgid == e->chosen.tgid &&
		    k->ev.chosen.start_ns == e->chosen.start_ns)
			ret = k->walk;
	return ret;
}

int apply_kill(struct model *m, const struct zt_ev *ev)
{
	const struct zt_ev_kill *e = (const void *)ev;
	struct kill *k = arena_zalloc(&m->arena, sizeof(*k)), *prev = m->last_kill;
	bool from_log = ev->flags & ZT_F_FROM_LOG; /* pids of weeks, without start times: nobody's identity */

	if (!k) {
		model_lose(m);
		return 0;
	}
	memcpy(&k->ev, e, sizeof(k->ev));
	k->walk = same_decision(m, e);
	if (!k->walk)
		k->walk = (ev->flags & ZT_F_KILL_NO_WALK) && prev ? prev->walk : k;
	k->log = from_log ? m->log : NULL;
	for (struct kill *i = m->kills; i && !from_log; i = i->next)
		if (i->ev.victim.tgid == e->victim.tgid && i->ev.victim.start_ns == e->victim.start_ns) {
			k->again = true;
			k->walk = i->walk;
		}
	k->victim = from_log ? NULL : proc_get(m, &e->victim);
	k->trigger = from_log ? NULL : proc_get(m, &ev->who);
	if (k->victim) {
		if (!k->victim->parent && e->victim_parent.tgid) {
			k->victim->parent = proc_get(m, &e->victim_parent);
			if (k->victim->parent)
				k->victim->parent->children++;
		}
		if (!k->victim->comm[0])
			memcpy(k->victim->comm, e->victim_comm, sizeof(e->victim_comm));
		k->victim->cgroup = e->victim_cgroup;
		scope_see_proc(m, k->victim);
		k->scoped = k->victim->scoped || k->victim->cgroup_scoped;
	}
	proc_pin(k->victim);
	proc_pin(k->trigger);
	k->step = model_step_of(m, e->victim_cgroup, k->victim);
	if (k->step && !k->again)
		k->step->oom_kills++;
	k->step_confidence = from_log ? CONF_LIKELY : CONF_CONFIRMED;
	m->kills_told = false;
	m->last_kill = k;
	TAIL_APPEND(m->kills_tail, k);
	return 0;
}

/* Doubles; the old array stays in the arena. */
static void *grow(struct model *m, void *old, unsigned int n, unsigned int *cap, size_t elem_bytes)
{
	unsigned int want = *cap ? *cap * 2 : 32;
	void *p;

	if (n < *cap)
		return old;
	p = arena_zalloc(&m->arena, want * elem_bytes);
	if (!p) {
		model_lose(m);
		return NULL;
	}
	if (n)
		memcpy(p, old, n * elem_bytes);
	*cap = want;
	return p;
}

int apply_level(struct model *m, const struct zt_ev *ev)
{
	const struct zt_ev_level *e = (const void *)ev;
	struct kill *k = kill_by_seq(m, e->seq);
	struct kill_level *l;
	struct cgroup *cg;
	const char *s[1];
	void *p;

	if (!k || ev_tail_strings(ev, s, 1) < 0)
		return 0;
	p = grow(m, k->levels, k->nlevels, &k->levels_cap, sizeof(*k->levels));
	if (!p)
		return 0;
	k->levels = p;
	l = &k->levels[k->nlevels++];
	l->flags = ev->flags;
	l->depth = e->depth;
	l->mem = e->mem;
	l->name = arena_strdup(&m->arena, s[0]);
	cg = model_cgroup(m, e->mem.id);
	if (cg) {
		cg->pinned = true;
		l->before_known = cg->counted;
		l->oom_local_before = cg->mem.events_oom_local;
		l->high_before = cg->mem.events_high;
		l->limit_before_bytes = cg->mem.limit_bytes;
		cg->mem = e->mem;
		cg->counted = true;
		if (!cg->parent)
			cg->parent = e->mem.parent;
		if (cg->step)
			step_throttled(cg->step, &e->mem);
	}
	return 0;
}

/* Kept as it is: until the kill is told of, many processes come and go. */
static const struct label *label_now(struct model *m, const struct zt_id *id)
{
	const struct proc *p = model_proc(m, id);
	const struct label *l = p ? model_doing(m, p, NULL) : NULL;

	return l ? (const void *)arena_dup(&m->arena, l, sizeof(*l)) : NULL;
}

int apply_task(struct model *m, const struct zt_ev *ev)
{
	const struct zt_ev_task *e = (const void *)ev;
	struct kill *k = kill_by_seq(m, e->seq);
	struct kill_task *t;
	void *p;

	if (!k)
		return 0;
	p = grow(m, k->tasks, k->ntasks, &k->tasks_cap, sizeof(*k->tasks));
	if (!p)
		return 0;
	k->tasks = p;
	t = &k->tasks[k->ntasks++];
	t->id = ev->who;
	t->cgroup = ev->cgroup;
	t->rss = e->rss;
	t->oom_score_adj = e->oom_score_adj;
	t->flags = ev->flags;
	t->points = e->points;
	t->data_bytes = e->data_bytes;
	t->threads = e->threads;
	t->label = ev->flags & ZT_F_FROM_LOG ? NULL : label_now(m, &ev->who);
	memcpy(t->comm, e->comm, sizeof(t->comm));
	return 0;
}

/* A cgroup made before the trace and not in the snapshot gets its path from the names along the chain. */
static void paths_from_chain(struct model *m, struct kill *k)
{
	char path[4096] = "";

	for (unsigned int i = k->nlevels; i--;) {
		const struct kill_level *l = &k->levels[i];
		struct cgroup *cg;
		size_t len = strlen(path);

		if (!(l->flags & ZT_F_LEVEL_CHAIN))
			continue;
		if (l->name && *l->name) {
			if (len + strlen(l->name) + 2 > sizeof(path))
				return;
			path[len] = '/';
			memcpy(path + len + 1, l->name, strlen(l->name) + 1);
		}
		cg = cgroup_get(m, l->mem.id);
		if (cg)
			cg->pinned = true;
		if (cg && !cg->path) {
			cg->path = arena_strdup(&m->arena, *path ? path : "/");
			cg->parent = l->mem.parent;
			cg->mem = l->mem;
			cg->counted = true;
		}
	}
}

int apply_kill_end(struct model *m, const struct zt_ev *ev)
{
	const struct zt_ev_kill_end *e = (const void *)ev;
	struct kill *k = kill_by_seq(m, e->seq);

	if (!k)
		return 0;
	k->complete = true;
	k->cut = ev->flags & ZT_F_KILL_END_CUT;
	k->pages_assumed = ev->flags & ZT_F_KILL_END_PAGES;
	paths_from_chain(m, k);
	if (!k->step) {
		k->step = model_step_of(m, k->ev.victim_cgroup, k->victim);
		if (k->step && !k->again)
			k->step->oom_kills++;
	}
	return 0;
}
