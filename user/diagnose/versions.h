/* SPDX-License-Identifier: GPL-2.0 */
/* What the installed builders can do. TRI_UNKNOWN: their versions are not in the trace. */
#ifndef DIAGNOSE_VERSIONS_H
#define DIAGNOSE_VERSIONS_H

#include "model/model.h"

/* Is the version in that fact ("docker.version") at least major.minor? */
enum tristate version_least(const struct model *m, const char *key, unsigned long major, unsigned long minor);
/* Does BuildKit here give a step the limit that `docker build -m` or `--resource` asks for? */
enum tristate buildkit_has_limits(const struct model *m);
/* Does compose here build by bake, which knows nothing of COMPOSE_PARALLEL_LIMIT? */
enum tristate compose_bakes(const struct model *m);

#endif
