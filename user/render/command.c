/* SPDX-License-Identifier: GPL-2.0 */
#include "render/command.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/esc.h"
#include "base/i18n.h"
#include "render/told.h"

bool command_wanted(const struct report *r, const struct incident *i)
{
	unsigned int n = 0;

	for (const struct incident *e = r->incidents; e && e != i; e = e->next)
		n += !told_in_short(e);
	return !told_in_short(i) && n < ANNOTATIONS_MAX;
}

/* A line of the message, while the whole of it is one that the CI does not cut. */
static void put_line(FILE *f, const struct command_style *s, size_t *room, const char *label, const char *text)
{
	char *line __free = NULL;
	size_t len = 0;
	FILE *mem = open_memstream(&line, &len);

	if (!mem)
		return;
	fputs(s->newline, mem);
	s->esc(mem, label);
	fputs(*label && *label != ' ' ? " " : "", mem);
	s->esc(mem, text);
	if (fclose(mem) || len > *room)
		return;
	*room -= len;
	fwrite(line, 1, len, f);
}

void command_message(FILE *f, const struct incident *i, const struct command_style *s)
{
	struct told facts[TOLD_MAX];
	unsigned int n = told_facts(facts, i, NULL);
	char headline[1024];
	size_t room = s->bytes - sizeof(headline);

	esc_term_str(headline, sizeof(headline) / s->widest, i->headline ?: "", 0);
	s->esc(f, headline);
	for (unsigned int at = 0; at < n; at++)
		put_line(f, s, &room, facts[at].label, facts[at].text);
	for (unsigned int at = 0; at < i->nhelp; at++) {
		put_line(f, s, &room, _("help:"), i->help[at].text ?: "");
		if (i->help[at].command)
			put_line(f, s, &room, "    ", i->help[at].command);
	}
	for (unsigned int at = 0; at < i->nnotes; at++)
		put_line(f, s, &room, _("note:"), i->notes[at]);
	if (i->basis)
		put_line(f, s, &room, "", i->basis);
}
