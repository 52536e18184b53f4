// SPDX-License-Identifier: GPL-2.0
/* Who held the memory of a full level, what of it is files in memory, and what is said of that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "diagnose/internal.h"

#define MIB ((zt_u64)1 << 20)

enum { ROOT = 1, BUILDER, ONE, TWO };

struct scene {
	struct model *m;
	struct report *r;
	struct build builds[2];
	struct step one, two;
	struct kill k;
	struct kill_level levels[4];
	struct kill_task tasks[2];
	struct incident i;
};

static struct cgroup *cgroup(struct scene *s, zt_u64 id, zt_u64 parent, const char *path)
{
	struct {
		struct zt_ev_cgroup ev;
		char path[64];
	} e = { .ev = { .h = { .kind = ZT_cgroup, .fixed = sizeof(e.ev), .ts_ns = 1 },
			.mem = { .id = id, .parent = parent } } };

	e.ev.h.size = (zt_u32)(sizeof(e.ev) + strlen(strcpy(e.path, path)) + 1);
	assert_int_equal(model_apply(s->m, &e.ev.h), 0);
	return model_cgroup(s->m, id);
}

static void level(struct scene *s, zt_u32 flags, zt_u64 id, zt_u64 usage_mib, zt_u64 shmem_mib, zt_u64 file_mib)
{
	struct kill_level *l = &s->levels[s->k.nlevels++];

	*l = (struct kill_level){ .flags = flags, .name = (char *)"x",
				  .mem = { .id = id, .parent = id == BUILDER ? ROOT : BUILDER, .usage_bytes = usage_mib * MIB,
					   .limit_bytes = id == BUILDER ? 128 * MIB : ZT_NO_LIMIT,
					   .flags = ZT_F_MEMCG_STATS, .shmem_bytes = shmem_mib * MIB,
					   .file_bytes = (shmem_mib + file_mib) * MIB,
					   .anon_bytes = (usage_mib - shmem_mib - file_mib) * MIB } };
}

/* Two steps of two builds below a builder's limit of 128 MiB; step one died. */
static int setup(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));

	s->m = model_new();
	s->m->start.page_bytes = 4096;
	s->m->start.cgroup_version = 2;
	s->r = report_new(s->m);
	cgroup(s, BUILDER, ROOT, "/docker/buildkit");
	s->one = (struct step){ .id = "b1.s1", .build = &s->builds[0], .cgroup = cgroup(s, ONE, BUILDER, "/docker/buildkit/1"),
				.text = "RUN one" };
	s->two = (struct step){ .id = "b2.s1", .build = &s->builds[1], .cgroup = cgroup(s, TWO, BUILDER, "/docker/buildkit/2"),
				.text = "RUN two" };
	s->one.cgroup->step = &s->one;
	s->two.cgroup->step = &s->two;
	strcpy(s->builds[0].id, "b1");
	strcpy(s->builds[1].id, "b2");
	s->builds[1].dockerfile_path = (char *)"web/Dockerfile";
	s->k = (struct kill){ .walk = &s->k, .levels = s->levels, .tasks = s->tasks, .step = &s->one, .complete = true };
	s->k.ev = (struct zt_ev_kill){ .domain = BUILDER, .victim_cgroup = ONE, .victim = { 10, 10, 1 },
				       .rss = { .anon_bytes = 36 * MIB }, .victim_comm = "cc1" };
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

static struct incident *told(struct scene *s)
{
	struct unit u = { .step = &s->one, .build = &s->builds[0] };

	return oom_incident(s->m, s->r, &s->k, &u);
}

static zt_u64 bytes_of(const struct incident *i, enum holder_kind kind, const char *name)
{
	for (unsigned int n = 0; n < i->nholders; n++)
		if (i->holders[n].kind == kind && !strcmp(i->holders[n].name, name))
			return i->holders[n].bytes;
	return 0;
}

