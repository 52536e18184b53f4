/* SPDX-License-Identifier: GPL-2.0 */
/* What logs tell: of themselves, of the builds and steps in them, and lines that say why something ended. */
#include <stdlib.h>
#include <string.h>

#include "builder/dockerfile.h"
#include "model/apply.h"
#include "trace/event.h"

static char *keep(struct model *m, const char *s)
{
	return *s ? arena_strdup(&m->arena, s) : NULL;
}

static struct log *log_numbered(struct model *m, unsigned int number)
{
	struct log *l = m->logs;

	while (l && l->number != number)
		l = l->next;
	if (l)
		return l;
	l = arena_zalloc(&m->arena, sizeof(*l));
	if (!l) {
		model_lose(m);
		return NULL;
	}
	l->number = number;
	TAIL_APPEND(m->logs_tail, l);
	return l;
}

int apply_log(struct model *m, const struct zt_ev *ev)
{
	const struct zt_ev_log *e = (const void *)ev;
	struct log *l = log_numbered(m, e->number);
	const char *name[1];

	m->log = l;
	if (!l || ev_tail_strings(ev, name, 1) < 0)
		return 0;
	if (!l->name)
		l->name = arena_strdup(&m->arena, name[0]);
	l->kinds |= e->kinds;
	l->clock = e->clock;
	l->suppressed = e->suppressed;
	l->lines = e->lines;
	l->bytes = e->bytes;
	l->first_ns = e->first_ns;
	l->last_ns = e->last_ns;
	l->cut |= (ev->flags & ZT_F_LOG_CUT) != 0;
	l->zone_assumed |= (ev->flags & ZT_F_LOG_ZONE) != 0;
	l->reckoned |= (ev->flags & ZT_F_LOG_RECKONED) != 0;
	return 0;
}

static enum builder_kind kind_of(zt_u32 builder)
{
	switch (builder) {
	case ZT_LOG_BUILDKIT:
		return BUILDER_BUILDKIT;
	case ZT_LOG_LEGACY:
		return BUILDER_DOCKER_LEGACY;
	case ZT_LOG_PODMAN:
		return BUILDER_PODMAN;
	case ZT_LOG_KANIKO:
		return BUILDER_KANIKO;
	default:
		return BUILDER_HOST;
	}
}

static struct build *find_build(const struct model *m, unsigned int number, const char *service)
{
	for (struct build *b = m->builds; b; b = b->next)
		if (b->log == m->log && b->log_build == number &&
		    (!service || !strcmp(b->service ? b->service : "", service)))
			return b;
	return NULL;
}

static struct build *get_build(struct model *m, unsigned int number, enum builder_kind kind, const char *service)
{
	struct build *b = find_build(m, number, service);

	if (b)
		return b;
	b = model_build_new(m, NULL, kind == BUILDER_HOST ? BUILDER_DOCKER : kind);
	if (!b)
		return NULL;
	b->builder = kind;
	b->log = m->log;
	b->log_build = number;
	b->service = keep(m, service);
	return b;
}

static struct step *find_step(const struct model *m, unsigned int build, unsigned int step)
{
	for (struct step *s = m->steps; s; s = s->next)
		if (s->told && s->told->log == m->log && s->build && s->build->log_build == build &&
		    s->told->number == step)
			return s;
	return NULL;
}

static struct step *new_step(struct model *m, const struct zt_ev_logstep *e, const char *service)
{
	struct build *b = get_build(m, e->build, kind_of(e->builder), service);
	struct log_step *t = arena_zalloc(&m->arena, sizeof(*t));
	struct df_instr *in = arena_zalloc(&m->arena, sizeof(*in));
	struct step *s = b && t && in && m->nlog_steps < LOG_STEPS_MAX ? model_step_new(m, NULL, NULL) : NULL;

	if (!s) {
		model_lose(m);
		return NULL;
	}
	m->nlog_steps++;
	in->stage = -1;
	in->text = in->keyword = "";
	t->log = m->log;
	t->number = e->step;
	t->instr = in;
	s->told = t;
	s->build = b;
	s->builder = b->builder;
	s->instr = in;
	s->confidence = CONF_CONFIRMED; /* the builder said so itself */
	s->candidates = 1;
	s->started_ns = 0;
	return s;
}

static void set_text(struct model *m, struct df_instr *in, const char *text)
{
	if (!*text || !strcmp(in->text, text))
		return;
	in->text = arena_strdup(&m->arena, text);
	in->text = in->text ? in->text : "";
	in->is_run = !strncmp(in->text, "RUN ", 4);
	in->in_build = true;
}

