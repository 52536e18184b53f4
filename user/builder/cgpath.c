/* SPDX-License-Identifier: GPL-2.0 */
/* The names builders, runtimes, the kubelet and systemd give to cgroups, recognised one path
 * component at a time. */
#include "builder/cgpath.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define ID_BUILDKIT 25 /* identity.NewID: [0-9a-z] */
#define ID_CONTAINER 64

/* A path component, the one above it and where both lie. */
struct part {
	const char *p;
	size_t len;
};

struct level {
	struct part self, parent, grand; /* len 0: none */
	bool in_pod;			 /* a component above starts a pod's subtree */
};

static bool is(struct part s, const char *lit)
{
	return s.len == strlen(lit) && !memcmp(s.p, lit, s.len);
}

static bool starts(struct part s, const char *lit)
{
	return s.len > strlen(lit) && !memcmp(s.p, lit, strlen(lit));
}

static bool ends(struct part s, const char *lit)
{
	size_t n = strlen(lit);

	return s.len > n && !memcmp(s.p + s.len - n, lit, n);
}

static bool all_hex(struct part s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!s.p[i] || !strchr("0123456789abcdef", s.p[i]))
			return false;
	return s.len;
}

static bool all_digits(struct part s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.len;
}

static bool is_buildkit_id(struct part s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'z')))
			return false;
	return s.len == ID_BUILDKIT;
}

static bool is_container_id(struct part s)
{
	return s.len == ID_CONTAINER && all_hex(s);
}

static struct part cut(struct part s, const char *prefix, const char *suffix)
{
	size_t a = strlen(prefix), b = strlen(suffix);

	return (struct part){ s.p + a, s.len - a - b };
}

/* "docker-<id>.scope" -> id; {} when it is something else */
static struct part inside(struct part s, const char *prefix, const char *suffix)
{
	size_t n = strlen(prefix) + strlen(suffix);

	if (s.len <= n || memcmp(s.p, prefix, strlen(prefix)) ||
	    memcmp(s.p + s.len - strlen(suffix), suffix, strlen(suffix)))
		return (struct part){ 0 };
	return cut(s, prefix, suffix);
}

static struct cgpath make(enum cgpath_kind kind, struct part id)
{
	return (struct cgpath){ .kind = kind, .id = id.len ? id.p : NULL, .id_len = id.len };
}

/* "foo.slice:docker:<id25>": the systemd name taken literally by runc's fs driver */
static struct part after_colons(struct part s)
{
	const char *at = memmem(s.p, s.len, ":docker:", 8);
	struct part id = { 0 }, slice;

	if (!at)
		return id;
	slice = (struct part){ s.p, (size_t)(at - s.p) };
	if (!ends(slice, ".slice"))
		return id;
	id = (struct part){ at + 8, s.len - slice.len - 8 };
	return is_buildkit_id(id) ? id : (struct part){ 0 };
}

static struct part buildah_id(struct part s)
{
	static const char *const prefixes[] = { "runc-buildah-buildah", "crun-buildah-buildah",
						"buildah-buildah" };
	struct part id;

	for (int i = 0; i < 3; i++) {
		id = inside(s, prefixes[i], i < 2 ? ".scope" : "");
		if (all_digits(id))
			return id;
	}
	return (struct part){ 0 };
}

/* Names that carry the container's id: a scope with the systemd driver, else a directory. */
static struct cgpath prefixed_container(const struct level *l)
{
	static const struct {
		const char *prefix, *suffix;
		enum cgpath_kind kind;
	} forms[] = {
		{ "docker-", ".scope", CGPATH_DOCKER_CONTAINER },
		{ "libpod-", ".scope", CGPATH_PODMAN_CONTAINER },
		{ "libpod-", "", CGPATH_PODMAN_CONTAINER },
		{ "cri-containerd-", ".scope", CGPATH_POD_CONTAINER },
		{ "cri-containerd-", "", CGPATH_POD_CONTAINER },
		{ "crio-", ".scope", CGPATH_POD_CONTAINER },
		{ "crio-", "", CGPATH_POD_CONTAINER },
	};
	struct part id;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		id = inside(l->self, forms[i].prefix, forms[i].suffix);
		if (is_container_id(id))
			return make(l->in_pod ? CGPATH_POD_CONTAINER : forms[i].kind, id);
	}
	return make(CGPATH_OTHER, (struct part){ 0 });
}

