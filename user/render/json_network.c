/* SPDX-License-Identifier: GPL-2.0 */
#include "builder/dockerfile.h"
#include "render/json_common.h"
#include "render/json_value.h"

static json_t *tristate(enum tristate t)
{
	return t == TRI_UNKNOWN ? json_null() : json_boolean(t == TRI_YES);
}

json_t *json_network(const struct incident *i)
{
	const struct unreached *x = i->unreached;
	json_t *o = json_object();

	if (jv_set(o, "reason", jv_string(x->reason)) || jv_set(o, "host", jv_string(x->host)) ||
	    jv_set(o, "address", jv_string(x->address)) || jv_set(o, "status", jv_count(x->status)) ||
	    jv_set(o, "tries", jv_count(x->tries)) || jv_set(o, "took_ns", jv_ns(x->took_ns)) ||
	    jv_set(o, "host_reaches_it", tristate(x->from_host)) ||
	    (x->url && jv_set(o, "url", jv_string(x->url))) ||
	    (i->from && jv_set(o, "from_line", jv_count(i->from->line)))) {
		json_decref(o);
		return NULL;
	}
	return o;
}

json_t *json_host_memory(const struct incident *i)
{
	json_t *o;

	if (!i->host_known)
		return json_null();
	o = json_object();
	if (jv_set(o, "available_bytes", jv_exact_bytes(i->host_available_bytes)) ||
		       jv_set(o, "swap_free_bytes", jv_exact_bytes(i->host_swap_free_bytes)) ||
		       jv_set(o, "swap_total_bytes", jv_exact_bytes(i->host_swap_total_bytes))) {
		json_decref(o);
		return NULL;
	}
	return o;
}
