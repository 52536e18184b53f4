/* SPDX-License-Identifier: GPL-2.0 */
/* The command, its builds and their steps as spans, incidents as their events (semantic conventions: CI/CD spans). */
#include <string.h>
#include <sys/wait.h>

#include "base/fmt.h"
#include "render/json_value.h"
#include "render/otlp.h"
#include "render/step.h"
#include "render/told.h"

#define SPANS_MAX 4000 /* a body may have 20 MiB */

enum span_kind { SPAN_INTERNAL = 1, SPAN_SERVER = 2 };

/* Of a span that is being made. */
struct span {
	const char *id, *parent, *name; /* parent NULL or "": none */
	enum span_kind kind;
	zt_u64 start_ns, end_ns;
	const char *error; /* what went wrong, for people, "" when that is not known; NULL: nothing did */
};

struct making {
	const struct report *r;
	struct otlp_ids ids;
	json_t *spans;
	int failed;
};

static const char *oom_scope(const struct incident *i)
{
	switch (i->limit.kind) {
	case LIMIT_CGROUP:
		return "memcg";
	case LIMIT_HOST:
		return "host";
	case LIMIT_CPUSET:
		return "cpuset";
	case LIMIT_MEMPOLICY:
		return "mempolicy";
	default:
		return NULL;
	}
}

static json_t *helps(const struct incident *i)
{
	json_t *a = json_array();

	for (unsigned int n = 0; a && n < i->nhelp; n++) {
		if (!jv_append(a, jv_shown(i->help[n].command ?: i->help[n].text ?: "")))
			continue;
		json_decref(a);
		return NULL;
	}
	return a;
}

/* Whose work it was; NULL: no CI's */
static void attr_job(struct attrs *a, const struct ci_job *job)
{
	if (!job)
		return;
	attr_string(a, "cicd.pipeline.run.url.full", job->url);
	attr_string(a, "ztrace.ci.name", job->ci);
	attr_string(a, "ztrace.ci.job", job->job);
	attr_string(a, "ztrace.ci.step", job->step);
}

static json_t *incident_event(const struct model *m, const struct incident *i)
{
	json_t *j = json_object();
	struct attrs a = { 0 };
	int failed = jv_set(j, "timeUnixNano", otlp_time(m, i->ts_ns));

	attr_job(&a, i->job);
	failed |= jv_set(j, "name", json_string(told_memory(i) ? "ztrace.oom" : "ztrace.incident"));
	attr_string(&a, "ztrace.incident.code", i->code);
	attr_string(&a, "ztrace.incident.confidence",
		    i->confidence == CONF_CONFIRMED ? "confirmed" : i->confidence == CONF_LIKELY ? "likely" : "unknown");
	attr_string(&a, "ztrace.incident.summary", i->summary ?: i->headline);
	attr_words(&a, "ztrace.incident.help", helps(i));
	if (told_memory(i)) {
		attr_string(&a, "ztrace.oom.scope", oom_scope(i));
		attr_bytes(&a, "ztrace.oom.limit_bytes", i->limit.bytes);
		attr_bytes(&a, "ztrace.oom.usage_bytes", i->limit.usage_bytes);
		attr_string(&a, "ztrace.oom.limit_owner", i->limit.owner);
	}
	if (i->nvictims) {
		attr_int(&a, "process.pid", i->victims[0].id.tgid);
		attr_string(&a, "process.executable.name", i->victims[0].comm);
	}
	failed |= attrs_done(&a, j);
	if (failed) {
		json_decref(j);
		return NULL;
	}
	return j;
}

/* Which span tells an incident: its step's, else its build's, else the command's, else one of its own */
static bool is_told_by(const struct making *k, const struct incident *i, const struct build *b, const struct step *st)
{
	const struct model *m = k->r->model;
	const struct step *own = i->step && told_is_step(m, i->step) ? i->step : NULL;
	const struct build *build = own || !i->build || !model_concerns(m, i->build) ? NULL : i->build;

	return own == st && build == b;
}

static int put_events(struct making *k, json_t *span, const struct build *b, const struct step *st)
{
	json_t *a = json_array();
	int failed = 0;

	for (const struct incident *i = k->r->incidents; i && !failed; i = i->next)
		if (!i->repeats && is_told_by(k, i, b, st))
			failed = jv_append(a, incident_event(k->r->model, i));
	if (json_array_size(a) && !failed)
		return jv_set(span, "events", a);
	json_decref(a);
	return failed;
}

static json_t *status_of(const char *error)
{
	json_t *j = json_object();

	if ((*error && jv_set(j, "message", jv_shown(error))) || jv_set(j, "code", json_integer(2))) {
		json_decref(j);
		return NULL;
	}
	return j;
}

