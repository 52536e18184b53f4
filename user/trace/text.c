/* SPDX-License-Identifier: GPL-2.0 */
#include "trace/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "trace/event.h"
#include "trace/fields.h"

/* Prints an event as a line of JSON that is safe on a terminal. */

#define JSON_INT_MAX (1ULL << 53) /* what every reader of JSON can hold */

/* Length of the valid UTF-8 sequence at p and its code point; 0: none (RFC 3629). */
static size_t utf8_len(const unsigned char *p, size_t left, zt_u32 *code)
{
	static const zt_u32 least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = *p < 0x80 ? 1 : *p >= 0xc2 && *p < 0xe0 ? 2 : (*p & 0xf0) == 0xe0 ? 3 :
		   *p >= 0xf0 && *p < 0xf5 ? 4 : 0;
	zt_u32 c = n < 2 ? *p : *p & (0x7fu >> n);

	if (!n || n > left)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	*code = c;
	return n;
}

/* Controls, and what makes a terminal show something else than it got */
static bool is_unsafe(zt_u32 c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x61c ||
	       (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb);
}

/* A JSON string of bytes. False: it could not say them exactly. */
static bool print_string(FILE *f, const char *bytes, size_t len)
{
	const unsigned char *p = (const unsigned char *)bytes, *end = p + len;
	bool exact = true;

	putc('"', f);
	while (p < end) {
		zt_u32 c = 0;
		size_t n = utf8_len(p, (size_t)(end - p), &c);

		if (!n) {
			fputs("\\ufffd", f);
			exact = false;
			n = 1;
		} else if (is_unsafe(c)) {
			fprintf(f, "\\u%04x", c);
		} else {
			if (c == '"' || c == '\\')
				putc('\\', f);
			fwrite(p, 1, n, f);
		}
		p += n;
	}
	putc('"', f);
	return exact;
}

static void print_hex(FILE *f, const char *name, const char *bytes, size_t len)
{
	fprintf(f, ",\"%s_hex\":\"", name);
	for (size_t i = 0; i < len; i++)
		fprintf(f, "%02x", (unsigned char)bytes[i]);
	putc('"', f);
}

static void print_named_string(FILE *f, const char *name, const char *bytes, size_t len)
{
	fprintf(f, ",\"%s\":", name);
	if (!print_string(f, bytes, len))
		print_hex(f, name, bytes, len);
}

static void print_comm(FILE *f, const struct field *d, const char *p)
{
	size_t len = strnlen(p, d->bytes);
	bool exact;

	fprintf(f, ",\"%s\":", d->name);
	exact = print_string(f, p, len);
	for (size_t i = len; i < d->bytes; i++)
		exact = exact && !p[i];
	if (!exact)
		print_hex(f, d->name, p, d->bytes);
}

static void print_flags(FILE *f, const struct name *names, zt_u32 v)
{
	const char *comma = "";

	putc('[', f);
	for (; names->name; names++) {
		if (!(v & names->value))
			continue;
		fprintf(f, "%s\"%s\"", comma, names->name);
		comma = ",";
		v &= ~names->value;
	}
	if (v)
		fprintf(f, "%s\"0x%" PRIx32 "\"", comma, v);
	putc(']', f);
}

static void print_enum(FILE *f, const struct name *names, zt_u32 v)
{
	while (names->name && names->value != v)
		names++;
	if (names->name)
		fprintf(f, "\"%s\"", names->name);
	else
		fprintf(f, "%" PRIu32, v);
}

static zt_u64 load_unsigned(const struct field *d, const char *p)
{
	zt_u64 v64 = 0;
	zt_u32 v32 = 0;

	if (d->type == FIELD_U64 || d->type == FIELD_S64)
		memcpy(&v64, p, sizeof(v64));
	else
		memcpy(&v32, p, sizeof(v32));
	return v64 | v32;
}

