// SPDX-License-Identifier: GPL-2.0
#include "source/hcl.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "source/hcl_internal.h"
#include "source/store_json.h"

#define BLOCKS_MAX 512
#define WORK_MAX 50000 /* expressions and what they copy: some 50 ms at most */
#define MATRIX_MAX 256

/* TYPE "LABEL" { … }, or NAME = … of the file itself */
struct block {
	char type[HCL_NAME_BYTES], label[HCL_NAME_BYTES];
	const char *p; /* behind the brace, or the = */
	bool attribute;
	bool resolving, resolved; /* variables */
	json_t *value;
};

struct hcl_file {
	struct block blocks[BLOCKS_MAX];
	unsigned int n;
	const char *end;
	size_t work;
	const char *(*environment)(void *ctx, const char *name);
	void *ctx;
};

void hcl_skip(struct hcl *h, bool lines)
{
	while (h->p < h->end) {
		char c = *h->p;

		if (c == ' ' || c == '\t' || c == '\r' || (lines && c == '\n')) {
			h->p++;
		} else if (c == '#' || (c == '/' && h->p + 1 < h->end && h->p[1] == '/')) {
			while (h->p < h->end && *h->p != '\n')
				h->p++;
		} else if (c == '/' && h->p + 1 < h->end && h->p[1] == '*') {
			const char *close = memmem(h->p + 2, (size_t)(h->end - h->p - 2), "*/", 2);

			h->p = close ? close + 2 : h->end;
		} else {
			return;
		}
	}
}

bool hcl_take(struct hcl *h, const char *token)
{
	size_t n = strlen(token);

	if ((size_t)(h->end - h->p) < n || memcmp(h->p, token, n) != 0)
		return false;
	h->p += n;
	return true;
}

bool hcl_name(struct hcl *h, char buf[HCL_NAME_BYTES])
{
	size_t n = 0;

	while (h->p < h->end && (isalnum((unsigned char)*h->p) || *h->p == '_' || (*h->p == '-' && n))) {
		if (n + 1 < HCL_NAME_BYTES)
			buf[n++] = *h->p;
		h->p++;
	}
	buf[n] = 0;
	return n;
}

bool hcl_work(struct hcl *h, size_t units)
{
	h->file->work -= units < h->file->work ? units : h->file->work;
	return h->file->work;
}

/* Past what cannot be read: at least a character, at most to the end of the line */
static void pass(struct hcl *h)
{
	while (h->p < h->end && *h->p != '\n')
		h->p++;
	hcl_take(h, "\n");
}

/* NAME = EXPRESSION in a block, behind its brace. false: the block has ended. Blocks in it are passed over. */
static bool next_attribute(struct hcl *h, char name[HCL_NAME_BYTES])
{
	unsigned int depth = 0;

	while (hcl_skip(h, true), h->p < h->end) {
		if (hcl_take(h, "}")) {
			if (!depth--)
				return false;
			continue;
		}
		if (!hcl_name(h, name)) {
			pass(h);
			continue;
		}
		hcl_skip(h, false);
		if (hcl_take(h, "=")) {
			if (!depth)
				return true;
			json_decref(hcl_expression(h));
			continue;
		}
		while (h->p < h->end && *h->p != '{' && *h->p != '\n')
			h->p++;
		depth += hcl_take(h, "{");
	}
	return false;
}

/* The expression of that attribute of a block. false: it has none */
static bool find(const struct block *b, const struct hcl *in, const char *attribute, struct hcl *ret)
{
	char name[HCL_NAME_BYTES];

	*ret = *in;
	ret->p = b->p;
	if (b->attribute)
		return false;
	while (next_attribute(ret, name)) {
		if (!strcmp(name, attribute))
			return true;
		json_decref(hcl_expression(ret));
	}
	return false;
}

static struct block *block_named(struct hcl_file *f, const char *type, const char *label)
{
	for (unsigned int i = f->n; i-- > 0;)
		if (!strcmp(f->blocks[i].type, type) && !strcmp(f->blocks[i].label, label))
			return &f->blocks[i];
	return NULL;
}

/* A variable of the environment has the type of the default. */
static json_t *as_type(const char *text, const json_t *like)
{
	json_t *v __json = json_string(text);
	double d;

	if (json_is_boolean(like))
		return strchr("1tT", *text) && *text ? json_true() : strchr("0fF", *text) && *text ? json_false() : NULL;
	if (json_is_number(like))
		return hcl_number(v, &d) ? hcl_new_number(d) : NULL;
	return json_is_array(like) || json_is_object(like) ? NULL : json_incref(v);
}

/* The type that the variable itself gives: "string", "number" … "": none */
static void type_of(const struct block *b, const struct hcl *in, char type[HCL_NAME_BYTES])
{
	struct hcl at;

	type[0] = 0;
	if (find(b, in, "type", &at)) {
		hcl_skip(&at, false);
		hcl_name(&at, type);
	}
}

