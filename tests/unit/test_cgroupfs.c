// SPDX-License-Identifier: GPL-2.0
/* Memory cgroups out of fixture trees: version 1, version 2, both, part of a hierarchy, none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "source/cgroupfs.h"
#include "fixture_tree.h"

#define SEEN_MAX 64

struct seen {
	unsigned int n;
	struct {
		char path[256];
		zt_u32 flags;
		struct zt_memcg mem;
	} cg[SEEN_MAX];
	unsigned int stop_after;
};

static int collect(void *ctx, const struct zt_ev *ev)
{
	struct seen *s = ctx;
	const struct zt_ev_cgroup *cg = (const struct zt_ev_cgroup *)ev;

	assert_int_equal(ev->kind, ZT_cgroup);
	assert_int_equal(ev->fixed, sizeof(*cg));
	assert_int_equal(((const char *)ev)[ev->size - 1], 0);
	if (s->n < SEEN_MAX) {
		snprintf(s->cg[s->n].path, sizeof(s->cg[0].path), "%s", (const char *)ev + ev->fixed);
		s->cg[s->n].mem = cg->mem;
		s->cg[s->n].flags = ev->flags;
	}
	s->n++;
	return s->stop_after && s->n >= s->stop_after ? -ENOSPC : 0;
}

static int at(const struct seen *s, const char *path)
{
	for (unsigned int i = 0; i < s->n && i < SEEN_MAX; i++)
		if (!strcmp(s->cg[i].path, path))
			return (int)i;
	return -1;
}

static void mountinfo(const struct fixture *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void mountinfo(const struct fixture *f, const char *fmt, ...)
{
	char text[4096];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fixture_text(f, "proc/self/mountinfo", text);
}

static void open_it(const struct fixture *f, struct cgroupfs *c)
{
	char proc[128];

	snprintf(proc, sizeof(proc), "%s/proc", f->root);
	assert_int_equal(cgroupfs_open(c, proc), 0);
}

static void v1_group(const struct fixture *f, const char *dir, const char *limit, const char *memsw)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/memory.usage_in_bytes", dir);
	fixture_text(f, path, "1048576\n");
	snprintf(path, sizeof(path), "%s/memory.limit_in_bytes", dir);
	fixture_text(f, path, limit);
	snprintf(path, sizeof(path), "%s/memory.max_usage_in_bytes", dir);
	fixture_text(f, path, "2097152\n");
	snprintf(path, sizeof(path), "%s/memory.memsw.limit_in_bytes", dir);
	fixture_text(f, path, memsw);
}

static void test_v1(void **state)
{
	struct fixture f;
	struct cgroupfs c;
	struct seen s = { 0 };
	bool cut = true;
	int i;

	(void)state;
	fixture_init(&f);
	v1_group(&f, "mem", "9223372036854771712\n", "9223372036854771712\n");
	v1_group(&f, "mem/docker", "134217728\n", "9223372036854710272\n");
	v1_group(&f, "mem/docker/buildkit", "9223372036854771712\n", "268435456\n");
	mountinfo(&f, "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
		      "32 31 0:29 / %s/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
		      "33 31 0:30 / %s/mem rw shared:9 - cgroup cgroup rw,memory\n", f.root, f.root);
	open_it(&f, &c);
	assert_int_equal(c.version, 1);
	assert_false(c.hybrid);
	assert_string_equal(cgroupfs_limit_file(&c), "memory.limit_in_bytes");
	assert_int_equal(cgroupfs_snapshot(&c, collect, &s, &cut), 3);
	assert_false(cut);
	assert_int_equal(at(&s, "/"), 0); /* parents first */
	assert_true(s.cg[0].mem.limit_bytes == ZT_NO_LIMIT);
	assert_int_equal(s.cg[0].mem.parent, 0);
	i = at(&s, "/docker");
	assert_int_equal(i, 1);
	assert_int_equal(s.cg[i].mem.limit_bytes, 134217728);
	assert_true(s.cg[i].mem.swap_limit_bytes == ZT_NO_LIMIT); /* 64 KiB pages */
	assert_int_equal(s.cg[i].mem.usage_bytes, 1048576);
	assert_int_equal(s.cg[i].mem.peak_bytes, 2097152);
	assert_int_equal(s.cg[i].mem.parent, fixture_inode(&f, "mem"));
	assert_int_equal(s.cg[i].mem.id, fixture_inode(&f, "mem/docker"));
	assert_int_equal(s.cg[i].mem.flags, ZT_F_MEMCG_SWAP_INCLUSIVE);
	assert_int_equal(s.cg[i].flags, ZT_F_CGROUP_SNAPSHOT);
	i = at(&s, "/docker/buildkit");
	assert_int_equal(s.cg[i].mem.swap_limit_bytes, 268435456);
	cgroupfs_close(&c);
	fixture_done(&f);
}

