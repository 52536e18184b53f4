/* SPDX-License-Identifier: GPL-2.0 */
/* What the parts of the text report share. */
#ifndef RENDER_TEXT_H
#define RENDER_TEXT_H

#include "diagnose/report.h"
#include "render/screen.h"

/* Lists may be longer than a screen keeps. */
void flush_full(struct screen *s, struct out *o);
/* "help: …", the text under itself. Columns that its head takes */
size_t put_labelled(struct screen *s, const char *label, enum style style, const char *text, unsigned int lines);
/* "step 3/9", as the builder counted it, else ztrace's own name for the step. */
const char *step_label(char *buf, size_t cap, const struct step *st);

/* text_lists.c */
/* One of several that one command builds, of which something was seen at work */
bool is_service(const struct report *r, const struct build *b);
const char *outcome_text(char *buf, size_t len, const struct report *r, const struct build *b);
void put_services(struct screen *s, struct out *o, const struct report *r);
void put_hungry(struct screen *s, struct out *o, const struct report *r);
void put_measured(struct screen *s, struct out *o, const struct report *r);

#endif
