/* SPDX-License-Identifier: GPL-2.0 */
/* Which program an argv really runs: looks through ccache and interpreters. */
#include <ctype.h>
#include <stdio.h>

#include "label/internal.h"

bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n > m && !strcmp(s + n - m, end);
}

bool name_in(const char *list, const char *name)
{
	size_t len = strlen(name);

	while (*list && len) {
		size_t n = strcspn(list, " ");

		if (n == len && !strncmp(list, name, n))
			return true;
		if (*list == '.' && n < len && !strncmp(list, name + len - n, n))
			return true;
		list += n;
		list += strspn(list, " ");
	}
	return false;
}

/* "g++-12", "python3.11", "webpack.js", "yarn-3.6.1.cjs": the name people know it by. */
static void set_names(struct command *c)
{
	static const char *const suffixes[] = { ".js", ".cjs", ".mjs", ".py", ".pl", ".rb", ".phar", ".exe", ".jar" };
	size_t n = strcspn(c->path, " "); /* npm writes all of "npm run build" over its first word */
	const char *base = c->path + n;

	while (base > c->path && base[-1] != '/')
		base--;
	n -= (size_t)(base - c->path);
	if (*base == '-' && n) { /* a login shell */
		base++;
		n--;
	}
	snprintf(c->exact, sizeof(c->exact), "%.*s", n < sizeof(c->exact) ? (int)n : (int)sizeof(c->exact) - 1, base);
	memcpy(c->name, c->exact, sizeof(c->name));
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (ends_with(c->name, suffixes[i]))
			c->name[strlen(c->name) - strlen(suffixes[i])] = 0;
	n = strlen(c->name);
	while (n && (isdigit((unsigned char)c->name[n - 1]) || c->name[n - 1] == '.'))
		n--;
	if (n > 1 && c->name[n - 1] == '-')
		n--;
	if (n)
		c->name[n] = 0;
}

/* The value of a short option that may stick to it ("-jN") or follow. */
static bool takes_next(const char *word, const char *const valued[])
{
	for (; *valued; valued++)
		if (!strcmp(word, *valued))
			return true;
	return false;
}

const char *positional(struct words *w, const char *const valued[])
{
	for (const char *s; (s = word_next(w));) {
		if (*s == '-' && s[1]) {
			if (takes_next(s, valued))
				word_next(w);
		} else if (*s) {
			return s;
		}
	}
	return NULL;
}

const char *option_value(const struct command *c, const char *opt)
{
	struct words w = c->args;
	size_t n = strlen(opt);

	for (const char *s; (s = word_next(&w));) {
		if (!strcmp(s, opt))
			return word_next(&w);
		if (!strncmp(s, opt, n) && s[n] == '=')
			return s + n + 1;
	}
	return NULL;
}

struct interp {
	const char *names, *name;
	const char *code;		/* options that are followed by program text */
	const char *const *valued;	/* options with a value of their own */
};

static const char *const no_values[] = { NULL };
static const char *const python_values[] = { "-W", "-X", "--check-hash-based-pycs", NULL };
static const char *const node_values[] = { "-r", "--require", "--import", "--loader", "--experimental-loader", "-C",
					   "--conditions", "--env-file", "--icu-data-dir", NULL };
static const char *const shell_values[] = { "-o", "-O", "+o", "+O", "--rcfile", "--init-file", NULL };
static const char *const ruby_values[] = { "-I", "-r", "-C", NULL };
static const char *const php_values[] = { "-d", "-c", "-z", NULL };

static const struct interp interps[] = {
	{ "python pypy", "python", "-c", python_values },
	{ "node nodejs bun deno", "node", "-e -p --eval --print", node_values },
	{ "sh bash dash ash ksh zsh", "sh", "-c", shell_values },
	{ "ruby jruby", "ruby", "-e", ruby_values },
	{ "perl", "perl", "-e -E", no_values },
	{ "php php-cli", "php", "-r", php_values },
};

static bool same_path(struct command *c, const char *path)
{
	c->path = path;
	set_names(c);
	return *c->name;
}

/* "bash -ec TEXT", "sh -lc TEXT": letters run together, c among them. */
static bool is_code_option(const struct interp *in, const char *s)
{
	if (name_in(in->code, s))
		return true;
	if (in->valued != shell_values || *s != '-' || s[1] == '-')
		return false;
	return strspn(s + 1, "abcefhiklmnpruvxBCEHPT") == strlen(s + 1) && strchr(s, 'c');
}

static void through_interp(const struct interp *in, struct command *c)
{
	for (const char *s; (s = word_next(&c->args));) {
		if (is_code_option(in, s)) {
			/* sh -c -e TEXT is legal, and of bash's "-o pipefail -c" the rest came before */
			while ((s = word_next(&c->args)) && in->valued == shell_values && *s == '-' && s[1])
				;
			c->code = s;
			return;
		}
		if (in->valued == python_values && !strcmp(s, "-m")) {
			s = word_next(&c->args);
			if (s && same_path(c, s))
				c->script = c->module = true;
			return;
		}
		if ((*s == '-' || *s == '+') && s[1]) {
			if (takes_next(s, in->valued))
				word_next(&c->args);
			continue;
		}
		if (*s && *s != '-')
			c->script = same_path(c, s);
		return;
	}
}

static const char *const java_values[] = { "-cp", "-classpath", "--class-path", "-p", "--module-path", "--add-modules",
					   "--add-opens", "--add-exports", "--add-reads", "--patch-module",
					   "--upgrade-module-path", "--limit-modules", NULL };

static void through_java(struct command *c)
{
	const char *s;

	while ((s = word_next(&c->args))) {
		if (!strcmp(s, "-jar")) {
			s = word_next(&c->args);
			c->jar = s;
			break;
		}
		if (!strcmp(s, "-m") || !strcmp(s, "--module")) {
			s = word_next(&c->args);
			break;
		}
		if (*s == '@' || !*s)
			continue;
		if (*s != '-')
			break;
		if (takes_next(s, java_values))
			word_next(&c->args);
	}
	if (s && *s)
		c->script = same_path(c, s);
}

static bool is_wrapper(const char *name)
{
	return name_in("ccache sccache distcc icecc busybox", name);
}

bool command_parse(const char *argv, size_t len, struct command *c)
{
	const char *s;

	memset(c, 0, sizeof(*c));
	c->whole = c->args = (struct words){ argv, argv + len };
	s = word_next(&c->args);
	if (!s || !*s || !same_path(c, s))
		return false;
	s = word_peek(&c->args);
	if (is_wrapper(c->name) && s && *s && *s != '-' && same_path(c, s))
		word_next(&c->args);
	for (size_t i = 0; i < sizeof(interps) / sizeof(interps[0]); i++)
		if (name_in(interps[i].names, c->name)) {
			c->interp = interps[i].name;
			through_interp(&interps[i], c);
			return true;
		}
	if (!strcmp(c->name, "java") || !strcmp(c->exact, "java")) {
		c->interp = "java";
		through_java(c);
	}
	return true;
}
