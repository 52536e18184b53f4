/* SPDX-License-Identifier: GPL-2.0 */
/* Lines of text for people, laid out in memory first, so that they can be counted before they are printed. */
#ifndef RENDER_SCREEN_H
#define RENDER_SCREEN_H

#include <stddef.h>

#include "base/out.h"

#define SCREEN_COLUMNS 80
#define SCREEN_LINES 96	     /* kept; more are counted only */
#define SCREEN_LINE_BYTES 2048 /* 80 columns of anything esc_term lets through */

enum style { STYLE_PLAIN, STYLE_ERROR, STYLE_NOTE, STYLE_GUTTER, STYLE_LABEL, STYLE_HELP, STYLE_BOLD, STYLE_DIM };

struct line {
	size_t head_bytes;
	enum style head, rest;
	char text[SCREEN_LINE_BYTES];
};

struct screen {
	unsigned int count; /* may pass SCREEN_LINES */
	struct line lines[SCREEN_LINES];
};

/* A head ("help: ", "   = limit:  ", ours) followed by hostile text, wrapped under itself. */
struct para {
	const char *head;
	enum style head_style, style;
	const char *text;
	size_t len;	    /* 0: strlen(text) */
	size_t indent;	    /* of the lines after the first, columns */
	unsigned int lines; /* at most, "…" ends the last; at least 1 */
};

void screen_para(struct screen *s, const struct para *p);
/*
 * A shell command to copy, never shortened: lines that are too long end in a backslash where the shell takes them as
 * one again. false, and nothing printed: it needs more than max_lines.
 */
bool screen_command(struct screen *s, const char *command, size_t indent, unsigned int max_lines);
void screen_blank(struct screen *s);
void screen_print(const struct screen *s, struct out *o);

#endif
