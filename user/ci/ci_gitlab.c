/* SPDX-License-Identifier: GPL-2.0 */
/* GitLab CI. Jobs have no steps, but a stage. With the shell executor the first shell reads the variables from its script. */
#include "ci/ci.h"

static const char *const env[] = {
	"GITLAB_CI", "CI_JOB_NAME", "CI_JOB_STAGE", "CI_JOB_URL", NULL,
};

static bool here(const struct ci_vars *e)
{
	return ci_get(e, "GITLAB_CI") != NULL;
}

static void job(const struct ci_vars *e, struct ci_job *ret)
{
	CI_PUT(ret->job, "%s", ci_get(e, "CI_JOB_NAME") ?: "");
	CI_PUT(ret->step, "%s", ci_get(e, "CI_JOB_STAGE") ?: "");
	CI_PUT(ret->url, "%s", ci_get(e, "CI_JOB_URL") ?: "");
}

static bool runner(const char *argv, size_t len)
{
	static const char *const names[] = { "gitlab-runner", "gitlab-ci-multi-runner", NULL };

	return ci_runs(argv, len, names);
}

extern const struct ci ci_gitlab;
const struct ci ci_gitlab = { "gitlab", "GitLab CI", env, here, job, runner };
