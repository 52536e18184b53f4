/* SPDX-License-Identifier: GPL-2.0 */
/* What the families of recognisers share. */
#ifndef LABEL_INTERNAL_H
#define LABEL_INTERNAL_H

#include "builder/argvwords.h"
#include "label/label.h"

#define NAME_MAX_BYTES 80

/* A process's argv, with wrappers and interpreters looked through. Pointers go into argv. */
struct command {
	const char *path;   /* the program or script as started; a java class; a python module */
	const char *interp; /* "python", "node", "sh", "java" … that runs it; NULL: none */
	const char *code;   /* program text given on the command line (-c, -e); NULL: none */
	const char *jar;    /* java -jar; NULL: none */
	bool script;	    /* path is something that interp runs */
	bool module;	    /* and a module's name (python -m) */
	char exact[NAME_MAX_BYTES]; /* path without its folders */
	char name[NAME_MAX_BYTES];  /* and without version and script suffix: "gcc", "python", "vite" */
	struct words args;  /* the words after it */
	struct words whole; /* all of argv */
};

struct label_row {
	const char *family; /* for tests and bug reports */
	const char *names;  /* blank-separated; ".x" means names that end so */
	unsigned char flags;
	/* The object and, where it differs, another verb into *ret, which holds the row's verb already. false: not so */
	bool (*find)(const struct command *c, struct label *ret);
	enum label_verb verb;
};

struct label_family {
	const struct label_row *rows;
	size_t n;
};

extern const struct label_family label_c, label_rust, label_go, label_js, label_jvm, label_py, label_make, label_misc;
extern const struct label_family *const label_families[]; /* NULL-ended; in the order they are asked */

/* command.c: false: there is no program in it */
bool command_parse(const char *argv, size_t len, struct command *c);
/* Is it one of those of a row? */
bool name_in(const char *list, const char *name);

/* What stands for a name's value: the word after option `opt`, or "opt=…"; NULL: not there. */
const char *option_value(const struct command *c, const char *opt);
/* First word that is neither an option nor the value of one in `valued` (NULL-ended). NULL: none */
const char *positional(struct words *w, const char *const valued[]);
bool ends_with(const char *s, const char *end);

/* Fill the object: paths keep their end, commands their beginning; runs of blanks and controls become one blank. */
void object_path(struct label *l, const char *path);
void object_text(struct label *l, const char *text, size_t len);
void object_add(struct label *l, const char *word); /* parted by a blank */
bool object_full(const struct label *l);

/* The command as typed: name, then its words; of a row that says no more. */
bool find_typed(const struct command *c, struct label *ret);
/* By the name that people type, without options: "mvn package". */
bool find_named(struct label *ret, const char *name, struct words w, const char *const valued[]);

#define FAMILY(...) { (const struct label_row[]){ __VA_ARGS__ }, \
		      sizeof((const struct label_row[]){ __VA_ARGS__ }) / sizeof(struct label_row) }

#endif
