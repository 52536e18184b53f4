/* SPDX-License-Identifier: GPL-2.0 */
/* What part of the machine a report is about, and whose CI job something belongs to. */
#include "render/json_common.h"
#include "render/json_value.h"

static json_t *scope_object(const struct model *m, const struct scope *s)
{
	json_t *o = json_object();

	if (jv_set(o, "kind", jv_string(s->kind)) || jv_set(o, "name", jv_string(s->name)) ||
	    jv_set(o, "pid", s->proc ? json_integer(s->proc->id.tgid) : json_null()) ||
	    jv_set(o, "cgroup", jv_string(s->cgroup ? model_cgroup_path(m, s->cgroup) : NULL))) {
		json_decref(o);
		return NULL;
	}
	return o;
}

int json_set_scope(json_t *j, const struct model *m)
{
	json_t *a = m->scopes ? json_array() : NULL;

	for (const struct scope *s = m->scopes; s; s = s->next)
		if (jv_append(a, scope_object(m, s))) {
			json_decref(a);
			return -1;
		}
	return m->scopes ? jv_set(j, "scope", a) : 0;
}

json_t *json_pod(const struct pod *p)
{
	json_t *o = json_object();

	if (jv_set(o, "namespace", jv_string(p->ns)) || jv_set(o, "name", jv_string(p->name)) ||
	    jv_set(o, "container", jv_string(p->container))) {
		json_decref(o);
		return NULL;
	}
	return o;
}

static json_t *or_null(const char *s)
{
	return jv_string(*s ? s : NULL);
}

int json_set_job(json_t *o, const struct report *r)
{
	const struct ci_job *j = report_job(r);
	struct ci_job whole;

	if (!j)
		return 0;
	whole = *j;
	whole.step[0] = 0; /* its builds may be of several */
	return jv_set(o, "ci", json_job(&whole));
}

json_t *json_job(const struct ci_job *j)
{
	json_t *o;

	if (!j)
		return json_null();
	o = json_object();
	if (jv_set(o, "name", jv_string(j->ci)) || jv_set(o, "job", or_null(j->job)) || jv_set(o, "step", or_null(j->step)) ||
	    jv_set(o, "url", or_null(j->url))) {
		json_decref(o);
		return NULL;
	}
	return o;
}
