/* SPDX-License-Identifier: GPL-2.0 */
/* Why the kernel took this process and not that: its arithmetic, each rule, and decisions put together from events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <limits.h>
#include <string.h>

#include "diagnose/why.h"

#define MIB ((zt_u64)1 << 20)
#define PAGES(mib) ((mib) * 256)

/* As the kernel has it: adj *= totalpages / 1000, and 262143 / 1000 is 262. */
static void points_of_the_kernel(void **state)
{
	struct zt_rss s = { .anon_bytes = 8 * MIB, .file_bytes = 2 * MIB, .shmem_bytes = MIB, .swap_bytes = 4 * MIB,
			    .pgtable_bytes = 3 * 4096 + 4095 };

	(void)state;
	assert_int_equal(oom_size_pages(&s, 4096), PAGES(15) + 3);
	assert_int_equal(oom_points(1000, 0, 262143), 1000);
	assert_int_equal(oom_points(1000, 500, 262143), 1000 + 500 * 262);
	assert_int_equal(oom_points(1000, -500, 262143), 1000 - 500 * 262);
	assert_int_equal(oom_points(1000, 1000, 999), 1000);
	assert_int_equal(oom_points(~(zt_u64)0, INT_MIN, ~(zt_u64)0), ((zt_s64)1 << 50) - 1000 * (((zt_s64)1 << 50) / 1000));
}

static void total_is_limit_and_swap(void **state)
{
	struct zt_ev_host h = { .h.kind = ZT_host, .total_bytes = 1000 * MIB, .swap_total_bytes = 300 * MIB };
	struct zt_memcg v2 = { .limit_bytes = 64 * MIB, .swap_limit_bytes = ZT_NO_LIMIT };
	struct zt_memcg v1 = { .limit_bytes = 64 * MIB, .swap_limit_bytes = 80 * MIB, .flags = ZT_F_MEMCG_SWAP_INCLUSIVE };
	struct zt_ev_host unknown = { 0 };

	(void)state;
	assert_int_equal(oom_total_bytes(NULL, &h), 1300 * MIB);
	assert_int_equal(oom_total_bytes(&v2, &h), 364 * MIB);
	v2.swap_limit_bytes = 10 * MIB;
	assert_int_equal(oom_total_bytes(&v2, &h), 74 * MIB);
	v2.swap_limit_bytes = 0;
	assert_int_equal(oom_total_bytes(&v2, &h), 64 * MIB);
	assert_int_equal(oom_total_bytes(&v1, &h), 80 * MIB);
	v1.swap_limit_bytes = 60 * MIB; /* below the limit: a damaged trace */
	assert_int_equal(oom_total_bytes(&v1, &h), 64 * MIB);
	v1.swap_limit_bytes = ZT_NO_LIMIT;
	assert_int_equal(oom_total_bytes(&v1, &h), 364 * MIB);
	v2.limit_bytes = ZT_NO_LIMIT;
	assert_int_equal(oom_total_bytes(&v2, &h), 0);
	assert_int_equal(oom_total_bytes(&v1, &unknown), 0);
}

/* The chosen one and another, in a domain of 1000000 pages */
struct duel {
	struct candidate c[3];
	struct weighing w;
};

static void put(struct candidate *c, zt_u32 pid, zt_u64 pages, zt_s32 adj)
{
	*c = (struct candidate){ .id = { .tgid = pid }, .comm = "x", .oom_score_adj = adj, .size_pages = pages,
				 .points = oom_points(pages, adj, 1000000), .points_known = true,
				 .exempt = adj == OOM_ADJ_MIN, .confidence = CONF_CONFIRMED };
}

static const char *duel(struct duel *d, zt_u64 pages, zt_s32 adj, zt_u64 other_pages, zt_s32 other_adj)
{
	put(&d->c[0], 1, other_pages, other_adj);
	put(&d->c[1], 2, pages, adj);
	d->c[1].chosen = true;
	put(&d->c[2], 3, 10, -999);
	d->w.total_pages = 1000000;
	d->w.page_bytes = 4096;
	weigh(d->c, 3, &d->w);
	return why_reason(&d->w);
}

