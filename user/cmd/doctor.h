/* SPDX-License-Identifier: GPL-2.0 */
/* `ztrace doctor`: what this host can tell about its builds, and what is missing for more. */
#ifndef CMD_DOCTOR_H
#define CMD_DOCTOR_H

#include <stdbool.h>
#include <jansson.h>
#include <stdio.h>

#include "source/cgroupfs.h"
#include "source/source.h"

struct doctor_opts {
	FILE *out;
	bool json;
	/* Deliver a `hook` event for each fact: which program would serve it. NULL: not asked. 0 or -errno. */
	int (*hooks)(void *hooks_ctx, sink_fn sink, void *ctx);
	void *hooks_ctx;
};

/* Exit status: 0 builds can be explained here (at least in part), 1 not, 2 could not write. */
int doctor_main(struct doctor_opts o);

/* "label     text …", escaped and folded; the next lines are indented as far. */
void doctor_fold(FILE *f, size_t indent, const char *label, const char *text);

/* The ways to learn of a build. */
struct doctor_sources {
	bool bpf;
	int connector; /* the kernel's process connector: 0, or -errno */
	char shim[4096]; /* "": none */
	unsigned int cgroup_version;
	bool counts, sees_root, host_counts;
};
void doctor_sources_find(struct doctor_sources *s, const struct cgroupfs *cg, const char *own_path, bool bpf);
/* Can a command be traced without BPF? */
bool doctor_sources_any(const struct doctor_sources *s);
void doctor_sources_print(const struct doctor_sources *s, size_t indent, FILE *f);
json_t *doctor_sources_json(const struct doctor_sources *s);

#define DOCTOR_PASTS_MAX 16
/* A step that needed more in an earlier traced build than is free now. */
struct doctor_past {
	char dockerfile[1024], text[1024];
	unsigned int line;
	zt_u64 need_bytes;
	bool at_least; /* it was killed there */
};
struct doctor_pasts {
	struct doctor_past v[DOCTOR_PASTS_MAX];
	unsigned int n;
	zt_u64 have_bytes;
	size_t dir_len; /* of a path: the part up to the working directory */
};
void doctor_past_find(struct doctor_pasts *v); /* of the Dockerfiles below the working directory */
void doctor_past_print(const struct doctor_pasts *v, FILE *f);
json_t *doctor_past_json(const struct doctor_pasts *v);

#endif
