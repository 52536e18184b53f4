/* SPDX-License-Identifier: GPL-2.0 */
/* What the formats have in common that a CI reads as commands from a job's log: one for each incident, not too many. */
#ifndef RENDER_COMMAND_H
#define RENDER_COMMAND_H

#include <stdio.h>

#include "diagnose/report.h"

/* A job shows ten of a kind; the build's own have to be seen, too. */
#define ANNOTATIONS_MAX 5

struct command_style {
	const char *newline;		     /* as that CI writes it */
	void (*esc)(FILE *f, const char *s); /* text of a message, one line */
	size_t bytes;			     /* it shows no more */
	unsigned int widest;		     /* bytes that one can become */
};

/* Is it told in full, and one of the first? */
bool command_wanted(const struct report *r, const struct incident *i);
/* Headline, facts, help, notes and basis, as many whole lines as there is room for. */
void command_message(FILE *f, const struct incident *i, const struct command_style *s);

#endif
