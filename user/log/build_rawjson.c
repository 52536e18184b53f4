/* SPDX-License-Identifier: GPL-2.0 */
/* --progress=rawjson: BuildKit's SolveStatus objects, with the times of day of each vertex. */
#include <jansson.h>
#include <stdlib.h>

#include "log/build.h"

static const char *string_at(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static uint64_t time_at(const json_t *o, const char *key)
{
	const char *end;
	bool assumed = false;

	return stamp_iso(string_at(o, key), &(struct log_opts){ 0 }, &end, &assumed);
}

static uint32_t digest_key(const char *digest)
{
	uint32_t h = 2166136261u;

	for (; *digest; digest++)
		h = (h ^ (unsigned char)*digest) * 16777619u;
	return h | 1u << 31;
}

static void vertex(struct log_build *b, const json_t *v)
{
	const char *name = string_at(v, "name"), *error = string_at(v, "error"), *text;
	uint32_t key = digest_key(string_at(v, "digest"));
	struct build_step *s = step_by_key(b, key), parts = { 0 };
	struct logline at = { .wall_ns = time_at(v, "started") };
	uint64_t completed = time_at(v, "completed");

	vertex_name(b, &parts, name, &text);
	if (!s) {
		s = step_new(b, ZT_LOG_BUILDKIT, b->build, text, strlen(text), &at);
		if (!s)
			return;
		s->key = key;
		s->index = parts.index;
		s->total = parts.total;
		s->internal = parts.internal;
		strcpy(s->stage, parts.stage);
		strcpy(s->service, parts.service);
	}
	if (at.wall_ns) {
		s->started_ns = at.wall_ns;
		s->state = s->state == ZT_STEP_CANCELLED && !s->ended_ns ? ZT_STEP_RUNNING : s->state;
	} else if (!s->started_ns && s->state == ZT_STEP_RUNNING) {
		s->state = ZT_STEP_CANCELLED; /* listed with the others, and not begun unless a later object says so */
	}
	at.wall_ns = completed ? completed : at.wall_ns;
	if (*error)
		build_error(b, s, error, &at);
	else if (json_is_true(json_object_get(v, "cached")))
		step_end(b, s, ZT_STEP_CACHED, &at);
	else if (completed && s->state == ZT_STEP_RUNNING)
		step_end(b, s, ZT_STEP_DONE, &at);
	else if (!completed)
		step_tell(b, s);
}

static int base64(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' : c >= 'a' && c <= 'z' ? c - 'a' + 26 : c >= '0' && c <= '9' ? c - '0' + 52 :
	       c == '+' ? 62 : c == '/' ? 63 : -1;
}

static size_t decode(const char *s, char *out, size_t cap)
{
	unsigned int bits = 0, have = 0;
	size_t n = 0;

	for (; *s && n < cap; s++) {
		int v = base64(*s);

		if (v < 0)
			continue;
		bits = bits << 6 | (unsigned int)v;
		have += 6;
		if (have >= 8) {
			have -= 8;
			out[n++] = (char)(bits >> have);
		}
	}
	return n;
}

/* Output of a step may come in pieces of lines; a word that is cut is not recognised. */
static void output(struct log_build *b, const json_t *log)
{
	struct build_step *s = step_by_key(b, digest_key(string_at(log, "vertex")));
	struct logline at = { .wall_ns = time_at(log, "timestamp") };
	char text[LOG_LINE_MAX + 1];
	size_t len = decode(string_at(log, "data"), text, LOG_LINE_MAX);

	for (size_t i = 0; i < len; i++)
		text[i] = text[i] ? text[i] : ' ';
	text[len] = 0;
	for (char *p = text, *nl; s && *p; p = nl + 1) {
		nl = p + strcspn(p, "\r\n");
		if (!*nl) {
			build_say(b, s, p, strlen(p), &at);
			break;
		}
		*nl = 0;
		build_say(b, s, p, strlen(p), &at);
	}
}

bool build_object(struct log_build *b, const char *json, size_t len)
{
	json_t *o = json_loadb(json, len, JSON_DISABLE_EOF_CHECK | JSON_ALLOW_NUL, NULL), *e;
	size_t i;

	if (!json_is_object(o)) {
		json_decref(o);
		return false;
	}
	if (!b->build)
		build_fresh(b);
	json_array_foreach(json_object_get(o, "vertexes"), i, e)
		vertex(b, e);
	json_array_foreach(json_object_get(o, "logs"), i, e)
		output(b, e);
	json_decref(o);
	return true;
}
