/* SPDX-License-Identifier: GPL-2.0 */
#include "cmd/scope.h"

#include <errno.h>
#include <string.h>

#include "base/i18n.h"
#include "base/log.h"
#include "builder/cgpath.h"
#include "ci/ci.h"
#include "cmd/publish.h"
#include "trace/event.h"

#define ID_MAX 128

/* Looks for a container by the start of its id. */
struct hunt {
	const char *want;
	struct scope_part *part;
	char id[ID_MAX], other[ID_MAX]; /* "": none yet */
	enum { HUNT_NONE, HUNT_ONE, HUNT_SEVERAL } found;
};

/* true: it is the one to take */
static bool meets(struct hunt *h, const char *id, size_t len)
{
	if (len >= ID_MAX || len < strlen(h->want) || memcmp(id, h->want, strlen(h->want)))
		return false;
	if (h->found == HUNT_NONE || (strlen(h->id) != len && len == strlen(h->want))) {
		snprintf(h->id, sizeof(h->id), "%.*s", (int)len, id);
		h->found = HUNT_ONE;
		return true;
	}
	if (strlen(h->id) == strlen(h->want) || (strlen(h->id) == len && !memcmp(h->id, id, len)))
		return false;
	snprintf(h->other, sizeof(h->other), "%.*s", (int)len, id);
	h->found = HUNT_SEVERAL;
	return false;
}

static bool is_container(enum cgpath_kind kind)
{
	return kind == CGPATH_DOCKER_CONTAINER || kind == CGPATH_BUILDX_BUILDER || kind == CGPATH_PODMAN_CONTAINER ||
	       kind == CGPATH_POD_CONTAINER;
}

static int by_cgroup(void *ctx, const struct zt_ev *ev)
{
	struct hunt *h = ctx;
	const char *path[1];
	struct cgpath c;

	if (ev_tail_strings(ev, path, 1) != 1)
		return 0;
	c = cgpath_level(path[0]);
	if (!is_container(c.kind) || strlen(path[0]) >= sizeof(h->part->path) || !meets(h, c.id, c.id_len))
		return 0;
	h->part->cgroup = ((const struct zt_ev_cgroup *)ev)->mem.id;
	strcpy(h->part->path, path[0]);
	return 0;
}

/* containerd's shim (-id) and podman's conmon (-c) name the container that they are the parent of. */
static int by_parent(void *ctx, const struct zt_ev *ev)
{
	const struct zt_ev_proc *e = (const void *)ev;
	struct hunt *h = ctx;
	const char *option = !strncmp(e->comm, "containerd-shim", 15) ? "-id" : !strcmp(e->comm, "conmon") ? "-c" : NULL;
	const char *argv, *end;
	size_t len;

	argv = ev_tail(ev, &len);
	end = argv + len;
	for (const char *w = argv; option && w < end; w += strnlen(w, (size_t)(end - w)) + 1) {
		const char *id = w + strlen(option) + 1;

		if (strnlen(w, (size_t)(end - w)) != strlen(option) || strcmp(w, option) || id >= end)
			continue;
		if (meets(h, id, strnlen(id, (size_t)(end - id))))
			h->part->who = ev->who;
		return 0;
	}
	return 0;
}

static int find_container(const struct procfs *p, struct cgroupfs *c, const char *id, struct scope_part *part)
{
	struct hunt h = { .want = id, .part = part };
	int err = *id ? cgroupfs_snapshot(c, by_cgroup, &h, NULL) : 0;

	if (err >= 0 && *id && h.found == HUNT_NONE)
		err = procfs_snapshot(p, c, by_parent, &h);
	if (err < 0) {
		log_error(_("--container %s: cannot look for it: %s"), id, strerror(-err));
		return err;
	}
	if (h.found == HUNT_ONE)
		return 0;
	if (h.found == HUNT_SEVERAL)
		log_error(_("--container %s: several are called so, %.12s and %.12s; give more of its id"), id, h.id, h.other);
	else
		log_error(_("--container %s: no such container runs here; give the id that docker ps, podman ps or "
			    "crictl ps shows"), id);
	return -EINVAL;
}

