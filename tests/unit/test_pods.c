// SPDX-License-Identifier: GPL-2.0
/* Names of pods: from the kubelet's directories, and which pod a cgroup's path lies in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builder/cgpath.h"
#include "source/pods.h"
#include "trace/event.h"

#define UID "3f2e1d0c-9b8a-4756-8493-a2b1c0d9e8f7"
#define ID "5e1f0c7a9b3d2846e0f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f7"

struct told {
	unsigned int n;
	char text[8][512]; /* key=value */
};

static int take(void *ctx, const struct zt_ev *ev)
{
	struct told *t = ctx;
	const char *s[2];

	assert_int_equal(ev->kind, ZT_fact);
	assert_int_equal(ev_tail_strings(ev, s, 2), 2);
	assert_true(t->n < 8);
	snprintf(t->text[t->n++], sizeof(t->text[0]), "%s=%s", s[0], s[1]);
	return 0;
}

static void entry(const char *root, const char *dir, const char *name)
{
	char path[1024];
	const char *p = dir;

	do { /* each directory on the way */
		p = strchr(p + 1, '/');
		snprintf(path, sizeof(path), "%s/%.*s", root, p ? (int)(p - dir) : (int)strlen(dir), dir);
		mkdir(path, 0700);
	} while (p);
	snprintf(path, sizeof(path), "%s/%s/%s", root, dir, name);
	assert_int_equal(mkdir(path, 0700), 0);
}

static bool was_told(const struct told *t, const char *text)
{
	for (unsigned int i = 0; i < t->n; i++)
		if (!strcmp(t->text[i], text))
			return true;
	return false;
}

static void from_directories(void **state)
{
	char root[] = "/tmp/ztrace-pods-XXXXXX", with_slash[64], command[128];
	struct told t = { 0 };

	(void)state;
	assert_non_null(mkdtemp(root));
	snprintf(with_slash, sizeof(with_slash), "%s/", root);
	assert_int_equal(pods_tell(with_slash, take, &t), 0); /* no kubelet */
	assert_int_equal(t.n, 0);
	entry(root, "var/log/pods", "ci_api-build.x_" UID);
	entry(root, "var/log/containers", "api-build.x_ci_build-step-" ID ".log");
	entry(root, "var/log/pods", "ci_evil\n::error_" UID);
	entry(root, "var/log/pods", "ci__" UID);
	entry(root, "var/log/pods", "ci_pod_nouid");
	entry(root, "var/log/pods", "noise");
	entry(root, "var/log/containers", "pod_ci_-" ID ".log");
	entry(root, "var/log/containers", "pod_ci_c-0123.log");
	entry(root, "var/log/containers", "Pod_ci_c-" ID ".log");
	assert_int_equal(pods_tell(with_slash, take, &t), 0);
	assert_int_equal(t.n, 2);
	assert_true(was_told(&t, "pod." UID "=ci/api-build.x"));
	assert_true(was_told(&t, "container." ID "=ci/api-build.x/build-step"));
	snprintf(command, sizeof(command), "rm -rf %s", root);
	assert_int_equal(system(command), 0);
}

static void by_path(void **state)
{
	static const char *const in[] = {
		"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod3f2e1d0c_9b8a_4756_8493_a2b1c0d9e8f7.slice",
		"/kubepods.slice/kubepods-pod3f2e1d0c_9b8a_4756_8493_a2b1c0d9e8f7.slice/cri-containerd-" ID ".scope",
		"/kubepods/besteffort/pod" UID "/" ID "/init",
		"/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod3f2e1d0c_9b8a_4756_8493_a2b1c0d9e8f7.slice",
	};
	static const char *const out[] = { "/", "", "/kubepods/burstable", "/docker/" ID, "/pod" UID, "/system.slice/pod" UID };
	char uid[CGPATH_UID_LEN];

	(void)state;
	for (size_t i = 0; i < sizeof(in) / sizeof(in[0]); i++) {
		assert_true(cgpath_pod(in[i], uid));
		assert_string_equal(uid, UID);
		assert_true(cgpath_pod(in[i], NULL));
	}
	for (size_t i = 0; i < sizeof(out) / sizeof(out[0]); i++)
		assert_false(cgpath_pod(out[i], uid));
	assert_false(cgpath_pod(NULL, uid));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(from_directories),
		cmocka_unit_test(by_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
