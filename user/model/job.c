/* SPDX-License-Identifier: GPL-2.0 */
/* CI jobs: the variables that processes of theirs were found with, and whose job a process is. */
#include <string.h>

#include "model/apply.h"

void job_var(struct model *m, struct proc *p, const char *name, const char *value)
{
	struct ci_vars *e = p->ci_vars ?: arena_zalloc(&m->arena, sizeof(*e));

	if (!e || e->n == CI_VARS_MAX) {
		model_lose(m);
		return;
	}
	p->ci_vars = e;
	e->v[e->n].name = arena_strdup(&m->arena, name);
	e->v[e->n].value = arena_strdup(&m->arena, value);
	if (e->v[e->n].name && e->v[e->n].value)
		e->n++;
	else
		model_lose(m);
}

const struct ci_job *model_job(const struct proc *p)
{
	for (int depth = 0; p && depth < 256; depth++, p = p->parent)
		if (p->job)
			return p->job;
	return NULL;
}

const struct ci_job *model_build_job(const struct build *b)
{
	return b ? model_job(b->client) : NULL;
}

const struct ci_job *model_step_job(const struct step *s)
{
	return s->build ? model_build_job(s->build) : model_job(s->entry);
}
