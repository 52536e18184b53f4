// SPDX-License-Identifier: GPL-2.0
/* Paths seen on real machines or read in the sources (facts/builders.md sections 1.1, 4, 7). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "builder/cgpath.h"

#define ID25 "x4zv6b4uxwzjszyurq99a4orc"
#define HEX64 "97e3da29cd7912df8c8032131e081d42d47715d7a467b2a56847781e020c93fd"
#define UID "0a1b2c3d-0000-1111-2222-333344445555"
#define UID_ "0a1b2c3d_0000_1111_2222_333344445555"

struct row {
	const char *path;
	enum cgpath_kind kind;
	const char *id, *owner;
};

static const struct row rows[] = {
	{ "/", CGPATH_ROOT, NULL, "host" },
	{ "", CGPATH_ROOT, NULL, "host" },
	{ "/docker/buildkit/" ID25, CGPATH_BUILDKIT_STEP, ID25, "step" },
	{ "/zlim/buildkit/" ID25, CGPATH_BUILDKIT_STEP, ID25, "step" },
	{ "/buildkit/" ID25, CGPATH_BUILDKIT_STEP, ID25, "step" },
	{ "buildkit/" ID25 "/", CGPATH_BUILDKIT_STEP, ID25, "step" },
	{ "/system.slice/system.slice:docker:" ID25, CGPATH_BUILDKIT_STEP, ID25, "step" },
	{ "/system.slice/docker.service/system.slice:docker:" ID25, CGPATH_BUILDKIT_STEP, ID25,
	  "step" },
	{ "/docker/buildx/" HEX64 "/buildkit/" ID25, CGPATH_BUILDKIT_STEP, ID25, "step" },
	{ "/system.slice/docker-" HEX64 ".scope/buildkit/" ID25, CGPATH_BUILDKIT_STEP, ID25,
	  "step" },
	{ "/docker/buildkit/" ID25 "x", CGPATH_BUILDER, NULL, "cgroup" },
	{ "/docker/buildkit/X4zv6b4uxwzjszyurq99a4orc", CGPATH_BUILDER, NULL, "cgroup" },
	{ "/docker/" ID25, CGPATH_DOCKER, NULL, "cgroup" },
	{ "/docker/buildkit", CGPATH_BUILDER, NULL, "builder" },
	{ "/docker/buildx", CGPATH_BUILDER, NULL, "builder" },
	{ "/buildkit", CGPATH_BUILDER, NULL, "builder" },
	{ "/docker", CGPATH_DOCKER, NULL, "cgroup" },
	{ "/docker/buildx/" HEX64, CGPATH_BUILDX_BUILDER, HEX64, "builder" },
	{ "/docker/buildx/" HEX64 "/init", CGPATH_BUILDX_BUILDER, HEX64, "cgroup" },
	{ "/docker/" HEX64, CGPATH_DOCKER_CONTAINER, HEX64, "container" },
	{ "/docker/" HEX64 "/sub/dir", CGPATH_DOCKER_CONTAINER, HEX64, "cgroup" },
	{ "/docker/" HEX64 "/docker/buildkit/" ID25, CGPATH_BUILDKIT_STEP, ID25, "step" },
	{ "/docker/" HEX64 "/docker/buildkit", CGPATH_DOCKER_CONTAINER, HEX64, "builder" },
	{ "/ztest/" HEX64, CGPATH_DOCKER_CONTAINER, HEX64, "container" },
	{ "/system.slice/docker-" HEX64 ".scope", CGPATH_DOCKER_CONTAINER, HEX64, "container" },
	{ "/system.slice/docker-" HEX64 ".scope/init.scope", CGPATH_DOCKER_CONTAINER, HEX64,
	  "cgroup" },
	{ "/user.slice/user-1000.slice/user@1000.service/user.slice/docker-" HEX64 ".scope",
	  CGPATH_DOCKER_CONTAINER, HEX64, "container" },
	{ "/system.slice/docker-" HEX64 "0.scope", CGPATH_SCOPE, "docker-" HEX64 "0.scope",
	  "cgroup" },
	{ "/machine.slice/libpod-" HEX64 ".scope", CGPATH_PODMAN_CONTAINER, HEX64, "container" },
	{ "/libpod_parent/libpod-" HEX64, CGPATH_PODMAN_CONTAINER, HEX64, "container" },
	{ "/zshell/buildah-buildah3211251124", CGPATH_BUILDAH_STEP, "3211251124", "step" },
	{ "/system.slice/runc-buildah-buildah123.scope", CGPATH_BUILDAH_STEP, "123", "step" },
	{ "/system.slice/crun-buildah-buildah123.scope", CGPATH_BUILDAH_STEP, "123", "step" },
	{ "/user.slice/user-1000.slice/user@1000.service/user.slice/crun-buildah-buildah4567.scope", CGPATH_BUILDAH_STEP,
	  "4567", "step" },
	{ "/user.slice/user-1000.slice/user@1000.service/app.slice/runc-buildah-buildah89.scope", CGPATH_BUILDAH_STEP, "89",
	  "step" },
	{ "/zshell/buildah-buildah", CGPATH_OTHER, NULL, "cgroup" },
	{ "/zshell/buildah-buildah12x", CGPATH_OTHER, NULL, "cgroup" },
	{ "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_
	  ".slice/cri-containerd-" HEX64 ".scope",
	  CGPATH_POD_CONTAINER, HEX64, "pod" },
	{ "/kubepods.slice/kubepods-pod" UID_ ".slice/crio-" HEX64 ".scope", CGPATH_POD_CONTAINER,
	  HEX64, "pod" },
	{ "/kubepods.slice/kubepods-pod" UID_ ".slice/docker-" HEX64 ".scope", CGPATH_POD_CONTAINER,
	  HEX64, "pod" },
	{ "/kubepods/burstable/pod" UID "/" HEX64, CGPATH_POD_CONTAINER, HEX64, "pod" },
	{ "/kubepods/burstable/pod" UID "/" HEX64 "/buildkit/" ID25, CGPATH_BUILDKIT_STEP, ID25,
	  "step" },
	{ "/kubepods/burstable/pod" UID, CGPATH_POD, UID, "pod" },
	{ "/kubepods/pod" UID, CGPATH_POD, UID, "pod" },
	{ "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_ ".slice",
	  CGPATH_POD, UID_, "pod" },
	{ "/kubepods/burstable", CGPATH_POD, NULL, "pod" },
	{ "/kubepods.slice", CGPATH_POD, NULL, "pod" },
	{ "/docker/" HEX64 "/kubelet/kubepods/besteffort/pod" UID "/" HEX64, CGPATH_POD_CONTAINER,
	  HEX64, "pod" },
	{ "/system.slice/docker.service", CGPATH_DAEMON, "docker.service", "builder" },
	{ "/system.slice/ssh.service", CGPATH_SERVICE, "ssh.service", "cgroup" },
	{ "/system.slice", CGPATH_SLICE, "system.slice", "slice" },
	{ "/user.slice/user-1000.slice", CGPATH_SLICE, "user-1000.slice", "slice" },
	{ "/user.slice/user-1000.slice/session-3.scope", CGPATH_SCOPE, "session-3.scope",
	  "cgroup" },
	{ "/system.slice/actions.runner.org-repo.host.service", CGPATH_CI,
	  "actions.runner.org-repo.host.service", "ci" },
	{ "/actions_job", CGPATH_CI, "actions_job", "ci" },
	{ "/actions_job/" HEX64, CGPATH_DOCKER_CONTAINER, HEX64, "container" },
	{ "/zlim", CGPATH_OTHER, NULL, "cgroup" },
	{ "/zlim/a", CGPATH_OTHER, NULL, "cgroup" },
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		struct cgpath c = cgpath_classify(r->path);

		if (c.kind != r->kind)
			fail_msg("%s: %s, want %s", r->path, cgpath_kind_name(c.kind),
				 cgpath_kind_name(r->kind));
		if (!r->id != !c.id ||
		    (c.id && (c.id_len != strlen(r->id) || memcmp(c.id, r->id, c.id_len))))
			fail_msg("%s: id %.*s", r->path, (int)c.id_len, c.id ? c.id : "(none)");
		if (strcmp(cgpath_owner(r->path), r->owner))
			fail_msg("%s: owner %s, want %s", r->path, cgpath_owner(r->path), r->owner);
		assert_true(c.base_len <= strlen(r->path));
	}
	assert_int_equal(cgpath_classify(NULL).kind, CGPATH_ROOT);
}

static void test_base(void **state)
{
	struct cgpath c = cgpath_classify("/docker/" HEX64 "/a/b");

	(void)state;
	assert_int_equal(c.base_len, strlen("/docker/" HEX64));
	assert_int_equal(cgpath_classify("/zlim/a").base_len, strlen("/zlim/a"));
	assert_int_equal(cgpath_level("/docker/" HEX64 "/a.slice").kind, CGPATH_OTHER);
	assert_true(cgpath_is_below("/docker/x", "/docker"));
	assert_true(cgpath_is_below("/docker", "/docker/"));
	assert_true(cgpath_is_below("/docker", "/"));
	assert_false(cgpath_is_below("/docker2", "/docker"));
	assert_false(cgpath_is_below("/", "/docker"));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows),
					    cmocka_unit_test(test_base) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
