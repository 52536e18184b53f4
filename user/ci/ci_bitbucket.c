/* SPDX-License-Identifier: GPL-2.0 */
/* Bitbucket Pipelines. A step has no name in a variable, but an id. Its runner's processes have no name of their own. */
#include "ci/ci.h"

static const char *const env[] = {
	"BITBUCKET_BUILD_NUMBER", "BITBUCKET_REPO_FULL_NAME", "BITBUCKET_STEP_UUID",
	"BITBUCKET_GIT_HTTP_ORIGIN", NULL,
};

static bool here(const struct ci_vars *e)
{
	return ci_get(e, "BITBUCKET_BUILD_NUMBER") && ci_get(e, "BITBUCKET_REPO_FULL_NAME");
}

static void job(const struct ci_vars *e, struct ci_job *ret)
{
	const char *number = ci_get(e, "BITBUCKET_BUILD_NUMBER"), *origin = ci_get(e, "BITBUCKET_GIT_HTTP_ORIGIN");

	CI_PUT(ret->job, "%s #%s", ci_get(e, "BITBUCKET_REPO_FULL_NAME"), number);
	CI_PUT(ret->step, "%s", ci_get(e, "BITBUCKET_STEP_UUID") ?: "");
	if (origin)
		CI_PUT(ret->url, "%s/pipelines/results/%s", origin, number);
}

extern const struct ci ci_bitbucket;
const struct ci ci_bitbucket = { "bitbucket", "Bitbucket Pipelines", env, here, job, NULL };
