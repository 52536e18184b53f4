/* SPDX-License-Identifier: GPL-2.0 */
/* Builders' logs: the formats in the order in which they are asked, and what all of them share. */
#include <stdlib.h>

#include "log/build.h"

static const struct {
	const char *name;
	bool (*line)(struct log_build *b, const struct logline *l); /* true: it is a line of that format's own */
} formats[] = {
	{ "source", quote_line }, { "buildkit", plain_line }, { "buildkit-tty", tty_line }, { "buildkit-error", solve_line },
	{ "legacy", legacy_line }, { "podman", podman_line },  { "kaniko", kaniko_line },    { "ci", ci_line },
};

struct log_build *build_new(struct log_emit *e)
{
	struct log_build *b = calloc(1, sizeof(*b));

	if (b) {
		b->e = e;
		b->current = b->failed = b->command = -1;
	}
	return b;
}

static void drop_steps(struct log_build *b)
{
	for (unsigned int i = 0; i < b->nsteps; i++) {
		free(b->steps[i].text);
		free(b->steps[i].error);
	}
	b->nsteps = 0;
	b->current = b->failed = b->command = -1;
}

void build_free(struct log_build *b)
{
	if (!b)
		return;
	drop_steps(b);
	free(b->steps);
	free(b);
}

unsigned int build_steps(const struct log_build *b)
{
	return b->total_steps + b->lines_told;
}

void build_fresh(struct log_build *b)
{
	drop_steps(b);
	b->build = ++b->builds;
	b->nservices = 0;
	b->in_block = b->tty = false;
	b->source_state = 0;
	memset(b->said, 0, sizeof(b->said));
}

void step_set_text(struct build_step *s, const char *text, size_t len)
{
	char *copy;

	len = len < TEXT_MAX ? len : TEXT_MAX;
	while (len && (text[len - 1] == ' ' || text[len - 1] == '\t'))
		len--;
	if (s->text && strlen(s->text) == len && !memcmp(s->text, text, len))
		return;
	copy = strndup(text, len);
	if (!copy)
		return;
	free(s->text);
	s->text = copy;
}

struct build_step *step_new(struct log_build *b, uint32_t builder, uint32_t build, const char *text, size_t len,
			    const struct logline *l)
{
	struct build_step *s;

	if (b->nsteps == STEPS_MAX)
		return NULL;
	if (b->nsteps == b->cap) {
		unsigned int cap = b->cap ? b->cap * 2 : 32;

		s = realloc(b->steps, cap * sizeof(*s));
		if (!s)
			return NULL;
		b->steps = s;
		b->cap = cap;
	}
	s = &b->steps[b->nsteps];
	*s = (struct build_step){ .build = build, .builder = builder, .step = ++b->total_steps, .state = ZT_STEP_RUNNING,
				  .started_ns = l->wall_ns };
	step_set_text(s, text, len);
	if (!s->text)
		return NULL;
	b->nsteps++;
	return s;
}

struct build_step *step_by_key(struct log_build *b, uint32_t key)
{
	for (unsigned int i = b->nsteps; i-- > 0;)
		if (b->steps[i].key == key && key)
			return &b->steps[i];
	return NULL;
}

void step_tell(struct log_build *b, struct build_step *s)
{
	struct zt_ev_logstep *e;

	if (s->internal && s->state != ZT_STEP_FAILED)
		return; /* the builder's own work, of which nothing is to be said */
	e = emit_start(b->e, ZT_logstep, sizeof(*e), s->ended_ns ? s->ended_ns : s->started_ns);
	s->told = true;
	e->build = s->build;
	e->step = s->step;
	e->builder = s->builder;
	e->state = s->state;
	e->index = s->index;
	e->total = s->total;
	e->status = s->status_known ? s->status << 8 : 0;
	e->h.flags |= s->status_known ? ZT_F_LOGSTEP_STATUS : 0;
	e->started_ns = s->started_ns;
	e->ended_ns = s->ended_ns;
	e->duration_ns = s->duration_ns;
	emit_str(b->e, s->text);
	emit_str(b->e, s->stage);
	emit_str(b->e, s->service);
	emit_str(b->e, s->error ? s->error : "");
	emit_str(b->e, s->container);
	emit_done(b->e);
}

