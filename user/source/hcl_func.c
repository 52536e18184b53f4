// SPDX-License-Identifier: GPL-2.0
/* Of bake's functions (docker/buildx bake/hclparser/stdlib.go) those that build files use; others make what has them unknown. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "source/hcl_internal.h"

static const char *str(const json_t *v)
{
	return json_string_value(v) ?: "";
}

static json_t *mapped(const json_t *v, int (*change)(int))
{
	char *s __free = hcl_text(v);

	for (char *p = s; p && *p; p++)
		*p = (char)change((unsigned char)*p);
	return s ? json_string(s) : NULL;
}

static json_t *f_lower(json_t *const *a, size_t n)
{
	(void)n;
	return mapped(a[0], tolower);
}

static json_t *f_upper(json_t *const *a, size_t n)
{
	(void)n;
	return mapped(a[0], toupper);
}

static json_t *f_not(json_t *const *a, size_t n)
{
	(void)n;
	return json_is_boolean(a[0]) ? json_boolean(!json_is_true(a[0])) : NULL;
}

/* Those that an operator is for as well */
#define OPERATOR(name, op)                               \
	static json_t *name(json_t *const *a, size_t n) \
	{                                                \
		(void)n;                                 \
		return hcl_compute(op, a[0], a[1]);      \
	}
OPERATOR(f_and, "&&")
OPERATOR(f_or, "||")
OPERATOR(f_equal, "==")
OPERATOR(f_notequal, "!=")
OPERATOR(f_add, "+")
OPERATOR(f_subtract, "-")
OPERATOR(f_multiply, "*")
OPERATOR(f_divide, "/")
OPERATOR(f_modulo, "%")
OPERATOR(f_lessthan, "<")
OPERATOR(f_greaterthan, ">")

static json_t *f_length(json_t *const *a, size_t n)
{
	(void)n;
	return json_is_array(a[0])  ? json_integer((json_int_t)json_array_size(a[0])) :
	       json_is_object(a[0]) ? json_integer((json_int_t)json_object_size(a[0])) :
				      NULL;
}

static json_t *f_strlen(json_t *const *a, size_t n)
{
	(void)n;
	return json_is_string(a[0]) ? json_integer((json_int_t)json_string_length(a[0])) : NULL;
}

/* join(SEPARATOR, LIST…) */
static json_t *f_join(json_t *const *a, size_t n)
{
	struct hcl_made m = { 0 };
	bool first = true;

	for (size_t i = 1; i < n; i++)
		for (size_t k = 0; k < json_array_size(a[i]); k++) {
			char *s __free = hcl_text(json_array_get(a[i], k));

			if (!first)
				hcl_put(&m, str(a[0]), json_string_length(a[0]));
			if (s)
				hcl_put(&m, s, strlen(s));
			else
				m.failed = true;
			first = false;
		}
	return hcl_made_value(&m);
}

static json_t *f_split(json_t *const *a, size_t n)
{
	const char *sep = str(a[0]), *s = str(a[1]), *end = s + strlen(s), *next;
	size_t len = strlen(sep);
	json_t *list = json_array();

	(void)n;
	for (; len && (next = memmem(s, (size_t)(end - s), sep, len)); s = next + len)
		json_array_append_new(list, json_stringn(s, (size_t)(next - s)));
	for (; !len && *s; s++)
		json_array_append_new(list, json_stringn(s, 1));
	if (len)
		json_array_append_new(list, json_string(s));
	return list;
}

static json_t *f_replace(json_t *const *a, size_t n)
{
	const char *s = str(a[0]), *end = s + strlen(s), *from = str(a[1]), *next;
	size_t len = strlen(from);
	struct hcl_made m = { 0 };

	(void)n;
	if (!*from)
		return NULL;
	for (; (next = memmem(s, (size_t)(end - s), from, len)); s = next + len) {
		hcl_put(&m, s, (size_t)(next - s));
		hcl_put(&m, str(a[2]), json_string_length(a[2]));
	}
	hcl_put(&m, s, (size_t)(end - s));
	return hcl_made_value(&m);
}

/* "%s-%d": verbs without flags */
static json_t *f_format(json_t *const *a, size_t n)
{
	struct hcl_made m = { 0 };
	size_t arg = 1;

	for (const char *s = str(a[0]); *s; s++) {
		char *text __free = NULL;

		if (*s != '%') {
			hcl_put(&m, s, 1);
			continue;
		}
		s++;
		if (*s == '%') {
			hcl_put(&m, s, 1);
			continue;
		}
		text = *s && strchr("svd", *s) && arg < n ? hcl_text(a[arg++]) : NULL;
		if (!text) {
			m.failed = true;
			break;
		}
		hcl_put(&m, text, strlen(text));
	}
	return hcl_made_value(&m);
}

