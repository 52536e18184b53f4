// SPDX-License-Identifier: GPL-2.0
/* What is told of how memory grew: which cgroup's samples, from when to when, and the line they make. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/width.h"
#include "diagnose/internal.h"
#include "render/blocks.h"

#define MIB ((zt_u64)1 << 20)
#define SEC ((zt_u64)1000000000)

enum { STEP = 3, BUILDER = 2 };

struct scene {
	struct model *m;
	struct report *r;
	struct step step;
	struct kill k;
	struct kill_level levels[2];
	struct incident i;
};

static void cgroup(struct scene *s, zt_u64 id, const char *path)
{
	struct {
		struct zt_ev_cgroup ev;
		char path[64];
	} e = { .ev = { .h = { .kind = ZT_cgroup, .fixed = sizeof(e.ev), .ts_ns = 1 }, .mem = { .id = id } } };

	e.ev.h.size = (zt_u32)(sizeof(e.ev) + strlen(strcpy(e.path, path)) + 1);
	assert_int_equal(model_apply(s->m, &e.ev.h), 0);
}

static void sample(struct scene *s, zt_u64 id, zt_u64 ts_ns, zt_u64 mib)
{
	struct zt_ev_sample e = { .h = { .size = sizeof(e), .kind = ZT_sample, .fixed = sizeof(e), .ts_ns = ts_ns,
					 .cgroup = id }, .usage_bytes = mib * MIB };

	assert_int_equal(model_apply(s->m, &e.h), 0);
}

/* A step whose builder's limit of 64 MiB was hit at 100 s */
static int setup(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));

	s->m = model_new();
	s->r = report_new(s->m);
	cgroup(s, BUILDER, "/builder");
	cgroup(s, STEP, "/builder/step");
	s->step = (struct step){ .cgroup = model_cgroup(s->m, STEP), .started_ns = 50 * SEC };
	s->levels[0] = (struct kill_level){ .flags = ZT_F_LEVEL_CHAIN, .mem = { .id = STEP, .usage_bytes = 60 * MIB } };
	s->levels[1] = (struct kill_level){ .flags = ZT_F_LEVEL_CHAIN, .mem = { .id = BUILDER, .usage_bytes = 64 * MIB } };
	s->k = (struct kill){ .walk = &s->k, .levels = s->levels, .nlevels = 2 };
	s->k.ev.victim_cgroup = STEP;
	s->i = (struct incident){ .step = &s->step, .ts_ns = 100 * SEC,
				  .limit = { .kind = LIMIT_CGROUP, .cgroup = BUILDER } };
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct scene *s = *state;

	report_free(s->r);
	model_free(s->m);
	free(s);
	return 0;
}

static const struct growth *grown(struct scene *s)
{
	s->i.growth = NULL;
	growth_find(s->m, s->r, s->k.ev.victim_cgroup, s->k.walk ? &s->k : NULL, &s->i);
	return s->i.growth;
}

static void of_the_level_that_was_hit(void **state)
{
	struct scene *s = *state;
	const struct growth *g;

	sample(s, BUILDER, 60 * SEC, 10);
	sample(s, STEP, 60 * SEC, 1);
	assert_null(grown(s)); /* one and the kill's own: no curve */
	sample(s, BUILDER, 80 * SEC, 40);
	sample(s, STEP, 80 * SEC, 30);
	g = grown(s);
	assert_non_null(g);
	assert_string_equal(g->path, "/builder");
	assert_int_equal(g->n, 3);
	assert_true(g->rises);
	assert_int_equal(g->bytes[0], 10 * MIB);
	assert_int_equal(g->bytes[2], 64 * MIB); /* the kernel's own number */
	assert_int_equal(g->ts_ns[2], 100 * SEC);
}

/* What earlier steps did is not how this one grew; what came after the kill is not either. */
static void from_the_step_to_the_kill(void **state)
{
	struct scene *s = *state;
	const struct growth *g;

	sample(s, BUILDER, 10 * SEC, 50);
	sample(s, BUILDER, 20 * SEC, 5);
	sample(s, BUILDER, 60 * SEC, 30);
	sample(s, BUILDER, 101 * SEC, 3);
	g = grown(s);
	assert_int_equal(g->n, 3);
	assert_int_equal(g->ts_ns[0], 50 * SEC); /* what it still used when the step began */
	assert_int_equal(g->bytes[0], 5 * MIB);
	assert_int_equal(g->bytes[1], 30 * MIB);
	assert_int_equal(g->bytes[2], 64 * MIB);
}

/* A level full of page cache from the beginning: the step in it is what grew. */
static void of_the_step_in_a_full_level(void **state)
{
	struct scene *s = *state;

	for (zt_u64 n = 0; n < 4; n++)
		sample(s, BUILDER, (60 + n) * SEC, 63 + n % 2);
	assert_false(grown(s)->rises);
	assert_string_equal(s->i.growth->path, "/builder");
	for (zt_u64 n = 0; n < 4; n++)
		sample(s, STEP, (60 + n) * SEC, 1 + n * 10);
	assert_true(grown(s)->rises);
	assert_string_equal(s->i.growth->path, "/builder/step");
	assert_int_equal(s->i.growth->bytes[s->i.growth->n - 1], 60 * MIB);
}

