/* SPDX-License-Identifier: GPL-2.0 */
/* What /proc says: the processes that ran before the trace did, and the host's memory. */
#ifndef SOURCE_PROCFS_H
#define SOURCE_PROCFS_H

#include "source/cgroupfs.h"
#include "source/evbuf.h"
#include "source/source.h"

/* redact_argv: masks secrets in NUL-separated arguments, in place. Returns the new length, never more than len. */
typedef size_t (*redact_fn)(char *argv, size_t len, bool *masked);

struct procfs {
	int dir;	  /* "/proc" */
	int meminfo;	  /* -1: could not be opened */
	int pressure;	  /* likewise */
	zt_u64 tick_ns;	  /* unit of the times in /proc/PID/stat */
	redact_fn redact; /* NULL: command lines are taken as they are */
};

/* root: "/proc". 0 or -errno. */
int procfs_open(struct procfs *p, const char *root);
void procfs_close(struct procfs *p);

struct procfs_stat {
	struct zt_id id;
	zt_u32 ppid;
	bool kthread;
	bool dead; /* a zombie; nobody has waited for it yet */
	unsigned int threads;
	char comm[ZT_COMM_LEN];
};

/* The text of a /proc/PID/stat. 0 or -EINVAL. */
int procfs_parse_stat(const char *text, zt_u64 tick_ns, struct procfs_stat *ret);

/* One process as it is now. 0 or -errno (-ENOENT, -ESRCH: there is none). */
int procfs_stat(const struct procfs *p, zt_u32 pid, struct procfs_stat *ret);

/* So many threads it has; 0: there is no such process. */
unsigned int procfs_threads(const struct procfs *p, zt_u32 pid);

/* The arguments of a process behind the event's end, not masked: h.size and h.flags (ZT_F_EXEC_*). How many bytes */
zt_u32 procfs_argv(const struct procfs *p, zt_u32 pid, union evbuf *b);

/*
 * The program that runs in it now as a claimed `exec` event, without its cgroup and not masked. ZT_F_EXEC_ENTRY: its root
 * directory is not its parent's, or neither may be looked at. 0, or -errno: it has gone
 */
int procfs_exec(const struct procfs *p, zt_u32 pid, union evbuf *b);

/*
 * A `proc` event for every process but kernel threads and zombies. cg (may be NULL) gives their memory cgroup.
 * h.flags may have ZT_F_EXEC_CUT, ZT_F_EXEC_UNREADABLE and ZT_F_EXEC_MASKED. Number of processes, or -errno of the sink.
 */
int procfs_snapshot(const struct procfs *p, struct cgroupfs *cg, sink_fn sink, void *ctx);

/* Is pid `ancestor` or below it? A process that has gone is not. */
bool procfs_is_below(const struct procfs *p, zt_u32 pid, zt_u32 ancestor);

/* /proc/meminfo as an event; flags: 0 or ZT_F_HOST_AT_KILL. Allocates nothing. 0 or -errno. */
int procfs_host(const struct procfs *p, zt_u32 flags, struct zt_ev_host *ret);

#endif
