/* SPDX-License-Identifier: GPL-2.0 */
#ifndef BASE_REMOTE_H
#define BASE_REMOTE_H

#include <stdbool.h>

/* What docker, buildx and podman take for a URL or a git repository instead of a path (buildx build/utils.go, urlutil) */
bool is_remote(const char *s);

#endif
