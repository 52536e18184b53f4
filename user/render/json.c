/* SPDX-License-Identifier: GPL-2.0 */
/* -f json: everything as one object, at the end. */
#include "base/i18n.h"
#include "render/json_common.h"
#include "render/json_value.h"
#include "render/render.h"

static json_t *incidents_array(const struct report *r)
{
	json_t *a = json_array();

	for (const struct incident *i = r->incidents; a && i; i = i->next) {
		if (!jv_append(a, json_incident(r->model, i)))
			continue;
		json_decref(a);
		return NULL;
	}
	return a;
}

static int json_finish(struct out *o, const struct report *r)
{
	const struct model *m = r->model;
	json_t *j = json_object();

	if (jv_set(j, "format_version", json_string(JSON_FORMAT_VERSION)) || jv_set(j, "tool", json_tool()) ||
	    jv_set(j, "host", json_host(m)) || jv_set(j, "command", json_command(m)) || json_set_scope(j, m) ||
	    json_set_job(j, r) ||
	    jv_set(j, "builds", json_builds(r)) || jv_set(j, "incidents", incidents_array(r)) ||
	    jv_set(j, "measured", json_measured(r)) ||
	    jv_set(j, "notes", json_notes(r)) || jv_set(j, "complete", json_boolean(m->ended)) ||
	    jv_set(j, "events_lost", json_events_lost(m))) {
		json_decref(j);
		j = NULL;
	}
	return json_print(o, j, JSON_INDENT(2));
}

extern const struct renderer render_json;
const struct renderer render_json = {
	.name = "json",
	.help = N_("one object with everything, for programs"),
	.finish = json_finish,
};
