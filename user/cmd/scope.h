/* SPDX-License-Identifier: GPL-2.0 */
/* Which part of the machine --pid, --cgroup, --container and --ci mean. */
#ifndef CMD_SCOPE_H
#define CMD_SCOPE_H

#include "cmd/cmd.h"
#include "source/scope.h"

#define SCOPES_MAX 16

/* How many of parts were found, at least 1. -EINVAL: one line said what is wrong; another -errno: likewise. */
int scope_find(const struct options *o, struct scope_part *parts);

#endif
