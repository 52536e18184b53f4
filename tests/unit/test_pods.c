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

static void file(const char *root, const char *dir, const char *name, const char *text)
{
	char path[1024];
	FILE *f;

	entry(root, dir, name);
	snprintf(path, sizeof(path), "%s/%s/%s", root, dir, name);
	assert_int_equal(rmdir(path), 0);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void remove_tree(const char *root)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", root);
	assert_int_equal(system(command), 0);
}

#define CONTAINERD "run/containerd/io.containerd.runtime.v2.task/k8s.io/"
#define K3S "run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io/"
#define CRIO "run/containers/storage/overlay-containers/"
#define STATIC_UID "0f1e2d3c4b5a69788796a5b4c3d2e1f0"

/* As containerd 1.7 and CRI-O write it, with what is not asked for left out */
static const char containerd_config[] =
	"{\"ociVersion\":\"1.1.0\",\"process\":{\"args\":[\"make\"]},\"annotations\":{\"io.kubernetes.cri.container-name\":\"step\","
	"\"io.kubernetes.cri.container-type\":\"container\",\"io.kubernetes.cri.image-name\":\"x:1\",\"io.kubernetes.cri.sandbox-id\":\"" ID
	"\",\"io.kubernetes.cri.sandbox-name\":\"build-1\",\"io.kubernetes.cri.sandbox-namespace\":\"ci\","
	"\"io.kubernetes.cri.sandbox-uid\":\"" UID "\"}}";
static const char crio_config[] =
	"{\"annotations\":{\"io.kubernetes.container.name\":\"etcd\",\"io.kubernetes.cri-o.ContainerType\":\"container\","
	"\"io.kubernetes.pod.name\":\"etcd-node1\",\"io.kubernetes.pod.namespace\":\"kube-system\",\"io.kubernetes.pod.uid\":\"" STATIC_UID
	"\"}}";
static const char crio_sandbox[] =
	"{\"annotations\":{\"io.kubernetes.container.name\":\"POD\",\"io.kubernetes.cri-o.ContainerType\":\"sandbox\","
	"\"io.kubernetes.pod.name\":\"other\",\"io.kubernetes.pod.namespace\":\"ci\",\"io.kubernetes.pod.uid\":\"" UID "\"}}";

static bool was_told(const struct told *t, const char *text)
{
	for (unsigned int i = 0; i < t->n; i++)
		if (!strcmp(t->text[i], text))
			return true;
	return false;
}

static void from_directories(void **state)
{
	char root[] = "/tmp/ztrace-pods-XXXXXX", with_slash[64];
	struct told t = { 0 };

	(void)state;
	assert_non_null(mkdtemp(root));
	snprintf(with_slash, sizeof(with_slash), "%s/", root);
	assert_int_equal(pods_tell(with_slash, NULL, take, &t), 0); /* no kubelet */
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
	assert_int_equal(pods_tell(with_slash, NULL, take, &t), 0);
	assert_int_equal(t.n, 2);
	assert_true(was_told(&t, "pod." UID "=ci/api-build.x"));
	assert_true(was_told(&t, "container." ID "=ci/api-build.x/build-step"));
	/* the runtime is asked only where the kubelet's links are not seen */
	file(root, CONTAINERD ID, "config.json", containerd_config);
	t.n = 0;
	assert_int_equal(pods_tell(with_slash, NULL, take, &t), 0);
	assert_int_equal(t.n, 2);
	remove_tree(root);
}

static void from_containerd(void **state)
{
	static const char *const dirs[] = { CONTAINERD ID, K3S ID };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		char root[] = "/tmp/ztrace-pods-XXXXXX";
		struct told t = { 0 };

		assert_non_null(mkdtemp(root));
		file(root, dirs[i], "config.json", containerd_config);
		assert_int_equal(pods_tell(root, NULL, take, &t), 0);
		assert_int_equal(t.n, 2);
		assert_true(was_told(&t, "pod." UID "=ci/build-1"));
		assert_true(was_told(&t, "container." ID "=ci/build-1/step"));
		remove_tree(root);
	}
}

static void from_crio(void **state)
{
	char root[] = "/tmp/ztrace-pods-XXXXXX";
	char other[] = ID;
	char dir[256];
	struct told t = { 0 };

	(void)state;
	other[0] = '0';
	assert_non_null(mkdtemp(root));
	file(root, CRIO ID "/userdata", "config.json", crio_config);
	snprintf(dir, sizeof(dir), CRIO "%s/userdata", other);
	file(root, dir, "config.json", crio_sandbox);
	assert_int_equal(pods_tell(root, NULL, take, &t), 0);
	assert_int_equal(t.n, 3);
	assert_true(was_told(&t, "pod." STATIC_UID "=kube-system/etcd-node1"));
	assert_true(was_told(&t, "container." ID "=kube-system/etcd-node1/etcd"));
	assert_true(was_told(&t, "pod." UID "=ci/other"));
	remove_tree(root);
}