static void the_largest(void **state)
{
	struct duel d = { .w.memcg = true };

	(void)state;
	assert_string_equal(duel(&d, 5000, 0, 4000, 0), "largest");
	assert_true(d.w.best);
	assert_null(d.w.larger);
	assert_int_equal(d.c[0].id.tgid, 2);
	assert_string_equal(duel(&d, 5000, -500, 4000, -500), "largest");
}

static void score_raised(void **state)
{
	struct duel d = { .w.memcg = true };

	(void)state;
	assert_string_equal(duel(&d, 4000, 500, 5000, 0), "score_raised");
	assert_int_equal(d.w.larger->id.tgid, 1);
	/* both: without its own +500 the other's -1 would not have saved that one */
	assert_string_equal(duel(&d, 4000, 500, 8000, -1), "score_raised");
}

static void larger_score_lowered(void **state)
{
	struct duel d = { .w.memcg = true };

	(void)state;
	assert_string_equal(duel(&d, 4000, 0, 5000, -500), "larger_score_lowered");
	assert_string_equal(duel(&d, 4000, -500, 5000, -900), "larger_score_lowered");
	/* raised too, but it would have been chosen without that */
	assert_string_equal(duel(&d, 4000, 1, 5000, -500), "larger_score_lowered");
}

static void larger_exempt(void **state)
{
	struct duel d = { .w.memcg = true };

	(void)state;
	assert_string_equal(duel(&d, 4000, 0, 9000, OOM_ADJ_MIN), "larger_exempt");
	assert_int_equal(d.c[2].id.tgid, 1); /* last of the list, whatever its size */
	/* one that is smaller explains nothing */
	assert_string_equal(duel(&d, 4000, 0, 3000, OOM_ADJ_MIN), "largest");
}

/* A larger one with a better score was not taken: nothing that is known explains it, so nothing is said. */
static void unexplained(void **state)
{
	struct duel d = { .w.memcg = true };

	(void)state;
	assert_null(duel(&d, 4000, 0, 5000, 0));
	assert_null(duel(&d, 4000, 0, 5000, 100));
	d.w.chosen = NULL;
	d.w.best = false;
	d.w.larger = NULL;
	assert_null(why_reason(&d.w));
}

/* Computed points come from counters that lag: a near tie is no reason to look for one. */
static void computed_is_not_exact(void **state)
{
	struct duel d = { .w.memcg = true };

	(void)state;
	put(&d.c[0], 1, 40100, 0);
	put(&d.c[1], 2, 40000, 0);
	put(&d.c[2], 3, 10, 0);
	d.c[1].chosen = true;
	d.c[0].confidence = d.c[1].confidence = CONF_LIKELY;
	weigh(d.c, 3, &d.w);
	assert_string_equal(why_reason(&d.w), "largest");
	for (int i = 0; i < 3; i++)
		d.c[i].confidence = CONF_CONFIRMED;
	weigh(d.c, 3, &d.w);
	assert_null(why_reason(&d.w));
}

static void whoever_asks(void **state)
{
	struct duel d = { .w.trigger_chosen = true };

	(void)state;
	assert_string_equal(duel(&d, 100, 0, 5000, 0), "allocating_task");
	/* a cgroup's limit does not ask that knob */
	d.w.memcg = true;
	assert_null(why_reason(&d.w));
	d = (struct duel){ .w = { .trigger_chosen = true, .decided = true, .weighed_none = true } };
	assert_string_equal(duel(&d, 5000, 0, 100, 0), "allocating_task");
	/* the largest that asked itself */
	d = (struct duel){ .w.trigger_chosen = true };
	assert_string_equal(duel(&d, 5000, 0, 100, 0), "largest");
}

