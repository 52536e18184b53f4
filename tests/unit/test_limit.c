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

/* The kernel's own word needs no counter to agree: usage is below the limit again, and another level is full. */
static void decided_by_the_kernel(void **state)
{
	struct fixture *f = *state;

	level(f, 3, 64, 64);
	level(f, 2, 40, 200);
	f->k.ev.domain = 2;
	f->k.ev.h.flags = ZT_F_KILL_DECIDED;
	f->k.ev.constraint = ZT_CONSTRAINT_MEMCG;
	assert_int_equal(limit_find(f->m, f->r, &f->k, &f->i), CONF_CONFIRMED);
	assert_int_equal(f->i.limit.bytes, 200 * MIB);
	assert_int_equal(f->i.limit.cgroup, 2);
}

/* … even where the host looks full, and where a level is. */
static void decided_host(void **state)
{
	struct fixture *f = *state;

	level(f, 2, 64, 64);
	f->k.ev.h.flags = ZT_F_KILL_DECIDED | ZT_F_KILL_HOST;
	f->k.ev.constraint = ZT_CONSTRAINT_NONE;
	f->m->host = (struct zt_ev_host){ .h.kind = ZT_host, .total_bytes = 1024 * MIB, .available_bytes = 900 * MIB };
	assert_int_equal(limit_find(f->m, f->r, &f->k, &f->i), CONF_CONFIRMED);
	assert_int_equal(f->i.limit.kind, LIMIT_HOST);
}

/* Its domain was never seen: the rest decides as it did without a word from the kernel. */
static void decided_but_lost(void **state)
{
	struct fixture *f = *state;

	f->k.ev.domain = 9;
	f->k.ev.h.flags = ZT_F_KILL_DECIDED;
	f->k.ev.constraint = ZT_CONSTRAINT_MEMCG;
	assert_int_equal(limit_find(f->m, f->r, &f->k, &f->i), CONF_UNKNOWN);
	assert_int_equal(f->i.limit.kind, LIMIT_NONE);
}

static void on_request(void **state)
{
	struct fixture *f = *state;

	f->k.ev.h.flags = ZT_F_KILL_DECIDED | ZT_F_KILL_HOST;
	f->k.ev.constraint = ZT_CONSTRAINT_NONE;
	f->k.ev.order = ZT_ORDER_SYSRQ;
	assert_int_equal(limit_find(f->m, f->r, &f->k, &f->i), CONF_CONFIRMED);
	assert_int_equal(f->i.limit.kind, LIMIT_HOST);
	assert_non_null(strstr(f->i.limit_text, "SysRq-f"));
}

static void memory_nodes(void **state)
{
	struct fixture *f = *state;

	level(f, 2, 30, 0);
	f->k.ev.h.flags = ZT_F_KILL_DECIDED | ZT_F_KILL_HOST;
	f->k.ev.constraint = ZT_CONSTRAINT_CPUSET;
	assert_int_equal(limit_find(f->m, f->r, &f->k, &f->i), CONF_CONFIRMED);
	assert_int_equal(f->i.limit.kind, LIMIT_CPUSET);
	assert_string_equal(f->i.limit.file, "cpuset.mems");
	/* derived from the trigger's policy: not the kernel's own word */
	f->k.ev.h.flags = ZT_F_KILL_HOST;
	f->k.ev.constraint = ZT_CONSTRAINT_MEMPOLICY;
	assert_int_equal(limit_find(f->m, f->r, &f->k, &f->i), CONF_LIKELY);
	assert_int_equal(f->i.limit.kind, LIMIT_MEMPOLICY);
}

static void counted(struct fixture *f, unsigned int n, bool known, zt_u64 before, zt_u64 now)
{
	f->levels[n].before_known = known;
	f->levels[n].oom_local_before = before;
	f->levels[n].mem.events_oom_local = now;
}