/* Nothing is believed that is not a name, nothing read that is not a plain file there */
static void from_hostile_runtimes(void **state)
{
	static const char *const texts[] = {
		"", "{", "[]", "{\"annotations\":[]}", "{\"annotations\":{\"io.kubernetes.cri.sandbox-name\":7}}",
		"{\"annotations\":{\"io.kubernetes.cri.sandbox-name\":\"a\\n::error\",\"io.kubernetes.cri.sandbox-namespace\":\"ci\","
		"\"io.kubernetes.cri.sandbox-uid\":\"" UID "\"}}",
		"{\"annotations\":{\"io.kubernetes.cri.sandbox-name\":\"a_b\",\"io.kubernetes.cri.sandbox-namespace\":\"ci\","
		"\"io.kubernetes.cri.sandbox-uid\":\"" UID "\",\"io.kubernetes.cri.container-name\":\"../../x\"}}",
		"{\"annotations\":{\"io.kubernetes.cri.sandbox-name\":\"a\",\"io.kubernetes.cri.sandbox-namespace\":\"ci\","
		"\"io.kubernetes.cri.sandbox-uid\":\"1234\"}}",
	};
	char path[512], aside[64];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) + 2; i++) {
		char root[] = "/tmp/ztrace-pods-XXXXXX";
		struct told t = { 0 };

		assert_non_null(mkdtemp(root));
		snprintf(path, sizeof(path), "%s/" CONTAINERD ID "/config.json", root);
		if (i < sizeof(texts) / sizeof(texts[0])) {
			file(root, CONTAINERD ID, "config.json", texts[i]);
		} else if (i % 2) {
			entry(root, CONTAINERD ID, "x");
			assert_int_equal(mkfifo(path, 0600), 0);
		} else {
			entry(root, CONTAINERD ID, "x");
			file(root, "aside", "config.json", containerd_config);
			snprintf(aside, sizeof(aside), "%s/aside/config.json", root);
			assert_int_equal(symlink(aside, path), 0);
		}
		assert_int_equal(pods_tell(root, NULL, take, &t), 0);
		assert_int_equal(t.n, 0);
		remove_tree(root);
	}
}

static void process(const char *root, const char *pid, const char *comm, const char *cgroup, const char *its_root)
{
	char dir[64], text[512], link[256];

	snprintf(dir, sizeof(dir), "proc/%s", pid);
	snprintf(text, sizeof(text), "%s (%s) S 1 1 1 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 100 0 0\n", pid, comm);
	file(root, dir, "stat", text);
	file(root, dir, "cgroup", cgroup);
	snprintf(link, sizeof(link), "%s/%s/root", root, dir);
	assert_int_equal(symlink(its_root, link), 0);
}

/* ztrace in a container, or a node that is one: by the kubelet's own root; not by that of one in a pod, who only says so */
static void by_the_kubelet(void **state)
{
	char root[] = "/tmp/ztrace-pods-XXXXXX", path[128];
	struct told t = { 0 };
	struct procfs p;

	(void)state;
	assert_non_null(mkdtemp(root));
	snprintf(path, sizeof(path), "%s/node", root);
	file(root, "node/" CONTAINERD ID, "config.json", containerd_config);
	process(root, "12", "kubelet", "0::/docker/x/kubelet.slice/kubelet.service\n", path);
	snprintf(path, sizeof(path), "%s/pod", root);
	file(root, "pod/" CRIO ID "/userdata", "config.json", crio_config);
	process(root, "13", "kubelet", "0::/kubepods/burstable/pod" UID "/" ID "\n", path);
	process(root, "14", "bash", "0::/\n", path);
	snprintf(path, sizeof(path), "%s/proc", root);
	assert_int_equal(procfs_open(&p, path), 0);
	assert_int_equal(pods_tell("/nonexistent", &p, take, &t), 0);
	assert_int_equal(t.n, 0);
	assert_int_equal(pods_tell(root, &p, take, &t), 0);
	procfs_close(&p);
	assert_int_equal(t.n, 2);
	assert_true(was_told(&t, "container." ID "=ci/build-1/step"));
	remove_tree(root);
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
	assert_true(cgpath_pod("/kubepods/burstable/pod" STATIC_UID "/" ID, uid));
	assert_string_equal(uid, STATIC_UID);
	assert_true(cgpath_pod("/kubepods.slice/kubepods-pod" STATIC_UID ".slice", uid));
	assert_string_equal(uid, STATIC_UID);
	for (size_t i = 0; i < sizeof(out) / sizeof(out[0]); i++)
		assert_false(cgpath_pod(out[i], uid));
	assert_false(cgpath_pod(NULL, uid));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(from_directories),
		cmocka_unit_test(from_containerd),
		cmocka_unit_test(from_crio),
		cmocka_unit_test(from_hostile_runtimes),
		cmocka_unit_test(by_the_kubelet),
		cmocka_unit_test(by_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