static int find_pid(const struct procfs *p, const char *text, struct scope_part *part)
{
	int err = scope_pid(p, text, part);

	if (err == -EINVAL)
		log_error(_("--pid %s: that is no process id"), text);
	else if (err < 0)
		log_error(_("--pid %s: there is no such process"), text);
	return err < 0 ? -EINVAL : 0;
}

static int find_cgroup(struct cgroupfs *c, const char *path, struct scope_part *part)
{
	int err = scope_cgroup(c, path, part);

	if (!c->version)
		log_error(_("--cgroup %s: this machine has no memory cgroups"), path);
	else if (err == -ENOTSUP)
		log_error(_("--cgroup %s: the memory controller is not enabled there; name one above it"), path);
	else if (err == -ENOENT)
		log_error(_("--cgroup %s: there is no such memory cgroup below %s"), path, c->mount);
	else if (err < 0)
		log_error(_("--cgroup %s: it cannot be read: %s"), path, strerror(-err));
	return err < 0 ? -EINVAL : 0;
}

/* Collects the runners of a CI, or of any. */
struct runners {
	const char *name;
	struct scope_part *parts;
	int n;
};

static int see_runner(void *ctx, const struct zt_ev *ev)
{
	struct runners *r = ctx;
	char argv[4096];
	const struct ci *c;
	const char *tail;
	size_t len;

	tail = ev_tail(ev, &len);
	len = len < sizeof(argv) ? len : sizeof(argv) - 1;
	memcpy(argv, tail, len);
	argv[len] = 0;
	c = ci_of_runner(argv, len);
	if (c && (!strcmp(r->name, "auto") || !strcmp(r->name, c->name)) && r->n < SCOPES_MAX)
		r->parts[r->n++] = (struct scope_part){ .kind = "ci", .name = c->name, .who = ev->who };
	return 0;
}

/* The CI itself, whatever starts its jobs, and those of its runners that run now with all that descends from them. */
static int find_ci(const struct procfs *p, struct cgroupfs *c, const char *name, struct scope_part *parts)
{
	struct runners r = { .name = name, .parts = parts, .n = 1 };
	int err;

	if (strcmp(name, "auto") != 0 && !ci_find(name)) {
		publish_unknown(name, "auto");
		return -EINVAL;
	}
	parts[0] = (struct scope_part){ .kind = "ci", .name = name };
	err = procfs_snapshot(p, c, see_runner, &r);
	if (err < 0)
		log_error(_("/proc cannot be read: %s; mount it"), strerror(-err));
	else if (r.n == 1)
		log_info(_("no runner of it runs now; its jobs are known by their environment"));
	return err < 0 ? err : r.n;
}

static int find(const struct options *o, const struct procfs *p, struct cgroupfs *c, struct scope_part *part)
{
	if (o->pid) {
		*part = (struct scope_part){ .kind = "pid", .name = o->pid };
		return find_pid(p, o->pid, part);
	}
	if (o->cgroup) {
		*part = (struct scope_part){ .kind = "cgroup", .name = o->cgroup };
		return find_cgroup(c, o->cgroup, part);
	}
	*part = (struct scope_part){ .kind = "container", .name = o->container };
	return find_container(p, c, o->container, part);
}

int scope_find(const struct options *o, struct scope_part *parts)
{
	struct procfs p;
	struct cgroupfs c;
	int err;

	if (!!o->pid + !!o->cgroup + !!o->container + !!o->ci != 1) {
		log_error(_("attach wants one of --pid, --cgroup, --container and --ci; see ztrace attach --help"));
		return -EINVAL;
	}
	err = procfs_open(&p, "/proc");
	if (err < 0) {
		log_error(_("/proc cannot be read: %s; mount it"), strerror(-err));
		return err;
	}
	cgroupfs_open(&c, "/proc");
	err = o->ci ? find_ci(&p, &c, o->ci, parts) : find(o, &p, &c, parts);
	cgroupfs_close(&c);
	procfs_close(&p);
	return err < 0 ? err : err ?: 1;
}