static void other_reasons(void **state)
{
	struct duel d = { .w = { .memcg = true, .was_dying = true } };

	(void)state;
	assert_string_equal(duel(&d, 100, 0, 5000, 0), "was_dying");
	d = (struct duel){ .w = { .memcg = true, .decided = true, .preferred = true } };
	assert_string_equal(duel(&d, 100, 0, 5000, 0), "preferred");
	d = (struct duel){ .w = { .memcg = true, .group = true } };
	assert_string_equal(duel(&d, 5000, 0, 100, 0), "oom_group");
	/* the score says more than the group does */
	assert_string_equal(duel(&d, 4000, 500, 5000, 0), "score_raised");
	d = (struct duel){ .w.memcg = true };
	duel(&d, 5000, 0, 100, 0);
	d.w.outside = &d.c[2];
	assert_string_equal(why_reason(&d.w), "larger_outside");
	d.w.outside = NULL;
	d.w.choosable = 0;
	assert_string_equal(why_reason(&d.w), "only_one");
}

/* Whole decisions, from events */
struct world {
	struct model *m;
	struct report *r;
};

static int setup(void **state)
{
	struct world *x = calloc(1, sizeof(*x));

	x->m = model_new();
	x->m->start = (struct zt_ev_start){ .page_bytes = 4096, .cpus = 1, .cgroup_version = 2 };
	x->m->host = (struct zt_ev_host){ .h.kind = ZT_host, .total_bytes = 4096 * MIB, .available_bytes = 2048 * MIB };
	x->r = report_new(x->m);
	*state = x;
	return 0;
}

static int teardown(void **state)
{
	struct world *x = *state;

	report_free(x->r);
	model_free(x->m);
	free(x);
	return 0;
}

static struct zt_ev_kill kill_of(zt_u64 seq, zt_u32 victim, zt_u64 mib)
{
	return (struct zt_ev_kill){
		.h = { .size = sizeof(struct zt_ev_kill), .fixed = sizeof(struct zt_ev_kill), .kind = ZT_kill,
		       .flags = ZT_F_KILL_DECIDED, .ts_ns = 1000 + seq, .cgroup = 7, .who = { .tgid = 50, .tid = 50 } },
		.seq = seq, .victim = { victim, victim, 5 }, .victim_cgroup = 7, .domain = 7,
		.rss.anon_bytes = mib * MIB, .comm = "asks", .victim_comm = "hog", .decision = 1,
		.chosen = { 60, 60, 5 }, .points = (zt_s64)PAGES(40), .total_bytes = 64 * MIB,
		.constraint = ZT_CONSTRAINT_MEMCG, .gfp = 0xcc0,
	};
}

static void apply(struct world *x, void *ev)
{
	assert_int_equal(model_apply(x->m, ev), 0);
}

static void level(struct world *x, zt_u64 seq, zt_u64 id, zt_u64 parent, const char *name, zt_u64 limit, zt_u64 usage)
{
	struct {
		struct zt_ev_level e;
		char name[16];
	} l = { .e = { .h = { .kind = ZT_level, .fixed = sizeof(l.e), .flags = ZT_F_LEVEL_CHAIN, .ts_ns = 1000 },
		       .seq = seq,
		       .mem = { .id = id, .parent = parent, .limit_bytes = limit, .usage_bytes = usage,
				.swap_limit_bytes = ZT_NO_LIMIT } } };

	l.e.h.size = (zt_u32)(sizeof(l.e) + strlen(name) + 1);
	strcpy((char *)&l.e + sizeof(l.e), name);
	apply(x, &l);
}

static void task(struct world *x, zt_u64 seq, zt_u32 pid, zt_u64 cgroup, zt_u64 mib, zt_s32 adj, zt_u32 flags, zt_s64 points)
{
	struct zt_ev_task t = { .h = { .kind = ZT_task, .size = sizeof(t), .fixed = sizeof(t), .flags = flags,
				       .ts_ns = 1000, .cgroup = cgroup, .who = { pid, pid, 5 } },
				.seq = seq, .rss.anon_bytes = mib * MIB, .oom_score_adj = adj, .comm = "t",
				.points = points };

	apply(x, &t);
}

