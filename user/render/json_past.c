/* SPDX-License-Identifier: GPL-2.0 */
#include <time.h>

#include "render/json_common.h"
#include "render/json_value.h"

static json_t *time_of(zt_u64 time_s)
{
	time_t t = (time_t)time_s;
	char buf[32];
	struct tm tm;

	if (!time_s || time_s > 253402300799ull || !gmtime_r(&t, &tm) ||
	    !strftime(buf, sizeof(buf), "%Y-%m-%dT%H:%M:%SZ", &tm))
		return json_null();
	return jv_string(buf);
}

json_t *json_past(const struct step *st)
{
	json_t *a = json_array();

	for (unsigned int n = 0; a && n < st->npast; n++) {
		const struct past *p = &st->past[n];
		json_t *o = json_object();

		if (jv_set(o, "time", time_of(p->time_s)) || jv_set(o, "peak_bytes", jv_bytes(p->peak_bytes)) ||
		    jv_set(o, "limit_bytes", jv_bytes(p->limit_bytes)) || jv_set(o, "oom", json_boolean(p->oom)) ||
		    jv_set(o, "failed", json_boolean(p->failed))) {
			json_decref(o);
			json_decref(a);
			return NULL;
		}
		if (jv_append(a, o)) {
			json_decref(a);
			return NULL;
		}
	}
	return a;
}
