/* SPDX-License-Identifier: GPL-2.0 */
/* The memory cgroups that exist: where their hierarchy is mounted, what each is called, what limits it. */
#ifndef SOURCE_CGROUPFS_H
#define SOURCE_CGROUPFS_H

#include "source/source.h"

#define CGROUPFS_DIRS_MAX 10000
#define CGROUPFS_DEPTH_MAX 64
#define CGROUPFS_CACHE 64

struct cgroupfs {
	unsigned int version; /* where the memory controller is: 1, 2; 0: nowhere */
	bool hybrid;	      /* version 1 controllers, and a version 2 hierarchy beside them */
	bool above;	      /* the mount starts above our cgroup namespace: paths of /proc are not found in it */
	int dir;	      /* the mount point, O_PATH; -1 when version is 0 */
	char mount[512];
	char root[512];	      /* what of the hierarchy is mounted there; "" for all of it */
	struct cgroupfs_cached {
		zt_u64 id;
		char path[256];
	} cache[CGROUPFS_CACHE]; /* path -> id; ask one process's cgroup, know its siblings' */
};

/* proc: "/proc". 0 also when there is no memory controller (version 0); -errno when mountinfo cannot be read. */
int cgroupfs_open(struct cgroupfs *c, const char *proc);
void cgroupfs_close(struct cgroupfs *c);

/*
 * A `cgroup` event with ZT_F_CGROUP_SNAPSHOT for each memory cgroup, parents first.
 * Number of them, or -errno. *ret_cut: there are more than CGROUPFS_DIRS_MAX (may be NULL).
 */
int cgroupfs_snapshot(const struct cgroupfs *c, sink_fn sink, void *ctx, bool *ret_cut);

/* Path of the memory cgroup in the text of a /proc/PID/cgroup, in place, NUL put behind it. NULL: none. */
char *cgroupfs_own_path(const struct cgroupfs *c, char *text);

/*
 * Id of the memory cgroup that accounts for processes at `path` (as in /proc/PID/cgroup): on version 2 the
 * nearest ancestor that has the controller. 0: not known.
 */
zt_u64 cgroupfs_id(struct cgroupfs *c, const char *path);

/* Counters of one cgroup by that kind of path. 0 or -errno. */
int cgroupfs_memcg(const struct cgroupfs *c, const char *path, struct zt_memcg *ret);

/* memory.stat of one cgroup and all below it, by its path from the hierarchy's root. 0 or -errno
 * (-EAGAIN: all zeros, which is a sum the kernel has not made yet). */
int cgroupfs_memstat(const struct cgroupfs *c, const char *path, struct zt_ev_memstat *ret);

/* The directory of a cgroup by its path from the hierarchy's root, O_PATH. Descriptor or -errno. */
int cgroupfs_dir(const struct cgroupfs *c, const char *path);

/* The limit of a directory's cgroup; ZT_NO_LIMIT: none. */
zt_u64 cgroupfs_limit(const struct cgroupfs *c, int dir);

/* Its counters, to be read again and again: descriptors; *swap -1: none that counts swap alone (v1). 0 or -errno. */
int cgroupfs_open_usage(const struct cgroupfs *c, int dir, int *usage, int *swap);

/* The file that holds the limit: "memory.max" */
const char *cgroupfs_limit_file(const struct cgroupfs *c);

#endif
