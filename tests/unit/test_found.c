/* SPDX-License-Identifier: GPL-2.0 */
/* What advice is checked against: the daemon's version over its socket, the disk below a folder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "source/found.h"
#include "tmptree.h"

static const char mounts[] = "rootfs / rootfs rw 0 0\n/dev/vda / ext4 rw 0 0\nproc /proc proc rw 0 0\n"
			     "tank /var/lib/docker zfs rw 0 0\ntmpfs /var tmpfs rw 0 0\nbad\n/dev/b /v xfs rw 0 0\n";

static void the_disk_below(void **state)
{
	char type[32];

	(void)state;
	assert_true(found_fs_type(mounts, "/", type, sizeof(type)));
	assert_string_equal(type, "ext4"); /* mounted over rootfs */
	assert_true(found_fs_type(mounts, "/var/lib", type, sizeof(type)));
	assert_string_equal(type, "tmpfs");
	assert_true(found_fs_type(mounts, "/var/lib/docker/x", type, sizeof(type)));
	assert_string_equal(type, "zfs");
	assert_true(found_fs_type(mounts, "/variable", type, sizeof(type)));
	assert_string_equal(type, "ext4");
	assert_false(found_fs_type("", "/", type, sizeof(type)));
	assert_false(found_fs_type("a\nb c\n", "/", type, sizeof(type)));
}

/* One client, one answer; NULL: none, ever. */
static pid_t serve(const char *path, const char *answer)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), c;
	char buf[512];
	pid_t pid;

	strcpy(a.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 1), 0);
	pid = fork();
	if (pid) {
		close(fd);
		return pid;
	}
	c = accept(fd, NULL, NULL);
	if (!answer || read(c, buf, sizeof(buf)) <= 0)
		pause();
	if (write(c, answer, strlen(answer)) < 0)
		_exit(1);
	_exit(0);
}

static void the_daemons_version(void **state)
{
	static const struct {
		const char *answer, *version;
	} cases[] = {
		{ "HTTP/1.0 200 OK\r\nA: b\r\n\r\n{\"Platform\":{},\"Version\":\"28.5.2\",\"Os\":\"linux\"}\n", "28.5.2" },
		{ "HTTP/1.0 403 no\r\n\r\n{\"message\":\"no\"}", NULL },
		{ "HTTP/1.0 200 OK\r\n\r\n{\"Version\":[1]}", NULL },
		{ "rubbish", NULL },
		{ "", NULL },
		{ NULL, NULL },
	};
	char version[64];

	(void)state;
	for (size_t n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
		const char *path = tree_path("s%zu", n);
		pid_t pid = serve(path, cases[n].answer);
		bool known = found_docker_version(path, version, sizeof(version));

		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		assert_int_equal(known, cases[n].version != NULL);
		if (known)
			assert_string_equal(version, cases[n].version);
	}
	assert_false(found_docker_version("/nowhere", version, sizeof(version)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_disk_below), cmocka_unit_test_setup_teardown(the_daemons_version, tree_setup, tree_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
