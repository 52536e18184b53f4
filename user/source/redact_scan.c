// SPDX-License-Identifier: GPL-2.0
/* Finds words, and what in them is a secret: by name, by option, by shape. */
#include "source/redact_scan.h"

#include <string.h>
#include <strings.h>

#define VALUE_MAX 256
#define USERINFO_MAX 512
#define FEED_MAX 1024

void red_word_read(const struct scan *s, struct walk w, struct word *ret)
{
	struct chr c;
	enum step k;

	*ret = (struct word){ 0 };
	while ((k = red_step(s, &w, &c)) != STEP_END) {
		if (k != STEP_CHAR)
			continue;
		if (ret->len < HEAD_MAX)
			ret->head[ret->len++] = (char)c.c;
		else
			ret->cut = true;
	}
	ret->end = c.at;
}

/* How far a value goes: to the word's end, the next & or # of an URL, the next comma, the JSON
 * value's end. */
enum stop { STOP_WORD, STOP_URL, STOP_LIST, STOP_JSON };

static bool stops(enum stop stop, int c, int q)
{
	switch (stop) {
	case STOP_URL:
		return c == '&' || c == '#';
	case STOP_LIST:
		return c == ',' || c == ';';
	case STOP_JSON:
		return !q && (c == ',' || c == '}' || c == ']');
	default:
		return false;
	}
}

static bool value_harmless(const struct scan *s, struct walk w, enum stop stop, bool weak)
{
	char value[VALUE_MAX];
	bool cut = false;
	size_t n = 0;
	struct chr c;
	enum step k;

	while ((k = red_step(s, &w, &c)) != STEP_END) {
		if (k == STEP_QUOTE && stop == STOP_JSON && !w.q)
			break;
		if (k == STEP_CHAR && stops(stop, c.c, w.q))
			break;
		if (k == STEP_CHAR && n < VALUE_MAX)
			value[n++] = (char)c.c;
		else if (k == STEP_CHAR)
			cut = true;
	}
	return rule_harmless((struct span){ value, n }, weak, cut);
}

/* Mask the value that begins at w unless it is harmless: quotes stay, what is between them goes. */
static struct walk value(const struct scan *s, struct walk w, enum stop stop, bool weak)
{
	size_t from = 0, to = 0;
	struct walk before = w;
	struct chr c;
	enum step k;

	if (value_harmless(s, w, stop, weak))
		return w;
	for (;; before = w) {
		k = red_step(s, &w, &c);
		if (k == STEP_CHAR && !stops(stop, c.c, w.q)) {
			from = to ? from : c.at;
			to = c.end;
			continue;
		}
		if (to)
			red_mask(s, from, to);
		to = 0;
		if (k != STEP_QUOTE)
			return before;
		if (stop == STOP_JSON && !w.q)
			return w;
	}
}

/* "NAME=any words" as one quoted part or argv element: all of it, and what is glued to it, is the
 * value. */
static bool assigns(const struct scan *s, struct walk *w)
{
	struct walk at = *w, from;
	char name[HEAD_MAX];
	struct chr c;
	size_t n = 0;
	bool weak;

	while (red_step(s, &at, &c) == STEP_CHAR && is_name(c.c) && n < HEAD_MAX)
		name[n++] = (char)c.c;
	if (c.c != '=' || !rule_secret_name((struct span){ name, n }, &weak))
		return false;
	from = at;
	at = value(s, at, STOP_WORD, weak);
	if (at.pos == from.pos)
		return false;
	*w = at;
	return true;
}

/* A quoted part of a word, or an argv element: one that has words of its own is text of its own. */
static bool segment(const struct scan *s, struct walk *w, size_t to, enum layer layer, bool script)
{
	struct scan sub = *s;
	bool nest = script;
	size_t from = w->pos;
	struct chr c;

	if (sub.depth >= DEPTH_MAX)
		return false;
	sub.end = to;
	sub.layer[sub.depth++] = (unsigned char)layer;
	sub.ops = true;
	for (size_t pos = from; !nest && (c = red_get(&sub, pos)).c >= 0; pos = c.end)
		nest = is_blank(c.c) || c.c == '\n' || c.c == '"' || c.c == '\'' || is_op(c.c);
	if (!nest)
		return false;
	if (!script && assigns(s, w))
		return true;
	red_scan_text(&sub, from);
	w->pos = to;
	return true;
}

/* Mask a well-known token that begins at `w`; the walk after it, or w itself. */
static struct walk token(const struct scan *s, struct walk w)
{
	char text[RULE_TOKEN_MAX];
	struct walk at = w, last = w;
	size_t n = 0, head, dots = 0, run = 0;
	struct chr c;