static void end_of_kill(struct world *x, zt_u64 seq)
{
	struct zt_ev_kill_end e = { .h = { .kind = ZT_kill_end, .size = sizeof(e), .fixed = sizeof(e), .ts_ns = 1000 },
				    .seq = seq };

	apply(x, &e);
}

static struct incident *explain(struct world *x)
{
	struct unit none = { 0 };

	return oom_incident(x->m, x->r, x->m->kills, &none);
}

static void put_levels(struct world *x, zt_u64 seq)
{
	level(x, seq, 7, 1, "box", 64 * MIB, 64 * MIB);
	level(x, seq, 1, 0, "", ZT_NO_LIMIT, 100 * MIB);
}

/* memory.oom.group: marked in any order, walked or not, one decision is one incident, and the chosen one its first. */
static void one_incident_a_decision(void **state)
{
	struct world *x = *state;
	struct zt_ev_kill other = kill_of(1, 61, 20), chosen = kill_of(2, 60, 40), next = kill_of(3, 62, 1);
	struct incident *i;

	apply(x, &other);
	put_levels(x, 1);
	task(x, 1, 61, 7, 20, 0, ZT_F_TASK_CANDIDATE, (zt_s64)PAGES(20));
	task(x, 1, 60, 7, 40, 0, ZT_F_TASK_CANDIDATE, (zt_s64)PAGES(40));
	end_of_kill(x, 1);
	apply(x, &chosen);
	next.decision = 2;
	next.chosen = next.victim;
	apply(x, &next);
	assert_ptr_equal(x->m->kills->next->walk, x->m->kills);
	assert_ptr_not_equal(x->m->kills->next->next->walk, x->m->kills);
	i = explain(x);
	assert_int_equal(i->nvictims, 2);
	assert_int_equal(i->victims[0].id.tgid, 60);
	assert_int_equal(i->victims[1].id.tgid, 61);
	assert_int_equal(i->victims[0].points, PAGES(40));
	assert_int_equal(i->victims[1].points, PAGES(20));
	assert_int_equal(i->decision.ncandidates, 2);
	assert_true(i->decision.candidates[0].chosen);
	assert_string_equal(i->decision.reason, "largest");
	assert_int_equal(i->decision.reason_confidence, CONF_CONFIRMED);
	assert_false(x->m->kills->next->next->reported);
}

/* No step and no command of ours: the process is named, and so is who asked for the page. */
static void outside_any_step(void **state)
{
	struct world *x = *state;
	struct zt_ev_kill k = kill_of(1, 60, 40);
	struct incident *i;

	k.victim.tid = 66;
	apply(x, &k);
	put_levels(x, 1);
	end_of_kill(x, 1);
	i = explain(x);
	assert_string_equal(i->code, "ZT1001");
	assert_string_equal(i->headline, "process hog ran out of memory: its own limit is 64.0 MiB");
	assert_string_equal(i->killed, "hog, pid 60 (its first thread had ended already), 40.0 MiB, 62 % of the limit");
	assert_string_equal(i->notes[0], "the last page was asked for by asks (pid 50)");
	assert_int_equal(i->decision.ncandidates, 1); /* the list was lost, the victim is known */
	assert_int_equal(i->decision.points, PAGES(40));
}

