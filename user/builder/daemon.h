/* SPDX-License-Identifier: GPL-2.0 */
/* What a process is to a build that it is not a step of: the engine that runs the steps, its client, a CI agent. */
#ifndef BUILDER_DAEMON_H
#define BUILDER_DAEMON_H

#include <stddef.h>

enum agent_role {
	AGENT_NONE,
	AGENT_ENGINE, /* dockerd, buildkitd, containerd and shims, podman or buildah at a build, kaniko */
	AGENT_CLIENT, /* docker build, docker-buildx, docker-compose, buildctl … */
	AGENT_CI,     /* what runs CI jobs: Runner.Worker, gitlab-runner, Jenkins' agent.jar … */
};

/*
 * By name only, and names can be borrowed: who was related to whom is for the caller to check. argv is
 * NUL-separated with a NUL behind it and may be cut; len 0: not known, then comm (15 bytes) alone decides.
 */
enum agent_role agent_role(const char *comm, const char *argv, size_t len);

#endif
