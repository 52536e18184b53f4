/* SPDX-License-Identifier: GPL-2.0 */
/* UTF-8, terminal columns and line breaks. */
#include "base/width.h"

#include <stdbool.h>

#include "base/cleanup.h"
#include "base/width_table.h"

static bool is_in(const uint32_t (*ranges)[2], size_t n, uint32_t cp)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (cp > ranges[mid][1])
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < n && cp >= ranges[lo][0];
}

int width_of(uint32_t cp)
{
	if (cp >= 0x20 && cp < 0x7f)
		return 1;
	if (cp > 0x10ffff || is_in(hidden_ranges, ARRAY_SIZE(hidden_ranges), cp))
		return -1;
	if (is_in(combining_ranges, ARRAY_SIZE(combining_ranges), cp))
		return 0;
	return is_in(wide_ranges, ARRAY_SIZE(wide_ranges), cp) ? 2 : 1;
}

/* Shortest forms only, no surrogates, nothing past U+10FFFF (Unicode, table 3-7). */
size_t utf8_next(const char *s, size_t len, uint32_t *cp)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *p = (const unsigned char *)s;
	size_t n;
	uint32_t c;

	if (!len)
		return 0;
	*cp = UTF8_BAD;
	if (p[0] < 0x80) {
		*cp = p[0];
		return 1;
	}
	n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (p[0] < 0xc2 || p[0] > 0xf4 || n > len)
		return 1;
	c = p[0] & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 1;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 1;
	*cp = c;
	return n;
}

size_t utf8_put(char *dst, uint32_t cp)
{
	if (cp < 0x80) {
		dst[0] = (char)cp;
		return 1;
	}
	if (cp < 0x800) {
		dst[0] = (char)(0xc0 | cp >> 6);
		dst[1] = (char)(0x80 | (cp & 0x3f));
		return 2;
	}
	if (cp < 0x10000) {
		dst[0] = (char)(0xe0 | cp >> 12);
		dst[1] = (char)(0x80 | (cp >> 6 & 0x3f));
		dst[2] = (char)(0x80 | (cp & 0x3f));
		return 3;
	}
	dst[0] = (char)(0xf0 | (cp >> 18 & 7));
	dst[1] = (char)(0x80 | (cp >> 12 & 0x3f));
	dst[2] = (char)(0x80 | (cp >> 6 & 0x3f));
	dst[3] = (char)(0x80 | (cp & 0x3f));
	return 4;
}

static size_t columns_of(uint32_t cp)
{
	int w = width_of(cp);

	return w < 0 ? 1 : (size_t)w;
}

size_t width_text(const char *s, size_t len)
{
	size_t columns = 0, n;
	uint32_t cp;

	for (; (n = utf8_next(s, len, &cp)); s += n, len -= n)
		columns += columns_of(cp);
	return columns;
}

size_t width_fit(const char *s, size_t len, size_t columns)
{
	size_t at = 0, used = 0, n;
	uint32_t cp;

	for (; (n = utf8_next(s + at, len - at, &cp)); at += n) {
		used += columns_of(cp);
		if (used > columns)
			break;
	}
	return at;
}

/* Closing punctuation does not begin a line. */
static bool is_closing(uint32_t cp)
{
	static const uint32_t closing[] = { 0x3001, 0x3002, 0xff0c, 0xff1a, 0xff1b, 0xff09, 0x300d, 0x300f,
					    0x300b, 0x3009, 0x3011, 0xff01, 0xff1f, 0x201d, 0x2019, 0x2026 };

	for (size_t i = 0; i < ARRAY_SIZE(closing); i++)
		if (closing[i] == cp)
			return true;
	return false;
}

/* Opening punctuation does not end one. */
static bool is_opening(uint32_t cp)
{
	return cp == 0xff08 || cp == 0x300c || cp == 0x300e || cp == 0x300a || cp == 0x3008 || cp == 0x3010 ||
	       cp == 0x201c || cp == 0x2018;
}

static bool may_break(uint32_t before, uint32_t after)
{
	if (is_closing(after) || is_opening(before) || after == ' ')
		return false;
	return before == ' ' || width_of(after) == 2 || (width_of(before) == 2 && width_of(after) > 0);
}

static size_t last_bytes(const char *s, size_t len)
{
	size_t n = 1;

	while (n < len && (s[len - n] & 0xc0) == 0x80)
		n++;
	return n;
}

size_t width_break(const char *s, size_t len, size_t columns, size_t *next)
{
	size_t fit = width_fit(s, len, columns), best = 0, at = 0, n;
	uint32_t cp, before = 0;

	*next = fit;
	for (; fit < len && at <= fit && (n = utf8_next(s + at, len - at, &cp)); at += n, before = cp) {
		/* A blank at the very edge takes no column. */
		if (at && (may_break(before, cp) || (at == fit && cp == ' ')))
			best = at;
	}
	if (best)
		*next = best;
	else if (fit > 1 && len - fit > 1 && s[fit] == ':' && s[fit + 1] == ':')
		*next = last_bytes(s, fit) < fit ? fit - last_bytes(s, fit) : fit; /* a line that begins so is a command to some CI */
	else if (!fit && len) /* not even one character: go on, or the caller never ends */
		*next = utf8_next(s, len, &cp);
	fit = *next;
	while (*next < len && s[*next] == ' ')
		++*next;
	while (fit && s[fit - 1] == ' ')
		fit--;
	return fit;
}
