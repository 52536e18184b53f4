// SPDX-License-Identifier: GPL-2.0
/* Expressions: operators, lists, objects, for, calls (hashicorp/hcl v2, hclsyntax/spec.md). */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "source/hcl_internal.h"
#include "source/store_json.h"

/* --- lists and objects --- */

static void add(json_t *to, json_t *key, json_t *value, bool *unknown)
{
	char *name = key ? hcl_text(key) : NULL;

	if (json_is_array(to) && value)
		json_array_append(to, value);
	else if (json_is_object(to) && name && value)
		json_object_set(to, name, value);
	else if (json_is_array(to) || !name)
		*unknown = true; /* an object is known but for that key */
	free(name);
}

/* "EXPR if COND" of a list, "KEY => EXPR if COND" of an object */
static void for_one(struct hcl *h, json_t *to, bool *unknown)
{
	json_t *key __json = NULL, *value __json = NULL, *want __json = json_true();
	char word[HCL_NAME_BYTES];
	const char *at;

	if (json_is_object(to)) {
		key = hcl_expression(h);
		hcl_skip(h, true);
		hcl_take(h, "=>");
	}
	value = hcl_expression(h);
	hcl_skip(h, true);
	hcl_take(h, "..."); /* groups what has the same key */
	hcl_skip(h, true);
	at = h->p;
	if (hcl_name(h, word) && !strcmp(word, "if")) {
		json_decref(want);
		want = hcl_expression(h);
	} else {
		h->p = at;
	}
	if (!json_is_boolean(want))
		*unknown = true;
	else if (json_is_true(want))
		add(to, key, value, unknown);
}

static json_t *element(json_t *of, const json_t *key)
{
	double d;

	if (json_is_array(of) && hcl_number(key, &d) && d >= 0 && d < (double)json_array_size(of))
		return json_incref(json_array_get(of, (size_t)d));
	return json_is_string(key) ? json_incref(json_object_get(of, json_string_value(key))) : NULL;
}

/* Behind "[ for" or "{ for": "k, v in EXPR :" and what is made of each */
static json_t *comprehension(struct hcl *h, json_t *to)
{
	char first[HCL_NAME_BYTES], second[HCL_NAME_BYTES] = "", word[HCL_NAME_BYTES];
	struct hcl_local k = { .up = h->locals, .name = first }, v = { .up = &k, .name = second };
	const struct hcl_local *outer = h->locals;
	json_t *over __json = NULL, *keys __json = NULL;
	bool unknown = false;
	const char *body;
	size_t n, at = 0;

	hcl_skip(h, true);
	hcl_name(h, first);
	hcl_skip(h, true);
	if (hcl_take(h, ",")) {
		hcl_skip(h, true);
		hcl_name(h, second);
		hcl_skip(h, true);
	}
	if (hcl_name(h, word))
		over = hcl_expression(h);
	hcl_skip(h, true);
	hcl_take(h, ":");
	body = h->p;
	if (!*second) { /* the one name is the value's */
		v.name = first;
		k.name = "";
	}
	h->locals = &v;
	keys = json_is_object(over) ? hcl_in_order(over, true) : NULL;
	for (n = json_array_size(keys ?: over); at < n && hcl_work(h, 1); at++) {
		json_t *key __json = keys ? json_incref(json_array_get(keys, at)) : json_integer((json_int_t)at);

		k.value = key;
		v.value = element(over, key);
		json_decref(v.value); /* over holds it */
		h->p = body;
		for_one(h, to, &unknown);
	}
	if (!at) { /* to get past it */
		k.value = v.value = NULL;
		for_one(h, to, &unknown);
		unknown = false;
	}
	h->locals = outer;
	if (unknown || at < n || !(json_is_array(over) || json_is_object(over))) {
		json_decref(to);
		return NULL;
	}
	return to;
}

static bool is_for(struct hcl *h)
{
	const char *at = h->p;
	char word[HCL_NAME_BYTES];

	if (hcl_name(h, word) && !strcmp(word, "for") && h->p < h->end && isspace((unsigned char)*h->p))
		return true;
	h->p = at;
	return false;
}

static json_t *list(struct hcl *h)
{
	json_t *a = json_array();
	bool unknown = false;

	hcl_skip(h, true);
	if (is_for(h)) {
		a = comprehension(h, a);
		hcl_skip(h, true);
		hcl_take(h, "]");
		return a;
	}
	while (hcl_skip(h, true), h->p < h->end && !hcl_take(h, "]")) {
		const char *before = h->p;
		json_t *v __json = hcl_expression(h);

		add(a, NULL, v, &unknown);
		hcl_skip(h, true);
		if (!hcl_take(h, ",") && h->p == before)
			h->p++;
	}
	if (!unknown)
		return a;
	json_decref(a);
	return NULL;
}

