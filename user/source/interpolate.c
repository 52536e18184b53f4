// SPDX-License-Identifier: GPL-2.0
#include "source/interpolate.h"

#include <stdbool.h>
#include <string.h>

#define DEPTH_MAX 8 /* defaults have variables, too */

struct lookup {
	const char *(*variable)(void *ctx, const char *name);
	void *ctx;
};

struct buf {
	char s[INTERPOLATE_MAX + 1];
	size_t n;
};

static void put(struct buf *b, const char *s, size_t len)
{
	if (len > INTERPOLATE_MAX - b->n)
		len = INTERPOLATE_MAX - b->n;
	memcpy(b->s + b->n, s, len);
	b->n += len;
}

static void expand(const struct lookup *l, const char *s, size_t len, struct buf *out, unsigned int depth);

static size_t name_length(const char *s, size_t len)
{
	size_t n = 0;

	while (n < len && (s[n] == '_' || (s[n] >= 'A' && s[n] <= 'Z') || (s[n] >= 'a' && s[n] <= 'z') ||
			   (n && s[n] >= '0' && s[n] <= '9')))
		n++;
	return n;
}

/* The length of ${…} at s, its end brace found. 0: it has none */
static size_t braces(const char *s, size_t len)
{
	size_t depth = 0;

	for (size_t n = 1; n < len; n++) {
		depth += s[n] == '{';
		if (s[n] == '}' && !--depth)
			return n + 1;
	}
	return 0;
}

static const char *variable(const struct lookup *l, const char *name, size_t len)
{
	char key[256];

	if (!len || len >= sizeof(key) || !l->variable)
		return NULL;
	memcpy(key, name, len);
	key[len] = 0;
	return l->variable(l->ctx, key);
}

/* What stands between the braces: a name, perhaps an operator and a word. */
static void expand_braced(const struct lookup *l, const char *s, size_t len, struct buf *out, unsigned int depth)
{
	size_t n = name_length(s, len);
	const char *value = variable(l, s, n), *op = s + n, *word;
	bool colon = n < len && *op == ':', set = value && (!colon || *value);

	op += colon;
	word = op + 1;
	if (op < s + len && *op == '-' && !set)
		expand(l, word, (size_t)(s + len - word), out, depth + 1);
	else if (op < s + len && *op == '+' && set)
		expand(l, word, (size_t)(s + len - word), out, depth + 1);
	else if (value && !(op < s + len && *op == '+'))
		put(out, value, strlen(value));
}

static void expand(const struct lookup *l, const char *s, size_t len, struct buf *out, unsigned int depth)
{
	size_t n;

	for (size_t i = 0; i < len && depth <= DEPTH_MAX; i += n) {
		const char *value;

		n = 1;
		if (s[i] != '$' || i + 1 == len) {
			put(out, s + i, 1);
			continue;
		}
		if (s[i + 1] == '$') {
			put(out, "$", 1);
			n = 2;
		} else if (s[i + 1] == '{' && (n = braces(s + i, len - i))) {
			expand_braced(l, s + i + 2, n - 3, out, depth);
		} else {
			n = name_length(s + i + 1, len - i - 1) + 1;
			value = variable(l, s + i + 1, n - 1);
			if (n == 1)
				put(out, "$", 1);
			else if (value)
				put(out, value, strlen(value));
		}
	}
}

char *interpolate(const char *s, const char *(*variable_of)(void *ctx, const char *name), void *ctx)
{
	struct lookup l = { variable_of, ctx };
	struct buf b = { .n = 0 };

	expand(&l, s, strlen(s), &b, 0);
	return strndup(b.s, b.n);
}