static json_t *converted(const json_t *v, const char *type)
{
	json_t *number __json = json_integer(0);
	char *text __free = hcl_text(v);

	if (!*type || !strcmp(type, "any") || !text)
		return json_deep_copy(v);
	return !strcmp(type, "string") ? json_string(text) :
	       !strcmp(type, "number") ? as_type(text, number) :
	       !strcmp(type, "bool")   ? as_type(text, json_true()) :
					 NULL; /* lists as CSV, objects as JSON */
}

static json_t *resolve(struct hcl *h, struct block *b)
{
	const char *given = b->attribute || !h->file->environment ? NULL : h->file->environment(h->file->ctx, b->label);
	char *text __free = given ? strdup(given) : NULL;
	struct hcl at = { .p = b->p, .end = h->file->end, .file = h->file, .depth = h->depth };
	json_t *value __json = NULL, *told __json = text ? json_string(text) : NULL;
	char type[HCL_NAME_BYTES] = "";
	struct hcl place;

	if (!b->attribute)
		type_of(b, &at, type);
	if (text && *type)
		return converted(told, type);
	if (b->attribute || find(b, &at, "default", &place)) {
		at.p = b->attribute ? b->p : place.p;
		value = hcl_expression(&at);
	} else {
		value = *type ? json_null() : json_string("");
	}
	return text ? as_type(text, value) : converted(value, type);
}

json_t *hcl_variable(struct hcl *h, const char *name)
{
	struct block *b;

	for (const struct hcl_local *l = h->locals; l; l = l->up)
		if (!strcmp(l->name, name))
			return json_incref(l->value);
	b = block_named(h->file, "variable", name) ?: block_named(h->file, "", name);
	if (!b || b->resolving)
		return NULL;
	if (!b->resolved) {
		b->resolving = true;
		b->value = resolve(h, b);
		b->resolving = false;
		b->resolved = true;
	}
	return json_incref(b->value);
}

bool hcl_function(struct hcl *h, const char *name, json_t **args, size_t n, json_t **ret)
{
	const struct block *b = block_named(h->file, "function", name);
	struct hcl at = { .end = h->file->end, .file = h->file, .depth = h->depth }, word;
	struct hcl_local local[HCL_ARGS_MAX + 1];
	char names[HCL_ARGS_MAX + 1][64], param[HCL_NAME_BYTES];
	json_t *rest __json = json_array();
	size_t k = 0;

	if (!b)
		return false;
	*ret = NULL;
	if (find(b, &at, "params", &word) && (hcl_skip(&word, false), hcl_take(&word, "[")))
		while (hcl_skip(&word, true), k < n && hcl_name(&word, param)) {
			snprintf(names[k], sizeof(names[k]), "%.63s", param);
			local[k] = (struct hcl_local){ k ? &local[k - 1] : NULL, names[k], args[k] };
			k++;
			hcl_skip(&word, true);
			hcl_take(&word, ",");
		}
	if (find(b, &at, "variadic_params", &word) && (hcl_skip(&word, false), hcl_name(&word, param))) {
		for (size_t i = k; i < n; i++)
			json_array_append(rest, args[i]);
		snprintf(names[k], sizeof(names[k]), "%.63s", param);
		local[k] = (struct hcl_local){ k ? &local[k - 1] : NULL, names[k], rest };
		k++;
	}
	if (find(b, &at, "result", &word) && h->depth + 1 < HCL_DEPTH_MAX) {
		word.locals = k ? &local[k - 1] : NULL;
		word.depth = h->depth + 1;
		*ret = hcl_expression(&word);
	}
	return true;
}

/* --- blocks --- */

static void index_blocks(struct hcl h)
{
	struct hcl_file *f = h.file;

	while (hcl_skip(&h, true), h.p < h.end && f->n < BLOCKS_MAX) {
		struct block *b = &f->blocks[f->n];
		char name[HCL_NAME_BYTES];

		*b = (struct block){ 0 };
		if (!hcl_name(&h, b->type)) {
			pass(&h);
			continue;
		}
		hcl_skip(&h, false);
		if (hcl_take(&h, "=")) {
			strcpy(b->label, b->type);
			b->type[0] = 0;
			b->attribute = true;
			b->p = h.p;
			f->n++;
			json_decref(hcl_expression(&h)); /* its value is asked for when all are known */
			continue;
		}
		if (hcl_take(&h, "\"")) {
			size_t n = 0;

			for (; h.p < h.end && *h.p != '"' && *h.p != '\n'; h.p++)
				if (n + 1 < sizeof(b->label))
					b->label[n++] = *h.p;
			hcl_take(&h, "\"");
		} else {
			hcl_name(&h, b->label);
		}
		hcl_skip(&h, false);
		if (!hcl_take(&h, "{")) {
			pass(&h);
			continue;
		}
		b->p = h.p;
		f->n++;
		while (next_attribute(&h, name))
			json_decref(hcl_expression(&h));
	}
}

