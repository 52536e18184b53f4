/* SPDX-License-Identifier: GPL-2.0 */
/* What the report is about, where it was asked for a part of the machine only. */
#include <string.h>

#include "model/apply.h"
#include "trace/event.h"

static bool cgroup_in(const struct model *m, zt_u64 id)
{
	for (int depth = 0; id && depth < 64; depth++) {
		const struct cgroup *cg = model_cgroup(m, id);

		for (const struct scope *s = m->scopes; s; s = s->next)
			if (s->cgroup == id)
				return true;
		if (!cg || cg->scoped)
			return cg != NULL;
		id = cg->parent;
	}
	return false;
}

static bool proc_below(const struct proc *p)
{
	for (int depth = 0; p && depth < 256; depth++, p = p->parent)
		if (p->scoped)
			return true;
	return false;
}

/* A CI as such, whatever runs its jobs */
static bool job_in(const struct model *m, const struct ci_job *j)
{
	for (const struct scope *s = m->scopes; s && j; s = s->next)
		if (!s->proc && !s->cgroup && !strcmp(s->kind, "ci") && (!strcmp(s->name, j->ci) || !strcmp(s->name, "auto")))
			return true;
	return false;
}

static bool proc_in(const struct model *m, const struct proc *p)
{
	return p && (p->cgroup_scoped || proc_below(p) || job_in(m, model_job(p)));
}

void scope_see_proc(const struct model *m, struct proc *p)
{
	if (!m->scopes)
		return;
	p->scoped = proc_below(p);
	p->cgroup_scoped = cgroup_in(m, p->cgroup);
}

void scope_see_cgroup(const struct model *m, struct cgroup *cg)
{
	cg->scoped = m->scopes && (cgroup_in(m, cg->id) || cgroup_in(m, cg->parent));
}

/* What it is about is told before what runs already; a trace may be of any order. */
int apply_scope(struct model *m, const struct zt_ev *ev)
{
	struct scope *s = arena_zalloc(&m->arena, sizeof(*s));
	struct cgroup *cg;
	const char *str[2];

	if (ev_tail_strings(ev, str, 2) != 2)
		return 0;
	if (!s || !(s->kind = arena_strdup(&m->arena, str[0])) || !(s->name = arena_strdup(&m->arena, str[1]))) {
		model_lose(m);
		return 0;
	}
	s->cgroup = ev->cgroup;
	s->proc = ev->who.tgid ? proc_get(m, &ev->who) : NULL;
	TAIL_APPEND(m->scopes_tail, s);
	if (s->proc) {
		s->proc->scoped = true;
		proc_pin(s->proc);
	}
	for (cg = m->cgroups; cg; cg = cg->hh.next)
		scope_see_cgroup(m, cg);
	for (struct proc *p = m->procs; p; p = p->hh.next)
		scope_see_proc(m, p);
	return 0;
}

static bool client_in(const struct model *m, const struct build *b)
{
	return b && proc_in(m, b->client);
}

static bool step_in(const struct model *m, const struct step *s)
{
	return (s->cgroup && s->cgroup->scoped) || proc_in(m, s->entry);
}

bool model_scoped_proc(const struct model *m, const struct proc *p)
{
	return !m->scopes || proc_in(m, p);
}

bool model_scoped_step(const struct model *m, const struct step *s)
{
	return !m->scopes || step_in(m, s) || client_in(m, s->build);
}

bool model_scoped_build(const struct model *m, const struct build *b)
{
	if (!m->scopes || client_in(m, b))
		return true;
	for (const struct step *s = m->steps; s; s = s->next)
		if (s->build == b && step_in(m, s))
			return true;
	return false;
}