static json_t *span_object(const struct making *k, const struct span *s)
{
	const struct model *m = k->r->model;
	json_t *j = json_object();

	if (jv_set(j, "traceId", json_string(k->ids.trace)) || jv_set(j, "spanId", json_string(s->id)) ||
	    (s->parent && *s->parent && jv_set(j, "parentSpanId", json_string(s->parent))) ||
	    jv_set(j, "name", jv_shown(s->name)) || jv_set(j, "kind", json_integer(s->kind)) ||
	    jv_set(j, "startTimeUnixNano", otlp_time(m, s->start_ns)) ||
	    jv_set(j, "endTimeUnixNano", otlp_time(m, s->end_ns > s->start_ns ? s->end_ns : s->start_ns))) {
		json_decref(j);
		return NULL;
	}
	return j;
}

static void put_span(struct making *k, const struct span *s, struct attrs *a, const struct build *b, const struct step *st)
{
	json_t *j = span_object(k, s);
	int failed = attrs_done(a, j);

	failed |= !j || put_events(k, j, b, st);
	failed |= s->error ? jv_set(j, "status", status_of(s->error)) : 0;
	if (failed) {
		json_decref(j);
		j = NULL;
	}
	if (json_array_size(k->spans) < SPANS_MAX)
		k->failed |= jv_append(k->spans, j);
	else
		json_decref(j);
}

/* The first that a step (or b, when st is NULL) failed of */
static const struct incident *cause(const struct report *r, const struct build *b, const struct step *st)
{
	for (const struct incident *i = r->incidents; i; i = i->next)
		if (i->causal != TRI_NO && !i->repeats && (st ? i->step == st : i->build == b && b))
			return i;
	return NULL;
}

/* "error": the worker was killed; "failure": it said so itself */
static const char *result_of(const struct incident *i, bool failed, bool cancelled)
{
	if (i && told_memory(i))
		return "error";
	if (cancelled || (i && i->cancelled))
		return "cancellation";
	return i || failed ? "failure" : "success";
}

static void add_error_type(struct attrs *a, const struct incident *i, bool failed)
{
	if (i)
		attr_string(a, "error.type", told_memory(i) ? "oom_kill" : i->code);
	else if (failed)
		attr_string(a, "error.type", "exit");
}

static void put_step(struct making *k, const struct step *st, const char *parent)
{
	const struct model *m = k->r->model;
	const struct incident *i = cause(k->r, NULL, st);
	struct step_place p = step_place(st);
	char id[OTLP_SPAN_ID_LEN], name[1024], status[FMT_LEN];
	struct span s = { .id = otlp_span_id(id, &k->ids, st->id), .parent = parent, .kind = SPAN_INTERNAL,
			  .name = told_step(name, sizeof(name), st), .start_ns = told_start(m, st), .end_ns = told_end(m, st) };
	struct attrs a = { 0 };
	bool failed = told_failed(st), cancelled = i && i->cancelled;

	attr_string(&a, "cicd.pipeline.task.name", name);
	attr_string(&a, "cicd.pipeline.task.run.id", id);
	attr_string(&a, "cicd.pipeline.task.type", "build");
	if (st->exited || i)
		attr_string(&a, "cicd.pipeline.task.run.result", result_of(i, failed, false));
	if (!cancelled)
		add_error_type(&a, i, failed);
	if (st->exited && WIFEXITED(st->exit_code))
		attr_int(&a, "process.exit.code", WEXITSTATUS(st->exit_code));
	if (st->cgroup)
		attr_string(&a, "process.linux.cgroup", st->cgroup->path);
	if (p.index)
		attr_int(&a, "ztrace.build.step.index", p.index);
	if (p.line)
		attr_int(&a, "ztrace.build.step.line", p.line);
	attr_string(&a, "ztrace.build.step.stage", p.stage);
	attr_bytes(&a, "ztrace.build.step.memory_peak_bytes", st->peak_bytes);
	attr_bytes(&a, "ztrace.build.step.memory_limit_bytes", st->limit_bytes);
	if ((i || failed) && !cancelled)
		s.error = i && i->headline ? i->headline : fmt_status(status, sizeof(status), st->exit_code);
	put_span(k, &s, &a, NULL, st);
}

