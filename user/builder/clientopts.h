/* SPDX-License-Identifier: GPL-2.0 */
/* What the recognisers of build clients (client_*.c) share: a walk over options by tables. */
#ifndef BUILDER_CLIENTOPTS_H
#define BUILDER_CLIENTOPTS_H

#include <string.h>

#include "builder/argvwords.h"
#include "builder/client.h"

enum opt_id {
	OPT_OTHER, /* known and of no interest */
	OPT_FILE,
	OPT_TARGET,
	OPT_BUILD_ARG,
	OPT_MEMORY,
	OPT_MEMORY_SWAP,
	OPT_CGROUP_PARENT,
	OPT_BUILDER,
	OPT_PROGRESS,
	OPT_PLATFORM,
	OPT_NETWORK,
	OPT_RESOURCE,
	OPT_TAG,
	OPT_NO_CACHE,
	OPT_QUIET,
	OPT_PULL,
	OPT_HOST,
	OPT_CONTEXT,	   /* of docker: whose daemon */
	OPT_BUILD_CONTEXT, /* where builders have an option for it */
	OPT_CONFIG,
	OPT_LABEL,
	OPT_ENV,
};

struct opt {
	const char *name;
	char letter;
	bool value; /* takes one */
	enum opt_id id;
};

static inline bool is_word(const char *s, const char *lit)
{
	return s && !strcmp(s, lit);
}

/* K=V of a build arg, for c->build_args */
void client_build_arg(struct client_cmd *c, const char *v);

/* Options in front of a command word; returns that word. */
const char *opts_command(struct client_cmd *c, const struct opt *table, struct words *w);
/* Options and the context, up to the end */
void opts_rest(struct client_cmd *c, const struct opt *table, struct words *w);

/*
 * One builder each: is this its command line? w: at argv[0]. Sets c->kind and what the options say; the caller finds the
 * Dockerfile, unless c->dockerfile is set. A new one is a file of its own and a line in client.c's table.
 */
bool client_docker(struct client_cmd *c, struct words *w);
bool client_podman(struct client_cmd *c, struct words *w);
bool client_kaniko(struct client_cmd *c, struct words *w);
bool client_buildctl(struct client_cmd *c, struct words *w);

#endif
