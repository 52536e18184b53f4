// SPDX-License-Identifier: GPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "builder/client.h"
#include "builder/engine.h"

/* Words NUL-separated; the literal's own NUL is the one behind the last word. */
#define ARGV(lit) lit, sizeof(lit)

struct row {
	const char *argv;
	size_t len;
	enum client_kind kind;
	const char *dockerfile, *context;
};

static const struct row rows[] = {
	{ ARGV("docker\0build\0."), CLIENT_DOCKER_BUILD, "Dockerfile", "." },
	{ ARGV("/usr/bin/docker\0build\0-f\0x/D\0-t\0a:1\0ctx"), CLIENT_DOCKER_BUILD, "x/D",
	  "ctx" },
	{ ARGV("docker\0-H\0tcp://h:1\0--context=c\0-D\0-l\0warn\0--config\0/"
	       "c\0image\0build\0ctx/"),
	  CLIENT_DOCKER_BUILD, "ctx/Dockerfile", "ctx/" },
	{ ARGV("docker\0builder\0build\0/abs"), CLIENT_DOCKER_BUILD, "/abs/Dockerfile", "/abs" },
	{ ARGV("docker\0build\0-qf\0my.df\0."), CLIENT_DOCKER_BUILD, "my.df", "." },
	{ ARGV("docker\0build\0-fmy.df\0."), CLIENT_DOCKER_BUILD, "my.df", "." },
	{ ARGV("docker\0build\0-f=my.df\0."), CLIENT_DOCKER_BUILD, "my.df", "." },
	{ ARGV("docker\0build\0--file=./my.df\0."), CLIENT_DOCKER_BUILD, "my.df", "." },
	{ ARGV("docker\0build\0.\0-f\0my.df"), CLIENT_DOCKER_BUILD, "my.df", "." },
	{ ARGV("docker\0build\0--no-cache\0--pull\0--rm=false\0src"), CLIENT_DOCKER_BUILD,
	  "src/Dockerfile", "src" },
	{ ARGV("docker\0build\0--\0-odd"), CLIENT_DOCKER_BUILD, "-odd/Dockerfile", "-odd" },
	{ ARGV("docker\0build\0--future-switch\0src"), CLIENT_DOCKER_BUILD, "src/Dockerfile",
	  "src" },
	{ ARGV("docker\0build\0--future-value\0v\0src"), CLIENT_DOCKER_BUILD, "src/Dockerfile",
	  "src" },
	{ ARGV("docker\0build\0-"), CLIENT_DOCKER_BUILD, "", "-" },
	{ ARGV("docker\0build\0-f\0-\0."), CLIENT_DOCKER_BUILD, "", "." },
	{ ARGV("docker\0build\0https://github.com/a/b.git#main:dir"), CLIENT_DOCKER_BUILD, "",
	  "https://github.com/a/b.git#main:dir" },
	{ ARGV("docker\0build\0git@github.com:a/b.git"), CLIENT_DOCKER_BUILD, "",
	  "git@github.com:a/b.git" },
	{ ARGV("docker\0build\0-f\0/local/D\0git://h/r"), CLIENT_DOCKER_BUILD, "/local/D",
	  "git://h/r" },
	{ ARGV("docker\0build"), CLIENT_DOCKER_BUILD, "", NULL },
	{ ARGV("docker\0buildx\0build\0--builder\0b\0-o\0type=docker\0."), CLIENT_BUILDX_BUILD,
	  "Dockerfile", "." },
	{ ARGV("docker\0buildx\0--builder\0b\0b\0."), CLIENT_BUILDX_BUILD, "Dockerfile", "." },
	{ ARGV("/usr/libexec/docker/cli-plugins/docker-buildx\0buildx\0build\0-t\0x\0."),
	  CLIENT_BUILDX_BUILD, "Dockerfile", "." },
	{ ARGV("docker-buildx\0build\0."), CLIENT_BUILDX_BUILD, "Dockerfile", "." },
	{ ARGV("docker\0buildx\0debug\0--on=error\0build\0."), CLIENT_BUILDX_BUILD, "Dockerfile",
	  "." },
	{ ARGV("docker\0buildx\0bake\0-f\0x"), CLIENT_NONE, NULL, NULL },
	{ ARGV("docker-buildx\0bake\0--file\0-"), CLIENT_NONE, NULL, NULL },
	{ ARGV("docker\0compose\0build"), CLIENT_NONE, NULL, NULL },
	{ ARGV("podman\0--root\0/r\0--storage-driver=vfs\0build\0--layers\0-t\0x\0ctx"), CLIENT_PODMAN, "ctx/Dockerfile",
	  "ctx" },
	{ ARGV("podman\0build"), CLIENT_PODMAN, "Dockerfile", "." },
	{ ARGV("podman\0image\0build\0-f\0a/C\0-v\0/x:/x\0--isolation\0chroot\0."), CLIENT_PODMAN, "a/C", "." },
	{ ARGV("/usr/bin/buildah\0bud\0--runtime\0runc\0--target\0t\0src"), CLIENT_BUILDAH, "src/Dockerfile", "src" },
	{ ARGV("buildah\0build-using-dockerfile\0-m\0001g\0--jobs\0002\0src"), CLIENT_BUILDAH, "src/Dockerfile", "src" },
	{ ARGV("buildah\0bud\0-f\0base/A\0-f\0app/B\0src"), CLIENT_BUILDAH, "app/B", "src" },
	{ ARGV("buildah\0from\0x"), CLIENT_NONE, NULL, NULL },
	{ ARGV("podman\0run\0build"), CLIENT_NONE, NULL, NULL },
	{ ARGV("buildah-chroot-exec\0build"), CLIENT_NONE, NULL, NULL },
	{ ARGV("/kaniko/executor\0--dockerfile=D\0--context\0dir:///w\0--destination\0r/x"), CLIENT_KANIKO, "D", "/w" },
	{ ARGV("/kaniko/executor\0-d\0r/x"), CLIENT_KANIKO, "/workspace/Dockerfile", "/workspace" },
	{ ARGV("executor\0-d\0x"), CLIENT_NONE, NULL, NULL },
	{ ARGV("buildctl\0--addr\0unix:///b.sock\0build\0--frontend\0dockerfile.v0\0--local\0context=src\0--local\0dockerfile=."),
	  CLIENT_BUILDCTL, "Dockerfile", "src" },
	{ ARGV("/usr/bin/buildctl\0--debug\0b\0--frontend=dockerfile.v0\0--opt\0filename=D\0--opt=target=t\0--local=dockerfile=x\0"
	       "--no-cache\0--local=context=y"), CLIENT_BUILDCTL, "x/D", "y" },
	{ ARGV("buildctl\0build\0--local\0context=y"), CLIENT_BUILDCTL, "", "y" },
	{ ARGV("buildctl\0build\0--frontend\0dockerfile.v0\0--opt\0context=https://h/r.git"), CLIENT_BUILDCTL, "", NULL },
	{ ARGV("buildctl\0du"), CLIENT_NONE, NULL, NULL },
	{ ARGV("buildctl\0--addr\0build"), CLIENT_NONE, NULL, NULL },
	{ ARGV("docker\0run\0build\0."), CLIENT_NONE, NULL, NULL },
	{ ARGV("docker\0image\0ls\0build"), CLIENT_NONE, NULL, NULL },
	{ ARGV("docker"), CLIENT_NONE, NULL, NULL },
	{ ARGV("dockerd\0build"), CLIENT_NONE, NULL, NULL },
	{ ARGV("sh\0-c\0docker build ."), CLIENT_NONE, NULL, NULL },
	{ "", 0, CLIENT_NONE, NULL, NULL },
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		struct client_cmd c;
		bool is = client_parse(r->argv, r->len, false, &c);

		if (is != (r->kind != CLIENT_NONE) || c.kind != r->kind)
			fail_msg("row %zu: kind %d", i, c.kind);
		if (!is)
			continue;
		if (strcmp(c.dockerfile, r->dockerfile))
			fail_msg("row %zu: Dockerfile %s, want %s", i, c.dockerfile, r->dockerfile);
		if (!r->context != !c.context || (c.context && strcmp(c.context, r->context)))
			fail_msg("row %zu: context %s", i, c.context ? c.context : "(none)");
	}
}

