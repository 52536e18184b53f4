// SPDX-License-Identifier: GPL-2.0
#include "source/store_json.h"

#include <string.h>

#include "base/cleanup.h"
#include "source/safeio.h"

#define DEPTH_MAX 64
#define FIRST_BYTES (64 * 1024)

/* jansson recurses: look at the nesting first. */
static bool is_flat(const char *s, size_t len)
{
	size_t depth = 0;
	bool string = false;

	for (size_t i = 0; i < len; i++) {
		if (string && s[i] == '\\') {
			i++;
		} else if (s[i] == '"') {
			string = !string;
		} else if (!string && (s[i] == '{' || s[i] == '[')) {
			if (++depth > DEPTH_MAX)
				return false;
		} else if (!string && depth && (s[i] == '}' || s[i] == ']')) {
			depth--;
		}
	}
	return true;
}

json_t *store_json_parse(const char *buf, size_t len)
{
	return is_flat(buf, len) ? json_loadb(buf, len, 0, NULL) : NULL;
}

json_t *store_json(int root, const char *path)
{
	size_t size = FIRST_BYTES;
	char *buf __free = NULL;
	ssize_t n;

	for (;;) {
		free(buf);
		buf = malloc(size);
		if (!buf)
			return NULL;
		n = safeio_read_below(root, path, buf, size);
		if (n < 0)
			return NULL;
		if ((size_t)n < size)
			break;
		if (size >= STORE_JSON_MAX)
			return NULL;
		size *= 16;
	}
	return store_json_parse(buf, (size_t)n);
}

bool store_id_ok(const char *s, size_t max)
{
	size_t n =
		s ? strspn(s, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_.-")
		  : 0;

	return n && n <= max && !s[n] && *s != '.';
}

bool store_id_copy(char *ret, size_t size, const char *s)
{
	ret[0] = 0;
	if (!store_id_ok(s, size - 1))
		return false;
	strcpy(ret, s);
	return true;
}
