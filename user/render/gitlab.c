/* SPDX-License-Identifier: GPL-2.0 */
/* -f gitlab: a Code Quality report (docs.gitlab.com, "Code Quality report format"). */
#include <stdio.h>
#include <string.h>

#include "base/i18n.h"
#include "render/json_common.h"
#include "render/json_value.h"
#include "render/render.h"
#include "render/step.h"
#include "render/told.h"

static const char *severity(const struct incident *i)
{
	if (i->causal == TRI_NO)
		return "info";
	return told_memory(i) ? "critical" : "major";
}

/* Two that a fingerprint cannot tell apart would be one to GitLab. */
static const char *fingerprint(char *buf, size_t cap, const struct report *r, const struct incident *i)
{
	char one[FINGERPRINT_LEN], other[FINGERPRINT_LEN];
	unsigned int same = 0;

	told_fingerprint(one, i);
	for (const struct incident *e = r->incidents; e && e != i; e = e->next)
		same += !told_in_short(e) && !strcmp(told_fingerprint(other, e), one);
	if (same)
		snprintf(buf, cap, "%s-%u", one, same + 1);
	else
		snprintf(buf, cap, "%s", one);
	return buf;
}

/* A path is required: what has no Dockerfile stands at the top. */
static json_t *location(const struct incident *i)
{
	struct step_place p = incident_place(i);
	json_t *j = json_object(), *lines = json_object();
	int failed = jv_set(lines, "begin", json_integer(p.line ?: 1));

	failed |= jv_set(j, "path", jv_string(told_file(i) ?: "."));
	failed |= jv_set(j, "lines", lines);
	if (failed) {
		json_decref(j);
		return NULL;
	}
	return j;
}

static json_t *finding(const struct report *r, const struct incident *i)
{
	char print[32];
	json_t *j = json_object();

	if (jv_set(j, "description", jv_shown(i->summary ?: i->headline ?: "")) || jv_set(j, "check_name", jv_string(i->code)) ||
	    jv_set(j, "fingerprint", jv_string(fingerprint(print, sizeof(print), r, i))) ||
	    jv_set(j, "severity", jv_string(severity(i))) || jv_set(j, "location", location(i))) {
		json_decref(j);
		return NULL;
	}
	return j;
}

static int gitlab_finish(struct out *o, const struct report *r)
{
	json_t *a = json_array();

	for (const struct incident *i = r->incidents; a && i; i = i->next) {
		if (told_in_short(i) || !jv_append(a, finding(r, i)))
			continue;
		json_decref(a);
		a = NULL;
	}
	return json_print(o, a, JSON_INDENT(2));
}

extern const struct renderer render_gitlab;
const struct renderer render_gitlab = {
	.name = "gitlab",
	.help = N_("Code Quality report of GitLab"),
	.finish = gitlab_finish,
};
