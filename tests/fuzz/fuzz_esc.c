// SPDX-License-Identifier: GPL-2.0
// Any bytes through the escapers: what comes out holds no control, fits, and says the same again.
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/esc.h"
#include "base/esc_sink.h"
#include "base/width.h"

#define MUST(cond)                                                                             \
	do {                                                                                   \
		if (!(cond))                                                                   \
			abort();                                                               \
	} while (0)

/* Decoded by hand, not with the code under test. */
static void must_be_harmless(const unsigned char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		MUST(s[i] >= 0x20 && s[i] != 0x7f);
		if (s[i] == 0xc2 && i + 1 < n)
			MUST(s[i + 1] >= 0xa0 && s[i + 1] != 0xad);
		if (s[i] == 0xe2 && i + 2 < n) {
			MUST(!(s[i + 1] == 0x80 && s[i + 2] >= 0x8b && s[i + 2] <= 0x8f)); /* zero width */
			MUST(!(s[i + 1] == 0x80 && s[i + 2] >= 0xa8 && s[i + 2] <= 0xae)); /* bidi */
			MUST(!(s[i + 1] == 0x81 && s[i + 2] >= 0xa0 && s[i + 2] <= 0xaf)); /* isolates */
		}
		if (s[i] == 0xef && i + 2 < n)
			MUST(!(s[i + 1] == 0xbb && s[i + 2] == 0xbf)); /* BOM */
		MUST(!(s[i] == 0xf3 && i + 1 < n && s[i + 1] == 0xa0)); /* tags */
	}
}

static void must_be_utf8(const char *s, size_t n)
{
	json_t *j = json_stringn(s, n);

	MUST(j);
	json_decref(j);
}

static void check_wrap(const char *s, size_t len, size_t columns)
{
	size_t at = 0, lines = 0;

	while (at < len) {
		size_t next, n = width_break(s + at, len - at, columns, &next);

		MUST(next > 0 && next <= len - at && n <= next);
		MUST(columns < 2 || width_text(s + at, n) <= columns);
		MUST(columns < 3 || !at || strncmp(s + at, "::", 2) != 0 || s[at - 1] == ' ');
		for (size_t i = n; i < next; i++)
			MUST(s[at + i] == ' ');
		must_be_utf8(s + at, n);
		at += next;
		MUST(++lines <= len);
	}
}

