/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What libztrace-shim.so writes into a FIFO of the collector's: events as event.h has them, each behind a head. Several
 * may share one write, which is at most PIPE_BUF and so whole or not at all. All of it is somebody's claim.
 */
#ifndef ZTRACE_SHIM_H
#define ZTRACE_SHIM_H

#include "event.h"

/* Path of the FIFO. Its last component is the inode of the pid namespace whose numbers are meant. */
#define ZT_SHIM_ENV "ZTRACE_SHIM"
#define ZT_SHIM_PATH_MAX 108
#define ZT_SHIM_LIB "libztrace-shim.so"
/* gcc's AddressSanitizer ends a program whose first library is not called so. */
#define ZT_SHIM_LIB_DIR "beside-libasan.so"

#define ZT_SHIM_MAGIC 0x4d53547aU
#define ZT_SHIM_WRITE_MAX 4096 /* PIPE_BUF */

struct zt_shim_head {
	zt_u32 magic;
	zt_u32 size; /* of the event behind it */
};

/* The kinds that a traced program may tell of */
#define ZT_SHIM_KINDS(X) X(fork) X(exec) X(exit) X(refuse) X(env) X(lost)

#endif
