/* SPDX-License-Identifier: GPL-2.0 */
/* Where events come from. Only sources touch /proc, cgroupfs, clocks and the environment. */
#ifndef SOURCE_SOURCE_H
#define SOURCE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "ztrace/event.h"

/* ev and its tail are borrowed for the call. 0 or -errno (stops the pump). */
typedef int (*sink_fn)(void *ctx, const struct zt_ev *ev);

enum want_kind {
	WANT_NONE,
	WANT_DOCKERFILE, /* pid = client; path, context: see builder/client.h; answered by `file` events */
	WANT_LAYER,	 /* who, cgroup, upperdir, base_image: answered by a `layer` event; names = images of which `image`
			    events tell what they pass on, if anything */
	WANT_KILL,	 /* after a kill; cgroup, path = its domain, victim, context = the victim's cgroup, names = what its
			  * step writes to (""): answered by `memstat`, `host` and `layer` events */
	WANT_SAMPLE,	 /* cgroup, path: from now on `sample` events of it and of the limited ones above it */
	WANT_HOST,	 /* answered by a `host` event */
	WANT_SPACE,	 /* who, cgroup, path (a directory) or else dev: answered by a `space` event */
	WANT_ENV,	 /* who, names: answered by `env` events */
	WANT_PROJECT,	 /* who = a client that builds several things; path = its -f files, context = its project directory
			  * ("": none), then "+service" "%profile" … as they were typed, both NUL-separated with an empty one
			  * at the end: answered by `service` and `file` events */
	WANT_CI,	 /* nothing but what ci_names ask for */
	WANT_PEER,	 /* who, cgroup, path = a host, port (0: look up only): answered by a `peer` event, later */
	WANT_TARGETS,	 /* the same for bake: path, context without directory and profiles */
	WANT_REF,	 /* who = a client of buildx; path, context as in WANT_DOCKERFILE, context "": any: answered by `ref` events */
};

#define WANT_CI_MAX 24

/* Something the model would like to know, asked of the live source; a replay has the answers already. */
struct want {
	enum want_kind kind;
	struct zt_id who;
	zt_u64 cgroup, victim;
	zt_u32 dev;
	zt_u32 port;
	zt_u32 service;	     /* of WANT_DOCKERFILE: as in zt_ev_file */
	bool containerfile;  /* likewise: with no path, a Containerfile comes first */
	char path[4096];     /* Dockerfile as named (-f) or ""; overlay upperdir; of the cgroup */
	char context[4096];  /* build context as named; relative to the process's cwd */
	struct zt_id ci_who[WANT_CI_MAX]; /* with any kind: the first of these that has two of ci_names tells them, as `env` events */
	unsigned int nci_who;
	bool pods;	     /* with any kind: what is known of the node's pods, as `fact` events */
	char ci_names[2048]; /* NUL-separated, an empty one at the end */
	char names[1024];    /* of environment variables of who, NUL-separated; "": none. Also with WANT_SAMPLE, _DOCKERFILE, _PROJECT, _TARGETS */
};

struct source {
	const char *name;
	/* Deliver what is there, waiting at most timeout_ms. Number of events; -ENODATA at the end. */
	int (*pump)(struct source *s, int timeout_ms, sink_fn sink, void *ctx);
	/* Answer a want with events. NULL: this source knows no more than it has delivered. */
	int (*ask)(struct source *s, const struct want *w, sink_fn sink, void *ctx);
	void (*close)(struct source *s);
};

#endif