static void test_details(void **state)
{
	static const char argv[] =
		"docker\0-H\0unix:///x\0build\0-m\0"
		"64m\0--memory-swap=1g\0--cgroup-parent\0/p\0--target\0T\0-t\0a\0--tag=b"
		"\0--build-arg\0A=1\0--build-arg\0FROM_ENV\0--build-arg=B=x "
		"y\0--progress=plain\0--network\0none\0"
		"--platform\0linux/arm64\0--no-cache=false\0-q\0--label\0a=b\0--label=c\0--label\0a=d\0--label\0=e\0.";
	static const char want[] = "A=1\0B=x y\0";
	struct client_cmd c;

	(void)state;
	assert_true(client_parse(argv, sizeof(argv), false, &c));
	assert_string_equal(c.host, "unix:///x");
	assert_string_equal(c.memory, "64m");
	assert_string_equal(c.memory_swap, "1g");
	assert_string_equal(c.cgroup_parent, "/p");
	assert_string_equal(c.target, "T");
	assert_int_equal(c.ntags, 2);
	assert_string_equal(c.tags[0], "a");
	assert_string_equal(c.tags[1], "b");
	assert_int_equal(c.nlabels, 2); /* of two keys; one without a key is none */
	assert_int_equal(c.build_args_bytes, sizeof(want) - 1);
	assert_memory_equal(c.build_args, want, sizeof(want));
	assert_true(c.build_args_env);
	assert_string_equal(c.progress, "plain");
	assert_string_equal(c.network, "none");
	assert_string_equal(c.platform, "linux/arm64");
	assert_false(c.no_cache);
	assert_true(c.quiet);
	assert_false(c.dockerfile_stdin || c.remote);
}

