/* SPDX-License-Identifier: GPL-2.0 */
/* Command lines of `docker build` and `docker buildx build`: docker/cli v20.10 … v29, docker/buildx
 * … v0.36. */
#include "builder/client.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "builder/argvwords.h"

enum opt_id {
	OPT_OTHER, /* known and of no interest */
	OPT_FILE,
	OPT_TARGET,
	OPT_BUILD_ARG,
	OPT_MEMORY,
	OPT_MEMORY_SWAP,
	OPT_CGROUP_PARENT,
	OPT_BUILDER,
	OPT_PROGRESS,
	OPT_PLATFORM,
	OPT_NETWORK,
	OPT_RESOURCE,
	OPT_TAG,
	OPT_NO_CACHE,
	OPT_QUIET,
	OPT_PULL,
	OPT_HOST,
	OPT_CONTEXT,
	OPT_CONFIG,
};

struct opt {
	const char *name;
	char letter;
	bool value; /* takes one */
	enum opt_id id;
};

/* Of the docker command itself: cli/flags/options.go */
static const struct opt global_opts[] = {
	{ "config", 0, true, OPT_CONFIG },    { "context", 'c', true, OPT_CONTEXT },
	{ "debug", 'D', false, OPT_OTHER },   { "help", 'h', false, OPT_OTHER },
	{ "host", 'H', true, OPT_HOST },      { "log-level", 'l', true, OPT_OTHER },
	{ "tls", 0, false, OPT_OTHER },	      { "tlscacert", 0, true, OPT_OTHER },
	{ "tlscert", 0, true, OPT_OTHER },    { "tlskey", 0, true, OPT_OTHER },
	{ "tlsverify", 0, false, OPT_OTHER }, { "version", 'v', false, OPT_OTHER },
	{ "builder", 0, true, OPT_BUILDER }, /* buildx */
	{ "invoke", 0, true, OPT_OTHER },    /* buildx debug */
	{ "on", 0, true, OPT_OTHER },	      { "progress", 0, true, OPT_PROGRESS },
	{ NULL, 0, false, OPT_OTHER },
};

/* Of build: docker/cli cli/command/image/build.go, docker/buildx commands/build.go */
static const struct opt build_opts[] = {
	{ "add-host", 0, true, OPT_OTHER },
	{ "allow", 0, true, OPT_OTHER },
	{ "annotation", 0, true, OPT_OTHER },
	{ "attest", 0, true, OPT_OTHER },
	{ "build-arg", 0, true, OPT_BUILD_ARG },
	{ "build-context", 0, true, OPT_OTHER },
	{ "builder", 0, true, OPT_BUILDER },
	{ "cache-from", 0, true, OPT_OTHER },
	{ "cache-to", 0, true, OPT_OTHER },
	{ "call", 0, true, OPT_OTHER },
	{ "cgroup-parent", 0, true, OPT_CGROUP_PARENT },
	{ "check", 0, false, OPT_OTHER },
	{ "compress", 0, false, OPT_OTHER },
	{ "cpu-period", 0, true, OPT_OTHER },
	{ "cpu-quota", 0, true, OPT_OTHER },
	{ "cpu-shares", 'c', true, OPT_OTHER },
	{ "cpuset-cpus", 0, true, OPT_OTHER },
	{ "cpuset-mems", 0, true, OPT_OTHER },
	{ "debug", 'D', false, OPT_OTHER },
	{ "detach", 0, false, OPT_OTHER },
	{ "disable-content-trust", 0, false, OPT_OTHER },
	{ "file", 'f', true, OPT_FILE },
	{ "force-rm", 0, false, OPT_OTHER },
	{ "help", 'h', false, OPT_OTHER },
	{ "iidfile", 0, true, OPT_OTHER },
	{ "invoke", 0, true, OPT_OTHER },
	{ "isolation", 0, true, OPT_OTHER },
	{ "label", 0, true, OPT_OTHER },
	{ "load", 0, false, OPT_OTHER },
	{ "memory", 'm', true, OPT_MEMORY },
	{ "memory-swap", 0, true, OPT_MEMORY_SWAP },
	{ "metadata-file", 0, true, OPT_OTHER },
	{ "network", 0, true, OPT_NETWORK },
	{ "no-cache", 0, false, OPT_NO_CACHE },
	{ "no-cache-filter", 0, true, OPT_OTHER },
	{ "on", 0, true, OPT_OTHER },
	{ "output", 'o', true, OPT_OTHER },
	{ "platform", 0, true, OPT_PLATFORM },
	{ "policy", 0, true, OPT_OTHER },
	{ "print", 0, true, OPT_OTHER },
	{ "progress", 0, true, OPT_PROGRESS },
	{ "provenance", 0, true, OPT_OTHER },
	{ "pull", 0, false, OPT_PULL },
	{ "push", 0, false, OPT_OTHER },
	{ "quiet", 'q', false, OPT_QUIET },
	{ "resource", 0, true, OPT_RESOURCE },
	{ "rm", 0, false, OPT_OTHER },
	{ "root", 0, true, OPT_OTHER },
	{ "sbom", 0, true, OPT_OTHER },
	{ "secret", 0, true, OPT_OTHER },
	{ "security-opt", 0, true, OPT_OTHER },
	{ "server-config", 0, true, OPT_OTHER },
	{ "shm-size", 0, true, OPT_OTHER },
	{ "squash", 0, false, OPT_OTHER },
	{ "ssh", 0, true, OPT_OTHER },
	{ "stream", 0, false, OPT_OTHER },
	{ "tag", 't', true, OPT_TAG },
	{ "target", 0, true, OPT_TARGET },
	{ "ulimit", 0, true, OPT_OTHER },
	{ NULL, 0, false, OPT_OTHER },
};

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

