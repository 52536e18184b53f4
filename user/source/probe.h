/* SPDX-License-Identifier: GPL-2.0 */
/* Questions to the running system that doctor asks: what BPF may do here, which builders there are. */
#ifndef SOURCE_PROBE_H
#define SOURCE_PROBE_H

#include <stdbool.h>

#include "source/procfs.h"

struct probe_bpf {
	int load_err;	/* of a raw tracepoint program of two instructions: 0 or -errno */
	int attach_err; /* of that program at mark_victim */
	int ring_err;	/* of making a ring buffer (5.8) */
	bool btf;	/* the kernel's types are there */
	char lockdown[32]; /* "none" "integrity" "confidentiality"; "": not known */
};

/* Really loads and attaches, and lets go at once. */
void probe_bpf(struct probe_bpf *ret);

/* A namespace of ours that is not the machine's first. kind: "pid", "cgroup". */
bool probe_in_namespace(const char *kind);

/* Names of the capabilities in effect that ztrace has a use for, blank-separated. */
void probe_caps(char *buf, size_t size);

#define PROBE_TOOLS_MAX 16

struct probe_tool {
	const char *name;
	char path[256];
	char version[64];    /* "": not told */
	const char *not_run; /* why it was not asked; NULL: it was */
};

/*
 * Builders and their parts in the directories of `path` (colon-separated, as $PATH) and in docker's plug-in
 * directories. Each is asked for its version, 2 s at most. Number found.
 */
unsigned int probe_tools(const char *path, struct probe_tool tools[PROBE_TOOLS_MAX]);
/* Only docker's plug-ins. */
unsigned int probe_plugins(struct probe_tool tools[PROBE_TOOLS_MAX]);

/* The first thing in text that looks like a version: "20.10.24+dfsg1". false: none. */
bool probe_version(const char *text, char *buf, size_t size);

/*
 * Run a program without a shell, stdin and stderr nowhere, in a small environment of its own; NUL-terminated output,
 * as much as fits. Raw wait status, or -errno; -ETIMEDOUT: it was killed, with all of its process group.
 */
int probe_run(const char *path, char *const argv[], char *buf, size_t size, int timeout_ms);

struct probe_dockerd {
	zt_u32 pid;
	bool trusted; /* root's or our own; anybody can call a process dockerd, so nothing else of others is asked or read */
	char data_root[256], socket[256], cgroup_driver[32], cgroup_parent[128], storage_driver[32], config[256];
	char version[64]; /* as the daemon itself says; "": it did not answer */
};

/* What a dockerd's arguments (NUL-separated) say; fields not named are left alone. */
void probe_dockerd_args(const char *argv, size_t len, struct probe_dockerd *d);
/* What its daemon.json says about fields that are still empty. 0 or -errno. */
int probe_dockerd_config(const char *path, struct probe_dockerd *d);
/* dockerd processes that run now. Number found, at most max. */
unsigned int probe_dockerds(const struct procfs *p, struct probe_dockerd *d, unsigned int max);
/* The same without asking them for their version. */
unsigned int probe_dockerds_quiet(const struct procfs *p, struct probe_dockerd *d, unsigned int max);

#endif
