/* SPDX-License-Identifier: GPL-2.0 */
/* Did the death make the step fail? One tree a case, as real builds leave them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "diagnose/internal.h"

#define KILLED 9
#define CODE(n) ((n) << 8)

/* entry ← mid ← victim; exits at 30, 20, 10 */
struct tree {
	struct model m;
	struct proc entry, mid, victim, later;
	struct unit u;
};

static void name(struct proc *p, const char *comm)
{
	strncpy(p->comm, comm, sizeof(p->comm) - 1);
}

static void plant(struct tree *t, const char *entry, int entry_raw, const char *mid, int mid_raw)
{
	memset(t, 0, sizeof(*t));
	t->victim = (struct proc){ .id = { .tgid = 3 }, .parent = &t->mid, .exit_ns = 10, .exit_code = KILLED };
	t->mid = (struct proc){ .id = { .tgid = 2 }, .parent = &t->entry, .exit_ns = 20, .exit_code = mid_raw };
	t->entry = (struct proc){ .id = { .tgid = 1 }, .exit_ns = 30, .exit_code = entry_raw };
	name(&t->entry, entry);
	name(&t->mid, mid);
	name(&t->victim, "cc1");
	t->u.entry = &t->entry;
}

/* A child of p that came after the victim's death */
static void add_later(struct tree *t, struct proc *p, int raw)
{
	t->later = (struct proc){ .id = { .tgid = 4 }, .parent = p, .fork_ns = 15, .exit_ns = 18, .exit_code = raw };
	p->last_fork_ns = 15;
	HASH_ADD(hh, t->m.procs, id.tgid, sizeof(t->later.id.tgid), &t->later);
}

static enum tristate cause(struct tree *t)
{
	enum tristate ret = cause_of_failure(&t->m, &t->victim, &t->u);

	HASH_CLEAR(hh, t->m.procs);
	return ret;
}

static void shell_passes_137_on(void **state)
{
	struct tree t;

	(void)state;
	plant(&t, "sh", CODE(137), "sh", CODE(137));
	assert_int_equal(cause(&t), TRI_YES);
}

static void compiler_driver_and_make(void **state)
{
	struct tree t;

	(void)state;
	plant(&t, "make", CODE(2), "gcc", CODE(1));
	assert_int_equal(cause(&t), TRI_YES);
}

/* Gradle's client hears of the worker from its daemon, which lives on, and ended with 1 later than the worker */
static void through_a_daemon(void **state)
{
	struct tree t;

	(void)state;
	plant(&t, "java", CODE(1), "java", 0);
	t.mid.exit_ns = 0;
	t.entry.exec_ns = 3;
	assert_int_equal(cause(&t), TRI_UNKNOWN);
	t.entry.exit_code = 0;
	assert_int_equal(cause(&t), TRI_NO);
}

static void or_true(void **state)
{
	struct tree t;

	(void)state;
	plant(&t, "sh", CODE(0), "sh", CODE(137));
	assert_int_equal(cause(&t), TRI_NO);
}

static void swallowed_half_way(void **state)
{
	struct tree t;

	(void)state;
	plant(&t, "sh", CODE(3), "node", CODE(0));
	assert_int_equal(cause(&t), TRI_NO);
}

static void another_program_failed_later(void **state)
{
	struct tree t;

	(void)state;
	plant(&t, "sh", CODE(3), "sh", CODE(137));
	add_later(&t, &t.entry, CODE(3));
	t.entry.last_fork_ns = 25;
	t.later.fork_ns = 25;
	t.later.exit_ns = 28;
	assert_int_equal(cause(&t), TRI_NO);
}

static void the_script_decided(void **state)
{
	struct tree t;

	(void)state;
	plant(&t, "sh", CODE(3), "sh", CODE(137));
	assert_int_equal(cause(&t), TRI_UNKNOWN);
}

static void went_on_then_failed(void **state)
{
	struct tree t;

	(void)state;
	plant(&t, "make", CODE(2), "python3", CODE(1));
	add_later(&t, &t.mid, CODE(0));
	assert_int_equal(cause(&t), TRI_UNKNOWN);
}

static void went_on_and_kept_the_status(void **state)
{
	struct tree t;

	(void)state;
	plant(&t, "sh", CODE(137), "sh", CODE(137));
	add_later(&t, &t.mid, CODE(0));
	assert_int_equal(cause(&t), TRI_YES);
}

static void the_entry_itself(void **state)
{
	struct tree t;

	(void)state;
	plant(&t, "sh", KILLED, "sh", CODE(0));
	assert_int_equal(cause_of_failure(&t.m, &t.entry, &t.u), TRI_YES);
}

static void still_running(void **state)
{
	struct tree t;

	(void)state;
	plant(&t, "sh", 0, "sh", CODE(137));
	t.entry.exit_ns = 0;
	assert_int_equal(cause(&t), TRI_UNKNOWN);
}

static void orphan(void **state)
{
	struct tree t;

	(void)state;
	plant(&t, "sh", CODE(1), "sh", CODE(137));
	t.mid.parent = NULL;
	assert_int_equal(cause(&t), TRI_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shell_passes_137_on), cmocka_unit_test(compiler_driver_and_make),
		cmocka_unit_test(or_true), cmocka_unit_test(through_a_daemon), cmocka_unit_test(swallowed_half_way),
		cmocka_unit_test(another_program_failed_later), cmocka_unit_test(the_script_decided),
		cmocka_unit_test(went_on_then_failed), cmocka_unit_test(went_on_and_kept_the_status),
		cmocka_unit_test(the_entry_itself), cmocka_unit_test(still_running), cmocka_unit_test(orphan),
	};

	return cmocka_run_group_tests_name("cause", tests, NULL, NULL);
}
