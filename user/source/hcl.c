// SPDX-License-Identifier: GPL-2.0
#include "source/hcl.h"

#include <ctype.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "source/store_json.h"

#define DEPTH_MAX 16
#define NAME_BYTES 256
#define STRING_BYTES 4096

struct hcl {
	const char *p, *end;
	unsigned int depth;
	json_t *variables; /* name: default */
};

/* Blanks and comments; newlines too when `lines` */
static void skip(struct hcl *h, bool lines)
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

static bool take(struct hcl *h, char c)
{
	if (h->p < h->end && *h->p == c) {
		h->p++;
		return true;
	}
	return false;
}

static bool name(struct hcl *h, char *buf)
{
	size_t n = 0;

	while (h->p < h->end && (isalnum((unsigned char)*h->p) || *h->p == '_' || *h->p == '-')) {
		if (n + 1 < NAME_BYTES)
			buf[n++] = *h->p;
		h->p++;
	}
	buf[n] = 0;
	return n;
}

static void add(char *buf, size_t *n, const char *s, size_t len)
{
	if (*n + len >= STRING_BYTES)
		len = STRING_BYTES - 1 - *n;
	memcpy(buf + *n, s, len);
	*n += len;
}

/* "${name}", with its default */
static void add_variable(const struct hcl *h, char *buf, size_t *n, const char *var)
{
	const char *value = json_string_value(json_object_get(h->variables, var));

	add(buf, n, "${", 2);
	add(buf, n, var, strlen(var));
	if (value) {
		add(buf, n, "-", 1);
		add(buf, n, value, strlen(value));
	}
	add(buf, n, "}", 1);
}

static bool string(struct hcl *h, char *buf);

/* Strings have templates have strings … */
static void skip_string(struct hcl *h)
{
	char waste[STRING_BYTES];

	if (++h->depth < DEPTH_MAX)
		string(h, waste);
	h->depth--;
}

/* Behind "${": a plain name, or what we do not work out. false: the latter */
static bool template(struct hcl *h, char *buf, size_t *n)
{
	char var[NAME_BYTES];
	unsigned int depth = 1;

	skip(h, true);
	if (name(h, var)) {
		skip(h, true);
		if (take(h, '}')) {
			add_variable(h, buf, n, var);
			return true;
		}
	}
	while (h->p < h->end && depth) {
		char c = *h->p++;

		depth += c == '{';
		depth -= c == '}';
		if (c == '"')
			skip_string(h);
	}
	return false;
}

/* Behind its opening quote. false: something in it is not known */
static bool string(struct hcl *h, char *buf)
{
	bool known = true;
	size_t n = 0;

	while (h->p < h->end && *h->p != '"' && *h->p != '\n') {
		char c = *h->p++;

		if (c == '\\' && h->p < h->end) {
			c = *h->p++;
			c = c == 'n' ? '\n' : c == 't' ? '\t' : c;
			add(buf, &n, &c, 1);
		} else if (c == '$' && h->p < h->end && *h->p == '{') {
			h->p++;
			known &= template(h, buf, &n);
		} else {
			add(buf, &n, &c, 1);
		}
	}
	take(h, '"');
	buf[n] = 0;
	return known;
}

/* The rest of an expression that is more than a literal, to the end of its line or list. */
static void skip_expression(struct hcl *h)
{
	int depth = 0;

	while (h->p < h->end && (depth || !strchr(",]}\n", *h->p))) {
		depth += *h->p && strchr("([{", *h->p) ? 1 : *h->p && strchr(")]}", *h->p) ? -1 : 0;
		if (*h->p++ == '"')
			skip_string(h);
	}
}

static bool at_end_of_value(struct hcl *h)
{
	skip(h, false);
	return h->p >= h->end || strchr(",]}\n", *h->p);
}

static json_t *value(struct hcl *h);

