/* SPDX-License-Identifier: GPL-2.0 */
/* Two daemons that build the same text at once: which of them runs a step, and which one each client was told to use. */
#include <string.h>

#include "attribute.h"
#include "builder/engine.h"

#define DEPTH_MAX 64

/* overlay2's folders of a dockerd are below its data root; a buildkitd's steps are its descendants. */
static bool holds(const struct engine *e, const char *upperdir)
{
	const char *root = e->root ?: "/var/lib/docker";
	size_t n = strlen(root);

	return !e->buildkitd && n > 1 && !strncmp(upperdir, root, n) && upperdir[n] == '/';
}

/* NULL: not known */
static const struct engine *engine_of(const struct model *m, const struct step *s)
{
	const struct proc *p = s->entry;

	for (int depth = 0; p && depth < DEPTH_MAX; depth++, p = p->parent)
		for (const struct engine *e = m->engines; e; e = e->next)
			if (e->proc == p)
				return e;
	for (const struct engine *e = s->upperdir ? m->engines : NULL; e; e = e->next)
		if (holds(e, s->upperdir))
			return e;
	return NULL;
}

static bool listens(const struct engine *e, const char *endpoint)
{
	for (const char *h = e->hosts; h && *h; h += strlen(h) + 1)
		if (endpoint_same(h, endpoint))
			return true;
	return false;
}

/* Daemons of one kind are compared: whatever DOCKER_HOST says, buildx may go to a buildkitd. */
enum engine_fit attribute_engine(const struct model *m, const struct step *s, const struct build *b)
{
	const char *endpoint = b->client ? b->client->endpoint : NULL;
	const struct engine *at = endpoint ? engine_of(m, s) : NULL;
	bool other = false;

	if (at && listens(at, endpoint))
		return ENGINE_SAME;
	for (const struct engine *e = at ? m->engines : NULL; e; e = e->next)
		other = other || (e->buildkitd == at->buildkitd && !e->proc->exit_ns && listens(e, endpoint));
	return other ? ENGINE_OTHER : ENGINE_UNKNOWN;
}