static void test_where(void **state)
{
	static const char stdin_file[] = "docker\0build\0-f-\0.", tar[] = "docker\0build\0-f\0D\0-",
			  url[] = "docker\0build\0HTTPS://x/y",
			  many[] = "docker\0build\0-f\0D\0--build-arg\0A";
	struct client_cmd c;

	(void)state;
	assert_true(client_parse(stdin_file, sizeof(stdin_file), false, &c) && c.dockerfile_stdin);
	assert_true(client_parse(tar, sizeof(tar), false, &c) && c.dockerfile_stdin &&
		    !*c.dockerfile);
	assert_true(client_parse(url, sizeof(url), false, &c) && c.remote);
	/* A cut argv: -f was seen, but not the context. */
	assert_true(client_parse(many, sizeof(many), true, &c) && c.truncated && !c.context);
	assert_string_equal(c.dockerfile, "D");
}

static void test_overflow(void **state)
{
	static char argv[64 * 1024];
	size_t n = 0;
	struct client_cmd c;

	(void)state;
	memcpy(argv, "docker\0build", 13);
	n = 13;
	for (int i = 0; i < 100; i++) {
		memcpy(argv + n, "--build-arg", 12);
		memset(argv + n + 12, 'v', 200);
		argv[n + 13] = '=';
		n += 12 + 201;
	}
	memset(argv + n, '/', 5000);
	n += 5001;
	assert_true(client_parse(argv, n, false, &c));
	assert_true(c.build_args_cut);
	assert_int_equal(c.build_args[c.build_args_bytes], 0);
	assert_int_equal(c.build_args[c.build_args_bytes - 1], 0);
	assert_string_equal(c.dockerfile, "");
}

