/* SPDX-License-Identifier: GPL-2.0 */
/* The structure of a Dockerfile: stages, what depends on what, and which of it a target needs. */
#include "builder/dockerfile.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "builder/dfparser.h"

#define WARNINGS_MAX 100

/* Owned by struct dockerfile.priv */
struct df_priv {
	struct df_mem mem;
};

/* Stage `from` needs stage `to`. */
struct edge {
	int from, to;
};

struct graph {
	struct edge *v;
	size_t n, cap;
};

static const char *const keywords[DF_KW_MAX] = {
	[DF_ADD] = "ADD",
	[DF_ARG] = "ARG",
	[DF_CMD] = "CMD",
	[DF_COPY] = "COPY",
	[DF_ENTRYPOINT] = "ENTRYPOINT",
	[DF_ENV] = "ENV",
	[DF_EXPOSE] = "EXPOSE",
	[DF_FROM] = "FROM",
	[DF_HEALTHCHECK] = "HEALTHCHECK",
	[DF_LABEL] = "LABEL",
	[DF_MAINTAINER] = "MAINTAINER",
	[DF_ONBUILD] = "ONBUILD",
	[DF_RUN] = "RUN",
	[DF_SHELL] = "SHELL",
	[DF_STOPSIGNAL] = "STOPSIGNAL",
	[DF_USER] = "USER",
	[DF_VOLUME] = "VOLUME",
	[DF_WORKDIR] = "WORKDIR",
};

enum df_kw df_keyword(struct df_str word)
{
	for (int kw = DF_UNKNOWN + 1; kw < DF_KW_MAX; kw++)
		if (df_str_is_nocase(word, keywords[kw]))
			return (enum df_kw)kw;
	return DF_UNKNOWN;
}

const char *df_keyword_name(enum df_kw kw)
{
	return kw < DF_KW_MAX && keywords[kw] ? keywords[kw] : "";
}

static void *grow(struct df_parser *p, void *v, size_t n, size_t *cap, size_t elem_bytes)
{
	size_t want = *cap ? *cap * 2 : 32;
	void *more;

	if (n < *cap)
		return v;
	more = reallocarray(v, want, elem_bytes);
	if (!more) {
		p->err = -ENOMEM;
		return NULL;
	}
	*cap = want;
	return more;
}

void df_warn(struct df_parser *p, unsigned int line, const char *text)
{
	struct df_warning *v;

	if (p->df->nwarnings >= WARNINGS_MAX)
		return;
	v = grow(p, p->df->warnings, p->df->nwarnings, &p->warning_cap, sizeof(*v));
	if (!v)
		return;
	p->df->warnings = v;
	v[p->df->nwarnings++] = (struct df_warning){ line, text };
}

static void warn_line(void *ctx, unsigned int line, const char *text)
{
	df_warn(ctx, line, text);
}

struct df_instr *df_new_instr(struct df_parser *p)
{
	struct df_instr *v;

	/* Triggers multiply: as many again as a file may have. */
	if (p->df->ninstrs >= 2 * DF_INSTR_MAX) {
		p->err = -E2BIG;
		return NULL;
	}
	v = grow(p, p->df->instrs, p->df->ninstrs, &p->instr_cap, sizeof(*v));
	if (!v)
		return NULL;
	p->df->instrs = v;
	v += p->df->ninstrs++;
	*v = (struct df_instr){ 0 };
	return v;
}

static char *lower(struct df_parser *p, struct df_str s)
{
	char *name = df_dup(p->mem, s.p, s.len);

	if (!name)
		p->err = -ENOMEM;
	for (size_t i = 0; name && i < s.len; i++)
		name[i] = (char)tolower((unsigned char)name[i]);
	return name;
}

static int find_stage(const struct dockerfile *df, struct df_str name, bool nocase)
{
	/* A name used twice means the later stage. */
	for (size_t i = df->nstages; i-- > 0;)
		if (df->stages[i].name && (nocase ? df_str_is_nocase(name, df->stages[i].name)
						  : df_str_is(name, df->stages[i].name)))
			return (int)i;
	return -1;
}

