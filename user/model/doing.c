/* SPDX-License-Identifier: GPL-2.0 */
/* What a process was doing, seen together with the processes above it. */
#include <string.h>

#include "model/model.h"

#define ABOVE_MAX 32

/*
 * The next ancestor that belongs to the same work: a container's runtime, or who started the trace, does not; nor who
 * started a server and had ended by then.
 */
static const struct proc *above(const struct model *m, const struct proc *p, zt_u64 then_ns)
{
	const struct proc *q = p->parent;

	if (p->step || p == m->child || !q || q->cgroup != p->cgroup)
		return NULL;
	return p->label.flags & LABEL_SERVES && q->exit_ns && q->exit_ns < then_ns ? NULL : q;
}

/* The step's text says already what its first shell was given. */
static bool tells(const struct proc *p, bool itself)
{
	if (p->label.verb == LABEL_NONE)
		return false;
	return !(p->label.flags & LABEL_OWN) || (itself && !p->step);
}

/* Is it part of a step, or of the traced command? What a daemon's starter did is not what the daemon does. */
static bool is_part(const struct model *m, const struct proc *p)
{
	for (int depth = 0; p && depth < ABOVE_MAX; depth++, p = above(m, p, 0))
		if (p->step || p == m->child)
			return true;
	return false;
}

static bool same_label(const struct label *a, const struct label *b)
{
	return a->verb == b->verb && !strcmp(a->object, b->object);
}

const struct label *model_doing(const struct model *m, const struct proc *p, const struct label **lead)
{
	const struct label *own = NULL;
	const struct proc *q = p;
	zt_u64 then_ns = p->exit_ns ? p->exit_ns : m->now_ns;

	if (lead)
		*lead = NULL;
	for (int depth = 0; q && depth < ABOVE_MAX; depth++, q = above(m, q, then_ns)) {
		if (!tells(q, q == p) || (!own && q != p && !is_part(m, p)))
			continue;
		if (!own)
			own = &q->label;
		else if ((q->label.flags & LABEL_LEADS) && !same_label(own, &q->label)) {
			if (lead)
				*lead = &q->label;
			break;
		}
		if (!lead)
			break;
	}
	return own;
}
