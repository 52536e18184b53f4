// SPDX-License-Identifier: GPL-2.0
/* Cgroup paths: never a read past the end, and what is named lies inside the path. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "builder/cgpath.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *path, struct cgpath c)
{
	size_t len = strlen(path);

	assert(c.base_len <= len);
	assert(!c.id || (c.id >= path && c.id + c.id_len <= path + len));
	assert(cgpath_kind_name(c.kind)[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *path = malloc(size + 1);

	if (!path)
		return 0;
	memcpy(path, data, size);
	path[size] = 0;
	check(path, cgpath_classify(path));
	check(path, cgpath_level(path));
	assert(cgpath_owner(path)[0]);
	assert(cgpath_is_below(path, path));
	free(path);
	return 0;
}
