/* SPDX-License-Identifier: GPL-2.0 */
/* Who gave a process its oom_score_adj: builders, CI runners, kubelet and systemd have values of their own. */
#include <string.h>

#include "builder/cgpath.h"
#include "builder/client.h"
#include "builder/daemon.h"
#include "diagnose/internal.h"

enum { ADJ_DOCKERD = -500, ADJ_CONTAINERD = -999, ADJ_CI_JOB = 500, ADJ_BEST_EFFORT = 1000 };

static enum daemon_kind kind_of(const struct proc *p)
{
	struct daemon_cmd d;

	daemon_parse(p->argv_bytes ? p->argv : p->comm, p->argv_bytes ? p->argv_bytes : strlen(p->comm), &d);
	return d.kind;
}

/* Only a parent that has the very value can have handed it down. */
static const struct proc *inherited_from(const struct proc *p, enum daemon_kind kind, int adj)
{
	for (int depth = 0; p && depth < 64; depth++, p = p->parent)
		if (kind_of(p) == kind && p->oom_score_adj == adj)
			return p;
	return NULL;
}

static bool below_ci(const struct proc *p)
{
	for (int depth = 0; p && depth < 64; depth++, p = p->parent)
		if (agent_role(p->comm, p->argv, p->argv_bytes) == AGENT_CI)
			return true;
	return false;
}

/* kubelet's qos/policy.go: Guaranteed -997, BestEffort 1000, Burstable 1000 less its share of the memory, 3 to 999 */
static const char *of_pod(int adj)
{
	if (adj == ADJ_BEST_EFFORT)
		return _("Kubernetes gives 1000 to a pod without memory requests");
	if (adj < 0)
		return _("Kubernetes spares a pod whose requests are its limits");
	return adj > 1 ? _("Kubernetes sets it by the pod's memory request") : NULL;
}

static const char *of_builder(const struct proc *p, int adj)
{
	switch (adj) {
	case ADJ_DOCKERD:
		if (kind_of(p) == DAEMON_DOCKERD)
			return _("docker.service gives dockerd -500");
		/* BuildKit's runc leaves the value as it is; BK: executor/runcexecutor, RC: container_linux.go */
		if (inherited_from(p, DAEMON_DOCKERD, adj))
			return _("a RUN step inherits dockerd's -500 (docker.service)");
		return NULL;
	case ADJ_CONTAINERD:
		return kind_of(p) == DAEMON_CONTAINERD ? _("containerd.service gives containerd -999") : NULL;
	case ADJ_CONTAINERD + 1:
	case ADJ_DOCKERD + 1:
		return kind_of(p) == DAEMON_CONTAINERD_SHIM ? _("containerd gives its shims one more than its own") :
							      NULL;
	case ADJ_CI_JOB:
		return below_ci(p) ? _("the CI runner gives 500 to what its jobs start") : NULL;
	default:
		return NULL;
	}
}

static const char *of_level(const char *path, int adj)
{
	switch (path ? cgpath_classify(path).kind : CGPATH_OTHER) {
	case CGPATH_POD:
	case CGPATH_POD_CONTAINER:
		return of_pod(adj);
	case CGPATH_DOCKER_CONTAINER:
	case CGPATH_PODMAN_CONTAINER:
		return _("it was set for its container (--oom-score-adj)");
	case CGPATH_SERVICE:
	case CGPATH_DAEMON:
	case CGPATH_CI:
		if (strstr(path, "/user@") && (adj == 100 || adj == 200))
			return _("systemd gives 100 and 200 to a user's services");
		return _("its service sets OOMScoreAdjust=");
	default:
		return NULL;
	}
}

const char *adj_origin(const struct model *m, const struct proc *p, int adj)
{
	const char *s;

	if (!p || !adj)
		return NULL;
	if (m->start.h.who.tgid && p->id.tgid == m->start.h.who.tgid)
		return _("ztrace protects itself");
	s = of_builder(p, adj);
	if (!s)
		s = of_level(model_cgroup_path(m, p->cgroup), adj);
	return s;
}

/* The larger process that a lowered score spared: the largest besides the chosen one. */
static const struct candidate *spared(const struct decision *d)
{
	const struct candidate *top = NULL;

	for (unsigned int n = 0; n < d->ncandidates; n++)
		if (!d->candidates[n].chosen && (!top || d->candidates[n].size_pages > top->size_pages))
			top = &d->candidates[n];
	return top;
}

static const struct candidate *chosen(const struct decision *d)
{
	for (unsigned int n = 0; n < d->ncandidates; n++)
		if (d->candidates[n].chosen)
			return &d->candidates[n];
	return NULL;
}

/* Whose doing the value was that changed the kernel's choice. */
void note_adj(const struct model *m, struct report *r, struct incident *i)
{
	const char *reason = i->decision.reason ? i->decision.reason : "", *origin;
	const struct candidate *c = NULL;

	if (!strcmp(reason, "score_raised"))
		c = chosen(&i->decision);
	else if (!strcmp(reason, "larger_score_lowered") || !strcmp(reason, "larger_exempt"))
		c = spared(&i->decision);
	origin = c ? adj_origin(m, model_proc(m, &c->id), c->oom_score_adj) : NULL;
	if (origin)
		add_note(i, say(r, _("oom_score_adj %d of %s: %s"), c->oom_score_adj, c->comm, origin));
}
