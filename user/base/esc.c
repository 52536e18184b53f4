/* SPDX-License-Identifier: GPL-2.0 */
/* What a build says of itself (comm, argv, paths) is printed by root: here it loses its teeth. */
#include "base/esc.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/width.h"

#define REPLACEMENT "\xef\xbf\xbd"
#define ELLIPSIS "…"
#define MARKS_MAX 4
#define PIECE_MAX 16

/* One code point as it may be shown; bytes written to piece. */
static size_t show(char *piece, uint32_t cp, bool may_combine)
{
	int w = cp == UTF8_BAD ? 1 : width_of(cp);

	if (cp == UTF8_BAD || (!w && !may_combine))
		return strlen(strcpy(piece, REPLACEMENT));
	if (w >= 0)
		return utf8_put(piece, cp);
	switch (cp) {
	case '\n':
		return (size_t)sprintf(piece, "\\n");
	case '\t':
		return (size_t)sprintf(piece, "\\t");
	case '\r':
		return (size_t)sprintf(piece, "\\r");
	}
	return (size_t)sprintf(piece, cp < 0x80 ? "\\x%02x" : cp < 0x10000 ? "\\u%04x" : "\\U%08x", (unsigned int)cp);
}

/* "##[error]", "##vso[…]", "##teamcity[…]": taken for commands anywhere in a line of a CI job's log */
static bool is_marked_command(const char *s, size_t len)
{
	size_t n = 2;

	if (len < 3 || s[0] != '#' || s[1] != '#')
		return false;
	while (n < len && ((s[n] >= 'a' && s[n] <= 'z') || (s[n] >= 'A' && s[n] <= 'Z')))
		n++;
	return n < len && s[n] == '[';
}

/* "::set-env": such is one at the start of a line, which a line becomes where it may be wrapped */
static bool is_colon_command(const char *s, size_t len, uint32_t before)
{
	return len > 2 && s[0] == ':' && s[1] == ':' && ((s[2] | 0x20) >= 'a' && (s[2] | 0x20) <= 'z') &&
	       (!before || before == ' ' || width_of(before) == 2);
}

size_t esc_term(char *dst, size_t cap, const char *src, size_t len, size_t columns)
{
	size_t at = 0, used = 0, marks = MARKS_MAX; /* nothing to combine with yet */
	size_t safe_at = 0, n;			    /* the last place an ellipsis fits */
	uint32_t cp, before = 0;

	if (!cap)
		return 0;
	for (; (n = utf8_next(src, len, &cp)); src += n, len -= n, before = cp) {
		char piece[PIECE_MAX];
		size_t bytes = show(piece, cp, marks < MARKS_MAX), w;

		if (is_marked_command(src, len) || is_colon_command(src, len, before))
			piece[bytes++] = ' ';
		w = width_text(piece, bytes);

		if (at + bytes >= cap || (columns && used + w > columns))
			goto cut;
		marks = w ? 0 : marks + 1;
		memcpy(dst + at, piece, bytes);
		at += bytes;
		used += w;
		if (at + sizeof(ELLIPSIS) <= cap && (!columns || used < columns))
			safe_at = at;
	}
	dst[at] = 0;
	return at;
cut:
	at = safe_at;
	if (at + sizeof(ELLIPSIS) <= cap) {
		memcpy(dst + at, ELLIPSIS, sizeof(ELLIPSIS) - 1);
		at += sizeof(ELLIPSIS) - 1;
	}
	dst[at] = 0;
	return at;
}

size_t esc_term_str(char *dst, size_t cap, const char *src, size_t columns)
{
	return esc_term(dst, cap, src, strlen(src), columns);
}

size_t esc_utf8(char *dst, size_t cap, const char *src, size_t len)
{
	size_t at = 0, n;
	uint32_t cp;

	if (!cap)
		return 0;
	for (; (n = utf8_next(src, len, &cp)); src += n, len -= n) {
		const char *piece = cp == UTF8_BAD ? REPLACEMENT : src;
		size_t bytes = cp == UTF8_BAD ? sizeof(REPLACEMENT) - 1 : n;

		if (at + bytes >= cap)
			break;
		memcpy(dst + at, piece, bytes);
		at += bytes;
	}
	dst[at] = 0;
	return at;
}

static bool is_hidden_in_json(uint32_t cp)
{
	return cp != '\n' && cp != UTF8_BAD && width_of(cp) < 0;
}

int esc_json_write(FILE *f, const char *json, size_t len)
{
	size_t from = 0, at = 0, n;
	uint32_t cp;

	for (; (n = utf8_next(json + at, len - at, &cp)); at += n) {
		/* of two marks, which can only stand inside strings, the second: "##[" would be a CI's command */
		if (!is_hidden_in_json(cp) && !(cp == '#' && at && json[at - 1] == '#'))
			continue;
		fwrite(json + from, 1, at - from, f);
		from = at + n;
		if (cp < 0x10000)
			fprintf(f, "\\u%04x", (unsigned int)cp);
		else
			fprintf(f, "\\u%04x\\u%04x", (unsigned int)(0xd800 + ((cp - 0x10000) >> 10)),
				(unsigned int)(0xdc00 + (cp & 0x3ff)));
	}
	fwrite(json + from, 1, len - from, f);
	return ferror(f) ? -EIO : 0;
}
