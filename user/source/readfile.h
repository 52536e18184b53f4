/* SPDX-License-Identifier: GPL-2.0 */
/* Small files of /proc, /sys and cgroupfs, read into the caller's buffer and no further. */
#ifndef SOURCE_READFILE_H
#define SOURCE_READFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "ztrace/types.h"

/*
 * Up to size - 1 bytes of a file, NUL appended. dir AT_FDCWD for a path of its own. Never follows a symlink
 * in the last component, never blocks on a FIFO. Bytes read (size - 1: there may be more), or -errno.
 */
ssize_t readfile_at(int dir, const char *path, char *buf, size_t size);
/* The same for a descriptor, from its start. */
ssize_t readfile_fd(int fd, char *buf, size_t size);
/* The same, without the line's end. */
ssize_t readfile_line(int dir, const char *path, char *buf, size_t size);

/* A decimal number and nothing but blanks behind it. 0 or -errno (-EINVAL: not a number, -ERANGE). */
int readfile_u64(int dir, const char *path, zt_u64 *ret);
/* The same for a descriptor, from its start. */
int readfile_fd_u64(int fd, zt_u64 *ret);

/* "KEY   123 …" at a line's start in text. */
bool readfile_find_u64(const char *text, const char *key, zt_u64 *ret);

#endif
