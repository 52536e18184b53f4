// SPDX-License-Identifier: GPL-2.0
/* Processes and memory out of fixture trees and out of the real /proc. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "source/env.h"
#include "source/procfs.h"
#include "fixture_tree.h"

static const char stat_tail[] = " 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 12345 99 9\n";

static void test_stat(void **state)
{
	struct procfs_stat st;
	char text[256];

	(void)state;
	snprintf(text, sizeof(text), "77 (a) b (c) S 42%s", stat_tail);
	assert_int_equal(procfs_parse_stat(text, 10000000, &st), 0);
	assert_int_equal(st.id.tgid, 77);
	assert_int_equal(st.id.tid, 77);
	assert_int_equal(st.ppid, 42);
	assert_string_equal(st.comm, "a) b (c");
	assert_int_equal(st.id.start_ns, 123450000000);
	assert_false(st.kthread);
	snprintf(text, sizeof(text), "2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 4 0\n");
	assert_int_equal(procfs_parse_stat(text, 1, &st), 0);
	assert_true(st.kthread);
	snprintf(text, sizeof(text), "3 (a-name-longer-than-any-comm) S 1%s", stat_tail);
	assert_int_equal(procfs_parse_stat(text, 1, &st), 0);
	assert_string_equal(st.comm, "a-name-longer-t");
	assert_false(st.dead);
	assert_int_equal(procfs_parse_stat("4 (z) Z 1 0 0 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 4 0", 1, &st), 0);
	assert_true(st.dead);
	assert_int_equal(procfs_parse_stat("4 (z) Z 1 0 0 0 -1 0 0 0 0 0 0 0 0 0 20 0 3 0 4 0", 1, &st), 0);
	assert_false(st.dead); /* its threads live on */
	assert_int_equal(procfs_parse_stat("", 1, &st), -EINVAL);
	assert_int_equal(procfs_parse_stat(")(", 1, &st), -EINVAL);
	assert_int_equal(procfs_parse_stat("1 (a", 1, &st), -EINVAL);
	assert_int_equal(procfs_parse_stat("1 (a) S 1 2 3", 1, &st), -EINVAL);
}

struct seen {
	int n;
	struct zt_ev_proc ev[8];
	char argv[8][64];
};

static int collect(void *ctx, const struct zt_ev *ev)
{
	const struct zt_ev_proc *p = (const struct zt_ev_proc *)ev;
	struct seen *s = ctx;

	assert_int_equal(ev->kind, ZT_proc);
	assert_int_equal(ev->size, sizeof(*p) + p->argv_bytes);
	assert_true(p->argv_bytes <= ZT_ARGV_MAX);
	if (p->argv_bytes)
		assert_int_equal(((const char *)ev)[ev->size - 1], 0);
	assert_true(s->n < 8);
	memcpy(s->argv[s->n], (const char *)ev + ev->fixed, p->argv_bytes < 64 ? p->argv_bytes : 64);
	s->ev[s->n++] = *p;
	return 0;
}

static const struct zt_ev_proc *find(const struct seen *s, zt_u32 pid, const char **argv)
{
	for (int i = 0; i < s->n; i++) {
		if (s->ev[i].h.who.tgid != pid)
			continue;
		if (argv)
			*argv = s->argv[i];
		return &s->ev[i];
	}
	return NULL;
}

static void process(const struct fixture *f, const char *pid, const char *comm, const char *ppid)
{
	char path[128], text[256];

	snprintf(path, sizeof(path), "proc/%s/stat", pid);
	snprintf(text, sizeof(text), "%s (%s) S %s%s", pid, comm, ppid, stat_tail);
	fixture_text(f, path, text);
}

static size_t mask_last(char *argv, size_t len, bool *masked)
{
	char *p = memmem(argv, len, "secret", 6);

	if (!p)
		return len;
	memcpy(p, "***", 4);
	*masked = true;
	return (size_t)(p + 4 - argv);
}

