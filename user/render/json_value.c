/* SPDX-License-Identifier: GPL-2.0 */
/* Turns the model's numbers and bytes into JSON values. */
#include "render/json_value.h"

#include <inttypes.h>
#include <string.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/esc.h"
#include "base/fmt.h"

#define SHOWN_BYTES 4096

static json_t *string_of(const char *bytes, size_t len)
{
	char *valid __free = malloc(ESC_UTF8_CAP(len));
	json_t *j = json_stringn_nocheck(bytes, 0);

	if (!valid || !j)
		return NULL;
	json_string_setn(j, valid, esc_utf8(valid, ESC_UTF8_CAP(len), bytes, len));
	return j;
}

json_t *jv_string(const char *s)
{
	return s ? string_of(s, strlen(s)) : json_null();
}

json_t *jv_shown(const char *s)
{
	char text[SHOWN_BYTES];

	if (!s)
		return json_null();
	esc_term_str(text, sizeof(text), s, 0);
	return json_string(text);
}

json_t *jv_words(const char *bytes, size_t len)
{
	json_t *a;

	if (!bytes)
		return json_null();
	a = json_array();
	for (size_t at = 0, n; a && at < len; at += n + 1) {
		n = strnlen(bytes + at, len - at);
		if (jv_append(a, string_of(bytes + at, n))) {
			json_decref(a);
			return NULL;
		}
	}
	return a;
}

json_t *jv_exact_bytes(zt_u64 bytes)
{
	/* jansson's integers are signed; nothing real has 2^63 bytes. */
	return bytes > INT64_MAX ? json_null() : json_integer((json_int_t)bytes);
}

json_t *jv_bytes(zt_u64 bytes)
{
	return bytes ? jv_exact_bytes(bytes) : json_null();
}

json_t *jv_count(zt_u64 n)
{
	return jv_bytes(n);
}

json_t *jv_ns(zt_u64 ns)
{
	char buf[24];

	snprintf(buf, sizeof(buf), "%" PRIu64, ns);
	return ns ? json_string(buf) : json_null();
}

json_t *jv_time(const struct model *m, zt_u64 ns)
{
	struct fmt_clock clock = { .boot_ns = m->start.h.ts_ns, .real_ns = m->start.realtime_ns,
				   .utc_offset_s = m->start.utc_offset_s };
	char buf[FMT_LEN];

	return jv_string(fmt_time(buf, sizeof(buf), &clock, ns));
}

json_t *jv_exit_code(bool known, int status)
{
	return known && WIFEXITED(status) ? json_integer(WEXITSTATUS(status)) : json_null();
}

json_t *jv_signal(bool known, int status)
{
	return known && WIFSIGNALED(status) ? json_integer(WTERMSIG(status)) : json_null();
}

json_t *jv_confidence(enum confidence c)
{
	return json_string(c == CONF_CONFIRMED ? "confirmed" : c == CONF_LIKELY ? "likely" : "unknown");
}

int jv_set(json_t *obj, const char *key, json_t *value)
{
	return json_object_set_new(obj, key, value);
}

int jv_append(json_t *array, json_t *value)
{
	return json_array_append_new(array, value);
}
