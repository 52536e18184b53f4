/* SPDX-License-Identifier: GPL-2.0 */
/* What several renderers say of a step in the same way; the one place that knows the Dockerfile's structs. */
#ifndef RENDER_STEP_H
#define RENDER_STEP_H

#include "model/model.h"

struct incident;

struct step_place {
	unsigned int index, total;   /* as its builder counts; 0: not known */
	unsigned int line, end_line; /* 0: not known */
	const char *stage;	     /* NULL: unnamed or not known */
	const char *instruction;     /* continuation lines joined; NULL: not known */
};
struct step_place step_place(const struct step *st);
struct step_place incident_place(const struct incident *i); /* of its step, or of a FROM */

/* "buildkit", "docker-legacy" …; NULL: no such kind */
const char *builder_name(enum builder_kind kind);
/* "ring", "kill_ring" … of an enum zt_lost_cause */
const char *lost_cause_name(unsigned int cause);

#define SOURCE_BYTES 1024 /* of one line of a Dockerfile, before escaping */
/* Line `number` (from 1) of text, without its end; NULL: there is no such line. */
const char *source_line(const char *text, size_t len, unsigned int number, size_t *line_len);
/* A tab's width depends on where it is: blanks instead. Bytes in dst. */
size_t expand_tabs(char *dst, size_t cap, const char *text, size_t len, size_t blanks);
/* What the step's first process was started with, words parted by blanks. Bytes in text. */
size_t join_argv(char *text, size_t cap, const struct step *st);

/* The least limit over it: its own, or one above it. ZT_NO_LIMIT: none known. *path: of one above it, else NULL */
zt_u64 step_limit(const struct model *m, const struct step *st, const char **path);
/* What it uses, and the most seen of it so far. 0: not known */
zt_u64 step_now(const struct step *st);
zt_u64 step_peak(const struct step *st);

#endif
