/* SPDX-License-Identifier: GPL-2.0 */
/* Azure Pipelines */
#include <string.h>

#include "ci/ci.h"

static const char *const env[] = {
	"TF_BUILD", "SYSTEM_TEAMFOUNDATIONCOLLECTIONURI", "SYSTEM_TEAMPROJECT",
	"BUILD_BUILDID", "SYSTEM_JOBDISPLAYNAME", "SYSTEM_JOBID", "SYSTEM_TASKDISPLAYNAME",
	"SYSTEM_TASKINSTANCEID", NULL,
};

static bool here(const struct ci_vars *e)
{
	return ci_get(e, "TF_BUILD") != NULL;
}

static void job(const struct ci_vars *e, struct ci_job *ret)
{
	const char *server = ci_get(e, "SYSTEM_TEAMFOUNDATIONCOLLECTIONURI"), *project = ci_get(e, "SYSTEM_TEAMPROJECT"),
		   *id = ci_get(e, "BUILD_BUILDID"), *j = ci_get(e, "SYSTEM_JOBID"), *t = ci_get(e, "SYSTEM_TASKINSTANCEID");
	size_t n = 0;

	CI_PUT(ret->job, "%s", ci_get(e, "SYSTEM_JOBDISPLAYNAME") ?: "");
	CI_PUT(ret->step, "%s", ci_get(e, "SYSTEM_TASKDISPLAYNAME") ?: "");
	if (!server || !project || !id)
		return;
	CI_PUT(ret->url, "%s", server); /* ends in a slash */
	for (const char *p = project; *p && n + 4 < sizeof(ret->job); p++, n++) /* a project's name may have blanks */
		ci_put(ret->url + strlen(ret->url), sizeof(ret->url) - strlen(ret->url), *p == ' ' ? "%%20" : "%c", *p);
	ci_put(ret->url + strlen(ret->url), sizeof(ret->url) - strlen(ret->url), "/_build/results?buildId=%s%s%s%s%s", id,
	       j ? "&view=logs&j=" : "", j ?: "", j && t ? "&t=" : "", j && t ? t : "");
}

static bool runner(const char *argv, size_t len)
{
	static const char *const names[] = { "Agent.Worker", "Agent.Listener", NULL };

	return ci_runs(argv, len, names);
}

extern const struct ci ci_azure;
const struct ci ci_azure = { "azure", "Azure Pipelines", env, here, job, runner };
