/* SPDX-License-Identifier: GPL-2.0 */
/* The trace file: what was written is read, whatever became of the file or its writer in between. */
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
static void make(union event *ev, unsigned int n, zt_u64 step_ns)
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

static int open_tmp(char *path, size_t len)
{
	const char *dir = getenv("TMPDIR");

	snprintf(path, len, "%s/ztrace-test-XXXXXX", dir ? dir : "/tmp");
	return mkstemp(path);
}

static struct writer *start_file(char *path, size_t len)
{
	struct writer *w = NULL;
	char err[256] = "";

	close(open_tmp(path, len));
	assert_int_equal(writer_open(&w, path, &opts, err, sizeof(err)), 0);
	return w;
}

static struct reader *must_open(const char *path)
{
	struct reader *r = NULL;
	char err[256] = "";

	if (reader_open(&r, path, err, sizeof(err)))
		fail_msg("%s", err);
	return r;
}

static struct reader *open_bytes(const void *bytes, size_t len)
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

static char *slurp(const char *path, size_t *len)
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

static void assert_same(const struct zt_ev *got, unsigned int n, zt_u64 step_ns)
{
	static union event want;

	make(&want, n, step_ns);
	assert_non_null(got);
	assert_int_equal(got->size, want.h.size);
	assert_memory_equal(got, &want, want.h.size);
}

static void test_write_read(void **state)
{
	static union event ev;
	char path[PATH_MAX];
	struct writer *w = start_file(path, sizeof(path));
	struct writer_stats ws;
	struct reader_state rs;
	struct reader *r;
	struct stat st;

	(void)state;
	for (unsigned int n = 0; n < 2000; n++) {
		make(&ev, n, SEC / 100);
		assert_int_equal(writer_put(w, &ev.h), 0);
	}
	writer_stats(w, &ws);
	assert_int_equal(ws.events, 2000);
	assert_int_equal(ws.lost, 0);
	assert_int_equal(writer_close(w), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);

	r = must_open(path);
	assert_memory_equal(reader_boot_id(r), opts.boot_id, 16);
	for (unsigned int n = 0; n < 2000; n++)
		assert_same(reader_next(r), n, SEC / 100);
	assert_null(reader_next(r));
	assert_null(reader_next(r));
	reader_state(r, &rs);
	assert_int_equal(rs.events, 2000);
	assert_false(rs.cut || rs.corrupt || rs.bad || rs.unknown_kind || rs.error);
	reader_close(r);
	unlink(path);
}

/* The largest event there can be, and many of them: windows wrap. */
static void test_large_events(void **state)
{
	static union event ev;
	char path[PATH_MAX];
	struct writer *w = start_file(path, sizeof(path));
	struct reader *r;
	unsigned int seed = 1;

	(void)state;
	ev.h = (struct zt_ev){ .size = ZT_EV_SIZE_MAX, .kind = ZT_file, .fixed = sizeof(struct zt_ev_file) };
	for (size_t i = sizeof(struct zt_ev_file); i < sizeof(ev); i++)
		ev.bytes[i] = (char)rand_r(&seed);
	for (zt_u32 n = 0; n < 20; n++) {
		ev.h.cpu = n;
		assert_int_equal(writer_put(w, &ev.h), 0);
	}
	assert_int_equal(writer_close(w), 0);
	r = must_open(path);
	for (zt_u32 n = 0; n < 20; n++) {
		const struct zt_ev *got = reader_next(r);

		ev.h.cpu = n;
		assert_non_null(got);
		assert_memory_equal(got, &ev, sizeof(ev));
	}
	assert_null(reader_next(r));
	reader_close(r);
	unlink(path);
}

