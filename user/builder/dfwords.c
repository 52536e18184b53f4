/* SPDX-License-Identifier: GPL-2.0 */
/* Words of one logical line: keyword and flags, ENV and ARG words, JSON arrays of strings. */
#include "builder/dflines.h"

#include <errno.h>
#include <string.h>

enum phase { IN_SPACES, IN_WORD, IN_QUOTE };

/* BuildKit looks at flags byte by byte and asks whether the Latin-1 character is a space. */
static bool byte_space(char c)
{
	return df_is_space((unsigned char)c);
}

static bool separates(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r' && c != '\n');
}

static void flag_end(struct df_split *out, size_t from, bool quoted)
{
	size_t len = out->flags.len - from;

	if ((len == 2 && !memcmp(out->flags.p + from, "--", 2)) || (!len && !quoted)) {
		out->flags.len = from;
		return;
	}
	df_buf_char(&out->flags, 0);
	out->nflags++;
}

/* One flag starting at s[at], which is "--…". Returns where it ends; *last: it was "--" alone. */
static size_t flag(struct df_str s, size_t at, char escape, struct df_split *out, bool *last)
{
	size_t from = out->flags.len;
	bool quoted = false;
	char quote = 0;

	for (; at < s.len; at++) {
		char c = s.p[at];

		if (!quote && byte_space(c))
			break;
		if (!quote && (c == '\'' || c == '"')) {
			quote = c;
			quoted = true;
			continue;
		}
		if (quote && c == quote) {
			quote = 0;
			continue;
		}
		if (c == escape) {
			if (at + 1 == s.len)
				continue;
			c = s.p[++at];
		}
		df_buf_char(&out->flags, c);
	}
	*last = !quoted && at < s.len && out->flags.len - from == 2;
	flag_end(out, from, quoted);
	return at;
}

void df_split(struct df_str line, char escape, struct df_split *out)
{
	size_t at = 0;
	bool last = false;

	*out = (struct df_split){ .keyword = df_trim(line) };
	line = out->keyword;
	while (at < line.len && !separates(line.p[at]))
		at++;
	out->keyword.len = at;
	while (at < line.len && !last) {
		while (at < line.len && byte_space(line.p[at]))
			at++;
		if (at + 1 >= line.len || line.p[at] != '-' || line.p[at + 1] != '-')
			break;
		at = flag(line, at, escape, out, &last);
	}
	out->args = df_trim((struct df_str){ line.p + at, line.len - at });
}

void df_split_free(struct df_split *s)
{
	df_buf_free(&s->flags);
}

int df_words(struct df_str args, char escape, struct df_buf *out)
{
	enum phase phase = IN_SPACES;
	size_t from = out->len, w;
	char quote = 0;
	int n = 0;
	bool bad;

	for (size_t at = 0; at < args.len; at += w) {
		uint32_t r = df_rune(args.p + at, args.len - at, &w, &bad);
		bool space = !bad && df_is_space(r);

		if (phase != IN_QUOTE && space) {
			if (phase == IN_WORD && out->len > from) {
				df_buf_char(out, 0);
				n++;
			}
			phase = IN_SPACES;
			from = out->len;
			continue;
		}
		if (phase == IN_QUOTE && r == (unsigned char)quote) {
			phase = IN_WORD;
		} else if (phase != IN_QUOTE) {
			phase = r == '\'' || r == '"' ? IN_QUOTE : IN_WORD;
			quote = (char)r;
		}
		if (r == (unsigned char)escape && (phase != IN_QUOTE || quote != '\'')) {
			if (at + w == args.len)
				continue; /* one at the very end means nothing */
			df_buf_add(out, args.p + at, w);
			at += w;
			df_rune(args.p + at, args.len - at, &w, &bad);
		}
		df_buf_add(out, args.p + at, w);
	}
	if (out->len > from) {
		df_buf_char(out, 0);
		n++;
	}
	return out->failed ? -ENOMEM : n;
}

static int hex4(struct df_str *s, uint32_t *out)
{
	uint32_t v = 0;

	if (s->len < 4)
		return -EINVAL;
	for (int i = 0; i < 4; i++) {
		char c = s->p[i];

		if (c >= '0' && c <= '9')
			v = v << 4 | (uint32_t)(c - '0');
		else if ((c | 32) >= 'a' && (c | 32) <= 'f')
			v = v << 4 | (uint32_t)((c | 32) - 'a' + 10);
		else
			return -EINVAL;
	}
	*s = (struct df_str){ s->p + 4, s->len - 4 };
	*out = v;
	return 0;
}

static int json_u(struct df_str *s, struct df_buf *out)
{
	struct df_str after;
	uint32_t r, low;

	if (hex4(s, &r))
		return -EINVAL;
	if (r >= 0xd800 && r < 0xe000) {
		after = *s;
		if (r < 0xdc00 && after.len > 2 && after.p[0] == '\\' && after.p[1] == 'u') {
			after = (struct df_str){ after.p + 2, after.len - 2 };
			if (!hex4(&after, &low) && low >= 0xdc00 && low < 0xe000) {
				*s = after;
				df_buf_rune(out, 0x10000 + ((r - 0xd800) << 10) + (low - 0xdc00));
				return 0;
			}
		}
		r = 0xfffd;
	}
	if (!r)
		return -EINVAL; /* no argument can hold it */
	df_buf_rune(out, r);
	return 0;
}

static int json_escape(struct df_str *s, struct df_buf *out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *hit;
	char c;

	if (!s->len)
		return -EINVAL;
	c = *s->p++;
	s->len--;
	if (c == 'u')
		return json_u(s, out);
	hit = c ? strchr(from, c) : NULL;
	if (!hit)
		return -EINVAL;
	df_buf_char(out, to[hit - from]);
	return 0;
}

/* s is behind the opening quote. */
static int json_string(struct df_str *s, struct df_buf *out)
{
	int err = 0;
	size_t w;
	bool bad;

	while (!err && s->len) {
		const char *p = s->p;
		uint32_t r = df_rune(p, s->len, &w, &bad);

		*s = (struct df_str){ p + w, s->len - w };
		if (r == '"') {
			df_buf_char(out, 0);
			return 0;
		}
		if (r < 0x20)
			return -EINVAL;
		if (r == '\\')
			err = json_escape(s, out);
		else
			df_buf_rune(out, bad ? 0xfffd : r);
	}
	return -EINVAL;
}

static char json_next(struct df_str *s)
{
	while (s->len && (*s->p == ' ' || *s->p == '\t' || *s->p == '\n' || *s->p == '\r')) {
		s->p++;
		s->len--;
	}
	return s->len ? *s->p : 0;
}

static void skip1(struct df_str *s)
{
	s->p++;
	s->len--;
}

int df_json_strings(struct df_str args, bool lax, struct df_buf *out)
{
	struct df_str s = df_ltrim(args);
	int n = 0;
	char c;

	if (json_next(&s) != '[')
		return -EINVAL;
	skip1(&s);
	c = json_next(&s);
	if (c == ']') {
		skip1(&s);
		return lax || !json_next(&s) ? 0 : -EINVAL;
	}
	for (;; n++) {
		c = json_next(&s);
		if (c != '"')
			return -EINVAL;
		skip1(&s);
		if (json_string(&s, out))
			return -EINVAL;
		c = json_next(&s);
		if (c != ',' && c != ']')
			return -EINVAL;
		skip1(&s);
		if (c == ']')
			break;
	}
	if (!lax && json_next(&s))
		return -EINVAL;
	return out->failed ? -ENOMEM : n + 1;
}
