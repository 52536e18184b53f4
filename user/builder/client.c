/* SPDX-License-Identifier: GPL-2.0 */
/* Build clients: the walk over their options, and where the Dockerfile lies. */
#include <stdio.h>
#include <strings.h>

#include "base/remote.h"
#include "builder/clientopts.h"

static const struct opt *find_long(const struct opt *t, const char *name, size_t len)
{
	for (; t->name; t++)
		if (strlen(t->name) == len && !memcmp(t->name, name, len))
			return t;
	return NULL;
}

static const struct opt *find_letter(const struct opt *t, char letter)
{
	for (; t->name; t++)
		if (t->letter && t->letter == letter)
			return t;
	return NULL;
}

void client_build_arg(struct client_cmd *c, const char *v)
{
	size_t len = strlen(v);

	if (!strchr(v, '=')) {
		c->build_args_env = true;
		return;
	}
	/* Room for the empty string that ends the list. */
	if (len + 2 > sizeof(c->build_args) - c->build_args_bytes) {
		c->build_args_cut = true;
		return;
	}
	memcpy(c->build_args + c->build_args_bytes, v, len + 1);
	c->build_args_bytes += len + 1;
}

static bool is_true(const char *v)
{
	static const char *const no[] = { "0", "f", "F", "false", "FALSE", "False", NULL };

	return !v || !one_of(v, no);
}

/* Once for each key, as builders keep them */
static void add_label(struct client_cmd *c, const char *v)
{
	size_t key = v ? strcspn(v, "=") : 0;

	if (!key)
		return;
	for (unsigned int i = 0; i < c->nlabels && i < CLIENT_LABELS_MAX; i++)
		if (strcspn(c->labels[i], "=") == key && !strncmp(c->labels[i], v, key))
			return;
	if (c->nlabels < CLIENT_LABELS_MAX)
		c->labels[c->nlabels] = v;
	c->nlabels++;
}

static void set_opt(struct client_cmd *c, enum opt_id id, const char *v)
{
	switch (id) {
	case OPT_FILE:
		c->file = v;
		c->nfiles++;
		break;
	case OPT_TARGET:
		c->target = v;
		break;
	case OPT_BUILD_ARG:
		client_build_arg(c, v);
		break;
	case OPT_MEMORY:
		c->memory = v;
		break;
	case OPT_MEMORY_SWAP:
		c->memory_swap = v;
		break;
	case OPT_CGROUP_PARENT:
		c->cgroup_parent = v;
		break;
	case OPT_BUILDER:
		c->builder = v;
		break;
	case OPT_PROGRESS:
		c->progress = v;
		break;
	case OPT_PLATFORM:
		c->platform = v;
		break;
	case OPT_NETWORK:
		c->network = v;
		break;
	case OPT_RESOURCE:
		c->resource = v;
		break;
	case OPT_HOST:
		c->host = v;
		break;
	case OPT_CONTEXT:
		c->docker_context = v;
		break;
	case OPT_BUILD_CONTEXT:
		c->context = v;
		break;
	case OPT_CONFIG:
		c->config = v;
		break;
	case OPT_NO_CACHE:
		c->no_cache = is_true(v);
		break;
	case OPT_QUIET:
		c->quiet = is_true(v);
		break;
	case OPT_PULL:
		c->pull = is_true(v);
		break;
	case OPT_LABEL:
		add_label(c, v);
		break;
	case OPT_ENV:
		c->envs = true;
		break;
	case OPT_TAG:
		if (c->ntags < CLIENT_TAGS_MAX)
			c->tags[c->ntags] = v;
		c->ntags++;
		break;
	case OPT_OTHER:
		break;
	}
}

/* --name, --name=v, --name v. One we do not know is taken for a switch: the context is the last
 * word then. */
static void long_opt(struct client_cmd *c, const struct opt *table, const char *word,
		     struct words *w)
{
	const char *eq = strchr(word, '='), *v = eq ? eq + 1 : NULL;
	const struct opt *o =
		find_long(table, word + 2, eq ? (size_t)(eq - word) - 2 : strlen(word) - 2);

