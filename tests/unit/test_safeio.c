// SPDX-License-Identifier: GPL-2.0
/* What is read, what is refused, and that nothing hangs. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "source/safeio.h"
#include "tmptree.h"

static int proc;

static struct safeio_file read_as(pid_t pid, const char *path, char *buf, size_t cap)
{
	struct zt_id id = id_of(pid);
	struct safeio_file f;
	struct safeio_proc p;

	assert_int_equal(safeio_open(&p, proc, &id), 0);
	safeio_read(&p, path, buf, cap, &f);
	safeio_close(&p);
	return f;
}

static void expect_text(pid_t pid, const char *path, const char *text)
{
	char buf[256];
	struct safeio_file f = read_as(pid, path, buf, sizeof(buf));

	assert_int_equal(f.status, ZT_FILE_OK);
	assert_int_equal(f.error, 0);
	assert_int_equal(f.bytes, strlen(text));
	assert_memory_equal(buf, text, f.bytes);
	assert_false(f.cut);
	assert_true(f.mtime_ns > 0);
}

static void expect_status(pid_t pid, const char *path, enum zt_file_status status, int error)
{
	char buf[256];
	struct safeio_file f = read_as(pid, path, buf, sizeof(buf));

	assert_int_equal(f.status, status);
	assert_int_equal(f.error, error);
	assert_int_equal(f.bytes, 0);
}

static void test_paths(void **state)
{
	pid_t pid;

	(void)state;
	tree_write(tree_path("a/b/f"), "inner");
	tree_write(tree_path("a/g"), "outer");
	assert_int_equal(symlink("../g", tree_path("a/b/link")), 0);
	assert_int_equal(symlink(tree_path("a/g"), tree_path("a/b/abs")), 0);
	pid = process_in(NULL, tree_path("a/b"));
	expect_text(pid, "f", "inner");
	expect_text(pid, "./../b/f", "inner");
	expect_text(pid, "../g", "outer");
	expect_text(pid, tree_path("a/g"), "outer");
	expect_text(pid, "link", "outer");
	expect_text(pid, "abs", "outer");
	expect_status(pid, "none", ZT_FILE_ERRNO, ENOENT);
	expect_status(pid, "f/x", ZT_FILE_ERRNO, ENOTDIR);
	process_end(pid);
}

static void test_not_regular(void **state)
{
	pid_t pid;

	(void)state;
	tree_write(tree_path("d/f"), "");
	assert_int_equal(mkfifo(tree_path("fifo"), 0600), 0);
	pid = process_in(NULL, tree);
	expect_status(pid, "fifo", ZT_FILE_NOT_REGULAR, 0);
	expect_status(pid, "d", ZT_FILE_NOT_REGULAR, 0);
	expect_status(pid, "/dev/null", ZT_FILE_NOT_REGULAR, 0);
	expect_status(pid, "/dev/zero", ZT_FILE_NOT_REGULAR, 0);
	expect_status(pid, "/proc/self/fd/0", ZT_FILE_ERRNO,
		      ELOOP); /* a magic link leads anywhere */
	expect_text(pid, "d/f", "");
	process_end(pid);
}

static void test_long_file(void **state)
{
	struct safeio_file f;
	char buf[10];
	pid_t pid;

	(void)state;
	tree_write(tree_path("long"), "0123456789abc");
	tree_write(tree_path("fits"), "0123456789");
	pid = process_in(NULL, tree);
	f = read_as(pid, "long", buf, sizeof(buf));
	assert_int_equal(f.bytes, 10);
	assert_true(f.cut);
	assert_memory_equal(buf, "0123456789", 10);
	f = read_as(pid, "fits", buf, sizeof(buf));
	assert_int_equal(f.bytes, 10);
	assert_false(f.cut);
	process_end(pid);
}

/* A process in another root directory: its absolute links and .. stay inside of it. */
static void test_other_root(void **state)
{
	struct safeio_proc p;
	char path[PATH_MAX];
	struct zt_id id;
	pid_t pid;

	(void)state;
	if (geteuid())
		skip();
	tree_write(tree_path("secret"), "ours");
	tree_write(tree_path("root/work/f"), "theirs");
	tree_write(tree_path("root/etc/passwd"), "their passwd");
	assert_int_equal(symlink("/etc/passwd", tree_path("root/work/link")), 0);
	assert_int_equal(symlink("../../../../secret", tree_path("root/work/up")), 0);
	pid = process_in(tree_path("root"), "/work");
	expect_text(pid, "f", "theirs");
	expect_text(pid, "/work/f", "theirs");
	expect_text(pid, "link", "their passwd");
	expect_text(pid, "../../../etc/passwd", "their passwd");
	expect_status(pid, "up", ZT_FILE_ERRNO, ENOENT);
	expect_status(pid, "../../secret", ZT_FILE_ERRNO, ENOENT);
	id = id_of(pid);
	assert_int_equal(safeio_open(&p, proc, &id), 0);
	assert_false(p.host_root);
	assert_true(safeio_absolute(&p, "../x/./y//z", path, sizeof(path)));
	assert_string_equal(path, "/x/y/z");
	safeio_close(&p);
	process_end(pid);
}