static void put_build(struct making *k, const struct build *b)
{
	const struct model *m = k->r->model;
	const struct step *by;
	enum outcome outcome = build_outcome(k->r, b, &by);
	const struct incident *i = cause(k->r, b, by);
	char id[OTLP_SPAN_ID_LEN], name[1024], status[FMT_LEN];
	struct span s = { .id = otlp_span_id(id, &k->ids, b->id), .parent = k->ids.command, .name = name, .kind = SPAN_SERVER,
			  .start_ns = b->started_ns ?: m->first_ns, .end_ns = b->ended_ns ?: m->now_ns };
	struct attrs a = { 0 };

	snprintf(name, sizeof(name), "BUILD %s", told_build(b));
	attr_string(&a, "cicd.pipeline.name", told_build(b));
	attr_string(&a, "cicd.pipeline.run.id", id);
	attr_string(&a, "cicd.pipeline.action.name", "BUILD");
	attr_string(&a, "cicd.pipeline.result",
		    result_of(i, outcome == OUTCOME_FAILED, outcome == OUTCOME_CANCELLED));
	if (outcome == OUTCOME_FAILED)
		add_error_type(&a, i, true);
	attr_job(&a, model_build_job(b));
	attr_string(&a, "ztrace.build.builder", builder_name(b->builder));
	attr_string(&a, "ztrace.build.dockerfile", b->dockerfile_path);
	if (outcome == OUTCOME_FAILED)
		s.error = i && i->headline ? i->headline : by && by->exited ? fmt_status(status, sizeof(status), by->exit_code) : "";
	put_span(k, &s, &a, b, NULL);
	for (const struct step *st = m->steps; st; st = st->next)
		if (st->build == b && told_is_step(m, st))
			put_step(k, st, id);
}

static void put_command(struct making *k)
{
	const struct model *m = k->r->model;
	const struct proc *p = m->child;
	const char *program = model_fact(m, "command.arg"), *slash = program ? strrchr(program, '/') : NULL;
	bool failed = m->child_exited && m->child_status;
	struct span s = { .id = k->ids.command, .parent = k->ids.parent, .kind = SPAN_INTERNAL,
			  .name = slash && slash[1] ? slash + 1 : program ?: "?",
			  .start_ns = p ? p->exec_ns ?: p->fork_ns ?: m->first_ns : m->first_ns,
			  .end_ns = p && p->exit_ns ? p->exit_ns : m->now_ns };
	char status[FMT_LEN];
	json_t *words = json_array();
	struct attrs a = { 0 };

	for (const struct fact *f = m->facts; f; f = f->next)
		if (!strcmp(f->key, "command.arg"))
			a.failed |= jv_append(words, jv_shown(f->value));
	attr_string(&a, "process.executable.name", s.name);
	attr_words(&a, "process.command_args", words);
	if (m->child_exited && WIFEXITED(m->child_status))
		attr_int(&a, "process.exit.code", WEXITSTATUS(m->child_status));
	if (failed) {
		attr_string(&a, "error.type", "exit");
		s.error = fmt_status(status, sizeof(status), m->child_status);
	}
	put_span(k, &s, &a, NULL, NULL);
}

/* Where no command was traced, an incident of no build stands alone. */
static void put_alone(struct making *k)
{
	unsigned int n = 0;

	for (const struct incident *i = k->r->incidents; i; i = i->next) {
		char id[OTLP_SPAN_ID_LEN], key[32];
		struct span s = { .id = id, .name = i->code, .kind = SPAN_INTERNAL, .start_ns = i->ts_ns, .end_ns = i->ts_ns,
				  .error = i->causal == TRI_NO ? NULL : i->headline ?: i->code };
		struct attrs a = { 0 };
		json_t *j, *events;

		snprintf(key, sizeof(key), "incident %u", ++n);
		if (i->repeats || !is_told_by(k, i, NULL, NULL))
			continue;
		otlp_span_id(id, &k->ids, key);
		attr_string(&a, "error.type", told_memory(i) ? "oom_kill" : i->code);
		j = span_object(k, &s);
		events = json_array();
		k->failed |= attrs_done(&a, j) || jv_append(events, incident_event(k->r->model, i));
		k->failed |= jv_set(j, "events", events);
		k->failed |= (s.error && jv_set(j, "status", status_of(s.error))) || jv_append(k->spans, j);
	}
}

json_t *otlp_spans(const struct report *r)
{
	const struct model *m = r->model;
	struct making k = { .r = r, .spans = json_array() };

	otlp_ids(&k.ids, m);
	if (*k.ids.command)
		put_command(&k);
	else
		put_alone(&k);
	for (const struct build *b = m->builds; b; b = b->next)
		if (model_concerns(m, b))
			put_build(&k, b);
	for (const struct step *st = m->steps; st; st = st->next)
		if (!st->build && told_is_step(m, st))
			put_step(&k, st, k.ids.command);
	if (!k.failed)
		return k.spans;
	json_decref(k.spans);
	return NULL;
}
