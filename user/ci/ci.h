/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whose job a process works for, told by the few environment variables that each CI gives to its jobs, or by its runner's
 * command line. Pure: names of variables out, values in. One CI a file, in the table of ci.c.
 */
#ifndef CI_CI_H
#define CI_CI_H

#include "model/model.h"

struct ci {
	const char *name, *title;	/* as in reports: "github", "GitHub Actions" */
	const char *const *env;		/* what it needs to see of an environment; NULL-terminated */
	bool (*here)(const struct ci_vars *e);
	void (*job)(const struct ci_vars *e, struct ci_job *ret); /* fills what it knows */
	/* Is that the agent that runs its jobs? argv[len] is a NUL. NULL: it has none that one could tell */
	bool (*runner)(const char *argv, size_t len);
};

/* NULL: not set, or set to nothing */
const char *ci_get(const struct ci_vars *e, const char *name);
bool ci_is(const struct ci_vars *e, const char *name, const char *value);
/* Formatted into a field of a job, cut to fit between characters */
__attribute__((format(printf, 3, 4))) void ci_put(char *buf, size_t size, const char *fmt, ...);
#define CI_PUT(field, ...) ci_put(field, sizeof(field), __VA_ARGS__)
/* Is the program so called, wherever it lies? */
bool ci_runs(const char *argv, size_t len, const char *const names[]);
bool ci_has_word(const char *argv, size_t len, const char *suffix); /* does an argument end so? */

extern const struct ci *const ci_table[]; /* NULL-terminated */
const struct ci *ci_find(const char *name);			  /* NULL: none is called so */
/* Whose environment that is; runner: whose agent is above it, NULL: nobody's. false: nobody's */
bool ci_recognise(const struct ci_vars *e, const struct ci *runner, struct ci_job *ret);
const struct ci *ci_of_runner(const char *argv, size_t len);	  /* NULL: nobody's */
/* All names there are, each once, NUL-separated, an empty one at the end. false: they do not fit */
bool ci_names(char *buf, size_t size);

#endif