/* Two full levels and no oom_lock: the one whose own count rose was hit. */
static void the_count_decides(void **state)
{
	struct fixture *f = *state;

	level(f, 3, 64, 64);
	level(f, 2, 64, 64);
	f->k.ev.domain = 3;
	assert_int_equal(limit_find(f->m, f->r, &f->k, &f->i), CONF_LIKELY);
	assert_int_equal(f->i.limit.cgroup, 3);
	counted(f, 0, true, 4, 4);
	counted(f, 1, true, 0, 1);
	assert_int_equal(limit_find(f->m, f->r, &f->k, &f->i), CONF_CONFIRMED);
	assert_int_equal(f->i.limit.cgroup, 2);
	/* both rose: it is a guess again */
	counted(f, 0, true, 4, 5);
	assert_int_equal(limit_find(f->m, f->r, &f->k, &f->i), CONF_LIKELY);
	assert_int_equal(f->i.limit.cgroup, 3);
	/* a count from before the trace says nothing of now */
	counted(f, 0, true, 4, 4);
	counted(f, 1, false, 0, 7);
	assert_int_equal(limit_find(f->m, f->r, &f->k, &f->i), CONF_LIKELY);
	assert_int_equal(f->i.limit.cgroup, 3);
}

/* The lock outranks the count: a count may be of an OOM that killed nobody. */
static void the_lock_outranks_the_count(void **state)
{
	struct fixture *f = *state;

	level(f, 3, 64, 64)->flags = ZT_F_MEMCG_OOM_LOCKED;
	level(f, 2, 64, 64);
	f->k.ev.domain = 3;
	counted(f, 1, true, 0, 1);
	assert_int_equal(limit_find(f->m, f->r, &f->k, &f->i), CONF_CONFIRMED);
	assert_int_equal(f->i.limit.cgroup, 3);
}

static void what_it_consisted_of(void **state)
{
	struct fixture *f = *state;
	struct zt_memcg *c = level(f, 2, 100, 100);
	const struct zt_ev_memstat *b = &f->i.limit.split.bytes;

	f->k.ev.domain = 2;
	c->flags = ZT_F_MEMCG_STATS;
	c->anon_bytes = 60 * MIB;
	c->file_bytes = 30 * MIB; /* as the kernel counts it: shmem is in it */
	c->shmem_bytes = 20 * MIB;
	c->kernel_bytes = 9 * MIB;
	limit_find(f->m, f->r, &f->k, &f->i);
	assert_int_equal(f->i.limit.split.confidence, CONF_CONFIRMED);
	assert_int_equal(b->file_bytes, 10 * MIB);
	assert_int_equal(b->shmem_bytes, 20 * MIB);
	c->anon_bytes = 3 * MIB; /* stale */
	limit_find(f->m, f->r, &f->k, &f->i);
	assert_int_equal(f->i.limit.split.confidence, CONF_UNKNOWN);
	assert_int_equal(b->anon_bytes, 0);
	f->k.memstat = (struct zt_ev_memstat){ .h = { .kind = ZT_memstat, .cgroup = 2 }, .anon_bytes = 90 * MIB };
	limit_find(f->m, f->r, &f->k, &f->i);
	assert_int_equal(f->i.limit.split.confidence, CONF_LIKELY);
	assert_int_equal(b->anon_bytes, 90 * MIB);
	f->k.memstat.h.cgroup = 3; /* of the victim's own, which is another */
	f->i.limit.split = (struct split){ 0 };
	limit_find(f->m, f->r, &f->k, &f->i);
	assert_int_equal(f->i.limit.split.confidence, CONF_UNKNOWN);
}

