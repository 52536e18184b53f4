/* SPDX-License-Identifier: GPL-2.0 */
/* Go: the tools below `go build`, and go itself. */
#include "label/internal.h"

/* "compile" and "link" are anybody's names */
static bool is_tool(const struct command *c)
{
	return strstr(c->path, "/pkg/tool/") != NULL;
}

static bool package(const struct command *c, struct label *ret)
{
	const char *s = is_tool(c) ? option_value(c, "-p") : NULL;

	if (!s || !*s)
		return false;
	object_path(ret, s);
	return true;
}

static bool cgo(const struct command *c, struct label *ret)
{
	const char *s = is_tool(c) ? option_value(c, "-importpath") : NULL;

	if (!s || !*s)
		return false;
	object_path(ret, s);
	return true;
}

/* go links into a temporary a.out and moves that: the name is in `go build`'s words only. */
static bool link(const struct command *c, struct label *ret)
{
	const char *s = is_tool(c) ? option_value(c, "-o") : NULL;

	if (!s || !*s)
		return false;
	object_path(ret, ends_with(s, "/exe/a.out") ? base_name(s) : s);
	return true;
}

static bool go(const struct command *c, struct label *ret)
{
	struct words w = c->args;

	return word_peek(&w) && find_typed(c, ret);
}

const struct label_family label_go = FAMILY(
	{ "go/compile", "compile asm", 0, package, LABEL_PACKAGE },
	{ "go/cgo", "cgo", 0, cgo, LABEL_CGO },
	{ "go/link", "link", LABEL_LEADS, link, LABEL_LINK },
	{ "go/go", "go garble ko tinygo", LABEL_LEADS | LABEL_PLACE, go, LABEL_AS_TYPED },
);