static void v2_tree(const struct fixture *f)
{
	fixture_text(f, "cg/cgroup.controllers", "cpuset cpu io memory pids\n");
	fixture_text(f, "cg/sys.slice/memory.current", "5000\n");
	fixture_text(f, "cg/sys.slice/memory.max", "max\n");
	fixture_text(f, "cg/sys.slice/memory.oom.group", "1\n");
	fixture_text(f, "cg/sys.slice/memory.swap.max", "0\n");
	fixture_text(f, "cg/sys.slice/a b/memory.current", "4000\n");
	fixture_text(f, "cg/sys.slice/a b/memory.max", "8192\n");
	fixture_text(f, "cg/sys.slice/a b/memory.peak", "8100\n");
	fixture_text(f, "cg/nomem/cgroup.procs", "");
	fixture_text(f, "cg/nomem/below/cgroup.procs", "");
}

static void test_v2(void **state)
{
	struct fixture f;
	struct cgroupfs c;
	struct seen s = { 0 };
	char link[256];
	int i;

	(void)state;
	fixture_init(&f);
	v2_tree(&f);
	fixture_path(&f, "cg/sys.slice/link", link, sizeof(link));
	assert_int_equal(symlink("/", link), 0);
	mountinfo(&f, "24 30 0:26 / %s/cg rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n", f.root);
	open_it(&f, &c);
	assert_int_equal(c.version, 2);
	assert_int_equal(cgroupfs_snapshot(&c, collect, &s, NULL), 3); /* no memory: not there; no symlinks */
	i = at(&s, "/sys.slice");
	assert_true(s.cg[i].mem.limit_bytes == ZT_NO_LIMIT);
	assert_int_equal(s.cg[i].mem.swap_limit_bytes, 0);
	assert_int_equal(s.cg[i].mem.peak_bytes, 0);
	assert_int_equal(s.cg[i].mem.flags, ZT_F_MEMCG_OOM_GROUP);
	i = at(&s, "/sys.slice/a b");
	assert_int_equal(s.cg[i].mem.limit_bytes, 8192);
	assert_int_equal(s.cg[i].mem.peak_bytes, 8100);
	assert_true(s.cg[i].mem.swap_limit_bytes == ZT_NO_LIMIT);
	/* a process in a cgroup without the controller is accounted for by the nearest that has it */
	assert_int_equal(cgroupfs_id(&c, "/nomem/below"), fixture_inode(&f, "cg"));
	assert_int_equal(cgroupfs_id(&c, "/sys.slice/a b"), fixture_inode(&f, "cg/sys.slice/a b"));
	assert_int_equal(cgroupfs_id(&c, "/sys.slice/a b"), fixture_inode(&f, "cg/sys.slice/a b"));
	assert_int_equal(cgroupfs_id(&c, "/gone"), 0);
	assert_int_equal(cgroupfs_id(&c, "/../cg/sys.slice"), 0);
	assert_int_equal(cgroupfs_id(&c, "relative"), 0);
	cgroupfs_close(&c);
	fixture_done(&f);
}

static void test_hybrid(void **state)
{
	struct fixture f;
	struct cgroupfs c;

	(void)state;
	fixture_init(&f);
	fixture_text(&f, "unified/cgroup.controllers", "hugetlb\n");
	v1_group(&f, "mem", "max\n", "max\n");
	mountinfo(&f, "32 31 0:29 / %s/unified rw - cgroup2 cgroup2 rw\n"
		      "33 31 0:30 / %s/mem rw - cgroup cgroup rw,memory\n", f.root, f.root);
	open_it(&f, &c);
	assert_int_equal(c.version, 1);
	assert_true(c.hybrid);
	cgroupfs_close(&c);

	/* the controller on the version 2 side of a hybrid host */
	fixture_text(&f, "unified/cgroup.controllers", "hugetlb memory\n");
	mountinfo(&f, "32 31 0:29 / %s/unified rw - cgroup2 cgroup2 rw\n"
		      "33 31 0:30 / %s/mem rw - cgroup cgroup rw,memoryless\n", f.root, f.root);
	open_it(&f, &c);
	assert_int_equal(c.version, 2);
	assert_true(c.hybrid);
	cgroupfs_close(&c);
	fixture_done(&f);
}

static void test_none(void **state)
{
	struct fixture f;
	struct cgroupfs c;
	struct seen s = { 0 };
	char proc[128];

	(void)state;
	fixture_init(&f);
	mountinfo(&f, "garbage\n1 2 3\n- - -\n32 31 0:29 / %s/u rw - cgroup2 cgroup2 rw\n33 31 0:1 / / rw - \n",
		  f.root);
	open_it(&f, &c);
	assert_int_equal(c.version, 0);
	assert_int_equal(cgroupfs_snapshot(&c, collect, &s, NULL), 0);
	assert_int_equal(cgroupfs_id(&c, "/"), 0);
	cgroupfs_close(&c);
	snprintf(proc, sizeof(proc), "%s/nothing", f.root);
	assert_int_equal(cgroupfs_open(&c, proc), -ENOENT);
	cgroupfs_close(&c);
	fixture_done(&f);
}