/* As a reader of compose files takes it: a $ of its own is $$ there. */
static json_t *told(json_t *v)
{
	char *text __free = hcl_text(v), *out;
	json_t *ret;
	const char *key;
	size_t i, n = 0;
	json_t *e;

	if (json_is_array(v)) {
		ret = json_array();
		json_array_foreach (v, i, e)
			json_array_append_new(ret, told(e));
		return ret;
	}
	if (json_is_object(v)) {
		ret = json_object();
		json_object_foreach (v, key, e)
			if (!json_is_null(e))
				json_object_set_new(ret, key, told(e));
		return ret;
	}
	out = text ? malloc(2 * strlen(text) + 1) : NULL;
	for (const char *p = text; out && *p; p++) {
		out[n++] = *p;
		if (*p == '$')
			out[n++] = '$';
	}
	ret = out ? json_stringn(out, n) : json_string("");
	free(out);
	return ret;
}

/* What must be known to say which file a target is built from, and how its steps are counted */
static bool places(const char *key)
{
	static const char *const keys[] = { "context", "dockerfile", "dockerfile-inline", "inherits", "target" };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (!strcmp(keys[i], key))
			return true;
	return false;
}

static json_t *body(const struct block *b, struct hcl h)
{
	json_t *o = json_object();
	char key[HCL_NAME_BYTES];

	h.p = b->p;
	while (next_attribute(&h, key)) {
		json_t *v __json = hcl_expression(&h);

		if (!strcmp(key, "matrix") || !strcmp(key, "name"))
			continue;
		if (v && !json_is_null(v))
			json_object_set_new(o, key, told(v));
		else if (!v && places(key))
			json_object_set_new(o, HCL_UNKNOWN, json_true());
	}
	return o;
}

struct matrix {
	const struct block *b;
	json_t *targets, *members;
	unsigned int n;
};

/* One target for each way to choose one of each list; axes: from `it` on */
static void expand(struct matrix *x, struct hcl h, json_t *axes, void *it)
{
	if (it && x->n < MATRIX_MAX && h.depth < HCL_DEPTH_MAX) {
		struct hcl_local l = { h.locals, json_object_iter_key(it), NULL };
		json_t *list = json_object_iter_value(it);

		h.locals = &l;
		h.depth++;
		for (size_t i = 0; i < json_array_size(list) && x->n < MATRIX_MAX && hcl_work(&h, 1); i++) {
			l.value = json_array_get(list, i);
			expand(x, h, axes, json_object_iter_next(axes, it));
		}
		return;
	}
	if (!it) {
		struct hcl at;
		json_t *name __json = find(x->b, &h, "name", &at) ? hcl_expression(&at) : NULL;

		x->n++;
		if (!json_is_string(name))
			return; /* nobody can say which it is */
		json_object_set_new(x->targets, json_string_value(name), body(x->b, h));
		json_array_append(x->members, name);
	}
}

static void add_target(const struct block *b, struct hcl h, json_t *targets, json_t *groups)
{
	struct matrix x = { .b = b, .targets = targets };
	json_t *axes __json = NULL;
	struct hcl at;

	if (!find(b, &h, "matrix", &at)) {
		json_object_set_new(targets, b->label, body(b, h));
		return;
	}
	axes = hcl_expression(&at);
	if (!json_object_size(axes))
		return;
	x.members = json_array();
	expand(&x, h, axes, json_object_iter(axes));
	json_object_set_new(groups, b->label, json_pack("{s:o}", "targets", x.members));
}

char *hcl_to_json(const char *text, size_t len, size_t from, size_t to, const char *(*environment)(void *ctx, const char *name),
		  void *ctx)
{
	struct hcl_file *f = calloc(1, sizeof(*f));
	struct hcl h = { .p = text, .end = text + len, .file = f };
	json_t *groups = json_object(), *targets = json_object(), *all __json = json_pack("{s:o, s:o}", "group", groups, "target", targets);
	char *ret;

	if (!f || !all) {
		free(f);
		return NULL;
	}
	f->end = h.end;
	f->work = WORK_MAX;
	f->environment = environment;
	f->ctx = ctx;
	index_blocks(h);
	for (unsigned int i = 0; i < f->n; i++) { /* what was asked for before all were known */
		json_decref(f->blocks[i].value);
		f->blocks[i].value = NULL;
		f->blocks[i].resolved = false;
	}
	f->work = WORK_MAX;
	for (unsigned int i = 0; i < f->n; i++) {
		const struct block *b = &f->blocks[i];

		if (b->p < text + from || b->p > text + to)
			continue;
		if (!strcmp(b->type, "target") && *b->label)
			add_target(b, h, targets, groups);
		else if (!strcmp(b->type, "group") && *b->label)
			json_object_set_new(groups, b->label, body(b, h));
	}
	ret = json_dumps(all, 0);
	for (unsigned int i = 0; i < f->n; i++)
		json_decref(f->blocks[i].value);
	free(f);
	return ret;
}