/* Raw tracepoints only: nothing was decided in words, all is computed, and likely. */
static void computed_decision(void **state)
{
	struct world *x = *state;
	struct zt_ev_kill k = kill_of(1, 60, 10);
	struct incident *i;

	k.h.flags = 0;
	k.decision = 0;
	k.total_bytes = 0;
	k.points = 0;
	k.constraint = ZT_CONSTRAINT_UNKNOWN;
	apply(x, &k);
	put_levels(x, 1);
	task(x, 1, 60, 7, 10, 900, 0, 0);
	task(x, 1, 61, 7, 50, 0, 0, 0);
	task(x, 1, 62, 1, 900, 0, 0, 0); /* not below the domain */
	end_of_kill(x, 1);
	i = explain(x);
	assert_int_equal(i->decision.total_bytes, 64 * MIB);
	assert_int_equal(i->decision.ncandidates, 2);
	assert_int_equal(i->decision.candidates[0].points, PAGES(10) + 900 * 16);
	assert_int_equal(i->decision.candidates[0].confidence, CONF_LIKELY);
	assert_string_equal(i->decision.reason, "score_raised");
	assert_int_equal(i->decision.reason_confidence, CONF_LIKELY);
	assert_string_equal(i->why_text, "likely: its oom_score_adj 900 put it before t, 50.0 MiB");
}

/* The list is short; the chosen one is in it even when it comes last. */
static void many_candidates(void **state)
{
	struct world *x = *state;
	struct zt_ev_kill k = kill_of(1, 60, 4);
	struct incident *i;

	k.chosen = k.victim;
	apply(x, &k);
	put_levels(x, 1);
	for (zt_u32 n = 0; n < 40; n++)
		task(x, 1, 100 + n, 7, 10 + n, 0, ZT_F_TASK_CANDIDATE, (zt_s64)PAGES(10 + n));
	task(x, 1, 60, 7, 4, 0, ZT_F_TASK_CANDIDATE, (zt_s64)PAGES(4));
	end_of_kill(x, 1);
	i = explain(x);
	assert_int_equal(i->decision.ncandidates, CANDIDATES_MAX);
	assert_int_equal(i->decision.candidates[0].id.tgid, 139);
	assert_true(i->decision.candidates[CANDIDATES_MAX - 1].chosen);
}

/* A damaged trace may say anything: no overflow, no crash (the sanitizers watch). */
static void hostile_numbers(void **state)
{
	struct world *x = *state;
	struct zt_ev_kill k = kill_of(1, 60, 10);

	k.points = LLONG_MIN;
	k.oom_score_adj = INT_MIN;
	k.total_bytes = ~(zt_u64)0;
	k.order = INT_MAX;
	k.constraint = 77;
	apply(x, &k);
	put_levels(x, 1);
	task(x, 1, 60, 7, ~(zt_u64)0 / MIB, INT_MAX, ZT_F_TASK_CANDIDATE, LLONG_MIN);
	task(x, 1, 61, 7, 1, INT_MIN, ZT_F_TASK_CANDIDATE | ZT_F_TASK_EXEMPT, LLONG_MAX);
	end_of_kill(x, 1);
	assert_non_null(explain(x));
}

static void cgroup(struct world *x, zt_u64 id, zt_u32 flags, zt_u64 limit)
{
	struct {
		struct zt_ev_cgroup e;
		char path[8];
	} c = { .e = { .h = { .kind = ZT_cgroup, .fixed = sizeof(c.e), .flags = flags, .ts_ns = 1 },
		       .mem = { .id = id, .parent = 1, .limit_bytes = limit } } };

	c.e.h.size = (zt_u32)(sizeof(c.e) + sizeof("/box"));
	strcpy((char *)&c.e + sizeof(c.e), "/box");
	apply(x, &c);
}

/* Counts of a cgroup that was made before the eyes of the trace began at 0; those of an older one are not known. */
static void counts_before(void **state)
{
	struct world *x = *state;
	struct zt_ev_kill k = kill_of(1, 60, 4), again = kill_of(2, 61, 4);

	cgroup(x, 7, 0, ZT_NO_LIMIT);
	cgroup(x, 8, ZT_F_CGROUP_SNAPSHOT, 80 * MIB);
	apply(x, &k);
	level(x, 1, 7, 8, "box", 64 * MIB, 64 * MIB);
	level(x, 1, 8, 1, "old", 64 * MIB, 64 * MIB);
	assert_true(x->m->kills->levels[0].before_known);
	assert_false(x->m->kills->levels[1].before_known);
	assert_int_equal(x->m->kills->levels[1].limit_before_bytes, 80 * MIB);
	apply(x, &again);
	level(x, 2, 8, 1, "old", 64 * MIB, 64 * MIB);
	assert_true(x->m->kills->next->levels[0].before_known);
}

