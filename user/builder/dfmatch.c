/* SPDX-License-Identifier: GPL-2.0 */
/* Which RUN instruction started a process with this argv. */
#include <string.h>

#include "builder/dockerfile.h"

#define MASK "*****"
#define MASK_LEN (sizeof(MASK) - 1)
#define STEPS_MAX (4ul * 1024 * 1024) /* comparing with masked values can go back and forth */

/* One side of a comparison that takes any run of blanks for one. */
struct side {
	const char *p;
	size_t left;
	bool open; /* cut: its end matches anything */
};

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Blanks at an end of a word mean nothing either. */
static void settle(struct side *s, bool word_start)
{
	size_t n = 0;

	while (n < s->left && is_blank(s->p[n]))
		n++;
	if (n && (word_start || n == s->left || !s->p[n])) {
		s->p += n;
		s->left -= n;
	}
}

static char take(struct side *s)
{
	char c = *s->p;
	size_t n = 1;

	while (is_blank(c) && n < s->left && is_blank(s->p[n]))
		n++;
	s->p += n;
	s->left -= n;
	return is_blank(c) ? ' ' : c;
}

static bool at_mask(const struct side *s)
{
	return s->left >= MASK_LEN && !memcmp(s->p, MASK, MASK_LEN);
}

static void skip_stars(struct side *s)
{
	while (s->left && *s->p == '*') {
		s->p++;
		s->left--;
	}
}

/*
 * a and b hold the same words. masked: ***** in a stands for any characters but blanks and NUL.
 * Where it fails, the newest ***** is tried with one character more.
 */
static bool same(struct side a, struct side b, bool masked)
{
	struct side mark_a = { 0 }, mark_b = { 0 };
	unsigned long steps = 0;
	bool marked = false, start = true;
	char x, y;

	while (steps++ < STEPS_MAX) {
		settle(&a, start);
		settle(&b, start);
		if (!b.left && (!a.left || b.open))
			return true;
		if (!a.left && a.open)
			return true;
		if (masked && a.left && at_mask(&a)) {
			skip_stars(&a);
			mark_a = a;
			mark_b = b;
			marked = true;
			start = false;
			continue;
		}
		if (a.left && b.left) {
			struct side na = a, nb = b;

			x = take(&na);
			y = take(&nb);
			if (x == y) {
				a = na;
				b = nb;
				start = !x;
				continue;
			}
		}
		if (!marked || !mark_b.left || is_blank(*mark_b.p) || !*mark_b.p)
			return false;
		mark_b.p++;
		mark_b.left--;
		a = mark_a;
		b = mark_b;
		start = false;
	}
	return false;
}

/* Length without the NUL that ends the last word: it may be missing in one of two equal argvs. */
static size_t bare(const char *p, size_t len)
{
	return len && !p[len - 1] ? len - 1 : len;
}

static bool equal(const char *a, size_t alen, const char *b, size_t blen)
{
	return (alen == blen || (alen == blen + 1 && !a[blen])) && !memcmp(a, b, blen);
}

static bool is_cut(const struct df_argv *v)
{
	return v->total > v->len;
}

static enum df_match_kind match_cut(const struct df_instr *in, const struct df_argv *v)
{
	if (in->argv_bytes != v->total || memcmp(in->argv, v->bytes, v->len))
		return DF_MATCH_NONE;
	if (!v->hashed || !v->hash_fn || v->hashed > in->argv_bytes)
		return DF_MATCH_PREFIX;
	return v->hash_fn(in->argv, v->hashed) == v->hash ? DF_MATCH_EXACT : DF_MATCH_NONE;
}

/* The interpreter itself, or what it started in its place (#!/usr/bin/env python3): the file is the
 * last word. */
static bool is_second(const struct df_instr *in, const struct df_argv *v)
{
	const char *file = NULL;
	size_t n, len = bare(v->bytes, v->len);

	if (!in->argv2 || is_cut(v))
		return false;
	if (equal(in->argv2, in->argv2_bytes, v->bytes, v->len))
		return true;
	for (const char *w = in->argv2; w < in->argv2 + in->argv2_bytes; w += strlen(w) + 1)
		file = w;
	n = file ? strlen(file) : 0;
	return n && len > n && !v->bytes[len - n - 1] && !memcmp(v->bytes + len - n, file, n);
}

static bool has_mask(const char *p, size_t len)
{
	return len && memmem(p, len, MASK, MASK_LEN);
}

static enum df_match_kind match(const struct df_instr *in, const struct df_argv *v)
{
	struct side a, b;
	enum df_match_kind kind = DF_MATCH_NONE;

	if (!in->is_run || !in->argv_bytes || !v->len)
		return DF_MATCH_NONE;
	if (is_cut(v))
		kind = match_cut(in, v);
	else if (equal(in->argv, in->argv_bytes, v->bytes, v->len))
		kind = DF_MATCH_EXACT;
	if (kind != DF_MATCH_NONE)
		return kind;
	if (is_second(in, v))
		return DF_MATCH_SECOND;
	/* A cut argv whose hash said no is another one, however its beginning looks. */
	if (is_cut(v) && v->hashed && v->hash_fn && !has_mask(v->bytes, v->len) &&
	    !has_mask(in->argv, in->argv_bytes))
		return DF_MATCH_NONE;
	a = (struct side){ .p = in->argv, .left = bare(in->argv, in->argv_bytes) };
	b = (struct side){ .p = v->bytes, .left = bare(v->bytes, v->len), .open = is_cut(v) };
	if (same(a, b, false))
		return DF_MATCH_SPACE;
	if (has_mask(a.p, a.left) && same(a, b, true))
		return DF_MATCH_MASKED;
	if (has_mask(b.p, b.left) && same(b, a, true))
		return DF_MATCH_MASKED;
	return DF_MATCH_NONE;
}

