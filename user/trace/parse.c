/* SPDX-License-Identifier: GPL-2.0 */
#include "trace/text.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "trace/event.h"
#include "trace/fields.h"

/* Reads an event from its text form. */

struct parse {
	struct zt_ev *ev;
	size_t cap;
	char *err;
	size_t errlen;
};

static int __attribute__((format(printf, 3, 4))) complain(struct parse *p, int r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p->err, p->errlen, fmt, ap);
	va_end(ap);
	for (char *c = p->err; p->errlen && *c; c++) /* keys come from the line */
		if (*c < 0x20 || *c > 0x7e)
			*c = '?';
	return r;
}

static bool has_suffix(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && !strcmp(s + n - m, suffix);
}

/* What a unit behind a number multiplies it with; 0: no such unit for a field of that name. */
static zt_u64 unit_of(const char *name, const char *unit)
{
	static const struct { const char *suffix, *unit; zt_u64 factor; } units[] = {
		{ "_bytes", "K", 1ULL << 10 }, { "_bytes", "M", 1ULL << 20 }, { "_bytes", "G", 1ULL << 30 },
		{ "_bytes", "T", 1ULL << 40 }, { "_ns", "ns", 1 }, { "_ns", "us", 1000 },
		{ "_ns", "ms", 1000000 }, { "_ns", "s", 1000000000 }, { "", "", 1 },
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (has_suffix(name, units[i].suffix) && !strcmp(unit, units[i].unit))
			return units[i].factor;
	return 0;
}

/* "123", "0x7b", "64M", "max" as an unsigned number */
static bool number_of_string(const struct field *d, const char *s, zt_u64 *v)
{
	char *end;
	zt_u64 factor;

	if (d->show == SHOW_LIMIT && !strcmp(s, "max")) {
		*v = ZT_NO_LIMIT;
		return true;
	}
	if (!isdigit((unsigned char)*s)) /* strtoull takes blanks and signs */
		return false;
	errno = 0;
	*v = strtoull(s, &end, s[0] == '0' && s[1] == 'x' ? 16 : 10);
	factor = unit_of(d->name, end);
	return !errno && factor && !__builtin_mul_overflow(*v, factor, v);
}

static bool number_of_name(const struct name *names, const char *s, zt_u64 *v)
{
	for (; names && names->name; names++)
		if (!strcmp(names->name, s)) {
			*v = names->value;
			return true;
		}
	return false;
}

/* A 64-bit number with a sign; as a string where it is too long for other readers of JSON. */
static int store_s64(struct parse *p, const struct field *d, const json_t *j, char *at)
{
	const char *s = json_string_value(j);
	char *end;
	zt_s64 v;

	errno = 0;
	if (json_is_integer(j))
		v = json_integer_value(j);
	else if (!s || !isdigit((unsigned char)s[*s == '-']) || (v = strtoll(s, &end, 10), errno || *end))
		return complain(p, -EINVAL, "%s: not a number it can have", d->name);
	memcpy(at, &v, sizeof(v));
	return 0;
}

static int store(struct parse *p, const struct field *d, const json_t *j, char *at)
{
	const char *s = json_string_value(j);
	zt_u64 v = 0;
	zt_u32 v32;

	if (d->type == FIELD_S64)
		return store_s64(p, d, j, at);
	if (json_is_integer(j) && d->type == FIELD_S32) {
		json_int_t i = json_integer_value(j);
		zt_s32 s32 = (zt_s32)i;

		if (i != s32)
			return complain(p, -EINVAL, "%s: out of range", d->name);
		memcpy(at, &s32, sizeof(s32));
		return 0;
	}
	if (json_is_integer(j) && json_integer_value(j) >= 0)
		v = (zt_u64)json_integer_value(j);
	else if (!s || (!number_of_name(d->names, s, &v) && !number_of_string(d, s, &v)))
		return complain(p, -EINVAL, "%s: not a number it can have", d->name);
	if (d->type == FIELD_U64) {
		memcpy(at, &v, sizeof(v));
		return 0;
	}
	v32 = (zt_u32)v;
	if (v != v32 || (d->type == FIELD_S32 && v > INT32_MAX))
		return complain(p, -EINVAL, "%s: out of range", d->name);
	memcpy(at, &v32, sizeof(v32));
	return 0;
}

static int store_flags(struct parse *p, const struct field *d, const struct name *names, const json_t *j,
		       char *at)
{
	struct field plain = *d;
	zt_u32 all = 0, v;
	size_t i;
	json_t *e;
	int r;

	if (!json_is_array(j))
		return complain(p, -EINVAL, "%s: not a list of names", d->name);
	plain.names = names;
	json_array_foreach(j, i, e) {
		r = store(p, &plain, e, (char *)&v);
		if (r)
			return r;
		all |= v;
	}
	memcpy(at, &all, sizeof(all));
	return 0;
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Exactly the bytes that a *_hex string stands for. Their number, or -errno. */
static int unhex(struct parse *p, const char *name, const json_t *j, char *out, size_t cap)
{
	const char *s = json_string_value(j);
	size_t len = json_string_length(j);

	if (!s || len % 2)
		return complain(p, -EINVAL, "%s_hex: not a string of hexadecimal bytes", name);
	if (len / 2 > cap)
		return complain(p, -EMSGSIZE, "%s_hex: too long", name);
	for (size_t i = 0; i < len; i += 2) {
		int hi = hex_digit(s[i]), lo = hex_digit(s[i + 1]);

		if (hi < 0 || lo < 0)
			return complain(p, -EINVAL, "%s_hex: not a string of hexadecimal bytes", name);
		out[i / 2] = (char)(hi << 4 | lo);
	}
	return (int)(len / 2);
}

/* NAME_hex of an object; NULL: not there. */
static const json_t *hex_of(const json_t *obj, const char *name)
{
	char key[64];

	snprintf(key, sizeof(key), "%s_hex", name);
	return json_object_get(obj, key);
}

static int store_comm(struct parse *p, const struct field *d, const json_t *obj, const json_t *j, char *at)
{
	const json_t *hex = hex_of(obj, d->name);
	int n;

	if (hex) {
		n = unhex(p, d->name, hex, at, d->bytes);
		return n < 0 ? n : 0;
	}
	if (!j)
		return 0;
	if (!json_is_string(j) || json_string_length(j) >= d->bytes)
		return complain(p, -EINVAL, "%s: not a string of up to %d bytes", d->name, d->bytes - 1);
	memcpy(at, json_string_value(j), json_string_length(j));
	return 0;
}

static const struct field *find(const struct field *d, const char *name)
{
	for (; d->name; d++)
		if (d->show != SHOW_NONE && !strcmp(d->name, name))
			return d;
	return NULL;
}

static int store_fields(struct parse *p, const struct field *d, const struct name *flags,
			const json_t *obj, char *base);

static int store_id(struct parse *p, const json_t *j, struct zt_id *id)
{
	int r;

	if (!json_is_object(j))
		r = store(p, &id_fields[0], j, (char *)&id->tgid);
	else
		r = store_fields(p, id_fields, NULL, j, (char *)id);
	if (!json_object_get(j, "tid"))
		id->tid = id->tgid;
	return r;
}

static int store_sub(struct parse *p, const struct field *d, const json_t *j, char *at)
{
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)j, key, v)
		if (!find(d->sub, key))
			return complain(p, -EINVAL, "%s has no \"%.40s\"", d->name, key);
	if (d->sub == id_fields)
		return store_id(p, j, (struct zt_id *)at);
	if (!json_is_object(j))
		return complain(p, -EINVAL, "%s: not an object", d->name);
	return store_fields(p, d->sub, NULL, j, at);
}

