/* SPDX-License-Identifier: GPL-2.0 */
/* A throw-away tree of small files for tests of readers that take their root as a parameter. */
#ifndef TESTS_FIXTURE_H
#define TESTS_FIXTURE_H

#include <errno.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture {
	char root[64];
};

static inline void fixture_init(struct fixture *f)
{
	strcpy(f->root, "/tmp/ztrace-test-XXXXXX");
	if (!mkdtemp(f->root))
		abort();
}

static inline int fixture_rm(const char *path, const struct stat *st, int type, struct FTW *w)
{
	(void)st, (void)type, (void)w;
	return remove(path);
}

static inline void fixture_done(struct fixture *f)
{
	nftw(f->root, fixture_rm, 16, FTW_DEPTH | FTW_PHYS);
}

/* Path below the root, its directories made. */
static inline const char *fixture_path(const struct fixture *f, const char *path, char *buf, size_t size)
{
	if ((size_t)snprintf(buf, size, "%s/%s", f->root, path) >= size)
		abort();
	for (char *p = buf + 1; (p = strchr(p, '/')); p++) {
		*p = 0;
		if (mkdir(buf, 0700) && errno != EEXIST)
			abort();
		*p = '/';
	}
	return buf;
}

static inline void fixture_write(const struct fixture *f, const char *path, const void *bytes, size_t len)
{
	char buf[4096];
	FILE *out = fopen(fixture_path(f, path, buf, sizeof(buf)), "we");

	if (!out || fwrite(bytes, 1, len, out) != len || fclose(out))
		abort();
}

static inline void fixture_text(const struct fixture *f, const char *path, const char *text)
{
	fixture_write(f, path, text, strlen(text));
}

static inline zt_u64 fixture_inode(const struct fixture *f, const char *path)
{
	char buf[4096];
	struct stat st;

	if (stat(fixture_path(f, path, buf, sizeof(buf)), &st))
		abort();
	return st.st_ino;
}

#endif
