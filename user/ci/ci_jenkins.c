/* SPDX-License-Identifier: GPL-2.0 */
/* Jenkins. Without a root URL in its settings JENKINS_URL and BUILD_URL are not set. */
#include <string.h>

#include "ci/ci.h"

static const char *const env[] = {
	"JENKINS_URL", "JENKINS_NODE_COOKIE", "JOB_NAME", "STAGE_NAME", "BUILD_URL",
	"BUILD_NUMBER", NULL,
};

static bool here(const struct ci_vars *e)
{
	return ci_get(e, "JENKINS_URL") || (ci_get(e, "JENKINS_NODE_COOKIE") && ci_get(e, "JOB_NAME"));
}

static void job(const struct ci_vars *e, struct ci_job *ret)
{
	const char *number = ci_get(e, "BUILD_NUMBER");

	CI_PUT(ret->job, "%s%s%s", ci_get(e, "JOB_NAME") ?: "", number ? " #" : "", number ?: "");
	CI_PUT(ret->step, "%s", ci_get(e, "STAGE_NAME") ?: "");
	CI_PUT(ret->url, "%s", ci_get(e, "BUILD_URL") ?: "");
}

static bool runner(const char *argv, size_t len)
{
	static const char *const names[] = { "java", NULL };
	static const char *const jars[] = { "remoting.jar", "agent.jar", "slave.jar", "jenkins.war", NULL };

	for (const char *s = argv; ci_runs(argv, len, names) && s < argv + len; s += strlen(s) + 1) {
		const char *jar = s + strlen(s) + 1;

		if (!strcmp(s, "-jar") && jar < argv + len)
			return ci_runs(jar, strlen(jar), jars);
	}
	return false;
}

extern const struct ci ci_jenkins;
const struct ci ci_jenkins = { "jenkins", "Jenkins", env, here, job, runner };