static int store_fields(struct parse *p, const struct field *d, const struct name *flags,
			const json_t *obj, char *base)
{
	int r = 0;

	for (; d->name && !r; d++) {
		const json_t *j = d->show == SHOW_NONE ? NULL : json_object_get(obj, d->name);
		char *at = base + d->offset;

		if (d->type == FIELD_COMM)
			r = store_comm(p, d, obj, j, at);
		else if (!j)
			continue;
		else if (d->show == SHOW_SUB)
			r = store_sub(p, d, j, at);
		else if (d->show == SHOW_FLAGS)
			r = store_flags(p, d, d->names ? d->names : flags, j, at);
		else
			r = store(p, d, j, at);
	}
	return r;
}

/* Append to the tail. */
static int append(struct parse *p, const void *bytes, size_t len)
{
	if (len > p->cap - p->ev->size)
		return complain(p, -EMSGSIZE, "too large for an event (%d bytes)", ZT_EV_SIZE_MAX);
	memcpy((char *)p->ev + p->ev->size, bytes, len);
	p->ev->size += (zt_u32)len;
	return 0;
}

static int append_hex(struct parse *p, const char *name, const json_t *hex)
{
	int n = unhex(p, name, hex, (char *)p->ev + p->ev->size, p->cap - p->ev->size);

	if (n < 0)
		return n;
	p->ev->size += (zt_u32)n;
	return 0;
}