static void test_runtime(void **state)
{
	static const char
		run[] = "runc\0--log\0/var/lib/docker/buildkit/executor/"
			"runc-log.json\0--log-format\0json\0run\0"
			"--bundle\0/var/lib/docker/buildkit/executor/abc\0--keep\0abc",
		kill9[] = "/usr/sbin/runc\0--root\0/run/r\0--log=/l\0kill\0--all\0abc\0KILL",
		create[] = "runc\0--root\0/r\0--systemd-cgroup\0create\0--bundle\0/b\0--pid-file\0/"
			   "b/init.pid\0id",
		crun[] = "/usr/bin/crun\0--cgroup-manager=systemd\0start\0xyz",
		init[] = "runc\0init", init2[] = "/proc/self/exe\0init", list[] = "runc\0list",
		no[] = "runcible\0run", none[] = "runc\0--log\0x";
	struct runtime_cmd c;

	(void)state;
	assert_true(runtime_parse(run, sizeof(run), &c));
	assert_int_equal(c.verb, RUNTIME_RUN);
	assert_string_equal(c.id, "abc");
	assert_string_equal(c.bundle, "/var/lib/docker/buildkit/executor/abc");
	assert_true(runtime_parse(kill9, sizeof(kill9), &c));
	assert_int_equal(c.verb, RUNTIME_KILL);
	assert_string_equal(c.id, "abc");
	assert_int_equal(c.signal, 9);
	assert_true(c.kill_all);
	assert_string_equal(c.root, "/run/r");
	assert_true(runtime_parse(create, sizeof(create), &c));
	assert_true(c.verb == RUNTIME_RUN && c.systemd_cgroup);
	assert_string_equal(c.id, "id");
	assert_true(runtime_parse(crun, sizeof(crun), &c));
	assert_true(c.program == RUNTIME_CRUN && c.verb == RUNTIME_START && c.systemd_cgroup);
	assert_true(runtime_parse(init, sizeof(init), &c) && c.verb == RUNTIME_INIT);
	assert_true(is_runtime_init(init2, sizeof(init2)));
	assert_false(is_runtime_init(run, sizeof(run)));
	assert_true(runtime_parse(list, sizeof(list), &c) && c.verb == RUNTIME_OTHER);
	assert_false(runtime_parse(no, sizeof(no), &c));
	assert_false(runtime_parse(none, sizeof(none), &c));
	assert_false(runtime_parse("", 0, &c));
}

static void test_daemon(void **state)
{
	static const char shim[] =
		"/usr/bin/containerd-shim-runc-v2\0-namespace\0moby\0-id\0c0ffee\0-address\0/s",
			  old[] = "containerd-shim\0-namespace\0moby\0-workdir\0/v/moby/"
				  "c0ffee\0-address\0/s",
			  conmon[] = "/usr/bin/conmon\0--api-version\0"
				     "1\0-c\0c0ffee\0-u\0c0ffee",
			  dockerd[] = "/usr/sbin/dockerd\0-H\0fd://",
			  chroot[] = "buildah-chroot-exec", sh[] = "sh\0-c\0dockerd";
	struct daemon_cmd d;

	(void)state;
	assert_true(daemon_parse(shim, sizeof(shim), &d) && d.kind == DAEMON_CONTAINERD_SHIM);
	assert_string_equal(d.id, "c0ffee");
	assert_string_equal(d.namespace, "moby");
	assert_true(daemon_parse(old, sizeof(old), &d));
	assert_string_equal(d.id, "c0ffee");
	assert_true(daemon_parse(conmon, sizeof(conmon), &d) && d.kind == DAEMON_CONMON);
	assert_string_equal(d.id, "c0ffee");
	assert_true(daemon_parse(dockerd, sizeof(dockerd), &d) && d.kind == DAEMON_DOCKERD);
	assert_true(daemon_parse(chroot, sizeof(chroot), &d) && d.kind == DAEMON_BUILDAH_CHROOT);
	assert_false(daemon_parse(sh, sizeof(sh), &d));
}

