/* SPDX-License-Identifier: GPL-2.0 */
/* What the steps took and what was killed, as metrics. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "render/json_value.h"
#include "render/otlp.h"
#include "render/step.h"
#include "render/told.h"

#define POINTS_MAX 4000 /* of one metric: a body may have 20 MiB */

enum { CUMULATIVE = 2 };

/* One metric under way: {"name", "unit", "gauge" or "sum": {"dataPoints": […]}} */
struct metric {
	const struct model *m;
	const char *name, *unit, *description;
	bool sum;
	json_t *points;
	int failed;
};

/* From the trace's begin until ts_ns; takes a over. */
static void point(struct metric *x, zt_u64 ts_ns, zt_u64 value, struct attrs *a)
{
	json_t *j = json_object();
	char text[24];
	int failed = 0;

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	failed |= x->sum ? jv_set(j, "startTimeUnixNano", otlp_time(x->m, x->m->first_ns)) : 0;
	failed |= jv_set(j, "timeUnixNano", otlp_time(x->m, ts_ns));
	failed |= jv_set(j, "asInt", json_string(text));
	failed |= attrs_done(a, j);
	if (!x->points)
		x->points = json_array();
	if (failed || json_array_size(x->points) >= POINTS_MAX) {
		json_decref(j);
		x->failed |= failed;
	} else {
		x->failed |= jv_append(x->points, j);
	}
}

/* Into metrics; one without points is left out. */
static int put_metric(json_t *metrics, struct metric *x)
{
	json_t *j = json_object(), *data = json_object();
	int failed = x->failed;

	if (!x->points) {
		json_decref(j);
		json_decref(data);
		return failed;
	}
	failed |= jv_set(data, "dataPoints", x->points);
	failed |= x->sum ? jv_set(data, "aggregationTemporality", json_integer(CUMULATIVE)) : 0;
	failed |= x->sum ? jv_set(data, "isMonotonic", json_true()) : 0;
	failed |= jv_set(j, "name", json_string(x->name));
	failed |= jv_set(j, "description", json_string(x->description));
	failed |= jv_set(j, "unit", json_string(x->unit));
	failed |= jv_set(j, x->sum ? "sum" : "gauge", data);
	if (failed) {
		json_decref(j);
		return failed;
	}
	return jv_append(metrics, j);
}

/* What tells a step's points apart from another's */
static void step_attrs(struct attrs *a, const struct step *st)
{
	struct step_place p = step_place(st);
	char name[1024];

	attr_string(a, "cicd.pipeline.name", told_build(st->build));
	attr_string(a, "cicd.pipeline.task.name", told_step(name, sizeof(name), st));
	attr_string(a, "ztrace.build.step.id", st->id);
	if (p.index)
		attr_int(a, "ztrace.build.step.index", p.index);
}

static zt_u64 peak_of(const struct step *st)
{
	return st->peak_bytes;
}

static zt_u64 limit_of(const struct step *st)
{
	return st->limit_bytes == ZT_NO_LIMIT ? 0 : st->limit_bytes;
}

static int put_of_steps(json_t *metrics, const struct model *m, const char *name, const char *description,
			zt_u64 (*value)(const struct step *))
{
	struct metric x = { .m = m, .name = name, .unit = "By", .description = description };

	for (const struct step *st = m->steps; st; st = st->next) {
		struct attrs a = { 0 };

		if (!told_is_step(m, st) || !value(st))
			continue;
		step_attrs(&a, st);
		point(&x, told_end(m, st), value(st), &a);
	}
	return put_metric(metrics, &x);
}

/* As it was sampled */
static int put_usage(json_t *metrics, const struct model *m)
{
	struct metric x = { .m = m, .name = "ztrace.step.memory.usage", .unit = "By",
			    .description = "Memory charged to the build step." };

	for (const struct step *st = m->steps; st; st = st->next) {
		const struct series *s = told_is_step(m, st) && st->cgroup ? st->cgroup->series : NULL;

		for (unsigned int n = 0; s && n < s->n; n++) {
			struct attrs a = { 0 };

			step_attrs(&a, st);
			point(&x, s->ts_ns[n], s->bytes[n], &a);
		}
	}
	return put_metric(metrics, &x);
}

static bool same_group(const struct incident *a, const struct incident *b)
{
	return !strcmp(a->code, b->code) && a->build == b->build;
}

/* How many incidents, or else (victims) killed processes, by code and build */
static int put_incidents(json_t *metrics, const struct report *r, bool victims)
{
	struct metric x = { .m = r->model, .sum = true, .name = victims ? "ztrace.oom.kills" : "ztrace.incidents",
			    .unit = victims ? "{process}" : "{incident}",
			    .description = victims ? "Processes killed for lack of memory." : "Incidents by diagnosis code." };

	for (const struct incident *i = r->incidents; i; i = i->next) {
		const struct incident *e = r->incidents;
		struct attrs a = { 0 };
		zt_u64 n = 0;

		if (victims && strncmp(i->code, "ZT10", 4) != 0 && strncmp(i->code, "ZT11", 4) != 0)
			continue;
		while (e != i && !same_group(e, i))
			e = e->next;
		if (e != i)
			continue; /* counted there */
		for (; e; e = e->next)
			n += same_group(e, i) ? victims ? e->nvictims + e->more_victims : 1 : 0;
		attr_string(&a, "ztrace.incident.code", i->code);
		if (i->build)
			attr_string(&a, "cicd.pipeline.name", told_build(i->build));
		if (i->build)
			attr_string(&a, "ztrace.build.id", i->build->id);
		point(&x, r->model->now_ns, n, &a);
	}
	return put_metric(metrics, &x);
}

static int put_lost(json_t *metrics, const struct model *m)
{
	struct metric x = { .m = m, .sum = true, .name = "ztrace.events.lost", .unit = "{event}",
			    .description = "Events that ztrace could not take in." };
	struct attrs none = { 0 };
	zt_u64 lost = 0;

	for (unsigned int c = 0; c < ZT_LOST_CAUSES; c++)
		lost += m->lost[c];
	point(&x, m->now_ns, lost, &none);
	return put_metric(metrics, &x);
}

json_t *otlp_metrics(const struct report *r)
{
	const struct model *m = r->model;
	json_t *a = json_array();

	if (a && !put_of_steps(a, m, "ztrace.step.memory.peak", "Most memory that was charged to the build step.", peak_of) &&
	    !put_of_steps(a, m, "ztrace.step.memory.limit", "Memory limit of the build step's own cgroup.", limit_of) &&
	    !put_usage(a, m) && !put_incidents(a, r, true) && !put_incidents(a, r, false) && !put_lost(a, m))
		return a;
	json_decref(a);
	return NULL;
}
