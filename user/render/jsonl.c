/* SPDX-License-Identifier: GPL-2.0 */
/* -f jsonl: one object a line, incidents as they close; the objects are those of -f json with a "type" before. */
#include <errno.h>

#include "base/i18n.h"
#include "render/json_common.h"
#include "render/json_value.h"
#include "render/render.h"
#include "render/step.h"

/* {"type": type, …obj}; takes obj over */
static json_t *typed(const char *type, json_t *obj)
{
	json_t *j = json_object();

	if (!obj || jv_set(j, "type", json_string(type)) || json_object_update(j, obj)) {
		json_decref(j);
		j = NULL;
	}
	json_decref(obj);
	return j;
}

static int print_line(struct out *o, const char *type, json_t *obj)
{
	return json_print(o, typed(type, obj), JSON_COMPACT);
}

static int jsonl_start(struct out *o, const struct report *r)
{
	json_t *j = json_object();

	(void)r;
	if (jv_set(j, "format_version", json_string(JSON_FORMAT_VERSION)) || jv_set(j, "tool", json_tool())) {
		json_decref(j);
		j = NULL;
	}
	return print_line(o, "start", j);
}

static int jsonl_incident(struct out *o, const struct report *r, const struct incident *i)
{
	return print_line(o, "incident", json_incident(r->model, i));
}

/* A step names its build, for here it does not lie inside of it. */
static json_t *step_line(const struct model *m, const struct step *st)
{
	json_t *j = json_step(m, st);

	if (j && (jv_set(j, "build", jv_string(st->build ? st->build->id : NULL)) ||
		  jv_set(j, "builder", jv_string(builder_name(st->builder))))) {
		json_decref(j);
		return NULL;
	}
	return j;
}

static json_t *end_line(const struct report *r)
{
	const struct model *m = r->model;
	json_t *j = json_object();

	if (jv_set(j, "host", json_host(m)) || jv_set(j, "command", json_command(m)) || json_set_scope(j, m) ||
	    jv_set(j, "notes", json_notes(r)) || jv_set(j, "complete", json_boolean(m->ended)) ||
	    jv_set(j, "events_lost", json_events_lost(m))) {
		json_decref(j);
		return NULL;
	}
	return j;
}

static int jsonl_finish(struct out *o, const struct report *r)
{
	const struct model *m = r->model;
	int ret = 0;

	for (const struct build *b = m->builds; b && !ret; b = b->next)
		ret = build_told(r, b) ? print_line(o, "build", json_build(r, b, false)) : 0;
	for (const struct step *st = m->steps; st && !ret; st = st->next)
		ret = model_scoped_step(m, st) ? print_line(o, "step", step_line(m, st)) : 0;
	return ret ?: print_line(o, "end", end_line(r));
}

extern const struct renderer render_jsonl;
const struct renderer render_jsonl = {
	.name = "jsonl",
	.help = N_("one object a line, incidents as they happen"),
	.start = jsonl_start,
	.incident = jsonl_incident,
	.finish = jsonl_finish,
};