static void test_snapshot(void **state)
{
	static char big[ZT_ARGV_MAX + 100];
	const struct zt_ev_proc *ev;
	struct seen s = { 0 };
	struct fixture f;
	struct procfs p;
	struct cgroupfs c;
	char root[128], mi[512];
	const char *argv;

	(void)state;
	fixture_init(&f);
	process(&f, "1", "init", "0");
	process(&f, "50", "sh", "1");
	fixture_write(&f, "proc/50/cmdline", "sh\0-c\0make", 10); /* last NUL overwritten */
	fixture_text(&f, "proc/50/status", "Name:\tsh\nUid:\t1000\t0\t0\t0\n");
	fixture_text(&f, "proc/50/oom_score_adj", "-17\n");
	fixture_text(&f, "proc/50/cgroup", "4:memory:/b\n");
	process(&f, "51", "big", "50");
	memset(big, 'x', sizeof(big));
	fixture_write(&f, "proc/51/cmdline", big, sizeof(big));
	process(&f, "52", "curl", "50");
	fixture_write(&f, "proc/52/cmdline", "curl\0-u\0secret-and-more\0", 24);
	fixture_text(&f, "proc/60/stat", "60 (torn");
	fixture_text(&f, "proc/61/status", "gone before its stat was read");
	fixture_text(&f, "proc/uptime", "1 1\n");
	fixture_text(&f, "proc/62/stat", "62 (kworker/0:1) S 2 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 4 0\n");
	fixture_text(&f, "proc/63/stat", "63 (z) Z 1 0 0 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 4 0\n");
	fixture_text(&f, "m/b/memory.usage_in_bytes", "1\n");
	snprintf(mi, sizeof(mi), "33 31 0:30 / %s/m rw - cgroup cgroup rw,memory\n", f.root);
	fixture_text(&f, "proc/self/mountinfo", mi);
	snprintf(root, sizeof(root), "%s/proc", f.root);
	assert_int_equal(cgroupfs_open(&c, root), 0);
	assert_int_equal(procfs_open(&p, root), 0);
	p.redact = mask_last;
	assert_int_equal(procfs_snapshot(&p, &c, collect, &s), 4);
	ev = find(&s, 50, &argv);
	assert_non_null(ev);
	assert_int_equal(ev->argv_bytes, 11);
	assert_memory_equal(argv, "sh\0-c\0make", 11);
	assert_int_equal(ev->uid, 1000);
	assert_int_equal(ev->oom_score_adj, -17);
	assert_int_equal(ev->parent.tgid, 1);
	assert_int_equal(ev->parent.start_ns, 12345 * p.tick_ns);
	assert_int_equal(ev->h.cgroup, fixture_inode(&f, "m/b"));
	ev = find(&s, 51, NULL);
	assert_non_null(ev);
	assert_int_equal(ev->argv_bytes, ZT_ARGV_MAX);
	assert_int_equal(ev->h.flags, ZT_F_EXEC_CUT);
	ev = find(&s, 52, &argv);
	assert_non_null(ev);
	assert_int_equal(ev->argv_bytes, 12);
	assert_int_equal(ev->h.flags, ZT_F_EXEC_MASKED);
	assert_memory_equal(argv, "curl\0-u\0***", 12);
	ev = find(&s, 1, NULL);
	assert_non_null(ev);
	assert_int_equal(ev->h.flags, ZT_F_EXEC_UNREADABLE);
	assert_int_equal(ev->parent.tgid, 0);
	assert_true(procfs_is_below(&p, 52, 1));
	assert_true(procfs_is_below(&p, 52, 50));
	assert_false(procfs_is_below(&p, 50, 52));
	assert_false(procfs_is_below(&p, 9999, 1));
	assert_false(procfs_is_below(&p, 0, 1));
	procfs_close(&p);
	cgroupfs_close(&c);
	fixture_done(&f);
}

