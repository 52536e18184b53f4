/* SPDX-License-Identifier: GPL-2.0 */
/* Command lines of BuildKit's own client, buildctl: moby/buildkit cmd/buildctl/{main,build}.go v0.12 … v0.32. */
#include <stdio.h>

#include "builder/clientopts.h"

/* Everything else takes a value; urfave/cli takes one dash for two. */
static bool is_switch(const char *name)
{
	static const char *const switches[] = { "debug", "wait", "no-cache", "proxy-network", "help", "h", "version", "v", NULL };

	return one_of(name, switches);
}

/* Of "--opt K=V": what the Dockerfile frontend takes (frontend/dockerui/config.go). */
static void frontend_opt(struct client_cmd *c, const char *v, const char **filename)
{
	static const char arg[] = "build-arg:";

	if (!strncmp(v, arg, sizeof(arg) - 1))
		client_build_arg(c, v + sizeof(arg) - 1);
	else if (!strncmp(v, "filename=", 9))
		*filename = v + 9;
	else if (!strncmp(v, "target=", 7))
		c->target = v + 7;
	else if (!strncmp(v, "platform=", 9))
		c->platform = v + 9;
	else if (!strncmp(v, "context=", 8))
		c->remote = true; /* a URL, or another frontend's input */
}

struct given {
	const char *frontend, *dir, *filename;
};

static void set(struct client_cmd *c, struct given *g, const char *name, const char *v)
{
	if (is_word(name, "opt"))
		frontend_opt(c, v, &g->filename);
	else if (is_word(name, "frontend"))
		g->frontend = v;
	else if (is_word(name, "local") && !strncmp(v, "context=", 8))
		c->context = v + 8;
	else if (is_word(name, "local") && !strncmp(v, "dockerfile=", 11))
		g->dir = v + 11;
	else if (is_word(name, "addr"))
		c->host = v;
	else if (is_word(name, "progress"))
		c->progress = v;
}

/* One option; words that are none are passed over. */
static void take(struct client_cmd *c, struct given *g, const char *word, struct words *w)
{
	char name[32];
	const char *eq, *v;

	word += strspn(word, "-");
	eq = strchr(word, '=');
	snprintf(name, sizeof(name), "%.*s", eq ? (int)(eq - word) : (int)strlen(word), word);
	if (is_word(name, "no-cache"))
		c->no_cache = true;
	if (is_switch(name))
		return;
	v = eq ? eq + 1 : word_next(w);
	if (v)
		set(c, g, name, v);
}

bool client_buildctl(struct client_cmd *c, struct words *w)
{
	const char *arg0 = word_next(w), *s;
	struct given g = { 0 };
	int n;

	if (!arg0 || !is_word(base_name(arg0), "buildctl"))
		return false;
	while ((s = word_next(w)) && *s == '-')
		take(c, &g, s, w);
	if (!is_word(s, "build") && !is_word(s, "b"))
		return false;
	while ((s = word_next(w)))
		if (*s == '-')
			take(c, &g, s, w);
	c->kind = CLIENT_BUILDCTL;
	/* another frontend, or a graph on stdin: there is no Dockerfile to be read */
	if (!g.frontend || (strcmp(g.frontend, "dockerfile.v0") && strcmp(g.frontend, "gateway.v0")) || !g.dir || c->remote) {
		c->remote = true;
		return true;
	}
	n = snprintf(c->dockerfile, sizeof(c->dockerfile), "%s/%s", g.dir, g.filename ? g.filename : "Dockerfile");
	if (n < 0 || (size_t)n >= sizeof(c->dockerfile))
		c->dockerfile[0] = 0;
	return true;
}