int apply_logstep(struct model *m, const struct zt_ev *ev)
{
	const struct zt_ev_logstep *e = (const void *)ev;
	struct step *s;
	struct log_step *t;
	const char *str[5];

	if (!m->log || ev_tail_strings(ev, str, 5) < 1)
		return 0;
	s = find_step(m, e->build, e->step);
	s = s ? s : new_step(m, e, str[2]);
	if (!s)
		return 0;
	t = s->told;
	set_text(m, t->instr, str[0]);
	s->text = t->instr->text;
	t->instr->index = e->index ? e->index : t->instr->index;
	t->instr->total = e->total ? e->total : t->instr->total;
	t->stage = t->stage ? t->stage : keep(m, str[1]);
	t->error = *str[3] ? keep(m, str[3]) : t->error;
	t->container = t->container ? t->container : keep(m, str[4]);
	t->state = e->state ? e->state : t->state;
	t->duration_ns = e->duration_ns ? e->duration_ns : t->duration_ns;
	s->started_ns = e->started_ns ? e->started_ns : s->started_ns;
	s->ended_ns = e->ended_ns ? e->ended_ns : s->ended_ns;
	if (ev->flags & ZT_F_LOGSTEP_STATUS) {
		t->status_known = s->exited = true;
		s->exit_code = e->status;
	}
	return 0;
}

int apply_logline(struct model *m, const struct zt_ev *ev)
{
	const struct zt_ev_logline *e = (const void *)ev;
	struct said *f;
	const char *str[3];

	if (!m->log || ev_tail_strings(ev, str, 3) < 0)
		return 0;
	f = m->nsaid < SAID_MAX ? arena_zalloc(&m->arena, sizeof(*f)) : NULL;
	if (!f || !(f->program = arena_strdup(&m->arena, str[0])) || !(f->subject = arena_strdup(&m->arena, str[1])) ||
	    !(f->line = arena_strdup(&m->arena, str[2]))) {
		model_lose(m);
		return 0;
	}
	m->nsaid++;
	f->log = m->log;
	f->step = e->step ? find_step(m, e->build, e->step) : NULL;
	f->build = f->step ? f->step->build : e->what == ZT_SAID_DAEMON ? NULL : find_build(m, e->build, NULL);
	if (!f->build && e->what != ZT_SAID_DAEMON)
		f->build = get_build(m, e->build, BUILDER_HOST, "");
	f->what = e->what;
	f->number = e->number;
	f->bytes = e->bytes;
	f->ts_ns = ev->ts_ns;
	if (f->step) {
		f->next_of_step = f->step->told->said;
		f->step->told->said = f;
	}
	if (f->what == ZT_SAID_EXIT && !f->step && f->build && f->number)
		f->build->log_failed = true;
	TAIL_APPEND(m->said_tail, f);
	return 0;
}

/* The text as far as it was quoted; lines that were not are empty. */
static bool put_source(struct build *b, unsigned int line, const char *bytes, size_t len)
{
	unsigned int have = 0;
	char *text;

	for (size_t i = 0; i < b->file_len; i++)
		have += b->file_text[i] == '\n';
	if (line <= have || line > 100000 || b->file_len + (line - have) + len + 2 > ZT_FILE_MAX)
		return line && line <= have; /* quoted before */
	text = realloc(b->file_text, b->file_len + (line - have) + len + 2);
	if (!text)
		return false;
	b->file_text = text;
	for (; have + 1 < line; have++)
		text[b->file_len++] = '\n';
	memcpy(text + b->file_len, bytes, len);
	b->file_len += len;
	text[b->file_len++] = '\n';
	text[b->file_len] = 0;
	return true;
}

int apply_logsource(struct model *m, const struct zt_ev *ev)
{
	const struct zt_ev_logsource *e = (const void *)ev;
	struct step *s = m->log && e->step ? find_step(m, e->build, e->step) : NULL;
	struct build *b = s ? s->build : m->log ? find_build(m, e->build, NULL) : NULL;
	const char *path[1], *bytes;
	size_t len;

	if (!b || ev_tail_strings(ev, path, 1) != 1)
		return 0;
	bytes = ev_tail_bytes(ev, 1, &len);
	if (!b->dockerfile_path && *path[0])
		b->dockerfile_path = arena_strdup(&m->arena, path[0]);
	if (!b->dockerfile_path || strcmp(b->dockerfile_path, path[0]) || !bytes || !put_source(b, e->line, bytes, len) ||
	    !s || !(ev->flags & ZT_F_LOGSOURCE_HERE))
		return 0;
	if (!s->told->instr->line)
		s->told->instr->line = e->line;
	s->told->instr->end_line = e->line;
	return 0;
}
