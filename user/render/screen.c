/* SPDX-License-Identifier: GPL-2.0 */
/* Escapes, wraps and colours lines. */
#include "render/screen.h"

#include <stdio.h>
#include <string.h>

#include "base/esc.h"
#include "base/width.h"

#define PARA_BYTES (16 * 1024) /* a paragraph's text, escaped */

static const char *const sgr[] = {
	[STYLE_PLAIN] = "",	     [STYLE_ERROR] = "\033[1;31m", [STYLE_NOTE] = "\033[1;36m",
	[STYLE_GUTTER] = "\033[34m", [STYLE_LABEL] = "\033[1m",	   [STYLE_HELP] = "\033[1;32m",
	[STYLE_BOLD] = "\033[1m",    [STYLE_DIM] = "\033[2m",
};

static void add_line(struct screen *s, const char *head, enum style head_style, size_t indent, const char *text,
		     size_t len, enum style style)
{
	struct line *l = s->count < SCREEN_LINES ? &s->lines[s->count] : NULL;
	int n;

	s->count++;
	if (!l)
		return;
	n = snprintf(l->text, sizeof(l->text), "%*s%s", (int)indent, "", head);
	l->head_bytes = (size_t)n < sizeof(l->text) ? (size_t)n : sizeof(l->text) - 1;
	l->head = head_style;
	l->rest = style;
	if (len > sizeof(l->text) - 1 - l->head_bytes)
		len = width_fit(text, sizeof(l->text) - 1 - l->head_bytes, SCREEN_COLUMNS);
	memcpy(l->text + l->head_bytes, text, len);
	l->text[l->head_bytes + len] = 0;
}

void screen_para(struct screen *s, const struct para *p)
{
	size_t head_cols = width_text(p->head, strlen(p->head)), at = 0, len;
	char text[PARA_BYTES];

	len = esc_term(text, sizeof(text), p->text, p->len ?: strlen(p->text), 0);
	for (unsigned int i = 0; i == 0 || at < len; i++) {
		size_t indent = i ? p->indent : 0, used = i ? p->indent : head_cols;
		size_t room = used < SCREEN_COLUMNS ? SCREEN_COLUMNS - used : 1, next;
		size_t n = width_break(text + at, len - at, room, &next);

		if (i + 1 >= p->lines && at + next < len) { /* the last line there may be */
			char cut[SCREEN_LINE_BYTES];

			n = esc_term(cut, sizeof(cut), text + at, len - at, room);
			add_line(s, i ? "" : p->head, p->head_style, indent, cut, n, p->style);
			return;
		}
		add_line(s, i ? "" : p->head, p->head_style, indent, text + at, n, p->style);
		at += next;
	}
}

enum quote { QUOTE_NONE, QUOTE_SINGLE, QUOTE_DOUBLE };

/* What the shell is in after one more character; *escaped: the next one is taken as it is. */
static enum quote next_quote(enum quote q, char c, bool *escaped)
{
	if (*escaped) {
		*escaped = false;
		return q;
	}
	*escaped = c == '\\' && q != QUOTE_SINGLE;
	if (c == '\'' && q != QUOTE_DOUBLE)
		return q == QUOTE_SINGLE ? QUOTE_NONE : QUOTE_SINGLE;
	if (c == '"' && q != QUOTE_SINGLE)
		return q == QUOTE_DOUBLE ? QUOTE_NONE : QUOTE_DOUBLE;
	return q;
}

/* One printed line of a command. */
struct piece {
	size_t bytes, next; /* shown, taken */
	const char *end;    /* what is put after it */
	enum quote quote;   /* at the break: must be opened again */
	bool flush_left;    /* the next line goes on inside a word: no blanks may come before it */
};

/* Prefer a blank outside quotes; else break the word itself, which costs up to 2 columns for "'\". */
static struct piece cut_command(const char *s, size_t len, size_t room, enum quote q)
{
	struct piece blank = { 0 }, any = { 0 };
	bool escaped = false;

	if (width_text(s, len) <= room)
		return (struct piece){ .bytes = len, .next = len, .end = "" };
	for (size_t at = 0, n; at < len; at += n) {
		uint32_t cp;

		if (width_text(s, at) + 2 > room)
			break;
		if (at && s[at] == ' ' && q == QUOTE_NONE && !escaped)
			blank = (struct piece){ .bytes = at, .next = at + 1, .end = " \\" };
		if (at && !escaped && strncmp(s + at, "::", 2) != 0) /* which is a command to some CI where a line begins */
			any = (struct piece){ .bytes = at, .next = at, .quote = q, .flush_left = true,
					      .end = q == QUOTE_SINGLE ? "'\\" : "\\" };
		n = utf8_next(s + at, len - at, &cp);
		q = next_quote(q, s[at], &escaped);
	}
	return blank.next ? blank : any;
}

bool screen_command(struct screen *s, const char *command, size_t indent, unsigned int max_lines)
{
	unsigned int before = s->count;
	struct piece p = { 0 };
	char text[4096];
	size_t len = esc_term_str(text, sizeof(text), command, 0), at = 0;

	if (strlen(command) >= sizeof(text) - 8)
		return false;
	while (at < len) {
		const char *head = p.quote == QUOTE_SINGLE && p.flush_left ? "'" : "";
		bool goes_on = at && p.flush_left;
		size_t left = goes_on ? 0 : at ? indent + 2 : indent;
		size_t room = SCREEN_COLUMNS - left - strlen(head);
		char shown[SCREEN_LINE_BYTES];
		int n;

		p = cut_command(text + at, len - at, room, goes_on ? p.quote : QUOTE_NONE);
		n = snprintf(shown, sizeof(shown), "%.*s%s", (int)p.bytes, text + at, p.end);
		if (!p.next || (size_t)n >= sizeof(shown) || s->count - before >= max_lines) {
			s->count = before;
			return false;
		}
		add_line(s, head, STYLE_PLAIN, left, shown, (size_t)n, STYLE_PLAIN);
		at += p.next;
	}
	return true;
}

void screen_blank(struct screen *s)
{
	add_line(s, "", STYLE_PLAIN, 0, "", 0, STYLE_PLAIN);
}

static void print_part(struct out *o, enum style style, const char *text, size_t len)
{
	if (!len)
		return;
	if (o->color && style != STYLE_PLAIN)
		fprintf(o->f, "%s%.*s\033[0m", sgr[style], (int)len, text);
	else
		fprintf(o->f, "%.*s", (int)len, text);
}

void screen_print(const struct screen *s, struct out *o)
{
	for (unsigned int i = 0; i < s->count && i < SCREEN_LINES; i++) {
		const struct line *l = &s->lines[i];
		size_t len = strlen(l->text);

		while (len && l->text[len - 1] == ' ')
			len--;
		print_part(o, l->head, l->text, l->head_bytes < len ? l->head_bytes : len);
		if (len > l->head_bytes)
			print_part(o, l->rest, l->text + l->head_bytes, len - l->head_bytes);
		fputc('\n', o->f);
	}
}
