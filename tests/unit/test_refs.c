// SPDX-License-Identifier: GPL-2.0
/* What buildx calls a build: which of its files can be a client's, and what it makes of hostile ones. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "source/enrich.h"
#include "tmptree.h"

#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B "bbbbbbbbbbbbbbbbbbbbbbbbb"
#define ID_C "ccccccccccccccccccccccccc"

struct told {
	unsigned int n;
	char all[4096]; /* "REF TARGET;" in the order of their names */
	pid_t pid;
};

static int take(void *ctx, const struct zt_ev *ev)
{
	struct told *t = ctx;
	const char *ref = (const char *)ev + ev->fixed, *target = ref + strlen(ref) + 1;
	size_t at = strlen(t->all);

	assert_int_equal(ev->kind, ZT_ref);
	assert_int_equal(ev->fixed, sizeof(struct zt_ev_ref));
	assert_int_equal(ev->size, ev->fixed + strlen(ref) + strlen(target) + 2);
	assert_int_equal(ev->who.tgid, t->pid);
	assert_int_equal(ev->cgroup, 77);
	assert_true(ev->ts_ns > 0);
	snprintf(t->all + at, sizeof(t->all) - at, "%s %s;", ref, target);
	t->n++;
	return 0;
}

/* A client in dir, with these variables; it is another program by the time this returns. */
static pid_t client_in(const char *dir, char *const *env)
{
	char path[64], comm[32] = "";
	pid_t pid = fork();

	if (!pid) {
		char *argv[] = { (char *)"sleep", (char *)"1000", NULL };

		if (!chdir(dir))
			execve("/bin/sleep", argv, env);
		_exit(1);
	}
	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	while (strcmp(comm, "sleep\n") != 0) {
		FILE *f = fopen(path, "r");

		assert_non_null(f);
		assert_non_null(fgets(comm, sizeof(comm), f));
		fclose(f);
	}
	return pid;
}

static struct told ask_of(struct zt_id who, const char *path, const char *context)
{
	struct want w = { .kind = WANT_REF, .who = who, .cgroup = 77 };
	struct told t = { .pid = (pid_t)who.tgid };
	struct enrich *e;

	strcpy(w.path, path);
	strcpy(w.context, context);
	assert_int_equal(enrich_new(&e), 0);
	assert_int_equal(enrich_answer(e, &w, take, &t), 0);
	enrich_free(e);
	return t;
}

static struct told ask(pid_t pid, const char *path, const char *context)
{
	return ask_of(id_of(pid), path, context);
}

static void expect(pid_t pid, const char *path, const char *context, const char *all)
{
	struct told t = ask(pid, path, context);

	assert_string_equal(t.all, all);
}

static const char *state_of(const char *target, const char *context, const char *file)
{
	static char buf[3 * PATH_MAX];

	snprintf(buf, sizeof(buf), "{\"Target\":\"%s\",\"LocalPath\":\"%s\",\"DockerfilePath\":\"%s\"}", target, context, file);
	return buf;
}

static void test_whose(void **state)
{
	char home[PATH_MAX + 16];
	char *env[] = { home, NULL };
	struct zt_id gone;
	pid_t pid;

	(void)state;
	snprintf(home, sizeof(home), "HOME=%s", tree);
	assert_int_equal(mkdir(tree_path("ctx"), 0755), 0);
	pid = client_in(tree, env);
	expect(pid, "", "ctx", ""); /* nothing there */
	tree_write(tree_path(".docker/buildx/refs/default/default/" ID_A), state_of("default", tree_path("ctx"), ""));
	tree_write(tree_path(".docker/buildx/refs/remote/remote0/" ID_B),
		   state_of("default", tree_path("ctx"), tree_path("other.Dockerfile")));
	tree_write(tree_path(".docker/buildx/refs/__group__/x/" ID_C), state_of("default", tree_path("ctx"), ""));
	expect(pid, "", "ctx", "default/default/" ID_A " default;");
	expect(pid, "", "./ctx/../ctx/", "default/default/" ID_A " default;");
	expect(pid, "", tree_path("ctx"), "default/default/" ID_A " default;");
	expect(pid, "other.Dockerfile", "ctx", "remote/remote0/" ID_B " default;");
	expect(pid, "ctx/Dockerfile", "ctx", "");
	expect(pid, "", ".", "");
	expect(pid, "", "https://host/repo.git", "");
	assert_int_equal(ask(pid, "", "").n, 2); /* any context */
	tree_write(tree_path(".docker/buildx/refs/default/default/" ID_A),
		   state_of("web", tree_path("ctx"), tree_path("ctx/Dockerfile")));
	expect(pid, "", "ctx", "default/default/" ID_A " web;");
	expect(pid, "ctx/Dockerfile", "ctx", "default/default/" ID_A " web;");
	gone = id_of(pid);
	gone.start_ns -= 50000000; /* the pid is another process's by now */
	assert_int_equal(ask_of(gone, "", "ctx").n, 0);
	process_end(pid);
	gone.start_ns += 50000000;
	assert_int_equal(ask_of(gone, "", "ctx").n, 0);
}

