/* SPDX-License-Identifier: GPL-2.0 */
/* One log from its first byte to its last: lines to the kernel's reports or to the builders, whichever they are of. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

#include "log/internal.h"

#define OBJECT_MAX (1024 * 1024) /* of JSON, over several lines */
#define NESTED_MAX 3

struct log_reader {
	struct log_opts o;
	struct log_emit e;
	struct log_lines lines;
	struct log_kernel *kernel;
	struct log_build *build;
	struct log_daemon *daemon;
	uint64_t nlines, nbytes, first_ns, last_ns;
	bool kernel_lines; /* it has some of the kernel's */
	bool zone_assumed, reckoned, started;
	zt_u32 clock;
	/* a JSON object over several lines: rawjson as buildx 0.13 printed it */
	char *object;
	size_t object_len, object_cap;
	int depth;
	bool in_string, maybe_object;
	/* journalctl -o export */
	uint64_t entry_ns;
	bool export, entry_kernel;
};

static int take_text(struct log_reader *r, char *text, size_t len, const struct logline *outer, int nested);

static void tell_log(struct log_reader *r, zt_u32 flags)
{
	struct zt_ev_log *e = emit_start(&r->e, ZT_log, sizeof(*e), 0);

	e->h.flags |= flags | (r->zone_assumed ? ZT_F_LOG_ZONE : 0) | (r->reckoned ? ZT_F_LOG_RECKONED : 0);
	e->number = r->o.number;
	e->kinds = (kernel_kills(r->kernel) || r->kernel_lines ? ZT_LOG_KERNEL : 0) | (build_steps(r->build) ? ZT_LOG_BUILD : 0);
	e->clock = r->clock;
	e->suppressed = kernel_suppressed(r->kernel);
	e->lines = r->nlines;
	e->bytes = flags & ZT_F_LOG_END ? r->nbytes : 0;
	e->first_ns = r->first_ns;
	e->last_ns = r->last_ns;
	emit_str(&r->e, r->o.name);
	emit_done(&r->e);
}

/* Whose the events that follow are, and what their times are: told when the first is about to come, and when it changes. */
static void see_clock(struct log_reader *r, const struct logline *l)
{
	zt_u32 clock = l->wall_ns ? ZT_CLOCK_WALL : l->boot_ns && r->clock != ZT_CLOCK_WALL ? ZT_CLOCK_BOOT : r->clock;

	r->zone_assumed |= l->wall_ns && l->zone_assumed;
	r->reckoned |= l->reckoned;
	if (clock == r->clock && r->started)
		return;
	r->clock = clock;
	r->started = true;
	tell_log(r, 0);
}

static uint64_t number_of(const json_t *o, const char *key)
{
	const json_t *j = json_object_get(o, key);

	return json_is_string(j) ? strtoull(json_string_value(j), NULL, 10) : (uint64_t)json_integer_value(j);
}

static int take_copy(struct log_reader *r, const char *text, size_t len, const struct logline *outer, int nested)
{
	char *copy, *p, *nl;
	int err = 0;

	len = len < LOG_LINE_MAX ? len : LOG_LINE_MAX;
	copy = malloc(len + 1);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, text, len);
	copy[len] = 0;
	for (p = copy; !err && *p; p = nl ? nl + 1 : p + strlen(p)) {
		nl = strchr(p, '\n');
		if (nl)
			*nl = 0;
		err = take_text(r, p, strlen(p), outer, nested);
		if (!nl)
			break;
	}
	free(copy);
	return err;
}

/* journalctl -o json; a MESSAGE that is no UTF-8 is an array of bytes */
static int journal_object(struct log_reader *r, const json_t *o, int nested)
{
	const json_t *message = json_object_get(o, "MESSAGE");
	const char *transport = json_string_value(json_object_get(o, "_TRANSPORT"));
	struct logline l = { .wall_ns = number_of(o, "__REALTIME_TIMESTAMP") * 1000,
			     .kernel = transport && !strcmp(transport, "kernel"),
			     .tag = json_string_value(json_object_get(o, "SYSLOG_IDENTIFIER")) };
	char bytes[4096];
	size_t n = 0;

	if (json_is_string(message))
		return take_copy(r, json_string_value(message), json_string_length(message), &l, nested + 1);
	for (; n < json_array_size(message) && n < sizeof(bytes); n++)
		bytes[n] = (char)json_integer_value(json_array_get(message, n));
	return take_copy(r, bytes, n, &l, nested + 1);
}

