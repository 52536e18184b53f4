// SPDX-License-Identifier: GPL-2.0
/* Whose limit it was when a cgroup counted a kill, on files that stand for both hierarchies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "source/oomwatch.h"
#include "trace/event.h"
#include "fixture_tree.h"

struct scene {
	struct fixture f;
	struct cgroupfs cg;
	struct oomwatch w;
	char proc[256];
};

static void put(struct scene *s, const char *cgroup, const char *file, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), "cg%s%s/%s", *cgroup ? "/" : "", cgroup, file);
	fixture_text(&s->f, path, text);
}

/* memory.events, and its .local, which tells of the cgroup itself */
static void v2(struct scene *s, const char *cgroup, unsigned int oom, unsigned int kill, unsigned int oom_local,
	       unsigned int kill_local)
{
	char text[256];

	snprintf(text, sizeof(text), "low 0\nhigh 0\nmax 9\noom %u\noom_kill %u\noom_group_kill 0\n", oom, kill);
	put(s, cgroup, "memory.events", text);
	snprintf(text, sizeof(text), "low 0\nhigh 0\nmax 9\noom %u\noom_kill %u\noom_group_kill 0\n", oom_local, kill_local);
	put(s, cgroup, "memory.events.local", text);
	put(s, cgroup, "memory.current", "1\n");
}

static void v1(struct scene *s, const char *cgroup, unsigned int failcnt, unsigned int kill, const char *limit,
	       const char *peak, const char *memsw)
{
	char text[256];

	snprintf(text, sizeof(text), "oom_kill_disable 0\nunder_oom 0\noom_kill %u\n", kill);
	put(s, cgroup, "memory.oom_control", text);
	snprintf(text, sizeof(text), "%u\n", failcnt);
	put(s, cgroup, "memory.failcnt", text);
	put(s, cgroup, "memory.usage_in_bytes", "1\n");
	put(s, cgroup, "memory.limit_in_bytes", limit);
	put(s, cgroup, "memory.max_usage_in_bytes", peak);
	put(s, cgroup, "memory.memsw.limit_in_bytes", memsw);
}

static void host(struct scene *s, unsigned int kills, unsigned int available_kib)
{
	char text[128];

	snprintf(text, sizeof(text), "nr_free_pages 5\noom_kill %u\n", kills);
	fixture_text(&s->f, "proc/vmstat", text);
	snprintf(text, sizeof(text), "MemTotal: 1000 kB\nMemAvailable: %u kB\n", available_kib);
	fixture_text(&s->f, "proc/meminfo", text);
}