static bool valid_stage_name(const char *s)
{
	if (*s < 'a' || *s > 'z')
		return false;
	return strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == strlen(s);
}

static struct df_str next_word(struct df_str *s)
{
	struct df_str w;

	while (s->len && strchr(" \t\v\f\r", *s->p)) {
		s->p++;
		s->len--;
	}
	w = (struct df_str){ s->p, 0 };
	while (s->len && !strchr(" \t\v\f\r", *s->p)) {
		s->p++;
		s->len--;
		w.len++;
	}
	return w;
}

/* FROM [--platform=…] base [AS name] */
static void add_stage(struct df_parser *p, const struct df_item *it)
{
	struct dockerfile *df = p->df;
	struct df_str rest = it->split.args, base, as, name, plat;
	struct df_stage *st = &df->stages[df->nstages];
	struct df_stage_state *state = &p->states[df->nstages];
	size_t at = 0;

	base = next_word(&rest);
	as = next_word(&rest);
	name = next_word(&rest);
	if (!base.len || (as.len && (!df_str_is_nocase(as, "as") || !name.len)) ||
	    next_word(&rest).len)
		df_warn(p, it->line->line, "FROM requires either one or three arguments");
	st->number = (unsigned int)df->nstages;
	st->line = it->line->line;
	base = df_value(p, p->globals, base);
	st->base = base.p;
	st->base_stage = find_stage(df, base, false);
	st->is_scratch = st->base_stage < 0 && df_str_is(base, "scratch");
	plat = df_flag(&it->split, "platform", &at);
	if (plat.p)
		st->platform = df_value(p, p->globals, plat).p;
	if (df_str_is_nocase(as, "as") && name.len) {
		st->name = lower(p, name);
		if (st->name && !valid_stage_name(st->name))
			df_warn(p, it->line->line, "invalid name for build stage");
	}
	state->onbuild_tail = &state->onbuild;
	state->external = st->base_stage < 0 && !st->is_scratch;
	state->counted = state->external;
	df->nstages++;
}

static bool counts(enum df_kw kw)
{
	return kw == DF_ADD || kw == DF_COPY || kw == DF_RUN || kw == DF_WORKDIR;
}

static void add_item(struct df_parser *p, struct df_item *it, const struct df_line *line)
{
	struct dockerfile *df = p->df;

	it->line = line;
	df_split(line->text, p->lines.escape, &it->split);
	if (it->split.flags.failed)
		p->err = -ENOMEM;
	it->kw = df_keyword(it->split.keyword);
	if (it->kw == DF_FROM)
		add_stage(p, it);
	it->stage = (int)df->nstages - 1;
	if (it->kw == DF_UNKNOWN)
		df_warn(p, line->line, "unknown instruction");
	else if (it->stage < 0 && it->kw == DF_ARG)
		df_global_arg(p, it);
	else if (it->stage < 0)
		df_warn(p, line->line, "no build stage in current context");
	else if (counts(it->kw))
		p->states[it->stage].counted++;
}

/* Two passes: stages first (their number is needed to allocate), then what they are made of. */
static void collect(struct df_parser *p)
{
	struct df_lines *l = &p->lines;
	size_t nstages = 0;

	for (size_t i = 0; i < l->n; i++)
		nstages += l->v[i].text.len >= 4 &&
			   df_str_is_nocase((struct df_str){ l->v[i].text.p, 4 }, "from");
	p->items = calloc(l->n + 1, sizeof(*p->items));
	p->states = calloc(nstages + 1, sizeof(*p->states));
	p->df->stages = calloc(nstages + 1, sizeof(*p->df->stages));
	if (!p->items || !p->states || !p->df->stages) {
		p->err = -ENOMEM;
		return;
	}
	for (size_t i = 0; i < l->n && !p->err; i++)
		add_item(p, &p->items[i], &l->v[i]);
}

static void add_edge(struct df_parser *p, struct graph *g, int from, int to)
{
	struct edge *v = grow(p, g->v, g->n, &g->cap, sizeof(*v));

	if (!v)
		return;
	g->v = v;
	v[g->n++] = (struct edge){ from, to };
}

