/* SPDX-License-Identifier: GPL-2.0 */
#include "render/json_common.h"
#include "render/json_value.h"

static json_t *tristate(enum tristate t)
{
	return t == TRI_UNKNOWN ? json_null() : json_boolean(t == TRI_YES);
}

json_t *json_network(const struct unreached *x)
{
	json_t *o = json_object();

	if (jv_set(o, "reason", jv_string(x->reason)) || jv_set(o, "host", jv_string(x->host)) ||
	    jv_set(o, "address", jv_string(x->address)) || jv_set(o, "status", jv_count(x->status)) ||
	    jv_set(o, "tries", jv_count(x->tries)) || jv_set(o, "took_ns", jv_ns(x->took_ns)) ||
	    jv_set(o, "host_reaches_it", tristate(x->from_host))) {
		json_decref(o);
		return NULL;
	}
	return o;
}
