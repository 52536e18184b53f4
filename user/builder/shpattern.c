/* SPDX-License-Identifier: GPL-2.0 */
/* The patterns of ${v#p} ${v%p} ${v/p/r}: * and ? and escapes, no brackets; neither matches a
 * newline. */
#include "builder/shlex.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TOK_STAR 0x110000u
#define TOK_ANY 0x110001u
#define NO_MATCH ((size_t)-1)

struct runes {
	uint32_t *r;
	size_t n;
};

static int decode(struct df_str s, struct runes *out)
{
	size_t w;
	bool bad;

	out->n = 0;
	out->r = calloc(s.len + 1, sizeof(*out->r));
	if (!out->r)
		return -E2BIG;
	for (size_t i = 0; i < s.len; i += w) {
		out->r[out->n++] = df_rune(s.p + i, s.len - i, &w, &bad);
		if (bad)
			out->r[out->n - 1] = 0xfffd;
	}
	return 0;
}

/* In place: escapes resolved, wildcards as tokens above Unicode. */
static int compile(struct runes *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++) {
		uint32_t r = p->r[i];

		if (r == '\\' && (i + 1 == p->n ||
				  !strchr("}/*?\\", (int)(p->r[i + 1] < 0x80 ? p->r[i + 1] : 1))))
			return -EINVAL;
		if (r == '\\')
			r = p->r[++i];
		else if (r == '*')
			r = TOK_STAR;
		else if (r == '?')
			r = TOK_ANY;
		p->r[n++] = r;
	}
	p->n = n;
	return 0;
}

static void reverse(struct runes *s)
{
	for (size_t i = 0, j = s->n; i + 1 < j; i++) {
		uint32_t t = s->r[i];

		s->r[i] = s->r[--j];
		s->r[j] = t;
	}
}

/* Runes of value[from…] that the pattern covers: longest or shortest. state: p->n + 1 flags. */
static size_t prefix(const struct runes *p, const struct runes *v, size_t from, bool longest,
		     bool *state, unsigned long *work)
{
	size_t best = NO_MATCH;
	bool any = true;

	memset(state, 0, p->n + 1);
	state[0] = true;
	for (size_t i = from; any; i++) {
		bool carry = false;

		for (size_t k = 0; k < p->n; k++)
			if (state[k] && p->r[k] == TOK_STAR)
				state[k + 1] = true;
		if (state[p->n]) {
			best = i - from;
			if (!longest)
				break;
		}
		if (i == v->n || (work && *work < p->n + 1))
			break;
		if (work)
			*work -= p->n + 1;
		any = false;
		for (size_t k = 0; k <= p->n; k++) {
			bool was = state[k], nl = v->r[i] == '\n';

			state[k] = carry || (was && k < p->n && p->r[k] == TOK_STAR && !nl);
			carry = was && k < p->n && (p->r[k] == TOK_ANY ? !nl : p->r[k] == v->r[i]);
			any |= state[k];
		}
	}
	return best;
}

static void emit(struct df_buf *out, const struct runes *v, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		df_buf_rune(out, v->r[i]);
}

struct job {
	struct runes p, v;
	bool *state;
};

static int job_start(struct job *j, struct df_str pattern, struct df_str value)
{
	int err = decode(pattern, &j->p);

	if (!err)
		err = compile(&j->p);
	if (!err)
		err = decode(value, &j->v);
	if (!err) {
		j->state = calloc(j->p.n + 1, 1);
		if (!j->state)
			err = -E2BIG;
	}
	return err;
}

static void job_end(struct job *j)
{
	free(j->p.r);
	free(j->v.r);
	free(j->state);
}

int shpattern_trim(struct df_str pattern, struct df_str value, bool suffix, bool longest,
		   unsigned long *work, struct df_buf *out)
{
	struct job j = { 0 };
	int err = job_start(&j, pattern, value);
	size_t n;

	if (!err) {
		if (suffix) {
			reverse(&j.p);
			reverse(&j.v);
		}
		n = prefix(&j.p, &j.v, 0, longest, j.state, work);
		if (n == NO_MATCH)
			n = 0;
		if (suffix)
			reverse(&j.v);
		emit(out, &j.v, suffix ? 0 : n, suffix ? j.v.n - n : j.v.n);
	}
	job_end(&j);
	return err;
}

int shpattern_replace(struct df_str pattern, struct df_str value, struct df_str replacement,
		      bool all, unsigned long *work, struct df_buf *out)
{
	struct job j = { 0 };
	/* Go's ReplaceAllString gives $ in the replacement a meaning of its own: leave such a name
	 * unexpanded. */
	int err = all && memchr(replacement.p, '$', replacement.len)
			  ? -EINVAL
			  : job_start(&j, pattern, value);
	bool after = false;
	size_t i = 0;

	while (!err && i <= j.v.n) {
		size_t n = prefix(&j.p, &j.v, i, true, j.state, work);

		if (work && *work < j.p.n + 1)
			err = -E2BIG;
		if (n != NO_MATCH && (n || !after)) {
			df_buf_add(out, replacement.p, replacement.len);
			i += n;
			after = n > 0;
			if (!all)
				break;
			if (n)
				continue;
		}
		after = false;
		if (i < j.v.n)
			emit(out, &j.v, i, i + 1);
		i++;
		if (out->failed)
			err = -E2BIG;
	}
	if (!err && i < j.v.n)
		emit(out, &j.v, i, j.v.n);
	job_end(&j);
	return err;
}
