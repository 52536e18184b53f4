/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whose a memory cgroup is, by its path from the hierarchy's root: a build step, a container, a pod, a slice …
 * Names only: nothing is looked up.
 */
#ifndef BUILDER_CGPATH_H
#define BUILDER_CGPATH_H

#include <stdbool.h>
#include <stddef.h>

enum cgpath_kind {
	CGPATH_OTHER,
	CGPATH_ROOT,		/* "/" */
	CGPATH_BUILDKIT_STEP,	/* …/buildkit/<id25>, ….slice:docker:<id25>: a RUN */
	CGPATH_BUILDAH_STEP,	/* …/runc-buildah-buildah<n>.scope, …/buildah-buildah<n> */
	CGPATH_DOCKER_CONTAINER, /* docker-<id64>.scope, docker/<id64>, <any>/<id64> */
	CGPATH_BUILDX_BUILDER,	/* docker/buildx/<id64>: container of a docker-container builder */
	CGPATH_PODMAN_CONTAINER, /* libpod-<id64>.scope, libpod_parent/libpod-<id64> */
	CGPATH_POD_CONTAINER,	/* container of a Kubernetes pod */
	CGPATH_POD,		/* the pod itself, QoS level, kubepods */
	CGPATH_BUILDER,		/* parent of build steps: /docker/buildkit, /buildkit */
	CGPATH_DOCKER,		/* /docker: parent of all containers with the cgroupfs driver */
	CGPATH_DAEMON,		/* docker.service, containerd.service, buildkit.service, …/init of buildkitd */
	CGPATH_CI,		/* a CI agent's or job's */
	CGPATH_SERVICE,		/* systemd service */
	CGPATH_SCOPE,
	CGPATH_SLICE,
};

struct cgpath {
	enum cgpath_kind kind;
	const char *id; /* into the path: 25 characters, 64 hex digits, buildah's digits, or the unit; NULL: none */
	size_t id_len;
	size_t base_len; /* length of the part of the path that names this object; the rest lies below it */
};

/* The innermost object the path lies in, itself included: /docker/<id64>/init is CGPATH_DOCKER_CONTAINER. */
struct cgpath cgpath_classify(const char *path);

/* The level itself, not what it lies in: kind of exactly this directory; CGPATH_OTHER for one below a container. */
struct cgpath cgpath_level(const char *path);

/* "step" "builder" "container" "slice" "pod" "ci" "cgroup" "host": `owner` of a limit in the report; never NULL. */
const char *cgpath_owner(const char *path);

/*
 * Does the path lie in a Kubernetes pod? uid (may be NULL): the pod's, as the API writes it. The container is what
 * cgpath_classify finds there.
 */
#define CGPATH_UID_LEN 37
bool cgpath_pod(const char *path, char uid[CGPATH_UID_LEN]);

const char *cgpath_kind_name(enum cgpath_kind kind);

/* Is `path` the directory `ancestor` or below it? */
int cgpath_is_below(const char *path, const char *ancestor);

#endif