/* Cut at every byte: a prefix of the events comes back, and no less than what was flushed before the cut. */
static void test_cut_everywhere(void **state)
{
	enum { EVENTS = 300 };
	static union event ev;
	static zt_u64 whole_at[EVENTS]; /* file size once event n was flushed */
	char path[PATH_MAX];
	struct writer *w = start_file(path, sizeof(path));
	unsigned int flushed = 0, before = 0;
	size_t len;
	char *bytes;

	(void)state;
	for (unsigned int n = 0; n < EVENTS; n++) {
		struct writer_stats ws;

		make(&ev, n, SEC / 10);
		assert_int_equal(writer_put(w, &ev.h), 0);
		if (n % 7 == 0)
			assert_int_equal(writer_flush(w), 0);
		writer_stats(w, &ws);
		whole_at[n] = n % 7 == 0 || ev.h.kind == ZT_kill_end || ev.h.kind == ZT_end ?
			      ws.file_bytes : 0;
	}
	assert_int_equal(writer_close(w), 0);
	bytes = slurp(path, &len);
	for (size_t cut = sizeof(struct zt_file_header); cut <= len; cut++) {
		struct reader *r = open_bytes(bytes, cut);
		struct reader_state rs;
		const struct zt_ev *got;
		unsigned int n = 0;

		assert_non_null(r);
		for (; (got = reader_next(r)); n++)
			assert_same(got, n, SEC / 10);
		reader_state(r, &rs);
		while (flushed < EVENTS && (!whole_at[flushed] || whole_at[flushed] <= cut))
			flushed++;
		while (flushed && !whole_at[flushed - 1])
			flushed--; /* unflushed ones after the last flush may or may not be there */
		assert_true(n >= flushed);
		assert_true(n >= before);
		assert_false(rs.corrupt || rs.bad || rs.unknown_kind);
		assert_int_equal(rs.cut, cut < len);
		before = n;
		reader_close(r);
	}
	assert_int_equal(before, EVENTS);
	free(bytes);
	unlink(path);
}

/* Any byte changed: events before it survive, nothing crashes, no event is made up of a wrong size. */
static void test_damage(void **state)
{
	static union event ev;
	char path[PATH_MAX];
	struct writer *w = start_file(path, sizeof(path));
	struct reader_state rs;
	unsigned int damaged = 0;
	size_t len;
	char *bytes;

	(void)state;
	for (unsigned int n = 0; n < 100; n++) {
		make(&ev, n, SEC);
		assert_int_equal(writer_put(w, &ev.h), 0);
	}
	assert_int_equal(writer_close(w), 0);
	bytes = slurp(path, &len);
	for (size_t at = sizeof(struct zt_file_header); at < len; at += 3) {
		struct reader *r;
		const struct zt_ev *got;

		bytes[at] ^= 0x55;
		r = open_bytes(bytes, len);
		while ((got = reader_next(r)))
			assert_int_equal(ev_check(got), 0);
		assert_null(reader_next(r));
		reader_state(r, &rs);
		damaged += rs.corrupt || rs.bad || rs.cut || rs.unknown_kind;
		bytes[at] ^= 0x55;
		reader_close(r);
	}
	assert_true(damaged > (len - sizeof(struct zt_file_header)) / 3 * 9 / 10);
	free(bytes);
	unlink(path);
}

/* kill -9 of the writer: what it had flushed is there. */
static void test_writer_killed(void **state)
{
	static union event ev;
	char path[PATH_MAX], c;
	struct reader *r;
	struct reader_state rs;
	unsigned int n = 0;
	int ready[2], status;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	close(open_tmp(path, sizeof(path)));
	pid = fork();
	if (!pid) {
		struct writer *w = NULL;

		if (writer_open(&w, path, &opts, (char[256]){ 0 }, 256))
			_exit(1);
		for (unsigned int i = 0; i < 500; i++) {
			make(&ev, i, SEC / 50);
			writer_put(w, &ev.h);
		}
		writer_flush(w);
		for (unsigned int i = 500; i < 503; i++) { /* in the writer's hands only */
			make(&ev, i, 0);
			ev.h.kind = ZT_note;
			ev.h.fixed = sizeof(ev.h);
			writer_put(w, &ev.h);
		}
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		pause();
	}
	assert_true(pid > 0);
	assert_int_equal(read(ready[0], &c, 1), 1);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	r = must_open(path);
	for (; n < 500; n++)
		assert_same(reader_next(r), n, SEC / 50);
	assert_null(reader_next(r));
	reader_state(r, &rs);
	assert_true(rs.cut);
	assert_false(rs.corrupt);
	reader_close(r);
	close(ready[0]);
	close(ready[1]);
	unlink(path);
}