	if (!o)
		return;
	if (o->value && !v)
		v = word_next(w);
	if (!o->value || v)
		set_opt(c, o->id, v);
}

/* -q, -qf file, -ffile, -f=file */
static void short_opts(struct client_cmd *c, const struct opt *table, const char *word,
		       struct words *w)
{
	const struct opt *o;
	const char *v;

	for (const char *p = word + 1; *p; p++) {
		o = find_letter(table, *p);
		if (!o)
			return;
		if (!o->value) {
			v = p[1] == '=' ? p + 2 : NULL;
			set_opt(c, o->id, v);
			if (v)
				return;
			continue;
		}
		v = p[1] == '=' ? p + 2 : p[1] ? p + 1 : word_next(w);
		if (v)
			set_opt(c, o->id, v);
		return;
	}
}

static bool is_opt(const char *s)
{
	return s[0] == '-' && s[1];
}

const char *opts_command(struct client_cmd *c, const struct opt *table, struct words *w)
{
	const char *s;

	while ((s = word_next(w))) {
		if (!is_opt(s))
			return s;
		if (!strncmp(s, "--", 2))
			long_opt(c, table, s, w);
		else
			short_opts(c, table, s, w);
	}
	return NULL;
}

void opts_rest(struct client_cmd *c, const struct opt *table, struct words *w)
{
	bool only_words = false;
	const char *s;

	while ((s = word_next(w))) {
		if (only_words || !is_opt(s))
			c->context = s;
		else if (!strcmp(s, "--"))
			only_words = true;
		else if (!strncmp(s, "--", 2))
			long_opt(c, table, s, w);
		else
			short_opts(c, table, s, w);
	}
}

/* As docker/buildx build/opt.go loadInputs decides it. */
static void find_dockerfile(struct client_cmd *c)
{
	bool remote_context = c->context && is_remote(c->context);
	int n = 0;

	if (is_word(c->file, "-") || (is_word(c->context, "-") && !(c->file && *c->file))) {
		c->dockerfile_stdin = true;
		return;
	}
	if (is_word(c->context, "-")) {
		c->dockerfile_stdin = true; /* -f names a file in the tar */
		return;
	}
	if ((c->file && is_remote(c->file)) || (remote_context && !(c->file && *c->file == '/'))) {
		c->remote = true;
		return;
	}
	if (c->file && *c->file)
		n = snprintf(c->dockerfile, sizeof(c->dockerfile), "%s", c->file);
	else if (c->context && *c->context)
		n = snprintf(c->dockerfile, sizeof(c->dockerfile), "%s%sDockerfile", c->context,
			     c->context[strlen(c->context) - 1] == '/' ? "" : "/");
	if (n < 0 || (size_t)n >= sizeof(c->dockerfile))
		c->dockerfile[0] = 0;
}

/* "./D" is "D" */
static void trim_dot(char *path)
{
	if (!strncmp(path, "./", 2) && path[2] && path[2] != '/')
		memmove(path, path + 2, strlen(path + 2) + 1);
}

bool client_parse(const char *argv, size_t len, bool cut, struct client_cmd *out)
{
	static bool (*const recognisers[])(struct client_cmd *, struct words *) = {
		client_docker, client_podman, client_kaniko, client_buildctl,
	};
	bool found = false;

	for (size_t n = 0; n < sizeof(recognisers) / sizeof(recognisers[0]) && !found; n++) {
		struct words w = { argv, argv + len };

		*out = (struct client_cmd){ .truncated = cut };
		found = recognisers[n](out, &w);
	}
	if (!found) {
		out->kind = CLIENT_NONE;
		return false;
	}
	/* The context is the last word: of a cut argv it cannot be known. */
	if (cut && out->kind != CLIENT_KANIKO && out->kind != CLIENT_BUILDCTL)
		out->context = NULL;
	if (!out->dockerfile[0] && !out->remote)
		find_dockerfile(out);
	trim_dot(out->dockerfile);
	return true;
}
