/* SPDX-License-Identifier: GPL-2.0 */
/* A host without memory: who held it adds up, would one build have fitted, whose oom_score_adj that is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "diagnose/internal.h"

#define MB ((zt_u64)1 << 20)

static struct zt_ev_host host(zt_u32 flags)
{
	return (struct zt_ev_host){
		.h = { .kind = ZT_host, .flags = flags }, .total_bytes = 1000 * MB, .free_bytes = 20 * MB,
		.shmem_bytes = 50 * MB, .cached_bytes = 130 * MB, .slab_bytes = 30 * MB,
		.pagetable_bytes = 8 * MB, .kernel_stack_bytes = 2 * MB,
	};
}

static zt_u64 sum(const struct host_named *n, const struct host_split *s)
{
	return n->bytes + s->tmpfs_bytes + s->cache_bytes + s->kernel_bytes + s->rest_bytes;
}

static void what_has_no_name(void **state)
{
	struct zt_ev_host h = host(ZT_F_HOST_KERNEL);
	struct host_named n = { .bytes = 700 * MB };
	struct host_split s;

	(void)state;
	host_split(&h, &n, &s);
	assert_int_equal(s.tmpfs_bytes, 50 * MB);
	assert_int_equal(s.cache_bytes, 80 * MB);
	assert_int_equal(s.kernel_bytes, 40 * MB);
	assert_int_equal(s.rest_bytes, 110 * MB);
	assert_int_equal(sum(&n, &s), h.total_bytes - h.free_bytes);
}

/* A step's page cache is in its own number and in the host's: it is told once. */
static void nothing_is_told_twice(void **state)
{
	struct zt_ev_host h = host(ZT_F_HOST_KERNEL);
	struct host_named n = { .bytes = 900 * MB, .file_bytes = 70 * MB, .shmem_bytes = 50 * MB,
				.kernel_bytes = 45 * MB };
	struct host_split s;

	(void)state;
	host_split(&h, &n, &s);
	assert_int_equal(s.tmpfs_bytes, 0);
	assert_int_equal(s.cache_bytes, 10 * MB);
	assert_int_equal(s.kernel_bytes, 0);
	assert_int_equal(s.rest_bytes, 70 * MB);
}

static void never_more_than_there_is(void **state)
{
	struct zt_ev_host h = host(ZT_F_HOST_KERNEL);
	struct host_split s;

	(void)state;
	for (zt_u64 named = 0; named <= 1200; named += 50) {
		struct host_named n = { .bytes = named * MB };

		host_split(&h, &n, &s);
		assert_true(sum(&n, &s) <= h.total_bytes || n.bytes > h.total_bytes - h.free_bytes);
		assert_true(n.bytes <= h.total_bytes || sum(&n, &s) == n.bytes);
	}
}

/* /proc/meminfo after the kill: what was free at it is not known, so what is left over is not either. */
static void after_the_kill(void **state)
{
	struct zt_ev_host h = host(ZT_F_HOST_AT_KILL);
	struct host_named n = { .bytes = 700 * MB };
	struct host_split s;

	(void)state;
	h.free_bytes = 600 * MB;
	host_split(&h, &n, &s);
	assert_int_equal(s.tmpfs_bytes, 50 * MB);
	assert_int_equal(s.kernel_bytes, 40 * MB);
	assert_int_equal(s.rest_bytes, 0);
}

static void the_kernels_own_numbers_first(void **state)
{
	struct kill k = { .walk = &k }, walk = { .walk = &walk };

	(void)state;
	k.host.h.kind = ZT_host;
	assert_ptr_equal(host_of_kill(&k), &k.host);
	k.walk = &walk;
	walk.host_at.h.kind = ZT_host;
	assert_ptr_equal(host_of_kill(&k), &walk.host_at);
	k.host_at.h.kind = ZT_host;
	assert_ptr_equal(host_of_kill(&k), &k.host_at);
}