/* Its working directory is nowhere: only what lies below is read. */
static void test_deleted_cwd(void **state)
{
	struct safeio_proc p;
	char path[PATH_MAX];
	struct zt_id id;
	pid_t pid;

	(void)state;
	tree_write(tree_path("x"), "outside");
	mkdir(tree_path("gone"), 0755);
	pid = process_in(NULL, tree_path("gone"));
	assert_int_equal(rmdir(tree_path("gone")), 0);
	expect_status(pid, "../x", ZT_FILE_ERRNO, EXDEV);
	expect_text(pid, tree_path("x"), "outside");
	id = id_of(pid);
	assert_int_equal(safeio_open(&p, proc, &id), 0);
	assert_false(safeio_absolute(&p, "x", path, sizeof(path)));
	safeio_close(&p);
	process_end(pid);
}

static void test_identity(void **state)
{
	pid_t pid = process_in(NULL, "/");
	struct zt_id id = id_of(pid), other = id;
	struct safeio_proc p;

	(void)state;
	id.start_ns += 9999999; /* the kernel's time, of which /proc shows whole ticks */
	assert_int_equal(safeio_open(&p, proc, &id), 0);
	assert_true(p.host_root);
	safeio_close(&p);
	other.start_ns += 1000000000;
	assert_int_equal(safeio_open(&p, proc, &other), -ESRCH);
	other.start_ns -= 2000000000;
	assert_int_equal(safeio_open(&p, proc, &other), -ESRCH);
	other.start_ns = 0;
	assert_int_equal(safeio_open(&p, proc, &other), -ESRCH);
	kill(pid, SIGKILL);
	waitid(P_PID, (id_t)pid, NULL, WEXITED | WNOWAIT);
	assert_int_equal(safeio_open(&p, proc, &id), -ESRCH); /* a zombie has no directories */
	process_end(pid);
	assert_int_equal(safeio_open(&p, proc, &id), -ESRCH);
	assert_int_equal(p.root, -1);
	assert_int_equal(p.cwd, -1);
}

/* Somebody writes all the time: what is read is bounded and comes back. */
static void test_changing_file(void **state)
{
	char buf[64];
	struct safeio_file f;
	pid_t writer, pid;

	(void)state;
	tree_write(tree_path("busy"), "x");
	writer = fork();
	if (!writer) {
		int fd = open(tree_path("busy"), O_WRONLY | O_APPEND);

		while (write(fd, "x", 1) == 1)
			if (lseek(fd, 0, SEEK_CUR) > 4096 && ftruncate(fd, 1))
				break;
		_exit(0);
	}
	pid = process_in(NULL, tree);
	for (int i = 0; i < 200; i++) {
		f = read_as(pid, "busy", buf, sizeof(buf));
		assert_int_equal(f.status, ZT_FILE_OK);
		assert_true(f.bytes >= 1 && f.bytes <= sizeof(buf));
		for (size_t k = 0; k < f.bytes; k++)
			assert_int_equal(buf[k], 'x');
	}
	process_end(pid);
	process_end(writer);
}

static void test_below(void **state)
{
	int dir = open(tree, O_PATH | O_DIRECTORY);
	char buf[16];

	(void)state;
	tree_write(tree_path("in/f"), "text");
	assert_int_equal(symlink("f", tree_path("in/link")), 0);
	assert_int_equal(symlink("in", tree_path("dirlink")), 0);
	assert_int_equal(safeio_read_below(dir, "in/f", buf, sizeof(buf)), 4);
	assert_memory_equal(buf, "text", 4);
	assert_int_equal(safeio_read_below(dir, "in/f", buf, 2), 2);
	assert_int_equal(safeio_read_below(dir, "in/link", buf, sizeof(buf)), -ELOOP);
	assert_int_equal(safeio_read_below(dir, "dirlink/f", buf, sizeof(buf)), -ELOOP);
	assert_int_equal(safeio_read_below(dir, "../etc/passwd", buf, sizeof(buf)), -EXDEV);
	assert_int_equal(safeio_read_below(dir, "/etc/passwd", buf, sizeof(buf)), -EXDEV);
	assert_int_equal(safeio_read_below(dir, "in", buf, sizeof(buf)), -EINVAL);
	assert_int_equal(safeio_dir_below(dir, "dirlink"), -ELOOP);
	assert_int_equal(safeio_dir_below(dir, "in/f"), -ENOTDIR);
	close(dir);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, tree_setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_paths),	  TEST(test_not_regular), TEST(test_long_file),
		TEST(test_other_root),	  TEST(test_deleted_cwd), TEST(test_identity),
		TEST(test_changing_file), TEST(test_below),
	};

	proc = open("/proc", O_PATH | O_DIRECTORY);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
