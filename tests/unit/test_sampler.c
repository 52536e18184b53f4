// SPDX-License-Identifier: GPL-2.0
/* Which cgroups are sampled, when that is told, when it ends; on files that stand for a hierarchy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>

#include "source/sampler.h"
#include "fixture_tree.h"

#define MIB ((zt_u64)1 << 20)
#define SEEN_MAX 256

struct scene {
	struct fixture f;
	struct cgroupfs cg;
	struct sampler s;
	zt_u64 now_ns;
	unsigned int n;
	struct zt_ev_sample seen[SEEN_MAX];
	int error; /* of the sink, from now on */
};

static int collect(void *ctx, const struct zt_ev *ev)
{
	struct scene *s = ctx;

	assert_int_equal(ev->kind, ZT_sample);
	assert_int_equal(ev->size, sizeof(struct zt_ev_sample));
	assert_int_equal(ev->fixed, ev->size);
	assert_true(ev->ts_ns > 0 && s->n < SEEN_MAX);
	memcpy(&s->seen[s->n++], ev, sizeof(s->seen[0]));
	return s->error;
}

static void put(struct scene *s, const char *cgroup, const char *file, zt_u64 value)
{
	char path[256], text[32];

	snprintf(path, sizeof(path), "cg/%s/%s", cgroup, file);
	snprintf(text, sizeof(text), "%llu\n", (unsigned long long)value);
	fixture_text(&s->f, path, text);
}

static void uses(struct scene *s, const char *cgroup, zt_u64 bytes)
{
	put(s, cgroup, s->cg.version == 1 ? "memory.usage_in_bytes" : "memory.current", bytes);
}

static zt_u64 id_of(struct scene *s, const char *cgroup)
{
	char path[256];

	snprintf(path, sizeof(path), "cg/%s", cgroup);
	return fixture_inode(&s->f, path);
}

/* A removed cgroup's files, held open, cannot be read any more; an empty file stands for that. */
static void removed(struct scene *s, const char *cgroup)
{
	char path[256];

	snprintf(path, sizeof(path), "cg/%s/memory.current", cgroup);
	fixture_text(&s->f, path, "");
}

