/* SPDX-License-Identifier: GPL-2.0 */
/* GitHub Actions. A step's display name is in no variable: its id is, or __run_2 for the second without one. */
#include "ci/ci.h"

static const char *const env[] = {
	"GITHUB_ACTIONS", "GITHUB_JOB", "GITHUB_ACTION", "GITHUB_SERVER_URL",
	"GITHUB_REPOSITORY", "GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT", NULL,
};

static bool here(const struct ci_vars *e)
{
	return ci_get(e, "GITHUB_ACTIONS") != NULL;
}

static void job(const struct ci_vars *e, struct ci_job *ret)
{
	const char *server = ci_get(e, "GITHUB_SERVER_URL"), *repo = ci_get(e, "GITHUB_REPOSITORY"),
		   *run = ci_get(e, "GITHUB_RUN_ID"), *attempt = ci_get(e, "GITHUB_RUN_ATTEMPT");

	CI_PUT(ret->job, "%s", ci_get(e, "GITHUB_JOB") ?: "");
	CI_PUT(ret->step, "%s", ci_get(e, "GITHUB_ACTION") ?: "");
	if (server && repo && run)
		CI_PUT(ret->url, "%s/%s/actions/runs/%s%s%s", server, repo, run, attempt ? "/attempts/" : "", attempt ?: "");
}

static bool runner(const char *argv, size_t len)
{
	static const char *const names[] = { "Runner.Worker", "Runner.Listener", NULL };

	return ci_runs(argv, len, names);
}

extern const struct ci ci_github;
const struct ci ci_github = { "github", "GitHub Actions", env, here, job, runner };
