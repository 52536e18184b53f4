// SPDX-License-Identifier: GPL-2.0
/* The layers of redact_read.h. */
#include "source/redact_read.h"

#include <string.h>

#define STARS 5

bool is_op(int c)
{
	return c > 0 && strchr(";|&<>()`", c);
}
/* Where the next line begins, when the rest of this one is blank; else 0. */
static size_t blank_line(const char *t, size_t pos, size_t end)
{
	while (pos < end && is_blank(t[pos]))
		pos++;
	return pos < end && t[pos] == '\n' ? pos + 1 : 0;
}

/* Docker joins lines at a trailing backslash (or backtick) and drops blank and comment lines that
 * follow. */
static size_t skip_continuation(const char *t, size_t pos, size_t end)
{
	while (pos < end && (t[pos] == '\\' || t[pos] == '`')) {
		size_t next = blank_line(t, pos + 1, end), at;

		if (!next)
			break;
		for (pos = next; pos < end; pos = next) {
			for (at = pos; at < end && is_blank(t[at]); at++)
				;
			next = blank_line(t, pos, end);
			if (next)
				continue;
			if (at >= end || t[at] != '#')
				break;
			next = (size_t)((char *)memchr(t + at, '\n', end - at) - t) + 1;
			if (!memchr(t + at, '\n', end - at))
				next = end;
		}
	}
	return pos;
}

static struct chr get_level(const struct scan *s, size_t pos, unsigned int level);

static struct chr get_json(const struct scan *s, struct chr a, unsigned int level)
{
	static const char from[] = "nrtbf", to[] = "\n\r\t\b\f";
	struct chr b = get_level(s, a.end, level);
	unsigned int code = 0;
	const char *p;
	size_t end;

	if (b.c < 0)
		return a;
	end = b.end;
	p = strchr(from, b.c);
	if (b.c && p)
		return (struct chr){ to[p - from], 1, a.at, end };
	if (b.c != 'u')
		return (struct chr){ b.c, 1, a.at, end };
	for (int i = 0; i < 4; i++) {
		struct chr h = get_level(s, end, level);
		int lower = h.c | 0x20;

		if (h.c >= '0' && h.c <= '9')
			code = code * 16 + (unsigned int)(h.c - '0');
		else if (lower >= 'a' && lower <= 'f')
			code = code * 16 + (unsigned int)(lower - 'a' + 10);
		else
			return (struct chr){ b.c, 1, a.at, b.end };
		end = h.end;
	}
	if (code < 0x80)
		return (struct chr){ (int)code, 1, a.at, end };
	/* one half of a surrogate pair is two of the four UTF-8 bytes */
	return (struct chr){ 0x80, code < 0x800 || (code & 0xf800) == 0xd800 ? 2 : 3, a.at, end };
}

static struct chr get_level(const struct scan *s, size_t pos, unsigned int level)
{
	struct chr a, b;

	if (!level) {
		pos = skip_continuation(s->r->t, pos, s->end);
		if (pos >= s->end)
			return (struct chr){ -1, 0, s->end, s->end };
		return (struct chr){ (unsigned char)s->r->t[pos], 1, pos, pos + 1 };
	}
	a = get_level(s, pos, level - 1);
	if (a.c != '\\' || s->layer[level - 1] == LAYER_PLAIN)
		return a;
	if (s->layer[level - 1] == LAYER_JSON)
		return get_json(s, a, level - 1);
	b = get_level(s, a.end, level - 1);
	if (b.c <= 0 || !strchr("\"\\$`", b.c))
		return a;
	return (struct chr){ b.c, a.bytes + b.bytes, a.at, b.end };
}

struct chr red_get(const struct scan *s, size_t pos)
{
	return get_level(s, pos, s->depth);
}

static void put(struct red *r, char c)
{
	r->t[r->wr++] = c;
}

void red_copy(struct red *r, size_t to)
{
	if (to <= r->rd)
		return;
	memmove(r->t + r->wr, r->t + r->rd, to - r->rd);
	r->wr += to - r->rd;
	r->rd = to;
}

static size_t count_bytes(const struct scan *s, size_t from, size_t to)
{
	size_t n = 0;

	for (;;) {
		struct chr c = get_level(s, from, s->base);

		if (c.at >= to)
			return n;
		n += c.bytes;
		from = c.end;
	}
}

/* The stars stand at the end: a line that lost all of its text would become a blank or a comment
 * line, which docker drops. */
void red_mask(const struct scan *s, size_t from, size_t to)
{
	size_t left = count_bytes(s, from, to);
	struct red *r = s->r;

	r->changed = r->changed || left > STARS;
	red_copy(r, from);
	while (r->rd < to) {
		struct chr c = get_level(s, r->rd, s->base);

		red_copy(r, c.at < to ? c.at : to);
		if (c.at >= to)
			break;
		r->changed = r->changed || c.c != '*';
		while (r->rd < c.end) { /* an escape may go over a line's end */
			struct chr raw = get_level(s, r->rd, 0);

			red_copy(r, raw.at);
			r->rd = raw.end;
		}
		for (unsigned int i = 0; i < c.bytes; i++, left--)
			if (left <= STARS)
				put(r, '*');
	}
}

static enum step escaped(const struct scan *s, struct walk *w, struct chr *c, const char *only)
{
	struct chr d = red_get(s, c->end);

	if (d.c > 0 && d.c != '\n' && (!only || strchr(only, d.c)))
		*c = (struct chr){ d.c, c->bytes + d.bytes, c->at, d.end };
	w->pos = c->end;
	return STEP_CHAR;
}

enum step red_step(const struct scan *s, struct walk *w, struct chr *c)
{
	*c = red_get(s, w->pos);
	if (c->c < 0)
		return STEP_END;
	if (w->flat) {
		w->pos = c->end;
		return STEP_CHAR;
	}
	if (c->c == '\n' || (!w->q && (is_blank(c->c) || (s->ops && is_op(c->c)))))
		return STEP_END;
	if (w->q ? c->c == w->q : c->c == '"' || c->c == '\'') {
		w->q = w->q ? 0 : c->c;
		w->pos = c->end;
		return STEP_QUOTE;
	}
	if (c->c == '\\' && w->q != '\'')
		return escaped(s, w, c, w->q ? "\"\\$`" : NULL);
	w->pos = c->end;
	return STEP_CHAR;
}