static void test_timeout(void **state)
{
	static const char plain[] = "timeout\0"
				    "10m\0make",
			  sig[] = "/usr/bin/timeout\0-s\0KILL\0--foreground\0"
				  "0.5\0sh\0-c\0x",
			  both[] = "timeout\0--signal=INT\0-k5\0"
				   "1h\0x",
			  box[] = "busybox\0timeout\0-sKILL\0"
				  "3\0x",
			  bad[] = "timeout\0soon\0x",
			  no[] = "timeoutd\0"
				 "1\0x",
			  alone[] = "timeout\0--help";
	struct timeout_cmd t;

	(void)state;
	assert_true(timeout_parse(plain, sizeof(plain), &t));
	assert_true(t.signal == 15 && t.duration_s == 600 && t.kill_after_s < 0);
	assert_string_equal(t.command, "make");
	assert_true(timeout_parse(sig, sizeof(sig), &t) && t.signal == 9 && t.duration_s == 0.5);
	assert_string_equal(t.command, "sh");
	assert_true(timeout_parse(both, sizeof(both), &t));
	assert_true(t.signal == 2 && t.kill_after_s == 5 && t.duration_s == 3600);
	assert_true(timeout_parse(box, sizeof(box), &t) && t.signal == 9 && t.duration_s == 3);
	assert_true(timeout_parse(bad, sizeof(bad), &t) && t.duration_s < 0);
	assert_false(timeout_parse(no, sizeof(no), &t));
	assert_false(timeout_parse(alone, sizeof(alone), &t));
	assert_int_equal(signal_number("SIGKILL"), 9);
	assert_int_equal(signal_number("kill"), 9);
	assert_int_equal(signal_number("15"), 15);
	assert_int_equal(signal_number("0"), 0);
	assert_int_equal(signal_number("9x"), 0);
	assert_int_equal(signal_number("NOPE"), 0);
}

static void engines(void **state)
{
	struct engine_cmd e;
	char many[4000] = "dockerd";
	size_t n = sizeof("dockerd");

	(void)state;
	assert_true(engine_parse(ARGV("/usr/sbin/dockerd\0-H\0fd://\0--containerd=/run/c.sock\0--host=tcp://h:1\0--data-root\0/d"), &e));
	assert_false(e.buildkitd);
	assert_string_equal(e.hosts, "fd://");
	assert_string_equal(e.hosts + sizeof("fd://"), "tcp://h:1");
	assert_int_equal(e.hosts_bytes, sizeof("fd://") + sizeof("tcp://h:1"));
	assert_string_equal(e.root, "/d");
	assert_true(engine_parse(ARGV("dockerd\0--data-root"), &e));
	assert_int_equal(e.hosts_bytes, 0);
	assert_null(e.root);
	assert_true(engine_parse(ARGV("buildkitd\0--addr\0unix:///x\0-H\0unix:///y\0--root=/r"), &e));
	assert_true(e.buildkitd);
	assert_int_equal(e.hosts_bytes, sizeof("unix:///x"));
	assert_string_equal(e.root, "/r");
	assert_false(engine_parse(ARGV("docker\0-H\0unix:///x\0build\0."), &e));
	assert_false(engine_parse("", 0, &e));
	/* more than fits: the first ones stay, and the list has its end */
	while (n + 40 < sizeof(many)) {
		n += strlen(strcpy(many + n, "-H")) + 1;
		n += strlen(strcpy(many + n, "unix:///run/another.sock")) + 1;
	}
	assert_true(engine_parse(many, n, &e));
	assert_true(e.hosts_bytes < sizeof(e.hosts));
	assert_int_equal(e.hosts[e.hosts_bytes], 0);

	assert_true(endpoint_same("unix:///var/run/docker.sock", "unix:///run/docker.sock"));
	assert_true(endpoint_same("fd://", "unix:///var/run/docker.sock"));
	assert_false(endpoint_same("unix:///run/docker.sock", "unix:///run/user/1/docker.sock"));
	assert_false(endpoint_same("tcp://h:1", "tcp://h:2"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(engines), cmocka_unit_test(test_rows),	cmocka_unit_test(test_details),
		cmocka_unit_test(test_where),	cmocka_unit_test(test_overflow),
		cmocka_unit_test(test_runtime), cmocka_unit_test(test_daemon),
		cmocka_unit_test(test_timeout),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