/* {"log":"text\n","stream":"stderr","time":"…"} of docker's json-file driver, {"message": …} of others */
static int wrapped_line(struct log_reader *r, const json_t *o, const json_t *text, int nested)
{
	const char *time = json_string_value(json_object_get(o, "time")), *end;
	struct logline l = { 0 };

	if (time)
		l.wall_ns = stamp_iso(time, &r->o, &end, &l.zone_assumed);
	return take_copy(r, json_string_value(text), json_string_length(text), &l, nested + 1);
}

/* 1: it is none that is known */
static int take_object(struct log_reader *r, const char *json, size_t len, int nested)
{
	json_t *o = json_loadb(json, len, JSON_ALLOW_NUL | JSON_DISABLE_EOF_CHECK, NULL);
	const json_t *text;
	int err = 1;

	if (!json_is_object(o)) {
		json_decref(o);
		return 1;
	}
	if (json_object_get(o, "MESSAGE"))
		err = journal_object(r, o, nested);
	else if (json_is_string(text = json_object_get(o, "log")))
		err = wrapped_line(r, o, text, nested);
	else if (json_object_get(o, "vertexes") || json_object_get(o, "logs") || json_object_get(o, "statuses") ||
		 json_object_get(o, "warnings")) {
		see_clock(r, &(struct logline){ .wall_ns = 1 });
		err = build_object(r->build, json, len) ? 0 : 1;
	}
	json_decref(o);
	return err < 0 ? err : err;
}

static int take_line(struct log_reader *r, const struct logline *l)
{
	uint64_t ts_ns = l->wall_ns ? l->wall_ns : r->clock == ZT_CLOCK_WALL ? 0 : l->boot_ns;

	see_clock(r, l);
	r->kernel_lines |= l->kernel;
	if (ts_ns && !r->first_ns)
		r->first_ns = ts_ns;
	r->last_ns = ts_ns > r->last_ns ? ts_ns : r->last_ns;
	if (daemon_line(r->daemon, l))
		r->kernel_lines = true; /* of the same journal */
	else if (!kernel_line(r->kernel, l))
		build_line(r->build, l);
	return r->e.err;
}

static int take_text(struct log_reader *r, char *text, size_t len, const struct logline *outer, int nested)
{
	struct logline l = *outer;
	char *eol;

	/* a record of several lines, as syslog and /dev/kmsg write it */
	for (char *p = text; nested < NESTED_MAX && (eol = strstr(p, "#012")); p = eol + 4) {
		*eol = 0;
		if (take_text(r, p, (size_t)(eol - p), outer, NESTED_MAX) < 0)
			return r->e.err;
		len -= (size_t)(eol + 4 - text);
		text = eol + 4;
	}
	if (*text == '{' && nested < NESTED_MAX) {
		int err = take_object(r, text, len, nested);

		if (err <= 0)
			return err;
	}
	stamp_peel(&r->o, text, len, &l);
	if (*l.text == '{' && l.text != text && nested < NESTED_MAX) {
		int err = take_object(r, l.text, l.len, nested);

		if (err <= 0)
			return err;
	}
	return take_line(r, &l);
}

static int braces(struct log_reader *r, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (r->in_string && s[i] == '\\')
			i++;
		else if (s[i] == '"')
			r->in_string = !r->in_string;
		else if (!r->in_string)
			r->depth += (s[i] == '{') - (s[i] == '}');
	}
	return r->depth;
}

