/* SPDX-License-Identifier: GPL-2.0 */
/* Who is a builder, and which builds die with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "diagnose/internal.h"

#define SEC 1000000000ull
#define KILLED 9
#define CODE(n) ((n) << 8)
#define ROLE(comm, argv) agent_role(comm, argv, sizeof(argv) - 1)

static void engines(void **state)
{
	(void)state;
	assert_int_equal(ROLE("dockerd", "/usr/sbin/dockerd\0-H\0fd://"), AGENT_ENGINE);
	assert_int_equal(ROLE("exe", "buildkitd\0--addr\0unix:///x"), AGENT_ENGINE);
	assert_int_equal(ROLE("containerd-shim", "/usr/bin/containerd-shim-runc-v2\0-id\0abc"), AGENT_ENGINE);
	assert_int_equal(ROLE("podman", "podman\0build\0."), AGENT_ENGINE);
	assert_int_equal(ROLE("podman", "podman\0ps"), AGENT_NONE);
	assert_int_equal(ROLE("buildah", "buildah\0--log-level\0debug\0bud\0."), AGENT_ENGINE);
	assert_int_equal(ROLE("executor", "/kaniko/executor\0--context\0."), AGENT_ENGINE);
	assert_int_equal(ROLE("executor", "/opt/executor"), AGENT_NONE);
	assert_int_equal(ROLE("cat", "cat\0dockerd"), AGENT_NONE);
	/* argv could not be read: the name, 15 bytes of it */
	assert_int_equal(agent_role("dockerd", NULL, 0), AGENT_ENGINE);
	assert_int_equal(agent_role("containerd-shim", NULL, 0), AGENT_ENGINE);
	assert_int_equal(agent_role("buildah-oci-run", NULL, 0), AGENT_ENGINE);
	assert_int_equal(agent_role("dockerd-x", NULL, 0), AGENT_NONE);
	assert_int_equal(agent_role("", NULL, 0), AGENT_NONE);
}

static void clients(void **state)
{
	(void)state;
	assert_int_equal(ROLE("docker", "docker\0build\0."), AGENT_CLIENT);
	assert_int_equal(ROLE("docker", "docker\0run\0x"), AGENT_NONE);
	assert_int_equal(ROLE("docker-buildx", "/usr/libexec/docker/cli-plugins/docker-buildx\0buildx"), AGENT_CLIENT);
	assert_int_equal(agent_role("docker-compose", NULL, 0), AGENT_CLIENT);
}

static void ci_agents(void **state)
{
	(void)state;
	assert_int_equal(ROLE("Runner.Worker", "/home/u/actions-runner/bin/Runner.Worker\0spawnclient"), AGENT_CI);
	assert_int_equal(agent_role("Runner.Listener", NULL, 0), AGENT_CI);
	assert_int_equal(ROLE("bash", "/bin/bash\0/home/u/actions-runner/run.sh"), AGENT_CI);
	assert_int_equal(ROLE("bash", "bash\0./run.sh"), AGENT_NONE);
	assert_int_equal(agent_role("woodpecker-agen", NULL, 0), AGENT_CI);
	assert_int_equal(agent_role("gitlab-runner-h", NULL, 0), AGENT_CI);
	assert_int_equal(agent_role("drone-runner-do", NULL, 0), AGENT_CI);
	assert_int_equal(ROLE("java", "java\0-Xmx1g\0-jar\0/home/jenkins/agent.jar\0-url\0x"), AGENT_CI);
	assert_int_equal(ROLE("java", "java\0-cp\0/a/remoting.jar\0hudson.remoting.jnlp.Main"), AGENT_CI);
	assert_int_equal(ROLE("java", "java\0-javaagent:/x/agent.jar\0Main"), AGENT_NONE);
	assert_int_equal(ROLE("java", "java\0-jar"), AGENT_NONE);
}

/* dockerd ← runc ← step; a docker client at work; killed at 10 s */
struct scene {
	struct model m;
	struct proc dockerd, runc, entry, client;
	struct cgroup cg, daemon_cg;
	struct step step;
	struct build build;
	struct kill k;
};

static void name(struct proc *p, const char *comm, zt_u32 pid)
{
	strncpy(p->comm, comm, sizeof(p->comm) - 1);
	p->id.tgid = pid;
}

