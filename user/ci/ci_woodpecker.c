/* SPDX-License-Identifier: GPL-2.0 */
/* Woodpecker. A step is a container. */
#include "ci/ci.h"

static const char *const env[] = {
	"CI", "CI_SYSTEM_NAME", "CI_WORKFLOW_NAME", "CI_STEP_NAME", "CI_STEP_URL",
	"CI_PIPELINE_URL", NULL,
};

static bool here(const struct ci_vars *e)
{
	return ci_is(e, "CI", "woodpecker") || ci_is(e, "CI_SYSTEM_NAME", "woodpecker");
}

static void job(const struct ci_vars *e, struct ci_job *ret)
{
	CI_PUT(ret->job, "%s", ci_get(e, "CI_WORKFLOW_NAME") ?: "");
	CI_PUT(ret->step, "%s", ci_get(e, "CI_STEP_NAME") ?: "");
	CI_PUT(ret->url, "%s", ci_get(e, "CI_STEP_URL") ?: ci_get(e, "CI_PIPELINE_URL") ?: "");
}

static bool runner(const char *argv, size_t len)
{
	static const char *const names[] = { "woodpecker-agent", NULL };

	return ci_runs(argv, len, names);
}

extern const struct ci ci_woodpecker;
const struct ci ci_woodpecker = { "woodpecker", "Woodpecker", env, here, job, runner };
