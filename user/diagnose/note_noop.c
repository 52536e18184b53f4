/* SPDX-License-Identifier: GPL-2.0 */
/* What the user set against it and has no effect here: said once each, never advised. */
#include <string.h>

#include "diagnose/advice.h"
#include "diagnose/versions.h"

struct ask {
	const struct model *m;
	struct report *r;
	const struct unit *u;
};

/* Of the shell that started ztrace, or put before the command: env NAME=VALUE docker … */
static const char *setting(const struct model *m, const char *name)
{
	const char *fact = model_fact(m, name);
	const char *words[COMMAND_WORDS];
	unsigned int n = traced_command(m, words);
	size_t len;

	name += 4; /* "env." */
	len = strlen(name);
	for (unsigned int w = 0; w < n; w++)
		if (!strncmp(words[w], name, len) && words[w][len] == '=')
			return words[w] + len + 1;
	return fact;
}

static bool buildkit(const struct ask *q)
{
	return q->u->step && q->u->step->builder == BUILDER_BUILDKIT;
}

/* BuildKit before 0.31 takes docker build -m for granted and does nothing with it. */
static const char *memory_flag(const struct ask *q)
{
	const struct build *b = q->u->build;

	if (!b || !b->memory_flag || !buildkit(q) || buildkit_has_limits(q->m) == TRI_YES)
		return NULL;
	return say(q->r, _("docker build -m %.20s has no effect here: BuildKit ignores it"), b->memory_flag);
}

/* Even where it has, it takes memory and never gives any; that is what a limit is. */
static const char *log_size(const struct ask *q)
{
	if (!buildkit(q) || (!setting(q->m, "env.BUILDKIT_STEP_LOG_MAX_SIZE") &&
			     !setting(q->m, "env.BUILDKIT_STEP_LOG_MAX_SPEED")))
		return NULL;
	return _("BUILDKIT_STEP_LOG_MAX_* is about the length of the log, not about memory");
}

static const char *parallel_limit(const struct ask *q)
{
	const char *limit = setting(q->m, "env.COMPOSE_PARALLEL_LIMIT");

	if (!limit || compose_bakes(q->m) != TRI_YES)
		return NULL;
	return say(q->r, _("COMPOSE_PARALLEL_LIMIT=%.8s has no effect here: compose builds with bake, which ignores it"), limit);
}

static bool has_word(const struct model *m, const char *name)
{
	const char *words[COMMAND_WORDS];
	unsigned int n = traced_command(m, words);
	size_t len = strlen(name);

	for (unsigned int w = 0; w < n; w++)
		if (!strncmp(words[w], name, len) && (!words[w][len] || words[w][len] == '='))
			return true;
	return false;
}

static const char *shm_size(const struct ask *q)
{
	return has_word(q->m, "--shm-size") ?
		       _("--shm-size is how much of the memory /dev/shm may take, not more memory") : NULL;
}

/* The client's own, which no step gets to see */
static const char *node_options(const struct ask *q)
{
	return q->u->step && !q->u->step->container && setting(q->m, "env.NODE_OPTIONS") ?
		       _("NODE_OPTIONS of the shell does not reach a build step; it takes ENV or ARG in the Dockerfile") : NULL;
}

static const char *(*const notes[])(const struct ask *q) = {
	memory_flag, parallel_limit, log_size, shm_size, node_options,
};

void note_noops(const struct model *m, struct report *r, const struct unit *u, struct incident *i)
{
	const struct ask q = { m, r, u };

	for (size_t n = 0; n < sizeof(notes) / sizeof(notes[0]); n++) {
		const char *text = notes[n](&q);

		if (text)
			add_note(i, text);
	}
}