static void test_host(void **state)
{
	struct zt_ev_host h;
	struct fixture f;
	struct procfs p;

	(void)state;
	fixture_init(&f);
	fixture_text(&f, "meminfo", "MemTotal:  2000 kB\nMemFree:   10 kB\nMemAvailable: 500 kB\nSwapCached: 77 kB\n"
				    "Cached: 30 kB\nSwapTotal: 0 kB\nShmem: 4 kB\nSlab: 9 kB\n");
	assert_int_equal(procfs_open(&p, f.root), 0);
	assert_int_equal(procfs_host(&p, ZT_F_HOST_AT_KILL, &h), 0);
	assert_int_equal(h.h.flags, ZT_F_HOST_AT_KILL);
	assert_int_equal(h.total_bytes, 2000 * 1024);
	assert_int_equal(h.available_bytes, 500 * 1024);
	assert_int_equal(h.cached_bytes, 30 * 1024);
	assert_int_equal(h.slab_bytes, 9 * 1024);
	assert_int_equal(h.swap_free_bytes, 0);
	assert_int_equal(h.stall_some_ns, 0);
	procfs_close(&p);
	fixture_text(&f, "pressure/memory", "some avg10=0.30 avg60=0.86 avg300=1.06 total=88165202\n"
					    "full avg10=0.00 avg60=0.00 avg300=0.00 total=16201524\n");
	assert_int_equal(procfs_open(&p, f.root), 0);
	assert_int_equal(procfs_host(&p, 0, &h), 0);
	assert_int_equal(h.stall_some_ns, 88165202000);
	assert_int_equal(h.stall_full_ns, 16201524000);
	/* the descriptor is read from its start each time */
	fixture_text(&f, "meminfo", "MemTotal: 3 kB\n");
	assert_int_equal(procfs_host(&p, 0, &h), 0);
	assert_int_equal(h.total_bytes, 3 * 1024);
	fixture_text(&f, "meminfo", "nothing of the kind\n");
	assert_int_equal(procfs_host(&p, 0, &h), -EINVAL);
	procfs_close(&p);
	assert_true(procfs_host(&p, 0, &h) < 0);
	fixture_done(&f);
}

/* Our own process, as the kernel tells it. */
static void test_real(void **state)
{
	struct procfs_stat st;
	struct procfs p;
	struct timespec ts;

	(void)state;
	assert_int_equal(procfs_open(&p, "/proc"), 0);
	assert_int_equal(procfs_stat(&p, (zt_u32)getpid(), &st), 0);
	assert_int_equal(st.ppid, getppid());
	clock_gettime(CLOCK_BOOTTIME, &ts);
	assert_true(st.id.start_ns / 1000000000 <= (zt_u64)ts.tv_sec);
	assert_true(st.id.start_ns / 1000000000 + 3600 > (zt_u64)ts.tv_sec);
	assert_int_equal(procfs_stat(&p, 0x7ffffff0, &st), -ENOENT);
	procfs_close(&p);
}

struct facts {
	int n;
	char text[32][300];
	bool start;
};

static int collect_facts(void *ctx, const struct zt_ev *ev)
{
	struct facts *f = ctx;
	const char *key = (const char *)ev + ev->fixed;

	if (ev->kind == ZT_start) {
		const struct zt_ev_start *s = (const struct zt_ev_start *)ev;

		f->start = s->cgroup_version == 2 && s->h.who.tgid == (zt_u32)getpid() && s->h.who.start_ns &&
			   s->realtime_ns > 1600000000000000000ULL && s->page_bytes && s->cpus;
		return 0;
	}
	assert_int_equal(ev->kind, ZT_fact);
	assert_true(f->n < 32);
	snprintf(f->text[f->n++], sizeof(f->text[0]), "%s=%s", key, key + strlen(key) + 1);
	return 0;
}

static bool has(const struct facts *f, const char *text)
{
	for (int i = 0; i < f->n; i++)
		if (!strcmp(f->text[i], text))
			return true;
	return false;
}

