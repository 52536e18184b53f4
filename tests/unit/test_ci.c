// SPDX-License-Identifier: GPL-2.0
/* Whose CI job an environment or a runner's command line is, on literal ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ci/ci.h"

static struct ci_vars env_of(const char *const *pairs)
{
	struct ci_vars e = { 0 };

	for (; pairs[0]; pairs += 2) {
		e.v[e.n].name = pairs[0];
		e.v[e.n++].value = pairs[1];
	}
	return e;
}

struct example {
	const char *ci, *job, *step, *url;
	const char *env[24];
};

static const struct example examples[] = {
	{ "github", "build", "__run_2", "https://g.example/acme/api/actions/runs/42/attempts/3",
	  { "GITHUB_ACTIONS", "true", "GITHUB_JOB", "build", "GITHUB_ACTION", "__run_2", "GITHUB_SERVER_URL", "https://g.example",
	    "GITHUB_REPOSITORY", "acme/api", "GITHUB_RUN_ID", "42", "GITHUB_RUN_ATTEMPT", "3", "CI", "true" } },
	{ "github", "build", "", "", { "GITHUB_ACTIONS", "true", "GITHUB_JOB", "build" } },
	{ "gitlab", "compile", "build", "https://gl.example/a/-/jobs/9",
	  { "GITLAB_CI", "true", "CI", "true", "CI_JOB_NAME", "compile", "CI_JOB_STAGE", "build", "CI_JOB_URL",
	    "https://gl.example/a/-/jobs/9" } },
	{ "jenkins", "acme/main #128", "Compile", "https://j.example/128/",
	  { "JENKINS_URL", "https://j.example/", "JOB_NAME", "acme/main", "BUILD_NUMBER", "128", "STAGE_NAME", "Compile",
	    "BUILD_URL", "https://j.example/128/" } },
	{ "jenkins", "acme #1", "", "", { "JENKINS_NODE_COOKIE", "x", "JOB_NAME", "acme", "BUILD_NUMBER", "1" } },
	{ "buildkite", "api", "compile", "https://b.example/77#id1",
	  { "BUILDKITE", "true", "BUILDKITE_PIPELINE_SLUG", "api", "BUILDKITE_LABEL", "compile", "BUILDKITE_JOB_ID", "id1",
	    "BUILDKITE_BUILD_URL", "https://b.example/77" } },
	{ "azure", "Build linux", "make", "https://az.example/acme/API%20Server/_build/results?buildId=4711&view=logs&j=j1&t=t1",
	  { "TF_BUILD", "True", "SYSTEM_TEAMFOUNDATIONCOLLECTIONURI", "https://az.example/acme/", "SYSTEM_TEAMPROJECT",
	    "API Server", "BUILD_BUILDID", "4711", "SYSTEM_JOBDISPLAYNAME", "Build linux", "SYSTEM_JOBID", "j1",
	    "SYSTEM_TASKDISPLAYNAME", "make", "SYSTEM_TASKINSTANCEID", "t1" } },
	{ "teamcity", "API / Compile #311", "", "https://t.example/build/1",
	  { "TEAMCITY_VERSION", "2025.07", "TEAMCITY_PROJECT_NAME", "API", "TEAMCITY_BUILDCONF_NAME", "Compile", "BUILD_NUMBER",
	    "311", "BUILD_URL", "https://t.example/build/1" } },
	{ "circleci", "compile", "", "https://c.example/1729",
	  { "CIRCLECI", "true", "CIRCLE_JOB", "compile", "CIRCLE_BUILD_URL", "https://c.example/1729" } },
	{ "drone", "default", "compile", "https://d.example/42",
	  { "DRONE", "true", "DRONE_STAGE_NAME", "default", "DRONE_STEP_NAME", "compile", "DRONE_BUILD_LINK",
	    "https://d.example/42" } },
	{ "woodpecker", "linux", "compile", "https://w.example/3",
	  { "CI", "woodpecker", "CI_WORKFLOW_NAME", "linux", "CI_STEP_NAME", "compile", "CI_STEP_URL", "https://w.example/3" } },
	{ "bitbucket", "acme/api #42", "{uuid}", "http://bb.example/acme/api/pipelines/results/42",
	  { "BITBUCKET_BUILD_NUMBER", "42", "BITBUCKET_REPO_FULL_NAME", "acme/api", "BITBUCKET_STEP_UUID", "{uuid}",
	    "BITBUCKET_GIT_HTTP_ORIGIN", "http://bb.example/acme/api" } },
	{ "argo", "wf-x7k2p", "wf-x7k2p-109", "",
	  { "ARGO_WORKFLOW_NAME", "wf-x7k2p", "ARGO_NODE_ID", "wf-x7k2p-109", "ARGO_CONTAINER_NAME", "main",
	    "KUBERNETES_SERVICE_HOST", "10.96.0.1" } },
	{ "kubernetes", "pod-1", "", "", { "KUBERNETES_SERVICE_HOST", "10.96.0.1", "HOSTNAME", "pod-1" } },
	{ "gitlab", "compile", "", "",
	  { "KUBERNETES_SERVICE_HOST", "10.96.0.1", "HOSTNAME", "runner-1", "GITLAB_CI", "true", "CI_JOB_NAME", "compile" } },
};

static void by_environment(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		const struct example *x = &examples[i];
		struct ci_vars e = env_of(x->env);
		struct ci_job j;

		assert_true(ci_recognise(&e, NULL, &j));
		assert_string_equal(j.ci, x->ci);
		assert_string_equal(j.job, x->job);
		assert_string_equal(j.step, x->step);
		assert_string_equal(j.url, x->url);
	}
}

static void nobodys(void **state)
{
	static const char *const none[][8] = {
		{ NULL }, { "CI", "true", NULL }, { "HOSTNAME", "x", NULL }, { "BUILD_URL", "x", "BUILD_NUMBER", "1", NULL },
		{ "JOB_NAME", "x", NULL }, { "GITHUB_ACTIONS", "", "GITHUB_JOB", "x", NULL },
	};
	struct ci_job j;

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		struct ci_vars e = env_of(none[i]);

		assert_false(ci_recognise(&e, NULL, &j));
	}
}

struct agent {
	const char *ci; /* NULL: none */
	const char *argv;
	size_t len;
};
#define AGENT(ci, argv) { ci, argv, sizeof(argv) }

