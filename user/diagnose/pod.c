/* SPDX-License-Identifier: GPL-2.0 */
/* What a cgroup of a Kubernetes pod is called by those who made it. */
#include <stdio.h>
#include <string.h>

#include "builder/cgpath.h"
#include "diagnose/internal.h"

bool pod_find(const struct model *m, struct report *r, const char *path, struct pod *ret)
{
	struct cgpath c = cgpath_classify(path);
	char uid[CGPATH_UID_LEN], key[96];
	const char *value = NULL, *slash;

	if (!path || !cgpath_pod(path, uid))
		return false;
	if (c.kind == CGPATH_POD_CONTAINER) {
		snprintf(key, sizeof(key), "container.%.*s", (int)c.id_len, c.id);
		value = model_fact(m, key);
	}
	if (!value) {
		snprintf(key, sizeof(key), "pod.%s", uid);
		value = model_fact(m, key);
	}
	slash = value ? strchr(value, '/') : NULL;
	if (!slash)
		return false;
	*ret = (struct pod){ .ns = say(r, "%.*s", (int)(slash - value), value),
			     .name = say(r, "%.*s", (int)strcspn(slash + 1, "/"), slash + 1) };
	slash = strchr(slash + 1, '/');
	ret->container = slash ? say(r, "%s", slash + 1) : NULL;
	return ret->ns && ret->name;
}

const char *say_pod(struct report *r, const struct pod *p)
{
	return p->container ? say(r, _("pod %s/%s, container %s"), p->ns, p->name, p->container) :
			      say(r, _("pod %s/%s"), p->ns, p->name);
}
