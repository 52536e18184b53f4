/* SPDX-License-Identifier: GPL-2.0 */
/* Which limit was hit, on literal chains of cgroups. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "diagnose/internal.h"

#define MIB ((zt_u64)1 << 20)

struct fixture {
	struct model *m;
	struct report *r;
	struct kill k;
	struct kill_level levels[4];
	struct incident i;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->m = model_new();
	f->m->start.page_bytes = 4096;
	f->m->start.cpus = 2;
	f->m->start.cgroup_version = 1;
	f->r = report_new(f->m);
	f->k.levels = f->levels;
	f->k.walk = &f->k;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	report_free(f->r);
	model_free(f->m);
	free(f);
	return 0;
}

static struct zt_memcg *level(struct fixture *f, zt_u64 id, zt_u64 usage_mib, zt_u64 limit_mib)
{
	struct kill_level *l = &f->levels[f->k.nlevels];

	l->flags = ZT_F_LEVEL_CHAIN;
	l->depth = f->k.nlevels++;
	l->name = (char *)"x";
	l->mem = (struct zt_memcg){ .id = id, .usage_bytes = usage_mib * MIB,
				    .limit_bytes = limit_mib ? limit_mib * MIB : ZT_NO_LIMIT,
				    .swap_limit_bytes = ZT_NO_LIMIT };
	return &l->mem;
}

static void the_locked_level_at_its_limit(void **state)
{
	struct fixture *f = *state;

	level(f, 3, 40, 0);
	level(f, 2, 64, 64);
	level(f, 1, 900, 0);
	f->k.ev.domain = 2;
	assert_int_equal(limit_find(f->m, f->r, &f->k, &f->i), CONF_CONFIRMED);
	assert_int_equal(f->i.limit.kind, LIMIT_CGROUP);
	assert_int_equal(f->i.limit.bytes, 64 * MIB);
	assert_int_equal(f->i.limit.nchain, 3);
	assert_string_equal(f->i.limit.file, "memory.limit_in_bytes");
	assert_false(f->i.limit.swap_inclusive);
}

static void memory_and_swap_together(void **state)
{
	struct fixture *f = *state;
	struct zt_memcg *m = level(f, 2, 30, 64);

	m->flags = ZT_F_MEMCG_SWAP_INCLUSIVE;
	m->swap_usage_bytes = m->swap_limit_bytes = 80 * MIB;
	f->k.ev.domain = 2;
	assert_int_equal(limit_find(f->m, f->r, &f->k, &f->i), CONF_CONFIRMED);
	assert_true(f->i.limit.swap_inclusive);
	assert_int_equal(f->i.limit.bytes, 80 * MIB);
	assert_string_equal(f->i.limit.file, "memory.memsw.limit_in_bytes");
}

/* Two OOMs in nested domains: the lock was seen one level off, the counters know better. */
static void lock_and_counter_disagree(void **state)
{
	struct fixture *f = *state;

	level(f, 3, 40, 200);
	level(f, 2, 64, 64);
	f->k.ev.domain = 3;
	assert_int_equal(limit_find(f->m, f->r, &f->k, &f->i), CONF_LIKELY);
	assert_int_equal(f->i.limit.bytes, 64 * MIB);
}

static void the_host(void **state)
{
	struct fixture *f = *state;

	level(f, 2, 300, 0);
	level(f, 1, 900, 0);
	f->k.ev.h.flags = ZT_F_KILL_HOST;
	f->m->host.h.kind = ZT_host;
	f->m->host.total_bytes = 1024 * MIB;
	f->m->host.available_bytes = 10 * MIB;
	assert_int_equal(limit_find(f->m, f->r, &f->k, &f->i), CONF_CONFIRMED);
	assert_int_equal(f->i.limit.kind, LIMIT_HOST);
}

static void nothing_was_seen(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(limit_find(f->m, f->r, &f->k, &f->i), CONF_UNKNOWN);
	assert_int_equal(f->i.limit.kind, LIMIT_NONE);
	assert_true(f->i.limit.bytes == ZT_NO_LIMIT);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_locked_level_at_its_limit), T(memory_and_swap_together), T(lock_and_counter_disagree),
		T(the_host), T(nothing_was_seen),
	};

	return cmocka_run_group_tests_name("limit", tests, NULL, NULL);
}