static void alone(void **state)
{
	(void)state;
	assert_int_equal(fit_alone(0, 0, 1000), FIT_UNKNOWN);
	assert_int_equal(fit_alone(700, 0, 1000), FIT_NO);
	assert_int_equal(fit_alone(700, 20, 1000), FIT_NO);
	assert_int_equal(fit_alone(500, 200, 1000), FIT_OPEN);
	assert_int_equal(fit_alone(400, 400, 1000), FIT_LIKELY);
	assert_int_equal(fit_alone(100, 600, 1000), FIT_LIKELY);
	/* the victim was no build's, or the builds held little */
	assert_int_equal(fit_alone(0, 600, 1000), FIT_UNKNOWN);
	assert_int_equal(fit_alone(100, 20, 1000), FIT_ELSEWHERE);
}

/* A process with its parent, in a cgroup of that path */
struct scene {
	struct model m;
	struct proc parent, p;
	struct cgroup cg;
};

static const char *origin(struct scene *s, const char *parent, int parent_adj, const char *comm, int adj,
			  const char *path)
{
	const char *ret;

	memset(s, 0, sizeof(*s));
	strncpy(s->parent.comm, parent, sizeof(s->parent.comm) - 1);
	strncpy(s->p.comm, comm, sizeof(s->p.comm) - 1);
	s->parent.oom_score_adj = parent_adj;
	s->p.oom_score_adj = adj;
	s->p.parent = &s->parent;
	s->p.id.tgid = 7;
	s->p.cgroup = s->cg.id = 9;
	s->cg.path = (char *)path;
	HASH_ADD(hh, s->m.cgroups, id, sizeof(s->cg.id), &s->cg);
	ret = adj_origin(&s->m, &s->p, adj);
	HASH_CLEAR(hh, s->m.cgroups);
	return ret;
}

#define POD "/kubepods.slice/kubepods-pod01234567_89ab_cdef_0123_456789abcdef.slice"
#define BOX "/docker/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void whose_value(void **state)
{
	struct scene s;

	(void)state;
	assert_null(origin(&s, "sh", 0, "cc1", 0, "/"));
	assert_null(origin(&s, "sh", 0, "cc1", 300, "/"));
	assert_string_equal(origin(&s, "init", 0, "dockerd", -500, "/"), "docker.service gives dockerd -500");
	assert_string_equal(origin(&s, "dockerd", -500, "cc1", -500, "/docker/buildkit/x"),
			    "a RUN step inherits dockerd's -500 (docker.service)");
	/* dockerd has another value: then it is not from there */
	assert_null(origin(&s, "dockerd", 0, "cc1", -500, "/"));
	assert_string_equal(origin(&s, "init", 0, "containerd", -999, "/"),
			    "containerd.service gives containerd -999");
	assert_string_equal(origin(&s, "Runner.Worker", 0, "bash", 500, "/"),
			    "the CI runner gives 500 to what its jobs start");
	assert_null(origin(&s, "bash", 0, "bash", 500, "/"));
	assert_string_equal(origin(&s, "sh", 0, "java", 1000, POD),
			    "Kubernetes gives 1000 to a pod without memory requests");
	assert_string_equal(origin(&s, "sh", 0, "java", 984, POD), "Kubernetes sets it by the pod's memory request");
	assert_string_equal(origin(&s, "sh", 0, "java", -997, POD),
			    "Kubernetes spares a pod whose requests are its limits");
	assert_string_equal(origin(&s, "sh", 0, "java", 300, BOX),
			    "it was set for its container (--oom-score-adj)");
	assert_string_equal(origin(&s, "systemd", 0, "foo", -900, "/system.slice/foo.service"),
			    "its service sets OOMScoreAdjust=");
	assert_null(adj_origin(&s.m, NULL, 500));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_has_no_name), cmocka_unit_test(nothing_is_told_twice),
		cmocka_unit_test(never_more_than_there_is), cmocka_unit_test(after_the_kill),
		cmocka_unit_test(the_kernels_own_numbers_first), cmocka_unit_test(alone),
		cmocka_unit_test(whose_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
