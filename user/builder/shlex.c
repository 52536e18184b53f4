/* SPDX-License-Identifier: GPL-2.0 */
#include "builder/shlex.h"

#include <errno.h>
#include <string.h>

#define DEPTH_MAX 64 /* ${a:-${b:-…}}; Go has no such limit, we have a stack */
#define RUNE_EOF UINT32_MAX

struct scan {
	const struct shlex *lex;
	const char *p;
	size_t left;
	bool raw_escapes;
	int depth;
	bool splitting;
	struct df_buf word; /* the word being put together */
	bool in_word;
	struct df_buf *words; /* finished ones */
	int nwords;
};

struct ch {
	uint32_t rune; /* RUNE_EOF: end */
	struct df_str s;
};

static struct ch peek(const struct scan *sc)
{
	struct ch c = { .rune = RUNE_EOF, .s = { sc->p, 0 } };
	bool bad;

	if (sc->left)
		c.rune = df_rune(sc->p, sc->left, &c.s.len, &bad);
	if (sc->left && bad)
		c.rune = 0xfffd;
	return c;
}

static struct ch next(struct scan *sc)
{
	struct ch c = peek(sc);

	sc->p += c.s.len;
	sc->left -= c.s.len;
	return c;
}

static int spend(const struct shlex *lex, unsigned long n)
{
	if (!lex->work)
		return 0;
	if (*lex->work < n) {
		*lex->work = 0;
		return -E2BIG;
	}
	*lex->work -= n;
	return 0;
}

static void word_raw(struct scan *sc, struct df_str s)
{
	if (!sc->splitting)
		return;
	df_buf_add(&sc->word, s.p, s.len);
	sc->in_word = true;
}

static void word_end(struct scan *sc)
{
	if (!sc->splitting || !sc->word.len)
		return;
	df_buf_add(sc->words, sc->word.p, sc->word.len);
	df_buf_char(sc->words, 0);
	sc->nwords++;
	sc->word.len = 0;
	sc->in_word = false;
}

static void word_char(struct scan *sc, struct ch c)
{
	if (!df_is_space(c.rune))
		word_raw(sc, c.s);
	else if (sc->in_word)
		word_end(sc);
}

static void word_split(struct scan *sc, struct df_str s)
{
	struct scan in = { .lex = sc->lex, .p = s.p, .left = s.len };

	while (sc->splitting && in.left)
		word_char(sc, next(&in));
}

static int stop_on(struct scan *sc, uint32_t stop, bool raw_escapes, struct df_buf *out);
static int dollar(struct scan *sc, struct df_buf *out);

static int single_quote(struct scan *sc, struct df_buf *out)
{
	struct ch c = next(sc);

	if (sc->lex->raw_quotes)
		df_buf_add(out, c.s.p, c.s.len);
	for (;;) {
		c = next(sc);
		if (c.rune == RUNE_EOF)
			return -EINVAL;
		if (c.rune != '\'' || sc->lex->raw_quotes)
			df_buf_add(out, c.s.p, c.s.len);
		if (c.rune == '\'')
			return 0;
	}
}

static int double_quote(struct scan *sc, struct df_buf *out)
{
	struct ch c = next(sc);
	uint32_t esc = (unsigned char)sc->lex->escape;
	int err;

	if (sc->lex->raw_quotes)
		df_buf_add(out, c.s.p, c.s.len);
	for (;;) {
		c = peek(sc);
		if (c.rune == RUNE_EOF)
			return -EINVAL;
		if (c.rune == '$') {
			err = dollar(sc, out);
			if (err)
				return err;
			continue;
		}
		next(sc);
		if (c.rune == '"') {
			if (sc->lex->raw_quotes)
				df_buf_add(out, c.s.p, c.s.len);
			return 0;
		}
		if (c.rune == esc) {
			uint32_t after = peek(sc).rune;

			if (sc->raw_escapes)
				df_buf_add(out, c.s.p, c.s.len);
			if (after == RUNE_EOF)
				continue;
			if (after == '"' || after == '$' || after == esc)
				c = next(sc);
		}
		df_buf_add(out, c.s.p, c.s.len);
	}
}

static bool is_digit(uint32_t r)
{
	return r >= '0' && r <= '9';
}

static struct df_str name_of(struct scan *sc)
{
	struct df_str name = { sc->p, 0 };
	struct ch c = peek(sc);

	if (is_digit(c.rune)) {
		while (is_digit(peek(sc).rune))
			name.len += next(sc).s.len;
		return name;
	}
	if (c.rune < 0x80 && c.rune && strchr("@*#?-$!", (int)c.rune)) {
		name.len = next(sc).s.len;
		return name;
	}
	while (df_is_letter(peek(sc).rune) || is_digit(peek(sc).rune) || peek(sc).rune == '_')
		name.len += next(sc).s.len;
	return name;
}

