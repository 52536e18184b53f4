/* SPDX-License-Identifier: GPL-2.0 */
/* Variables: what ARG and ENV set, where --build-arg and the base image come in, what a text
 * expands to. */
#include "builder/dfparser.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "builder/shlex.h"

static const char blanks[] = " \t\v\f\r";

struct df_str df_flag(const struct df_split *s, const char *name, size_t *at)
{
	size_t nlen = strlen(name);

	while (*at < s->flags.len) {
		const char *f = s->flags.p + *at;
		size_t len = strlen(f);

		*at += len + 1;
		if (len > nlen + 2 && !strncmp(f, "--", 2) && !strncmp(f + 2, name, nlen) &&
		    f[nlen + 2] == '=')
			return (struct df_str){ f + nlen + 3, len - nlen - 3 };
	}
	return (struct df_str){ 0 };
}

struct df_str df_mount_field(struct df_str mount, const char *key, const char *alias)
{
	while (mount.len) {
		const char *comma = memchr(mount.p, ',', mount.len);
		struct df_str f = { mount.p, comma ? (size_t)(comma - mount.p) : mount.len }, k = f;
		const char *eq = memchr(f.p, '=', f.len);

		mount.len -= f.len + (comma ? 1 : 0);
		mount.p += f.len + (comma ? 1 : 0);
		if (!eq)
			continue;
		k.len = (size_t)(eq - f.p);
		if (df_str_is_nocase(k, key) || df_str_is_nocase(k, alias))
			return (struct df_str){ eq + 1, f.len - k.len - 1 };
	}
	return (struct df_str){ 0 };
}

struct df_str df_env_get(const struct df_env *env, struct df_str name, unsigned long *work)
{
	struct df_str v;

	for (; env && *work; env = env->next, --*work) {
		if (env->all_of) {
			v = df_env_get(env->all_of, name, work);
			if (v.p || !*work)
				return v;
		} else if (df_str_eq(env->key, name)) {
			return env->value;
		}
	}
	return (struct df_str){ 0 };
}

static bool is_secret(const struct df_split *s, struct df_str name)
{
	struct df_str mount, env;
	size_t at = 0;

	for (;;) {
		mount = df_flag(s, "mount", &at);
		if (!mount.p)
			return false;
		env = df_mount_field(mount, "env", "env");
		if (env.p && df_str_eq(env, name) &&
		    df_str_is(df_mount_field(mount, "type", "type"), "secret"))
			return true;
	}
}

struct df_str df_view_get(void *ctx, struct df_str name)
{
	struct df_view *v = ctx;

	if (v->masked && is_secret(v->masked, name))
		return DF_STR("****");
	return df_env_get(v->env, name, &v->p->work);
}

struct df_str df_keep(struct df_parser *p, struct df_str s)
{
	char *copy = df_dup(p->mem, s.p, s.len);

	if (!copy)
		p->err = -ENOMEM;
	return (struct df_str){ copy, copy ? s.len : 0 };
}

/* Half of the memory is for what was made of variables; past it, and past the work limit, text
 * stays as it is. */
bool df_may_expand(const struct df_parser *p)
{
	return p->work && p->mem->used_bytes < p->mem->max_bytes / 2;
}

struct df_str df_value(struct df_parser *p, const struct df_env *env, struct df_str text)
{
	struct df_view v = { .p = p, .env = env };
	struct shlex lex = { .escape = p->lines.escape,
			     .minor = p->minor,
			     .get = df_view_get,
			     .env = &v,
			     .work = &p->work };
	struct df_buf out = { .max = DF_VALUE_MAX };
	struct df_str s = text;

	if (df_may_expand(p) && !shlex_word(&lex, text, &out))
		s = (struct df_str){ out.p ? out.p : "", out.len };
	s = df_keep(p, s);
	df_buf_free(&out);
	return s;
}

void df_env_push(struct df_parser *p, const struct df_env **env, struct df_str key,
		 struct df_str value)
{
	struct df_env *e = df_alloc(p->mem, sizeof(*e));

	if (!e) {
		p->err = -ENOMEM;
		return;
	}
	*e = (struct df_env){ .next = *env, .key = key, .value = value };
	*env = e;
}

void df_env_push_all(struct df_parser *p, const struct df_env **env, const struct df_env *all)
{
	struct df_env *e = df_alloc(p->mem, sizeof(*e));

	if (!e) {
		p->err = -ENOMEM;
		return;
	}
	*e = (struct df_env){ .next = *env, .all_of = all };
	*env = e;
}

struct df_str df_build_arg(const struct df_parser *p, struct df_str name)
{
	struct df_str found = { 0 };

	for (const char *a = p->opts->build_args; a && *a; a += strlen(a) + 1) {
		const char *eq = strchr(a, '=');

		if (eq && df_str_eq((struct df_str){ a, (size_t)(eq - a) }, name))
			found = (struct df_str){ eq + 1, strlen(eq + 1) };
	}
	return found;
}

static void push_global(struct df_parser *p, const char *name, struct df_str value)
{
	struct df_str key = { name, strlen(name) }, given = df_build_arg(p, key);

	df_env_push(p, &p->globals, key, given.p ? given : df_keep(p, value));
}

