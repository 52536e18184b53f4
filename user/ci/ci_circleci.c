/* SPDX-License-Identifier: GPL-2.0 */
/* CircleCI. Steps are in no variable. */
#include "ci/ci.h"

static const char *const env[] = {
	"CIRCLECI", "CIRCLE_JOB", "CIRCLE_BUILD_URL", NULL,
};

static bool here(const struct ci_vars *e)
{
	return ci_get(e, "CIRCLECI") != NULL;
}

static void job(const struct ci_vars *e, struct ci_job *ret)
{
	CI_PUT(ret->job, "%s", ci_get(e, "CIRCLE_JOB") ?: "");
	CI_PUT(ret->url, "%s", ci_get(e, "CIRCLE_BUILD_URL") ?: "");
}

static bool runner(const char *argv, size_t len)
{
	static const char *const names[] = { "circleci-agent", "circleci-runner", "circleci-launch-agent", "launch-agent", NULL };

	return ci_runs(argv, len, names);
}

extern const struct ci ci_circleci;
const struct ci ci_circleci = { "circleci", "CircleCI", env, here, job, runner };