/* The host was full: there is no level with a limit, but the step's own. */
static void host_shortage(void **state)
{
	struct scene *s = *state;

	s->i.limit.kind = LIMIT_HOST;
	s->i.limit.cgroup = 0;
	sample(s, BUILDER, 60 * SEC, 10);
	sample(s, BUILDER, 70 * SEC, 20);
	assert_null(grown(s));
	sample(s, STEP, 60 * SEC, 10);
	sample(s, STEP, 70 * SEC, 20);
	assert_string_equal(grown(s)->path, "/builder/step");
	/* the victim is no step's: its own cgroup */
	s->i.step = NULL;
	assert_string_equal(grown(s)->path, "/builder/step");
	/* no kill of the kernel's: what was sampled */
	s->i.step = &s->step;
	s->k.walk = NULL;
	assert_null(grown(s));
	sample(s, STEP, 80 * SEC, 25);
	assert_int_equal(grown(s)->n, 3);
	assert_int_equal(s->i.growth->bytes[2], 25 * MIB);
}

/* A trace that was tampered with: times run backwards, but never in what is told. */
static void step_after_its_kill(void **state)
{
	struct scene *s = *state;
	const struct growth *g;

	s->step.started_ns = 200 * SEC;
	for (zt_u64 n = 0; n < 5; n++)
		sample(s, BUILDER, (60 + n) * SEC, 10 * n);
	g = grown(s);
	for (unsigned int n = 1; g && n < g->n; n++)
		assert_true(g->ts_ns[n] >= g->ts_ns[n - 1]);
}

/* Every quarter of a second for an hour: there is an end to what is kept, and the peak is in it. */
static void long_ones_are_folded(void **state)
{
	struct scene *s = *state;
	const struct growth *g;
	zt_u64 most = 0;

	s->step.started_ns = 1;
	s->i.ts_ns = 3601 * SEC;
	for (zt_u64 n = 0; n < 4 * 3600; n++)
		sample(s, BUILDER, n * SEC / 4 + 1, n == 777 ? 63 : 1 + n / 400);
	g = grown(s);
	assert_in_range(g->n, 16, SERIES_MAX + 1);
	for (unsigned int n = 0; n < g->n; n++) {
		assert_true(!n || g->ts_ns[n] > g->ts_ns[n - 1]);
		most = g->bytes[n] > most && n + 1 < g->n ? g->bytes[n] : most;
	}
	assert_int_equal(most, 63 * MIB);
}

static struct growth curve(unsigned int n, zt_u64 span_ns, zt_u64 (*f)(unsigned int))
{
	struct growth g = { .n = n, .rises = true };

	for (unsigned int at = 0; at < n; at++) {
		g.ts_ns[at] = 5 * SEC + span_ns / (n - 1) * at;
		g.bytes[at] = f(at) * MIB;
	}
	return g;
}

static zt_u64 steady(unsigned int at)
{
	return 8 + 8 * at;
}

static zt_u64 jumps(unsigned int at)
{
	return at < 3 ? 4 : 400;
}

static zt_u64 huge(unsigned int at)
{
	return at ? ~(zt_u64)0 / MIB : 0;
}

static zt_u64 nothing(unsigned int at)
{
	(void)at;
	return 0;
}

static void is_drawn(const struct growth *g, const char *blocks, const char *ascii)
{
	char buf[BLOCKS_BYTES];

	assert_string_equal(blocks_draw(buf, g, false), blocks);
	assert_true(width_text(buf, strlen(buf)) <= BLOCKS_COLUMNS);
	assert_string_equal(blocks_draw(buf, g, true), ascii);
}

static void blocks(void **state)
{
	struct growth g = curve(8, 7 * SEC / 4, steady);

	(void)state;
	is_drawn(&g, "▂▃▄▅▆▇██", ".:-=+*##");
	g = curve(4, 60 * SEC, jumps); /* the last point is the kill's: at its very end */
	is_drawn(&g, "▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁█", "_______________#");
	g = curve(3, 2000, steady); /* one moment */
	is_drawn(&g, "▃▆█", ":+#");
	g = curve(3, SEC, huge);
	is_drawn(&g, "▁▁███", "__###");
	g = curve(3, SEC, nothing);
	is_drawn(&g, "▁▁▁▁▁", "_____");
	g = (struct growth){ 0 };
	is_drawn(&g, "", "");
	/* times that a damaged trace may have */
	g = curve(3, 0, steady);
	is_drawn(&g, "▃██", ":##");
	g.ts_ns[2] = ~(zt_u64)0;
	is_drawn(&g, "▃▆▆▆▆▆▆▆▆▆▆▆▆▆▆█", ":++++++++++++++#");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(of_the_level_that_was_hit, setup, teardown),
		cmocka_unit_test_setup_teardown(from_the_step_to_the_kill, setup, teardown),
		cmocka_unit_test_setup_teardown(of_the_step_in_a_full_level, setup, teardown),
		cmocka_unit_test_setup_teardown(host_shortage, setup, teardown),
		cmocka_unit_test_setup_teardown(step_after_its_kill, setup, teardown),
		cmocka_unit_test_setup_teardown(long_ones_are_folded, setup, teardown),
		cmocka_unit_test(blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