	while (n < RULE_TOKEN_MAX && red_step(s, &at, &c) == STEP_CHAR)
		text[n++] = (char)c.c;
	head = rule_token((struct span){ text, n });
	at = w;
	if (n > 3 && !memcmp(text, "eyJ", 3)) { /* JWT: three runs, the last may be empty */
		while (red_step(s, &at, &c) == STEP_CHAR &&
		       (rule_token_char(c.c) || (c.c == '.' && dots < 2))) {
			if (c.c == '.' && run < 10)
				break;
			dots += c.c == '.';
			run = c.c == '.' ? 0 : run + 1;
			last = at;
		}
		head = dots == 2 || (dots == 1 && run >= 10) ? 1 : 0;
	} else if (head) {
		while (red_step(s, &at, &c) == STEP_CHAR && rule_token_char(c.c))
			last = at;
	}
	if (!head)
		return w;
	red_mask(s, red_get(s, w.pos).at, last.pos);
	return last;
}

/* After "://": USER:PASS@ or a long TOKEN@. The password may hold another @. */
static struct walk userinfo(const struct scan *s, struct walk w)
{
	struct walk at = w, prev = w, secret = w, host = w;
	size_t n = 0, from = 0, to = 0;
	char pass[VALUE_MAX];
	struct chr c;

	for (; n < USERINFO_MAX && red_step(s, &at, &c) == STEP_CHAR; n++, prev = at) {
		if (c.c == '/' || c.c == '?' || c.c == '#')
			break;
		if (c.c == '@') {
			host = prev;
			to = n;
		} else if (c.c == ':' && !from) {
			secret = at;
			from = n + 1;
		}
	}
	if (to <= from || (!from && to < 20))
		return w;
	at = secret;
	for (n = 0; n < to - from && n < VALUE_MAX && red_step(s, &at, &c) == STEP_CHAR; n++)
		pass[n] = (char)c.c;
	if (rule_harmless((struct span){ pass, n }, false, n < to - from))
		return w;
	red_mask(s, red_get(s, secret.pos).at, host.pos);
	return host;
}

/* The name in front of = or : while a word is read. */
struct name {
	char c[HEAD_MAX];
	size_t len;
	int before;  /* the character in front of it */
	bool quoted; /* a quote closed right behind it: "password": */
};

static void name_add(struct name *n, int prev, int c)
{
	if (!is_name(c)) {
		n->len = 0;
		return;
	}
	if (!n->len)
		n->before = prev;
	if (n->len == HEAD_MAX) { /* its end is what counts */
		n->len = HEAD_MAX / 2;
		memmove(n->c, n->c + HEAD_MAX / 2, HEAD_MAX / 2);
	}
	n->c[n->len++] = (char)c;
	n->quoted = false;
}

static struct walk assignment(const struct scan *s, struct walk w, const struct name *n)
{
	bool weak;

	if (n->before == '$' || n->before == '{' || red_get(s, w.pos).c == '=' ||
	    !rule_secret_name((struct span){ n->c, n->len }, &weak))
		return w;
	return value(s, w,
		     n->before == '?' || n->before == '&'   ? STOP_URL
		     : n->before == ',' || n->before == ';' ? STOP_LIST
							    : STOP_WORD,
		     weak);
}

/* w is behind a colon: an URL, JSON's "NAME":, a header's Name: */
static struct walk colon(const struct scan *s, struct state *st, struct walk w,
			 const struct name *n)
{
	struct span name = { n->c, n->len };
	struct chr a = red_get(s, w.pos), b = red_get(s, a.end);
	bool weak = false;

	if (a.c == '/' && b.c == '/') {
		w.pos = b.end;
		return userinfo(s, w);
	}
	if (n->quoted ? !rule_secret_name(name, &weak) : !rule_secret_header(name))
		return w;
	st->weak = weak;
	if (!w.q && (a.c < 0 || is_blank(a.c))) { /* the value is the next word */
		st->expect = n->quoted			? EXPECT_JSON
			     : rule_authorization(name) ? EXPECT_HEADER
							: EXPECT_VALUE;
		return w;
	}
	if (!n->quoted && !rule_authorization(name) && strncasecmp(name.p, "x-", 2) &&
	    !span_is(name, "private-token") && !span_is(name, "job-token"))
		return w; /* my-token:1.2 is an image */
	return value(s, w, n->quoted ? STOP_JSON : STOP_WORD, weak);
}

static bool quoted_segment(const struct scan *s, struct walk *w, bool script)
{
	struct walk end = *w;
	struct chr c;
	enum step k;

	while ((k = red_step(s, &end, &c)) == STEP_CHAR)
		;
	return segment(s, w, c.at, w->q == '"' ? LAYER_DQUOTE : LAYER_PLAIN, script);
}