/* A name, a string, or (an expression) */
static json_t *object_key(struct hcl *h)
{
	char key[HCL_NAME_BYTES];

	if (h->p < h->end && (*h->p == '"' || *h->p == '('))
		return hcl_expression(h);
	return hcl_name(h, key) ? json_string(key) : NULL;
}

/* { KEY = value, "KEY": value }; what is not known is left out */
static json_t *object(struct hcl *h)
{
	json_t *o = json_object();
	bool unknown = false;

	hcl_skip(h, true);
	if (is_for(h)) {
		o = comprehension(h, o);
		hcl_skip(h, true);
		hcl_take(h, "}");
		return o;
	}
	while (hcl_skip(h, true), h->p < h->end && !hcl_take(h, "}")) {
		const char *before = h->p;
		json_t *key __json = object_key(h), *v __json = NULL;

		hcl_skip(h, true);
		if (hcl_take(h, "=") || hcl_take(h, ":")) {
			v = hcl_expression(h);
			add(o, key, v, &unknown);
		}
		hcl_skip(h, true);
		if (!hcl_take(h, ",") && h->p == before)
			h->p++;
	}
	return o;
}

/* --- operators --- */

static json_t *call(struct hcl *h, const char *name)
{
	json_t *args[HCL_ARGS_MAX] = { 0 }, *ret = NULL;
	bool known = true;
	size_t n = 0, cost = 1;

	while (hcl_skip(h, true), h->p < h->end && !hcl_take(h, ")")) {
		const char *before = h->p;
		json_t *v = hcl_expression(h);

		hcl_skip(h, true);
		if (v && hcl_take(h, "...")) { /* the rest is that list's */
			for (size_t i = 0; i < json_array_size(v) && n < HCL_ARGS_MAX; i++)
				args[n++] = json_incref(json_array_get(v, i));
			json_decref(v);
		} else if (n < HCL_ARGS_MAX) {
			args[n++] = v;
		} else {
			json_decref(v);
			known = false;
		}
		hcl_skip(h, true);
		if (!hcl_take(h, ",") && h->p == before)
			h->p++;
	}
	for (size_t i = 0; i < n; i++) {
		known &= args[i] != NULL;
		cost += json_string_length(args[i]) / HCL_BYTES_A_UNIT + json_array_size(args[i]) + json_object_size(args[i]);
	}
	if (known && hcl_work(h, cost) && !hcl_function(h, name, args, n, &ret))
		ret = hcl_call(name, args, n);
	for (size_t i = 0; i < n; i++)
		json_decref(args[i]);
	return ret;
}

static json_t *number(struct hcl *h)
{
	char buf[64];
	size_t n = 0;

	while (h->p < h->end && (isalnum((unsigned char)*h->p) || *h->p == '.' ||
				 ((*h->p == '-' || *h->p == '+') && n && (buf[n - 1] | 32) == 'e'))) {
		if (n + 1 < sizeof(buf))
			buf[n++] = *h->p;
		h->p++;
	}
	buf[n] = 0;
	return hcl_new_number(strtod(buf, NULL));
}

static json_t *bracketed(struct hcl *h, json_t *(*inside)(struct hcl *h))
{
	json_t *v;

	h->brackets++;
	v = inside(h);
	h->brackets--;
	return v;
}

static json_t *parenthesis(struct hcl *h)
{
	json_t *v = hcl_expression(h);

	hcl_skip(h, true);
	hcl_take(h, ")");
	return v;
}

static json_t *named(struct hcl *h)
{
	char word[HCL_NAME_BYTES];
	json_t *v;

	if (!hcl_name(h, word))
		return NULL;
	if (hcl_take(h, "(")) {
		h->brackets++;
		v = call(h, word);
		h->brackets--;
		return v;
	}
	return !strcmp(word, "true")  ? json_true() :
	       !strcmp(word, "false") ? json_false() :
	       !strcmp(word, "null")  ? json_null() :
					hcl_variable(h, word);
}

static json_t *primary(struct hcl *h)
{
	hcl_skip(h, h->brackets > 0);
	if (h->p >= h->end)
		return NULL;
	if (isdigit((unsigned char)*h->p))
		return number(h);
	if (hcl_take(h, "\""))
		return hcl_template(h, true);
	if (hcl_take(h, "<<"))
		return hcl_heredoc(h);
	if (hcl_take(h, "["))
		return bracketed(h, list);
	if (hcl_take(h, "{"))
		return bracketed(h, object);
	if (hcl_take(h, "("))
		return bracketed(h, parenthesis);
	return named(h);
}

