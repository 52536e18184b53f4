/* SPDX-License-Identifier: GPL-2.0 */
/* Where a line of shell says how many jobs run at once: options of build tools, variables that they read. */
#include <stdlib.h>
#include <string.h>

#include "diagnose/advice.h"

/* An option of a tool and how the number follows it. */
struct option {
	const char *name;
	bool glued;	  /* -j8 */
	bool alone;	  /* may stand without a number: no limit, or as many as CPUs */
	bool unlimited;	  /* … then it is no limit */
};

static const struct option make_opts[] = { { "-j", true, true, true }, { "--jobs", false, true, true }, { 0 } };
static const struct option j_opts[] = { { "-j", true, false, false }, { "--jobs", false, false, false }, { 0 } };
static const struct option cmake_opts[] = { { "-j", true, true, false }, { "--parallel", false, true, false }, { 0 } };
static const struct option gradle_opts[] = { { "--max-workers", false, false, false }, { 0 } };
static const struct option jest_opts[] = { { "--maxWorkers", false, false, false }, { "-w", false, false, false }, { 0 } };
static const struct option pytest_opts[] = { { "-n", true, false, false }, { "--numprocesses", false, false, false }, { 0 } };
static const struct option go_opts[] = { { "-p", false, false, false }, { 0 } };
static const struct option xargs_opts[] = { { "-P", true, false, false }, { "--max-procs", false, false, false }, { 0 } };

/*
 * What a tool does when nothing is said: insert NULL: one job, or what its own files say. after: the word behind which
 * the option is put, when not behind the tool itself.
 */
static const struct tool {
	const char *name;
	const struct option *opts;
	const char *insert;
	const char *after; /* " build test " */
} tools[] = {
	{ "make", make_opts, NULL, NULL },	  { "gmake", make_opts, NULL, NULL },
	{ "ninja", j_opts, " -j", NULL },	  { "ninja-build", j_opts, " -j", NULL },
	{ "samu", j_opts, " -j", NULL },	  { "scons", j_opts, NULL, NULL },
	{ "bazel", j_opts, NULL, NULL },	  { "ctest", j_opts, NULL, NULL },
	{ "meson", j_opts, NULL, NULL },	  { "node-gyp", j_opts, NULL, NULL },
	{ "rake", j_opts, NULL, NULL },		  { "parallel", j_opts, NULL, NULL },
	{ "cmake", cmake_opts, NULL, NULL },	  { "cargo", j_opts, " -j ", " build b test t install check bench run rustc clippy " },
	{ "gradle", gradle_opts, " --max-workers=", NULL }, { "gradlew", gradle_opts, " --max-workers=", NULL },
	{ "jest", jest_opts, " --maxWorkers=", NULL }, { "vitest", jest_opts, NULL, NULL },
	{ "pytest", pytest_opts, NULL, NULL },	  { "py.test", pytest_opts, NULL, NULL },
	{ "go", go_opts, " -p ", " build test install vet " }, { "xargs", xargs_opts, NULL, NULL },
};