/* Everything that can be seen inside one word. */
static void stream(const struct scan *s, struct state *st, struct walk w, bool script)
{
	struct name n = { .before = ' ' };
	struct walk before;
	int prev = ' ';
	struct chr c;
	enum step k;

	for (;;) {
		before = w;
		k = red_step(s, &w, &c);
		if (k == STEP_END)
			return;
		if (k == STEP_QUOTE) {
			n.quoted = !w.q && n.len;
			if (w.q)
				n.len = 0;
			if (w.q && quoted_segment(s, &w, script))
				n.len = 0;
			prev = ' ';
			continue;
		}
		if (!rule_token_char(prev) && c.c && strchr("ALegxsnprdh", c.c)) {
			w = token(s, before);
			if (w.pos != before.pos) {
				n.len = 0;
				prev = '*';
				continue;
			}
			red_step(s, &w, &c);
		}
		before = w;
		if (c.c == '=' && n.len)
			w = assignment(s, w, &n);
		else if (c.c == ':' && n.len)
			w = colon(s, st, w, &n);
		name_add(&n, prev, w.pos == before.pos ? c.c : '*');
		prev = w.pos == before.pos ? c.c : '*';
	}
}

/* Mask what is behind the first n characters of the word. */
static bool value_behind(const struct scan *s, struct walk w, size_t n)
{
	struct walk from;
	struct chr c;
	enum step k;

	while (n) {
		k = red_step(s, &w, &c);
		if (k == STEP_END)
			return false;
		n -= k == STEP_CHAR;
	}
	from = w;
	return value(s, w, STOP_WORD, false).pos != from.pos;
}

/* USER:PASS, or TOKEN: with an empty password */
static bool userpass(const struct scan *s, struct walk w, const struct word *h)
{
	const char *colon = memchr(h->head, ':', h->len);
	size_t n = colon ? (size_t)(colon - h->head) + 1 : 0;

	if (!n)
		return false;
	return value_behind(s, w, n == h->len && n > 16 ? 0 : n);
}

/* Does `echo …` at pos end in a pipe that reads a password? */
static enum feed feeds(const struct scan *s, size_t pos)
{
	char to[FEED_MAX + 1];
	struct walk w = { .pos = pos };
	bool piped = false;
	size_t n = 0;
	struct chr c;

	for (size_t i = 0; i < FEED_MAX; i++) {
		if (red_step(s, &w, &c) != STEP_END) {
			to[n] = (char)c.c;
			n += piped && c.c;
			continue;
		}
		if (is_blank(c.c))
			to[n++] = ' ';
		else if (c.c == '|' && !piped)
			piped = true;
		else
			break;
		if (!piped)
			n = 0;
		w = (struct walk){ .pos = c.end };
	}
	to[n] = 0;
	if (strstr(to, "chpasswd"))
		return FEED_CHPASSWD;
	if (strstr(to, "--password-stdin") || strstr(to, "passwd --stdin") || strstr(to, "sudo -S"))
		return FEED_PASSWORD;
	return FEED_NOTHING;
}

/* Options with their value attached: -pPASS, -uUSER:PASS, and what echo feeds to a program. */
static bool attached(const struct scan *s, const struct state *st, struct walk w,
		     const struct word *h)
{
	char letter = h->len > 2 && h->head[0] == '-' ? h->head[1] : 0;
	bool p = st->tool == TOOL_MYSQL || st->tool == TOOL_SSHPASS || st->tool == TOOL_P ||
		 st->tool == TOOL_7Z || (st->tool == TOOL_LOGIN_P && st->login);

	if (h->len > 5 && !memcmp(h->head, "pass:", 5))
		return value_behind(s, w, 5);
	if ((letter == 'p' && p) || (letter == 'P' && st->tool == TOOL_ZIP))
		return value_behind(s, w, 2);
	if (letter == 'u' && st->tool == TOOL_CURL)
		return userpass(s, w, h);
	if (h->head[0] == '-')
		return false;
	if (st->feed == FEED_PASSWORD)
		return value_behind(s, w, 0);
	return st->feed == FEED_CHPASSWD && userpass(s, w, h);
}

/* The option `o` of st->tool: what is the next word? */
static enum expect tool_option(const struct state *st, struct span o)
{
	char last = o.p[o.len - 1];

	switch (st->tool) {
	case TOOL_CURL:
		if (span_is(o, "--user") || span_is(o, "--proxy-user"))
			return EXPECT_USERPASS;
		for (size_t i = 1; i < o.len; i++)
			if (!is_alnum_ascii(o.p[i]))
				return EXPECT_NOTHING;
		return last == 'u' || last == 'U' ? EXPECT_USERPASS : EXPECT_NOTHING;
	case TOOL_LOGIN_P:
		return st->login && o.len == 2 && last == 'p' ? EXPECT_VALUE : EXPECT_NOTHING;
	case TOOL_SSHPASS:
	case TOOL_P:
		return o.len == 2 && last == 'p' ? EXPECT_VALUE : EXPECT_NOTHING;
	case TOOL_ZIP:
		return o.len == 2 && last == 'P' ? EXPECT_VALUE : EXPECT_NOTHING;
	case TOOL_REDIS:
		return o.len == 2 && last == 'a' ? EXPECT_VALUE : EXPECT_NOTHING;
	case TOOL_OPENSSL:
		return o.len == 2 && (last == 'k' || last == 'K') ? EXPECT_VALUE : EXPECT_NOTHING;
	default:
		return EXPECT_NOTHING;
	}
}

