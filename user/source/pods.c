/* SPDX-License-Identifier: GPL-2.0 */
#include "source/pods.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "source/evbuf.h"

#define UID_LEN 36
#define ID_LEN 64
/* A node runs 110 pods unless told otherwise. */
#define NAMES_MAX 2048

/* Names of Kubernetes objects: RFC 1123. Anything else is none. */
static bool is_name(const char *s, size_t len)
{
	return len && len <= 253 && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789.-") >= len;
}

static bool is_hex(const char *s, size_t len, const char *also)
{
	for (size_t i = 0; i < len; i++)
		if (!s[i] || (!strchr("0123456789abcdef", s[i]) && !strchr(also, s[i])))
			return false;
	return true;
}

static int fact(const char *key, const char *value, sink_fn sink, void *ctx)
{
	struct {
		struct zt_ev_fact ev;
		char tail[1024];
	} e = { 0 };
	size_t a = strlen(key) + 1, b = strlen(value) + 1;

	if (a + b > sizeof(e.tail))
		return 0;
	memcpy(e.tail, key, a);
	memcpy(e.tail + a, value, b);
	e.ev.h = (struct zt_ev){ .size = (zt_u32)(sizeof(e.ev) + a + b), .fixed = sizeof(e.ev), .kind = ZT_fact,
				 .ts_ns = evbuf_clock_ns(CLOCK_BOOTTIME) };
	return sink(ctx, &e.ev.h);
}

/* NAMESPACE_POD_UID */
static int tell_pod(const char *name, sink_fn sink, void *ctx)
{
	const char *pod = strchr(name, '_'), *uid = pod ? strchr(pod + 1, '_') : NULL;
	char key[64], value[600];

	if (!uid || strlen(uid + 1) != UID_LEN || !is_hex(uid + 1, UID_LEN, "-") || !is_name(name, (size_t)(pod - name)) ||
	    !is_name(pod + 1, (size_t)(uid - pod - 1)))
		return 0;
	snprintf(key, sizeof(key), "pod.%s", uid + 1);
	snprintf(value, sizeof(value), "%.*s/%.*s", (int)(pod - name), name, (int)(uid - pod - 1), pod + 1);
	return fact(key, value, sink, ctx);
}

/* POD_NAMESPACE_CONTAINER-ID.log */
static int tell_container(const char *name, sink_fn sink, void *ctx)
{
	const char *ns = strchr(name, '_'), *container = ns ? strchr(ns + 1, '_') : NULL, *id;
	size_t len = strlen(name);
	char key[80], value[900];

	if (!container || len < ID_LEN + 6 || strcmp(name + len - 4, ".log") != 0)
		return 0;
	id = name + len - 4 - ID_LEN;
	if (id - 1 <= container || id[-1] != '-' || !is_hex(id, ID_LEN, "") || !is_name(name, (size_t)(ns - name)) ||
	    !is_name(ns + 1, (size_t)(container - ns - 1)) || !is_name(container + 1, (size_t)(id - container - 2)))
		return 0;
	snprintf(key, sizeof(key), "container.%.*s", ID_LEN, id);
	snprintf(value, sizeof(value), "%.*s/%.*s/%.*s", (int)(container - ns - 1), ns + 1, (int)(ns - name), name,
		 (int)(id - container - 2), container + 1);
	return fact(key, value, sink, ctx);
}

static int each(const char *root, const char *dir, int (*tell)(const char *, sink_fn, void *), sink_fn sink, void *ctx)
{
	DIR *d __closedir = NULL;
	char path[4096];
	struct dirent *e;
	int err = 0;

	snprintf(path, sizeof(path), "%s%s", root, dir);
	d = opendir(path);
	for (int n = 0; d && !err && n < NAMES_MAX && (e = readdir(d)); n++)
		err = tell(e->d_name, sink, ctx);
	return err;
}

int pods_tell(const char *root, sink_fn sink, void *ctx)
{
	int err = each(root, "var/log/pods", tell_pod, sink, ctx);

	return err ? err : each(root, "var/log/containers", tell_container, sink, ctx);
}
