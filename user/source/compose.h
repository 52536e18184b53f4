/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What compose files (YAML) and bake files (JSON, which is YAML) build, by libyaml. No file is opened here. As the Compose
 * Specification has it: several files merged, extends, include, anchors, ${VAR:-default}; bake's targets, groups and
 * inherits. HCL is not read.
 */
#ifndef SOURCE_COMPOSE_H
#define SOURCE_COMPOSE_H

#include <stdbool.h>
#include <stddef.h>

#define COMPOSE_SERVICES_MAX 256
#define COMPOSE_ARGS_MAX 8192

/* Strings are the project's; NULL: not said. */
struct service {
	char *name;
	char *context, *dockerfile, *target; /* the first two made whole: paths from the client's root, or URLs */
	char *inline_text; /* dockerfile_inline */
	char *profiles;	   /* NUL-separated, an empty one at the end */
	char *args;	   /* likewise, K=V; K alone: its value is in the environment */
	char *labels;	   /* likewise */
	bool builds;	   /* it has a build section */
	bool unplaced;	   /* what its Dockerfile is was not worked out (hcl.h) */
	bool wanted;	   /* by project_select */
};

struct group {
	char *name;
	char *members; /* NUL-separated, an empty one at the end */
	bool seen;     /* by project_select */
};

/* How a project gets at what its files refer to. Strings it is given last for the call. */
struct project_io {
	/* Value of a variable of .env or of the client's environment; NULL: not set */
	const char *(*variable)(void *ctx, const char *name);
	/* 0 with *text (to be freed) or -errno */
	int (*read)(void *ctx, const char *path, char **text, size_t *len);
	void *ctx;
};

struct project {
	struct service services[COMPOSE_SERVICES_MAX]; /* or targets */
	unsigned int n;
	struct group groups[COMPOSE_SERVICES_MAX];
	unsigned int ngroups;
	struct project_io io;
	unsigned int depth; /* of files that include files */
	unsigned int left, *work; /* look-ups that are left for all of them */
};

/* dir: what relative paths in it start from. 0, -EBADMSG with its reason in err, or another -errno */
int project_add(struct project *p, const char *text, size_t len, const char *dir, char *err, size_t errlen);
/*
 * Marks what is wanted: names as typed (targets, groups, services); none: all without a profile that is not in
 * `profiles` ("*": all are), or bake's default. Both lists NUL-separated, an empty one at the end.
 */
void project_select(struct project *p, const char *names, const char *profiles);
/* "TARGET.KEY=VALUE" of bake --set, TARGET a pattern; paths in it start from dir. */
void project_override(struct project *p, const char *set, const char *dir);
/* K=V for every service */
void project_argument(struct project *p, const char *arg);
void project_done(struct project *p);

#endif
