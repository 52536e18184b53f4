/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's process connector (cn_proc, a netlink socket): who started, ran and ended, of the whole machine, without BPF.
 * Root may listen (since 6.6 anybody), but not from within a container. What it tells is ZT_F_CLAIMED: it is read up in /proc
 * a moment later.
 */
#ifndef SOURCE_PROCCONN_H
#define SOURCE_PROCCONN_H

#include "source/evbuf.h"
#include "source/procfs.h"

/* First threads that have ended while others had not, when that was read: a process that exits, or goes on without it */
#define PROCCONN_LATE_MAX 64

struct procconn_late {
	zt_u32 pid;
	int exit_code;
	zt_u64 ts_ns;
};

struct procconn {
	int fd; /* -1: none */
	const struct procfs *proc; /* borrowed */
	zt_u64 lost; /* messages that found no room, not told yet */
	struct procconn_late late[PROCCONN_LATE_MAX];
	unsigned int nlate;
	union evbuf ev;
};

/* 0 or -errno; -ENOTCONN: nobody answers, as in a container. fd is -1 then. */
int procconn_open(struct procconn *c, const struct procfs *proc);
void procconn_close(struct procconn *c);

/*
 * All that has come: `fork` and `exit` events whose start times are not known, `exec` events with ZT_F_EXEC_ENTRY where
 * the root directory is not the parent's. 0 or -errno of the sink
 */
int procconn_pump(struct procconn *c, sink_fn sink, void *ctx);

/* One datagram; for tests. */
int procconn_take(struct procconn *c, const void *msg, size_t len, sink_fn sink, void *ctx);

#endif
