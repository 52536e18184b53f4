/* SPDX-License-Identifier: GPL-2.0 */
/* Made-up traces for the tests of the trace file. */
#ifndef TESTS_TRACE_FILE_H
#define TESTS_TRACE_FILE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "source/file.h"
#include "trace/event.h"
#include "trace/reader.h"
#include "trace/writer.h"
#include "ztrace/file.h"

#define SEC 1000000000ULL

static const struct writer_opts opts = { .boot_id = { 1, 2, 3, [15] = 16 } };

union event {
	struct zt_ev h;
	struct zt_ev_kill kill;
	char bytes[ZT_EV_SIZE_MAX];
};

static const unsigned int all_kinds[] = {
#define ZT_X(nr, name) nr,
	ZT_EVENTS(ZT_X)
#undef ZT_X
};

/* The n-th event of a made-up trace: every kind in turn, bodies that differ, tails of many lengths. */
static inline void make(union event *ev, unsigned int n, zt_u64 step_ns)
{
	unsigned int kind = all_kinds[n % ARRAY_SIZE(all_kinds)];
	size_t fixed = zt_kind_fixed(kind);
	size_t tail = n % 7 == 3 ? (n * 131) % 3000 : n % 40;

	memset(ev->bytes, 0, fixed);
	for (size_t i = fixed; i < fixed + tail; i++)
		ev->bytes[i] = (char)(n * 2654435761u >> (i % 24));
	ev->h = (struct zt_ev){
		.size = (zt_u32)(fixed + tail), .kind = (zt_u16)kind, .fixed = (zt_u16)fixed, .flags = n,
		.cpu = n % 3, .ts_ns = SEC + n * step_ns, .cgroup = n * 7, .who = { n, n + 1, n * 1000 },
	};
}

static inline int open_tmp(char *path, size_t len)
{
	const char *dir = getenv("TMPDIR");

	snprintf(path, len, "%s/ztrace-test-XXXXXX", dir ? dir : "/tmp");
	return mkstemp(path);
}

static inline struct writer *start_file(char *path, size_t len)
{
	struct writer *w = NULL;
	char err[256] = "";

	close(open_tmp(path, len));
	assert_int_equal(writer_open(&w, path, &opts, err, sizeof(err)), 0);
	return w;
}

static inline struct reader *must_open(const char *path)
{
	struct reader *r = NULL;
	char err[256] = "";

	if (reader_open(&r, path, err, sizeof(err)))
		fail_msg("%s", err);
	return r;
}

static inline struct reader *open_bytes(const void *bytes, size_t len)
{
	struct reader *r = NULL;
	char err[256] = "";
	int fd = memfd_create("trace", MFD_CLOEXEC);

	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	lseek(fd, 0, SEEK_SET);
	if (reader_open_fd(&r, fd, "memory", err, sizeof(err)))
		return NULL;
	return r;
}

static inline char *slurp(const char *path, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *p;

	assert_int_equal(fstat(fd, &st), 0);
	*len = (size_t)st.st_size;
	p = malloc(*len + 1);
	assert_int_equal(read(fd, p, *len), st.st_size);
	close(fd);
	return p;
}

static inline void assert_same(const struct zt_ev *got, unsigned int n, zt_u64 step_ns)
{
	static union event want;

	make(&want, n, step_ns);
	assert_non_null(got);
	assert_int_equal(got->size, want.h.size);
	assert_memory_equal(got, &want, want.h.size);
}

#endif