static void test_env(void **state)
{
	char *argv[] = { "curl", "-u", "", "secret-and-more", NULL };
	struct facts facts = { 0 };
	struct fixture f;
	struct procfs p;
	struct env e = { .proc = &p, .cgroup_version = 2, .argv = argv, .redact = mask_last };
	zt_u8 id[16], want[16] = { 0x8b, 0x3a, 0x12, 0x34, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0xab, 0xff };
	char name[32];

	(void)state;
	fixture_init(&f);
	e.root = f.root;
	fixture_text(&f, "usr/lib/os-release", "NAME=x\nPRETTY_NAME=\"A \\\"B\\\" 12\"\nID=y\n");
	fixture_text(&f, "proc/sys/kernel/random/boot_id", "8b3a1234-0001-0203-0405-06070809abff\n");
	assert_int_equal(procfs_open(&p, "/proc"), 0);
	assert_int_equal(env_start(&e, collect_facts, &facts), 0);
	assert_true(facts.start);
	assert_int_equal(env_facts(&e, collect_facts, &facts), 0);
	assert_true(has(&facts, "os.pretty_name=A \"B\" 12"));
	assert_true(has(&facts, "boot.id=8b3a1234-0001-0203-0405-06070809abff"));
	assert_true(has(&facts, "command.arg=curl"));
	assert_true(has(&facts, "command.arg="));
	assert_true(has(&facts, "command.arg=***"));
	assert_false(has(&facts, "command.arg=secret-and-more"));
	assert_int_equal(env_boot_id(f.root, id), 0);
	assert_memory_equal(id, want, 16);
	fixture_text(&f, "proc/sys/kernel/random/boot_id", "8b3a1234-0001\n");
	assert_int_equal(env_boot_id(f.root, id), -EINVAL);
	assert_false(env_pretty_name("", name, sizeof(name)));
	assert_false(env_pretty_name("PRETTY_NAME=\n", name, sizeof(name)));
	assert_true(env_pretty_name("PRETTY_NAME=plain\\", name, sizeof(name)));
	assert_string_equal(name, "plain\\");
	procfs_close(&p);
	fixture_done(&f);
}

static void test_traceparent(void **state)
{
	static const char given[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
	static const char *const bad[] = {
		"", "00", "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
		"00-00000000000000000000000000000000-b7ad6b7169203331-01",
		"00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
		"ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333-0001",
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1\n",
	};
	char *argv[] = { "true", NULL }, want[128];
	struct traceparent t, other;
	struct facts facts = { 0 };
	struct procfs p;
	struct env e = { .root = "/nowhere", .proc = &p, .argv = argv, .trace = &t };

	(void)state;
	assert_int_equal(procfs_open(&p, "/proc"), 0);
	setenv("TRACEPARENT", given, 1);
	traceparent_get(&t);
	assert_false(t.made);
	assert_string_equal(t.text, given);
	assert_int_equal(env_facts(&e, collect_facts, &facts), 0);
	assert_true(has(&facts, "command.traceparent=00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_false(traceparent_valid(bad[i]));
		setenv("TRACEPARENT", bad[i], 1);
		traceparent_get(&t);
		assert_true(t.made && traceparent_valid(t.text));
	}
	unsetenv("TRACEPARENT");
	traceparent_get(&other);
	assert_true(other.made && traceparent_valid(other.text));
	assert_string_not_equal(other.text, t.text);
	memset(&facts, 0, sizeof(facts));
	assert_int_equal(env_facts(&e, collect_facts, &facts), 0);
	snprintf(want, sizeof(want), "command.traceparent.made=%s", t.text);
	assert_true(has(&facts, want));
	procfs_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stat), cmocka_unit_test(test_snapshot), cmocka_unit_test(test_host),
		cmocka_unit_test(test_real), cmocka_unit_test(test_env), cmocka_unit_test(test_traceparent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