/* Inside a container without a cgroup namespace a part of the hierarchy is mounted. */
static void test_part(void **state)
{
	struct fixture f;
	struct cgroupfs c;
	struct seen s = { 0 };

	(void)state;
	fixture_init(&f);
	v1_group(&f, "m m", "4096\n", "8192\n");
	v1_group(&f, "m m/in", "4096\n", "8192\n");
	v1_group(&f, "whole/docker/x", "4096\n", "8192\n");
	mountinfo(&f, "33 31 0:30 /docker/x %s/m\\040m rw - cgroup cgroup rw,memory\n", f.root);
	open_it(&f, &c);
	assert_string_equal(c.root, "/docker/x");
	assert_int_equal(cgroupfs_snapshot(&c, collect, &s, NULL), 2);
	assert_int_equal(at(&s, "/docker/x"), 0);
	assert_int_equal(at(&s, "/docker/x/in"), 1);
	assert_int_equal(cgroupfs_id(&c, "/docker/x/in"), fixture_inode(&f, "m m/in"));
	assert_int_equal(cgroupfs_id(&c, "/docker/x"), fixture_inode(&f, "m m"));
	assert_int_equal(cgroupfs_id(&c, "/docker/xy"), 0);
	assert_int_equal(cgroupfs_id(&c, "/other"), 0);
	cgroupfs_close(&c);

	/* a mount of all of it is preferred, in whatever order */
	mountinfo(&f, "33 31 0:30 /docker/x %s/m\\040m rw - cgroup cgroup rw,memory\n"
		      "34 31 0:30 / %s/whole rw - cgroup cgroup rw,memory\n", f.root, f.root);
	open_it(&f, &c);
	assert_int_equal(cgroupfs_id(&c, "/docker/x"), fixture_inode(&f, "whole/docker/x"));
	cgroupfs_close(&c);

	/* mounted from above our cgroup namespace: /proc's paths say nothing about it */
	mountinfo(&f, "33 31 0:30 /../.. %s/whole rw - cgroup cgroup rw,memory\n", f.root);
	open_it(&f, &c);
	assert_true(c.above);
	assert_int_equal(cgroupfs_id(&c, "/docker/x"), 0);
	cgroupfs_close(&c);
	fixture_done(&f);
}

static void test_own_path(void **state)
{
	char v1[] = "9:name=systemd:/a\n4:cpu,memory:/proc:api/0d\n0::/u\n", v2[] = "4:cpu:/x\n0::/sys.slice\n";
	char none[] = "9:memoryless:/a\n:\n::\nx", cut[] = "4:memory";
	struct cgroupfs c1 = { .version = 1 }, c2 = { .version = 2 };

	(void)state;
	assert_string_equal(cgroupfs_own_path(&c1, v1), "/proc:api/0d");
	assert_string_equal(cgroupfs_own_path(&c2, v2), "/sys.slice");
	assert_null(cgroupfs_own_path(&c1, none));
	assert_null(cgroupfs_own_path(&c1, cut));
}

/* Bounds: a chain deeper and a tree wider than anybody reads; a sink that stops. */
static void test_bounds(void **state)
{
	struct fixture f;
	struct cgroupfs c;
	struct seen s = { 0 };
	char path[4096], dir[3000] = "cg";
	bool cut = false;

	(void)state;
	fixture_init(&f);
	fixture_text(&f, "cg/cgroup.controllers", "memory\n");
	for (int i = 0; i < CGROUPFS_DEPTH_MAX + 5; i++) {
		strcat(dir, "/d");
		snprintf(path, sizeof(path), "%s/memory.current", dir);
		fixture_text(&f, path, "1\n");
	}
	mountinfo(&f, "24 30 0:26 / %s/cg rw - cgroup2 cgroup2 rw\n", f.root);
	open_it(&f, &c);
	assert_int_equal(cgroupfs_snapshot(&c, collect, &s, &cut), CGROUPFS_DEPTH_MAX);
	assert_true(cut);
	s = (struct seen){ .stop_after = 2 };
	assert_int_equal(cgroupfs_snapshot(&c, collect, &s, &cut), -ENOSPC);
	assert_int_equal(s.n, 2);
	cgroupfs_close(&c);
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_v1),     cmocka_unit_test(test_v2),	cmocka_unit_test(test_hybrid),
		cmocka_unit_test(test_none),   cmocka_unit_test(test_part),	cmocka_unit_test(test_own_path),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
