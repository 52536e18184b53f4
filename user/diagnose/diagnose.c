/* SPDX-License-Identifier: GPL-2.0 */
/* When an incident is told: at the end of its step, of its victim when it has no step, or of the stream. */
#include "diagnose/diagnose.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "diagnose/internal.h"

#define REPORT_ARENA_BYTES ((size_t)64 << 20)

struct report *report_new(struct model *m)
{
	struct report *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->model = m;
	r->incidents_tail = &r->incidents;
	if (arena_init(&r->arena, REPORT_ARENA_BYTES) < 0) {
		free(r);
		return NULL;
	}
	return r;
}

void report_free(struct report *r)
{
	if (!r)
		return;
	arena_done(&r->arena);
	free(r);
}

static struct unit unit_of_step(struct step *s)
{
	return (struct unit){ .entry = s->entry, .step = s, .build = s->build };
}

/* A kill that a cgroup only counted was of the traced command's if that has been in there. */
static bool may_be_childs(const struct model *m, const struct kill *k)
{
	if (k->victim || !(k->ev.h.flags & ZT_F_CLAIMED))
		return false;
	for (const struct proc *p = m->procs; p; p = p->hh.next)
		if (p->cgroup == k->ev.victim_cgroup && model_is_below(p, m->child))
			return true;
	return false;
}

/* Below the traced command but in no container: the command itself is what failed. *a: room for the builder. */
static struct unit unit_of_kill(struct model *m, const struct kill *k, struct build_agent *a)
{
	if (builder_killed(m, k, a))
		return (struct unit){ (struct proc *)a->entry, a->step, a->build, a };
	if (k->step)
		return unit_of_step(k->step);
	if (m->child && (model_is_below(k->victim, m->child) || may_be_childs(m, k)))
		return (struct unit){ .entry = m->child, .build = m->host_build };
	return (struct unit){ 0 };
}

/* No OOM kill: somebody's signal, or the program's own decision */
static void tell_other(const struct model *m, struct report *r, const struct unit *u)
{
	struct incident *i = killer_incident(m, r, u);

	if (!i)
		i = giveup_incident(m, r, u);
	if (!i)
		i = net_incident(m, r, u);
	if (!i)
		i = said_incident(m, r, u);
	if (i && u->entry && u->entry->claimed && i->confidence == CONF_CONFIRMED) {
		i->confidence = CONF_LIKELY;
		i->basis = _("likely: that is what the programs themselves told");
	}
	for (unsigned int n = 0; i && n < i->nvictims; n++)
		if (!i->victims[n].label)
			i->victims[n].label = say_doing(r, model_proc(m, &i->victims[n].id), true);
}

/* Is the unit's end explained by an OOM kill (surely or perhaps)? */
static bool explained(const struct report *r, const struct step *s)
{
	for (const struct incident *i = r->incidents; i; i = i->next)
		if (i->causal != TRI_NO && (!s || i->step == s))
			return true;
	return false;
}

/* A step of nobody's: ours if we have a build whose Dockerfile is not known, or if nobody has a build at all. */
static bool may_be_ours(const struct model *m, const struct step *s)
{
	bool builds = false;

	for (const struct build *b = m->builds; b; b = b->next) {
		if (b->started_ns > s->started_ns || (b->ended_ns && b->ended_ns < s->started_ns))
			continue;
		if (!b->df && model_concerns(m, b))
			return true;
		builds = true;
	}
	return !builds && !m->scopes;
}

/* Attached to a part of the machine: what was killed, its step or its build lies in there. */
static bool in_scope(const struct model *m, const struct unit *u, const struct kill *k)
{
	if (!m->scopes || (k && (k->scoped || model_scoped_proc(m, k->victim))))
		return true;
	if (u->step)
		return model_scoped_step(m, u->step) || (!u->step->build && !u->step->container && may_be_ours(m, u->step));
	return u->build && u->build != m->host_build && model_scoped_build(m, u->build);
}

/* One build is traced: another's kills are its own tracer's business, the host's memory is everybody's. */
static bool concerns(const struct model *m, const struct unit *u, const struct kill *k)
{
	if (!in_scope(m, u, k))
		return false;
	if (k && k->log && !u->step)
		return !log_builds(m); /* of none of the builds whose logs were read: counted, not told */
	if (!m->child)
		return true;
	if (u->build && u->step && u->step->instr && u->step->confidence != CONF_CONFIRMED && u->step->may_be_ours)
		return true; /* a tie with one of ours */
	if (u->build)
		return model_concerns(m, u->build) || (u->agent && (k->ev.h.flags & ZT_F_KILL_HOST));
	if (u->step && !u->step->container)
		return may_be_ours(m, u->step);
	if (u->step && runs_containers(m) && m->child->exec_ns && u->step->started_ns >= m->child->exec_ns)
		return true; /* docker run: the container came after it, and nothing else speaks for it */
	return k && (k->ev.h.flags & ZT_F_KILL_HOST);
}

