/* SPDX-License-Identifier: GPL-2.0 */
/* Two daemons that build the same text at once: which of them runs a step, and which one each client was told to use. */
#include <string.h>

#include "attribute.h"
#include "builder/client.h"
#include "builder/engine.h"

#define DEPTH_MAX 64

/* --context goes before DOCKER_HOST: "default" is the usual socket, of another only its own files tell the address. */
const char *client_endpoint(const struct client_cmd *c)
{
	if (c->host || !c->docker_context)
		return c->host;
	return strcmp(c->docker_context, "default") ? c->docker_context : "unix:///var/run/docker.sock";
}

/* Which daemon it speaks to, unless an option says so: of two that build the same at once, that tells whose a step is. */
void want_endpoint(struct want *w, const struct proc *p, const char *variable)
{
	size_t n = p->endpoint ? 0 : strlen(strcpy(w->names, variable)) + 1;

	w->names[n] = 0;
	if (w->kind != WANT_NONE || !n)
		return;
	w->kind = WANT_ENV;
	w->who = p->id;
	w->cgroup = p->cgroup;
}

void see_engine(struct model *m, const struct zt_ev *ev, const char *argv, size_t len)
{
	struct proc *p = model_proc(m, &ev->who);
	struct engine_cmd cmd;
	struct engine *e;
	const char *root;

	if (!p || m->nengines >= ENGINES_MAX || !engine_parse(argv, len, &cmd))
		return;
	root = cmd.root ? arena_strdup(&m->arena, cmd.root) : NULL;
	e = cmd.root && !root ? NULL : arena_zalloc(&m->arena, sizeof(*e));
	if (!e)
		return;
	*e = (struct engine){ .next = m->engines, .proc = p, .buildkitd = cmd.buildkitd, .root = root,
			      .hosts = arena_dup(&m->arena, cmd.hosts, cmd.hosts_bytes + 1) };
	p->pins++;
	m->engines = e;
	m->nengines++;
}

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