static void set(struct scene *s, int client_raw, zt_u64 client_exit_ns)
{
	memset(s, 0, sizeof(*s));
	name(&s->dockerd, "dockerd", 2);
	name(&s->runc, "runc", 3);
	name(&s->entry, "sh", 4);
	name(&s->client, "docker", 5);
	s->dockerd.cgroup = s->runc.cgroup = s->daemon_cg.id = 70;
	s->daemon_cg.path = (char *)"/system.slice/docker.service";
	s->runc.parent = &s->dockerd;
	s->entry.parent = &s->runc;
	s->dockerd.exit_ns = 10 * SEC;
	s->dockerd.exit_code = KILLED;
	s->client.exit_ns = client_exit_ns;
	s->client.exit_code = client_raw;
	s->build = (struct build){ .id = "b1", .builder = BUILDER_BUILDKIT, .client = &s->client, .started_ns = SEC,
				   .ended_ns = client_exit_ns };
	s->step = (struct step){ .id = "b1.s1", .build = &s->build, .builder = BUILDER_BUILDKIT, .cgroup = &s->cg,
				 .entry = &s->entry, .started_ns = 2 * SEC };
	s->k.victim = &s->dockerd;
	s->k.ev.h.ts_ns = 10 * SEC;
	s->k.ev.victim_cgroup = 70;
	s->m.builds = &s->build;
	s->m.steps = &s->step;
	s->m.kills = &s->k;
	s->m.now_ns = 60 * SEC;
}

/* The daemon's cgroup is looked up by its id, for the length of one question. */
static bool killed(struct scene *s, struct build_agent *a)
{
	bool ret;

	HASH_ADD(hh, s->m.cgroups, id, sizeof(s->daemon_cg.id), &s->daemon_cg);
	ret = builder_killed(&s->m, &s->k, a);
	HASH_CLEAR(hh, s->m.cgroups);
	return ret;
}

static void the_daemon_of_a_running_step(void **state)
{
	struct build_agent a;
	struct scene s;

	(void)state;
	set(&s, CODE(1), 11 * SEC);
	assert_true(killed(&s, &a));
	assert_int_equal(a.causal, TRI_YES);
	assert_int_equal(a.confidence, CONF_CONFIRMED);
	assert_ptr_equal(a.build, &s.build);
	assert_ptr_equal(a.step, &s.step);
	assert_true(builder_took(&s.m, &s.step));
}

static void the_build_goes_on(void **state)
{
	struct build_agent a;
	struct scene s;

	(void)state;
	set(&s, CODE(0), 40 * SEC);
	assert_true(killed(&s, &a));
	assert_int_equal(a.causal, TRI_NO);
	set(&s, CODE(1), 40 * SEC); /* half a minute later: for another reason */
	assert_true(killed(&s, &a));
	assert_int_equal(a.causal, TRI_NO);
	set(&s, 0, 0); /* the trace ends too early to tell */
	s.m.now_ns = 11 * SEC;
	assert_true(killed(&s, &a));
	assert_int_equal(a.causal, TRI_UNKNOWN);
	assert_false(builder_settled(&s.m, &s.k));
}

static void the_step_had_ended(void **state)
{
	struct build_agent a;
	struct scene s;

	(void)state;
	set(&s, CODE(1), 11 * SEC);
	s.entry.exit_ns = s.step.ended_ns = 9 * SEC;
	assert_true(killed(&s, &a));
	assert_null(a.step);
	assert_int_equal(a.confidence, CONF_CONFIRMED); /* it had run a step of that build */
}

static void another_daemon(void **state)
{
	struct build_agent a;
	struct scene s;
	struct proc other = { .exit_ns = 10 * SEC, .exit_code = KILLED };

	(void)state;
	set(&s, CODE(1), 11 * SEC);
	s.dockerd.exit_ns = 0;
	name(&other, "dockerd", 9);
	s.k.victim = &other;
	assert_false(killed(&s, &a));
	/* no step was seen: then it may have been this one */
	s.m.steps = NULL;
	assert_true(killed(&s, &a));
	assert_int_equal(a.causal, TRI_YES);
	assert_int_equal(a.confidence, CONF_LIKELY);
	/* but not when the build did not mind */
	s.client.exit_code = CODE(0);
	assert_false(killed(&s, &a));
}

static void nobody_builds(void **state)
{
	struct build_agent a;
	struct scene s;

	(void)state;
	set(&s, CODE(1), 11 * SEC);
	s.build.ended_ns = s.client.exit_ns = s.entry.exit_ns = s.step.ended_ns = 5 * SEC;
	assert_false(killed(&s, &a));
}

