// SPDX-License-Identifier: GPL-2.0
#include "source/store_chain.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "source/safeio.h"
#include "source/store_json.h"

#define LOWER_BYTES (CHAIN_MAX * 64)

static bool ends_with(const char *s, const char *tail)
{
	size_t n = strlen(s), m = strlen(tail);

	return n >= m && !strcmp(s + n - m, tail);
}

static const char *driver_dir(enum store_kind kind)
{
	return kind == STORE_DOCKER ? "overlay2" : "overlay";
}

bool upper_parse(const char *upperdir, struct upper *ret)
{
	static const struct {
		enum store_kind kind;
		const char *dir, *leaf;
	} layouts[] = {
		{ STORE_DOCKER, "/overlay2", "/diff" },
		{ STORE_CONTAINERS, "/overlay", "/diff" },
		{ STORE_SNAPSHOTTER, "/snapshots", "/fs" },
	};
	char *slash;

	*ret = (struct upper){ 0 };
	if (upperdir[0] != '/' || strlen(upperdir) >= sizeof(ret->root))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(layouts); i++) {
		strcpy(ret->root, upperdir);
		if (!ends_with(ret->root, layouts[i].leaf))
			continue;
		ret->root[strlen(ret->root) - strlen(layouts[i].leaf)] = 0;
		slash = strrchr(ret->root, '/');
		if (!slash || !store_id_copy(ret->id, sizeof(ret->id), slash + 1))
			continue;
		*slash = 0;
		if (!ends_with(ret->root, layouts[i].dir))
			continue;
		ret->root[strlen(ret->root) - strlen(layouts[i].dir)] = 0;
		if (!ret->root[0])
			continue;
		ret->kind = layouts[i].kind;
		return true;
	}
	return false;
}

/* "l/AB12…" is a link to ../ID/diff; podman may name "ID/diff" itself. */
static bool resolve_lower(int driver, const char *name, char *id)
{
	char path[LAYER_ID_MAX + 8], to[LAYER_ID_MAX + 16];
	ssize_t n;

	if (strncmp(name, "l/", 2)) {
		n = snprintf(path, sizeof(path), "%s", name);
	} else {
		if (!store_id_ok(name + 2, 64))
			return false;
		n = readlinkat(driver, name, to, sizeof(to) - 1);
		if (n <= 0)
			return false;
		to[n] = 0;
		if (strncmp(to, "../", 3))
			return false;
		n = snprintf(path, sizeof(path), "%s", to + 3);
	}
	if (n <= 0 || (size_t)n >= sizeof(path) || !ends_with(path, "/diff"))
		return false;
	path[n - 5] = 0;
	return store_id_copy(id, LAYER_ID_MAX, path);
}

int chain_read(int root, enum store_kind kind, const char *id, struct chain *ret)
{
	int driver __close = safeio_dir_below(root, driver_dir(kind));
	char path[LAYER_ID_MAX + 8], lower[LOWER_BYTES], *save = NULL;
	ssize_t n;

	ret->n = 0;
	if (driver < 0)
		return driver;
	snprintf(path, sizeof(path), "%s/lower", id);
	n = safeio_read_below(driver, path, lower, sizeof(lower));
	if (n == -ENOENT) { /* FROM scratch: nothing below, but the layer itself must be there */
		int self __close = safeio_dir_below(driver, id);

		return self < 0 ? self : 0;
	}
	if (n < 0)
		return (int)n;
	if ((size_t)n >= sizeof(lower))
		return -E2BIG;
	lower[n] = 0;
	for (char *p = strtok_r(lower, ":\n", &save); p; p = strtok_r(NULL, ":\n", &save)) {
		if (ret->n == CHAIN_MAX)
			return -E2BIG;
		if (!resolve_lower(driver, p, ret->id[ret->n]))
			return -EINVAL;
		if (kind != STORE_DOCKER || !ends_with(ret->id[ret->n], "-init"))
			ret->n++;
	}
	for (unsigned int i = 0; i < ret->n / 2; i++) { /* topmost first in the file */
		char swap[LAYER_ID_MAX];

		memcpy(swap, ret->id[i], sizeof(swap));
		memcpy(ret->id[i], ret->id[ret->n - 1 - i], sizeof(swap));
		memcpy(ret->id[ret->n - 1 - i], swap, sizeof(swap));
	}
	return 0;
}
