/* SPDX-License-Identifier: GPL-2.0 */
/* Single values of the JSON report: what is not known is null, 64-bit numbers that are no sizes are strings. */
#ifndef RENDER_JSON_VALUE_H
#define RENDER_JSON_VALUE_H

#include <jansson.h>

#include "model/model.h"

json_t *jv_string(const char *s);		   /* NULL: null; bytes that are no UTF-8 become U+FFFD */
json_t *jv_shown(const char *s);		   /* for people: what cannot be seen is made visible, as base/esc.h does */
json_t *jv_words(const char *bytes, size_t len);   /* NUL-separated; NULL: null */
json_t *jv_count(zt_u64 n);			   /* 0: null */
json_t *jv_bytes(zt_u64 bytes);			   /* 0 and ZT_NO_LIMIT: null */
json_t *jv_exact_bytes(zt_u64 bytes);		   /* 0 is 0 */
json_t *jv_ns(zt_u64 ns);			   /* "123"; 0: null */
json_t *jv_time(const struct model *m, zt_u64 ns); /* RFC 3339; 0: null */
json_t *jv_exit_code(bool known, int status);	   /* null: not known, or a signal */
json_t *jv_signal(bool known, int status);
json_t *jv_confidence(enum confidence c);

/* Takes value over. 0; -1: value was NULL or there is no memory (obj then goes unfinished: give it up). */
int jv_set(json_t *obj, const char *key, json_t *value);
int jv_append(json_t *array, json_t *value);

#endif
