/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory limits lifted for the time of a build, to learn what it really needs, and put back whatever happens: a helper
 * process writes them, remembers what they were, and restores them when its pipe to ztrace closes, be that by a kill -9.
 * Likewise a swap file.
 */
#ifndef SOURCE_LIFT_H
#define SOURCE_LIFT_H

#include "source/cgroupfs.h"

#define LIFT_LEVELS_MAX 32
#define LIFT_STEPS_MAX 64

/* What a cgroup was seen to use. */
struct lift_use {
	char path[1024];	 /* from the hierarchy's root */
	zt_u64 cgroup;
	zt_u64 need_bytes;	 /* the most that could not be given back, as sampled: all but page cache; with swap */
	zt_u64 peak_bytes;	 /* the most it used, page cache included; 0: not known */
	zt_u64 mark_bytes;	 /* the kernel's own mark of the most, before */
	zt_u64 file_bytes;	 /* the most page cache that was seen */
};

/* One cgroup whose limit was lifted. */
struct lift_level {
	struct lift_use use;
	zt_u64 was_bytes;	 /* memory.max or memory.limit_in_bytes */
	zt_u64 was_swap_bytes;	 /* v1: memory+swap; v2: swap alone. ZT_NO_LIMIT: none */
	zt_u64 set_bytes;	 /* what they are now */
};

struct lift {
	const struct cgroupfs *cg;
	int fd;		/* to the helper; -1: none */
	int pid;
	zt_u64 reserve_bytes; /* of the host's memory, not to be given away */
	zt_u64 swap_bytes;    /* that lift_swap() has added */
	struct lift_level levels[LIFT_LEVELS_MAX];
	unsigned int n;
	struct lift_use steps[LIFT_STEPS_MAX]; /* cgroups that are only looked at; path "": free */
	unsigned int refused; /* levels that could not be lifted */
	int error;	      /* the first reason */
};

/* Start the helper; before privileges are dropped. total_bytes: the host's RAM. 0 or -errno. */
int lift_start(struct lift *l, const struct cgroupfs *cg, zt_u64 total_bytes);

/*
 * Lift every finite limit on the cgroup `path` and above it to what the host can give (available_bytes, without the
 * reserve, beside what the level has already); never lowers one. Cheap when there is nothing to lift.
 */
void lift_chain(struct lift *l, const char *path, zt_u64 available_bytes);

/* Swap to the new file `path` until the end, too. 0 or -errno as swapfile_on(). */
int lift_swap(struct lift *l, const char *path, zt_u64 bytes);

/* Look at this cgroup as well, its limit as it is; nothing when it is looked at already, or there is no room. */
void lift_watch(struct lift *l, const char *path, zt_u64 cgroup);
/* It has gone, and the kernel's mark was this; 0: not known. */
void lift_gone(struct lift_use *u, zt_u64 mark_bytes);

/* Look at what the lifted levels and the watched cgroups use now. */
void lift_sample(struct lift *l);

/* Put everything back and let the helper end. 0 or -errno: a limit could not be restored (said in one line by the helper). */
int lift_stop(struct lift *l);

#endif
