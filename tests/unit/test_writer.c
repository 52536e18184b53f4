/* SPDX-License-Identifier: GPL-2.0 */
/* The writer: what it has flushed is there, whatever becomes of it or its disk; and whose files it touches. */
#include "trace_file.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_writer_killed),
		cmocka_unit_test(test_file_size_limit),
		cmocka_unit_test_setup_teardown(test_disk_full, mount_tmpfs, umount_tmpfs),
		cmocka_unit_test(test_pipe_gone),
		cmocka_unit_test(test_tick_flushes),
		cmocka_unit_test(test_kill_is_on_disk_at_once),
		cmocka_unit_test(test_overwrite),
		cmocka_unit_test(test_owner),
	};

	return cmocka_run_group_tests_name("writer", tests, NULL, NULL);
}