/* "pod<uid>" or "kubepods-burstable-pod<uid>.slice", uid with - or _; a static pod's is 32 digits */
static struct part pod_uid(struct part s)
{
	const char *at;
	struct part id = s;

	if (ends(id, ".slice"))
		id.len -= 6;
	at = memmem(id.p, id.len, "pod", 3);
	while (at) {
		struct part uid = { at + 3, id.len - (size_t)(at - id.p) - 3 };
		const char *digits = uid.len == 36 ? "0123456789abcdef-_" : "0123456789abcdef";
		bool ok = uid.len == 36 || uid.len == 32;

		for (size_t i = 0; ok && i < uid.len; i++)
			ok = uid.p[i] && strchr(digits, uid.p[i]);
		if (ok)
			return uid;
		at = memmem(at + 1, id.len - (size_t)(at + 1 - id.p), "pod", 3);
	}
	return (struct part){ 0 };
}

static bool is_kubepods(struct part s)
{
	return is(s, "kubepods") || is(s, "kubepods.slice") || starts(s, "kubepods-") ||
	       starts(s, "kubelet-kubepods");
}

/* CI agents as they are installed: the runner's unit, or the cgroup some actions make for a job. */
static bool is_ci(struct part s)
{
	static const char *const names[] = {
		"actions.runner.", "actions_job",      "actions-runner",  "gitlab-runner.service",
		"jenkins.service", "jenkins-agent",    "buildkite-agent", "teamcity-agent",
		"vsts.agent.",	   "woodpecker-agent", "drone-runner",	  "circleci"
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (is(s, names[i]) || starts(s, names[i]))
			return true;
	return false;
}

static bool is_daemon_unit(struct part s)
{
	return is(s, "docker.service") || is(s, "containerd.service") ||
	       is(s, "buildkit.service") || is(s, "buildkitd.service") || is(s, "podman.service");
}

static struct cgpath classify_unit(struct part s)
{
	if (ends(s, ".service"))
		return make(is_daemon_unit(s) ? CGPATH_DAEMON : CGPATH_SERVICE, s);
	if (ends(s, ".scope"))
		return make(CGPATH_SCOPE, s);
	if (ends(s, ".slice"))
		return make(CGPATH_SLICE, s);
	return make(CGPATH_OTHER, (struct part){ 0 });
}

/* What this one component names. */
static struct cgpath classify(const struct level *l)
{
	struct part s = l->self, id;
	struct cgpath c;

	if (is_buildkit_id(s) && is(l->parent, "buildkit"))
		return make(CGPATH_BUILDKIT_STEP, s);
	id = after_colons(s);
	if (id.len)
		return make(CGPATH_BUILDKIT_STEP, id);
	id = buildah_id(s);
	if (id.len)
		return make(CGPATH_BUILDAH_STEP, id);
	c = prefixed_container(l);
	if (c.kind != CGPATH_OTHER)
		return c;
	if (is_container_id(s)) {
		if (l->in_pod)
			return make(CGPATH_POD_CONTAINER, s);
		if (is(l->parent, "buildx") && is(l->grand, "docker"))
			return make(CGPATH_BUILDX_BUILDER, s);
		return make(CGPATH_DOCKER_CONTAINER, s);
	}
	id = pod_uid(s);
	if (id.len && (l->in_pod || is_kubepods(l->parent)))
		return make(CGPATH_POD, id);
	if (is_kubepods(s) ||
	    (l->in_pod && (is(s, "burstable") || is(s, "besteffort") || is(s, "guaranteed"))))
		return make(CGPATH_POD, (struct part){ 0 });
	if (is(s, "buildkit") || (is(s, "buildx") && is(l->parent, "docker")))
		return make(CGPATH_BUILDER, (struct part){ 0 });
	if (is(s, "docker") && !l->parent.len)
		return make(CGPATH_DOCKER, (struct part){ 0 });
	if (is_ci(s))
		return make(CGPATH_CI, s);
	return classify_unit(s);
}

/* Components one after another; false: no more. */
static bool advance(const char **at, struct level *l)
{
	while (**at == '/')
		++*at;
	if (!**at)
		return false;
	l->in_pod |= is_kubepods(l->self);
	l->grand = l->parent;
	l->parent = l->self;
	l->self = (struct part){ *at, strcspn(*at, "/") };
	*at += l->self.len;
	return true;
}

static bool holds(enum cgpath_kind kind)
{
	return kind == CGPATH_BUILDKIT_STEP || kind == CGPATH_BUILDAH_STEP ||
	       kind == CGPATH_DOCKER_CONTAINER || kind == CGPATH_BUILDX_BUILDER ||
	       kind == CGPATH_PODMAN_CONTAINER || kind == CGPATH_POD_CONTAINER;
}

struct cgpath cgpath_classify(const char *path)
{
	struct cgpath best = { .kind = CGPATH_ROOT }, c;
	const char *at = path ? path : "";
	struct level l = { 0 };

	while (advance(&at, &l)) {
		c = classify(&l);
		c.base_len = (size_t)(at - path);
		/* Below a container or a step only another of them says more: its own init.scope
		 * does not. */
		if (holds(best.kind) && !holds(c.kind))
			continue;
		if (c.kind != CGPATH_OTHER || best.kind == CGPATH_ROOT || best.kind == CGPATH_OTHER)
			best = c;
	}
	return best;
}

struct cgpath cgpath_level(const char *path)
{
	struct cgpath c = { .kind = CGPATH_ROOT };
	const char *at = path ? path : "";
	bool below = false;
	struct level l = { 0 };

	while (advance(&at, &l)) {
		below |= holds(c.kind);
		c = classify(&l);
		c.base_len = (size_t)(at - path);
	}
	/* /docker/<id>/buildkit is a builder's, but /docker/<id>/system.slice is just a part of
	 * that container. */
	if (below && !holds(c.kind) && c.kind != CGPATH_BUILDER)
		c = (struct cgpath){ .kind = CGPATH_OTHER, .base_len = c.base_len };
	return c;
}

bool cgpath_pod(const char *path, char uid[CGPATH_UID_LEN])
{
	const char *at = path ? path : "";
	struct level l = { 0 };
	bool found = false;

	while (advance(&at, &l)) {
		struct part id = pod_uid(l.self);

		if (!id.len || !(l.in_pod || is_kubepods(l.parent)))
			continue;
		found = true;
		for (size_t i = 0; uid && i < id.len; i++)
			uid[i] = id.p[i] == '_' ? '-' : id.p[i]; /* systemd's form of it */
		if (uid)
			uid[id.len] = 0;
	}
	return found;
}

const char *cgpath_owner(const char *path)
{
	switch (cgpath_level(path).kind) {
	case CGPATH_ROOT:
		return "host";
	case CGPATH_BUILDKIT_STEP:
	case CGPATH_BUILDAH_STEP:
		return "step";
	case CGPATH_BUILDX_BUILDER:
	case CGPATH_BUILDER:
	case CGPATH_DAEMON:
		return "builder";
	case CGPATH_DOCKER_CONTAINER:
	case CGPATH_PODMAN_CONTAINER:
		return "container";
	case CGPATH_POD_CONTAINER:
	case CGPATH_POD:
		return "pod";
	case CGPATH_CI:
		return "ci";
	case CGPATH_SLICE:
		return "slice";
	case CGPATH_DOCKER: /* all containers of the machine: what docker itself calls a cgroup
			       parent */
	case CGPATH_SERVICE:
	case CGPATH_SCOPE:
	case CGPATH_OTHER:
		break;
	}
	return "cgroup";
}

const char *cgpath_kind_name(enum cgpath_kind kind)
{
	static const char *const names[] = {
		[CGPATH_OTHER] = "other",
		[CGPATH_ROOT] = "root",
		[CGPATH_BUILDKIT_STEP] = "buildkit step",
		[CGPATH_BUILDAH_STEP] = "buildah step",
		[CGPATH_DOCKER_CONTAINER] = "docker container",
		[CGPATH_BUILDX_BUILDER] = "buildx builder",
		[CGPATH_PODMAN_CONTAINER] = "podman container",
		[CGPATH_POD_CONTAINER] = "pod container",
		[CGPATH_POD] = "pod",
		[CGPATH_BUILDER] = "builder",
		[CGPATH_DOCKER] = "docker",
		[CGPATH_DAEMON] = "daemon",
		[CGPATH_CI] = "ci",
		[CGPATH_SERVICE] = "service",
		[CGPATH_SCOPE] = "scope",
		[CGPATH_SLICE] = "slice",
	};

	return (size_t)kind < sizeof(names) / sizeof(names[0]) && names[kind] ? names[kind]
									      : "other";
}

int cgpath_is_below(const char *path, const char *ancestor)
{
	size_t n = strlen(ancestor);

	while (n && ancestor[n - 1] == '/')
		n--;
	return !strncmp(path, ancestor, n) && (!path[n] || path[n] == '/');
}