/*
 * A disk that is full for a while. room(false) takes the room away, room(true) gives it back. Events carry
 * their number in h.cpu: what is in the file is a prefix, a `lost` event with the exact gap, and the rest.
 */
static void check_full(const char *path, void (*room)(bool more))
{
	static union event ev;
	struct writer *w = NULL;
	struct writer_stats ws;
	struct reader_state rs;
	struct reader *r;
	const struct zt_ev *got;
	char err[256] = "";
	zt_u64 lost = 0, seen = 0;
	zt_u32 next = 0, total = 0;
	unsigned int seed = 7, told = 0, gaps = 0;

	assert_int_equal(writer_open(&w, path, &opts, err, sizeof(err)), 0);
	for (int phase = 0; phase < 4; phase++) {
		room(phase % 2 == 0);
		for (int i = 0; i < 40; i++) {
			size_t tail = phase % 2 ? 20000 : 50;

			ev.h = (struct zt_ev){ .size = (zt_u32)(sizeof(struct zt_ev_note) + tail),
					       .kind = ZT_note, .fixed = sizeof(struct zt_ev_note), .cpu = total,
					       .ts_ns = SEC * (1 + total) };
			total++;
			for (size_t b = ev.h.fixed; b < ev.h.size; b++)
				ev.bytes[b] = (char)rand_r(&seed);
			if (writer_put(w, &ev.h))
				told++;
		}
		writer_stats(w, &ws);
		assert_int_equal(ws.lost > lost, phase > 0); /* phase 2 begins failing */
		lost = ws.lost;
		if (phase % 2 == 0)
			assert_false(ws.failing);
	}
	room(true);
	ev.h = (struct zt_ev){ .size = sizeof(ev.h), .kind = ZT_end, .fixed = sizeof(ev.h), .cpu = total++ };
	assert_int_equal(writer_put(w, &ev.h), 0);
	writer_stats(w, &ws);
	assert_int_equal(told, 1);
	assert_true(ws.lost > 0);
	assert_int_equal(ws.events, total);
	assert_false(ws.failing);
	assert_true(writer_close(w) < 0); /* not every event is there */
	lost = 0;

	r = must_open(path);
	while ((got = reader_next(r))) {
		if (got->kind == ZT_lost) {
			const struct zt_ev_lost *l = (const struct zt_ev_lost *)got;

			assert_int_equal(l->cause, ZT_LOST_TRACE);
			lost += l->count;
			next += (zt_u32)l->count;
			gaps++;
			continue;
		}
		assert_int_equal(got->cpu, next);
		next++;
		seen++;
	}
	reader_state(r, &rs);
	assert_false(rs.cut || rs.corrupt || rs.bad);
	assert_int_equal(next, total);
	assert_int_equal(lost, ws.lost);
	assert_int_equal(seen + lost, total);
	assert_true(gaps >= 2);
	reader_close(r);
}

static void room_rlimit(bool more)
{
	struct rlimit l;

	getrlimit(RLIMIT_FSIZE, &l);
	l.rlim_cur = more ? l.rlim_max : 60000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &l), 0);
}

static void test_file_size_limit(void **state)
{
	char path[PATH_MAX];
	__sighandler_t old = signal(SIGXFSZ, SIG_IGN);

	(void)state;
	close(open_tmp(path, sizeof(path)));
	check_full(path, room_rlimit);
	signal(SIGXFSZ, old);
	unlink(path);
}

static char tmpfs_dir[] = "/tmp/ztrace-tmpfs-XXXXXX";

/* A neighbour takes all the room there is. */
static void room_tmpfs(bool more)
{
	static const char block[4096];
	char name[PATH_MAX];
	int fd;

	snprintf(name, sizeof(name), "%s/filler", tmpfs_dir);
	unlink(name);
	if (more)
		return;
	fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	while (write(fd, block, sizeof(block)) > 0)
		;
	close(fd);
}