static json_t *f_trimprefix(json_t *const *a, size_t n)
{
	size_t len = json_string_length(a[1]);

	(void)n;
	return json_string(str(a[0]) + (strncmp(str(a[0]), str(a[1]), len) ? 0 : len));
}

static json_t *f_trimsuffix(json_t *const *a, size_t n)
{
	size_t len = json_string_length(a[0]), cut = json_string_length(a[1]);

	(void)n;
	return json_stringn(str(a[0]), cut <= len && !strcmp(str(a[0]) + len - cut, str(a[1])) ? len - cut : len);
}

static json_t *trimmed(const char *s, const char *set)
{
	size_t len;

	s += strspn(s, set);
	for (len = strlen(s); len && strchr(set, s[len - 1]);)
		len--;
	return json_stringn(s, len);
}

static json_t *f_trim(json_t *const *a, size_t n)
{
	(void)n;
	return trimmed(str(a[0]), str(a[1]));
}

static json_t *f_trimspace(json_t *const *a, size_t n)
{
	(void)n;
	return trimmed(str(a[0]), " \t\r\n\v\f");
}

/* substr(S, OFFSET, LENGTH): negative: from the end, to the end. Of bytes; a text that has others than ASCII is not known */
static json_t *f_substr(json_t *const *a, size_t n)
{
	const char *s = str(a[0]);
	double len = (double)strlen(s), at, want;

	(void)n;
	for (const char *p = s; *p; p++)
		if ((unsigned char)*p > 127)
			return NULL;
	if (!hcl_number(a[1], &at) || !hcl_number(a[2], &want))
		return NULL;
	at = at < 0 ? at + len : at;
	if (at < 0 || at > len)
		return NULL;
	want = want < 0 || want > len - at ? len - at : want;
	return json_stringn(s + (size_t)at, (size_t)want);
}

static json_t *f_concat(json_t *const *a, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++) {
		if (!json_is_array(a[i])) {
			json_decref(list);
			return NULL;
		}
		json_array_extend(list, a[i]);
	}
	return list;
}

static bool listed(const json_t *list, const json_t *v)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (hcl_same(json_array_get(list, i), v))
			return true;
	return false;
}

static json_t *f_contains(json_t *const *a, size_t n)
{
	(void)n;
	return json_is_array(a[0]) ? json_boolean(listed(a[0], a[1])) : NULL;
}

static json_t *f_distinct(json_t *const *a, size_t n)
{
	json_t *list = json_array();

	(void)n;
	for (size_t i = 0; i < json_array_size(a[0]); i++)
		if (!listed(list, json_array_get(a[0], i)))
			json_array_append(list, json_array_get(a[0], i));
	return list;
}

/* Without the empty ones */
static json_t *f_compact(json_t *const *a, size_t n)
{
	json_t *list = json_array();

	(void)n;
	for (size_t i = 0; i < json_array_size(a[0]); i++)
		if (*str(json_array_get(a[0], i)))
			json_array_append(list, json_array_get(a[0], i));
	return list;
}

static void flatten(json_t *to, const json_t *from, unsigned int depth)
{
	for (size_t i = 0; i < json_array_size(from); i++) {
		json_t *v = json_array_get(from, i);

		if (json_is_array(v) && depth < HCL_DEPTH_MAX)
			flatten(to, v, depth + 1);
		else
			json_array_append(to, v);
	}
}

static json_t *f_flatten(json_t *const *a, size_t n)
{
	json_t *list = json_array();

	(void)n;
	flatten(list, a[0], 0);
	return list;
}

/* The first that is neither null nor empty */
static json_t *f_coalesce(json_t *const *a, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!json_is_null(a[i]) && !(json_is_string(a[i]) && !*str(a[i])))
			return json_incref(a[i]);
	return NULL;
}

static json_t *f_try(json_t *const *a, size_t n)
{
	return n ? json_incref(a[0]) : NULL;
}

static json_t *f_element(json_t *const *a, size_t n)
{
	double at;

	(void)n;
	if (!json_array_size(a[0]) || !hcl_number(a[1], &at) || at < 0 || at > 1e9)
		return NULL;
	return json_incref(json_array_get(a[0], (size_t)at % json_array_size(a[0])));
}