/* -c -ec -euxc: the next word is a script */
static bool is_script_option(struct span o)
{
	if (o.len < 2 || o.len > 8 || o.p[o.len - 1] != 'c')
		return false;
	for (size_t i = 1; i < o.len; i++)
		if (!is_alnum_ascii(o.p[i]))
			return false;
	return true;
}

static void see_option(struct state *st, const struct word *h)
{
	struct span o = { h->head, h->len };

	st->script = is_script_option(o);
	if (memchr(o.p, '=', o.len) || h->cut)
		return;
	st->expect = tool_option(st, o);
	st->weak = false;
	for (size_t i = 0; i < o.len; i++)
		if (!is_name(o.p[i]))
			return;
	if (st->expect == EXPECT_NOTHING && rule_secret_option(o)) {
		st->expect = EXPECT_VALUE;
		st->secret_opt = span_is(o, "--secret");
		st->weak = o.len > 3 && span_is((struct span){ o.p + o.len - 3, 3 }, "key");
	}
}

/* What this word means for the ones after it. */
static void see(const struct scan *s, struct state *st, const struct word *h)
{
	struct span o = { h->head, h->len };
	bool set = st->set, weak;

	st->script = st->secret_opt = st->set = false;
	if (!o.len || st->expect != EXPECT_NOTHING)
		return;
	if (o.len > 1 && *o.p == '-') {
		see_option(st, h);
		return;
	}
	if (!st->command && !memchr(o.p, '=', o.len)) {
		st->tool = rule_tool(o);
		st->command = st->tool != TOOL_WRAPPER;
		if (st->tool == TOOL_ECHO && s->ops)
			st->feed = feeds(s, h->end);
		return;
	}
	st->login = st->login || span_is(o, "login");
	st->set = span_is(o, "set");
	if (set && !memchr(o.p, '=', o.len) && rule_secret_name(o, &weak)) {
		st->expect = EXPECT_VALUE; /* npm config set _authToken X */
		st->weak = weak;
	}
}

/* The word is what the one before announced. *w moves on when only a part of it was. */
static bool expected(const struct scan *s, struct state *st, struct walk *w, const struct word *h)
{
	enum expect expect = st->expect;
	struct span o = { h->head, h->len };

	if (expect != EXPECT_HEADER && expect != EXPECT_LINE)
		st->expect = EXPECT_NOTHING;
	switch (expect) {
	case EXPECT_VALUE:
		if ((o.len > 1 && *o.p == '-') || (st->secret_opt && memchr(o.p, '=', o.len)))
			return false;
		return value(s, *w, STOP_WORD, st->weak).pos != w->pos;
	case EXPECT_USERPASS:
		return userpass(s, *w, h);
	case EXPECT_HEADER:
		return rule_auth_scheme(o) || value(s, *w, STOP_WORD, false).pos != w->pos;
	case EXPECT_LINE:
		return value(s, *w, STOP_WORD, false).pos != w->pos;
	case EXPECT_JSON:
		*w = value(s, *w, STOP_JSON, st->weak);
		return false;
	default:
		return false;
	}
}

size_t red_word(const struct scan *s, struct state *st, struct walk w)
{
	bool script = st->script;
	struct word h;

	red_word_read(s, w, &h);
	if ((script || (!expected(s, st, &w, &h) && !(h.len && attached(s, st, w, &h)))) &&
	    !(w.flat && segment(s, &w, s->end, LAYER_PLAIN, script)))
		stream(s, st, w, script);
	see(s, st, &h);
	return h.end;
}

size_t red_scan_line(const struct scan *s, struct state *st, size_t pos)
{
	for (;;) {
		struct chr c = red_get(s, pos);

		if (c.c < 0 || c.c == '\n')
			return c.end;
		pos = c.end;
		if (is_blank(c.c))
			continue;
		if (!s->ops || !is_op(c.c))
			pos = red_word(s, st, (struct walk){ .pos = c.at });
		else if (c.c != '<' && c.c != '>')
			*st = (struct state){ 0 };
	}
}

void red_scan_text(const struct scan *s, size_t pos)
{
	while (pos < s->end) {
		struct state st = { 0 };

		pos = red_scan_line(s, &st, pos);
	}
}
