/* SPDX-License-Identifier: GPL-2.0 */
/* Logical lines the way frontend/dockerfile/parser/parser.go puts them together. */
#include "builder/dflines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "builder/dockerfile.h"
#include "builder/shlex.h"

#define UNTERMINATED_MAX 16

struct reader {
	struct df_lines *l;
	struct df_mem *m;
	struct df_str rest;
	unsigned int line; /* number of the newest line read */
	bool directives_done;
	bool seen_escape, seen_syntax;
	unsigned int unterminated;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Next physical line with its end; false at the end of the text. */
static bool raw_line(struct reader *r, struct df_str *out)
{
	const char *nl;

	if (!r->rest.len)
		return false;
	nl = memchr(r->rest.p, '\n', r->rest.len);
	out->p = r->rest.p;
	out->len = nl ? (size_t)(nl - r->rest.p) + 1 : r->rest.len;
	r->rest.p += out->len;
	r->rest.len -= out->len;
	r->line++;
	return true;
}

static struct df_str without_end(struct df_str s)
{
	while (s.len && (s.p[s.len - 1] == '\n' || s.p[s.len - 1] == '\r'))
		s.len--;
	return s;
}

static bool is_comment(struct df_str s)
{
	s = df_ltrim(s);
	return s.len && s.p[0] == '#';
}

/* "# name = value"; only before anything else, each once. */
static void directive(struct reader *r, struct df_str s)
{
	struct df_str key, value;
	size_t n = 0;
	bool *seen = NULL;

	r->directives_done = true;
	if (!s.len || s.p[0] != '#')
		return;
	s = df_ltrim((struct df_str){ s.p + 1, s.len - 1 });
	while (n < s.len && (((s.p[n] | 32) >= 'a' && (s.p[n] | 32) <= 'z') ||
			     (n && s.p[n] >= '0' && s.p[n] <= '9')))
		n++;
	key = (struct df_str){ s.p, n };
	value = df_ltrim((struct df_str){ s.p + n, s.len - n });
	if (!n || !value.len || value.p[0] != '=')
		return;
	value = df_trim((struct df_str){ value.p + 1, value.len - 1 });
	if (!value.len)
		return;
	if (df_str_is_nocase(key, "escape"))
		seen = &r->seen_escape;
	else if (df_str_is_nocase(key, "syntax"))
		seen = &r->seen_syntax;
	else if (!df_str_is_nocase(key, "check"))
		return;
	r->directives_done = false;
	if (!seen)
		return;
	if (*seen) {
		r->l->warn(r->l->ctx, r->line, "parser directive given twice");
		return;
	}
	*seen = true;
	if (seen == &r->seen_syntax)
		r->l->syntax = value;
	else if (df_str_is(value, "`") || df_str_is(value, "\\"))
		r->l->escape = value.p[0];
	else
		r->l->warn(r->l->ctx, r->line, "escape directive is neither \\ nor `");
}

/* Cuts the continuation character; true: the next line belongs to this one. */
static bool continues(struct df_str *s, char escape)
{
	size_t n = s->len;

	while (n && is_blank(s->p[n - 1]))
		n--;
	if (!n || s->p[n - 1] != escape || (n > 1 && s->p[n - 2] == escape))
		return false;
	s->len = n - 1;
	return true;
}

static int push(struct df_lines *l, const struct df_line *line)
{
	size_t cap = l->cap ? l->cap * 2 : 64;
	void *v;

	if (l->n >= DF_INSTR_MAX)
		return -E2BIG;
	if (l->n == l->cap) {
		v = reallocarray(l->v, cap, sizeof(*l->v));
		if (!v)
			return -ENOMEM;
		l->v = v;
		l->cap = cap;
	}
	l->v[l->n++] = *line;
	return 0;
}

/* Everything of one instruction after its first line, which is in buf. */
static void join(struct reader *r, struct df_buf *buf)
{
	struct df_str raw, s;
	bool more = true, empty = false;

	while (more && raw_line(r, &raw)) {
		s = without_end(raw);
		if (is_comment(s))
			continue;
		if (!df_ltrim(s).len) {
			empty = true;
			continue;
		}
		more = continues(&s, r->l->escape);
		df_buf_add(buf, s.p, s.len);
	}
	if (empty)
		r->l->warn(r->l->ctx, r->line, "empty continuation line");
}

static bool word_of(struct df_str rest, bool raw_quotes, unsigned int minor, struct df_buf *out)
{
	struct shlex lex = {
		.escape = '\\', .raw_quotes = raw_quotes, .skip_unset = true, .minor = minor
	};

	return shlex_words(&lex, rest, out) == 1 && out->len > 1;
}

bool df_heredoc_word(struct df_mem *m, struct df_str word, unsigned int minor,
		     struct df_heredoc *out)
{
	struct df_buf name = { .max = DF_VALUE_MAX }, raw = { .max = DF_VALUE_MAX };
	struct df_str s = word;
	bool ok;

