/* SPDX-License-Identifier: GPL-2.0 */
/* Ids, times and attributes of OTLP/JSON. */
#include "render/otlp.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "render/json_value.h"
#include "render/told.h"

/* Ids are to look random (W3C): the last step of splitmix64. None may be zero. */
static zt_u64 mix(zt_u64 n)
{
	n = (n ^ (n >> 30)) * 0xbf58476d1ce4e5b9ull;
	n = (n ^ (n >> 27)) * 0x94d049bb133111ebull;
	return (n ^ (n >> 31)) ?: 1;
}

/* W3C Trace Context: "00-" trace id "-" parent id "-" flags; source/env.c has looked at it, a file may hold anything. */
static bool read_traceparent(const char *text, struct otlp_ids *ret, char *span)
{
	int n = 0;

	if (!text || sscanf(text, "00-%32[0-9a-f]-%16[0-9a-f]-%*2[0-9a-f]%n", ret->trace, span, &n) != 2)
		return false;
	return n == 55 && !text[n];
}

void otlp_ids(struct otlp_ids *ret, const struct model *m)
{
	const char *in = model_fact(m, "command.traceparent"), *made = model_fact(m, "command.traceparent.made");
	const char *boot = model_fact(m, "boot.id");
	char start[64];
	zt_u64 h;

	*ret = (struct otlp_ids){ 0 };
	if (read_traceparent(in, ret, ret->parent)) {
		otlp_span_id(ret->command, ret, "command");
		return;
	}
	*ret = (struct otlp_ids){ 0 };
	if (read_traceparent(made, ret, ret->command))
		return;
	*ret = (struct otlp_ids){ 0 };
	snprintf(start, sizeof(start), "%" PRIu64 " %" PRIu64 " %u", m->start.realtime_ns, m->start.h.ts_ns, m->start.h.who.tgid);
	h = told_hash(told_hash(TOLD_HASH_SEED, boot), start);
	snprintf(ret->trace, sizeof(ret->trace), "%016" PRIx64 "%016" PRIx64, mix(h), mix(told_hash(h, "trace")));
	if (model_fact(m, "command.arg"))
		otlp_span_id(ret->command, ret, "command");
}

const char *otlp_span_id(char buf[OTLP_SPAN_ID_LEN], const struct otlp_ids *ids, const char *key)
{
	zt_u64 h = told_hash(told_hash(told_hash(TOLD_HASH_SEED, ids->trace), ids->parent), key);

	snprintf(buf, OTLP_SPAN_ID_LEN, "%016" PRIx64, mix(h));
	return buf;
}

/* Takes value over. */
static void attr(struct attrs *a, const char *key, const char *type, json_t *value)
{
	json_t *any = json_object(), *j = json_object();
	int failed = jv_set(any, type, value);

	failed |= jv_set(j, "key", json_string(key));
	failed |= jv_set(j, "value", any);
	if (!a->list)
		a->list = json_array();
	if (failed) {
		json_decref(j);
		j = NULL;
	}
	a->failed |= jv_append(a->list, j);
}

void attr_string(struct attrs *a, const char *key, const char *value)
{
	if (value && *value)
		attr(a, key, "stringValue", jv_shown(value));
}

static json_t *decimal(zt_s64 value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, value);
	return json_string(text);
}

void attr_int(struct attrs *a, const char *key, zt_s64 value)
{
	attr(a, key, "intValue", decimal(value));
}

void attr_bytes(struct attrs *a, const char *key, zt_u64 value)
{
	if (value && value <= INT64_MAX)
		attr_int(a, key, (zt_s64)value);
}

void attr_words(struct attrs *a, const char *key, json_t *strings)
{
	json_t *values = json_array(), *list = json_object();
	size_t n = json_array_size(strings);
	int failed = !strings;

	for (size_t i = 0; i < n; i++) {
		json_t *any = json_object();

		failed |= json_object_set(any, "stringValue", json_array_get(strings, i));
		failed |= jv_append(values, any);
	}
	json_decref(strings);
	failed |= jv_set(list, "values", values);
	if (n && !failed) {
		attr(a, key, "arrayValue", list);
		return;
	}
	json_decref(list);
	a->failed |= failed;
}

int attrs_done(struct attrs *a, json_t *obj)
{
	int failed = a->failed;

	if (a->list && !failed)
		return jv_set(obj, "attributes", a->list);
	json_decref(a->list);
	return failed ? -1 : 0;
}

json_t *otlp_time(const struct model *m, zt_u64 boot_ns)
{
	return decimal((zt_s64)(told_real_ns(m, boot_ns) ?: boot_ns));
}
