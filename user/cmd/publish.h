/* SPDX-License-Identifier: GPL-2.0 */
/* --ci: what a CI shows of a job besides its log, made where that CI looks for it. */
#ifndef CMD_PUBLISH_H
#define CMD_PUBLISH_H

#include "cmd/cmd.h"
#include "session.h"

/* Open what the CI wants, after the outputs that -f asks for. 0, or -EINVAL with one line said. *ret_ci NULL: none. */
int publish_open(const struct options *o, struct session *s, const char **ret_ci);
void publish_unknown(const char *name, const char *others); /* says which there are, beside those others */
/* What is to be said when all is written. */
void publish_finish(const char *ci);

#endif
