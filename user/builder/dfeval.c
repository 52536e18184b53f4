/* SPDX-License-Identifier: GPL-2.0 */
/* What instructions mean, in order: the names BuildKit prints (dockerfile2llb), the argv of RUN. */
#include "builder/dfparser.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "builder/shlex.h"

static const char default_path[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
static const char default_shell[] = "/bin/sh\0-c"; /* words NUL-ended */

/* path.Clean of an absolute path, as far as "is it /" goes. */
static bool is_root(const char *path)
{
	int depth = 0;

	while (*path) {
		size_t n = strcspn(path, "/");

		if (n == 2 && !strncmp(path, "..", 2))
			depth -= depth > 0;
		else if (n && !(n == 1 && *path == '.'))
			depth++;
		path += n + (path[n] ? 1 : 0);
	}
	return !depth;
}

/* Sets the new directory; true: it is "/", which makes no step. An absolute path is not cleaned:
 * "/a/.." is a step. */
static bool eval_workdir(struct df_parser *p, struct df_stage_state *st, struct df_str args)
{
	struct df_str wd = df_value(p, st->env, args);
	struct df_buf joined = { .max = DF_VALUE_MAX };

	if (!wd.p)
		return false;
	if (wd.p[0] != '/') {
		df_buf_str(&joined, st->workdir ? st->workdir : "/");
		df_buf_char(&joined, '/');
	}
	df_buf_add(&joined, wd.p, wd.len);
	if (!joined.failed)
		st->workdir = df_keep(p, (struct df_str){ joined.p, joined.len }).p;
	df_buf_free(&joined);
	if (wd.p[0] == '/')
		return !wd.p[1];
	return st->workdir && is_root(st->workdir);
}

static void upper_first(struct df_buf *b)
{
	for (size_t i = 0; i < b->len && b->p[i] != ' '; i++)
		b->p[i] = (char)toupper((unsigned char)b->p[i]);
}

/* "[stage i/n] " as prefixCommand makes it; gives the instruction its number. */
static void add_prefix(struct df_parser *p, struct df_instr *in, struct df_buf *out)
{
	struct df_stage *stage = &p->df->stages[in->stage];
	struct df_stage_state *st = &p->states[in->stage];
	char number[64];
	int width = 0;

	if (!stage->total)
		return;
	for (unsigned int n = stage->total; n; n /= 10)
		width++;
	in->index = ++st->index;
	in->total = stage->total;
	df_buf_char(out, '[');
	if (p->named && stage->name) {
		df_buf_str(out, stage->name);
		df_buf_char(out, ' ');
	} else if (p->named) {
		snprintf(stage->label, sizeof(stage->label), "stage-%u", stage->number);
		df_buf_str(out, stage->label);
		df_buf_char(out, ' ');
	}
	snprintf(number, sizeof(number), "%*u/%u] ", width, in->index, in->total);
	df_buf_str(out, number);
	if (in->from_onbuild && p->minor >= 17)
		df_buf_str(out, "ONBUILD ");
}

static void set_vertex(struct df_parser *p, struct df_instr *in, struct df_str name)
{
	struct df_buf out = { 0 };

	add_prefix(p, in, &out);
	df_buf_add(&out, name.p, name.len);
	if (out.failed)
		p->err = -ENOMEM;
	else
		in->vertex = df_keep(p, (struct df_str){ out.p, out.len }).p;
	df_buf_free(&out);
}

/* Name of RUN: quotes stay, unset variables stay. Of COPY, ADD, WORKDIR: as any value. */
static void name_step(struct df_parser *p, struct df_instr *in, const struct df_item *it,
		      struct df_str text)
{
	bool is_run = it->kw == DF_RUN;
	struct df_view v = { .p = p,
			     .env = p->states[in->stage].env,
			     .masked = is_run ? &it->split : NULL };
	struct shlex lex = { .escape = p->lines.escape,
			     .raw_quotes = is_run,
			     .skip_unset = is_run,
			     .minor = p->minor,
			     .get = df_view_get,
			     .env = &v,
			     .work = &p->work };
	struct df_buf out = { .max = DF_TEXT_MAX + DF_VALUE_MAX };

	if (!df_may_expand(p) || shlex_word(&lex, text, &out)) {
		df_buf_free(&out);
		out.failed = false;
		df_buf_add(&out, text.p, text.len);
	}
	if (out.failed || !out.p) {
		p->err = -ENOMEM;
	} else {
		upper_first(&out);
		set_vertex(p, in, (struct df_str){ out.p, out.len });
	}
	df_buf_free(&out);
}

/* Leading tabs of each line go: <<- */
static void chomp(struct df_str s, struct df_buf *out)
{
	bool start = true;

	for (size_t i = 0; i < s.len; i++) {
		if (start && s.p[i] == '\t')
			continue;
		start = s.p[i] == '\n';
		df_buf_char(out, s.p[i]);
	}
}

/* " (first line...)" */
static void add_summary(struct df_str body, struct df_buf *out)
{
	struct df_str s = df_trim(body), first = s;
	const char *nl = memchr(s.p, '\n', s.len);

	if (nl)
		first.len = (size_t)(nl - s.p) - (nl > s.p && nl[-1] == '\r');
	df_buf_str(out, " (");
	df_buf_add(out, first.p, first.len);
	df_buf_str(out, nl ? "...)" : ")");
}

/* What the kernel starts for a #! file: interpreter, at most one argument, the file. */
static void set_argv2(struct df_parser *p, struct df_instr *in, struct df_str body,
		      struct df_str file)
{
	const char *nl = memchr(body.p, '\n', body.len);
	struct df_str s = { body.p + 2, (nl ? (size_t)(nl - body.p) : body.len) - 2 }, interp;
	struct df_buf out = { 0 };

	while (s.len && strchr(" \t\r", s.p[s.len - 1]))
		s.len--;
	s = df_ltrim(s);
	interp = s;
	interp.len = 0;
	while (interp.len < s.len && !strchr(" \t", s.p[interp.len]))
		interp.len++;
	if (!interp.len)
		return;
	s = df_ltrim((struct df_str){ s.p + interp.len, s.len - interp.len });
	df_buf_add(&out, interp.p, interp.len);
	df_buf_char(&out, 0);
	if (s.len) {
		df_buf_add(&out, s.p, s.len);
		df_buf_char(&out, 0);
	}
	df_buf_add(&out, file.p, file.len + 1);
	if (!out.failed) {
		in->argv2 = df_keep(p, (struct df_str){ out.p, out.len }).p;
		in->argv2_bytes = out.len;
	}
	df_buf_free(&out);
}

/* The one argument of the shell when the RUN has heredocs. */
static void heredoc_script(struct df_parser *p, struct df_instr *in, const struct df_item *it,
			   struct df_buf *out, struct df_buf *name)
{
	const struct df_line *l = it->line;
	struct df_buf body = { 0 };
	struct df_heredoc h;
	struct df_str start;
	size_t from;

	if (df_heredoc_word(p->mem, it->split.args, p->minor, &h)) {
		if (l->heredocs[0].chomp)
			chomp(l->heredocs[0].body, &body);
		else
			df_buf_add(&body, l->heredocs[0].body.p, l->heredocs[0].body.len);
		/* Up to 0.26 the #! had to be there before <<- took the tabs away. */
		start = p->minor >= 27 ? (struct df_str){ body.p, body.len } : l->heredocs[0].body;
		if (start.len >= 2 && body.len >= 2 && !memcmp(start.p, "#!", 2)) {
			from = out->len;
			df_buf_str(out, "/dev/pipes/");
			df_buf_add(out, l->heredocs[0].name.p, l->heredocs[0].name.len);
			if (!out->failed)
				set_argv2(p, in, (struct df_str){ body.p, body.len },
					  (struct df_str){ out->p + from, out->len - from });
		} else {
			df_buf_add(out, body.p ? body.p : "", body.len);
		}
		add_summary(l->heredocs[0].body, name);
	} else {
		df_buf_add(out, it->split.args.p, it->split.args.len);
		for (unsigned int i = 0; i < l->nheredocs; i++) {
			df_buf_char(out, '\n');
			df_buf_add(out, l->heredocs[i].body.p, l->heredocs[i].body.len);
			df_buf_add(out, l->heredocs[i].name.p, l->heredocs[i].name.len);
		}
	}
	if (body.failed)
		p->err = -ENOMEM;
	df_buf_free(&body);
}

static void eval_run(struct df_parser *p, struct df_instr *in, const struct df_item *it)
{
	struct df_stage_state *st = &p->states[in->stage];
	struct df_buf argv = { 0 }, name = { 0 };

	in->is_run = true;
	df_buf_add(&name, it->line->text.p, it->line->text.len);
	if (df_json_strings(it->split.args, p->minor < 15, &argv) >= 0) {
		in->exec_form = true;
	} else {
		argv.len = 0;
		argv.failed = false;
		if (st->shell.len)
			df_buf_add(&argv, st->shell.p, st->shell.len);
		else
			df_buf_add(&argv, default_shell, sizeof(default_shell));
		if (it->line->nheredocs)
			heredoc_script(p, in, it, &argv, &name);
		else
			df_buf_add(&argv, it->split.args.p, it->split.args.len);
		df_buf_char(&argv, 0);
	}
	in->has_heredoc = it->line->nheredocs;
	if (argv.failed || name.failed) {
		p->err = -ENOMEM;
	} else {
		in->argv = df_keep(p, (struct df_str){ argv.p ? argv.p : "", argv.len }).p;
		in->argv_bytes = argv.len;
		name_step(p, in, it, (struct df_str){ name.p ? name.p : "", name.len });
	}
	df_buf_free(&argv);
	df_buf_free(&name);
}

/* ONBUILD in this file: kept for stages that continue this one. Heredoc bodies go with it. */
static void eval_onbuild(struct df_parser *p, struct df_stage_state *st, const struct df_item *it)
{
	struct df_trigger *t = df_alloc(p->mem, sizeof(*t));
	const struct df_line *l = it->line;
	struct df_buf text = { 0 };
	struct df_str s = df_ltrim((struct df_str){ l->text.p + it->split.keyword.len,
						    l->text.len - it->split.keyword.len });

	df_buf_add(&text, s.p, s.len);
	for (unsigned int i = 0; i < l->nheredocs; i++) {
		df_buf_char(&text, '\n');
		df_buf_add(&text, l->heredocs[i].body.p, l->heredocs[i].body.len);
		df_buf_add(&text, l->heredocs[i].name.p, l->heredocs[i].name.len);
	}
	if (!t || text.failed) {
		p->err = -ENOMEM;
	} else {
		t->text = df_keep(p, (struct df_str){ text.p ? text.p : "", text.len });
		*st->onbuild_tail = t;
		st->onbuild_tail = &t->next;
	}
	df_buf_free(&text);
}

static struct df_instr *start_instr(struct df_parser *p, const struct df_item *it)
{
	struct df_instr *in = df_new_instr(p);
	struct df_str s;
	char *text;

	if (!in)
		return NULL;
	s = df_keep(p, it->line->text);
	text = (char *)s.p;
	for (size_t i = 0; text && i < it->split.keyword.len; i++)
		text[i] = (char)toupper((unsigned char)text[i]);
	in->stage = it->stage;
	in->line = it->line->line;
	in->end_line = it->line->end_line;
	in->keyword = df_keyword_name(it->kw);
	in->text = text;
	in->in_build = it->stage < 0 || p->df->stages[it->stage].in_build;
	return p->err ? NULL : in;
}

static void count_step(struct df_parser *p, struct df_instr *in)
{
	if (in->stage > p->df->target)
		return;
	in->legacy_index = ++p->steps;
	in->legacy_total = p->nsteps;
}

void df_eval(struct df_parser *p, const struct df_item *it, bool from_onbuild)
{
	struct df_instr *in = start_instr(p, it);
	struct df_stage_state *st = it->stage >= 0 ? &p->states[it->stage] : NULL;

	if (!in)
		return;
	in->from_onbuild = from_onbuild;
	if (!from_onbuild)
		count_step(p, in);
	if (!st)
		return; /* a global ARG */
	switch (it->kw) {
	case DF_ARG:
		df_eval_arg(p, st, it);
		break;
	case DF_ENV:
		df_eval_env(p, st, it);
		break;
	case DF_SHELL:
		df_eval_shell(p, st, it);
		break;
	case DF_ONBUILD:
		eval_onbuild(p, st, it);
		break;
	case DF_WORKDIR:
		if (eval_workdir(p, st, it->split.args) || p->err)
			break; /* counted in n all the same */
		name_step(p, in, it, it->line->text);
		break;
	case DF_COPY:
	case DF_ADD:
		name_step(p, in, it, it->line->text);
		break;
	case DF_RUN:
		eval_run(p, in, it);
		break;
	default:
		break;
	}
}

static void no_warning(void *ctx, unsigned int line, const char *text)
{
	(void)ctx;
	(void)line;
	(void)text;
}

/* Reads one trigger; it then stands where the FROM stands. */
static void eval_trigger(struct df_parser *p, const struct df_item *from, struct df_str text)
{
	struct df_lines l = { .warn = no_warning, .minor = p->minor, .work = &p->work };
	struct df_item it = { .stage = from->stage };
	struct df_line line;

	p->err = df_read_lines(p->mem, text, &l);
	if (!p->err && l.n == 1) {
		line = l.v[0];
		line.line = from->line->line;
		line.end_line = from->line->end_line;
		it.line = &line;
		df_split(line.text, p->lines.escape, &it.split);
		it.kw = df_keyword(it.split.keyword);
		if (it.kw != DF_UNKNOWN && it.kw != DF_FROM && it.kw != DF_ONBUILD &&
		    it.kw != DF_MAINTAINER)
			df_eval(p, &it, true);
		df_split_free(&it.split);
	}
	free(l.v);
}

/* Image names as BuildKit prints them: docker.io/library/base:1. The digest a registry adds is not
 * known here. */
static void add_reference(struct df_str name, struct df_buf *out)
{
	const char *slash = memchr(name.p, '/', name.len);
	size_t n = slash ? (size_t)(slash - name.p) : 0;
	bool domain = n && (memchr(name.p, '.', n) || memchr(name.p, ':', n) ||
			    !strncmp(name.p, "localhost/", 10));
	const char *last = memrchr(name.p, '/', name.len);
	size_t tail = last ? (size_t)(last - name.p) + 1 : 0;

	if (domain && n == 15 && !strncmp(name.p, "index.docker.io", 15)) {
		df_buf_str(out, "docker.io");
		name = (struct df_str){ name.p + n, name.len - n };
		tail -= n;
	} else if (!domain) {
		df_buf_str(out, slash ? "docker.io/" : "docker.io/library/");
	}
	df_buf_add(out, name.p, name.len);
	if (!memchr(name.p + tail, ':', name.len - tail) && !memchr(name.p, '@', name.len))
		df_buf_str(out, ":latest");
}

static struct df_str block(const char *words)
{
	size_t len = 0;

	while (words && words[len])
		len += strlen(words + len) + 1;
	return (struct df_str){ words, len };
}

static void use_base_image(struct df_parser *p, struct df_stage_state *st,
			   const struct df_base *base)
{
	struct df_str env = df_keep(p, block(base->env)), key, value;
	size_t at = 0;

	while (!p->err && at < env.len) {
		struct df_str kv = { env.p + at, strlen(env.p + at) };

		at += kv.len + 1;
		key = df_key_value(kv, &value);
		df_env_push(p, &st->image_env, key, value.p ? value : DF_STR(""));
	}
	st->shell = df_keep(p, block(base->shell));
	if (base->workdir)
		st->workdir = df_keep(p, (struct df_str){ base->workdir, strlen(base->workdir) }).p;
}

static unsigned int count_triggers(const struct df_trigger *t, struct df_str words)
{
	unsigned int n = 0;

	for (; t; t = t->next)
		n++;
	for (size_t at = 0; at < words.len; at += strlen(words.p + at) + 1)
		n++;
	return n;
}

static void start_from_stage(struct df_parser *p, struct df_stage_state *st,
			     const struct df_stage_state *base)
{
	st->env = base->env;
	st->image_env = base->image_env;
	st->shell = base->shell;
	st->workdir = base->workdir;
	df_env_push_all(p, &st->env, st->image_env);
}

static void start_from_image(struct df_parser *p, struct df_stage_state *st,
			     const struct df_base *base)
{
	unsigned long enough = DF_WORK_MAX;

	use_base_image(p, st, base);
	/* Nearly every image has a PATH, and BuildKit adds this one where none is. */
	if (!p->err && !df_env_get(st->image_env, DF_STR("PATH"), &enough).p)
		df_env_push(p, &st->image_env, DF_STR("PATH"), DF_STR(default_path));
	st->env = st->image_env;
}

static void name_from(struct df_parser *p, struct df_instr *in, struct df_str image)
{
	struct df_buf out = { 0 };

	df_buf_str(&out, "FROM ");
	add_reference(image, &out);
	if (out.failed)
		p->err = -ENOMEM;
	else
		set_vertex(p, in, (struct df_str){ out.p, out.len });
	df_buf_free(&out);
}

void df_eval_from(struct df_parser *p, const struct df_item *it)
{
	struct df_stage *stage = &p->df->stages[it->stage];
	struct df_stage_state *st = &p->states[it->stage];
	const struct df_trigger *inherited = NULL;
	struct df_base base = { 0 };
	struct df_instr *in = start_instr(p, it);
	struct df_str triggers;

	if (!in)
		return;
	count_step(p, in);
	if (st->external && p->opts->base && !p->opts->base(p->opts->base_ctx, stage->base, &base))
		base = (struct df_base){ 0 };
	if (stage->base_stage >= 0) {
		inherited = p->states[stage->base_stage].onbuild;
		start_from_stage(p, st, &p->states[stage->base_stage]);
	} else {
		start_from_image(p, st, &base);
	}
	triggers = df_keep(p, block(base.onbuild));
	stage->total = st->counted + (p->minor >= 17 ? count_triggers(inherited, triggers) : 0);
	if (st->external && !p->err)
		name_from(p, in, (struct df_str){ stage->base, strlen(stage->base) });
	for (; inherited && !p->err; inherited = inherited->next)
		eval_trigger(p, it, inherited->text);
	for (size_t at = 0; at < triggers.len && !p->err; at += strlen(triggers.p + at) + 1)
		eval_trigger(p, it, (struct df_str){ triggers.p + at, strlen(triggers.p + at) });
}
