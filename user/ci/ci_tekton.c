/* SPDX-License-Identifier: GPL-2.0 */
/* Tekton: a task is a pod, a step a container in it. No variable says so; the first process is Tekton's entrypoint. */
#include <string.h>

#include "ci/ci.h"

static const char *const env[] = { "HOSTNAME", NULL };

static bool here(const struct ci_vars *e)
{
	(void)e;
	return false; /* by its runner only */
}

/* The pod of the task run NAME is called NAME-pod. */
static void job(const struct ci_vars *e, struct ci_job *ret)
{
	size_t len;

	CI_PUT(ret->job, "%s", ci_get(e, "HOSTNAME") ?: "");
	len = strlen(ret->job);
	if (len > 4 && !strcmp(ret->job + len - 4, "-pod"))
		ret->job[len - 4] = 0;
}

static bool runner(const char *argv, size_t len)
{
	return len && !strcmp(argv, "/tekton/bin/entrypoint");
}

extern const struct ci ci_tekton;
const struct ci ci_tekton = { "tekton", "Tekton", env, here, job, runner };