/* What swap had to do with it is said only where there is any. */
static void swap_words(void **state)
{
	struct fixture *f = *state;
	struct zt_memcg *c = level(f, 2, 64, 64);

	f->m->start.cgroup_version = 2;
	f->k.ev.domain = 2;
	c->swap_limit_bytes = 0;
	limit_find(f->m, f->r, &f->k, &f->i);
	assert_string_equal(f->i.used_text, "64.0 MiB of 64.0 MiB");
	f->m->host = (struct zt_ev_host){ .h.kind = ZT_host, .swap_total_bytes = 99 * MIB };
	limit_find(f->m, f->r, &f->k, &f->i);
	assert_string_equal(f->i.used_text, "64.0 MiB of 64.0 MiB, no swap allowed");
	c->swap_limit_bytes = 32 * MIB;
	c->swap_usage_bytes = 31 * MIB;
	limit_find(f->m, f->r, &f->k, &f->i);
	assert_string_equal(f->i.used_text, "64.0 MiB of 64.0 MiB and 31.0 MiB of 32.0 MiB swap");
	c->swap_limit_bytes = ZT_NO_LIMIT;
	limit_find(f->m, f->r, &f->k, &f->i);
	assert_string_equal(f->i.used_text, "64.0 MiB of 64.0 MiB and 31.0 MiB of swap");
	c->flags = ZT_F_MEMCG_SWAP_INCLUSIVE;
	c->swap_limit_bytes = 128 * MIB;
	c->swap_usage_bytes = 95 * MIB;
	limit_find(f->m, f->r, &f->k, &f->i);
	assert_string_equal(f->i.used_text, "64.0 MiB of 64.0 MiB; memory and swap 95.0 MiB of 128.0 MiB");
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
/* A host-wide kill without the kernel's own word: a kworker does what SysRq-f asks for, with memory to spare. */
static void asked_for_with_sysrq(void **state)
{
	struct fixture *f = *state;

	f->k.ev.h.flags = ZT_F_KILL_HOST;
	strcpy(f->k.ev.comm, "kworker/1:2");
	f->k.ev.rss.anon_bytes = 60 * MIB;
	f->k.host = (struct zt_ev_host){ .h.kind = ZT_host, .total_bytes = 1000 * MIB, .available_bytes = 700 * MIB };
	assert_true(looks_like_sysrq(&f->k));
	assert_int_equal(limit_find(f->m, f->r, &f->k, &f->i), CONF_LIKELY);
	assert_int_equal(f->i.limit.kind, LIMIT_HOST);
	assert_non_null(strstr(f->i.limit_text, "SysRq"));

	f->k.host.available_bytes = 290 * MIB; /* 60 of which the victim gave back */
	assert_false(looks_like_sysrq(&f->k));
	f->k.host_at = (struct zt_ev_host){ .h = { .kind = ZT_host, .flags = ZT_F_HOST_KERNEL },
					    .total_bytes = 1000 * MIB, .free_bytes = 260 * MIB };
	assert_true(looks_like_sysrq(&f->k));
	strcpy(f->k.ev.comm, "cc1plus");
	assert_false(looks_like_sysrq(&f->k));
	strcpy(f->k.ev.comm, "kworker/1:2");
	f->k.ev.h.flags |= ZT_F_KILL_DECIDED; /* the kernel's own word is better */
	assert_false(looks_like_sysrq(&f->k));
	f->k.ev.order = ZT_ORDER_SYSRQ;
	assert_true(looks_like_sysrq(&f->k));
}

/* The second of two OOMs of one level: nothing locked, nothing full any more, and the host had memory to spare. */
static void the_second_of_two(void **state)
{
	struct fixture *f = *state;
	struct zt_ev_cgroup e = { .h = { .size = sizeof(e), .fixed = sizeof(e), .kind = ZT_cgroup },
				  .mem = { .id = 2, .limit_bytes = 64 * MIB } };

	assert_int_equal(model_apply(f->m, &e.h), 0);
	level(f, 2, 58, 64);
	level(f, 1, 200, 0);
	f->k.ev.h.flags = ZT_F_KILL_HOST;
	f->k.ev.h.cgroup = 2;
	strcpy(f->k.ev.comm, "cc1plus");
	f->k.host = (struct zt_ev_host){ .h.kind = ZT_host, .total_bytes = 1000 * MIB, .available_bytes = 700 * MIB };
	assert_int_equal(limit_find(f->m, f->r, &f->k, &f->i), CONF_LIKELY);
	assert_int_equal(f->i.limit.kind, LIMIT_CGROUP);
	assert_int_equal(f->i.limit.cgroup, 2);

	f->k.host.available_bytes = 20 * MIB; /* then it was the host */
	memset(&f->i, 0, sizeof(f->i));
	assert_int_equal(limit_find(f->m, f->r, &f->k, &f->i), CONF_CONFIRMED);
	assert_int_equal(f->i.limit.kind, LIMIT_HOST);
	f->k.host.available_bytes = 700 * MIB; /* another's memory, asked for from elsewhere */
	f->k.ev.h.cgroup = 1;
	memset(&f->i, 0, sizeof(f->i));
	assert_int_equal(limit_find(f->m, f->r, &f->k, &f->i), CONF_LIKELY);
	assert_int_equal(f->i.limit.kind, LIMIT_HOST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_locked_level_at_its_limit), T(memory_and_swap_together), T(lock_and_counter_disagree),
		T(the_host), T(nothing_was_seen), T(decided_by_the_kernel), T(decided_host), T(decided_but_lost),
		T(on_request), T(memory_nodes), T(the_count_decides), T(the_lock_outranks_the_count),
		T(what_it_consisted_of), T(swap_words), T(asked_for_with_sysrq), T(the_second_of_two),
	};

	return cmocka_run_group_tests_name("limit", tests, NULL, NULL);
}
