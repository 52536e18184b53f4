/* SPDX-License-Identifier: GPL-2.0 */
/* Which builds go together: on literal tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diagnose/plan.h"
#include "diagnose/swap.h"

#define GB (1ull << 30)

static struct plan *plan(void)
{
	struct plan *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	return p;
}

static void build(struct plan *p, const char *name, zt_u64 peak_bytes, bool at_least)
{
	struct plan_build *v = &p->builds[p->n++];

	snprintf(v->name, sizeof(v->name), "%s", name);
	v->peak_bytes = peak_bytes;
	v->at_least = at_least;
}

static unsigned int round_of(const struct plan *p, const char *name)
{
	for (unsigned int n = 0; n < p->n; n++)
		if (!strcmp(p->builds[n].name, name))
			return p->builds[n].round;
	return 0;
}

static void what_fits_goes_together(void **state)
{
	struct plan *p = plan();

	(void)state;
	build(p, "small", GB / 2, false);
	build(p, "big", 3 * GB / 2, false);
	build(p, "middle", GB, false);
	plan_make(p, 2 * GB, 0);
	assert_int_equal(p->rounds, 2);
	assert_int_equal(round_of(p, "big"), round_of(p, "small"));
	assert_int_equal(round_of(p, "middle"), 2);
	assert_int_equal(p->round_bytes[0], 2 * GB);
	assert_int_equal(p->swap_need_bytes, 0);
	plan_make(p, 3 * GB, 0); /* and again, for another host */
	assert_int_equal(p->rounds, 1);
	assert_int_equal(p->round_bytes[0], 3 * GB);
	plan_make(p, 3 * GB - 1, 0);
	assert_int_equal(p->rounds, 2);
	free(p);
}

static void one_too_big_is_alone_and_wants_swap(void **state)
{
	struct plan *p = plan();

	(void)state;
	build(p, "huge", 3 * GB, false);
	build(p, "small", GB / 4, false);
	plan_make(p, 2 * GB, 0);
	assert_int_equal(p->rounds, 2);
	assert_true(round_of(p, "huge") != round_of(p, "small"));
	assert_int_equal(p->swap_need_bytes, GB);
	assert_false(p->swap_at_least);
	p->builds[0].at_least = p->builds[1].at_least = true;
	plan_make(p, 2 * GB, 0);
	assert_true(p->swap_at_least);
	free(p);
}

/* What it would have taken is not known, so nothing is put beside it. */
static void one_that_was_killed_is_alone(void **state)
{
	struct plan *p = plan();

	(void)state;
	build(p, "killed", GB / 8, true);
	build(p, "a", GB / 8, false);
	build(p, "b", GB / 8, false);
	plan_make(p, 2 * GB, 0);
	assert_int_equal(p->rounds, 2);
	assert_int_equal(round_of(p, "a"), round_of(p, "b"));
	assert_true(round_of(p, "killed") != round_of(p, "a"));
	free(p);
}

static void swap_goes_where_it_works(void **state)
{
	const struct swap_disks unknown = { NULL, NULL }, full = { "ext4 1000", NULL },
				overlay = { "overlay 999999999999", "xfs 999999999999" };
	char buf[SWAP_COMMAND_BYTES];

	(void)state;
	assert_true(swap_place(&unknown, GB, buf, sizeof(buf)));
	assert_string_equal(buf, "sudo dd if=/dev/zero of=/swap-1024m bs=1M count=1024 && sudo chmod 600 /swap-1024m && "
				 "sudo mkswap /swap-1024m && sudo swapon /swap-1024m");
	assert_false(swap_place(&full, GB, buf, sizeof(buf)));
	assert_true(swap_place(&overlay, GB, buf, sizeof(buf)));
	assert_non_null(strstr(buf, "fallocate -l 1024M /var/lib/swap-1024m "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_fits_goes_together),
		cmocka_unit_test(swap_goes_where_it_works),
		cmocka_unit_test(one_too_big_is_alone_and_wants_swap),
		cmocka_unit_test(one_that_was_killed_is_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