static json_t *f_lookup(json_t *const *a, size_t n)
{
	return json_incref(json_object_get(a[0], str(a[1])) ?: n > 2 ? a[2] : NULL);
}

static json_t *f_merge(json_t *const *a, size_t n)
{
	json_t *o = json_object();

	for (size_t i = 0; i < n; i++)
		json_object_update(o, a[i]);
	return o;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

json_t *hcl_in_order(json_t *o, bool keys)
{
	size_t n = json_object_size(o), i = 0;
	const char **names = calloc(n + 1, sizeof(*names));
	json_t *list = json_array();

	for (void *it = json_object_iter(o); it && names; it = json_object_iter_next(o, it))
		names[i++] = json_object_iter_key(it);
	if (names)
		qsort(names, i, sizeof(*names), by_name);
	for (size_t k = 0; k < i; k++)
		json_array_append_new(list, keys ? json_string(names[k]) : json_incref(json_object_get(o, names[k])));
	free(names);
	return list;
}

static json_t *f_keys(json_t *const *a, size_t n)
{
	(void)n;
	return json_is_object(a[0]) ? hcl_in_order(a[0], true) : NULL;
}

static json_t *f_values(json_t *const *a, size_t n)
{
	(void)n;
	return json_is_object(a[0]) ? hcl_in_order(a[0], false) : NULL;
}

/* What is no letter, figure, _ or - becomes _ */
static json_t *f_sanitize(json_t *const *a, size_t n)
{
	char *s __free = hcl_text(a[0]);

	(void)n;
	for (char *p = s; p && *p; p++)
		if (!isalnum((unsigned char)*p) && *p != '_' && *p != '-')
			*p = '_';
	return s ? json_string(s) : NULL;
}

/* Types of arguments, one letter each: s string, l list, o object, . any; a + repeats the last, ? begins what may be missing */
static const struct {
	const char *name, *args;
	json_t *(*call)(json_t *const *a, size_t n);
} functions[] = {
	{ "add", "..", f_add },		      { "and", "..", f_and },
	{ "coalesce", ".+", f_coalesce },     { "compact", "l", f_compact },
	{ "concat", "l+", f_concat },	      { "contains", "l.", f_contains },
	{ "distinct", "l", f_distinct },      { "divide", "..", f_divide },
	{ "element", "l.", f_element },	      { "equal", "..", f_equal },
	{ "flatten", "l", f_flatten },	      { "format", "s?.+", f_format },
	{ "greaterthan", "..", f_greaterthan }, { "join", "sl+", f_join },
	{ "keys", "o", f_keys },	      { "length", ".", f_length },
	{ "lessthan", "..", f_lessthan },     { "lookup", "os?.", f_lookup },
	{ "lower", ".", f_lower },	      { "merge", "o+", f_merge },
	{ "modulo", "..", f_modulo },	      { "multiply", "..", f_multiply },
	{ "not", ".", f_not },
	{ "notequal", "..", f_notequal },     { "or", "..", f_or },
	{ "replace", "sss", f_replace },      { "sanitize", ".", f_sanitize },
	{ "split", "ss", f_split },	      { "strlen", "s", f_strlen },
	{ "substr", "s..", f_substr },	      { "subtract", "..", f_subtract },
	{ "trim", "ss", f_trim },	      { "trimprefix", "ss", f_trimprefix },
	{ "trimspace", "s", f_trimspace },    { "trimsuffix", "ss", f_trimsuffix },
	{ "try", ".+", f_try },		      { "upper", ".", f_upper },
	{ "values", "o", f_values },
};

static bool fits(const char *types, json_t *const *args, size_t n)
{
	bool optional = false;
	char type = 0;

	for (size_t i = 0;; i++) {
		if (*types == '?') {
			optional = true;
			types++;
		}
		if (i == n)
			return optional || !*types || (*types == '+' && i);
		if (*types != '+') {
			type = *types;
			types += type != 0;
		}
		if (!type || (type == 's' && !json_is_string(args[i])) || (type == 'l' && !json_is_array(args[i])) ||
		    (type == 'o' && !json_is_object(args[i])))
			return false;
	}
}

json_t *hcl_call(const char *name, json_t *const *args, size_t n)
{
	for (size_t i = 0; i < ARRAY_SIZE(functions); i++)
		if (!strcmp(functions[i].name, name))
			return fits(functions[i].args, args, n) ? functions[i].call(args, n) : NULL;
	return NULL;
}
