// SPDX-License-Identifier: GPL-2.0
/* The two ways in: argv, and text that may be a Dockerfile. */
#include "source/redact.h"

#include <stdint.h>
#include <string.h>

#include "source/redact_scan.h"

#define ROOM_MAX 512 /* how far a private key may begin behind its BEGIN line */
#define PASSES_MAX 8

enum instr { INSTR_NONE, INSTR_RUN, INSTR_ONBUILD, INSTR_COPY, INSTR_ENV, INSTR_ARG };

static enum instr instr_of(const struct word *h)
{
	static const struct {
		const char *name;
		enum instr instr;
	} names[] = {
		{ "RUN", INSTR_RUN },	      { "CMD", INSTR_RUN },
		{ "ENTRYPOINT", INSTR_RUN },  { "SHELL", INSTR_RUN },
		{ "ONBUILD", INSTR_ONBUILD }, { "HEALTHCHECK", INSTR_ONBUILD },
		{ "COPY", INSTR_COPY },	      { "ADD", INSTR_COPY },
		{ "ENV", INSTR_ENV },	      { "ARG", INSTR_ARG },
		{ "LABEL", INSTR_ARG },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (span_is((struct span){ h->head, h->len }, names[i].name))
			return names[i].instr;
	return INSTR_NONE;
}

static size_t skip_blanks(const struct scan *s, size_t pos)
{
	struct chr c = red_get(s, pos);

	while (is_blank(c.c))
		c = red_get(s, c.end);
	return c.at;
}

/* The quote that ends the JSON string whose inside begins at pos; c < 0: none on this line. */
static struct chr json_string_end(const struct scan *s, size_t pos)
{
	struct chr c = red_get(s, pos);