static int mount_tmpfs(void **state)
{
	static int error;

	assert_non_null(mkdtemp(tmpfs_dir));
	error = mount("tmpfs", tmpfs_dir, "tmpfs", 0, "size=4m") ? errno : 0;
	*state = &error;
	return 0;
}

static int umount_tmpfs(void **state)
{
	if (!*(int *)*state)
		umount2(tmpfs_dir, MNT_DETACH);
	return rmdir(tmpfs_dir);
}

static void test_disk_full(void **state)
{
	char path[PATH_MAX];

	if (*(int *)*state) {
		print_message("SKIP test_disk_full: cannot mount a tmpfs: %s\n", strerror(*(int *)*state));
		skip();
	}
	snprintf(path, sizeof(path), "%s/full.zt", tmpfs_dir);
	check_full(path, room_tmpfs);
}

/* Writing to a reader that went away costs the file and nothing else. */
static void test_pipe_gone(void **state)
{
	static union event ev;
	struct writer *w = NULL;
	unsigned int told = 0;
	int fds[2];
	__sighandler_t old = signal(SIGPIPE, SIG_IGN);

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(writer_open_fd(&w, fds[1], &opts), 0);
	close(fds[0]);
	for (unsigned int n = 0; n < 300; n++) {
		make(&ev, n, SEC);
		told += writer_put(w, &ev.h) != 0;
	}
	assert_int_equal(told, 1);
	assert_int_equal(writer_close(w), -EPIPE);
	signal(SIGPIPE, old);
}

static void test_tick_flushes(void **state)
{
	static union event ev;
	char path[PATH_MAX];
	struct writer *w = start_file(path, sizeof(path));
	struct writer_stats a, b;

	(void)state;
	make(&ev, 0, 0);
	writer_put(w, &ev.h); /* a second after 0: flushed */
	writer_stats(w, &a);
	writer_put(w, &ev.h);
	writer_tick(w, SEC + SEC / 2);
	writer_stats(w, &b);
	assert_int_equal(a.file_bytes, b.file_bytes);
	writer_tick(w, 2 * SEC);
	writer_stats(w, &b);
	assert_true(b.file_bytes > a.file_bytes);
	a = b;
	writer_tick(w, 9 * SEC); /* nothing new: the file does not grow */
	writer_stats(w, &b);
	assert_int_equal(a.file_bytes, b.file_bytes);
	writer_close(w);
	unlink(path);
}

static void test_kill_is_on_disk_at_once(void **state)
{
	static const struct { unsigned int kind, flags; bool now; } cases[] = {
		{ ZT_fork, 0, false }, { ZT_kill, 0, false }, { ZT_kill, ZT_F_KILL_NO_WALK, true },
		{ ZT_kill_end, 0, true }, { ZT_child, ZT_F_CHILD_STARTED, false },
		{ ZT_child, ZT_F_CHILD_EXITED, true }, { ZT_end, 0, true },
	};
	static union event ev;
	char path[PATH_MAX];
	struct writer *w = start_file(path, sizeof(path));
	struct writer_stats a, b;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		memset(&ev, 0, sizeof(ev));
		ev.h.kind = (zt_u16)cases[i].kind;
		ev.h.fixed = (zt_u16)zt_kind_fixed(cases[i].kind);
		ev.h.size = ev.h.fixed;
		ev.h.flags = cases[i].flags;
		writer_stats(w, &a);
		writer_put(w, &ev.h);
		writer_stats(w, &b);
		assert_int_equal(b.file_bytes > a.file_bytes, cases[i].now);
	}
	writer_close(w);
	unlink(path);
}

static int refused(const char *path, char *err, size_t len)
{
	struct writer *w = NULL;

	*err = 0;
	return writer_open(&w, path, &opts, err, len);
}