static void by_runner(void **state)
{
	static const struct agent agents[] = {
		AGENT("github", "/opt/r/bin/Runner.Worker\0spawnclient\0" "1\0" "2"),
		AGENT("github", "Runner.Listener\0run"),
		AGENT("gitlab", "/usr/bin/gitlab-runner\0run"),
		AGENT("jenkins", "/usr/bin/java\0-jar\0/srv/agent.jar\0-url\0https://j"),
		AGENT("jenkins", "java\0-Xmx1g\0-jar\0jenkins.war"),
		AGENT(NULL, "java\0-jar\0"),
		AGENT(NULL, "java\0-cp\0/srv/agent.jar\0Main"),
		AGENT("teamcity", "java\0-cp\0/t/agent.jar\0jetbrains.buildServer.agent.AgentMain"),
		AGENT("buildkite", "buildkite-agent\0bootstrap"),
		AGENT("azure", "/a/bin/Agent.Worker\0spawnclient"),
		AGENT("circleci", "/bin/circleci-agent"),
		AGENT("drone", "/bin/drone-runner-docker"),
		AGENT("woodpecker", "/bin/woodpecker-agent"),
		AGENT("argo", "/var/run/argo/argoexec\0emissary"),
		AGENT("tekton", "/tekton/bin/entrypoint\0-wait_file"),
		AGENT(NULL, "/usr/bin/make\0gitlab-runner"),
		AGENT(NULL, "bash\0-c\0Runner.Worker"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(agents) / sizeof(agents[0]); i++) {
		/* of just that size, so that a sanitizer sees one byte too many */
		char *argv = malloc(agents[i].len);
		const struct ci *c;

		memcpy(argv, agents[i].argv, agents[i].len);
		c = ci_of_runner(argv, agents[i].len - 1);
		free(argv);
		if (!agents[i].ci) {
			assert_null(c);
			continue;
		}
		assert_non_null(c);
		assert_string_equal(c->name, agents[i].ci);
	}
	assert_null(ci_of_runner("", 0));
}

/* What no variable tells is told by who runs it. */
static void by_both(void **state)
{
	static const char *const pod[] = { "KUBERNETES_SERVICE_HOST", "10.96.0.1", "HOSTNAME", "task-pod", NULL };
	struct ci_vars e = env_of(pod);
	struct ci_job j;

	(void)state;
	assert_true(ci_recognise(&e, ci_find("tekton"), &j));
	assert_string_equal(j.ci, "tekton");
	assert_string_equal(j.job, "task");
}

static void values_are_cut_between_characters(void **state)
{
	char name[400], buf[8];
	const char *const pairs[] = { "GITLAB_CI", "true", "CI_JOB_NAME", name, NULL };
	struct ci_vars e;
	struct ci_job j;

	(void)state;
	for (size_t i = 0; i + 3 < sizeof(name); i += 3)
		memcpy(name + i, "编", 4);
	e = env_of(pairs);
	assert_true(ci_recognise(&e, NULL, &j));
	assert_int_equal(strlen(j.job), 159 / 3 * 3);
	ci_put(buf, sizeof(buf), "%s", "abcdef\xc3\xa9");
	assert_string_equal(buf, "abcdef");
	ci_put(buf, sizeof(buf), "%s", "abcde\xc3\xa9xyz");
	assert_string_equal(buf, "abcde\xc3\xa9");
	ci_put(buf, sizeof(buf), "%s", "abc\xf0\x9f\x94\xa8\xf0\x9f\x94\xa8");
	assert_string_equal(buf, "abc\xf0\x9f\x94\xa8");
}

/* Only what a CI lists is ever read: nothing that could be a credential, and it fits where the source looks. */
static void names(void **state)
{
	char all[2048], small[16];
	unsigned int n = 0;

	(void)state;
	assert_true(ci_names(all, sizeof(all)));
	assert_false(ci_names(small, sizeof(small)));
	for (const char *s = all; *s; s += strlen(s) + 1, n++) {
		assert_null(strstr(s, "TOKEN"));
		assert_null(strstr(s, "KEY"));
		assert_null(strstr(s, "PASSWORD"));
		assert_true(strlen(s) < 64);
	}
	assert_in_range(n, 40, 80);
	for (const struct ci *const *c = ci_table; *c; c++) {
		unsigned int vars = 0;

		for (const char *const *v = (*c)->env; *v; v++)
			vars++;
		assert_in_range(vars, 1, CI_VARS_MAX);
		assert_ptr_equal(ci_find((*c)->name), *c);
	}
	assert_null(ci_find("travis"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_environment),
		cmocka_unit_test(nobodys),
		cmocka_unit_test(by_runner),
		cmocka_unit_test(by_both),
		cmocka_unit_test(values_are_cut_between_characters),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
