// SPDX-License-Identifier: GPL-2.0
/* What the kernel's process connector sends, whole, cut and of no use. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "source/procconn.h"
#include "trace/event.h"
#include "fixture_tree.h"

struct wire {
	struct nlmsghdr nl;
	struct cn_msg cn;
	char body[sizeof(struct proc_event)];
};

struct seen {
	unsigned int n;
	union evbuf last;
};

static int collect(void *ctx, const struct zt_ev *ev)
{
	struct seen *s = ctx;

	assert_int_equal(ev_check(ev), 0);
	assert_true(ev->flags & ZT_F_CLAIMED);
	memcpy(s->last.bytes, ev, ev->size);
	s->n++;
	return 0;
}

/* Sent in full, and as a short one of an old kernel would be */
static void feed(struct procconn *c, const struct proc_event *e, size_t cut, struct seen *s)
{
	struct wire w = { .cn.id = { CN_IDX_PROC, CN_VAL_PROC } };

	memcpy(w.body, e, sizeof(*e));
	assert_int_equal(procconn_take(c, &w, sizeof(w) - cut, collect, s), 0);
}

static struct proc_event event(unsigned int what)
{
	struct proc_event e = { .timestamp_ns = evbuf_clock_ns(CLOCK_MONOTONIC) };

	memcpy(&e, &what, sizeof(what));
	return e;
}

struct scene {
	struct fixture f;
	struct procfs proc;
	struct procconn *c;
	struct seen *s;
};

static int setup(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));

	fixture_init(&s->f);
	fixture_text(&s->f, "77/stat", "77 (sh) S 1 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 12345 99 9\n");
	fixture_text(&s->f, "77/oom_score_adj", "100\n");
	fixture_text(&s->f, "78/stat", "78 (java) Z 1 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 9 0 12345 99 9\n");
	fixture_write(&s->f, "77/cmdline", "sh\0-c\0make", 10);
	assert_int_equal(procfs_open(&s->proc, s->f.root), 0);
	s->c = calloc(1, sizeof(*s->c));
	s->s = calloc(1, sizeof(*s->s));
	s->c->fd = -1;
	s->c->proc = &s->proc;
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct scene *s = *state;

	procfs_close(&s->proc);
	fixture_done(&s->f);
	free(s->c);
	free(s->s);
	free(s);
	return 0;
}

static void test_fork(void **state)
{
	struct scene *s = *state;
	struct proc_event e = event(PROC_EVENT_FORK);
	zt_u64 now = evbuf_clock_ns(CLOCK_BOOTTIME);

	e.event_data.fork = (struct fork_proc_event){ .parent_pid = 71, .parent_tgid = 70, .child_pid = 80, .child_tgid = 80 };
	feed(s->c, &e, 0, s->s);
	assert_int_equal(s->s->n, 1);
	assert_int_equal(s->s->last.h.kind, ZT_fork);
	assert_int_equal(s->s->last.h.who.tgid, 70);
	assert_int_equal(s->s->last.fork.child.tgid, 80);
	assert_true(s->s->last.h.ts_ns + 1000000000 > now && s->s->last.h.ts_ns < now + 1000000000);
	e.event_data.fork.child_pid = 81; /* a thread */
	feed(s->c, &e, 0, s->s);
	assert_int_equal(s->s->n, 1);
}

static void test_exec(void **state)
{
	struct scene *s = *state;
	struct proc_event e = event(PROC_EVENT_EXEC);

	e.event_data.exec = (struct exec_proc_event){ .process_pid = 77, .process_tgid = 77 };
	feed(s->c, &e, 0, s->s);
	assert_int_equal(s->s->n, 1);
	assert_int_equal(s->s->last.h.kind, ZT_exec);
	assert_int_equal(s->s->last.exec.parent.tgid, 1);
	assert_int_equal(s->s->last.exec.oom_score_adj, 100);
	assert_int_equal(s->s->last.exec.uid, getuid());
	assert_int_equal(s->s->last.exec.argv_bytes, 11);
	assert_string_equal(s->s->last.exec.comm, "sh");
	assert_memory_equal(s->s->last.bytes + s->s->last.h.fixed, "sh\0-c\0make", 11);
	assert_false(s->s->last.h.flags & ZT_F_EXEC_ENTRY); /* a root that is not there tells nothing */
	e.event_data.exec.process_tgid = 99; /* gone */
	feed(s->c, &e, 0, s->s);
	assert_int_equal(s->s->n, 1);
}