/* A string with its NUL (with_nul), which must be the only one. */
static int append_string(struct parse *p, const char *name, const json_t *j, bool with_nul)
{
	const char *s = j ? json_string_value(j) : "";
	size_t len = j ? json_string_length(j) : 0;

	if (!s || memchr(s, 0, len))
		return complain(p, -EINVAL, "%s: not a string without NUL", name);
	return append(p, s, len + with_nul);
}

static int append_named(struct parse *p, const json_t *obj, const char *name)
{
	const json_t *hex = hex_of(obj, name);
	int r;

	if (!hex)
		return append_string(p, name, json_object_get(obj, name), true);
	r = append_hex(p, name, hex);
	return r ? r : append(p, "", 1);
}

static int append_argv(struct parse *p, const json_t *obj, const char *name)
{
	const json_t *hex = hex_of(obj, name), *j = json_object_get(obj, name), *e;
	bool open;
	char key[32];
	size_t n = json_array_size(j);
	int r = 0;

	snprintf(key, sizeof(key), "%s_open", name);
	open = json_is_true(json_object_get(obj, key));
	if (hex)
		return append_hex(p, name, hex);
	if (j && !json_is_array(j))
		return complain(p, -EINVAL, "%s: not a list of strings", name);
	for (size_t i = 0; i < n && !r; i++) {
		e = json_array_get(j, i);
		r = append_string(p, name, e, !open || i + 1 < n);
	}
	return r;
}

static int append_bytes(struct parse *p, const json_t *obj, const char *name)
{
	const json_t *hex = hex_of(obj, name), *j = json_object_get(obj, name);

	if (hex)
		return append_hex(p, name, hex);
	if (j && !json_is_string(j))
		return complain(p, -EINVAL, "%s: not a string", name);
	return j ? append(p, json_string_value(j), json_string_length(j)) : 0;
}

static int append_tail(struct parse *p, const struct tail *t, const json_t *obj)
{
	const json_t *hex = hex_of(obj, "tail");
	int r = 0;

	if (hex)
		return append_hex(p, "tail", hex);
	for (int i = 0; t->strings[i] && !r; i++)
		r = append_named(p, obj, t->strings[i]);
	if (!r && t->argv)
		r = append_argv(p, obj, t->argv);
	if (!r && t->bytes)
		r = append_bytes(p, obj, t->bytes);
	return r;
}