static json_t *list(struct hcl *h)
{
	json_t *a = json_array();

	while (skip(h, true), h->p < h->end && !take(h, ']')) {
		const char *before = h->p;
		json_t *v = value(h);

		if (v)
			json_array_append_new(a, v);
		skip(h, true);
		if (!take(h, ',') && h->p == before)
			h->p++;
	}
	return a;
}

/* { KEY = value, "KEY": value } */
static json_t *object(struct hcl *h)
{
	json_t *o = json_object();

	while (skip(h, true), h->p < h->end && !take(h, '}')) {
		char key[STRING_BYTES] = "";
		const char *before = h->p;
		json_t *v;

		if (take(h, '"'))
			string(h, key);
		else
			name(h, key);
		skip(h, false);
		if (take(h, '=') || take(h, ':')) {
			v = value(h);
			if (v && *key)
				json_object_set_new(o, key, v);
			else
				json_decref(v);
		}
		skip(h, true);
		if (!take(h, ',') && h->p == before)
			h->p++;
	}
	return o;
}

static json_t *scalar(struct hcl *h)
{
	char buf[STRING_BYTES], var[NAME_BYTES];
	size_t n = 0;

	if (take(h, '"'))
		return string(h, buf) ? json_string(buf) : NULL;
	if (!name(h, var))
		return NULL;
	if (isdigit((unsigned char)*var) || !strcmp(var, "true") || !strcmp(var, "false"))
		return json_string(var);
	if (!strcmp(var, "null"))
		return NULL;
	add_variable(h, buf, &n, var);
	buf[n] = 0;
	return json_string(buf);
}

/* NULL: none that is known without working it out */
static json_t *value(struct hcl *h)
{
	json_t *v = NULL;

	skip(h, false);
	if (++h->depth < DEPTH_MAX)
		v = take(h, '[') ? list(h) : take(h, '{') ? object(h) : scalar(h);
	h->depth--;
	if (!at_end_of_value(h)) { /* an operator, a call … */
		json_decref(v);
		v = NULL;
		skip_expression(h);
	}
	return v;
}

/* The attributes of a block, behind its brace; blocks in it are passed over. */
static json_t *body(struct hcl *h)
{
	json_t *o = json_object();
	char key[NAME_BYTES];

	while (skip(h, true), h->p < h->end && !take(h, '}')) {
		const char *before = h->p;
		json_t *v = NULL;

		if (name(h, key) && (skip(h, false), take(h, '=')))
			v = value(h);
		else
			skip_expression(h);
		if (v)
			json_object_set_new(o, key, v);
		skip(h, true);
		if (h->p == before)
			h->p++;
	}
	return o;
}

/* Puts blocks of that type into `to`, by their label. */
static void blocks(struct hcl h, const char *type, json_t *to)
{
	char kind[NAME_BYTES], label[STRING_BYTES];

	while (skip(&h, true), h.p < h.end) {
		const char *before = h.p;
		json_t *o;

		label[0] = 0;
		if (!name(&h, kind)) {
			h.p++;
			continue;
		}
		skip(&h, false);
		if (take(&h, '"')) {
			string(&h, label);
		}
		skip(&h, false);
		if (!take(&h, '{')) {
			skip_expression(&h);
			if (h.p == before)
				h.p++;
			continue;
		}
		o = body(&h);
		if (!strcmp(kind, type) && *label)
			json_object_set_new(to, label, o);
		else
			json_decref(o);
	}
}

char *hcl_to_json(const char *text, size_t len)
{
	struct hcl h = { .p = text, .end = text + len };
	json_t *all __json = json_object(), *found __json = json_object(), *variables __json = json_object();
	static const char *const types[] = { "group", "target" };
	const char *key;
	json_t *v;

	blocks(h, "variable", found);
	json_object_foreach (found, key, v)
		if (json_is_string(json_object_get(v, "default")))
			json_object_set(variables, key, json_object_get(v, "default"));
	h.variables = variables;
	for (int n = 0; n < 2; n++) {
		json_t *o = json_object();

		blocks(h, types[n], o);
		json_object_set_new(all, types[n], o);
	}
	return json_dumps(all, 0);
}