/* Variables that tools read, wherever they are set; prefix: what stands before the number in the value. */
static const struct variable {
	const char *name, *prefix;
} variables[] = {
	{ "MAKEFLAGS", "-j" },		 { "NINJAFLAGS", "-j" },	   { "NINJA_FLAGS", "-j" },
	{ "CMAKE_BUILD_PARALLEL_LEVEL", "" }, { "CARGO_BUILD_JOBS", "" },  { "CTEST_PARALLEL_LEVEL", "" },
	{ "npm_config_jobs", "" },	 { "NPM_CONFIG_JOBS", "" },	   { "MAX_JOBS", "" },
	{ "MAKE_JOBS", "" },		 { "JOBS", "" },		   { "GOFLAGS", "-p=" },
	{ "ORG_GRADLE_PROJECT_maxWorkers", "" }, { "PYTEST_XDIST_AUTO_NUM_WORKERS", "" },
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct word {
	size_t at, len;
	bool starts; /* a command starts here, as far as a glance tells */
};

/* Length of $(…), ${…}, `…` or $name at p; 0: none starts there. */
static size_t expansion(const char *p, size_t len)
{
	size_t n = 0, depth = 0;

	if (*p == '`') {
		const char *end = len > 1 ? memchr(p + 1, '`', len - 1) : NULL;

		return end ? (size_t)(end - p) + 1 : 0;
	}
	if (*p != '$' || len < 2)
		return 0;
	if (p[1] != '(' && p[1] != '{') {
		for (n = 1; n < len && (p[n] == '_' || (p[n] >= '0' && p[n] <= '9') || (p[n] >= 'a' && p[n] <= 'z') ||
					(p[n] >= 'A' && p[n] <= 'Z')); n++)
			;
		return n > 1 ? n : 0;
	}
	for (n = 1; n < len; n++) {
		depth += p[n] == '(' || p[n] == '{';
		depth -= p[n] == ')' || p[n] == '}';
		if (!depth)
			return n + 1;
	}
	return 0;
}

/* The next word from *at on: blanks, quotes, commas and brackets part words (RUN ["make","-j8"]), ; & | ( commands. */
static bool next_word(const char *s, size_t len, size_t *at, struct word *w)
{
	bool starts = *at == 0;
	size_t n;

	while (*at < len && strchr(" \t\"',[]{};&|()\\", s[*at])) {
		starts |= !!strchr(";&|({", s[*at]);
		++*at;
	}
	w->at = *at;
	w->starts = starts;
	while (*at < len && !strchr(" \t\"',[]{};&|()\\", s[*at])) {
		n = expansion(s + *at, len - *at);
		*at += n ? n : 1;
	}
	w->len = *at - w->at;
	return w->len;
}

static bool word_is(const char *s, const struct word *w, const char *name)
{
	return w->len == strlen(name) && !memcmp(s + w->at, name, w->len);
}

static const struct tool *tool_of(const char *s, const struct word *w)
{
	struct word base = *w;

	for (size_t n = 0; n < w->len; n++)
		if (s[w->at + n] == '/') {
			base.at = w->at + n + 1;
			base.len = w->len - n - 1;
		}
	for (size_t n = 0; n < COUNT(tools); n++)
		if (word_is(s, &base, tools[n].name))
			return &tools[n];
	return NULL;
}

/* A number, or words that stand for the CPUs; what else follows is not the option's. false: it is none */
static bool number_at(const char *s, size_t len, unsigned long *now)
{
	char *end, digits[16];

	*now = 0;
	if (!len)
		return false;
	if (*s == '$' || *s == '`')
		return expansion(s, len) == len;
	if ((len == 4 && !memcmp(s, "auto", 4)) || (len == 3 && !memcmp(s, "max", 3)) ||
	    (len == 7 && !memcmp(s, "logical", 7)))
		return true;
	if (len >= sizeof(digits))
		return false;
	memcpy(digits, s, len);
	digits[len] = 0;
	*now = strtoul(digits, &end, 10);
	return *digits >= '0' && *digits <= '9' && (!*end || !strcmp(end, "%"));
}

static bool found(struct jobs_at *ret, size_t at, size_t len, const char *before)
{
	ret->at = at;
	ret->len = len;
	ret->before = before;
	ret->after = "";
	return true;
}

/* Is this word one of the tool's options, with its number here or in the next word? */
static bool option_at(const char *s, size_t len, const struct tool *t, const struct word *w, struct jobs_at *ret)
{
	for (const struct option *o = t->opts; o->name; o++) {
		size_t n = strlen(o->name), at = w->at + w->len;
		struct word next;

		if (w->len < n || memcmp(s + w->at, o->name, n))
			continue;
		if (w->len > n + 1 && s[w->at + n] == '=' && number_at(s + w->at + n + 1, w->len - n - 1, &ret->now))
			return found(ret, w->at + n + 1, w->len - n - 1, "");
		if (o->glued && w->len > n && number_at(s + w->at + n, w->len - n, &ret->now))
			return found(ret, w->at + n, w->len - n, "");
		if (w->len > n)
			continue;
		if (next_word(s, len, &at, &next) && !next.starts && number_at(s + next.at, next.len, &ret->now))
			return found(ret, next.at, next.len, "");
		if (!o->alone)
			continue;
		ret->unlimited = o->unlimited;
		return found(ret, w->at + w->len, 0, o->glued ? "" : " ");
	}
	return false;
}

/* NAME=VALUE, or NAME VALUE as ENV allows it */
static bool variable_at(const char *s, size_t len, const struct word *w, struct jobs_at *ret)
{
	for (size_t n = 0; n < COUNT(variables); n++) {
		size_t name = strlen(variables[n].name), at = w->at + w->len, pre = strlen(variables[n].prefix);
		struct word v = *w;

		if (w->len < name || memcmp(s + w->at, variables[n].name, name))
			continue;
		if (w->len > name && s[w->at + name] != '=')
			continue;
		v.at += name + 1;
		v.len = w->len > name ? w->len - name - 1 : 0;
		if (!v.len && !next_word(s, len, &at, &v)) /* MAKEFLAGS="-j8": the quote parts them */
			continue;
		ret->tool = variables[n].name;
		if (v.len > pre && !memcmp(s + v.at, variables[n].prefix, pre) &&
		    number_at(s + v.at + pre, v.len - pre, &ret->now))
			return found(ret, v.at + pre, v.len - pre, "");
		if (v.len == 2 && pre == 2 && !memcmp(s + v.at, "-j", 2)) {
			ret->unlimited = true;
			return found(ret, v.at + 2, 0, "");
		}
	}
	return false;
}

/* Nothing is said: where it could be, for tools that then take all CPUs. */
static bool insertion(const char *s, size_t len, const struct tool *t, const struct word *w, struct jobs_at *ret)
{
	size_t at = w->at + w->len, from = at;
	struct word next;

	if (!t->insert)
		return false;
	while (t->after) {
		char key[24];

		if (!next_word(s, len, &at, &next) || next.starts)
			return false;
		if (next.len + 3 > sizeof(key))
			return false;
		key[0] = ' ';
		memcpy(key + 1, s + next.at, next.len);
		memcpy(key + 1 + next.len, " ", 2);
		from = next.at + next.len;
		if (strstr(t->after, key))
			break;
		if (s[next.at] != '+' && s[next.at] != '-')
			return false;
	}
	return found(ret, from, 0, t->insert);
}

bool jobs_find(const char *s, size_t len, struct jobs_at *ret)
{
	const struct tool *tool = NULL;
	struct word w, tool_word = { 0 };
	struct jobs_at later = { 0 };
	size_t at = 0;

	*ret = (struct jobs_at){ 0 };
	while (next_word(s, len, &at, &w)) {
		if (variable_at(s, len, &w, ret))
			return true;
		if (w.starts)
			tool = NULL;
		if (!tool) {
			tool = tool_of(s, &w);
			tool_word = w;
			if (tool && !later.tool && insertion(s, len, tool, &tool_word, &later))
				later.tool = tool->name;
			continue;
		}
		ret->tool = tool->name;
		if (option_at(s, len, tool, &w, ret))
			return true;
	}
	*ret = later;
	return later.tool;
}