/* Which files -o may overwrite */
static void test_overwrite(void **state)
{
	char dir[] = "/tmp/ztrace-test-XXXXXX", path[PATH_MAX], other[PATH_MAX], err[512];
	struct writer *w = NULL, *again = NULL;
	struct stat st;
	size_t len;
	char *text;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/t.zt", dir);
	snprintf(other, sizeof(other), "%s/other", dir);

	assert_int_equal(writer_open(&w, path, &opts, err, sizeof(err)), 0);
	assert_int_equal(writer_open(&again, path, &opts, err, sizeof(err)), -EBUSY);
	assert_non_null(strstr(err, "another ztrace"));
	assert_int_equal(writer_close(w), 0);
	chmod(path, 0644);
	assert_int_equal(writer_open(&w, path, &opts, err, sizeof(err)), 0); /* an old trace: yes */
	assert_int_equal(writer_close(w), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);

	assert_int_equal(link(path, other), 0);
	assert_int_equal(refused(path, err, sizeof(err)), -EPERM);
	unlink(other);
	assert_int_equal(symlink(path, other), 0);
	assert_int_equal(refused(other, err, sizeof(err)), -ELOOP);
	unlink(other);
	assert_int_equal(mkfifo(other, 0600), 0);
	assert_int_equal(refused(other, err, sizeof(err)), -EINVAL);
	unlink(other);
	fd = open(other, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, "all: prog\n", 10), 10);
	close(fd);
	assert_int_equal(refused(other, err, sizeof(err)), -EEXIST);
	text = slurp(other, &len);
	assert_int_equal(len, 10);
	assert_memory_equal(text, "all: prog\n", 10);
	free(text);
	if (!geteuid()) {
		assert_int_equal(chown(path, 12345, 12345), 0);
		assert_int_equal(refused(path, err, sizeof(err)), -EPERM);
	}
	assert_true(refused(dir, err, sizeof(err)) < 0);
	assert_int_equal(refused("/dev/null", err, sizeof(err)), -EINVAL);
	snprintf(other, sizeof(other), "%s/other", dir);
	unlink(other);
	unlink(path);
	rmdir(dir);
}

/* Under sudo the trace belongs to the user. */
static void test_owner(void **state)
{
	const struct writer_opts o = { .chown = true, .uid = 12345, .gid = 12346 };
	char path[PATH_MAX], err[256];
	struct writer *w = NULL;
	struct stat st;

	(void)state;
	if (geteuid()) {
		print_message("SKIP test_owner: needs root\n");
		skip();
	}
	close(open_tmp(path, sizeof(path)));
	for (int i = 0; i < 2; i++) { /* new, and over the user's own */
		assert_int_equal(writer_open(&w, path, &o, err, sizeof(err)), 0);
		assert_int_equal(writer_close(w), 0);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_uid, 12345);
		assert_int_equal(st.st_gid, 12346);
	}
	unlink(path);
}

static void assert_refused(const void *bytes, size_t len, int want, const char *why)
{
	struct reader *r = NULL;
	char err[256] = "";
	int fd = memfd_create("foreign", MFD_CLOEXEC);

	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	lseek(fd, 0, SEEK_SET);
	assert_int_equal(reader_open_fd(&r, fd, "some.zt", err, sizeof(err)), want);
	assert_null(r);
	assert_non_null(strstr(err, "some.zt"));
	if (!strstr(err, why))
		fail_msg("'%s' does not say '%s'", err, why);
}

