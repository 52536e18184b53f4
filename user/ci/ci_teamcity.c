/* SPDX-License-Identifier: GPL-2.0 */
/* TeamCity. Build steps are in no variable. */
#include "ci/ci.h"

static const char *const env[] = {
	"TEAMCITY_VERSION", "TEAMCITY_PROJECT_NAME", "TEAMCITY_BUILDCONF_NAME", "BUILD_NUMBER",
	"BUILD_URL", NULL,
};

static bool here(const struct ci_vars *e)
{
	return ci_get(e, "TEAMCITY_VERSION") != NULL;
}

static void job(const struct ci_vars *e, struct ci_job *ret)
{
	const char *project = ci_get(e, "TEAMCITY_PROJECT_NAME"), *conf = ci_get(e, "TEAMCITY_BUILDCONF_NAME"),
		   *number = ci_get(e, "BUILD_NUMBER");

	CI_PUT(ret->job, "%s%s%s%s%s", project ?: "", project && conf ? " / " : "", conf ?: "", number ? " #" : "", number ?: "");
	CI_PUT(ret->url, "%s", ci_get(e, "BUILD_URL") ?: "");
}

static bool runner(const char *argv, size_t len)
{
	static const char *const names[] = { "java", NULL };

	return ci_runs(argv, len, names) && (ci_has_word(argv, len, "jetbrains.buildServer.agent.AgentMain") ||
					     ci_has_word(argv, len, "jetbrains.buildServer.agent.Launcher"));
}

extern const struct ci ci_teamcity;
const struct ci ci_teamcity = { "teamcity", "TeamCity", env, here, job, runner };