static void start(struct scene *s, unsigned int version)
{
	memset(s, 0, sizeof(*s));
	fixture_init(&s->f);
	s->cg.version = version;
	fixture_text(&s->f, "cg/x", "");
	{
		char buf[256];

		snprintf(buf, sizeof(buf), "%s/cg", s->f.root);
		s->cg.dir = open(buf, O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	assert_true(s->cg.dir >= 0);
	sampler_init(&s->s, &s->cg);
	s->now_ns = 1000;
}

static void stop(struct scene *s)
{
	sampler_done(&s->s);
	close(s->cg.dir);
	fixture_done(&s->f);
}

static int tick(struct scene *s)
{
	s->now_ns += SAMPLER_PERIOD_NS;
	return sampler_tick(&s->s, s->now_ns, collect, s);
}

static int add(struct scene *s, const char *path)
{
	return sampler_add(&s->s, id_of(s, path + 1), path, collect, s);
}

static unsigned int open_files(const struct scene *s)
{
	unsigned int n = 0;

	for (int i = 0; i < SAMPLER_MAX; i++)
		n += (s->s.at[i].usage_fd >= 0) + (s->s.at[i].swap_fd >= 0);
	return n;
}

static bool sampled(const struct scene *s, zt_u64 id)
{
	for (int i = 0; i < SAMPLER_MAX; i++)
		if (s->s.at[i].usage_fd >= 0 && s->s.at[i].id == id)
			return true;
	return false;
}

static void what_changed_is_told(void **state)
{
	struct scene s;

	(void)state;
	start(&s, 2);
	uses(&s, "step", 3 * MIB);
	put(&s, "step", "memory.swap.current", 0);
	assert_int_equal(add(&s, "/step"), 0);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.seen[0].h.cgroup, id_of(&s, "step"));
	assert_int_equal(s.seen[0].usage_bytes, 3 * MIB);
	assert_int_equal(tick(&s), 0); /* the same */
	uses(&s, "step", 4 * MIB);
	assert_int_equal(tick(&s), 0); /* no more than 1 MiB */
	uses(&s, "step", 4 * MIB + 1);
	assert_int_equal(tick(&s), 1);
	assert_int_equal(s.seen[1].usage_bytes, 4 * MIB + 1);
	uses(&s, "step", 1000 * MIB);
	assert_int_equal(tick(&s), 1);
	uses(&s, "step", 1010 * MIB);
	assert_int_equal(tick(&s), 0); /* no more than 1 % */
	uses(&s, "step", 989 * MIB);
	assert_int_equal(tick(&s), 1); /* less is news, too */
	put(&s, "step", "memory.swap.current", 5 * MIB);
	assert_int_equal(tick(&s), 1);
	assert_int_equal(s.seen[s.n - 1].swap_bytes, 5 * MIB);
	assert_int_equal(s.seen[s.n - 1].usage_bytes, 989 * MIB);
	stop(&s);
}

static void four_times_a_second(void **state)
{
	struct scene s;
	int told = 0;

	(void)state;
	start(&s, 2);
	uses(&s, "step", 0);
	add(&s, "/step");
	s.n = 0;
	/* a source is pumped whenever something happens */
	for (unsigned int ms = 1; ms <= 2000; ms++) {
		uses(&s, "step", ms * 2 * MIB);
		told += sampler_tick(&s.s, ms * 1000000ull, collect, &s);
	}
	assert_int_equal(told, 8);
	assert_int_equal(s.n, 8);
	stop(&s);
}

static void limited_ones_above(void **state)
{
	struct scene s;

	(void)state;
	start(&s, 2);
	uses(&s, "top", 100 * MIB);
	put(&s, "top", "memory.max", 200 * MIB);
	uses(&s, "top/mid", 90 * MIB);
	fixture_text(&s.f, "cg/top/mid/memory.max", "max\n");
	uses(&s, "top/mid/docker", 80 * MIB);
	put(&s, "top/mid/docker", "memory.max", 128 * MIB);
	uses(&s, "top/mid/docker/a", 10 * MIB);
	uses(&s, "top/mid/docker/b", 20 * MIB);
	assert_int_equal(add(&s, "/top/mid/docker/a"), 0);
	assert_int_equal(s.n, 3);
	assert_true(sampled(&s, id_of(&s, "top")));
	assert_false(sampled(&s, id_of(&s, "top/mid")));
	assert_int_equal(add(&s, "/top/mid/docker/b"), 0);
	assert_int_equal(s.n, 4); /* those above it are known */
	assert_int_equal(open_files(&s), 4);
	/* asked for twice is sampled once */
	assert_int_equal(add(&s, "/top/mid/docker/b"), 0);
	assert_int_equal(s.n, 4);
	removed(&s, "top/mid/docker/a");
	assert_int_equal(tick(&s), 0);
	assert_int_equal(open_files(&s), 3);
	assert_true(sampled(&s, id_of(&s, "top/mid/docker")));
	removed(&s, "top/mid/docker/b");
	assert_int_equal(tick(&s), 0);
	assert_int_equal(open_files(&s), 0); /* nothing runs: nothing is read */
	uses(&s, "top", 10 * MIB);
	assert_int_equal(tick(&s), 0);
	stop(&s);
}

/* One that is asked for and is above others stays as long as it is there. */
static void above_and_wanted(void **state)
{
	struct scene s;

	(void)state;
	start(&s, 2);
	uses(&s, "job", 10 * MIB);
	put(&s, "job", "memory.max", 100 * MIB);
	uses(&s, "job/step", 1 * MIB);
	add(&s, "/job/step");
	add(&s, "/job");
	removed(&s, "job/step");
	assert_int_equal(tick(&s), 0);
	assert_true(sampled(&s, id_of(&s, "job")));
	uses(&s, "job", 20 * MIB);
	assert_int_equal(tick(&s), 1);
	removed(&s, "job");
	assert_int_equal(tick(&s), 0);
	assert_int_equal(open_files(&s), 0);
	stop(&s);
}

static void places_are_bounded(void **state)
{
	struct scene s;
	char name[32];

	(void)state;
	start(&s, 2);
	for (int i = 0; i < SAMPLER_MAX + 20; i++) {
		snprintf(name, sizeof(name), "/step%d", i);
		uses(&s, name + 1, 2 * MIB);
		assert_int_equal(add(&s, name), 0);
	}
	assert_int_equal(s.n, SAMPLER_MAX);
	assert_int_equal(open_files(&s), SAMPLER_MAX);
	removed(&s, "step5");
	assert_int_equal(tick(&s), 0);
	assert_int_equal(add(&s, "/step70"), 0); /* its place serves another */
	assert_int_equal(s.n, SAMPLER_MAX + 1);
	stop(&s);
}

static void what_is_not_there(void **state)
{
	struct scene s;

	(void)state;
	start(&s, 2);
	uses(&s, "step", 2 * MIB);
	assert_int_equal(sampler_add(&s.s, 1, "/gone", collect, &s), 0);
	assert_int_equal(sampler_add(&s.s, id_of(&s, "step") + 1, "/step", collect, &s), 0); /* another of that name */
	assert_int_equal(sampler_add(&s.s, id_of(&s, "step"), "/../step", collect, &s), 0);
	assert_int_equal(sampler_add(&s.s, id_of(&s, "."), "/", collect, &s), 0); /* the root has no counters */
	assert_int_equal(s.n, 0);
	assert_int_equal(open_files(&s), 0);
	stop(&s);
}

static void version_1_has_no_swap_alone(void **state)
{
	struct scene s;

	(void)state;
	start(&s, 1);
	uses(&s, "docker", 30 * MIB);
	put(&s, "docker", "memory.limit_in_bytes", 64 * MIB);
	uses(&s, "docker/step", 7 * MIB);
	put(&s, "docker/step", "memory.memsw.usage_in_bytes", 9 * MIB);
	assert_int_equal(add(&s, "/docker/step"), 0);
	assert_int_equal(s.n, 2);
	assert_int_equal(s.seen[1].usage_bytes, 7 * MIB);
	assert_int_equal(s.seen[1].swap_bytes, 0);
	stop(&s);
}

static void the_sinks_error_ends_it(void **state)
{
	struct scene s;

	(void)state;
	start(&s, 2);
	uses(&s, "step", 2 * MIB);
	s.error = -EIO;
	assert_int_equal(add(&s, "/step"), -EIO);
	uses(&s, "step", 20 * MIB);
	assert_int_equal(tick(&s), -EIO);
	stop(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_changed_is_told),
		cmocka_unit_test(four_times_a_second),
		cmocka_unit_test(limited_ones_above),
		cmocka_unit_test(above_and_wanted),
		cmocka_unit_test(places_are_bounded),
		cmocka_unit_test(what_is_not_there),
		cmocka_unit_test(version_1_has_no_swap_alone),
		cmocka_unit_test(the_sinks_error_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
