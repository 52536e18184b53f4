/* SPDX-License-Identifier: GPL-2.0 */
/* JSON files below a container tool's data root, bounded in size and depth. */
#ifndef SOURCE_STORE_JSON_H
#define SOURCE_STORE_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define STORE_JSON_MAX (16 * 1024 * 1024)

/* NULL: missing, too long, too deep, not JSON. */
json_t *store_json(int root, const char *path);
json_t *store_json_parse(const char *buf, size_t len);

static inline void cleanup_json(json_t **j)
{
	json_decref(*j);
}
#define __json __attribute__((cleanup(cleanup_json)))

/* A name that is safe as one part of a path: 1 to max characters [A-Za-z0-9_.-], no leading dot. */
bool store_id_ok(const char *s, size_t max);
/* Copy a checked id; false (ret "") when it is none. */
bool store_id_copy(char *ret, size_t size, const char *s);

#endif