/* The files are in a step's own number: no row, but words. The victim's share tells that it was not most of it. */
static void files_in_a_step(void **state)
{
	struct scene *s = *state;
	const struct incident *i;

	level(s, ZT_F_LEVEL_CHAIN, ONE, 76, 40, 0);
	level(s, ZT_F_LEVEL_CHAIN | ZT_F_LEVEL_DOMAIN, BUILDER, 128, 40, 0);
	level(s, ZT_F_LEVEL_MEMBER, ONE, 76, 40, 0);
	level(s, ZT_F_LEVEL_MEMBER, TWO, 51, 0, 0);
	i = told(s);
	assert_int_equal(bytes_of(i, HOLD_STEP, "b1.s1"), 76 * MIB);
	assert_int_equal(bytes_of(i, HOLD_STEP, "b2.s1"), 51 * MIB);
	assert_int_equal(bytes_of(i, HOLD_TMPFS, "tmpfs"), 0);
	assert_non_null(strstr(i->used_text, "; 40.0 MiB in tmpfs or /dev/shm"));
	assert_non_null(strstr(i->killed, "36.0 MiB, 28 % of the limit"));
	assert_int_equal(i->limit.split.bytes.shmem_bytes, 40 * MIB);
}

/* Nobody's files have a row of their own, and are not told twice. */
static void files_of_nobody(void **state)
{
	struct scene *s = *state;
	const struct incident *i;

	level(s, ZT_F_LEVEL_CHAIN, ONE, 40, 0, 0);
	level(s, ZT_F_LEVEL_CHAIN | ZT_F_LEVEL_DOMAIN, BUILDER, 128, 60, 0);
	level(s, ZT_F_LEVEL_MEMBER, ONE, 40, 0, 0);
	level(s, ZT_F_LEVEL_MEMBER, TWO, 26, 0, 0);
	i = told(s);
	assert_int_equal(bytes_of(i, HOLD_TMPFS, "tmpfs"), 60 * MIB);
	assert_null(strstr(i->used_text, "tmpfs"));
}

static void page_cache_and_kernel(void **state)
{
	struct scene *s = *state;
	const struct incident *i;

	level(s, ZT_F_LEVEL_CHAIN, ONE, 76, 5, 30);
	level(s, ZT_F_LEVEL_CHAIN | ZT_F_LEVEL_DOMAIN, BUILDER, 128, 5, 30);
	s->levels[1].mem.anon_bytes -= 20 * MIB;
	s->levels[1].mem.kernel_bytes = 20 * MIB;
	level(s, ZT_F_LEVEL_MEMBER, ONE, 76, 5, 30);
	level(s, ZT_F_LEVEL_MEMBER, TWO, 51, 0, 0);
	i = told(s);
	assert_null(strstr(i->used_text, "tmpfs")); /* a few per cent say nothing */
	assert_non_null(strstr(i->used_text, "; 30.0 MiB page cache; 20.0 MiB kernel memory"));
}

/* A victim that was all of it needs no share; nor is there one of a limit that is not of memory alone. */
static void share_of_it_all(void **state)
{
	struct scene *s = *state;
	const struct incident *i;

	level(s, ZT_F_LEVEL_CHAIN, ONE, 127, 0, 0);
	level(s, ZT_F_LEVEL_CHAIN | ZT_F_LEVEL_DOMAIN, BUILDER, 128, 0, 0);
	level(s, ZT_F_LEVEL_MEMBER, ONE, 127, 0, 0);
	s->k.ev.rss.anon_bytes = 120 * MIB;
	i = told(s);
	assert_null(strchr(i->killed, '%'));
	assert_null(strstr(i->used_text, "tmpfs"));
}

static void share_of_the_hosts(void **state)
{
	struct scene *s = *state;
	const struct incident *i;

	level(s, ZT_F_LEVEL_CHAIN, ONE, 76, 40, 0);
	level(s, ZT_F_LEVEL_MEMBER, ONE, 76, 40, 0);
	s->k.ev.domain = 0;
	s->k.ev.h.flags = ZT_F_KILL_HOST;
	s->k.host_at = (struct zt_ev_host){ .h = { .kind = ZT_host, .flags = ZT_F_HOST_KERNEL }, .total_bytes = 100 * MIB,
					    .shmem_bytes = 41 * MIB };
	s->m->host = s->k.host = s->k.host_at;
	i = told(s);
	assert_int_equal(i->limit.kind, LIMIT_HOST);
	assert_non_null(strstr(i->killed, "36.0 MiB, 36 % of RAM"));
	assert_non_null(strstr(i->used_text, "; 41.0 MiB in tmpfs or /dev/shm"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(files_in_a_step, setup, teardown),
		cmocka_unit_test_setup_teardown(files_of_nobody, setup, teardown),
		cmocka_unit_test_setup_teardown(page_cache_and_kernel, setup, teardown),
		cmocka_unit_test_setup_teardown(share_of_it_all, setup, teardown),
		cmocka_unit_test_setup_teardown(share_of_the_hosts, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
