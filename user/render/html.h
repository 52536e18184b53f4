/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The parts of -f html. The page has no script and asks for nothing; without its style sheet (which Jenkins' content
 * policy drops) it is still right: what is drawn has its colours and sizes as attributes.
 */
#ifndef RENDER_HTML_H
#define RENDER_HTML_H

#include <stdio.h>

#include "diagnose/report.h"

/* Of a page that must open in a browser, whatever was traced */
#define HTML_INCIDENTS 100
#define HTML_STEPS 400
#define HTML_PROCS 60

/* open, hostile text made safe, close; nothing where text is NULL. open and close are ours. */
void html_put(FILE *f, const char *open, const char *text, const char *close);
void html_bytes(FILE *f, const char *open, zt_u64 bytes, const char *close);
/* A command to copy, whole or not at all. */
void html_command(FILE *f, const char *command);
/* The same of a format */
void html_putf(FILE *f, const char *open, const char *close, const char *format, ...) __attribute__((format(printf, 4, 5)));

/* html_chart.c: memory over time in a picture that stretches, and bars beside a number */
struct frame {
	unsigned int width, height;
	zt_u64 start_ns, span_ns, top_bytes;
};
double frame_x(const struct frame *c, zt_u64 ts_ns);
double frame_y(const struct frame *c, zt_u64 bytes);
void html_area(FILE *f, const struct frame *c, const zt_u64 *ts_ns, const zt_u64 *bytes, unsigned int n);
void html_limit(FILE *f, const struct frame *c, zt_u64 from_ns, zt_u64 to_ns, zt_u64 bytes);
void html_growth(FILE *f, const struct incident *i);
enum bar { BAR_MEMORY, BAR_KILLED, BAR_CACHE, BAR_TMPFS, BAR_KERNEL, BARS };
void html_bar(FILE *f, zt_u64 part, zt_u64 whole, enum bar kind);
/* What the memory consisted of, side by side, with its legend */
void html_split(FILE *f, const struct split *s);

void html_incident(FILE *f, const struct report *r, const struct incident *i, unsigned int number);
/* What ran in the domain at the kill, as a tree */
void html_tree(FILE *f, const struct model *m, const struct incident *i);
/* Builds whose times overlap share an axis. */
void html_timeline(FILE *f, const struct report *r);
void html_lists(FILE *f, const struct report *r);

#endif
