// SPDX-License-Identifier: GPL-2.0
/* What a report is about when ztrace was attached to a part of the machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "model/model.h"
#include "source/scope.h"

static struct zt_ev head(enum zt_kind kind, size_t size, zt_u32 pid, zt_u64 cgroup)
{
	static zt_u64 now_ns = 1000000000;

	return (struct zt_ev){ .size = (zt_u32)size, .fixed = (zt_u16)size, .kind = (zt_u16)kind, .ts_ns = now_ns += 1000,
			       .who = { pid, pid, pid ? pid * 100000000ull : 0 }, .cgroup = cgroup };
}

static struct zt_id id(zt_u32 pid)
{
	return (struct zt_id){ pid, pid, pid * 100000000ull };
}

static void scope(struct model *m, zt_u32 pid, zt_u64 cgroup)
{
	struct {
		struct zt_ev_scope ev;
		char tail[6];
	} e = { .tail = "pid\0x" };

	e.ev.h = head(ZT_scope, sizeof(e.ev), pid, cgroup);
	e.ev.h.size += sizeof(e.tail);
	assert_int_equal(model_apply(m, &e.ev.h), 0);
}

static void cgroup(struct model *m, zt_u64 cg, zt_u64 parent)
{
	struct {
		struct zt_ev_cgroup ev;
		char tail[3];
	} e = { .ev.mem = { .id = cg, .parent = parent }, .tail = "/c" };

	e.ev.h = head(ZT_cgroup, sizeof(e.ev), 0, 0);
	e.ev.h.size += sizeof(e.tail);
	model_apply(m, &e.ev.h);
}

static struct proc *proc(struct model *m, zt_u32 pid, zt_u32 parent, zt_u64 cg)
{
	struct zt_ev_proc e = { .parent = parent ? id(parent) : (struct zt_id){ 0 } };

	e.h = head(ZT_proc, sizeof(e), pid, cg);
	model_apply(m, &e.h);
	return model_proc(m, &e.h.who);
}

static struct proc *forks(struct model *m, zt_u32 parent, zt_u32 pid, zt_u64 cg)
{
	struct zt_ev_fork e = { .child = id(pid) };

	e.h = head(ZT_fork, sizeof(e), parent, cg);
	model_apply(m, &e.h);
	return model_proc(m, &e.child);
}

static void execs(struct model *m, zt_u32 pid, zt_u32 parent, zt_u64 cg)
{
	struct zt_ev_exec e = { .parent = id(parent) };

	e.h = head(ZT_exec, sizeof(e), pid, cg);
	model_apply(m, &e.h);
}

static void exits(struct model *m, zt_u32 pid)
{
	struct zt_ev_exit e = { 0 };

	e.h = head(ZT_exit, sizeof(e), pid, 1);
	model_apply(m, &e.h);
}

static bool killed_in_scope(struct model *m, zt_u32 pid, zt_u64 cg)
{
	struct zt_ev_kill e = { .victim = id(pid), .victim_cgroup = cg };
	struct kill *k;

	e.h = head(ZT_kill, sizeof(e), pid, cg);
	model_apply(m, &e.h);
	for (k = m->kills; k->next; k = k->next)
		;
	return k->scoped;
}

/* As snapshots have it: the scope first, then processes in any order, children before their parents */
static void of_a_process(void **state)
{
	struct model *m = model_new();

	(void)state;
	scope(m, 50, 0);
	proc(m, 40, 60, 1);
	proc(m, 60, 50, 1);
	proc(m, 50, 7, 1);
	proc(m, 70, 7, 1);
	assert_true(killed_in_scope(m, 40, 1));
	assert_true(killed_in_scope(m, 50, 1));
	assert_false(killed_in_scope(m, 70, 1));
	assert_false(killed_in_scope(m, 7, 1));
	model_free(m);
}

/* A daemon forks twice and is init's child then: it still descends from there. */
static void of_what_ever_descended(void **state)
{
	struct model *m = model_new();

	(void)state;
	scope(m, 50, 0);
	proc(m, 1, 0, 1);
	proc(m, 50, 1, 1);
	forks(m, 50, 51, 1);
	forks(m, 51, 52, 1);
	exits(m, 51);
	execs(m, 52, 1, 1); /* whose parent is now init */
	forks(m, 52, 53, 1);
	forks(m, 1, 54, 1);
	assert_true(killed_in_scope(m, 53, 1));
	assert_true(killed_in_scope(m, 52, 1));
	assert_false(killed_in_scope(m, 54, 1));
	model_free(m);
}

