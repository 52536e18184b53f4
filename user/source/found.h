/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What advice is checked against: versions of builders, disks that could hold swap, settings of the environment.
 * Found before anything is traced, for it starts programs; told as `fact` events.
 */
#ifndef SOURCE_FOUND_H
#define SOURCE_FOUND_H

#include "source/cgroupfs.h"
#include "source/procfs.h"

#define FOUND_MAX 32

struct found {
	struct {
		const char *key;
		char value[96];
	} v[FOUND_MAX];
	unsigned int n;
};

/*
 * docker.version docker.cgroup_driver buildx.version compose.version init sudo cgroup.mount disk./ disk./var/lib ("ext4 BYTES
 * free") and env.NAME for a fixed list of names, as far as they are known. Starts no daemon; waits at most some seconds
 * in all for programs that hang.
 */
void found_look(const struct procfs *p, const struct cgroupfs *cg, struct found *ret);

/* 0 or the sink's -errno */
int found_tell(const struct found *f, sink_fn sink, void *ctx);

/* Version of the docker daemon that listens there, half a second at most. false: none. */
bool found_docker_version(const char *socket_path, char *buf, size_t size);

/* The type of the file system that holds `dir`, from the text of a /proc/mounts. false: not known. */
bool found_fs_type(const char *mounts, const char *dir, char *buf, size_t size);

#endif
