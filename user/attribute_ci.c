/* SPDX-License-Identifier: GPL-2.0 */
/* Whose CI job: which processes' environments should be looked at for it, and what they say. */
#include <string.h>

#include "attribute.h"
#include "ci/ci.h"

void want_job(const struct proc *p, struct want *w)
{
	if (p && p->ci_vars)
		return; /* asked before */
	for (const struct proc *q = p; q; q = q->parent)
		if (q->ci_vars && q->job)
			return; /* known */
	w->nci_who = 0;
	/* up to one that has been asked: a CI=true above all that runs here says nothing of what is nearer */
	for (; p && !p->ci_vars && w->nci_who < WANT_CI_MAX; p = p->parent)
		if (!p->exit_ns)
			w->ci_who[w->nci_who++] = p->id;
	if (!w->nci_who || !ci_names(w->ci_names, sizeof(w->ci_names)))
		w->nci_who = 0;
	else if (w->kind == WANT_NONE)
		w->kind = WANT_CI;
}

static struct ci_job *job_of(struct model *m, struct proc *p)
{
	if (!p->job)
		p->job = arena_zalloc(&m->arena, sizeof(*p->job));
	return p->job;
}

/* The nearest above it, or itself. NULL: none */
static const struct ci *runner_above(const struct proc *p)
{
	for (int depth = 0; p && depth < 64; depth++, p = p->parent)
		if (p->job && !p->ci_vars)
			return ci_find(p->job->ci);
	return NULL;
}

void see_job(struct model *m, const struct zt_ev *ev)
{
	struct proc *p = model_proc(m, &ev->who);
	struct ci_job job, *kept;

	if (!(ev->flags & ZT_F_ENV_CI) || !p || !p->ci_vars || !ci_recognise(p->ci_vars, runner_above(p->parent), &job))
		return;
	kept = job_of(m, p);
	if (kept)
		*kept = job;
}

/* A CI's own agent: what descends from it is one of its jobs, also where no environment says which. */
void see_runner(struct model *m, const struct zt_ev *ev, const char *argv, size_t len)
{
	struct proc *p = model_proc(m, &ev->who);
	char copy[4096];
	const struct ci *c;
	struct ci_job *kept;

	if (!p || p->ci_vars || !len)
		return;
	len = len < sizeof(copy) ? len : sizeof(copy) - 1;
	memcpy(copy, argv, len);
	copy[len] = 0;
	c = ci_of_runner(copy, len);
	kept = c ? job_of(m, p) : NULL;
	if (kept)
		*kept = (struct ci_job){ .ci = c->name, .title = c->title };
	else if (!c)
		p->job = NULL; /* it became another program */
}