static void test_not_a_trace(void **state)
{
	struct zt_file_header h = { .endian = ZT_FILE_ENDIAN, .version = ZT_FILE_VERSION, .header_bytes = 32 };
	struct zt_file_header bad;
	char elf[64] = "\177ELF", err[256];
	struct reader *r = NULL;

	(void)state;
	memcpy(h.magic, ZT_FILE_MAGIC, 8);
	assert_refused("", 0, -ENODATA, "is empty");
	assert_refused(elf, sizeof(elf), -EINVAL, "not a ztrace file");
	assert_refused("ZT", 2, -ENODATA, "within its header");
	assert_refused("ZX", 2, -EINVAL, "not a ztrace file");
	assert_refused(&h, 31, -ENODATA, "stops after 31 bytes");
	assert_refused("ZTRACE\n\1\2\3\4..........................", 36, -EINVAL, "not a ztrace file");
	bad = h;
	bad.version++;
	assert_refused(&bad, sizeof(bad), -ENOTSUP, "version 2");
	bad = h;
	bad.version = 0;
	assert_refused(&bad, sizeof(bad), -EINVAL, "damaged header");
	bad = h;
	bad.header_bytes = 31;
	assert_refused(&bad, sizeof(bad), -EINVAL, "damaged header");
	bad = h;
	bad.endian = 0x04030201;
	assert_refused(&bad, sizeof(bad), -EINVAL, "byte order");
	assert_int_equal(reader_open(&r, "/dev/null", err, sizeof(err)), -ENODATA);
	assert_int_equal(reader_open(&r, "/tmp", err, sizeof(err)), -EISDIR);
	assert_non_null(strstr(err, "cannot read /tmp"));
	assert_int_equal(reader_open(&r, "/nonexistent.zt", err, sizeof(err)), -ENOENT);
	assert_int_equal(reader_open(&r, "/dev/zero", err, sizeof(err)), -EINVAL);
}

/* A file of this header and these raw events, gzipped. header_bytes may be more than our header. */
static struct reader *open_events(const void *events, size_t len, size_t header_bytes)
{
	zt_u8 file[8192] = { 0 };
	struct zt_file_header h = { .endian = ZT_FILE_ENDIAN, .version = ZT_FILE_VERSION,
				    .header_bytes = (zt_u16)header_bytes };
	z_stream z = { .next_in = (zt_u8 *)events, .avail_in = (uInt)len, .next_out = file + header_bytes,
		       .avail_out = (uInt)(sizeof(file) - header_bytes) };

	memcpy(h.magic, ZT_FILE_MAGIC, 8);
	memcpy(file, &h, sizeof(h));
	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return open_bytes(file, sizeof(file) - z.avail_out);
}

static size_t add(char *to, size_t at, unsigned int kind, size_t fixed, const char *tail)
{
	size_t size = fixed + strlen(tail);
	struct zt_ev h = { .size = (zt_u32)size, .kind = (zt_u16)kind, .fixed = (zt_u16)fixed, .flags = 5 };

	memset(to + at, 0x11, fixed);
	memcpy(to + at, &h, sizeof(h));
	memcpy(to + at + fixed, tail, strlen(tail));
	return at + size;
}

/* Structs grow, kinds come: an older and a newer writer's file in one. */
static void test_other_builds(void **state)
{
	char buf[2048];
	size_t len = 0, tail;
	struct reader *r;
	struct reader_state rs;
	const struct zt_ev *ev;
	const struct zt_ev_layer *l;
	const struct zt_ev_lost *lost;

	(void)state;
	len = add(buf, len, ZT_layer, sizeof(struct zt_ev) + 4, "snap"); /* knew no base_layers */
	len = add(buf, len, ZT_layer, sizeof(struct zt_ev), "none");	 /* knew no fields at all */
	len = add(buf, len, 77, 64, "a kind of the future");
	len = add(buf, len, 60000, 64, "");
	len = add(buf, len, ZT_lost, sizeof(struct zt_ev_lost) + 40, "tail"); /* knew 40 bytes more */
	len = add(buf, len, ZT_end, 47, "...");	/* fixed part shorter than a head: no event */
	len = add(buf, len, ZT_end, sizeof(struct zt_ev_end), "");
	r = open_events(buf, len, 64); /* a header that has grown too */
	assert_non_null(r);

	ev = reader_next(r);
	assert_non_null(ev);
	l = (const struct zt_ev_layer *)ev;
	assert_int_equal(ev->fixed, sizeof(*l));
	assert_int_equal(ev->size, sizeof(*l) + 4);
	assert_int_equal(l->number, 0x11111111);
	assert_int_equal(l->base_layers, 0);
	assert_memory_equal(ev_tail(ev, &tail), "snap", 4);
	l = (const struct zt_ev_layer *)reader_next(r);
	assert_int_equal(l->number, 0);
	assert_memory_equal(ev_tail(&l->h, &tail), "none", 4);
	lost = (const struct zt_ev_lost *)reader_next(r);
	assert_int_equal(lost->h.kind, ZT_lost);
	assert_int_equal(lost->h.fixed, sizeof(*lost));
	assert_int_equal(lost->count, 0x1111111111111111);
	assert_memory_equal(ev_tail(&lost->h, &tail), "tail", 4);
	assert_int_equal(tail, 4);
	ev = reader_next(r);
	assert_int_equal(ev->kind, ZT_end);
	assert_null(reader_next(r));
	reader_state(r, &rs);
	assert_int_equal(rs.unknown_kind, 2);
	assert_int_equal(rs.bad, 1);
	assert_false(rs.cut || rs.corrupt);
	reader_close(r);
}

