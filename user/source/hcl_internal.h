/* SPDX-License-Identifier: GPL-2.0 */
/*
 * HCL 2 as bake reads it: hcl.c finds the blocks, hcl_expr.c works out expressions, hcl_string.c strings, hcl_func.c has
 * bake's functions. Values are jansson's; NULL is one that is not known (a function we have not), json_null is HCL's null.
 * Everything is bounded: depth by HCL_DEPTH_MAX, all that the files may cost by hcl_work.
 */
#ifndef SOURCE_HCL_INTERNAL_H
#define SOURCE_HCL_INTERNAL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define HCL_DEPTH_MAX 48
#define HCL_NAME_BYTES 256
#define HCL_STRING_MAX (64 * 1024)
#define HCL_ARGS_MAX 32

/* A name that only an expression knows: a function's parameter, for's variable, matrix'. value: borrowed, NULL unknown */
struct hcl_local {
	const struct hcl_local *up;
	const char *name;
	json_t *value;
};

struct hcl_file;

struct hcl {
	const char *p, *end;
	struct hcl_file *file;
	const struct hcl_local *locals;
	unsigned int depth, brackets; /* within brackets newlines are blanks */
};

/* hcl.c */
void hcl_skip(struct hcl *h, bool lines); /* blanks and comments; newlines, too */
bool hcl_take(struct hcl *h, const char *token);
bool hcl_name(struct hcl *h, char buf[HCL_NAME_BYTES]);
json_t *hcl_variable(struct hcl *h, const char *name);
/* Its result's place and its parameters. false: no such function in the file */
bool hcl_function(struct hcl *h, const char *name, json_t **args, size_t n, json_t **ret);
bool hcl_work(struct hcl *h, size_t units); /* false: the file has cost enough */

/* hcl_expr.c: h->p is behind it afterwards, also when it is not known */
json_t *hcl_expression(struct hcl *h);
json_t *hcl_compute(const char *op, const json_t *a, const json_t *b);

/* hcl_string.c */
#define HCL_BYTES_A_UNIT 16 /* so much copied counts as a unit of work */
/* A string that grows; failed: too long, or something in it is not known */
struct hcl_made {
	char *s;
	size_t n, cap;
	bool failed;
};
void hcl_put(struct hcl_made *t, const char *s, size_t len);
json_t *hcl_made_value(struct hcl_made *t); /* NULL: failed. It is done with then */
json_t *hcl_template(struct hcl *h, bool quoted); /* up to its closing quote, or to the end of the text */
json_t *hcl_heredoc(struct hcl *h);		   /* behind << */
/* A new string of what HCL turns into one; NULL: it is none, or not known */
char *hcl_text(const json_t *v);
bool hcl_number(const json_t *v, double *ret);
json_t *hcl_new_number(double d);
bool hcl_same(const json_t *a, const json_t *b);

/* hcl_func.c: args are all known. NULL: no such function, or not with these */
json_t *hcl_call(const char *name, json_t *const *args, size_t n);
/* An object's keys or values as a list; HCL's objects are in the order of their names. */
json_t *hcl_in_order(json_t *o, bool keys);

#endif
