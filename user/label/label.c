/* SPDX-License-Identifier: GPL-2.0 */
/* The recognisers in their order, and their labels in words. */
#include <stdio.h>

#include "base/i18n.h"
#include "label/internal.h"

const struct label_family *const label_families[] = {
	&label_c, &label_rust, &label_go, &label_js, &label_jvm, &label_py, &label_make, &label_misc, NULL,
};

/* %s: a path, name or command, as it is */
static const char *const phrases[LABEL_VERBS] = {
	[LABEL_AS_TYPED] = "%s",
	[LABEL_COMPILE] = N_("compiling %s"),
	[LABEL_ASSEMBLE] = N_("assembling %s"),
	[LABEL_LINK] = N_("linking %s"),
	[LABEL_LTO] = N_("optimizing %s at link time"),
	[LABEL_ARCHIVE] = N_("archiving %s"),
	[LABEL_CRATE] = N_("compiling crate %s"),
	[LABEL_BUILD_SCRIPT] = N_("build script of crate %s"),
	[LABEL_PACKAGE] = N_("compiling package %s"),
	[LABEL_CGO] = N_("cgo for package %s"),
	[LABEL_MODULE] = N_("compiling module %s"),
	[LABEL_TEST] = N_("testing %s"),
	[LABEL_RUN] = N_("running %s"),
	[LABEL_WHEEL] = N_("building the wheel of %s"),
	[LABEL_A_WHEEL] = N_("building a wheel"),
	[LABEL_METADATA] = N_("preparing a package's metadata"),
	[LABEL_UNPACK] = N_("unpacking %s"),
	[LABEL_PACK] = N_("packing %s"),
	[LABEL_SET_UP] = N_("setting up %s"),
	[LABEL_CLONE] = N_("cloning %s"),
	[LABEL_GRADLE_DAEMON] = N_("Gradle daemon"),
	[LABEL_KOTLIN_DAEMON] = N_("Kotlin compile daemon"),
	[LABEL_COMPILE_SERVER] = N_("compile server"),
	[LABEL_INIT] = N_("init of the container"),
};

static bool is_named(const struct label_row *row, const struct command *c)
{
	return name_in(row->names, c->exact) || name_in(row->names, c->name) ||
	       (c->interp && !strcmp(c->interp, "java") && name_in(row->names, c->path));
}

static bool try_rows(const struct command *c, struct label *ret, const struct label_row **row)
{
	for (size_t f = 0; label_families[f]; f++)
		for (size_t i = 0; i < label_families[f]->n; i++) {
			const struct label_row *r = &label_families[f]->rows[i];

			if (!is_named(r, c))
				continue;
			*ret = (struct label){ .verb = (unsigned char)r->verb, .flags = r->flags };
			if (!r->find || r->find(c, ret)) {
				*row = r;
				return true;
			}
		}
	return false;
}

/* "x86_64-linux-gnu-g++-12", "aarch64-linux-musl-ld": what is before the last dash names the target. */
static bool without_target(struct command *c)
{
	const char *dash = strrchr(c->name, '-');

	if (!dash || !dash[1] || !strchr(c->name, '-') || strchr(c->name, '-') == dash)
		return false;
	memmove(c->name, dash + 1, strlen(dash + 1) + 1);
	return name_in("gcc g++ cc c++ clang clang++ gfortran cpp ld as ar", c->name);
}

/* Rows for "any script of that interpreter" are named after it, in brackets. */
static bool as_script(struct command *c)
{
	if (!c->script && !c->code)
		return false;
	snprintf(c->name, sizeof(c->name), "(%s)", c->interp);
	c->exact[0] = 0;
	return true;
}

bool label_find(const char *argv, size_t len, struct label *ret, const struct label_row **row)
{
	const struct label_row *found;
	struct command c;

	*ret = (struct label){ .verb = LABEL_NONE };
	while (len && argv[len - 1])
		len--;
	if (!len || !command_parse(argv, len, &c))
		return false;
	if (!row)
		row = &found;
	if (try_rows(&c, ret, row) || (without_target(&c) && try_rows(&c, ret, row)) ||
	    (as_script(&c) && try_rows(&c, ret, row)))
		return true;
	*ret = (struct label){ .verb = LABEL_NONE };
	return false;
}

size_t label_words(char *dst, size_t cap, enum label_verb verb, const char *object)
{
	const char *phrase = verb < LABEL_VERBS && phrases[verb] ? phrases[verb] : "";
	const char *hole;
	int n;

	if (verb != LABEL_AS_TYPED && *phrase)
		phrase = _(phrase);
	hole = strstr(phrase, "%s");
	n = hole ? snprintf(dst, cap, "%.*s%s%s", (int)(hole - phrase), phrase, object, hole + 2) :
		   snprintf(dst, cap, "%s", phrase);
	return n < 0 ? 0 : (size_t)n < cap ? (size_t)n : cap - 1;
}
