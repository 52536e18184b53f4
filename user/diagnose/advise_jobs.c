/* SPDX-License-Identifier: GPL-2.0 */
/* Fewer jobs at once: so many as fit, by what one of them takes, at the line that says how many. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "builder/dockerfile.h"
#include "diagnose/advice.h"

/* What of the limit the jobs may fill: the rest is for what else runs, and for the page cache of what they read. */
static zt_u64 budget(const struct advice *a)
{
	const struct zt_ev_host *h = host_of_kill(a->k);

	if (a->i->limit.kind == LIMIT_CGROUP)
		return a->i->limit.bytes / 20 * 19;
	return h->h.kind ? (h->total_bytes + h->swap_total_bytes) / 20 * 19 : 0;
}

/* So many of them fit together; 0: not one. */
static unsigned long how_many(const struct advice *a)
{
	zt_u64 others = a->need.used_bytes > a->gang.bytes ? a->need.used_bytes - a->gang.bytes : 0, room = budget(a);
	unsigned long fit;

	if (room <= others || !a->gang.each_bytes)
		return 0;
	fit = (unsigned long)((room - others) / a->gang.each_bytes);
	if (a->gang.confidence == CONF_UNKNOWN && fit > a->gang.count / 2)
		fit = a->gang.count / 2; /* all of them were still growing */
	return fit;
}

struct place {
	unsigned int line; /* 0: none */
	struct jobs_at at;
};

/* A line of the Dockerfile, without what is a comment in it. */
static bool find_in(const struct build *b, unsigned int line, struct jobs_at *ret)
{
	size_t len, blanks = 0;
	const char *s = dockerfile_line(b, line, &len);

	while (s && blanks < len && (s[blanks] == ' ' || s[blanks] == '\t'))
		blanks++;
	return s && blanks < len && s[blanks] != '#' && jobs_find(s, len, ret);
}

/* The tool that started the victim, if there are several. */
static bool is_ancestor(const struct incident *i, const char *tool)
{
	for (unsigned int n = 0; n < i->victims[0].nlineage; n++)
		if (i->victims[0].lineage[n].comm && !strcmp(i->victims[0].lineage[n].comm, tool))
			return true;
	return false;
}

/* In the instruction itself; else what ENV and ARG say before it, nearest first, down to the start of its stage. */
static struct place find_place(const struct advice *a)
{
	const struct df_instr *in = a->i->step->instr;
	const struct build *b = a->i->step->build;
	struct place first = { 0 }, p;

	for (p.line = in->line; p.line <= in->end_line; p.line++) {
		if (!find_in(b, p.line, &p.at))
			continue;
		if (is_ancestor(a->i, p.at.tool))
			return p;
		first = first.line ? first : p;
	}
	if (first.line && first.at.len)
		return first; /* a number is there; an option that could be put in is not as good as a variable */
	for (size_t n = b->df->ninstrs; n-- > 0;) {
		const struct df_instr *e = &b->df->instrs[n];

		if (e->line >= in->line || (e->stage != in->stage && e->stage != -1) ||
		    (strcmp(e->keyword, "ENV") && strcmp(e->keyword, "ARG")))
			continue;
		for (p.line = e->line; p.line <= e->end_line; p.line++)
			if (find_in(b, p.line, &p.at))
				return p;
	}
	return first;
}

static unsigned long now(const struct advice *a, const struct jobs_at *at)
{
	if (at->now)
		return at->now;
	if (at->unlimited || !a->m->start.cpus)
		return a->gang.count;
	return a->m->start.cpus > a->gang.count ? a->m->start.cpus : a->gang.count;
}

static const char *new_text(const struct advice *a, const struct jobs_at *at, unsigned long fit)
{
	return say(a->r, "%s%lu%s", at->before, fit, at->after);
}

static bool in_dockerfile(const struct advice *a, unsigned long fit, unsigned long *was, struct help *h)
{
	const struct step *s = a->i->step;
	struct place p;
	size_t at, len, line_len;
	const char *to, *line;

	if (!s || !s->instr || s->instr->from_onbuild || !s->build || !s->build->df || !s->build->file_text)
		return false;
	p = find_place(a);
	line = p.line ? dockerfile_line(s->build, p.line, &line_len) : NULL;
	*was = line ? now(a, &p.at) : 0;
	if (!line || fit >= *was)
		return false;
	/* from the start of the word on: "-j8", or "ninja" to put something behind */
	for (at = p.at.at; at && !strchr(" \t\"'", line[at - 1]);)
		at--;
	len = p.at.at - at + p.at.len;
	to = say(a->r, "%.*s%s", (int)(p.at.at - at), line + at, new_text(a, &p.at, fit));
	if (!len || !edit_line(a, s->build, p.line, at, len, to, h))
		return false;
	h->text = say(a->r, _("line %1$u: %2$s instead of %3$s: %4$u x %5$s take up to %6$s each"), p.line, h->edit.to,
		      h->edit.from, a->gang.count, a->gang.comm, say_bytes(a->r, a->gang.each_bytes));
	return true;
}

/* The traced command is the build itself: ztrace -- make -j8 */
static bool in_command(const struct advice *a, unsigned long fit, unsigned long *was, struct help *h)
{
	const char *words[COMMAND_WORDS], *line;
	unsigned int n = traced_command(a->m, words);
	struct jobs_at at;

	if (a->i->step || a->i->build != a->m->host_build || !a->m->host_build || !n)
		return false;
	line = quoted(a->r, words, n);
	if (!line || !jobs_find(line, strlen(line), &at))
		return false;
	*was = now(a, &at);
	if (fit >= *was)
		return false;
	h->how = HELP_INSTEAD;
	h->command = arena_printf(&a->r->arena, "%.*s%s%s", (int)at.at, line, new_text(a, &at, fit), line + at.at + at.len);
	h->text = say(a->r, _("fewer jobs at once, %1$lu instead of %2$lu: %3$u x %4$s take up to %5$s each"), fit, *was, a->gang.count,
		      a->gang.comm, say_bytes(a->r, a->gang.each_bytes));
	return h->command;
}

bool advise_jobs(const struct advice *a, struct help *h)
{
	unsigned long fit, was;

	if (!a->gang.comm || a->gang.count < 2)
		return false;
	fit = how_many(a);
	if (!fit)
		return false;
	if (!in_dockerfile(a, fit, &was, h) && !in_command(a, fit, &was, h))
		return false;
	h->id = "lower-jobs";
	h->confidence = h->how == HELP_EDIT && !sure_of_step(a) ? CONF_UNKNOWN : a->gang.confidence;
	return true;
}