static void add_build_arg(struct client_cmd *c, const char *v)
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

static void set_opt(struct client_cmd *c, enum opt_id id, const char *v)
{
	switch (id) {
	case OPT_FILE:
		c->file = v;
		break;
	case OPT_TARGET:
		c->target = v;
		break;
	case OPT_BUILD_ARG:
		add_build_arg(c, v);
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

/* Options in front of a command word; returns that word. */
static const char *command(struct client_cmd *c, struct words *w)
{
	const char *s;

	while ((s = word_next(w))) {
		if (!is_opt(s))
			return s;
		if (!strncmp(s, "--", 2))
			long_opt(c, global_opts, s, w);
		else
			short_opts(c, global_opts, s, w);
	}
	return NULL;
}

static bool is_word(const char *s, const char *lit)
{
	return s && !strcmp(s, lit);
}

/* Walks to the options of build. */
static enum client_kind find_verb(struct client_cmd *c, struct words *w)
{
	const char *arg0 = word_next(w), *verb;
	bool plugin;

	if (!arg0)
		return CLIENT_NONE;
	plugin = is_word(base_name(arg0), "docker-buildx") || is_word(base_name(arg0), "buildx");
	if (!plugin && !is_word(base_name(arg0), "docker"))
		return CLIENT_NONE;
	verb = command(c, w);
	if (is_word(verb, "buildx")) {
		plugin = true;
		verb = command(c, w);
	}
	if (plugin) {
		/* buildx debug build, buildx dap build */
		if (is_word(verb, "debug") || is_word(verb, "dap"))
			verb = command(c, w);
		return is_word(verb, "build") || is_word(verb, "b") ? CLIENT_BUILDX_BUILD
								    : CLIENT_NONE;
	}
	if (is_word(verb, "image") || is_word(verb, "builder"))
		verb = command(c, w);
	return is_word(verb, "build") ? CLIENT_DOCKER_BUILD : CLIENT_NONE;
}

static void build_words(struct client_cmd *c, struct words *w)
{
	bool only_words = false;
	const char *s;

	while ((s = word_next(w))) {
		if (only_words || !is_opt(s))
			c->context = s;
		else if (!strcmp(s, "--"))
			only_words = true;
		else if (!strncmp(s, "--", 2))
			long_opt(c, build_opts, s, w);
		else
			short_opts(c, build_opts, s, w);
	}
}

static bool is_remote(const char *s)
{
	static const char *const schemes[] = { "http://", "https://",	 "git://", "ssh://",
					       "git@",	  "github.com/", NULL };

	for (const char *const *p = schemes; *p; p++)
		if (!strncasecmp(s, *p, strlen(*p)))
			return true;
	return false;
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
	if (!strncmp(c->dockerfile, "./", 2) && c->dockerfile[2] && c->dockerfile[2] != '/')
		memmove(c->dockerfile, c->dockerfile + 2, strlen(c->dockerfile + 2) + 1);
}

bool client_parse(const char *argv, size_t len, bool cut, struct client_cmd *out)
{
	struct words w = { argv, argv + len };

	*out = (struct client_cmd){ .truncated = cut };
	out->kind = find_verb(out, &w);
	if (out->kind == CLIENT_NONE)
		return false;
	build_words(out, &w);
	/* The context is the last word: of a cut argv it cannot be known. */
	if (cut)
		out->context = NULL;
	find_dockerfile(out);
	return true;
}