/* A source that is no stage of this file is a stage without a name to BuildKit: then names are
 * printed. */
static void add_source(struct df_parser *p, struct graph *g, int from, struct df_str name,
		       bool may_be_number)
{
	char number[16] = "";
	char *end = number;
	long n = -1;
	int to = -1;

	if (may_be_number && name.len && name.len < sizeof(number)) {
		memcpy(number, name.p, name.len);
		n = strtol(number, &end, 10);
	}
	if (end != number && !*end)
		to = n >= 0 && n < (long)p->df->nstages ? (int)n : -1;
	else
		to = find_stage(p->df, name, true);
	if (to >= 0)
		add_edge(p, g, from, to);
	else if (end == number || *end)
		p->named = true;
}

static void mount_source(struct df_parser *p, struct graph *g, const struct df_item *it,
			 struct df_str mount)
{
	struct df_str from = df_mount_field(mount, "from", "from"),
		      type = df_mount_field(mount, "type", "type");

	if (p->minor == 8) {
		if (!from.len && df_str_is_nocase(type, "cache"))
			p->named = true;
		if (!from.len || df_str_is_nocase(type, "tmpfs"))
			return;
	}
	add_source(p, g, it->stage, from.len ? from : DF_STR("scratch"), false);
}

static void sources(struct df_parser *p, struct graph *g)
{
	struct df_str v;

	for (size_t i = 0; i < p->lines.n && !p->err; i++) {
		const struct df_item *it = &p->items[i];
		size_t at = 0;

		if (it->stage < 0)
			continue;
		if (it->kw == DF_FROM && p->df->stages[it->stage].base_stage >= 0)
			add_edge(p, g, it->stage, p->df->stages[it->stage].base_stage);
		if (it->kw == DF_COPY) {
			v = df_flag(&it->split, "from", &at);
			if (v.len)
				add_source(p, g, it->stage, v, true);
		}
		while (it->kw == DF_RUN && !p->err) {
			v = df_flag(&it->split, "mount", &at);
			if (!v.p)
				break;
			mount_source(p, g, it, v);
		}
	}
	p->named |= p->df->nstages > 1;
}

static int find_target(const struct df_parser *p)
{
	const char *name = p->opts->target;
	char *end;
	long n;
	int found;

	if (!name || !*name)
		return (int)p->df->nstages - 1;
	found = find_stage(p->df, (struct df_str){ name, strlen(name) }, true);
	if (found >= 0)
		return found;
	/* The legacy builder takes a number too. */
	n = strtol(name, &end, 10);
	return !*end && n >= 0 && n < (long)p->df->nstages ? (int)n : -1;
}

/* Edges lead to earlier stages in a valid file, so one pass backwards would do; a loop costs a few
 * more. */
static void mark_needed(struct df_parser *p, const struct graph *g)
{
	struct dockerfile *df = p->df;
	bool more = true;

	for (size_t i = 0; i < df->nstages; i++)
		df->stages[i].in_build = df->target < 0 || (int)i == df->target;
	for (int pass = 0; more && pass < 8; pass++) {
		more = false;
		for (size_t i = g->n; i-- > 0;) {
			if (!df->stages[g->v[i].from].in_build || df->stages[g->v[i].to].in_build)
				continue;
			df->stages[g->v[i].to].in_build = true;
			more = true;
		}
	}
}

/* "Step i/n": the legacy builder counts global ARGs and every instruction up to the end of the
 * target. */
static void count_steps(struct df_parser *p)
{
	p->nsteps = p->opts->labels;
	for (size_t i = 0; i < p->lines.n; i++) {
		const struct df_item *it = &p->items[i];

		if (it->kw != DF_UNKNOWN && it->stage <= p->df->target &&
		    (it->stage >= 0 || it->kw == DF_ARG))
			p->nsteps++;
	}
}

static void evaluate(struct df_parser *p)
{
	for (size_t i = 0; i < p->lines.n && !p->err; i++) {
		const struct df_item *it = &p->items[i];

		if (it->kw == DF_UNKNOWN || (it->stage < 0 && it->kw != DF_ARG))
			continue;
		if (it->kw == DF_FROM)
			df_eval_from(p, it);
		else
			df_eval(p, it, false);
	}
}

