/* SPDX-License-Identifier: GPL-2.0 */
#include "source/cri.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "source/store_json.h"

/* containerd internal/cri/annotations, cri-o pkg/annotations and the kubelet's own labels, which it keeps */
static const struct keys {
	const char *ns, *pod, *uid, *container, *type;
} dialects[] = {
	{ "io.kubernetes.cri.sandbox-namespace", "io.kubernetes.cri.sandbox-name", "io.kubernetes.cri.sandbox-uid",
	  "io.kubernetes.cri.container-name", "io.kubernetes.cri.container-type" },
	{ "io.kubernetes.pod.namespace", "io.kubernetes.pod.name", "io.kubernetes.pod.uid", "io.kubernetes.container.name",
	  "io.kubernetes.cri-o.ContainerType" },
};

/* false: too long, or none */
static bool take(char *buf, size_t size, const json_t *annotations, const char *key)
{
	const char *s = json_string_value(json_object_get(annotations, key));
	int n = snprintf(buf, size, "%s", s ? s : "");

	return n > 0 && (size_t)n < size;
}

bool cri_read(int root, const char *path, struct cri_names *ret)
{
	json_t *config __json = store_json(root, path);
	const json_t *a = json_object_get(config, "annotations");

	for (size_t i = 0; a && i < ARRAY_SIZE(dialects); i++) {
		const struct keys *k = &dialects[i];
		const char *type = json_string_value(json_object_get(a, k->type));

		if (!take(ret->ns, sizeof(ret->ns), a, k->ns) || !take(ret->pod, sizeof(ret->pod), a, k->pod) ||
		    !take(ret->uid, sizeof(ret->uid), a, k->uid))
			continue;
		if (!take(ret->container, sizeof(ret->container), a, k->container) || (type && !strcmp(type, "sandbox")))
			ret->container[0] = 0;
		return true;
	}
	return false;
}
