/* SPDX-License-Identifier: GPL-2.0 */
/* Argo Workflows: a node of the workflow is a pod, whose first process is argoexec. */
#include "ci/ci.h"

static const char *const env[] = {
	"ARGO_WORKFLOW_NAME", "ARGO_NODE_ID", "ARGO_CONTAINER_NAME", "HOSTNAME", NULL,
};

static bool here(const struct ci_vars *e)
{
	return ci_get(e, "ARGO_CONTAINER_NAME") || ci_get(e, "ARGO_NODE_ID");
}

static void job(const struct ci_vars *e, struct ci_job *ret)
{
	CI_PUT(ret->job, "%s", ci_get(e, "ARGO_WORKFLOW_NAME") ?: ci_get(e, "HOSTNAME") ?: "");
	CI_PUT(ret->step, "%s", ci_get(e, "ARGO_NODE_ID") ?: ci_get(e, "ARGO_CONTAINER_NAME") ?: "");
}

static bool runner(const char *argv, size_t len)
{
	static const char *const names[] = { "argoexec", NULL };

	return ci_runs(argv, len, names);
}

extern const struct ci ci_argo;
const struct ci ci_argo = { "argo", "Argo Workflows", env, here, job, runner };