static void start(struct scene *s, unsigned int version)
{
	char buf[256];

	memset(s, 0, sizeof(*s));
	fixture_init(&s->f);
	s->cg.version = version;
	fixture_text(&s->f, "cg/x", "");
	snprintf(buf, sizeof(buf), "%s/cg", s->f.root);
	s->cg.dir = open(buf, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(s->cg.dir >= 0);
	snprintf(s->proc, sizeof(s->proc), "%s/proc", s->f.root);
	host(s, 7, 900);
}

static void watch(struct scene *s, bool in_namespace, const char *path)
{
	oomwatch_init(&s->w, &s->cg, s->proc, in_namespace);
	oomwatch_add(&s->w, path);
}

static void stop(struct scene *s)
{
	oomwatch_done(&s->w);
	close(s->cg.dir);
	fixture_done(&s->f);
}

/* One rise of `count` kills; path of the level whose limit it was, or NULL and *domain */
static const char *look(struct scene *s, unsigned int count, int *domain)
{
	struct oom_rise r[4];

	assert_int_equal(oomwatch_look(&s->w, r, 4), 1);
	assert_int_equal(r[0].count, count);
	if (domain)
		*domain = r[0].domain;
	return r[0].domain >= 0 ? s->w.at[r[0].domain].path : NULL;
}

static void nothing(struct scene *s)
{
	struct oom_rise r[4];

	assert_int_equal(oomwatch_look(&s->w, r, 4), 0);
}

static void test_v2_own(void **state)
{
	struct scene s;

	(void)state;
	start(&s, 2);
	v2(&s, "a", 5, 5, 0, 0);
	v2(&s, "a/b", 5, 5, 5, 5);
	watch(&s, false, "/a/b");
	nothing(&s);
	v2(&s, "a", 6, 7, 0, 0);
	v2(&s, "a/b", 6, 7, 6, 7);
	assert_string_equal(look(&s, 2, NULL), "/a/b");
	nothing(&s);
	stop(&s);
}

/* The limit is counted before the kill, and looked at in between: once, and then it is spent */
static void test_v2_between(void **state)
{
	struct scene s;
	int domain;

	(void)state;
	start(&s, 2);
	v2(&s, "a", 5, 2, 0, 0);
	v2(&s, "a/b", 5, 2, 5, 2);
	watch(&s, false, "/a/b");
	nothing(&s);
	v2(&s, "a", 6, 2, 0, 0);
	v2(&s, "a/b", 6, 2, 6, 2);
	nothing(&s);
	nothing(&s);
	v2(&s, "a", 6, 3, 0, 0);
	v2(&s, "a/b", 6, 3, 6, 3);
	assert_string_equal(look(&s, 1, NULL), "/a/b");
	v2(&s, "a", 6, 4, 0, 0);
	v2(&s, "a/b", 6, 4, 6, 4);
	assert_null(look(&s, 1, &domain));
	assert_int_equal(domain, OOM_DOMAIN_HOST);
	stop(&s);
}

/* A kill without an OOM of its own: whose else */
static void test_v2_above(void **state)
{
	struct scene s;
	int domain;

	(void)state;
	start(&s, 2);
	v2(&s, "a", 0, 0, 0, 0);
	v2(&s, "a/b", 0, 0, 0, 0);
	watch(&s, false, "/a/b");
	v2(&s, "a", 1, 1, 1, 0);
	v2(&s, "a/b", 0, 1, 0, 1);
	assert_string_equal(look(&s, 1, NULL), "/a");
	v2(&s, "a", 1, 2, 1, 0);
	v2(&s, "a/b", 0, 2, 0, 2);
	assert_null(look(&s, 1, &domain));
	assert_int_equal(domain, OOM_DOMAIN_HOST);
	stop(&s);
}

static void test_v2_namespace(void **state)
{
	struct scene s;
	int domain;

	(void)state;
	start(&s, 2);
	v2(&s, "", 0, 0, 0, 0);
	watch(&s, true, "/");
	v2(&s, "", 0, 1, 0, 1);
	assert_null(look(&s, 1, &domain));
	assert_int_equal(domain, OOM_DOMAIN_OUTSIDE);
	stop(&s);
}

/* Without the controller in it: what is above accounts for it. */
static void test_v2_no_controller(void **state)
{
	struct scene s;

	(void)state;
	start(&s, 2);
	v2(&s, "a", 0, 0, 0, 0);
	put(&s, "a/b", "cgroup.procs", "");
	watch(&s, false, "/a/b");
	v2(&s, "a", 1, 1, 1, 1);
	assert_string_equal(look(&s, 1, NULL), "/a");
	stop(&s);
}

/* A sibling's kills are counted above us, and are not ours. */
static void test_v2_sibling(void **state)
{
	struct scene s;

	(void)state;
	start(&s, 2);
	v2(&s, "a", 0, 0, 0, 0);
	v2(&s, "a/b", 0, 0, 0, 0);
	watch(&s, false, "/a/b");
	v2(&s, "a", 3, 3, 0, 0);
	nothing(&s);
	stop(&s);
}

static void test_v1(void **state)
{
	struct scene s;
	int domain;

	(void)state;
	start(&s, 1);
	v1(&s, "", 0, 0, "9223372036854771712\n", "9\n", "9223372036854771712\n");
	v1(&s, "a", 0, 0, "67108864\n", "9\n", "9223372036854771712\n");
	v1(&s, "a/b", 0, 0, "9223372036854771712\n", "9\n", "9223372036854771712\n");
	watch(&s, false, "/a/b");
	v1(&s, "a", 4, 0, "67108864\n", "67108864\n", "9223372036854771712\n");
	v1(&s, "a/b", 0, 1, "9223372036854771712\n", "67100000\n", "9223372036854771712\n");
	assert_string_equal(look(&s, 1, NULL), "/a");
	/* nothing was in the way, and the host has plenty: not known */
	v1(&s, "a/b", 0, 2, "9223372036854771712\n", "67100000\n", "9223372036854771712\n");
	assert_null(look(&s, 1, &domain));
	assert_int_equal(domain, OOM_DOMAIN_UNKNOWN);
	host(&s, 7, 100);
	v1(&s, "a/b", 0, 3, "9223372036854771712\n", "67100000\n", "9223372036854771712\n");
	assert_null(look(&s, 1, &domain));
	assert_int_equal(domain, OOM_DOMAIN_HOST);
	stop(&s);
}

/* Two limits were in the way: which it was is not said. */
static void test_v1_two(void **state)
{
	struct scene s;
	int domain;

	(void)state;
	start(&s, 1);
	v1(&s, "a", 0, 0, "134217728\n", "9\n", "9223372036854771712\n");
	v1(&s, "a/b", 0, 0, "67108864\n", "9\n", "9223372036854771712\n");
	watch(&s, false, "/a/b");
	v1(&s, "a", 2, 0, "134217728\n", "134217728\n", "9223372036854771712\n");
	v1(&s, "a/b", 2, 1, "67108864\n", "67108864\n", "9223372036854771712\n");
	assert_null(look(&s, 1, &domain));
	assert_int_equal(domain, OOM_DOMAIN_UNKNOWN);
	stop(&s);
}

/* The limit of memory and swap is met first, and counts nothing. */
static void test_v1_memsw(void **state)
{
	struct scene s;

	(void)state;
	start(&s, 1);
	v1(&s, "a", 0, 0, "67108864\n", "9\n", "67108864\n");
	watch(&s, false, "/a");
	v1(&s, "a", 0, 1, "67108864\n", "67100000\n", "67108864\n");
	assert_string_equal(look(&s, 1, NULL), "/a");
	stop(&s);
}

/* No cgroup counts (the root of version 2): the machine does. */
static void test_vmstat(void **state)
{
	struct scene s;
	int domain;

	(void)state;
	start(&s, 2);
	put(&s, "", "cgroup.procs", "");
	watch(&s, false, "/");
	nothing(&s);
	host(&s, 8, 900);
	assert_null(look(&s, 1, &domain));
	assert_int_equal(domain, OOM_DOMAIN_HOST);
	nothing(&s);
	stop(&s);
}

struct told {
	unsigned int n;
	zt_u16 kind[8];
	zt_u64 parent[8], id[8], peak[8];
};

static int take(void *ctx, const struct zt_ev *ev)
{
	const struct zt_memcg *m = ev->kind == ZT_rmdir ? &((const struct zt_ev_rmdir *)ev)->mem :
							  &((const struct zt_ev_cgroup *)ev)->mem;
	struct told *t = ctx;

	assert_int_equal(ev_check(ev), 0);
	assert_true(t->n < 8);
	t->kind[t->n] = ev->kind;
	t->id[t->n] = m->id;
	t->parent[t->n] = m->parent;
	t->peak[t->n++] = m->peak_bytes;
	return 0;
}

/* One that comes is told after those above it; one that goes with what it had last, once its kills are told. */
static void test_came_and_went(void **state)
{
	struct told t = { 0 };
	struct scene s;
	char path[256];

	(void)state;
	start(&s, 1);
	v1(&s, "", 0, 0, "9223372036854771712\n", "9\n", "9223372036854771712\n");
	watch(&s, false, "/");
	oomwatch_told(&s.w);
	v1(&s, "a", 0, 0, "67108864\n", "9\n", "9223372036854771712\n");
	v1(&s, "a/b", 0, 0, "9223372036854771712\n", "5000\n", "9223372036854771712\n");
	oomwatch_add(&s.w, "/a/b");
	assert_int_equal(oomwatch_tell(&s.w, true, take, &t), 0);
	assert_int_equal(t.n, 2);
	assert_int_equal(t.kind[0], ZT_cgroup);
	assert_int_equal(t.parent[1], t.id[0]);
	assert_int_equal(t.parent[0], s.w.at[0].id);
	v1(&s, "a/b", 0, 1, "9223372036854771712\n", "7000\n", "9223372036854771712\n");
	look(&s, 1, NULL);
	fixture_path(&s.f, "cg/a/b", path, sizeof(path));
	nftw(path, fixture_rm, 16, FTW_DEPTH | FTW_PHYS);
	nothing(&s);
	assert_int_equal(oomwatch_tell(&s.w, false, take, &t), 0);
	assert_int_equal(t.n, 2);
	assert_int_equal(oomwatch_tell(&s.w, true, take, &t), 0);
	assert_int_equal(oomwatch_tell(&s.w, true, take, &t), 0);
	assert_int_equal(t.n, 3);
	assert_int_equal(t.kind[2], ZT_rmdir);
	assert_int_equal(t.id[2], t.id[1]);
	assert_int_equal(t.peak[2], 7000);
	stop(&s);
}

/* A step's cgroup goes with its count unread: the machine's counts, and it alone has gone */
static void test_went_unread(void **state)
{
	struct scene s;
	char path[256];

	(void)state;
	start(&s, 1);
	v1(&s, "", 0, 0, "9223372036854771712\n", "9\n", "9223372036854771712\n");
	v1(&s, "a", 0, 0, "67108864\n", "9\n", "9223372036854771712\n");
	watch(&s, false, "/a");
	oomwatch_told(&s.w);
	v1(&s, "a/b", 0, 0, "9223372036854771712\n", "5000\n", "9223372036854771712\n");
	oomwatch_add(&s.w, "/a/b");
	nothing(&s);
	host(&s, 9, 900); /* the one that was counted in /a, and one more */
	v1(&s, "a", 5, 1, "67108864\n", "67108864\n", "9223372036854771712\n");
	look(&s, 1, NULL);
	fixture_path(&s.f, "cg/a/b", path, sizeof(path));
	nftw(path, fixture_rm, 16, FTW_DEPTH | FTW_PHYS);
	v1(&s, "a", 9, 1, "67108864\n", "67108864\n", "9223372036854771712\n");
	assert_string_equal(look(&s, 1, NULL), "/a");
	nothing(&s);
	stop(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_v2_between), cmocka_unit_test(test_v2_own),	   cmocka_unit_test(test_v2_above), cmocka_unit_test(test_v2_namespace),
		cmocka_unit_test(test_v2_sibling), cmocka_unit_test(test_v1),	    cmocka_unit_test(test_v1_two),
		cmocka_unit_test(test_v1_memsw),   cmocka_unit_test(test_vmstat),
		cmocka_unit_test(test_v2_no_controller), cmocka_unit_test(test_came_and_went),
		cmocka_unit_test(test_went_unread),
	};

	return cmocka_run_group_tests_name("oomwatch", tests, NULL, NULL);
}