static void check_json(const char *src, size_t len)
{
	char *valid = malloc(ESC_UTF8_CAP(len)), *text, *shown = NULL;
	size_t n = esc_utf8(valid, ESC_UTF8_CAP(len), src, len), shown_len;
	json_t *j = json_stringn(valid, n), *orig = json_stringn(src, len), *back;
	FILE *f;

	MUST(j);
	if (orig) /* it was valid: it must be untouched */
		MUST(n == len && !memcmp(valid, src, len));
	text = json_dumps(j, JSON_ENCODE_ANY);
	f = open_memstream(&shown, &shown_len);
	MUST(text && f && !esc_json_write(f, text, strlen(text)));
	fclose(f);
	must_be_harmless((unsigned char *)shown, shown_len);
	MUST(!strstr(shown, "##"));
	back = json_loadb(shown, shown_len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	MUST(back && json_equal(back, j));
	json_decref(j);
	json_decref(orig);
	json_decref(back);
	free(text);
	free(shown);
	free(valid);
}

static void sink_uri(FILE *f, const char *s) { esc_uri(f, s); }
static void sink_message(FILE *f, const char *s) { esc_github(f, s, 0); }
static void sink_property(FILE *f, const char *s) { esc_github(f, s, 1); }
static void sink_issue(FILE *f, const char *s) { esc_azure(f, s, 0); }
static void sink_issue_property(FILE *f, const char *s) { esc_azure(f, s, 1); }

/* Each with what must not stand in it as it is, and how a reader turns it back. */
enum code { CODE_ENTITY, CODE_PERCENT, CODE_BACKSLASH, CODE_AZURE, CODE_PIPE };
static const struct sink {
	void (*put)(FILE *f, const char *s);
	enum code code;
	const char *never, *not_first;
} sinks[] = {
	{ esc_markup, CODE_ENTITY, "<>\"'", "" },
	{ esc_gfm, CODE_ENTITY, "\"'\\`*_{}[]()+!|~$=.@:", "- " }, /* without its own <span>s */
	{ sink_message, CODE_PERCENT, "", "" },
	{ sink_property, CODE_PERCENT, ":,", "" },
	{ sink_uri, CODE_PERCENT, " \"<>\\^`{|}?#:@!$&'()*+,;=[]", "" },
	{ esc_prom, CODE_BACKSLASH, "", "" },
	{ sink_issue, CODE_AZURE, "", "" },
	{ sink_issue_property, CODE_AZURE, ";]", "" },
	{ esc_teamcity, CODE_PIPE, "", "" },
};

static size_t without_spans(char *dst, const char *s)
{
	size_t n = 0;

	while (*s) {
		if (!strncmp(s, "<span>", 6) || !strncmp(s, "</span>", 7))
			s += s[1] == '/' ? 7 : 6;
		else
			dst[n++] = *s++;
	}
	dst[n] = 0;
	return n;
}

/* One character as a reader sees it; moves on. */
static char decoded(const char **s, enum code code)
{
	static const char *const names[] = { "amp;", "lt;", "gt;", "quot;" };
	const char *p = (*s)++;
	char *end;

	if (code == CODE_BACKSLASH && *p == '\\') {
		MUST(p[1] == '\\' || p[1] == '"');
		++*s;
		return p[1];
	}
	if (code == CODE_PIPE && *p == '|') {
		MUST(p[1] && strchr("|'[]", p[1]));
		++*s;
		return p[1];
	}
	MUST(code != CODE_PIPE || !strchr("'[]", *p));
	if (code == CODE_AZURE && !strncmp(p, "%AZP25", 6)) {
		*s += 5;
		return '%';
	}
	if ((code == CODE_PERCENT || code == CODE_AZURE) && *p == '%') {
		char hex[3] = { p[1], p[1] ? p[2] : 0, 0 };

		*s += 2;
		p = (char[]){ (char)strtol(hex, &end, 16) };
		MUST(end == hex + 2);
		return *p;
	}
	if (code != CODE_ENTITY || *p != '&')
		return *p;
	if (p[1] == '#') {
		long n = strtol(p + 2, &end, 10);

		MUST(*end == ';');
		*s = end + 1;
		return (char)n;
	}
	for (size_t i = 0; i < 4; i++)
		if (!strncmp(p + 1, names[i], strlen(names[i]))) {
			*s += strlen(names[i]);
			return "&<>\""[i];
		}
	MUST(!"an entity");
	return 0;
}

static void check_sink(const struct sink *k, const char *text)
{
	char plain[SINK_MAX], *out = NULL, *bare;
	size_t len, n;
	FILE *f = open_memstream(&out, &len);
	const char *p;

	MUST(f);
	k->put(f, text);
	fclose(f);
	must_be_harmless((unsigned char *)out, len);
	must_be_utf8(out, len);
	bare = malloc(len + 1);
	n = k->put == esc_gfm ? without_spans(bare, out) : strlen(strcpy(bare, out));
	MUST(strcspn(bare, k->never) == n);
	MUST(!*bare || !strchr(k->not_first, *bare));
	esc_term_str(plain, sizeof(plain), text, 0);
	p = bare;
	for (const char *want = plain; *want; want++)
		MUST(decoded(&p, k->code) == *want);
	MUST(!*p);
	free(bare);
	free(out);
}

static bool ci_would_obey(const char *s)
{
	const char *mark = strstr(s, "##");

	while (mark) {
		size_t n = strspn(mark + 2, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

		if (mark[2 + n] == '[')
			return true;
		mark = strstr(mark + 1, "##");
	}
	return !strncmp(s, "::", 2) && ((s[2] | 0x20) >= 'a' && (s[2] | 0x20) <= 'z');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t columns, cap, len, n;
	const char *src;
	char *dst;

	if (size < 2)
		return 0;
	columns = data[0];
	cap = (size_t)data[1] * 8 + 1;
	src = (const char *)data + 2;
	len = size - 2;
	dst = malloc(cap);
	n = esc_term(dst, cap, src, len, columns);
	MUST(n < cap && !dst[n] && strlen(dst) == n);
	must_be_harmless((unsigned char *)dst, n);
	must_be_utf8(dst, n);
	if (columns)
		MUST(width_text(dst, n) <= columns);
	MUST(!ci_would_obey(dst));
	check_wrap(dst, n, columns ? columns : 80);
	free(dst);
	/* Escaping what was escaped changes nothing. */
	dst = malloc(len * 10 + 1);
	n = esc_term(dst, len * 10 + 1, src, len, 0);
	{
		char *again = malloc(n + 1);

		MUST(esc_term(again, n + 1, dst, n, 0) == n && !memcmp(again, dst, n));
		free(again);
	}
	free(dst);
	check_json(src, len);
	dst = malloc(len + 1);
	memcpy(dst, src, len);
	dst[len] = 0;
	for (size_t i = 0; i < sizeof(sinks) / sizeof(*sinks); i++)
		check_sink(&sinks[i], dst);
	free(dst);
	return 0;
}
