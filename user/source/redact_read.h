/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How redact.c reads: raw bytes with continuation lines (backslash, newline, comment lines) taken
 * out, then JSON escapes of an exec form, then backslashes of double quotes, once per nesting.
 * Rules see what the program would see; what they mask is cut out of the raw bytes.
 */
#ifndef SOURCE_REDACT_READ_H
#define SOURCE_REDACT_READ_H

#include <stdbool.h>
#include <stddef.h>

#include "source/redact_rule.h"

#define DEPTH_MAX 4

enum layer { LAYER_PLAIN, LAYER_JSON, LAYER_DQUOTE };

/* The text: bytes before wr are done, those from rd on untouched; wr <= rd. */
struct red {
	char *t;
	size_t rd, wr;
	bool changed;
};

/* A character: c < 0 at the end; raw bytes [at, end); bytes: its length once layers up to JSON are
 * off */
struct chr {
	int c;
	unsigned int bytes;
	size_t at, end;
};

/* A range of the text and how it is wrapped. */
struct scan {
	struct red *r;
	size_t end;
	unsigned int depth, base; /* layers in use; those that a program's argv does not have */
	unsigned char layer[DEPTH_MAX];
	bool ops; /* shell operators end words */
};

/* A walk along one word. q: the open quote. flat: an argv element, nothing in it is a delimiter. */
struct walk {
	size_t pos;
	int q;
	bool flat;
};

enum step { STEP_CHAR, STEP_QUOTE, STEP_END };

static inline bool is_blank(int c)
{
	return c == ' ' || c == '\t' || c == '\r';
}
bool is_op(int c); /* one of the shell's ; | & < > ( ) ` */
static inline bool is_name(int c)
{
	return is_alnum_ascii(c) || c == '_' || c == '-' || c == '.';
}

struct chr red_get(const struct scan *s, size_t pos);
/* The word's next character; *c is also set at its end. */
enum step red_step(const struct scan *s, struct walk *w, struct chr *c);
/* Copy up to `to` as it is. */
void red_copy(struct red *r, size_t to);
/* Stars for [from, to), continuation lines kept where they are. */
void red_mask(const struct scan *s, size_t from, size_t to);

#endif
