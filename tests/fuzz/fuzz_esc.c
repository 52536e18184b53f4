// SPDX-License-Identifier: GPL-2.0
// Any bytes through the escapers: what comes out holds no control, fits, and says the same again.
// uses: user/base/esc.c user/base/width.c
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/esc.h"
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
	back = json_loadb(shown, shown_len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	MUST(back && json_equal(back, j));
	json_decref(j);
	json_decref(orig);
	json_decref(back);
	free(text);
	free(shown);
	free(valid);
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
	return 0;
}