static struct df_str get(const struct scan *sc, struct df_str name)
{
	const struct shlex *lex = sc->lex;

	return lex->get ? lex->get(lex->env, name) : (struct df_str){ 0 };
}

/* What a ${name…} is made of, once it has been read. */
struct subst {
	struct df_str name, op, value, word;
	uint32_t mod;
	bool colon;
};

static int apply(struct scan *sc, const struct subst *su, struct df_buf *out)
{
	bool set = su->value.p, empty = su->colon && !su->value.len;
	struct df_str word = su->word;
	bool longest = false;

	switch (su->mod) {
	case '-':
		word = !set || empty ? word : su->value;
		df_buf_add(out, word.p, word.len);
		return 0;
	case '+':
		if (set && !empty)
			df_buf_add(out, word.p, word.len);
		return 0;
	case '?':
		if (!set || empty)
			return -EINVAL;
		df_buf_add(out, su->value.p, su->value.len);
		return 0;
	case '#':
	case '%':
		if (word.len && (unsigned char)word.p[0] == su->mod) {
			longest = true;
			word.p++;
			word.len--;
		}
		return shpattern_trim(word, su->value.p ? su->value : DF_STR(""), su->mod == '%',
				      longest, sc->lex->work, out);
	}
	return -EINVAL;
}

static void as_written(const struct subst *su, struct df_buf *out)
{
	df_buf_str(out, "${");
	df_buf_add(out, su->name.p, su->name.len);
	df_buf_add(out, su->op.p, su->op.len);
	df_buf_add(out, su->word.p, su->word.len);
	df_buf_char(out, '}');
}

static int modifier(struct scan *sc, struct subst *su, struct df_buf *out)
{
	struct df_buf word = { .max = out->max };
	bool raw = su->mod == '#' || su->mod == '%';
	int err;

	err = stop_on(sc, '}', raw, &word);
	su->word = (struct df_str){ word.p ? word.p : "", word.len };
	su->value = get(sc, su->name);
	if (!err && word.failed)
		err = -E2BIG;
	if (!err && sc->lex->skip_unset && !su->value.p)
		as_written(su, out);
	else if (!err)
		err = apply(sc, su, out);
	df_buf_free(&word);
	return err;
}

static int replace(struct scan *sc, const struct subst *su, struct df_buf *out)
{
	struct df_buf pat = { .max = out->max }, rep = { .max = out->max };
	struct df_str value = get(sc, su->name), p, r;
	bool all = peek(sc).rune == '/';
	int err;

	if (all)
		next(sc);
	err = stop_on(sc, '/', true, &pat);
	if (!err)
		err = stop_on(sc, '}', true, &rep);
	if (!err && (pat.failed || rep.failed))
		err = -E2BIG;
	p = (struct df_str){ pat.p ? pat.p : "", pat.len };
	r = (struct df_str){ rep.p ? rep.p : "", rep.len };
	if (!err && sc->lex->skip_unset && !value.p) {
		df_buf_str(out, "${");
		df_buf_add(out, su->name.p, su->name.len);
		df_buf_char(out, '/');
		df_buf_add(out, p.p, p.len);
		df_buf_char(out, '/');
		df_buf_add(out, r.p, r.len);
		df_buf_char(out, '}');
	} else if (!err) {
		err = shpattern_replace(p, value.p ? value : DF_STR(""), r, all, sc->lex->work,
					out);
	}
	df_buf_free(&pat);
	df_buf_free(&rep);
	return err;
}

/* Which ${v…} a BuildKit knows; 0.8 had ":-" ":+" ":?" "?" only. */
static bool known_form(const struct shlex *lex, const struct subst *su)
{
	unsigned int minor = lex->minor ? lex->minor : ~0u;

	switch (su->mod) {
	case '-':
	case '+':
		return su->colon || minor >= 12;
	case '?':
		return true;
	case '#':
	case '%':
		return !su->colon && minor >= 13;
	case '/':
		return minor >= 13;
	}
	/* ${v:1}: newer ones complain only when v is set. */
	return su->colon && minor >= 12 && lex->skip_unset;
}