/* Written below what was in use by somebody elsewhere: that is said, and as likely where he is not known to be. */
static void limit_lowered(void **state)
{
	struct world *x = *state;
	struct zt_ev_kill k = kill_of(1, 60, 40);
	struct incident *i;

	k.h.cgroup = 1;
	apply(x, &k);
	level(x, 1, 7, 1, "box", 64 * MIB, 100 * MIB);
	level(x, 1, 1, 0, "", ZT_NO_LIMIT, 100 * MIB);
	end_of_kill(x, 1);
	i = explain(x);
	assert_int_equal(i->nnotes, 1);
	assert_string_equal(i->notes[0], "asks (pid 50) lowered memory.max to 64.0 MiB while 100.0 MiB was in use: "
					 "that is why there was an OOM");
	x->m->kills->ev.h.cgroup = 99;
	i = explain(x);
	assert_string_equal(i->notes[0], "asks (pid 50) seems to have lowered memory.max to 64.0 MiB while 100.0 MiB was "
					 "in use");
	x->m->kills->ev.h.cgroup = 7; /* inside: it may have been anybody */
	i = explain(x);
	assert_string_equal(i->notes[0], "the last page was asked for by asks (pid 50)");
}

/* A page swapped in again is charged to its owner by whoever reads it: no reason to accuse him. */
static void trigger_outside_is_no_proof(void **state)
{
	struct world *x = *state;
	struct zt_ev_kill k = kill_of(1, 60, 40);
	struct incident *i;

	k.h.cgroup = 1;
	apply(x, &k);
	put_levels(x, 1);
	end_of_kill(x, 1);
	i = explain(x);
	assert_int_equal(i->nnotes, 1);
	assert_string_equal(i->notes[0], "the last page was asked for by asks (pid 50)");
}

/* Throttling */
static void waiting(void **state)
{
	struct world *x = *state;
	struct cgroup cg = { .id = 7, .path = (char *)"/docker/buildkit/x" };
	struct step s = { .cgroup = &cg, .high_bytes = 64 * MIB, .high_events = 12, .pressure_ns = 12000000000 };

	assert_string_equal(say_stall(x->m, x->r, &s), "memory.high 64.0 MiB on its cgroup throttled this step 12 times; "
						       "the step waited 12.0 s for memory");
	s.pressure_ns = 0; /* the kernel does not count it */
	assert_string_equal(say_stall(x->m, x->r, &s), "memory.high 64.0 MiB on its cgroup throttled this step 12 times");
	s.pressure_ns = 5000000; /* it does, and that was nothing */
	assert_null(say_stall(x->m, x->r, &s));
	s.high_bytes = ZT_NO_LIMIT;
	s.pressure_ns = 9000000000;
	assert_null(say_stall(x->m, x->r, &s));
	s.pressure_ns = 11000000000;
	assert_string_equal(say_stall(x->m, x->r, &s), "this step waited 11.0 s for memory");
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(points_of_the_kernel), cmocka_unit_test(total_is_limit_and_swap),
		cmocka_unit_test(the_largest), cmocka_unit_test(score_raised), cmocka_unit_test(larger_score_lowered),
		cmocka_unit_test(larger_exempt), cmocka_unit_test(unexplained), cmocka_unit_test(computed_is_not_exact),
		cmocka_unit_test(whoever_asks), cmocka_unit_test(other_reasons),
		T(one_incident_a_decision), T(outside_any_step), T(computed_decision), T(many_candidates),
		T(hostile_numbers), T(counts_before), T(limit_lowered), T(trigger_outside_is_no_proof), T(waiting),
	};

	return cmocka_run_group_tests_name("why", tests, NULL, NULL);
}
