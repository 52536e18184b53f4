/* SPDX-License-Identifier: GPL-2.0 */
/* When to ask what buildx calls a build. */
#include <stdio.h>

#include "attribute.h"

#define REF_TRIES 8

/*
 * buildx writes a file for each build, shortly before its first step runs; what is there while its client runs can be
 * its. Asked again from each step's events for as long as there is none, of who was asked least, the traced one's first.
 */
static unsigned int asked(const struct model *m, const struct build *b)
{
	return 2 * b->ref_tries + !model_concerns(m, b);
}

void want_ref(struct model *m, const struct zt_ev *ev, struct want *w)
{
	const struct step *s = w->kind == WANT_NONE ? model_step_of_cgroup(m, ev->cgroup) : NULL;
	const struct build *least = NULL;

	if (!s || s->builder != BUILDER_BUILDKIT)
		return;
	for (const struct build *b = m->builds; b; b = b->next)
		if (b->buildx && (b->service || b->context) && !b->ref && b->client && !b->client->exit_ns && b->ref_tries < REF_TRIES &&
		    (!least || asked(m, b) < asked(m, least)))
			least = b;
	if (!least)
		return;
	for (struct build *b = NULL; (b = model_build_of(m, least->client, b));)
		b->ref_tries++;
	w->kind = WANT_REF;
	w->who = least->client->id;
	w->cgroup = least->client->cgroup;
	snprintf(w->path, sizeof(w->path), "%s", least->file ?: "");
	snprintf(w->context, sizeof(w->context), "%s", least->context ?: "");
}