	while (c.c >= 0 && c.c != '"' && c.c != '\n') {
		if (c.c == '\\')
			c = red_get(s, c.end);
		c = red_get(s, c.end);
	}
	if (c.c != '"')
		c.c = -1;
	return c;
}

/* The exec form: docker takes a line for it only when all of it is an array of strings. Mask its
 * strings like argv (st NULL: only look). Where it ends; 0: no such array. */
static size_t exec_form(const struct scan *s, struct state *st, size_t pos)
{
	struct chr c = red_get(s, pos), q;

	if (c.c != '[')
		return 0;
	for (pos = skip_blanks(s, c.end);; pos = skip_blanks(s, c.end)) {
		c = red_get(s, pos);
		q = c.c == '"' ? json_string_end(s, c.end) : c;
		if (c.c != '"' || q.c < 0)
			return 0;
		if (st) {
			struct scan sub = *s;

			sub.end = q.at;
			sub.layer[0] = LAYER_JSON;
			sub.depth = sub.base = 1;
			red_word(&sub, st, (struct walk){ c.end, 0, true });
		}
		c = red_get(s, skip_blanks(s, q.end));
		if (c.c == ']')
			break;
		if (c.c != ',')
			return 0;
	}
	c = red_get(s, skip_blanks(s, c.end));
	return c.c < 0 || c.c == '\n' ? c.at : 0;
}

/* A here-document's end: the line that holds only `name`. tabs: may begin with tabs. */
static bool find_line(const struct scan *s, size_t pos, struct span name, bool tabs, size_t *at,
		      size_t *end)
{
	const char *t = s->r->t, *nl;

	for (; pos < s->end; pos = *end) {
		size_t from = pos, to;

		nl = memchr(t + pos, '\n', s->end - pos);
		to = nl ? (size_t)(nl - t) : s->end;
		*end = nl ? to + 1 : to;
		*at = pos;
		while (tabs && from < to && t[from] == '\t')
			from++;
		if (to > from && t[to - 1] == '\r')
			to--;
		if (to - from == name.len && !memcmp(t + from, name.p, name.len))
			return true;
	}
	return false;
}

/* The bodies of an instruction's here-documents, [*body, *at), and the line behind them. */
struct heredoc {
	size_t body, at, end;
};

/* Look for <<NAME in the line at pos. 1: found; 0: none; -1: one that does not end. */
static int heredocs(const struct scan *s, size_t pos, struct heredoc *ret)
{
	char names[4][HEAD_MAX];
	struct span name[4];
	bool tabs[4] = { 0 };
	size_t n = 0, at;
	int prev = ' ';
	struct chr c;

	for (c = red_get(s, pos); c.c >= 0 && c.c != '\n'; prev = c.c, c = red_get(s, c.end)) {
		struct chr d = red_get(s, c.end);
		size_t len = 0;
		int quote = 0;

		if (c.c != '<' || d.c != '<' || !(is_blank(prev) || (prev >= '0' && prev <= '9')) ||
		    n == 4)
			continue;
		d = red_get(s, d.end);
		tabs[n] = d.c == '-';
		if (tabs[n])
			d = red_get(s, d.end);
		if (d.c == '"' || d.c == '\'') {
			quote = d.c;
			d = red_get(s, d.end);
		}
		if (!quote && d.c >= '0' && d.c <= '9')
			continue; /* 1 << 3 */
		for (; len < HEAD_MAX && is_name(d.c); d = red_get(s, d.end))
			names[n][len++] = (char)d.c;
		name[n] = (struct span){ names[n], len };
		n += len && len < HEAD_MAX;
	}
	if (!n || c.c < 0)
		return 0;
	ret->body = at = c.end;
	for (size_t i = 0; i < n; i++, at = ret->end)
		if (!find_line(s, at, name[i], tabs[i], &ret->at, &ret->end))
			return -1;
	return 1;
}

/* ENV K=V … or ENV K V: there the rest of the line is the value. */
static size_t env(const struct scan *s, size_t pos, enum instr instr)
{
	struct state st = { .command = true };
	struct scan plain = *s;
	struct word h;
	bool weak;

	plain.ops = false;
	pos = skip_blanks(s, pos);
	red_word_read(&plain, (struct walk){ .pos = pos }, &h);
	if (instr == INSTR_ENV && !memchr(h.head, '=', h.len) &&
	    rule_secret_name((struct span){ h.head, h.len }, &weak)) {
		st.expect = EXPECT_LINE;
		pos = h.end;
	}
	return red_scan_line(&plain, &st, pos);
}

/* One instruction with its here-documents; where the next line begins. A here-document that does
 * not end is looked for once in a file, not once a line. */
static size_t instruction(const struct scan *s, size_t pos, bool *unended)
{
	enum instr instr = INSTR_NONE;
	struct state st = { 0 };
	struct heredoc doc;
	struct word h;
	int docs = 0;

	for (;;) {
		pos = skip_blanks(s, pos);
		red_word_read(s, (struct walk){ .pos = pos }, &h);
		if (instr != INSTR_NONE && h.len > 2 && !memcmp(h.head, "--", 2)) {
			red_word(s, &st, (struct walk){ .pos = pos });
			pos = h.end;
			continue;
		}
		if (instr != INSTR_NONE && instr != INSTR_ONBUILD)
			break;
		instr = instr_of(&h);
		if (instr == INSTR_NONE)
			break;
		pos = h.end;
		if (instr == INSTR_ENV || instr == INSTR_ARG)
			return env(s, pos, instr);
	}
	st = (struct state){ 0 };
	if ((instr == INSTR_RUN || instr == INSTR_COPY) && !*unended)
		docs = heredocs(s, pos, &doc);
	*unended = *unended || docs < 0;
	if (instr != INSTR_NONE && exec_form(s, NULL, pos))
		pos = exec_form(s, &st, pos);
	pos = red_scan_line(s, &st, pos);
	if (docs > 0) {
		struct scan body = *s;

		body.end = doc.at;
		red_scan_text(&body, doc.body);
		pos = doc.end;
	}
	return pos;
}

/* A comment line: a backslash does not continue it. Where the next line begins; pos: it is none. */
static size_t comment(const struct scan *s, size_t pos)
{
	const char *t = s->r->t, *nl;
	struct scan line = *s;
	size_t at = pos;

	while (at < s->end && is_blank(t[at]))
		at++;
	if (at >= s->end || t[at] != '#')
		return pos;
	nl = memchr(t + at, '\n', s->end - at);
	line.end = nl ? (size_t)(nl - t) : s->end;
	red_scan_text(&line, at);
	return nl ? line.end + 1 : line.end;
}

static void scan_dockerfile(const struct scan *s)
{
	bool unended = false;
	size_t next;

	for (size_t pos = 0; pos < s->end; pos = next) {
		next = comment(s, pos);
		if (next == pos)
			next = instruction(s, pos, &unended);
	}
}

static bool is_base64(int c)
{
	return is_alnum_ascii(c) || c == '+' || c == '/' || c == '=';
}

/* Mask the lines of a private key behind its BEGIN line; where to go on. */
static size_t private_key(const struct scan *s, size_t pos)
{
	size_t gap = 0, run, to;
	bool seen = false;
	int prev = 0;

	while (gap < (seen ? 64 : ROOM_MAX)) {
		struct chr c = red_get(s, pos);
		size_t from = c.at;

		if (c.c < 0 || (c.c == '-' && prev == '-') || (c.c == '*' && !seen))
			break; /* the END line, or masked before */
		/* "\n" between the lines stays what it is, also inside of an exec form */
		if (!is_base64(c.c) || (prev == '\\' && (c.c == 'n' || c.c == 'r'))) {
			prev = c.c;
			gap++;
			pos = c.end;
			continue;
		}
		for (run = 0, to = pos; is_base64(c.c); run++, c = red_get(s, to))
			to = c.end;
		pos = to;
		prev = 0;
		gap = seen ? 0 : gap + run;
		if (!seen && run < 40)
			continue;
		red_mask(s, from, to);
		gap = 0;
		seen = true;
		if (run < 40)
			break; /* the last line */
	}
	return pos;
}

/* Where `what` ends, when it begins within `room` characters of pos; 0: it does not. */
static size_t find(const struct scan *s, size_t pos, const char *what, size_t room)
{
	size_t len = strlen(what), n = 0;
	char last[16] = { 0 };

	for (struct chr c; n < room && (c = red_get(s, pos)).c >= 0; pos = c.end) {
		memmove(last, last + 1, len - 1);
		last[len - 1] = (char)c.c;
		if (++n >= len && !memcmp(last, what, len))
			return c.end;
	}
	return 0;
}

/* split: NULs part arguments, each is text of its own. */
static size_t redact_keys(char *t, size_t len, bool split, bool *changed)
{
	struct red r = { .t = t };
	struct scan s = { .r = &r };
	size_t pos, key;

	for (size_t from = 0; from < len; from = s.end + 1) {
		const char *nul = split ? memchr(t + from, 0, len - from) : NULL;

		s.end = nul ? (size_t)(nul - t) : len;
		for (pos = from; (pos = find(&s, pos, "-----BEGIN ", SIZE_MAX));) {
			key = find(&s, pos, "PRIVATE KEY", 64);
			key = key ? find(&s, key, "-----", 16) : 0;
			pos = key ? private_key(&s, key) : pos;
		}
	}
	red_copy(&r, len);
	*changed = *changed || r.changed;
	return r.wr;
}

/* Comment lines between continuation lines: nobody else reads them. */
static size_t redact_comments(char *t, size_t len, bool split, bool *changed)
{
	struct red r = { .t = t };
	struct scan s = { .r = &r, .ops = true };
	size_t pos, end;

	for (const char *nl = memchr(t, '\n', len); nl; nl = memchr(t + pos, '\n', len - pos)) {
		pos = (size_t)(nl - t) + 1;
		while (pos < len && is_blank(t[pos]))
			pos++;
		if (pos >= len || t[pos] != '#')
			continue;
		for (end = pos; end < len && t[end] != '\n' && (t[end] || !split); end++)
			;
		s.end = end;
		red_scan_text(&s, pos);
		pos = end;
	}
	red_copy(&r, len);
	*changed = *changed || r.changed;
	return r.wr;
}

static size_t prepare(char *t, size_t len, bool split, bool *changed)
{
	if (memmem(t, len, "-----", 5) || memchr(t, '\n', len)) /* dashes may be split over lines */
		len = redact_keys(t, len, split, changed);
	if (memchr(t, '#', len))
		len = redact_comments(t, len, split, changed);
	return len;
}

static size_t argv_once(char *argv, size_t len, bool *changed)
{
	size_t n = prepare(argv, len, true, changed);
	struct red r = { .t = argv };
	struct scan s = { .r = &r };
	struct state st = { 0 };

	for (size_t pos = 0; pos < n; pos = s.end + 1) {
		const char *nul = memchr(argv + pos, 0, n - pos);

		s.end = nul ? (size_t)(nul - argv) : n;
		red_word(&s, &st, (struct walk){ pos, 0, true });
	}
	red_copy(&r, n);
	*changed = *changed || r.changed;
	return r.wr;
}

static size_t text_once(char *text, size_t len, bool *changed)
{
	size_t n = prepare(text, len, false, changed);
	struct red r = { .t = text };
	struct scan s = { .r = &r, .end = n, .ops = true };

	scan_dockerfile(&s);
	red_copy(&r, n);
	*changed = *changed || r.changed;
	return r.wr;
}

/* Stars can make quoted text a plain word, which may read differently: look again until nothing is
 * found. */
static size_t repeat(size_t (*once)(char *, size_t, bool *), char *t, size_t len, bool *masked)
{
	bool any = false, changed = true;

	for (int i = 0; changed && i < PASSES_MAX; i++) {
		changed = false;
		len = once(t, len, &changed);
		any = any || changed;
	}
	if (masked)
		*masked = any;
	return len;
}

size_t redact_argv(char *argv, size_t len, bool *masked)
{
	return repeat(argv_once, argv, len, masked);
}

size_t redact_text(char *text, size_t len, bool *masked)
{
	return repeat(text_once, text, len, masked);
}