void step_end(struct log_build *b, struct build_step *s, uint32_t state, const struct logline *l)
{
	s->state = state;
	s->ended_ns = l->wall_ns;
	if (state == ZT_STEP_DONE)
		step_status(s, 0);
	if (state == ZT_STEP_FAILED)
		b->failed = (int)(s - b->steps);
	step_tell(b, s);
}

void step_status(struct build_step *s, int status)
{
	s->status_known = true;
	s->status = status & 0xff;
}

int exit_code_in(const char *s)
{
	static const char *const before[] = {
		"exit code: ", "exit code ", "exit status ", "exit status: ", "exited with code ", "exited with status ",
		"non-zero code: ", "exited with code '", "exited with status code ", "exit code=",
	};

	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++)
		for (const char *p = s; (p = strstr(p, before[i])); p++) {
			char *end;
			long v = strtol(p + strlen(before[i]), &end, 10);

			if (end > p + strlen(before[i]) && v >= 0 && v < 256)
				return (int)v;
		}
	return -1;
}

void build_say_as(struct log_build *b, struct build_step *s, const struct log_said *said, const char *line,
		  const struct logline *l)
{
	unsigned char *count = s ? s->said : b->said;
	struct zt_ev_logline *e;

	if (said->what >= SAID_KINDS || count[said->what] == SAID_EACH)
		return;
	count[said->what]++;
	b->lines_told++;
	if (s && !s->told)
		step_tell(b, s);
	if (!s && !b->build && !b->command_build)
		b->command_build = ++b->builds;
	e = emit_start(b->e, ZT_logline, sizeof(*e), l->wall_ns);
	e->build = s ? s->build : b->build ? b->build : b->command_build;
	e->step = s && s->told ? s->step : 0;
	e->what = said->what;
	e->number = said->number;
	e->bytes = said->bytes;
	emit_str(b->e, said->program);
	emit_str(b->e, said->subject);
	emit_strn(b->e, line, strlen(line) < 512 ? strlen(line) : 512);
	emit_done(b->e);
}

void build_say(struct log_build *b, struct build_step *s, const char *line, size_t len, const struct logline *l)
{
	struct log_said said = { 0 };

	if (begins(line, "+ ", NULL))
		return; /* sh -x: a command, not what became of it */
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)line[i] < 0x20 && line[i] != '\t')
			return; /* a binary's strings, and nobody's words */
	if (log_said_find(line, len, &said))
		build_say_as(b, s, &said, line, l);
}

static bool is_cancelled(const char *error)
{
	return strstr(error, "context canceled") || strstr(error, "CANCELED") || strstr(error, "Canceled: ");
}

/* What the builder says of its own: not the command that it quotes, whose text may speak of anything. */
static const char *own_words(const char *error)
{
	static const char *const ends[] = { "did not complete successfully: ", "]: ", "\": ", "' returned " };

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		const char *last = NULL;

		for (const char *p = error; (p = strstr(p, ends[i])); p++)
			last = p + strlen(ends[i]);
		if (last)
			return last;
	}
	return error;
}

void build_error(struct log_build *b, struct build_step *s, const char *error, const struct logline *l)
{
	const char *own = own_words(error);
	int code = exit_code_in(own);

	code = code < 0 ? exit_code_in(error) : code;
	free(s->error);
	s->error = strndup(error, 1024);
	if (code >= 0)
		step_status(s, code);
	step_end(b, s, is_cancelled(error) && code < 0 ? ZT_STEP_CANCELLED : ZT_STEP_FAILED, l);
	if (strstr(own, "cannot allocate memory") && code < 0 && s->builder == ZT_LOG_BUILDKIT)
		/* BuildKit 0.16 and newer say so when the step's cgroup counted an OOM kill */
		build_say_as(b, s, &(struct log_said){ .what = ZT_SAID_OOM, .program = "BuildKit" }, error, l);
	else
		build_say(b, s, own, strlen(own), l);
}

bool build_line(struct log_build *b, const struct logline *l)
{
	struct build_step *s;

	if (l->wall_ns)
		b->wall_ns = l->wall_ns;
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (formats[i].line(b, l)) {
			b->seen_formats |= 1u << i;
			return true;
		}
	s = b->current >= 0 ? &b->steps[b->current] : b->command >= 0 ? &b->steps[b->command] : NULL;
	build_say(b, s, l->text, l->len, l);
	return false;
}

void build_end(struct log_build *b)
{
	(void)b;
}
