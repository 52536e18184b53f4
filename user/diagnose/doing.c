/* SPDX-License-Identifier: GPL-2.0 */
/* What victims and groups of processes were doing, in words. */
#include <stdio.h>
#include <string.h>

#include "base/esc.h"
#include "base/width.h"
#include "diagnose/internal.h"

#define LABEL_COLUMNS 80
#define GROUP_COLUMNS 48 /* of a group's objects */

static const char *say_label(struct report *r, const struct label *l, const char *object)
{
	char text[2 * LABEL_TEXT_MAX];

	label_words(text, sizeof(text), l->verb, object);
	return say(r, "%s", text);
}

/* "npm run build in web/" */
static const char *say_placed(struct report *r, const struct label *l)
{
	const char *text = say_label(r, l, l->object);

	return l->flags & LABEL_PLACE && *l->place ? say(r, _("%1$s in %2$s"), text, l->place) : text;
}

/* As a terminal will show it */
size_t say_columns(const char *s)
{
	char text[1024];

	return width_text(text, esc_term_str(text, sizeof(text), s, 0));
}

const char *say_doing(struct report *r, const struct proc *p, bool with_lead)
{
	const struct label *lead, *own = p ? model_doing(r->model, p, &lead) : NULL;
	const char *text, *more;

	if (!own)
		return NULL;
	text = say_placed(r, own);
	if (!with_lead || !lead)
		return text;
	more = say(r, _("%1$s (%2$s)"), text, say_placed(r, lead));
	return say_columns(more) <= LABEL_COLUMNS ? more : text;
}

void group_add(struct group *g, const struct kill_task *t)
{
	unsigned int at = g->ntop;

	g->n++;
	if (!t->label)
		return;
	while (at && g->top[at - 1]->rss.anon_bytes < t->rss.anon_bytes)
		at--;
	if (at == GROUP_TOP)
		return;
	if (g->ntop == GROUP_TOP)
		g->ntop--;
	memmove(&g->top[at + 1], &g->top[at], (g->ntop - at) * sizeof(g->top[0]));
	g->top[at] = t;
	g->ntop++;
}

/* Did one before `i` do the very same? */
static bool said_before(const struct group *g, unsigned int i)
{
	for (unsigned int k = 0; k < i; k++)
		if (g->top[k]->label->verb == g->top[i]->label->verb &&
		    !strcmp(g->top[k]->label->object, g->top[i]->label->object))
			return true;
	return false;
}

const char *say_group_doing(struct report *r, const struct group *g)
{
	const struct label *first = g->ntop ? g->top[0]->label : NULL;
	const char *list = NULL;
	bool all = g->ntop == g->n;

	if (!first)
		return NULL;
	for (unsigned int i = 0; i < g->ntop; i++) {
		const struct label *l = g->top[i]->label;
		const char *longer;

		if (said_before(g, i))
			continue;
		if (l->verb != first->verb) {
			all = false;
			continue;
		}
		/* numbered, for it is an enumeration and no "part of a sentence, part of a sentence" */
		longer = list ? say(r, _("%1$s, %2$s"), list, l->object) : say(r, "%s", l->object);
		if (list && say_columns(longer) > GROUP_COLUMNS) {
			all = false;
			break;
		}
		list = longer;
	}
	if (!all && *list)
		list = say(r, _("%s, …"), list);
	return say_label(r, first, list);
}