/* Behind "[" */
static json_t *subscript(struct hcl *h)
{
	json_t *v = hcl_expression(h);

	hcl_skip(h, true);
	hcl_take(h, "]");
	return v;
}

/* a.b, a[0], a["b"] */
static json_t *postfix(struct hcl *h)
{
	json_t *v = primary(h);

	while (h->p < h->end && hcl_work(h, 1)) {
		json_t *of __json = v, *key __json = NULL;
		char word[HCL_NAME_BYTES];

		if (h->p + 1 < h->end && *h->p == '.' && h->p[1] != '.') {
			h->p++;
			key = hcl_take(h, "*") ? NULL : hcl_name(h, word) ? json_string(word) : NULL;
		} else if (hcl_take(h, "[")) {
			key = bracketed(h, subscript);
		} else {
			return json_incref(v);
		}
		v = element(of, key);
	}
	return v;
}

static json_t *unary(struct hcl *h)
{
	json_t *v __json = NULL;
	double d;

	hcl_skip(h, h->brackets > 0);
	if (h->depth >= HCL_DEPTH_MAX)
		return NULL;
	if (hcl_take(h, "!")) {
		h->depth++;
		v = unary(h);
		h->depth--;
		return json_is_boolean(v) ? json_boolean(!json_is_true(v)) : NULL;
	}
	if (hcl_take(h, "-")) {
		h->depth++;
		v = unary(h);
		h->depth--;
		return hcl_number(v, &d) ? hcl_new_number(-d) : NULL;
	}
	return postfix(h);
}

json_t *hcl_compute(const char *op, const json_t *a, const json_t *b)
{
	double x, y;

	if (!a || !b)
		return NULL;
	if (!strcmp(op, "=="))
		return json_boolean(hcl_same(a, b));
	if (!strcmp(op, "!="))
		return json_boolean(!hcl_same(a, b));
	if (!strcmp(op, "&&") || !strcmp(op, "||"))
		return !json_is_boolean(a) || !json_is_boolean(b) ? NULL :
		       *op == '&'				   ? json_boolean(json_is_true(a) && json_is_true(b)) :
								     json_boolean(json_is_true(a) || json_is_true(b));
	if (!hcl_number(a, &x) || !hcl_number(b, &y))
		return NULL;
	switch (*op) {
	case '<':
		return json_boolean(op[1] ? x <= y : x < y);
	case '>':
		return json_boolean(op[1] ? x >= y : x > y);
	case '+':
		return hcl_new_number(x + y);
	case '-':
		return hcl_new_number(x - y);
	case '*':
		return hcl_new_number(x * y);
	case '/':
		return y != 0 ? hcl_new_number(x / y) : NULL;
	default: /* % */
		return y != 0 && x > -1e15 && x < 1e15 && y > -1e15 && y < 1e15 && (long long)y ?
			       hcl_new_number((double)((long long)x % (long long)y)) :
			       NULL;
	}
}

/* Weakest first */
static const char *const operators[][5] = {
	{ "||" }, { "&&" }, { "==", "!=" }, { "<=", ">=", "<", ">" }, { "+", "-" }, { "*", "/", "%" },
};
#define LEVELS (sizeof(operators) / sizeof(operators[0]))

static const char *operator_at(struct hcl *h, size_t level)
{
	hcl_skip(h, h->brackets > 0);
	for (size_t i = 0; i < 5 && operators[level][i]; i++)
		if (hcl_take(h, operators[level][i]))
			return operators[level][i];
	return NULL;
}

static json_t *binary(struct hcl *h, size_t level)
{
	json_t *a = level < LEVELS ? binary(h, level + 1) : unary(h);
	const char *op;

	while (level < LEVELS && hcl_work(h, 1) && (op = operator_at(h, level))) {
		json_t *left __json = a, *right __json = binary(h, level + 1);

		a = hcl_compute(op, left, right);
	}
	return a;
}

json_t *hcl_expression(struct hcl *h)
{
	json_t *a = NULL;

	if (!hcl_work(h, 1) || h->depth >= HCL_DEPTH_MAX) {
		h->p = h->end; /* nothing behind it is worth more */
		return NULL;
	}
	h->depth++;
	a = binary(h, 0);
	hcl_skip(h, h->brackets > 0);
	if (hcl_take(h, "?")) {
		json_t *which __json = a, *yes __json = NULL, *no __json = NULL;

		hcl_skip(h, true);
		yes = hcl_expression(h);
		hcl_skip(h, true);
		hcl_take(h, ":");
		hcl_skip(h, true);
		no = hcl_expression(h);
		a = json_is_boolean(which) ? json_incref(json_is_true(which) ? yes : no) : NULL;
	}
	h->depth--;
	return a;
}
