/* SPDX-License-Identifier: GPL-2.0 */
#include "builder/daemon.h"

#include <string.h>

#include "builder/argvwords.h"
#include "builder/client.h"

#define COMM_MAX 15 /* the kernel's names are that long at most */

/* A name ending in - stands for all that start so. */
static const struct {
	const char *name;
	enum agent_role role;
} agents[] = {
	{ "rootlesskit", AGENT_ENGINE },
	{ "docker-buildx", AGENT_CLIENT },
	{ "docker-compose", AGENT_CLIENT },
	{ "buildctl", AGENT_CLIENT },
	{ "Runner.Listener", AGENT_CI }, /* GitHub; the Agent.* pair is Azure's */
	{ "Runner.Worker", AGENT_CI },
	{ "Agent.Listener", AGENT_CI },
	{ "Agent.Worker", AGENT_CI },
	{ "gitlab-runner", AGENT_CI },
	{ "gitlab-runner-helper", AGENT_CI },
	{ "buildkite-agent", AGENT_CI },
	{ "act_runner", AGENT_CI },
	{ "forgejo-runner", AGENT_CI },
	{ "woodpecker-agent", AGENT_CI },
	{ "drone-runner-", AGENT_CI },
	{ "drone-agent", AGENT_CI },
	{ "circleci-", AGENT_CI },
	{ "teamcity-agent", AGENT_CI },
	{ "concourse", AGENT_CI },
};

/* Of these the arguments decide, where they are known. */
static const struct {
	const char *name;
	enum agent_role role;
	const char *const words[8];
} verbs[] = {
	{ "docker", AGENT_CLIENT, { "build", "buildx", "compose", "builder", "bake", NULL } },
	{ "nerdctl", AGENT_CLIENT, { "build", "compose", "builder", NULL } },
	{ "podman", AGENT_ENGINE, { "build", "buildx", "service", NULL } },
	{ "buildah", AGENT_ENGINE, { "bud", "build", "build-using-dockerfile", "run", NULL } },
};

static bool is_name(const char *name, const char *known, bool from_comm)
{
	size_t n = strlen(known);

	if (known[n - 1] == '-')
		return !strncmp(name, known, n);
	return from_comm ? !strncmp(name, known, COMM_MAX) && strlen(name) == (n < COMM_MAX ? n : COMM_MAX) :
			   !strcmp(name, known);
}

static enum agent_role by_name(const char *name, bool from_comm)
{
	for (size_t i = 0; i < sizeof(agents) / sizeof(agents[0]); i++)
		if (is_name(name, agents[i].name, from_comm))
			return agents[i].role;
	return AGENT_NONE;
}

static enum agent_role by_verb(const char *name, struct words w)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(name, verbs[i].name) != 0)
			continue;
		if (!word_peek(&w))
			return verbs[i].role;
		for (const char *s; (s = word_next(&w));)
			if (one_of(s, verbs[i].words))
				return verbs[i].role;
	}
	return AGENT_NONE;
}

/* Jenkins, TeamCity and GoCD bring no program of their own; the jar tells, or the main class. */
static bool is_java_agent(struct words w)
{
	static const char *const jars[] = { "agent.jar", "remoting.jar", "slave.jar", "jenkins.war",
					    "swarm-client.jar", "agent-bootstrapper.jar", NULL };
	static const char *const classes[] = { "hudson.remoting.", "jetbrains.buildServer.agent." };
	const char *before = "";

	for (const char *s; (s = word_next(&w)); before = s) {
		if (!strcmp(before, "-jar") && one_of(base_name(s), jars))
			return true;
		for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
			if (!strncmp(s, classes[i], strlen(classes[i])))
				return true;
	}
	return false;
}

/* GitHub's runner is started by run.sh and run-helper.sh; the former is no rare name. */
static bool is_runner_script(struct words w)
{
	const char *s = word_next(&w);

	while (s && *s == '-')
		s = word_next(&w);
	if (!s)
		return false;
	return !strcmp(base_name(s), "run-helper.sh") ||
	       (!strcmp(base_name(s), "run.sh") && strstr(s, "actions-runner"));
}

enum agent_role agent_role(const char *comm, const char *argv, size_t len)
{
	static const char *const shells[] = { "sh", "bash", "dash", NULL };
	struct words w = { argv, argv + len };
	const char *first = len ? word_next(&w) : comm, *name;
	enum agent_role role;
	struct daemon_cmd d;

	if (!first || !*first)
		return AGENT_NONE;
	name = base_name(first);
	if (*name == '-') /* a login shell */
		name++;
	if (daemon_parse(len ? argv : comm, len ? len : strlen(comm), &d))
		return AGENT_ENGINE;
	if (!len && !strncmp(name, "buildah-", 8)) /* cut to buildah-oci-runt, buildah-chroot- */
		return AGENT_ENGINE;
	if (len && strlen(first) >= 16 && !strcmp(first + strlen(first) - 16, "/kaniko/executor"))
		return AGENT_ENGINE;
	role = by_name(name, !len);
	if (role == AGENT_NONE)
		role = by_verb(name, w);
	if (role == AGENT_NONE && !strcmp(name, "java") && is_java_agent(w))
		return AGENT_CI;
	if (role == AGENT_NONE && one_of(name, shells) && is_runner_script(w))
		return AGENT_CI;
	return role;
}
