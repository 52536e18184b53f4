/* SPDX-License-Identifier: GPL-2.0 */
/* The directory layout that docker's overlay2 and containers/storage's overlay driver share. */
#ifndef SOURCE_STORE_CHAIN_H
#define SOURCE_STORE_CHAIN_H

#include <limits.h>
#include <stdbool.h>

#include "source/docker_store.h"

#define CHAIN_MAX 512

enum store_kind { STORE_UNKNOWN, STORE_DOCKER, STORE_CONTAINERS, STORE_SNAPSHOTTER };

/* An upperdir taken apart: ROOT/overlay2/ID/diff, ROOT/overlay/ID/diff, …/snapshots/ID/fs */
struct upper {
	enum store_kind kind;
	char root[PATH_MAX];
	char id[LAYER_ID_MAX];
};

/* false: not such a path */
bool upper_parse(const char *upperdir, struct upper *ret);

struct chain {
	unsigned int n;
	char id[CHAIN_MAX]
	       [LAYER_ID_MAX]; /* lower layers, the lowest first; docker's ID-init left out */
};

/* What lies below the layer `id`, from its `lower` file. 0 or -errno. */
int chain_read(int root, enum store_kind kind, const char *id, struct chain *ret);

#endif
