/* SPDX-License-Identifier: GPL-2.0 */
/* A swap file for the time of one build. */
#ifndef SOURCE_SWAPFILE_H
#define SOURCE_SWAPFILE_H

#include "ztrace/types.h"

/*
 * Make `path` (which must not exist) and swap there. 0, or -errno with nothing left behind: -ENOSPC when less than
 * SWAPFILE_SPARE_BYTES of the disk would stay free.
 */
#define SWAPFILE_SPARE_BYTES ((zt_u64)1 << 30)
int swapfile_on(const char *path, zt_u64 bytes);
/* Take it away again. 0 or -errno (-ENOMEM: what is in it does not fit into memory). */
int swapfile_off(const char *path);
/* Files of measures that did not live to remove them: "swap-PID" in dir, of processes that are gone. */
void swapfile_sweep(const char *dir);

#endif