/* What a line written by hand need not count */
static void count_argv(struct zt_ev *ev, const json_t *obj)
{
	zt_u32 len = ev->size - ev->fixed;

	if (ev->kind == ZT_exec) {
		struct zt_ev_exec *e = (struct zt_ev_exec *)ev;

		if (!json_object_get(obj, "argv_bytes"))
			e->argv_bytes = len;
		if (!json_object_get(obj, "argv_total_bytes"))
			e->argv_total_bytes = e->argv_bytes;
	} else if (ev->kind == ZT_proc && !json_object_get(obj, "argv_bytes")) {
		((struct zt_ev_proc *)ev)->argv_bytes = len;
	}
}

static bool is_tail_key(const struct tail *t, const char *key)
{
	if (!strcmp(key, "tail"))
		return false;
	for (int i = 0; t->strings[i]; i++)
		if (!strcmp(key, t->strings[i]))
			return true;
	return (t->bytes && !strcmp(key, t->bytes)) || (t->argv && !strcmp(key, t->argv));
}

static bool is_open_key(const struct tail *t, const char *key)
{
	size_t n = t->argv ? strlen(t->argv) : 0;

	return n && !strncmp(key, t->argv, n) && !strcmp(key + n, "_open");
}

/* A misspelt field would else be a silent 0. */
static bool is_key(const struct kind_fields *k, const char *key)
{
	const struct field *d = find(head_fields, key);
	char base[64];
	size_t n = strlen(key);

	if (!d)
		d = find(k->fields, key);
	if (d || !strcmp(key, "kind") || !strcmp(key, "tail_hex") || is_tail_key(k->tail, key) ||
	    is_open_key(k->tail, key))
		return true;
	if (!has_suffix(key, "_hex") || n - 4 >= sizeof(base))
		return false;
	memcpy(base, key, n - 4);
	base[n - 4] = 0;
	d = find(k->fields, base);
	return is_tail_key(k->tail, base) || (d && d->type == FIELD_COMM);
}

static int parse_event(struct parse *p, json_t *obj)
{
	const char *name = json_string_value(json_object_get(obj, "kind")), *key;
	unsigned int kind = name ? zt_kind_number(name) : 0;
	const struct kind_fields *k = kind_fields(kind);
	size_t fixed = zt_kind_fixed(kind);
	json_t *v;
	int r;

	if (!k)
		return complain(p, -EINVAL, name ? "\"%.40s\" is no kind of event" : "no \"kind\"%s",
				name ? name : "");
	json_object_foreach(obj, key, v)
		if (!is_key(k, key))
			return complain(p, -EINVAL, "%s has no \"%.40s\"", name, key);
	if (p->cap < fixed)
		return complain(p, -EMSGSIZE, "no room for a %s event", name);
	memset(p->ev, 0, fixed);
	p->ev->kind = (zt_u16)kind;
	p->ev->fixed = (zt_u16)fixed;
	p->ev->size = (zt_u32)fixed;
	r = store_fields(p, head_fields, k->flags, obj, (char *)p->ev);
	if (!r)
		r = store_fields(p, k->fields, NULL, obj, (char *)p->ev);
	if (!r)
		r = append_tail(p, k->tail, obj);
	if (r)
		return r;
	count_argv(p->ev, obj);
	if (ev_check(p->ev))
		return complain(p, -EINVAL, "%s: a comm of 16 bytes has no NUL", name);
	return 0;
}

int text_parse(const char *line, size_t len, struct zt_ev *out, size_t cap, char *err, size_t errlen)
{
	struct parse p = {
		.ev = out,
		.cap = cap < ZT_EV_SIZE_MAX ? cap : ZT_EV_SIZE_MAX,
		.err = err,
		.errlen = errlen,
	};
	json_error_t je;
	json_t *obj = json_loadb(line, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &je);
	int r;

	if (!obj)
		return complain(&p, -EINVAL, "%s (column %d)", je.text, je.column);
	r = json_is_object(obj) ? parse_event(&p, obj) : complain(&p, -EINVAL, "not a JSON object");
	json_decref(obj);
	return r;
}