/* What a neighbour was told of before is none of it; where its cgroup lies decides. */
static void of_a_cgroup(void **state)
{
	struct model *m = model_new();

	(void)state;
	scope(m, 0, 10);
	cgroup(m, 1, 0);
	cgroup(m, 10, 1);
	cgroup(m, 11, 10);
	cgroup(m, 20, 1);
	proc(m, 40, 1, 10);
	proc(m, 41, 1, 20);
	assert_true(killed_in_scope(m, 40, 10));
	assert_true(killed_in_scope(m, 42, 11));
	assert_false(killed_in_scope(m, 41, 20));
	assert_false(killed_in_scope(m, 43, 1));
	forks(m, 40, 44, 10);
	assert_false(killed_in_scope(m, 44, 20)); /* moved out: a shim's containers are not the shim's cgroup */
	model_free(m);
}

static void of_builds_and_steps(void **state)
{
	struct model *m = model_new();
	struct build *ours, *theirs;
	struct step *a, *b, *loose;

	(void)state;
	scope(m, 50, 0);
	cgroup(m, 10, 1);
	cgroup(m, 11, 1);
	ours = model_build_new(m, proc(m, 51, 50, 1), BUILDER_BUILDKIT);
	theirs = model_build_new(m, proc(m, 61, 60, 1), BUILDER_BUILDKIT);
	a = model_step_new(m, model_cgroup(m, 10), proc(m, 70, 2, 10));
	b = model_step_new(m, model_cgroup(m, 11), proc(m, 71, 2, 11));
	loose = model_step_new(m, NULL, proc(m, 72, 51, 1));
	a->build = ours;
	b->build = theirs;
	assert_true(model_concerns(m, ours));
	assert_false(model_concerns(m, theirs));
	assert_true(model_concerns_step(m, a));
	assert_false(model_concerns_step(m, b));
	assert_true(model_concerns_step(m, loose));
	scope(m, 0, 11); /* a second one adds up: of that build it is this step */
	assert_true(model_concerns(m, theirs));
	assert_true(model_concerns_step(m, b));
	model_free(m);
}

static void without_a_scope_it_is_all(void **state)
{
	struct model *m = model_new();
	struct build *b = model_build_new(m, proc(m, 51, 50, 1), BUILDER_BUILDKIT);

	(void)state;
	assert_true(model_concerns(m, b));
	assert_true(model_scoped_build(m, b));
	model_free(m);
}

static void a_process_by_its_number(void **state)
{
	struct scope_part part = { .kind = "pid" };
	struct procfs p;
	struct cgroupfs c = { .dir = -1 };
	char self[16];

	(void)state;
	assert_int_equal(procfs_open(&p, "/proc"), 0);
	snprintf(self, sizeof(self), "%d", getpid());
	assert_int_equal(scope_pid(&p, self, &part), 0);
	assert_int_equal(part.who.tgid, getpid());
	assert_false(scope_gone(&part, &p, &c));
	part.who.start_ns += 1000000000; /* another had that number */
	assert_true(scope_gone(&part, &p, &c));
	assert_int_equal(scope_pid(&p, "", &part), -EINVAL);
	assert_int_equal(scope_pid(&p, "12x", &part), -EINVAL);
	assert_int_equal(scope_pid(&p, "-1", &part), -EINVAL);
	assert_int_equal(scope_pid(&p, "0", &part), -ESRCH);
	assert_int_equal(scope_pid(&p, "99999999999999999999", &part), -EINVAL);
	assert_int_equal(scope_pid(&p, "4194305", &part), -ESRCH); /* past PID_MAX_LIMIT */
	procfs_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_a_process),
		cmocka_unit_test(of_what_ever_descended),
		cmocka_unit_test(of_a_cgroup),
		cmocka_unit_test(of_builds_and_steps),
		cmocka_unit_test(without_a_scope_it_is_all),
		cmocka_unit_test(a_process_by_its_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
