/* SPDX-License-Identifier: GPL-2.0 */
/* Buildkite. A job is a step of its pipeline. */
#include "ci/ci.h"

static const char *const env[] = {
	"BUILDKITE", "BUILDKITE_LABEL", "BUILDKITE_JOB_ID", "BUILDKITE_BUILD_URL",
	"BUILDKITE_PIPELINE_SLUG", NULL,
};

static bool here(const struct ci_vars *e)
{
	return ci_get(e, "BUILDKITE") != NULL;
}

static void job(const struct ci_vars *e, struct ci_job *ret)
{
	const char *url = ci_get(e, "BUILDKITE_BUILD_URL"), *id = ci_get(e, "BUILDKITE_JOB_ID");

	CI_PUT(ret->job, "%s", ci_get(e, "BUILDKITE_PIPELINE_SLUG") ?: id ?: "");
	CI_PUT(ret->step, "%s", ci_get(e, "BUILDKITE_LABEL") ?: "");
	if (url)
		CI_PUT(ret->url, "%s%s%s", url, id ? "#" : "", id ?: "");
}

static bool runner(const char *argv, size_t len)
{
	static const char *const names[] = { "buildkite-agent", NULL };

	return ci_runs(argv, len, names);
}

extern const struct ci ci_buildkite;
const struct ci ci_buildkite = { "buildkite", "Buildkite", env, here, job, runner };