static void object_add(struct log_reader *r, const char *s, size_t len)
{
	char *p;

	if (r->object_len + len + 2 > OBJECT_MAX) {
		r->depth = -1; /* too long: given up, what follows are lines */
		return;
	}
	if (r->object_len + len + 2 > r->object_cap) {
		p = realloc(r->object, r->object_len + len + 4096);
		if (!p) {
			r->depth = -1;
			return;
		}
		r->object = p;
		r->object_cap = r->object_len + len + 4096;
	}
	memcpy(r->object + r->object_len, s, len);
	r->object_len += len;
	r->object[r->object_len++] = '\n';
}

/* The second line of it tells whether "{" alone began a SolveStatus. */
static bool in_object(struct log_reader *r, const char *s, size_t len)
{
	const char *p = s + strspn(s, " ");

	if (!r->depth) {
		if (len != 1 || *s != '{')
			return false;
		r->object_len = 0;
		r->in_string = false;
		r->maybe_object = true;
		r->depth = 1;
		object_add(r, s, len);
		return true;
	}
	if (r->maybe_object && !begins(p, "\"vertexes\"", NULL) && !begins(p, "\"statuses\"", NULL) &&
	    !begins(p, "\"logs\"", NULL) && !begins(p, "\"warnings\"", NULL)) {
		r->depth = 0;
		return false;
	}
	r->maybe_object = false;
	object_add(r, s, len);
	if (r->depth >= 0 && braces(r, s, len) <= 0) {
		r->depth = 0;
		take_object(r, r->object, r->object_len, 0);
	}
	if (r->depth < 0)
		r->depth = 0;
	return true;
}

/* journalctl -o export: KEY=value, an empty line after each entry */
static bool in_export(struct log_reader *r, char *s, size_t len, int *err)
{
	const char *p;

	if (begins(s, "__CURSOR=", NULL)) {
		r->export = true;
		r->entry_ns = 0;
		r->entry_kernel = false;
		return true;
	}
	if (!r->export)
		return false;
	if (begins(s, "__REALTIME_TIMESTAMP=", &p))
		r->entry_ns = strtoull(p, NULL, 10) * 1000;
	else if (begins(s, "_TRANSPORT=kernel", NULL))
		r->entry_kernel = true;
	else if (begins(s, "MESSAGE=", &p))
		*err = take_text(r, s + 8, len - 8, &(struct logline){ .wall_ns = r->entry_ns, .kernel = r->entry_kernel }, 1);
	return true;
}

static int on_line(void *ctx, char *line, size_t len, bool ended)
{
	struct log_reader *r = ctx;
	int err = 0;

	(void)ended;
	r->nlines++;
	if (!len || in_object(r, line, len) || in_export(r, line, len, &err))
		return err ? err : r->e.err;
	return take_text(r, line, len, &(struct logline){ .wall_ns = r->lines.stamp_ns }, 0);
}

struct log_reader *log_reader_new(const struct log_opts *o)
{
	struct log_reader *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->o = *o;
	r->e.put = o->put;
	r->e.ctx = o->ctx;
	r->kernel_lines = o->kernel;
	r->kernel = kernel_new(&r->e);
	r->build = build_new(&r->e);
	r->daemon = daemon_new(&r->e);
	lines_init(&r->lines, on_line, r);
	if (!r->kernel || !r->build || !r->daemon) {
		log_reader_free(r);
		return NULL;
	}
	return r;
}

int log_reader_feed(struct log_reader *r, const char *bytes, size_t len)
{
	int err = lines_feed(&r->lines, bytes, len);

	r->nbytes += len;
	return err ? err : r->e.err;
}

int log_reader_end(struct log_reader *r)
{
	int err = lines_end(&r->lines);
	bool cut;

	if (err < 0)
		return err;
	cut = kernel_open(r->kernel);
	kernel_end(r->kernel);
	build_end(r->build);
	tell_log(r, ZT_F_LOG_END | (cut ? ZT_F_LOG_CUT : 0));
	return r->e.err;
}

void log_reader_free(struct log_reader *r)
{
	if (!r)
		return;
	kernel_free(r->kernel);
	build_free(r->build);
	daemon_free(r->daemon);
	free(r->object);
	free(r);
}