static void print_number(FILE *f, const struct field *d, const char *p)
{
	zt_u64 v = load_unsigned(d, p);

	if (d->type == FIELD_S32)
		fprintf(f, "%" PRId32, (zt_s32)(zt_u32)v);
	else if (d->type == FIELD_S64 && v + JSON_INT_MAX > 2 * JSON_INT_MAX)
		fprintf(f, "\"%" PRId64 "\"", (zt_s64)v);
	else if (d->type == FIELD_S64)
		fprintf(f, "%" PRId64, (zt_s64)v);
	else if (d->show == SHOW_HEX)
		fprintf(f, "\"0x%" PRIx64 "\"", v);
	else if (d->show == SHOW_LIMIT && v == ZT_NO_LIMIT)
		fputs("\"max\"", f);
	else if (d->show == SHOW_STR || v > JSON_INT_MAX)
		fprintf(f, "\"%" PRIu64 "\"", v);
	else
		fprintf(f, "%" PRIu64, v);
}

static void print_fields(FILE *f, const struct field *d, const char *base, const struct name *flags,
			 const char *comma);

static void print_field(FILE *f, const struct field *d, const char *p, const struct name *flags)
{
	switch (d->show) {
	case SHOW_SUB:
		putc('{', f);
		print_fields(f, d->sub, p, NULL, "");
		putc('}', f);
		break;
	case SHOW_FLAGS:
		print_flags(f, d->names ? d->names : flags, (zt_u32)load_unsigned(d, p));
		break;
	case SHOW_ENUM:
		print_enum(f, d->names, (zt_u32)load_unsigned(d, p));
		break;
	default:
		print_number(f, d, p);
	}
}

/* flags: those of the head, which depend on the kind. The first field follows `comma`. */
static void print_fields(FILE *f, const struct field *d, const char *base, const struct name *flags,
			 const char *comma)
{
	for (; d->name; d++) {
		const char *p = base + d->offset;

		if (d->show == SHOW_NONE || (d->show == SHOW_PAD && !load_unsigned(d, p)))
			continue;
		if (d->type == FIELD_COMM) {
			print_comm(f, d, p);
			continue;
		}
		fprintf(f, "%s\"%s\":", comma, d->name);
		print_field(f, d, p, flags);
		comma = ",";
	}
}

static void print_argv(FILE *f, const char *name, const char *p, size_t len)
{
	const char *start = p, *end = p + len;
	bool exact = true, open = len && end[-1];

	fprintf(f, ",\"%s\":[", name);
	while (p < end) {
		size_t n = strnlen(p, (size_t)(end - p));

		exact &= print_string(f, p, n);
		p += n + 1;
		if (p < end)
			putc(',', f);
	}
	putc(']', f);
	if (open)
		fprintf(f, ",\"%s_open\":true", name);
	if (!exact)
		print_hex(f, name, start, len);
}

static void print_tail(FILE *f, const struct zt_ev *ev, const struct tail *t)
{
	const char *s[TAIL_STRINGS_MAX], *rest;
	size_t len;
	int n = 0;

	while (t->strings[n])
		n++;
	rest = ev_tail_bytes(ev, n, &len);
	if (!rest || (len && !t->argv && !t->bytes)) {
		rest = ev_tail(ev, &len);
		print_hex(f, "tail", rest, len);
		return;
	}
	ev_tail_strings(ev, s, n);
	for (int i = 0; i < n; i++)
		print_named_string(f, t->strings[i], s[i], strlen(s[i]));
	if (t->argv)
		print_argv(f, t->argv, rest, len);
	if (t->bytes)
		print_named_string(f, t->bytes, rest, len);
}

int text_print(FILE *f, const struct zt_ev *ev)
{
	const struct kind_fields *k = kind_fields(ev->kind);
	int r = ev_check(ev);

	if (r)
		return r;
	fprintf(f, "{\"kind\":\"%s\"", zt_kind_name(ev->kind));
	print_fields(f, head_fields, (const char *)ev, k->flags, ",");
	print_fields(f, k->fields, (const char *)ev, NULL, ",");
	print_tail(f, ev, k->tail);
	fputs("}\n", f);
	return ferror(f) ? -EIO : 0;
}
