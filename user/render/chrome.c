/* SPDX-License-Identifier: GPL-2.0 */
/* -f chrome: Trace Event Format, for Perfetto and speedscope: builds are processes, steps are threads of them. */
#include <stdio.h>

#include "base/i18n.h"
#include "render/json_common.h"
#include "render/json_value.h"
#include "render/render.h"
#include "render/step.h"
#include "render/told.h"

static json_int_t us(const struct model *m, zt_u64 ns)
{
	return ns > m->first_ns ? (json_int_t)((ns - m->first_ns) / 1000) : 0;
}

/* A build's, from 2; 1: of what belongs to none (0 is the idle task to readers) */
static json_int_t pid_of(const struct model *m, const struct build *b)
{
	json_int_t n = 2;

	for (const struct build *e = m->builds; b && e; e = e->next, n++)
		if (e == b)
			return n;
	return 1;
}

/* From 1; 0: none */
static json_int_t tid_of(const struct model *m, const struct step *st)
{
	json_int_t n = 1;

	for (const struct step *e = m->steps; st && e; e = e->next, n++)
		if (e == st)
			return n;
	return 0;
}

/* Where a step is drawn. */
struct track {
	const struct model *m;
	const struct step *st;
	json_int_t pid, tid;
	char name[1024];
};

static json_t *event(const char *ph, const char *name, json_int_t pid, json_int_t tid)
{
	json_t *j = json_object();

	if (jv_set(j, "ph", json_string(ph)) || jv_set(j, "name", jv_shown(name)) || jv_set(j, "pid", json_integer(pid)) ||
	    jv_set(j, "tid", json_integer(tid))) {
		json_decref(j);
		return NULL;
	}
	return j;
}

/* "process_name", "thread_name" */
static json_t *naming(const char *what, const char *name, json_int_t pid, json_int_t tid)
{
	json_t *j = event("M", what, pid, tid), *args = json_object();
	int failed = jv_set(args, "name", jv_shown(name));

	failed |= jv_set(j, "args", args);
	if (failed) {
		json_decref(j);
		return NULL;
	}
	return j;
}

static json_t *step_args(const struct step *st)
{
	struct step_place p = step_place(st);
	json_t *j = json_object();

	if (jv_set(j, "id", jv_string(st->id)) || jv_set(j, "line", jv_count(p.line)) ||
	    jv_set(j, "peak_bytes", jv_bytes(st->peak_bytes)) || jv_set(j, "limit_bytes", jv_bytes(st->limit_bytes)) ||
	    jv_set(j, "exit_code", jv_exit_code(st->exited, st->exit_code)) ||
	    jv_set(j, "signal", jv_signal(st->exited, st->exit_code)) || jv_set(j, "confidence", jv_confidence(st->confidence))) {
		json_decref(j);
		return NULL;
	}
	return j;
}

static json_t *span(const struct track *t)
{
	zt_u64 from = told_start(t->m, t->st), to = told_end(t->m, t->st);
	json_t *j = event("X", t->name, t->pid, t->tid);

	if (jv_set(j, "cat", json_string(t->st->container ? "container" : "step")) || jv_set(j, "ts", json_integer(us(t->m, from))) ||
	    jv_set(j, "dur", json_integer(us(t->m, to) - us(t->m, from))) || jv_set(j, "args", step_args(t->st))) {
		json_decref(j);
		return NULL;
	}
	return j;
}

static json_t *counter(const struct track *t, const char *name, zt_u64 ts_ns, zt_u64 bytes)
{
	json_t *j = event("C", name, t->pid, t->tid), *args = json_object();
	int failed = jv_set(args, "bytes", jv_exact_bytes(bytes));

	failed |= jv_set(j, "ts", json_integer(us(t->m, ts_ns)));
	failed |= jv_set(j, "args", args);
	if (failed) {
		json_decref(j);
		return NULL;
	}
	return j;
}

static int put_counters(json_t *a, const struct track *t)
{
	const struct series *s = t->st->cgroup ? t->st->cgroup->series : NULL;
	char name[256];
	int failed = 0;

	snprintf(name, sizeof(name), "memory of %s: %.200s", t->st->id, t->name);
	for (unsigned int n = 0; s && n < s->n && !failed; n++)
		failed = jv_append(a, counter(t, name, s->ts_ns[n], s->bytes[n]));
	return failed;
}

static int put_step(json_t *a, const struct model *m, const struct step *st, json_int_t tid)
{
	struct track t = { .m = m, .st = st, .pid = pid_of(m, st->build), .tid = tid };

	told_step(t.name, sizeof(t.name), st);
	return jv_append(a, naming("thread_name", t.name, t.pid, t.tid)) || jv_append(a, span(&t)) || put_counters(a, &t);
}

/* On the step's track, or the build's, or over all of them */
static json_t *instant(const struct model *m, const struct incident *i)
{
	json_t *j = event("i", i->headline ?: i->code, pid_of(m, i->build), tid_of(m, i->step)), *args = json_object();
	int failed = jv_set(args, "code", json_string(i->code));

	failed |= jv_set(args, "confidence", jv_confidence(i->confidence));
	failed |= jv_set(args, "summary", jv_shown(i->summary));
	failed |= jv_set(j, "cat", json_string("incident"));
	failed |= jv_set(j, "s", json_string(i->step ? "t" : i->build ? "p" : "g"));
	failed |= jv_set(j, "ts", json_integer(us(m, i->ts_ns)));
	failed |= jv_set(j, "args", args);
	if (failed) {
		json_decref(j);
		return NULL;
	}
	return j;
}

static int put_all(json_t *a, const struct report *r)
{
	const struct model *m = r->model;
	int failed = jv_append(a, naming("process_name", _("of no build"), 1, 0));
	json_int_t tid = 1;

	for (const struct build *b = m->builds; b && !failed; b = b->next)
		failed = jv_append(a, naming("process_name", told_build(b), pid_of(m, b), 0));
	for (const struct step *st = m->steps; st && !failed; st = st->next)
		failed = put_step(a, m, st, tid++);
	for (const struct incident *i = r->incidents; i && !failed; i = i->next)
		failed = jv_append(a, instant(m, i));
	return failed;
}

static int chrome_finish(struct out *o, const struct report *r)
{
	json_t *j = json_object(), *a = json_array();
	int failed = !a || put_all(a, r);

	failed |= jv_set(j, "displayTimeUnit", json_string("ms"));
	failed |= jv_set(j, "traceEvents", a);
	if (failed) {
		json_decref(j);
		j = NULL;
	}
	return json_print(o, j, JSON_COMPACT);
}

extern const struct renderer render_chrome;
const struct renderer render_chrome = {
	.name = "chrome",
	.help = N_("Trace Event Format, for Perfetto and speedscope"),
	.finish = chrome_finish,
};