static void set_error(char *err, size_t errlen, const char *what)
{
	if (err && errlen)
		snprintf(err, errlen, "%s", what);
}

static const char *run(struct df_parser *p, struct df_str text)
{
	struct graph g = { 0 };

	p->lines = (struct df_lines){
		.warn = warn_line, .ctx = p, .minor = p->minor, .work = &p->work
	};
	p->err = df_read_lines(p->mem, text, &p->lines);
	if (p->lines.syntax.p)
		p->df->syntax = df_dup(p->mem, p->lines.syntax.p, p->lines.syntax.len);
	if (!p->err)
		df_global_defaults(p, p->opts->target);
	if (!p->err)
		collect(p);
	if (!p->err && !p->df->nstages)
		return p->lines.n ? "no FROM: no stage to build" : "no instructions";
	if (!p->err)
		sources(p, &g);
	if (!p->err) {
		p->df->target = find_target(p);
		p->df->labels = p->opts->labels;
		mark_needed(p, &g);
		count_steps(p);
		evaluate(p);
	}
	free(g.v);
	if (!p->err)
		return NULL;
	return p->err == -ENOMEM ? "out of memory, or it expands to too much"
				 : "too many instructions";
}

static void parser_done(struct df_parser *p)
{
	for (size_t i = 0; p->items && i < p->lines.n; i++)
		df_split_free(&p->items[i].split);
	free(p->items);
	free(p->states);
	free(p->lines.v);
}

/* NUL ends no line for BuildKit, but ours are C strings. */
static char *copy_text(struct df_parser *p, const char *text, size_t len)
{
	char *copy = df_dup(p->mem, text, len);
	bool nul = false;

	for (size_t i = 0; copy && i < len; i++) {
		if (copy[i])
			continue;
		copy[i] = '?';
		nul = true;
	}
	if (nul)
		df_warn(p, 1, "NUL bytes, read as ?");
	return copy;
}

struct dockerfile *dockerfile_parse(const char *text, size_t len, const struct df_opts *opts,
				    char *err, size_t errlen)
{
	static const struct df_opts none;
	struct df_parser p = { .opts = opts ? opts : &none, .work = DF_WORK_MAX };
	struct df_priv *priv;
	const char *why = NULL;
	char *copy;

	p.minor = p.opts->buildkit_minor ? p.opts->buildkit_minor : ~0u;
	if (!len || len > DF_TEXT_MAX) {
		set_error(err, errlen, len ? "longer than 1 MiB" : "the Dockerfile is empty");
		return NULL;
	}
	p.df = calloc(1, sizeof(*p.df));
	priv = calloc(1, sizeof(*priv));
	if (!p.df || !priv) {
		free(p.df);
		free(priv);
		set_error(err, errlen, "out of memory");
		return NULL;
	}
	p.df->priv = priv;
	p.mem = &priv->mem;
	p.mem->max_bytes = DF_OUTPUT_MAX;
	copy = copy_text(&p, text, len);
	why = copy ? run(&p, (struct df_str){ copy, len }) : "out of memory";
	parser_done(&p);
	if (!why)
		return p.df;
	set_error(err, errlen, why);
	dockerfile_free(p.df);
	return NULL;
}

void dockerfile_free(struct dockerfile *df)
{
	struct df_priv *priv;

	if (!df)
		return;
	priv = df->priv;
	df_mem_free(&priv->mem);
	free(priv);
	free(df->stages);
	free(df->instrs);
	free(df->warnings);
	free(df);
}

void dockerfile_place(const struct dockerfile *df, const struct df_instr *in, unsigned int *index, unsigned int *total)
{
	*index = *total = 0;
	for (size_t n = 0; n < df->ninstrs; n++) {
		const struct df_instr *i = &df->instrs[n];

		if (i->stage != in->stage || i->from_onbuild)
			continue;
		++*total;
		if (i == in)
			*index = *total;
	}
	*total += in->stage == df->target ? df->labels : 0;
}
