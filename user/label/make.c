/* SPDX-License-Identifier: GPL-2.0 */
/* Drivers of other tools: make, ninja, cmake and their like, with where and what they make. */
#include "label/internal.h"

/* -C DIR, -CDIR, --directory=DIR. NULL: where it was started */
static const char *directory(const struct command *c)
{
	struct words w = c->args;

	for (const char *s; (s = word_next(&w));) {
		if (!strcmp(s, "-C") || !strcmp(s, "--directory"))
			return word_next(&w);
		if (!strncmp(s, "-C", 2))
			return s + 2;
		if (!strncmp(s, "--directory=", 12))
			return s + 12;
	}
	return NULL;
}

/* A bare number follows -j only as its value. */
static bool is_number(const char *s)
{
	return *s && strspn(s, "0123456789.") == strlen(s);
}

static bool make_with(const struct command *c, struct label *ret, const char *const valued[])
{
	struct words w = c->args;
	const char *dir = directory(c);

	object_text(ret, c->name, strlen(c->name));
	if (dir && *dir) {
		object_add(ret, "-C");
		object_add(ret, dir);
		ret->flags &= (unsigned char)~LABEL_PLACE;
	}
	for (const char *s; (s = positional(&w, valued)) && !object_full(ret);)
		if (!strchr(s, '=') && !is_number(s))
			object_add(ret, s);
	return true;
}

/* make -s -j8 -C sub CC=gcc all: "make -C sub all" */
static bool make(const struct command *c, struct label *ret)
{
	static const char *const valued[] = { "-C", "--directory", "-f", "--file", "--makefile", "-I", "-o", "-W",
					      "--include-dir", "--old-file", "--what-if", "--eval", NULL };

	return make_with(c, ret, valued);
}

static bool ninja(const struct command *c, struct label *ret)
{
	static const char *const valued[] = { "-C", "-f", "-j", "-k", "-l", "-d", "-t", "-w", NULL };

	return make_with(c, ret, valued);
}

/* cmake --build DIR, cmake -S . -B build; its little helpers (-E, -P) are make's */
static bool cmake(const struct command *c, struct label *ret)
{
	const char *s = word_peek(&c->args);

	if (!s || !strcmp(s, "-E") || !strcmp(s, "-P") || option_value(c, "--check-build-system"))
		return false;
	return find_typed(c, ret);
}

const struct label_family label_make = FAMILY(
	{ "make/make", "make gmake remake bmake", LABEL_LEADS | LABEL_PLACE, make, LABEL_AS_TYPED },
	{ "make/ninja", "ninja ninja-build samu", LABEL_LEADS | LABEL_PLACE, ninja, LABEL_AS_TYPED },
	{ "make/cmake", "cmake", LABEL_LEADS | LABEL_PLACE, cmake, LABEL_AS_TYPED },
	{ "make/other", "meson scons bazel bazelisk buck2 waf xmake just task rake", LABEL_LEADS | LABEL_PLACE, find_typed,
	  LABEL_AS_TYPED },
);