/* Sizes that lose the framing, a comm without its NUL, a first event that is whole. */
static void test_hostile_events(void **state)
{
	static const zt_u32 sizes[] = { 0, 1, 47, ZT_EV_SIZE_MAX + 1, 0xffffffff };
	char buf[1024];
	struct reader_state rs;
	struct reader *r;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		size_t at = add(buf, 0, ZT_end, sizeof(struct zt_ev), ""), len = add(buf, at, ZT_end, 48, "");

		memcpy(buf + at, &sizes[i], 4);
		r = open_events(buf, len, 32);
		assert_non_null(reader_next(r));
		assert_null(reader_next(r));
		assert_null(reader_next(r));
		reader_state(r, &rs);
		assert_true(rs.corrupt && rs.bad == 1);
		reader_close(r);
	}
	r = open_events(buf, add(buf, add(buf, 0, ZT_task, sizeof(struct zt_ev_task), ""), ZT_end, 48, ""), 32);
	assert_int_equal(reader_next(r)->kind, ZT_end); /* the task's comm is 16 times 0x11 */
	reader_state(r, &rs);
	assert_int_equal(rs.bad, 1);
	reader_close(r);
}

struct seen {
	unsigned int events, notes, lost_corrupt, lost_unknown, other_lost;
	char note[256];
};

static int see(void *ctx, const struct zt_ev *ev)
{
	struct seen *s = ctx;
	const struct zt_ev_lost *l = (const struct zt_ev_lost *)ev;
	const char *str[2];

	assert_int_equal(ev_check(ev), 0);
	s->events++;
	if (ev->kind == ZT_lost && l->cause == ZT_LOST_CORRUPT)
		s->lost_corrupt += (unsigned int)l->count;
	if (ev->kind == ZT_lost && l->cause == ZT_LOST_UNKNOWN_KIND)
		s->lost_unknown += (unsigned int)l->count;
	if (ev->kind == ZT_note && ev_tail_strings(ev, str, 2) == 2 && !strcmp(str[0], "ZT9004")) {
		s->notes++;
		snprintf(s->note, sizeof(s->note), "%s", str[1]);
	}
	return 0;
}

static struct seen replay(const char *path)
{
	struct source *s = NULL;
	struct seen seen = { 0 };
	char err[256];
	int r;

	assert_int_equal(source_file_open(&s, path, err, sizeof(err)), 0);
	assert_null(s->ask);
	while ((r = s->pump(s, 0, see, &seen)) >= 0)
		;
	assert_int_equal(r, -ENODATA);
	assert_int_equal(s->pump(s, 0, see, &seen), -ENODATA);
	s->close(s);
	return seen;
}

