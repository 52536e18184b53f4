/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The traced command: started as if ztrace were not there, its signals left alone, its exit status handed on.
 * It stays in ztrace's process group, so Ctrl-C and Ctrl-Z reach it from the terminal as always.
 * ztrace's death never takes it along.
 */
#ifndef SOURCE_CHILD_H
#define SOURCE_CHILD_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "source/procfs.h"
#include "source/protect.h"

struct child {
	pid_t pid; /* 0: none */
	struct zt_id id;
	int sig_fd, go_fd, err_fd; /* -1: closed */
	sigset_t old_mask;
	struct sigaction old_chld, old_pipe;
	const struct procfs *proc;
	bool exited;
	int status;		   /* raw wait status */
	bool exec_failed;	   /* child_go failed in the exec itself */
};

enum {
	CHILD_EXITED = 1 << 0,	    /* its status is there */
	CHILD_INTERRUPTED = 1 << 1, /* INT, QUIT, TERM or HUP came for ztrace */
};

/*
 * Take INT QUIT TERM HUP CHLD through a descriptor from now on and ignore PIPE. Call first, before anything changes the mask;
 * also serves a session without a child. proc is borrowed. 0 or -errno.
 */
int child_init(struct child *c, const struct procfs *proc);
/* Close all, give the signal mask back. A child that has not been let go exits without running anything. */
void child_done(struct child *c);

/* Of a login. 0 or -ENOENT */
int child_user(const char *user, uid_t *uid, gid_t *gid);

struct child_opts {
	const char *user;	      /* run as this login; NULL: as the caller */
	const struct protect_saved *saved;
	const char *proc_root;	      /* "/proc" */
	const char *traceparent;      /* for its environment; NULL: as it is */
	const char *preload, *fifo;   /* of child_go_preloaded; NULL: none */
};

/*
 * Fork a child that waits for child_go; c->id is it. Made early (before BPF, before protect_*) it has nothing of
 * ztrace's; made later it gets its oom_score_adj and limits back. 0 or -errno (-ENOENT: no such user).
 */
int child_start(struct child *c, char *const argv[], const struct child_opts *o);

/* Let it exec. 0, or -errno of what failed before or in the exec; the child is gone then. */
int child_go(struct child *c);
/* The same with the shim in it: its options' preload and fifo go into the environment. */
int child_go_preloaded(struct child *c);

/* Descriptor that turns readable when child_handle has something to do. */
int child_poll_fd(const struct child *c);
/* Never blocks. Forwards what has to be forwarded; CHILD_* that have become true. */
unsigned int child_handle(struct child *c);
/* Has it exited? Then *status is its raw wait status. */
bool child_reap(struct child *c, int *status);

/* What a shell makes of a raw wait status: the exit code, 128 + N for signal N. */
int child_exit_code(int status);
/* Exit code of ztrace for an error of child_go: 127 not found, 126 not executable, 125 anything before the exec. */
int child_exec_exit_code(const struct child *c, int err);

#endif
