/* SPDX-License-Identifier: GPL-2.0 */
/* Any other pod: HOSTNAME is its name. */
#include "ci/ci.h"

static const char *const env[] = {
	"KUBERNETES_SERVICE_HOST", "HOSTNAME", NULL,
};

static bool here(const struct ci_vars *e)
{
	return ci_get(e, "KUBERNETES_SERVICE_HOST") != NULL;
}

static void job(const struct ci_vars *e, struct ci_job *ret)
{
	CI_PUT(ret->job, "%s", ci_get(e, "HOSTNAME") ?: "");
}

extern const struct ci ci_kubernetes;
const struct ci ci_kubernetes = { "kubernetes", "Kubernetes", env, here, job, NULL };