static void test_source(void **state)
{
	static union event ev;
	char path[PATH_MAX], err[256];
	struct writer *w = start_file(path, sizeof(path));
	struct source *s = NULL;
	struct seen seen;
	size_t len;
	int fd;

	(void)state;
	for (unsigned int n = 0; n < 3000; n++) {
		ev.h = (struct zt_ev){ .size = 48, .fixed = 48, .kind = ZT_note, .cpu = n };
		writer_put(w, &ev.h);
	}
	ev.h = (struct zt_ev){ .size = 48, .fixed = 48, .kind = 88 };
	writer_put(w, &ev.h);
	ev.h.kind = ZT_end;
	writer_put(w, &ev.h);
	assert_int_equal(writer_close(w), 0);
	seen = replay(path);
	assert_int_equal(seen.events, 3002); /* with the `lost` event */
	assert_int_equal(seen.lost_unknown, 1);
	assert_int_equal(seen.notes, 0);

	free(slurp(path, &len));
	assert_int_equal(truncate(path, (off_t)len - 30), 0);
	seen = replay(path);
	assert_int_equal(seen.notes, 1);
	assert_non_null(strstr(seen.note, "cut short"));

	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "\xff\xff\xff\xff", 4, 60), 4);
	close(fd);
	seen = replay(path);
	assert_int_equal(seen.notes, 1);
	assert_true(seen.lost_corrupt > 0);
	assert_int_equal(source_file_open(&s, "/nonexistent", err, sizeof(err)), -ENOENT);
	unlink(path);
}

static void test_accessors(void **state)
{
	struct {
		struct zt_ev_layer l;
		char tail[16];
	} ev = { .l.h = { .kind = ZT_layer, .fixed = sizeof(ev.l), .size = sizeof(ev.l) + 4 }, .tail = "ab\0c" };
	const char *s[3], *p;
	size_t len;

	(void)state;
	assert_int_equal(ev_check(&ev.l.h), 0);
	assert_int_equal(ev_tail_strings(&ev.l.h, s, 1), 1);
	assert_string_equal(s[0], "ab");
	assert_int_equal(ev_tail_strings(&ev.l.h, s, 2), -EBADMSG); /* "c" has no NUL inside */
	p = ev_tail_bytes(&ev.l.h, 1, &len);
	assert_int_equal(len, 1);
	assert_int_equal(*p, 'c');
	assert_null(ev_tail_bytes(&ev.l.h, 2, &len));
	ev.l.h.size++;
	assert_int_equal(ev_tail_strings(&ev.l.h, s, 3), 2);
	assert_string_equal(s[1], "c");
	assert_string_equal(s[2], "");
	ev.l.h.size = sizeof(ev.l);
	assert_int_equal(ev_tail_strings(&ev.l.h, s, 3), 0);
	assert_null(ev_tail_bytes(&ev.l.h, 1, &len));
	ev.l.h.size = sizeof(ev.l) - 1;
	assert_int_equal(ev_check(&ev.l.h), -EBADMSG);
	ev.l.h.size = ZT_EV_SIZE_MAX + 1;
	assert_int_equal(ev_check(&ev.l.h), -EBADMSG);
	ev.l.h = (struct zt_ev){ .kind = 50, .fixed = 48, .size = 48 };
	assert_int_equal(ev_check(&ev.l.h), -ENOENT);
	ev.l.h.kind = 0xffff;
	assert_int_equal(ev_check(&ev.l.h), -ENOENT);
	assert_string_equal(zt_kind_name(ZT_kill_end), "kill_end");
	assert_null(zt_kind_name(0));
	assert_null(zt_kind_name(12345));
	assert_int_equal(zt_kind_number("rmdir"), ZT_rmdir);
	assert_int_equal(zt_kind_number("nope"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_write_read),
		cmocka_unit_test(test_large_events),
		cmocka_unit_test(test_cut_everywhere),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_writer_killed),
		cmocka_unit_test(test_file_size_limit),
		cmocka_unit_test_setup_teardown(test_disk_full, mount_tmpfs, umount_tmpfs),
		cmocka_unit_test(test_pipe_gone),
		cmocka_unit_test(test_tick_flushes),
		cmocka_unit_test(test_kill_is_on_disk_at_once),
		cmocka_unit_test(test_overwrite),
		cmocka_unit_test(test_owner),
		cmocka_unit_test(test_not_a_trace),
		cmocka_unit_test(test_other_builds),
		cmocka_unit_test(test_hostile_events),
		cmocka_unit_test(test_source),
		cmocka_unit_test(test_accessors),
	};

	return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