	*out = (struct df_heredoc){ 0 };
	while (s.len && s.p[0] >= '0' && s.p[0] <= '9') {
		s.p++;
		s.len--;
	}
	if (s.len < 3 || s.p[0] != '<' || s.p[1] != '<')
		return false;
	s = (struct df_str){ s.p + 2, s.len - 2 };
	if (s.p[0] == '-') {
		out->chomp = true;
		s = (struct df_str){ s.p + 1, s.len - 1 };
	}
	if (!s.len || memchr(s.p, '<', s.len))
		return false;
	/* Read once without and once with its quotes: both must be one word. */
	ok = word_of(s, false, minor, &name) && word_of(s, true, minor, &raw);
	if (ok) {
		out->name.len = name.len - 1;
		out->name.p = df_dup(m, name.p, out->name.len);
	}
	df_buf_free(&name);
	df_buf_free(&raw);
	return ok && out->name.p;
}

/* The lines up to the terminator. false: it never comes. */
static bool read_body(struct reader *r, struct df_heredoc *h)
{
	struct df_str raw, s;

	h->body = (struct df_str){ r->rest.p, 0 };
	while (raw_line(r, &raw)) {
		s = without_end(raw);
		while (h->chomp && s.len && s.p[0] == '\t') {
			s.p++;
			s.len--;
		}
		if (df_str_eq(s, h->name))
			return true;
		h->body.len += raw.len;
	}
	return false;
}

static bool may_have_heredoc(struct df_str line, char escape)
{
	struct df_buf json = { .max = DF_TEXT_MAX };
	struct df_split sp;
	struct df_str arg;
	bool ok = false;

	if (!line.len || !memmem(line.p, line.len, "<<", 2))
		return false;
	df_split(line, escape, &sp);
	if (df_str_is_nocase(sp.keyword, "onbuild")) {
		arg = sp.args;
		df_split_free(&sp);
		df_split(arg, escape, &sp);
	}
	if (df_str_is_nocase(sp.keyword, "run") || df_str_is_nocase(sp.keyword, "copy") ||
	    df_str_is_nocase(sp.keyword, "add"))
		ok = df_json_strings(sp.args, false, &json) < 0;
	df_buf_free(&json);
	df_split_free(&sp);
	return ok;
}

/* Opens the heredocs among n words, of which `most` may be one. -ENOMEM; -ENOENT: one is never
 * closed. */
static int open_heredocs(struct reader *r, struct df_line *line, const char *words, int n, int most)
{
	struct df_heredoc h, *all = df_alloc(r->m, (size_t)most * sizeof(h));

	if (!all)
		return -ENOMEM;
	for (const char *w = words; n > 0; n--, w += strlen(w) + 1) {
		if (!df_heredoc_word(r->m, (struct df_str){ w, strlen(w) }, r->l->minor, &h))
			continue;
		if (!read_body(r, &h))
			return -ENOENT;
		line->heredocs = all;
		all[line->nheredocs++] = h;
	}
	return 0;
}

static int count_openers(const char *words, int n)
{
	int found = 0;

	for (const char *w = words; n > 0; n--, w += strlen(w) + 1)
		found += strstr(w, "<<") != NULL;
	return found;
}

/*
 * BuildKit refuses a file whose heredoc is never closed. We read on as if it were none: the builder
 * at work may have been an older one. A few times only, for each costs a look through the rest of
 * the file.
 */
static int heredocs(struct reader *r, struct df_line *line)
{
	/* Always \ here, whatever the escape directive says: so does BuildKit. */
	struct shlex lex = { .escape = '\\',
			     .raw_quotes = true,
			     .raw_escapes = true,
			     .skip_unset = true,
			     .minor = r->l->minor,
			     .work = r->l->work };
	struct df_buf words = { .max = 2 * DF_TEXT_MAX };
	struct reader saved = *r;
	int n, most, err = 0;

	if (r->unterminated >= UNTERMINATED_MAX)
		return 0;
	n = shlex_words(&lex, line->text, &words);
	most = count_openers(words.p, n);
	if (most)
		err = open_heredocs(r, line, words.p, n, most);
	if (err == -ENOENT) {
		*r = saved;
		r->unterminated++;
		r->l->warn(r->l->ctx, r->line, "unterminated heredoc");
		line->nheredocs = 0;
		err = 0;
	}
	df_buf_free(&words);
	return err;
}

static int instruction(struct reader *r, struct df_str first)
{
	struct df_buf buf = { .max = DF_TEXT_MAX };
	struct df_line line = { .line = r->line };
	char *copy;
	int err = 0;

	df_buf_add(&buf, first.p, first.len);
	join(r, &buf);
	line.text = df_trim((struct df_str){ buf.p ? buf.p : "", buf.len });
	copy = df_dup(r->m, line.text.p, line.text.len);
	line.text.p = copy;
	df_buf_free(&buf);
	if (!copy)
		return -ENOMEM;
	if ((!r->l->minor || r->l->minor >= 10) && may_have_heredoc(line.text, r->l->escape))
		err = heredocs(r, &line);
	line.end_line = r->line;
	if (!err && line.text.len)
		err = push(r->l, &line);
	return err;
}

static int one_line(struct reader *r, struct df_str text)
{
	struct df_line line = { .line = r->line };
	int err = 0;

	line.text = df_trim(text);
	if ((!r->l->minor || r->l->minor >= 10) && may_have_heredoc(line.text, r->l->escape))
		err = heredocs(r, &line);
	line.end_line = r->line;
	return err ? err : line.text.len ? push(r->l, &line) : 0;
}

int df_read_lines(struct df_mem *m, struct df_str text, struct df_lines *l)
{
	struct reader r = { .l = l, .m = m, .rest = text };
	struct df_str raw, s;
	int err = 0;

	l->escape = '\\';
	if (text.len >= 3 && !memcmp(text.p, "\xEF\xBB\xBF", 3))
		r.rest = (struct df_str){ text.p + 3, text.len - 3 };
	while (!err && raw_line(&r, &raw)) {
		s = df_ltrim(without_end(raw));
		if (!r.directives_done)
			directive(&r, s);
		if (!s.len || s.p[0] == '#')
			continue;
		err = continues(&s, l->escape) ? instruction(&r, s) : one_line(&r, s);
	}
	return err;
}