/* What was there before the client is another's. */
static void test_older(void **state)
{
	const char *file = tree_path("cfg/refs/default/default/" ID_A);
	char config[PATH_MAX + 16];
	char *env[] = { (char *)"HOME=/nonexistent", (char *)"DOCKER_CONFIG=/nonexistent", config, NULL };
	struct timespec old[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
	pid_t pid;

	(void)state;
	snprintf(config, sizeof(config), "BUILDX_CONFIG=%s", tree_path("cfg"));
	pid = client_in(tree, env);
	tree_write(file, state_of("default", tree, ""));
	expect(pid, "", ".", "default/default/" ID_A " default;");
	assert_int_equal(utimensat(AT_FDCWD, file, old, 0), 0);
	expect(pid, "", ".", "");
	process_end(pid);
}

/* A symlink on the way to where the shell is: buildx goes by $PWD. */
static void test_shell_dir(void **state)
{
	char config[PATH_MAX + 16], pwd[PATH_MAX + 16];
	char *env[] = { config, pwd, NULL };
	pid_t pid;

	(void)state;
	assert_int_equal(mkdir(tree_path("real"), 0755), 0);
	assert_int_equal(symlink("real", tree_path("link")), 0);
	snprintf(config, sizeof(config), "DOCKER_CONFIG=%s", tree_path("d"));
	snprintf(pwd, sizeof(pwd), "PWD=%s", tree_path("link"));
	pid = client_in(tree_path("real"), env);
	tree_write(tree_path("d/buildx/refs/default/default/" ID_A), state_of("default", tree_path("link"), ""));
	expect(pid, "", ".", "default/default/" ID_A " default;");
	process_end(pid);
}

static void test_hostile(void **state)
{
	static const char *const texts[] = {
		"", "{", "[]", "\"x\"", "{\"Target\":1,\"LocalPath\":[],\"DockerfilePath\":{}}", "{\"LocalPath\":\"/\\u0000\"}",
		"\xff\xfe", "{\"Target\":\"\\ud800\"}",
	};
	char config[PATH_MAX + 16], name[64], long_name[1024];
	char *env[] = { config, NULL };
	FILE *f;
	pid_t pid;

	(void)state;
	snprintf(config, sizeof(config), "BUILDX_CONFIG=%s", tree_path("h"));
	pid = client_in(tree, env);
	for (size_t n = 0; n < sizeof(texts) / sizeof(texts[0]); n++) {
		snprintf(name, sizeof(name), "h/refs/default/default/%025zu", n);
		tree_write(tree_path("%s", name), texts[n]);
	}
	f = fopen(tree_path("h/refs/default/default/ddddddddddddddddddddddddd"), "w");
	assert_non_null(f);
	for (int i = 0; i < 10000; i++)
		fputc('[', f);
	fclose(f);
	f = fopen(tree_path("h/refs/default/default/eeeeeeeeeeeeeeeeeeeeeeeee"), "w");
	assert_non_null(f);
	fprintf(f, "%s%70000s", state_of("default", tree, ""), "");
	fclose(f);
	memset(long_name, 'x', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = 0;
	tree_write(tree_path("h/refs/default/default/fffffffffffffffffffffffff"), state_of(long_name, tree, ""));
	assert_int_equal(mkfifo(tree_path("h/refs/default/default/ggggggggggggggggggggggggg"), 0644), 0);
	tree_write(tree_path("elsewhere"), state_of("default", tree, ""));
	assert_int_equal(symlink("../../../../elsewhere", tree_path("h/refs/default/default/hhhhhhhhhhhhhhhhhhhhhhhhh")), 0);
	tree_write(tree_path("h/refs/default/default/short"), state_of("default", tree, ""));
	tree_write(tree_path("h/refs/default/default/IIIIIIIIIIIIIIIIIIIIIIIII"), state_of("default", tree, ""));
	tree_write(tree_path("h/refs/$(reboot)/default/" ID_B), state_of("default", tree, ""));
	tree_write(tree_path("h/refs/default/" ID_B), state_of("default", tree, "")); /* no directory */
	expect(pid, "", ".", "");
	/* as if it were any project's: what is JSON of that shape may be one, with no target */
	assert_null(strstr(ask(pid, "", "").all, "reboot"));
	tree_write(tree_path("h/refs/default/default/" ID_A), state_of("default", tree, ""));
	expect(pid, "", ".", "default/default/" ID_A " default;");
	process_end(pid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whose), cmocka_unit_test(test_older), cmocka_unit_test(test_shell_dir),
		cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, tree_setup, tree_teardown);
}
