/* SPDX-License-Identifier: GPL-2.0 */
/* What became of a build, and what it took. */
#include <string.h>

#include "diagnose/internal.h"

bool build_measured(const struct build *b, const struct step *s)
{
	return s->build == b && !s->container && s->peak_bytes;
}

zt_u64 step_most(const struct step *s)
{
	return s->need_bytes ? s->need_bytes : s->peak_bytes;
}

/* Stages run side by side: the most that was in use together is reached when a step begins. */
zt_u64 build_peak(const struct model *m, const struct build *b)
{
	zt_u64 most = 0;

	for (const struct step *s = m->steps; s; s = s->next) {
		zt_u64 sum = 0;

		if (!build_measured(b, s))
			continue;
		for (const struct step *t = m->steps; t; t = t->next)
			if (build_measured(b, t) && t->started_ns <= s->started_ns &&
			    (!t->ended_ns || t->ended_ns > s->started_ns))
				sum += step_most(t);
		most = sum > most ? sum : most;
	}
	return most;
}

static enum outcome outcome_of(const struct report *r, const struct step *s)
{
	for (const struct incident *i = r->incidents; i; i = i->next)
		if (i->step == s && i->causal == TRI_YES)
			return i->cancelled ? OUTCOME_CANCELLED : OUTCOME_FAILED;
	if (s->told)
		return s->told->state == ZT_STEP_FAILED ? OUTCOME_FAILED :
		       s->told->state == ZT_STEP_DONE || s->told->state == ZT_STEP_CACHED ? OUTCOME_RAN : OUTCOME_CANCELLED;
	if (!s->exited && s->entry)
		return OUTCOME_CANCELLED; /* it ran when the trace ended */
	return s->exited && exit_status(s->exit_code) ? OUTCOME_FAILED : OUTCOME_RAN;
}

enum outcome build_outcome(const struct report *r, const struct build *b, const struct step **by)
{
	enum outcome worst = OUTCOME_NO_STEPS;

	*by = NULL;
	for (const struct step *s = r->model->steps; s; s = s->next) {
		enum outcome o = s->build == b && !s->container ? outcome_of(r, s) : OUTCOME_NO_STEPS;

		if (o > worst) {
			worst = o;
			*by = s;
		}
	}
	return worst;
}

bool build_among_several(const struct model *m, const struct build *b)
{
	return b->service && b->client && model_build_of(m, b->client, model_build_of(m, b->client, NULL));
}

bool build_told(const struct report *r, const struct build *b)
{
	for (const struct incident *i = r->incidents; i; i = i->next)
		if (i->build == b)
			return true;
	return model_scoped_build(r->model, b);
}

const struct ci_job *report_job(const struct report *r)
{
	const struct ci_job *all = NULL, *j;

	for (const struct build *b = r->model->builds; b; b = b->next) {
		if (!build_told(r, b))
			continue;
		j = model_build_job(b);
		if (!j || !(*j->job || *j->url) || (all && (strcmp(all->ci, j->ci) || strcmp(all->job, j->job) || strcmp(all->url, j->url))))
			return NULL;
		all = j;
	}
	return all;
}
