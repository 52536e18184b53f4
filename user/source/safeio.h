/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reads a file that another process named, as that process would see it: never outside of its root,
 * never a FIFO or device, never for a process that took over the pid. Needs openat2 (Linux 5.6);
 * without it nothing is read.
 */
#ifndef SOURCE_SAFEIO_H
#define SOURCE_SAFEIO_H

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "ztrace/event.h"

struct safeio_proc {
	int root, cwd;
	bool host_root;	    /* its root directory is ours */
	char dir[PATH_MAX]; /* cwd as a path from root; "": not known */
};

/* proc: descriptor of /proc. 0, -ESRCH (gone, or another process has its pid), or another -errno.
 */
int safeio_open(struct safeio_proc *p, int proc, const struct zt_id *id);
void safeio_close(struct safeio_proc *p);

struct safeio_file {
	enum zt_file_status status;
	int error;
	bool cut;
	size_t bytes;
	zt_u64 mtime_ns;
};

/* Up to cap bytes of `path` (relative: to the process's working directory) into buf. *ret is always
 * set. */
void safeio_read(const struct safeio_proc *p, const char *path, char *buf, size_t cap,
		 struct safeio_file *ret);

/* A directory to be listed, likewise. NULL: errno says why. */
DIR *safeio_opendir(const struct safeio_proc *p, const char *path);

/*
 * What that process has as its standard input, if that is a regular file; from its beginning, whatever has been read of
 * it. name: where it lies, "" when it has no name any more.
 */
void safeio_read_stdin(int proc, const struct zt_id *id, char *buf, size_t cap, char *name, size_t size,
		       struct safeio_file *ret);

/* `path` as an absolute one without . and .. for people to read. false: does not fit, or cwd not
 * known. */
bool safeio_absolute(const struct safeio_proc *p, const char *path, char *ret, size_t size);

/*
 * The same for trees of our own choosing: `name` below the descriptor dir, no symlink on the way.
 * Bytes read (size: there may be more) or -errno; -EINVAL: not a regular file.
 */
ssize_t safeio_read_below(int dir, const char *name, char *buf, size_t size);
/* O_PATH descriptor of a directory below dir, or -errno. */
int safeio_dir_below(int dir, const char *name);

#endif
