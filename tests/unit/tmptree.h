/* SPDX-License-Identifier: GPL-2.0 */
/* A directory of files for one test, and processes to ask about. */
#ifndef TESTS_TMPTREE_H
#define TESTS_TMPTREE_H

#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ztrace/event.h"

static char tree[PATH_MAX];

static inline int tree_remove(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline int tree_setup(void **state)
{
	char name[] = "/tmp/ztrace-test-XXXXXX";

	(void)state;
	return mkdtemp(name) && realpath(name, tree) ? 0 : -1;
}

static inline int tree_teardown(void **state)
{
	(void)state;
	return nftw(tree, tree_remove, 16, FTW_DEPTH | FTW_PHYS);
}

__attribute__((format(printf, 1, 2))) static inline const char *tree_path(const char *fmt, ...)
{
	static char bufs[8][PATH_MAX];
	static unsigned int next;
	char *buf = bufs[next++ % 8];
	int n = snprintf(buf, PATH_MAX, "%s/", tree);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf + n, (size_t)(PATH_MAX - n), fmt, ap);
	va_end(ap);
	return buf;
}

/* The directories above `path` */
static inline void tree_parents(const char *path)
{
	char dir[PATH_MAX];

	snprintf(dir, sizeof(dir), "%s", path);
	for (char *p = dir + strlen(tree) + 1; (p = strchr(p, '/')); *p++ = '/') {
		*p = 0;
		mkdir(dir, 0755);
	}
}

static inline void tree_write(const char *path, const char *text)
{
	FILE *f;

	tree_parents(path);
	f = fopen(path, "w");
	if (!f || fputs(text, f) < 0 || fclose(f))
		abort();
}

/* Who is pid? */
static inline struct zt_id id_of(pid_t pid)
{
	struct zt_id id = { .tgid = (zt_u32)pid, .tid = (zt_u32)pid };
	char path[32], buf[1024], *p;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "r");
	if (!f || !fgets(buf, sizeof(buf), f))
		abort();
	fclose(f);
	p = strrchr(buf, ')') + 2;
	for (int field = 3; field < 22; field++)
		p = strchr(p, ' ') + 1;
	id.start_ns = strtoull(p, NULL, 10) * (1000000000ULL / (zt_u64)sysconf(_SC_CLK_TCK));
	return id;
}

/* A process that waits in dir, in the root directory `root` when that is not NULL. */
static inline pid_t process_in(const char *root, const char *dir)
{
	int ready[2];
	char c;
	pid_t pid;

	if (pipe(ready))
		abort();
	pid = fork();
	if (!pid) {
		if ((root && chroot(root)) || chdir(dir) || write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	if (pid < 0 || read(ready[0], &c, 1) != 1)
		abort();
	close(ready[0]);
	return pid;
}

static inline void process_end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

#endif