static void test_exit(void **state)
{
	struct scene *s = *state;
	struct proc_event e = event(PROC_EVENT_EXIT);

	e.event_data.exit = (struct exit_proc_event){ .process_pid = 99, .process_tgid = 99, .exit_code = 9 };
	feed(s->c, &e, 8, s->s); /* before 4.18 nothing told the parent */
	assert_int_equal(s->s->n, 1);
	assert_int_equal(s->s->last.h.kind, ZT_exit);
	assert_int_equal(s->s->last.exit.exit_code, 9);
	assert_true(s->s->last.h.flags & ZT_F_EXIT_PEAK_BOUND);
	e.event_data.exit.process_pid = 100; /* a thread */
	feed(s->c, &e, 0, s->s);
	e.event_data.exit.process_pid = e.event_data.exit.process_tgid = 78; /* its threads live on */
	feed(s->c, &e, 0, s->s);
	assert_int_equal(procconn_pump(s->c, collect, s->s), 0);
	assert_int_equal(s->s->n, 1);
	/* … and then end, too */
	fixture_text(&s->f, "78/stat", "78 (java) Z 1 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 12345 99 9\n");
	assert_int_equal(procconn_pump(s->c, collect, s->s), 0);
	assert_int_equal(s->s->n, 2);
	assert_int_equal(s->s->last.h.who.tgid, 78);
	assert_int_equal(s->s->last.exit.exit_code, 9);
	assert_int_equal(procconn_pump(s->c, collect, s->s), 0);
	assert_int_equal(s->s->n, 2);
}

/* More of them than are remembered, and a number that is used again meanwhile */
static void test_late_exits(void **state)
{
	struct scene *s = *state;
	struct proc_event e = event(PROC_EVENT_EXIT), f = event(PROC_EVENT_FORK);

	e.event_data.exit = (struct exit_proc_event){ .process_pid = 78, .process_tgid = 78 };
	for (int i = 0; i < 2 * PROCCONN_LATE_MAX; i++)
		feed(s->c, &e, 0, s->s);
	assert_int_equal(s->c->nlate, PROCCONN_LATE_MAX);
	s->c->nlate = 1;
	f.event_data.fork = (struct fork_proc_event){ .parent_pid = 77, .parent_tgid = 77, .child_pid = 78, .child_tgid = 78 };
	feed(s->c, &f, 0, s->s);
	assert_int_equal(s->c->nlate, 0);
	assert_int_equal(s->s->n, 2); /* its end, and the fork */
	assert_int_equal(s->s->last.h.kind, ZT_fork);
}

static void test_others(void **state)
{
	struct scene *s = *state;
	struct proc_event e = event(PROC_EVENT_COMM);
	struct wire w = { .cn.id = { CN_IDX_PROC + 1, CN_VAL_PROC } };

	feed(s->c, &e, 0, s->s);
	e = event(0x12345678);
	feed(s->c, &e, 0, s->s);
	assert_int_equal(procconn_take(s->c, &w, sizeof(w), collect, s->s), 0);
	for (size_t n = 0; n < sizeof(w); n++)
		assert_int_equal(procconn_take(s->c, &w, n, collect, s->s), 0);
	assert_int_equal(s->s->n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_fork, setup, teardown),
		cmocka_unit_test_setup_teardown(test_exec, setup, teardown),
		cmocka_unit_test_setup_teardown(test_exit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_late_exits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_others, setup, teardown),
	};

	return cmocka_run_group_tests_name("procconn", tests, NULL, NULL);
}
