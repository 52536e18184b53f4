/* SPDX-License-Identifier: GPL-2.0 */
/* Drone. A step is a container. */
#include "ci/ci.h"

static const char *const env[] = {
	"DRONE", "DRONE_STAGE_NAME", "DRONE_STEP_NAME", "DRONE_BUILD_LINK", NULL,
};

static bool here(const struct ci_vars *e)
{
	return ci_get(e, "DRONE") != NULL;
}

static void job(const struct ci_vars *e, struct ci_job *ret)
{
	CI_PUT(ret->job, "%s", ci_get(e, "DRONE_STAGE_NAME") ?: "");
	CI_PUT(ret->step, "%s", ci_get(e, "DRONE_STEP_NAME") ?: "");
	CI_PUT(ret->url, "%s", ci_get(e, "DRONE_BUILD_LINK") ?: "");
}

static bool runner(const char *argv, size_t len)
{
	static const char *const names[] = { "drone-runner-docker", "drone-runner-exec", "drone-agent", NULL };

	return ci_runs(argv, len, names);
}

extern const struct ci ci_drone;
const struct ci ci_drone = { "drone", "Drone", env, here, job, runner };
