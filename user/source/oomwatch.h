/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's own counts of OOM kills in cgroup files, which anybody may read: memory.events(.local) on version 2,
 * memory.oom_control and memory.failcnt on version 1, and /proc/vmstat where no cgroup tells.
 */
#ifndef SOURCE_OOMWATCH_H
#define SOURCE_OOMWATCH_H

#include "source/cgroupfs.h"

#define OOMWATCH_MAX 512 /* cgroups; of those that come later no kill is told */

struct oom_counts {
	zt_u64 kills;	  /* of processes in it, on version 2 without .local also below it */
	zt_u64 ooms;	  /* its own limit's; on version 1 how often its limit was in the way */
	zt_u64 ooms_below; /* with those of the levels below it */
	zt_u64 high;
	bool kills_known, ooms_known;
};

struct oom_level {
	zt_u64 id;
	int dir; /* -1: it has been removed */
	int up;	 /* the level above; -1: none that can be seen */
	bool watched; /* processes are, or were, in it */
	bool late;    /* since oomwatch_told: what it took is asked for when it has gone */
	bool told;    /* by oomwatch_tell: that it is there, and when dir is -1 that it has gone */
	zt_u64 gone_ns; /* when that was seen */
	zt_u64 hit_ns;  /* since when its limit has been hit and nobody killed for it; 0: it has not */
	char path[512];
	struct zt_memcg mem; /* as of the last refresh */
	struct oom_counts last, before; /* before: as they were when last did not tell of a kill yet */
};

enum { OOM_DOMAIN_HOST = -1, OOM_DOMAIN_OUTSIDE = -2, OOM_DOMAIN_UNKNOWN = -3 };

/* So many processes in one cgroup were killed since it was looked at last. */
struct oom_rise {
	int level;  /* whose processes; -1: only the machine counts */
	zt_u64 count;
	int domain; /* level whose limit was hit, or OOM_DOMAIN_* */
};

struct oomwatch {
	const struct cgroupfs *cg; /* borrowed */
	int vmstat, meminfo;	   /* -1: not readable */
	int notify;		   /* readable when something happened: inotify, or on version 1 an eventfd; -1: none */
	zt_u64 host_kills, uncounted; /* uncounted: of those of the last look, in no cgroup */
	bool sees_root; /* what is mounted is all of the hierarchy */
	unsigned int n;
	unsigned int untold; /* new or gone ones */
	bool begun; /* oomwatch_told has been called */
	struct oom_level at[OOMWATCH_MAX];
};

/* proc: "/proc"; in_namespace: the hierarchy's root is not the machine's. */
void oomwatch_init(struct oomwatch *w, const struct cgroupfs *cg, const char *proc, bool in_namespace);
void oomwatch_done(struct oomwatch *w);

/* Watch the cgroup of that path (as in /proc/PID/cgroup) and look at those above it. Its level, or -1. */
int oomwatch_add(struct oomwatch *w, const char *path);
int oomwatch_find(const struct oomwatch *w, zt_u64 id);
/* Half of the machine's memory and more can be had, not counting what a victim has given back */
bool oomwatch_host_has_plenty(const struct oomwatch *w, zt_u64 given_back);

/* Its counters once more, and those above it: who reads them after it was removed gets these. */
void oomwatch_refresh(struct oomwatch *w, zt_u64 id);

/*
 * Cgroups that came, and with `went` those that were removed, since oomwatch_init or the last call, as `cgroup` and `rmdir`
 * events. 0 or -errno of the sink
 */
int oomwatch_tell(struct oomwatch *w, bool went, sink_fn sink, void *ctx);
/* What is there now was told of by others. */
void oomwatch_told(struct oomwatch *w);

/* Read all counts; what has risen. Number of rises. */
unsigned int oomwatch_look(struct oomwatch *w, struct oom_rise *ret, unsigned int max);

/* Does any cgroup of ours count its kills? */
bool oomwatch_counts(const struct oomwatch *w);

/* The counters of a level with its events. */
void oomwatch_memcg(const struct oomwatch *w, int level, struct zt_memcg *ret);

#endif
