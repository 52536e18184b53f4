/* SPDX-License-Identifier: GPL-2.0 */
/* Command lines of docker-compose 1.29, docker compose 2.x … 5.x (cmd/compose), docker buildx bake (commands/bake.go). */
#include "builder/compose_cmd.h"

#include <string.h>

#include "base/remote.h"
#include "builder/argvwords.h"

/* Options that take a value; all others are switches. */
static const char *const docker_values[] = { "--config", "--context", "-c", "--host", "-H", "--log-level", "-l",
					     "--tlscacert", "--tlscert", "--tlskey", "--builder", NULL };
static const char *const compose_values[] = { "--ansi", "--parallel", "--progress", "--project-name", "-p",
					      "--workdir", "--host", "-H", "--context", "-c", "--log-level",
					      "--tlscacert", "--tlscert", "--tlskey", NULL };
static const char *const build_values[] = { "--builder", "--memory", "-m", "--progress", "--provenance",
					    "--sbom", "--ssh", NULL };
static const char *const bake_values[] = { "--allow", "--builder", "--call", "--list", "--metadata-file", "--progress",
					   "--provenance", "--sbom", NULL };

static bool is_word(const char *s, const char *lit)
{
	return s && !strcmp(s, lit);
}

/* --name v, --name=v, -n v, -nv; *value: NULL unless it is that option */
static bool takes(const char *word, const char *name, struct words *w, const char **value)
{
	size_t n = strlen(name);

	*value = NULL;
	if (!strcmp(word, name)) {
		*value = word_next(w);
		return true;
	}
	if (strncmp(word, name, n))
		return false;
	if (word[n] == '=')
		*value = word + n + 1;
	else if (n == 2 && name[1] != '-')
		*value = word + n;
	return *value;
}

static void skip_value(const char *word, const char *const values[], struct words *w)
{
	if (one_of(word, values))
		word_next(w);
}

static void add(const char **list, unsigned int *n, unsigned int max, const char *s)
{
	if (s && *n < max)
		list[(*n)++] = s;
}

/* Options of bake that change what its files say */
static bool bake_option(struct compose_cmd *c, const char *word, struct words *w)
{
	const char *v;

	if (takes(word, "--set", w, &v))
		add(c->sets, &c->nsets, COMPOSE_SETS_MAX, v);
	else if (takes(word, "--var", w, &v))
		add(c->vars, &c->nvars, COMPOSE_SETS_MAX, v);
	else
		return false;
	return true;
}

/* Options of compose itself or of bake that say what is built. */
static bool project_option(struct compose_cmd *c, const char *word, struct words *w)
{
	const char *v;

	if (takes(word, "-f", w, &v) || takes(word, "--file", w, &v)) {
		if (v && c->kind == COMPOSE_BAKE && !strncmp(v, "cwd://", strlen("cwd://")))
			v += strlen("cwd://"); /* beside a remote definition, one from here */
		add(c->files, &c->nfiles, COMPOSE_FILES_MAX, v);
		return true;
	}
	if (c->kind == COMPOSE_BAKE)
		return bake_option(c, word, w);
	if (takes(word, "--project-directory", w, &v) || takes(word, "--workdir", w, &v)) {
		c->project_dir = v;
		return true;
	}
	if (takes(word, "--env-file", w, &v)) {
		add(c->env_files, &c->nenv_files, COMPOSE_FILES_MAX, v);
		return true;
	}
	if (takes(word, "--profile", w, &v)) {
		add(c->profiles, &c->nprofiles, COMPOSE_PROFILES_MAX, v);
		return true;
	}
	return false;
}

/* The first word that is no option. */
static const char *verb(struct compose_cmd *c, const char *const values[], struct words *w)
{
	const char *s;

	while ((s = word_next(w)) && s[0] == '-')
		if (c->kind == COMPOSE_NONE || !project_option(c, s, w))
			skip_value(s, values, w);
	return s;
}

static void names(struct compose_cmd *c, const char *const values[], struct words *w)
{
	const char *s, *arg;

	while ((s = word_next(w)))
		if (s[0] != '-' && c->kind == COMPOSE_BAKE && !c->nnames && !c->remote && is_remote(s))
			c->remote = s;
		else if (s[0] != '-')
			add(c->names, &c->nnames, COMPOSE_NAMES_MAX, s);
		else if (c->kind != COMPOSE_BAKE && takes(s, "--build-arg", w, &arg))
			add(c->args, &c->nargs, COMPOSE_SETS_MAX, arg);
		else if (c->kind != COMPOSE_BAKE || !project_option(c, s, w))
			skip_value(s, values, w);
}

/* up, create, run and watch build what the services that they name depend on, too: there all may be built. */
static bool compose(struct compose_cmd *c, struct words *w)
{
	static const char *const build_too[] = { "up", "create", "run", "watch", NULL };
	const char *v = verb(c, compose_values, w);

	if (is_word(v, "compose")) /* the plugin as docker starts it */
		v = verb(c, compose_values, w);
	if (is_word(v, "build"))
		names(c, build_values, w);
	return v && (is_word(v, "build") || one_of(v, build_too));
}

static bool bake(struct compose_cmd *c, struct words *w)
{
	c->kind = COMPOSE_BAKE;
	names(c, bake_values, w);
	return true;
}

static bool buildx(struct compose_cmd *c, struct words *w)
{
	const char *v = verb(c, docker_values, w);

	if (is_word(v, "buildx"))
		v = verb(c, docker_values, w);
	return is_word(v, "bake") || is_word(v, "f") ? bake(c, w) : false;
}

static bool docker(struct compose_cmd *c, struct words *w)
{
	const char *v = verb(c, docker_values, w);

	if (is_word(v, "buildx"))
		return buildx(c, w);
	if (!is_word(v, "compose"))
		return false;
	c->kind = COMPOSE_PLUGIN;
	return compose(c, w);
}

bool compose_cmd_parse(const char *argv, size_t len, struct compose_cmd *out)
{
	struct words w = { argv, argv + len };
	const char *name = word_next(&w);
	bool python, ok = false;

	*out = (struct compose_cmd){ 0 };
	if (!name)
		return false;
	python = !strncmp(base_name(name), "python", 6);
	if (python)
		name = word_next(&w);
	if (!name)
		return false;
	name = base_name(name);
	if (is_word(name, "docker-compose")) {
		out->kind = python ? COMPOSE_V1 : COMPOSE_PLUGIN;
		ok = compose(out, &w);
	} else if (!python && is_word(name, "docker-buildx")) {
		ok = buildx(out, &w);
	} else if (!python && is_word(name, "docker")) {
		ok = docker(out, &w);
	}
	if (!ok)
		out->kind = COMPOSE_NONE;
	return ok;
}
