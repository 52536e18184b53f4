/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a command line is: a build client and where its Dockerfile lies, a container runtime at work, a daemon.
 * Pure: argv bytes in, pointers into them out. No file is looked at.
 *
 * Every argv here is words NUL-separated, len bytes, and argv[len] must be a NUL: arena_dup puts one there.
 */
#ifndef BUILDER_CLIENT_H
#define BUILDER_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

enum client_kind {
	CLIENT_NONE,
	CLIENT_DOCKER_BUILD,
	CLIENT_BUILDX_BUILD,
	CLIENT_PODMAN,	/* this and the next two are their own builders */
	CLIENT_BUILDAH,
	CLIENT_KANIKO,
	CLIENT_BUILDCTL, /* BuildKit's own; its daemon is a buildkitd */
};

#define CLIENT_PATH_MAX 4096
#define CLIENT_ARGS_MAX 8192
#define CLIENT_TAGS_MAX 8
#define CLIENT_LABELS_MAX 16

/* Pointers borrow from the argv given to client_parse; NULL: not given. */
struct client_cmd {
	enum client_kind kind;
	const char *file;	/* -f as given, the last one; NULL: default */
	unsigned int nfiles;
	const char *context;	/* as given, or the builder's default; NULL: none was given */
	const char *target;
	const char *memory, *memory_swap, *cgroup_parent, *builder, *progress, *platform, *network, *resource;
	const char *host;	/* -H of the docker command itself */
	const char *docker_context; /* --context of the docker command itself */
	const char *config;
	const char *tags[CLIENT_TAGS_MAX];
	unsigned int ntags;	/* all of them, also past CLIENT_TAGS_MAX */
	bool dockerfile_stdin;	/* -f -, or the context - (a Dockerfile, or a tar that holds one) */
	bool remote;		/* the Dockerfile is not on this machine: URL or git context, remote -f */
	bool no_cache, quiet, pull;
	const char *labels[CLIENT_LABELS_MAX]; /* --label, of each key one */
	unsigned int nlabels;	/* all of them, also past CLIENT_LABELS_MAX */
	bool envs;		/* --env of podman and buildah */
	bool truncated;		/* argv was cut before its end: options may be missing */
	/*
	 * Path of the Dockerfile as the client would open it, relative to its working directory: -f, else
	 * context/Dockerfile. "" when it is on stdin or remote, did not fit, or no context was given.
	 */
	char dockerfile[CLIENT_PATH_MAX];
	/* --build-arg K=V, NUL-separated, empty string at the end. */
	char build_args[CLIENT_ARGS_MAX];
	size_t build_args_bytes; /* without the final empty string */
	bool build_args_env;	/* some were given as K alone: their value is in the environment, unknown here */
	bool build_args_cut;	/* did not fit */
	bool containerfile;	/* without -f a Containerfile comes before a Dockerfile */
};

/*
 * cut: the argv was longer. false: not a build client. Note that `docker build` of Docker 23 and later starts
 * `docker-buildx buildx build` with the same options: two clients, parent and child, of one build.
 */
bool client_parse(const char *argv, size_t len, bool cut, struct client_cmd *out);

enum runtime_verb {
	RUNTIME_NONE,
	RUNTIME_INIT,	/* runc init, /proc/self/exe init: about to become the container's process */
	RUNTIME_RUN,	/* run, create */
	RUNTIME_START,
	RUNTIME_EXEC,
	RUNTIME_KILL,
	RUNTIME_DELETE,
	RUNTIME_OTHER,	/* state, ps, events, features … */
};

enum runtime_program { RUNTIME_RUNC, RUNTIME_CRUN, RUNTIME_OTHER_PROGRAM };

/* Strings borrow from argv; NULL: not given. */
struct runtime_cmd {
	enum runtime_verb verb;
	enum runtime_program program;
	const char *id, *bundle, *root, *log;
	int signal; /* of kill: number; 0: none or not understood. runc's default is TERM */
	bool kill_all;
	bool systemd_cgroup;
};

/* false: no OCI runtime's command line */
bool runtime_parse(const char *argv, size_t len, struct runtime_cmd *out);
bool is_runtime_init(const char *argv, size_t len);

/* Long-lived programs around builds, by what argv[0] and the arguments say. */
enum daemon_kind {
	DAEMON_NONE,
	DAEMON_DOCKERD,
	DAEMON_CONTAINERD,
	DAEMON_BUILDKITD,
	DAEMON_CONTAINERD_SHIM,
	DAEMON_CONMON,
	DAEMON_BUILDAH_OCI_RUNTIME, /* buildah-oci-runtime: parent of podman's and buildah's steps */
	DAEMON_BUILDAH_CHROOT,	    /* buildah-chroot-runtime, buildah-chroot-exec: steps without a cgroup of their own */
};

struct daemon_cmd {
	enum daemon_kind kind;
	const char *id;	       /* containerd-shim -id, conmon -c */
	const char *namespace; /* containerd-shim -namespace */
};

bool daemon_parse(const char *argv, size_t len, struct daemon_cmd *out);

/* coreutils or busybox `timeout`. */
struct timeout_cmd {
	int signal;	     /* sent when the time is over; 15 unless -s */
	double duration_s;   /* < 0: not understood */
	double kill_after_s; /* < 0: none */
	const char *command; /* first word of what it runs; NULL: none */
};

bool timeout_parse(const char *argv, size_t len, struct timeout_cmd *out);

/* "KILL", "SIGKILL", "9" -> 9; 0: none of the usual ones */
int signal_number(const char *name);

#endif
