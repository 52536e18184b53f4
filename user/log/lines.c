/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Bytes to lines: colours and other escape sequences go, a carriage return or a movement of the cursor ends a line (what
 * a terminal would have painted over is a line of its own), NUL goes, UTF-16 becomes UTF-8. Any other byte stays as it is.
 */
#include <stdlib.h>

#include "log/internal.h"

enum { TEXT, ESC, CSI, STRING, STRING_ESC, CHARSET };
enum { WIDE_UNKNOWN, WIDE_NOT, WIDE_LE, WIDE_BE };
#define NONE 256

void lines_init(struct log_lines *l, int (*line)(void *ctx, char *line, size_t len, bool ended), void *ctx)
{
	l->line = line;
	l->ctx = ctx;
	l->pending = NONE;
}

static int flush(struct log_lines *l, bool ended)
{
	size_t len = l->len;
	int r;

	l->buf[len] = 0;
	l->len = 0;
	r = l->line(l->ctx, l->buf, len, ended);
	l->stamp_ns = 0;
	return r;
}

static int put(struct log_lines *l, char c)
{
	int r = l->len == LOG_LINE_MAX ? flush(l, false) : 0;

	l->buf[l->len++] = c;
	return r;
}

/* What moves the cursor to another line, or back in this one, ends what was written before. */
static int end_csi(struct log_lines *l, char final)
{
	int n;

	l->state = TEXT;
	if (strchr("ABEFGHf", final))
		return l->len ? flush(l, false) : 0;
	if (final != 'C')
		return 0;
	l->seq[l->seq_len < sizeof(l->seq) ? l->seq_len : sizeof(l->seq) - 1] = 0;
	n = atoi(l->seq);
	return n >= 0 ? put(l, ' ') : 0;
}

/* Buildkite puts the time before each line: ESC _ bk;t=MILLISECONDS BEL */
static void end_string(struct log_lines *l)
{
	l->state = TEXT;
	l->seq[l->seq_len < sizeof(l->seq) ? l->seq_len : sizeof(l->seq) - 1] = 0;
	if (!strncmp(l->seq, "bk;t=", 5))
		l->stamp_ns = strtoull(l->seq + 5, NULL, 10) % 100000000000000ull * 1000000;
}

static int in_sequence(struct log_lines *l, unsigned char c)
{
	switch (l->state) {
	case ESC:
		l->seq_len = 0;
		l->state = c == '[' ? CSI : c == ']' || c == '_' || c == 'P' || c == '^' || c == 'X' ? STRING :
			   c == '(' || c == ')' ? CHARSET : TEXT;
		return 0;
	case CSI:
		if (c >= 0x40 && c <= 0x7e)
			return end_csi(l, (char)c);
		if (c < 0x20 && c != '\t') { /* not a sequence after all */
			l->state = TEXT;
			return 0;
		}
		break;
	case STRING:
		if (c == 7) {
			end_string(l);
			return 0;
		}
		if (c == 27 || c == '\n') {
			l->state = c == 27 ? STRING_ESC : TEXT;
			return 0;
		}
		break;
	case STRING_ESC:
		end_string(l);
		return 0;
	default:
		l->state = TEXT;
		return 0;
	}
	if (l->seq_len < sizeof(l->seq) - 1)
		l->seq[l->seq_len++] = (char)c;
	return 0;
}

static int byte(struct log_lines *l, unsigned char c)
{
	bool after_cr = l->after_cr;

	if (l->state != TEXT && c != '\n')
		return in_sequence(l, c);
	l->state = TEXT;
	l->after_cr = false;
	switch (c) {
	case '\n':
		return after_cr && !l->len ? 0 : flush(l, true);
	case '\r':
		l->after_cr = l->len > 0;
		return l->len ? flush(l, false) : 0;
	case 27:
		l->state = ESC;
		l->after_cr = after_cr;
		return 0;
	case '\b':
		l->len -= l->len > 0;
		return 0;
	case 0:
	case 7:
	case 0x7f:
		return 0;
	default:
		return put(l, (char)c);
	}
}

/* A code unit of UTF-16; those of a pair are not put together, for no word that is looked for has such. */
static int unit(struct log_lines *l, unsigned int u)
{
	int r;

	if (u == 0xfeff)
		return 0;
	if (u < 0x80)
		return byte(l, (unsigned char)u);
	if (u >= 0xd800 && u < 0xe000)
		return byte(l, '?');
	if (u < 0x800)
		r = byte(l, (unsigned char)(0xc0 | u >> 6));
	else if (!(r = byte(l, (unsigned char)(0xe0 | u >> 12))))
		r = byte(l, (unsigned char)(0x80 | (u >> 6 & 0x3f)));
	return r ? r : byte(l, (unsigned char)(0x80 | (u & 0x3f)));
}

/* By its mark, or by the NUL that every other byte is in a log of plain words */
static int wideness(const unsigned char *p, size_t len)
{
	size_t le = 0, be = 0, n = len < 64 ? len / 2 : 32;

	if (len < 2)
		return WIDE_NOT;
	if (p[0] == 0xff && p[1] == 0xfe)
		return WIDE_LE;
	if (p[0] == 0xfe && p[1] == 0xff)
		return WIDE_BE;
	for (size_t i = 0; i < n; i++) {
		be += !p[2 * i];
		le += !p[2 * i + 1];
	}
	return n >= 4 && le * 4 > n * 3 && !be ? WIDE_LE : n >= 4 && be * 4 > n * 3 && !le ? WIDE_BE : WIDE_NOT;
}

/* What is no end of a line and no escape is taken at one go: that is most of any log. */
static size_t plain(struct log_lines *l, const unsigned char *p, size_t len)
{
	size_t room = LOG_LINE_MAX - l->len, n = 0;

	len = len < room ? len : room;
	while (n < len && p[n] >= 0x20 && p[n] != 0x7f)
		n++;
	if (!n)
		return 0;
	memcpy(l->buf + l->len, p, n);
	l->len += n;
	l->after_cr = false;
	return n;
}

int lines_feed(struct log_lines *l, const char *bytes, size_t len)
{
	const unsigned char *p = (const unsigned char *)bytes;
	int r = 0;

	if (l->wide == WIDE_UNKNOWN && len)
		l->wide = wideness(p, len);
	for (size_t i = 0; i < len && r >= 0; i++) {
		if (l->wide == WIDE_NOT) {
			size_t n = l->state == TEXT ? plain(l, p + i, len - i) : 0;

			i += n;
			if (i < len)
				r = byte(l, p[i]);
		} else if (l->pending == NONE) {
			l->pending = p[i];
		} else {
			r = unit(l, l->wide == WIDE_LE ? l->pending | (unsigned int)p[i] << 8 :
						       l->pending << 8 | p[i]);
			l->pending = NONE;
		}
	}
	return r < 0 ? r : 0;
}

int lines_end(struct log_lines *l)
{
	return l->len ? flush(l, false) : 0;
}