static void close_kill(struct model *m, struct report *r, struct kill *k)
{
	struct build_agent a;
	struct unit u;

	if (k->walk != k)
		k->reported |= k->walk->reported;
	if (k->reported || k->walk != k)
		return;
	u = unit_of_kill(m, k, &a);
	if (!log_builder_killed(m, k, &u) && !concerns(m, &u, k)) {
		k->reported = true;
		return;
	}
	oom_incident(m, r, k, &u);
}

static void close_step(struct model *m, struct report *r, struct step *s)
{
	struct unit u;

	if (s->reported)
		return;
	s->reported = true;
	for (struct kill *k = m->kills; k; k = k->next)
		if (k->step == s)
			close_kill(m, r, k);
	u = unit_of_step(s);
	/* An ordinary container's end is its owner's business, unless the kernel ended it. */
	if (!s->container && concerns(m, &u, NULL) && !explained(r, s) && !builder_took(m, s))
		tell_other(m, r, &u);
}

static bool build_client(const struct proc *p)
{
	return p && p->client && p->client->builder != BUILDER_HOST;
}

/* The traced command's own end, when no step of it explains that. */
static void close_child(struct model *m, struct report *r)
{
	struct unit u = { .entry = m->child, .build = m->host_build };

	if (!m->child || !m->child->exit_ns || explained(r, NULL))
		return;
	if (build_client(m->child) && !died_of(m->child->exit_code, SIGKILL))
		return; /* docker build hands on its step's exit code */
	tell_other(m, r, &u);
}

/* What a log says of a build as a whole, where no step of it is to blame */
static void close_log_builds(struct model *m, struct report *r)
{
	for (struct build *b = m->builds; b; b = b->next) {
		struct unit u = { .build = b };

		if (b->log && !log_explained(r, b))
			tell_other(m, r, &u);
	}
}

/* Base images are pulled by the builder, outside of all steps. */
static void close_pulls(struct model *m, struct report *r)
{
	for (struct build *b = m->builds; b; b = b->next)
		if (b != m->host_build && model_concerns(m, b))
			pull_incident(m, r, b);
}

/* In the order of the kills: a shortage takes one after the other, and the summary tells them so. */
static void close_all(struct model *m, struct report *r)
{
	for (struct kill *k = m->kills; k; k = k->next) {
		if (k->step)
			close_step(m, r, k->step);
		close_kill(m, r, k);
	}
	for (struct step *s = m->steps; s; s = s->next)
		close_step(m, r, s);
	close_pulls(m, r);
	close_log_builds(m, r);
	daemons_close(m, r);
	close_child(m, r);
	logs_note(m, r);
	stall_find(m, r);
	measured_find(m, r);
}

static bool open_kills(const struct model *m)
{
	return m->kills && !m->kills_told;
}

static void close_loose_kills(struct model *m, struct report *r)
{
	bool told = true;

	for (struct kill *k = m->kills; k; k = k->next) {
		if (!k->reported && !k->step && k->complete && k->victim && k->victim->exit_ns &&
		    !(m->child && model_is_below(k->victim, m->child)) && builder_settled(m, k))
			close_kill(m, r, k);
		told &= k->reported;
	}
	m->kills_told = told;
}

bool diagnose_due(const struct model *m, const struct zt_ev *ev)
{
	const struct cgroup *cg;

	if ((ev->flags & ZT_F_FROM_LOG) && ev->kind != ZT_end)
		return false; /* logs come one after the other: what belongs together is known at the end */
	switch (ev->kind) {
	case ZT_rmdir:
		cg = model_cgroup(m, ((const struct zt_ev_rmdir *)ev)->mem.id);
		return cg && cg->step && !cg->step->reported && !step_waits(cg->step);
	case ZT_peer: /* what it waited for */
		cg = model_cgroup(m, ev->cgroup);
		return cg && cg->step && !cg->step->reported && cg->removed_ns;
	case ZT_host:
	case ZT_exit:
		return open_kills(m);
	case ZT_end:
		return true;
	default:
		return false;
	}
}

void diagnose(struct model *m, const struct zt_ev *ev, struct report *r)
{
	if (ev->kind == ZT_rmdir)
		close_step(m, r, model_cgroup(m, ((const struct zt_ev_rmdir *)ev)->mem.id)->step);
	else if (ev->kind == ZT_peer)
		close_step(m, r, model_cgroup(m, ev->cgroup)->step);
	else if (ev->kind == ZT_end)
		close_all(m, r);
	else
		close_loose_kills(m, r);
}