static int braces(struct scan *sc, struct df_buf *out)
{
	struct subst su = { 0 };
	struct ch c;

	next(sc);
	c = peek(sc);
	if (c.rune == RUNE_EOF || c.rune == '{' || c.rune == '}' || c.rune == ':')
		return -EINVAL;
	su.name = name_of(sc);
	c = next(sc);
	su.op = c.s;
	if (c.rune == '}') {
		su.value = get(sc, su.name);
		if (!su.value.p && sc->lex->skip_unset)
			as_written(&(struct subst){ .name = su.name }, out);
		else
			df_buf_add(out, su.value.p, su.value.len);
		return 0;
	}
	if (c.rune == ':') {
		su.colon = true;
		c = next(sc);
		su.op.len += c.s.len;
	}
	su.mod = c.rune;
	if (c.rune == RUNE_EOF || !known_form(sc->lex, &su))
		return -EINVAL;
	return c.rune == '/' && !su.colon ? replace(sc, &su, out) : modifier(sc, &su, out);
}

static int dollar(struct scan *sc, struct df_buf *out)
{
	struct df_str name, value;

	next(sc);
	if (peek(sc).rune == '{')
		return braces(sc, out);
	name = name_of(sc);
	value = get(sc, name);
	if (!name.len || (!value.p && sc->lex->skip_unset)) {
		df_buf_char(out, '$');
		value = name;
	}
	df_buf_add(out, value.p, value.len);
	return 0;
}

/* "<< word" is kept together as one word: it opens a heredoc. */
static void less(struct scan *sc, struct df_buf *out)
{
	const char *from = sc->p;
	uint32_t r;

	next(sc);
	if (peek(sc).rune == '<') {
		next(sc);
		/* Before 0.22 the blanks ended the word. */
		while (!sc->lex->minor || sc->lex->minor >= 22) {
			r = peek(sc).rune;
			if (r != ' ' && r != '\t' && r != '\r')
				break;
			next(sc);
		}
	}
	df_buf_add(out, from, (size_t)(sc->p - from));
}

static int plain(struct scan *sc, struct df_buf *out)
{
	struct ch c = next(sc);

	if (c.rune != (unsigned char)sc->lex->escape) {
		word_char(sc, c);
	} else {
		if (sc->raw_escapes) {
			word_raw(sc, c.s);
			df_buf_add(out, c.s.p, c.s.len);
		}
		c = next(sc);
		if (c.rune == RUNE_EOF)
			return 0;
		word_raw(sc, c.s);
	}
	df_buf_add(out, c.s.p, c.s.len);
	return 0;
}

static int special(struct scan *sc, uint32_t r, struct df_buf *out)
{
	size_t from = out->len;
	struct df_str added;
	int err = 0;

	if (r == '$')
		err = dollar(sc, out);
	else if (r == '<')
		less(sc, out);
	else if (r == '\'')
		err = single_quote(sc, out);
	else
		err = double_quote(sc, out);
	if (err || out->failed || !out->p)
		return err;
	added = (struct df_str){ out->p + from, out->len - from };
	if (r == '$')
		word_split(sc, added);
	else
		word_raw(sc, added);
	return 0;
}

static int stop_on(struct scan *sc, uint32_t stop, bool raw_escapes, struct df_buf *out)
{
	bool saved = sc->raw_escapes;
	int err = sc->depth >= DEPTH_MAX ? -E2BIG : 0;

	sc->raw_escapes = raw_escapes;
	sc->depth++;
	/* BuildKit shares one buffer for words with the inner call: what came before ${ is lost. */
	sc->word.len = 0;
	while (!err && peek(sc).rune != RUNE_EOF) {
		uint32_t r = peek(sc).rune;

		if (stop != RUNE_EOF && r == stop)
			break;
		err = spend(sc->lex, 1);
		if (err)
			break;
		err = r == '$' || r == '<' || r == '\'' || r == '"' ? special(sc, r, out)
								    : plain(sc, out);
		if (!err && out->failed)
			err = -E2BIG;
	}
	if (!err && stop != RUNE_EOF) {
		err = peek(sc).rune == RUNE_EOF ? -EINVAL : 0;
		next(sc);
		sc->word.len = 0;
	}
	sc->depth--;
	sc->raw_escapes = saved;
	return err;
}

int shlex_word(const struct shlex *lex, struct df_str text, struct df_buf *out)
{
	struct scan sc = { .lex = lex, .p = text.p, .left = text.len };
	int err = stop_on(&sc, RUNE_EOF, lex->raw_escapes, out);

	return err ? err : out->failed ? -E2BIG : 0;
}

int shlex_words(const struct shlex *lex, struct df_str text, struct df_buf *out)
{
	struct df_buf whole = { .max = out->max };
	struct scan sc = {
		.lex = lex, .p = text.p, .left = text.len, .splitting = true, .words = out
	};
	int err = stop_on(&sc, RUNE_EOF, lex->raw_escapes, &whole);

	if (!err)
		word_end(&sc);
	if (!err && (out->failed || sc.word.failed))
		err = -E2BIG;
	df_buf_free(&whole);
	df_buf_free(&sc.word);
	return err ? err : sc.nwords;
}
