// SPDX-License-Identifier: GPL-2.0
/* What doctor learns of builders: versions, a daemon's options, programs that hang or chatter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "source/probe.h"
#include "fixture_tree.h"

static void version_is(const char *text, const char *want)
{
	char got[32] = "";

	assert_int_equal(probe_version(text, got, sizeof(got)), !!want);
	if (want)
		assert_string_equal(got, want);
}

static void test_version(void **state)
{
	(void)state;
	version_is("Docker version 20.10.24+dfsg1, build 297e128", "20.10.24+dfsg1");
	version_is("podman version 4.3.1\n", "4.3.1");
	version_is("buildah version 1.28.2 (image-spec 1.1.0)", "1.28.2");
	version_is("\"Version\": \"v0.13.1+ds1\",", "0.13.1+ds1");
	version_is("buildkitd github.com/moby/buildkit v0.12.5", "0.12.5");
	version_is("build 297e128", NULL);
	version_is("", NULL);
}

static void test_dockerd(void **state)
{
	static const char argv[] = "dockerd\0--data-root\0/d\0-H\0unix:///a.sock\0-H\0tcp://b\0--exec-opt="
				   "native.cgroupdriver=systemd\0--debug\0--cgroup-parent=/lim\0--host";
	struct probe_dockerd d = { 0 };
	struct fixture f;
	char path[256];

	(void)state;
	probe_dockerd_args(argv, sizeof(argv), &d);
	assert_string_equal(d.data_root, "/d");
	assert_string_equal(d.socket, "unix:///a.sock"); /* the first */
	assert_string_equal(d.cgroup_driver, "systemd");
	assert_string_equal(d.cgroup_parent, "/lim");
	fixture_init(&f);
	fixture_text(&f, "daemon.json", "{\"data-root\": \"/other\", \"storage-driver\": \"vfs\", \"hosts\": 3,"
					"\"exec-opts\": [\"x\", 1, \"native.cgroupdriver=cgroupfs\"]}");
	fixture_path(&f, "daemon.json", path, sizeof(path));
	assert_int_equal(probe_dockerd_config(path, &d), 0);
	assert_string_equal(d.data_root, "/d"); /* the command line wins */
	assert_string_equal(d.storage_driver, "vfs");
	memset(&d, 0, sizeof(d));
	assert_int_equal(probe_dockerd_config(path, &d), 0);
	assert_string_equal(d.cgroup_driver, "cgroupfs");
	assert_string_equal(d.socket, "");
	fixture_text(&f, "daemon.json", "{");
	assert_int_equal(probe_dockerd_config(path, &d), -EINVAL);
	probe_dockerd_args("dockerd\0--data-root\0/cut", 23, &d); /* no NUL at the end */
	assert_string_equal(d.data_root, "/other");
	fixture_done(&f);
}

static int sh(const char *script, char *buf, size_t size, int timeout_ms)
{
	char *argv[] = { "sh", "-c", (char *)script, NULL };

	return probe_run("/bin/sh", argv, buf, size, timeout_ms);
}

static void test_run(void **state)
{
	char out[16];

	(void)state;
	assert_int_equal(sh("echo hello; echo noise >&2", out, sizeof(out), 20000), 0);
	assert_string_equal(out, "hello\n");
	assert_int_equal(WEXITSTATUS(sh("exit 9", out, sizeof(out), 20000)), 9);
	assert_int_equal(sh("yes | head -c 300000", out, sizeof(out), 20000), 0); /* more than fits */
	assert_int_equal(strlen(out), sizeof(out) - 1);
	assert_int_equal(sh("echo x; sleep 600 & wait", out, sizeof(out), 100), -ETIMEDOUT);
	assert_string_equal(out, "x\n");
	assert_int_equal(sh("exec >/dev/null; sleep 600", out, sizeof(out), 100), -ETIMEDOUT);
	assert_int_equal(sh("echo $HOME", out, sizeof(out), 20000), 0);
	assert_string_equal(out, "/nonexistent\n");
	assert_int_equal(WEXITSTATUS(probe_run("/nonexistent", (char *[]){ "x", NULL }, out, sizeof(out), 20000)), 127);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_version), cmocka_unit_test(test_dockerd), cmocka_unit_test(test_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