/* ARGs that every build has: dockerfile2llb/platform.go */
void df_global_defaults(struct df_parser *p, const char *target)
{
	static const char *const prefixes[] = { "BUILD", "TARGET" };
	const char *platform = p->opts->platform ? p->opts->platform : "linux/amd64";
	struct df_str part[3] = { { "", 0 }, { "", 0 }, { "", 0 } };
	const char *at = platform;
	char name[32], *copy;

	for (int i = 0; i < 3 && *at; i++) {
		part[i] = (struct df_str){ at, strcspn(at, "/") };
		at += part[i].len + (at[part[i].len] ? 1 : 0);
	}
	for (int i = 0; i < 2 && !p->err; i++) {
		static const char *const suffixes[] = { "OS", "ARCH", "VARIANT" };

		for (int k = 0; k < 4; k++) {
			snprintf(name, sizeof(name), "%s%s", prefixes[i],
				 k < 3 ? suffixes[k] : "PLATFORM");
			copy = df_dup(p->mem, name, strlen(name));
			if (!copy) {
				p->err = -ENOMEM;
				return;
			}
			push_global(p, copy,
				    k < 3 ? part[k]
					  : (struct df_str){ platform, strlen(platform) });
		}
	}
	if (p->minor >= 17 && target)
		push_global(p, "TARGETSTAGE", (struct df_str){ target, strlen(target) });
}

/* One word of ARG: NAME or NAME=default. */
struct df_str df_key_value(struct df_str w, struct df_str *value)
{
	const char *eq = memchr(w.p, '=', w.len);

	*value = (struct df_str){ 0 };
	if (!eq)
		return w;
	*value = (struct df_str){ eq + 1, w.len - (size_t)(eq - w.p) - 1 };
	return (struct df_str){ w.p, (size_t)(eq - w.p) };
}

struct words {
	struct df_buf buf;
	int n;
	const char *at;
};

static void words_start(struct words *w, const struct df_parser *p, struct df_str args)
{
	*w = (struct words){ .buf.max = 2 * DF_TEXT_MAX };
	w->n = df_words(args, p->lines.escape, &w->buf);
	w->at = w->buf.p;
}

static bool words_next(struct words *w, struct df_str *out)
{
	if (w->n <= 0)
		return false;
	w->n--;
	*out = (struct df_str){ w->at, strlen(w->at) };
	w->at += out->len + 1;
	return true;
}

void df_global_arg(struct df_parser *p, const struct df_item *it)
{
	struct df_str w, key, value, given;
	struct words words;

	words_start(&words, p, it->split.args);
	while (!p->err && words_next(&words, &w)) {
		key = df_keep(p, df_key_value(w, &value));
		given = df_build_arg(p, key);
		if (given.p)
			value = given;
		else if (value.p)
			value = df_value(p, p->globals, value);
		if (value.p)
			df_env_push(p, &p->globals, key, value);
	}
	df_buf_free(&words.buf);
}

void df_eval_arg(struct df_parser *p, struct df_stage_state *st, const struct df_item *it)
{
	const struct df_env *before = st->env;
	struct df_str w, key, value, given;
	struct words words;

	words_start(&words, p, it->split.args);
	while (!p->err && words_next(&words, &w)) {
		key = df_keep(p, df_key_value(w, &value));
		given = df_build_arg(p, key);
		if (given.p)
			value = given;
		else if (value.p)
			value = df_value(p, p->minor < 14 ? before : st->env, value);
		else
			value = df_env_get(p->globals, key, &p->work);
		if (value.p)
			df_env_push(p, &st->env, key, value);
	}
	df_buf_free(&words.buf);
}

static void set_env(struct df_parser *p, struct df_stage_state *st, const struct df_env *before,
		    struct df_str key, struct df_str value)
{
	key = df_value(p, before, key);
	value = df_value(p, before, value);
	df_env_push(p, &st->env, key, value);
	df_env_push(p, &st->image_env, key, value);
}

/* ENV k=v …, or the old ENV k v: which one, the first word tells. */
void df_eval_env(struct df_parser *p, struct df_stage_state *st, const struct df_item *it)
{
	const struct df_env *before = st->env;
	struct df_str w, key, value, args = it->split.args;
	struct words words;
	size_t n = 0;

	words_start(&words, p, args);
	if (words.n > 0 && !strchr(words.at, '=')) {
		while (n < args.len && !strchr(blanks, args.p[n]))
			n++;
		value = df_ltrim((struct df_str){ args.p + n, args.len - n });
		if (value.len)
			set_env(p, st, before, (struct df_str){ args.p, n }, value);
		words.n = 0;
	}
	while (!p->err && words_next(&words, &w)) {
		key = df_key_value(w, &value);
		if (value.p && key.len)
			set_env(p, st, before, key, value);
	}
	df_buf_free(&words.buf);
}

void df_eval_shell(struct df_parser *p, struct df_stage_state *st, const struct df_item *it)
{
	struct df_buf words = { .max = DF_VALUE_MAX };

	if (df_json_strings(it->split.args, p->minor < 15, &words) > 0)
		st->shell = df_keep(p, (struct df_str){ words.p, words.len });
	else
		df_warn(p, it->line->line, "SHELL requires the arguments to be in JSON form");
	df_buf_free(&words);
}