/* A dockerd inside a step, or in a container without steps of its own, is what somebody tests. */
static void docker_in_docker(void **state)
{
	struct build_agent a;
	struct scene s;
	struct proc inner = { .parent = NULL, .exit_ns = 10 * SEC, .exit_code = KILLED };

	(void)state;
	set(&s, CODE(1), 11 * SEC);
	name(&inner, "dockerd", 9);
	inner.parent = &s.entry;
	s.k.victim = &inner;
	s.k.step = &s.step;
	assert_false(killed(&s, &a));
	s.k.step = NULL;
	s.daemon_cg.path = (char *)"/docker/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	assert_false(killed(&s, &a));
	/* GitLab's docker:dind service: steps descend from it */
	s.runc.parent = &inner;
	inner.parent = NULL;
	assert_true(killed(&s, &a));
	assert_int_equal(a.confidence, CONF_CONFIRMED);
}

/* runc, docker-untar, gzip: in dockerd's cgroup. What shares only its parents (a container's program) is no helper. */
static void helpers(void **state)
{
	struct build_agent a;
	struct scene s;

	(void)state;
	set(&s, CODE(1), 11 * SEC);
	s.dockerd.exit_ns = 0;
	memcpy(s.dockerd.argv, "dockerd", 8);
	s.dockerd.argv_bytes = 7;
	s.runc.exit_ns = 10 * SEC;
	s.k.victim = &s.runc;
	assert_true(killed(&s, &a));
	assert_ptr_equal(a.agent, &s.dockerd);
	assert_ptr_equal(a.step, &s.step);
	assert_int_equal(a.confidence, CONF_CONFIRMED);
	s.dockerd.cgroup = 71;
	assert_false(killed(&s, &a));
}

static void the_client(void **state)
{
	struct build_agent a;
	struct scene s;
	struct proc plugin = { .exit_ns = 10 * SEC, .exit_code = KILLED };

	(void)state;
	set(&s, KILLED, 10 * SEC);
	s.dockerd.exit_ns = 0;
	memcpy(s.client.argv, "docker\0build\0.", 14);
	s.client.argv_bytes = 14;
	s.k.victim = &s.client;
	assert_true(killed(&s, &a));
	assert_int_equal(a.role, AGENT_CLIENT);
	assert_int_equal(a.causal, TRI_YES);
	assert_ptr_equal(a.step, &s.step);
	assert_true(builder_took(&s.m, &s.step));
	name(&plugin, "docker-buildx", 6);
	plugin.parent = &s.client;
	s.k.victim = &plugin;
	s.client.exit_code = CODE(1);
	assert_true(killed(&s, &a));
	assert_ptr_equal(a.build, &s.build);
	plugin.parent = NULL; /* of another command */
	assert_false(killed(&s, &a));
}

/* podman is its own engine: no other build has it, and its own has it before the first step runs, too */
static void an_engine_that_is_the_client(void **state)
{
	struct build_agent a;
	struct scene s;
	struct proc second = { .exit_ns = 10 * SEC, .exit_code = CODE(1) };
	struct build other = { .id = "b2", .builder = BUILDER_PODMAN, .client = &second, .started_ns = SEC };

	(void)state;
	set(&s, KILLED, 10 * SEC);
	s.m.steps = NULL;
	memcpy(s.client.argv, "podman\0build\0.", 15);
	s.client.argv_bytes = 14;
	s.client.client = &s.build;
	second.client = &other;
	s.build.builder = BUILDER_PODMAN;
	s.build.next = &other;
	s.k.victim = &s.client;
	assert_true(killed(&s, &a));
	assert_int_equal(a.role, AGENT_ENGINE);
	assert_int_equal(a.confidence, CONF_CONFIRMED);
	assert_ptr_equal(a.build, &s.build);
	assert_int_equal(a.died, 1);
}

static void a_ci_agent(void **state)
{
	struct build_agent a;
	struct scene s;
	struct proc worker = { .exit_ns = 10 * SEC, .exit_code = KILLED };

	(void)state;
	set(&s, CODE(1), 11 * SEC);
	name(&worker, "Runner.Worker", 9);
	s.client.parent = &worker;
	s.k.victim = &worker;
	assert_true(killed(&s, &a));
	assert_int_equal(a.role, AGENT_CI);
	assert_int_equal(a.causal, TRI_YES);
	s.client.parent = NULL;
	assert_false(killed(&s, &a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(engines), cmocka_unit_test(clients), cmocka_unit_test(ci_agents),
		cmocka_unit_test(the_daemon_of_a_running_step), cmocka_unit_test(the_build_goes_on),
		cmocka_unit_test(the_step_had_ended), cmocka_unit_test(another_daemon),
		cmocka_unit_test(nobody_builds), cmocka_unit_test(docker_in_docker), cmocka_unit_test(helpers),
		cmocka_unit_test(the_client), cmocka_unit_test(an_engine_that_is_the_client),
		cmocka_unit_test(a_ci_agent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
