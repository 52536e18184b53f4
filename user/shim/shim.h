/* SPDX-License-Identifier: GPL-2.0 */
/* Between the hooks and what they tell. Nothing of it is seen outside of the library. */
#ifndef SHIM_SHIM_H
#define SHIM_SHIM_H

#include <sys/resource.h>
#include <sys/types.h>

#include "ztrace/shim.h"

#define HOOKS(X)                                                                                                       \
	X(wait) X(waitpid) X(wait3) X(wait4) X(waitid) X(_exit) X(_Exit) X(malloc) X(calloc) X(realloc)                \
	X(posix_memalign) X(aligned_alloc) X(mmap) X(mmap64) X(prctl) X(syscall)

enum hook {
#define X(name) HOOK_##name,
	HOOKS(X)
#undef X
	HOOKS_N
};

/* The next library's function of that name; NULL: there is none, or it is being looked up. */
void *shim_next(enum hook h);

void shim_tell_exit(int code);
/* A child that was waited for. u NULL: what it used was not asked for */
void shim_tell_child(pid_t child, int status, const struct rusage *u);
/* errno is ENOMEM. nr: the system call that it comes down to */
void shim_tell_refused(enum zt_refused what, zt_u64 bytes, long nr);
/* This process makes no more calls of ours. */
void shim_keep_quiet(void);

#endif
