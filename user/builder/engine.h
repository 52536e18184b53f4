/* SPDX-License-Identifier: GPL-2.0 */
/* Which daemon is whose: what a dockerd or buildkitd listens on and where it keeps its data, by its command line. */
#ifndef BUILDER_ENGINE_H
#define BUILDER_ENGINE_H

#include <stdbool.h>
#include <stddef.h>

#define ENGINE_HOSTS_MAX 1024

struct engine_cmd {
	bool buildkitd;
	char hosts[ENGINE_HOSTS_MAX]; /* as given, NUL-separated, an empty one at the end; none: its default, or in a file */
	size_t hosts_bytes;	      /* without the last NUL */
	const char *root;	      /* borrows from argv; NULL: not given */
};

/* false: neither of the two */
bool engine_parse(const char *argv, size_t len, struct engine_cmd *out);

/* Do two addresses ("unix:///var/run/docker.sock", "tcp://…") name the same socket? */
bool endpoint_same(const char *a, const char *b);

#endif