/* Bytes of the words that a shell form's text stands behind: "/bin/sh -c" */
static size_t before_text(const struct df_instr *in)
{
	size_t at = 0, next;

	while ((next = at + strlen(in->argv + at) + 1) < in->argv_bytes)
		at = next;
	return at;
}

/* Leaves out what the builder made of it otherwise: the shell, or the way to the program. false: that is not it */
static bool strip(struct df_instr *in, struct df_argv *v)
{
	static const char sh[] = "/bin/sh\0-c"; /* words NUL-ended */
	size_t mine = strlen(in->argv), theirs = strnlen(v->bytes, v->len);

	if (!in->exec_form && v->len > sizeof(sh) && !memcmp(v->bytes, sh, sizeof(sh))) {
		mine = before_text(in);
		theirs = sizeof(sh);
	} else if (strchr(in->argv, '/') || theirs <= mine || v->bytes[theirs - mine - 1] != '/' ||
		   memcmp(v->bytes + theirs - mine, in->argv, mine)) {
		return false;
	}
	in->argv += mine;
	in->argv_bytes -= mine;
	v->bytes += theirs;
	v->len -= theirs;
	v->total = v->total ? v->total - theirs : 0;
	v->hashed = 0;
	return true;
}

/* The text is the last word, behind an option (-c) of whatever shell; in has the usual one. */
static bool is_text_of(const struct df_instr *in, const struct df_argv *v)
{
	static const char sh[] = "/bin/sh\0-c";
	size_t text = in->argv_bytes - sizeof(sh), len = bare(v->bytes, v->len);
	const char *last, *before;

	if (in->exec_form || is_cut(v) || in->argv_bytes <= sizeof(sh) || memcmp(in->argv, sh, sizeof(sh)))
		return false;
	text = bare(in->argv + sizeof(sh), text);
	if (!text || len < text + 2 || memcmp(v->bytes + len - text, in->argv + sizeof(sh), text))
		return false;
	last = v->bytes + len - text;
	before = last[-1] ? NULL : memrchr(v->bytes, 0, (size_t)(last - 1 - v->bytes));
	return before && before[1] == '-';
}

/* Behind the last of && || ; | & and newlines; shells of some kinds run what is there without another process. */
static const char *last_command(const char *text, size_t len)
{
	const char *last = text;

	for (size_t i = 0; i < len; i++)
		if (strchr(";|&\n", text[i]))
			last = text + i + 1;
	return last;
}

static bool became(const struct df_instr *in, const struct df_argv *v)
{
	static const char odd[] = "\"'`$\\*?[]{}()<>#~=!";
	const char *text = in->argv + before_text(in), *s = last_command(text, strlen(text)), *word = v->bytes,
		   *end = v->bytes + bare(v->bytes, v->len);

	if (in->exec_form || is_cut(v) || text == in->argv || s[strcspn(s, odd)])
		return false;
	s += strspn(s, " \t");
	if (!strncmp(s, "exec ", strlen("exec ")))
		s += strlen("exec ");
	for (; s += strspn(s, " \t"), *s && word < end; word += strlen(word) + 1) {
		size_t n = strcspn(s, " \t");

		if (strnlen(word, (size_t)(end - word)) != n || memcmp(word, s, n) != 0)
			return false;
		s += n;
	}
	return !*s && word >= end;
}

enum df_match_kind df_match_instr(const struct df_instr *in, const struct df_argv *v)
{
	enum df_match_kind kind = match(in, v);
	struct df_instr rest = *in;
	struct df_argv theirs = *v;

	if (kind == DF_MATCH_NONE && v->other_shell && in->is_run && v->len && is_text_of(in, v))
		return DF_MATCH_SHELL;
	if (kind == DF_MATCH_NONE && v->late && in->is_run && in->argv_bytes && v->len && became(in, v))
		return DF_MATCH_BECAME;
	if (kind != DF_MATCH_NONE || !v->looked_up || !in->is_run || !in->argv_bytes || !v->len)
		return kind;
	return strip(&rest, &theirs) ? match(&rest, &theirs) : DF_MATCH_NONE;
}

size_t dockerfile_match(const struct dockerfile *df, const struct df_argv *argv,
			struct df_match *out, size_t max)
{
	enum df_match_kind best = DF_MATCH_NONE, kind;
	size_t n = 0;

	for (size_t i = 0; i < df->ninstrs; i++) {
		kind = df_match_instr(&df->instrs[i], argv);
		if (kind == DF_MATCH_NONE || (best != DF_MATCH_NONE && kind > best))
			continue;
		if (kind != best)
			n = 0;
		best = kind;
		if (n < max)
			out[n] = (struct df_match){ &df->instrs[i], kind };
		n++;
	}
	return n;
}
