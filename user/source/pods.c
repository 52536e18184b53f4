/* SPDX-License-Identifier: GPL-2.0 */
#include "source/pods.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "source/cri.h"
#include "source/evbuf.h"
#include "source/readfile.h"
#include "source/safeio.h"

#define UID_LEN 36
#define STATIC_UID_LEN 32
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

/* Of a static pod it is a hash of its manifest, without dashes. */
static bool is_uid(const char *s)
{
	size_t len = strlen(s);

	return len == UID_LEN ? is_hex(s, len, "-") : len == STATIC_UID_LEN && is_hex(s, len, "");
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

/* A root directory to look below; its own kubelet's, or another process's, who may have put links there. */
struct root {
	int fd;
	bool ours;
	const char *dir;	 /* that is being read */
	unsigned int containers; /* told so far */
	sink_fn sink;
	void *ctx;
};

typedef int (*tell_fn)(struct root *r, const char *name);

/* NAMESPACE_POD_UID */
static int tell_pod(struct root *r, const char *name)
{
	const char *pod = strchr(name, '_'), *uid = pod ? strchr(pod + 1, '_') : NULL;
	char key[64], value[600];

	if (!uid || !is_uid(uid + 1) || !is_name(name, (size_t)(pod - name)) ||
	    !is_name(pod + 1, (size_t)(uid - pod - 1)))
		return 0;
	snprintf(key, sizeof(key), "pod.%s", uid + 1);
	snprintf(value, sizeof(value), "%.*s/%.*s", (int)(pod - name), name, (int)(uid - pod - 1), pod + 1);
	return fact(key, value, r->sink, r->ctx);
}

/* POD_NAMESPACE_CONTAINER-ID.log */
static int tell_container(struct root *r, const char *name)
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
	r->containers++;
	return fact(key, value, r->sink, r->ctx);
}

static int each(struct root *r, const char *dir, tell_fn tell)
{
	int at __close = r->ours ? openat(r->fd, dir, O_PATH | O_DIRECTORY | O_CLOEXEC) : safeio_dir_below(r->fd, dir);
	int fd = at < 0 ? -1 : openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d __closedir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	int err = 0;

	if (fd >= 0 && !d)
		close(fd);
	r->dir = dir;
	for (int n = 0; d && !err && n < NAMES_MAX && (e = readdir(d)); n++)
		err = tell(r, e->d_name);
	return err;
}

/* In the runtime's directory of a container: what is in which of its files */
static int tell_config(struct root *r, const char *file, const char *id)
{
	struct cri_names c;
	char path[512], name[1024];
	int err;

	if (strlen(id) != ID_LEN || !is_hex(id, ID_LEN, ""))
		return 0;
	snprintf(path, sizeof(path), "%s/%s/%s", r->dir, id, file);
	if (!cri_read(r->fd, path, &c))
		return 0;
	snprintf(name, sizeof(name), "%s_%s_%s", c.ns, c.pod, c.uid);
	err = tell_pod(r, name);
	snprintf(name, sizeof(name), "%s_%s_%s-%s.log", c.pod, c.ns, c.container, id);
	return err || !c.container[0] ? err : tell_container(r, name);
}

static int tell_bundle(struct root *r, const char *id)
{
	return tell_config(r, "config.json", id);
}

static int tell_userdata(struct root *r, const char *id)
{
	return tell_config(r, "userdata/config.json", id);
}

/* containerd's, also those of k3s, RKE2 and MicroK8s, and CRI-O's */
static const struct {
	const char *dir;
	tell_fn tell;
} runtimes[] = {
	{ "run/containerd/io.containerd.runtime.v2.task/k8s.io", tell_bundle },
	{ "run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io", tell_bundle },
	{ "var/snap/microk8s/common/run/containerd/io.containerd.runtime.v2.task/k8s.io", tell_bundle },
	{ "run/containers/storage/overlay-containers", tell_userdata },
};

static int tell_root(struct root *r)
{
	int err = each(r, "var/log/pods", tell_pod);

	err = err ? err : each(r, "var/log/containers", tell_container);
	for (size_t i = 0; !err && !r->containers && i < ARRAY_SIZE(runtimes); i++)
		err = each(r, runtimes[i].dir, runtimes[i].tell);
	return err;
}

/* By its name, which anybody may have: one in a pod is none, and what is told first stands. */
static bool is_kubelet(const struct procfs *p, const char *pid)
{
	static const char *const names[] = { "kubelet", "k3s-server", "k3s-agent", "kubelite" };
	char path[300], text[4096];
	struct procfs_stat st;

	if (procfs_stat(p, (zt_u32)strtoul(pid, NULL, 10), &st) < 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(st.comm, names[i]) != 0)
			continue;
		snprintf(path, sizeof(path), "%s/cgroup", pid);
		return readfile_at(p->dir, path, text, sizeof(text)) > 0 && !strstr(text, "kubepods");
	}
	return false;
}

/* Each where its own root is another's, or is mounted otherwise. What is told twice is told in vain. */
static int tell_kubelets(const struct root *ours, const struct procfs *p)
{
	int fd = openat(p->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), err = 0;
	DIR *d __closedir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (fd >= 0 && !d)
		close(fd);
	while (d && !err && (e = readdir(d))) {
		char path[300];
		int root __close = -1;

		if (*e->d_name < '1' || *e->d_name > '9' || !is_kubelet(p, e->d_name))
			continue;
		snprintf(path, sizeof(path), "%s/root", e->d_name);
		root = openat(p->dir, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (root >= 0)
			err = tell_root(&(struct root){ .fd = root, .sink = ours->sink, .ctx = ours->ctx });
	}
	return err;
}

int pods_tell(const char *root, const struct procfs *p, sink_fn sink, void *ctx)
{
	int fd __close = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC), err;
	struct root ours = { .fd = fd, .ours = true, .sink = sink, .ctx = ctx };

	if (fd < 0)
		return 0;
	err = tell_root(&ours);
	return err || !p ? err : tell_kubelets(&ours, p);
}
