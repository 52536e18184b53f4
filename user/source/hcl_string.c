// SPDX-License-Identifier: GPL-2.0
/* Strings of HCL: templates, heredocs, escapes; and what else becomes of text (hashicorp/hcl v2, hclsyntax/spec.md). */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source/hcl_internal.h"

bool hcl_number(const json_t *v, double *ret)
{
	const char *s = json_string_value(v);
	char *end;

	if (json_is_number(v)) {
		*ret = json_number_value(v);
		return isfinite(*ret);
	}
	if (!s || !*s || isspace((unsigned char)*s))
		return false;
	*ret = strtod(s, &end);
	return !*end && isfinite(*ret);
}

json_t *hcl_new_number(double d)
{
	return d > -1e15 && d < 1e15 && d == (double)(long long)d ? json_integer((json_int_t)d) : json_real(d);
}

char *hcl_text(const json_t *v)
{
	char buf[64];

	if (json_is_string(v))
		return strdup(json_string_value(v));
	if (json_is_boolean(v))
		return strdup(json_is_true(v) ? "true" : "false");
	if (json_is_integer(v))
		snprintf(buf, sizeof(buf), "%lld", (long long)json_integer_value(v));
	else if (json_is_real(v))
		snprintf(buf, sizeof(buf), "%.15g", json_real_value(v));
	else
		return NULL;
	return strdup(buf);
}

bool hcl_same(const json_t *a, const json_t *b)
{
	if (json_is_number(a) && json_is_number(b))
		return json_number_value(a) == json_number_value(b);
	return json_equal(a, b);
}

void hcl_put(struct hcl_made *t, const char *s, size_t len)
{
	size_t cap = t->cap;
	char *bigger;

	while (cap < t->n + len + 1)
		cap = cap ? 2 * cap : 64;
	bigger = t->failed || t->n + len > HCL_STRING_MAX ? NULL : cap == t->cap ? t->s : realloc(t->s, cap);
	if (!bigger) {
		t->failed = true;
		return;
	}
	t->s = bigger;
	t->cap = cap;
	memcpy(t->s + t->n, s, len);
	t->n += len;
	t->s[t->n] = 0;
}

json_t *hcl_made_value(struct hcl_made *t)
{
	json_t *v = t->failed ? NULL : json_stringn(t->s ? t->s : "", t->n);

	free(t->s);
	return v;
}

/* Behind "${" */
static json_t *interpolation(struct hcl *h)
{
	unsigned int brackets = h->brackets;
	json_t *v;

	h->brackets = 1;
	hcl_take(h, "~");
	v = hcl_expression(h);
	hcl_skip(h, true);
	hcl_take(h, "~");
	if (!hcl_take(h, "}")) { /* what we cannot read: to its end */
		json_decref(v);
		v = NULL;
		while (h->p < h->end && *h->p != '}' && *h->p != '\n')
			h->p++;
		hcl_take(h, "}");
	}
	h->brackets = brackets;
	return v;
}

static void escape(struct hcl *h, struct hcl_made *t)
{
	char c = *h->p++, utf8[5];
	unsigned int n = c == 'u' ? 4 : c == 'U' ? 8 : 0, code = 0;

	if (!n) {
		c = c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
		hcl_put(t, &c, 1);
		return;
	}
	for (; n && h->p < h->end && isxdigit((unsigned char)*h->p); n--, h->p++)
		code = code << 4 | (unsigned int)(isdigit((unsigned char)*h->p) ? *h->p - '0' : (*h->p | 32) - 'a' + 10);
	if (code < 0x80)
		snprintf(utf8, sizeof(utf8), "%c", (int)code);
	else if (code < 0x800)
		snprintf(utf8, sizeof(utf8), "%c%c", (int)(0xc0 | code >> 6), (int)(0x80 | (code & 63)));
	else if (code < 0x10000)
		snprintf(utf8, sizeof(utf8), "%c%c%c", (int)(0xe0 | code >> 12), (int)(0x80 | (code >> 6 & 63)),
			 (int)(0x80 | (code & 63)));
	else
		snprintf(utf8, sizeof(utf8), "%c%c%c%c", (int)(0xf0 | (code >> 18 & 7)), (int)(0x80 | (code >> 12 & 63)),
			 (int)(0x80 | (code >> 6 & 63)), (int)(0x80 | (code & 63)));
	hcl_put(t, utf8, strlen(utf8));
}

/* Up to its closing quote, or without quoted to the end of the text */
json_t *hcl_template(struct hcl *h, bool quoted)
{
	const char *begin = h->p;
	struct hcl_made t = { 0 };
	json_t *v;

	while (h->p < h->end && !(quoted && (*h->p == '"' || *h->p == '\n'))) {
		if (hcl_take(h, "$${")) {
			hcl_put(&t, "${", 2);
		} else if (hcl_take(h, "%%{")) {
			hcl_put(&t, "%{", 2);
		} else if (hcl_take(h, "${")) {
			bool first = h->p - 2 == begin;
			char *s;

			v = interpolation(h);
			if (quoted && first && h->p < h->end && *h->p == '"') {
				h->p++;
				free(t.s);
				return v;
			}
			s = hcl_text(v);
			json_decref(v);
			if (s)
				hcl_put(&t, s, strlen(s));
			else
				t.failed = true;
			free(s);
		} else if (hcl_take(h, "%{")) { /* %{ if … } */
			json_decref(interpolation(h));
			t.failed = true;
		} else if (quoted && *h->p == '\\' && h->p + 1 < h->end) {
			h->p++;
			escape(h, &t);
		} else {
			hcl_put(&t, h->p++, 1);
		}
	}
	if (quoted)
		hcl_take(h, "\"");
	hcl_work(h, t.n / HCL_BYTES_A_UNIT);
	return hcl_made_value(&t);
}

static size_t line_length(const struct hcl *h)
{
	const char *nl = memchr(h->p, '\n', (size_t)(h->end - h->p));

	return (size_t)((nl ? nl : h->end) - h->p);
}

static size_t indent_of(const char *s, size_t len)
{
	size_t n = 0;

	while (n < len && (s[n] == ' ' || s[n] == '\t'))
		n++;
	return n;
}

/* Behind <<: lines up to one that is but the word; <<- takes the indentation off that all have */
json_t *hcl_heredoc(struct hcl *h)
{
	bool strip = hcl_take(h, "-");
	char word[HCL_NAME_BYTES];
	size_t least = HCL_STRING_MAX;
	struct hcl_made t = { 0 };
	const char *begin;
	struct hcl in = *h;
	json_t *v = NULL;

	if (!hcl_name(h, word))
		return NULL;
	h->p += line_length(h);
	h->p += h->p < h->end;
	for (begin = h->p; h->p < h->end;) {
		size_t len = line_length(h), at = indent_of(h->p, len), n = len - at;

		if (n && h->p[at + n - 1] == '\r')
			n--;
		if (n == strlen(word) && !memcmp(h->p + at, word, n))
			break;
		if (n && at < least)
			least = at;
		h->p += len + (h->p + len < h->end);
	}
	in.end = h->p;
	in.p = begin;
	while (in.p < in.end) {
		size_t len = line_length(&in), off = !strip ? 0 : indent_of(in.p, len) < least ? indent_of(in.p, len) : least;

		hcl_put(&t, in.p + off, len - off);
		in.p += len;
		if (in.p < in.end)
			hcl_put(&t, in.p++, 1);
	}
	h->p += line_length(h);
	if (!t.failed) {
		in.p = t.s ? t.s : "";
		in.end = in.p + t.n;
		v = hcl_template(&in, false);
	}
	free(t.s);
	return v;
}
