/* SPDX-License-Identifier: GPL-2.0 */
/* The builder itself was killed, or its client, or the CI agent above it: which builds died with it (ZT1006). */
#include <ctype.h>
#include <string.h>

#include "builder/cgpath.h"
#include "builder/client.h"
#include "builder/daemon.h"
#include "diagnose/advice.h"

/* A client learns of its daemon's death from a closed socket, at once. A slow machine gets some patience. */
#define LOSS_NS (15ull * 1000000000)

/* What became of a build that was at work when the agent died. */
enum fate { FATE_OPEN, FATE_DIED, FATE_LIVED };

static zt_u64 died_at(const struct kill *k)
{
	return k->victim && k->victim->exit_ns > k->ev.h.ts_ns ? k->victim->exit_ns : k->ev.h.ts_ns;
}

static enum fate fate_of(const struct model *m, const struct proc *p, const struct kill *k)
{
	if (!p || (!p->exit_ns && m->now_ns <= died_at(k) + LOSS_NS))
		return FATE_OPEN;
	if (!p->exit_ns || p->exit_ns > died_at(k) + LOSS_NS || !exit_status(p->exit_code))
		return FATE_LIVED;
	return FATE_DIED;
}

static bool step_ran(const struct step *s, zt_u64 ts_ns)
{
	return !s->container && s->started_ns <= ts_ns && (!s->ended_ns || s->ended_ns > ts_ns) &&
	       !(s->entry && s->entry->exit_ns && s->entry->exit_ns <= ts_ns);
}

static bool build_ran(const struct build *b, zt_u64 ts_ns)
{
	return b->started_ns <= ts_ns && (!b->ended_ns || b->ended_ns >= ts_ns);
}

static enum agent_role role_of(const struct proc *p)
{
	return agent_role(p->comm, p->argv, p->argv_bytes);
}

/* dockerd, buildkitd …: the nearest above; NULL: none is known */
static const struct proc *engine_above(const struct proc *p)
{
	for (int depth = 0; p && depth < 64; depth++, p = p->parent)
		if (role_of(p) == AGENT_ENGINE)
			return p;
	return NULL;
}

static bool has_steps(const struct model *m, const struct proc *p, const struct step *self)
{
	for (const struct step *s = m->steps; s; s = s->next)
		if (s != self && s->entry != p && model_is_below(s->entry, p))
			return true;
	return false;
}

/* A container may have been there before the trace, and then is no step. Paths below one are in it, too. */
static bool in_container(const struct model *m, const struct kill *k)
{
	const char *path = model_cgroup_path(m, k->ev.victim_cgroup);

	if (k->step)
		return true;
	switch (path ? cgpath_classify(path).kind : CGPATH_OTHER) {
	case CGPATH_DOCKER_CONTAINER:
	case CGPATH_PODMAN_CONTAINER:
	case CGPATH_POD_CONTAINER:
	case CGPATH_BUILDKIT_STEP:
	case CGPATH_BUILDAH_STEP:
		return true;
	default:
		return false;
	}
}

/* The daemon that started it for itself (runc, docker-untar, gzip) and shares its cgroup; NULL: none */
static const struct proc *daemon_of_helper(const struct kill *k)
{
	const struct proc *e = engine_above(k->victim->parent);
	struct daemon_cmd d;

	if (!e || e->cgroup != k->ev.victim_cgroup || !daemon_parse(e->argv, e->argv_bytes, &d))
		return NULL;
	return d.kind == DAEMON_DOCKERD || d.kind == DAEMON_BUILDKITD || d.kind == DAEMON_CONTAINERD ? e : NULL;
}

/* In a container a program of that name is a builder when steps descend from it: somebody may test dockerd there. */
static enum agent_role role_of_kill(const struct model *m, const struct kill *k, const struct proc **agent)
{
	enum agent_role role;

	if (!k->victim || (k->step && !k->step->container))
		return AGENT_NONE;
	*agent = k->victim;
	role = role_of(k->victim);
	if (in_container(m, k))
		return role != AGENT_NONE && has_steps(m, k->victim, k->step) ? role : AGENT_NONE;
	if (role != AGENT_NONE)
		return role;
	*agent = daemon_of_helper(k);
	return *agent ? AGENT_ENGINE : AGENT_NONE;
}

/*
 * Did the victim run a step of that build, now or before? Unknown when none was run, and for legacy steps:
 * their shim is nobody's child.
 */
static enum tristate serves(const struct model *m, const struct build_agent *a, const struct build *b)
{
	const struct build *own = model_run_by(a->victim);
	enum tristate ret = TRI_UNKNOWN;

	if (own)
		return own == b ? TRI_YES : TRI_NO;
	for (const struct step *s = m->steps; s; s = s->next) {
		if (s->build != b || !s->entry)
			continue;
		if (model_is_below(s->entry, a->victim))
			return TRI_YES;
		if (s->builder != BUILDER_DOCKER_LEGACY && engine_above(s->entry->parent) &&
		    !model_is_below(s->entry, a->agent))
			ret = TRI_NO; /* another daemon's */
	}
	return ret;
}

/* Several in a row (docker, then its plugin): what was at work when the first of them died counts. */
static zt_u64 row_began(const struct model *m, const struct kill *k)
{
	const struct proc *agent;

	for (const struct kill *f = m->kills; f && f != k; f = f->next)
		if (f->ev.h.ts_ns + LOSS_NS > k->ev.h.ts_ns && role_of_kill(m, f, &agent) != AGENT_NONE)
			return f->ev.h.ts_ns;
	return k->ev.h.ts_ns;
}

static bool touches_build(const struct model *m, const struct build_agent *a, const struct build *b)
{
	if (!b->client || !build_ran(b, a->since_ns))
		return false;
	switch (a->role) {
	case AGENT_CLIENT: /* the command, or the plugin that it runs */
		return model_is_below(b->client, a->victim) || model_is_below(a->victim, b->client);
	case AGENT_CI:
		return model_is_below(b->client, a->victim);
	case AGENT_ENGINE:
		return serves(m, a, b) != TRI_NO;
	default:
		return false;
	}
}

/* Not known to be its daemon's: then only a client that failed with it counts. */
static bool touched(const struct model *m, const struct kill *k, const struct build_agent *a, const struct build *b)
{
	if (!touches_build(m, a, b))
		return false;
	return a->role != AGENT_ENGINE || serves(m, a, b) == TRI_YES || fate_of(m, b->client, k) != FATE_LIVED;
}

static bool touches_step(const struct build_agent *a, const struct step *s)
{
	return step_ran(s, a->since_ns) && s->entry != a->victim && model_is_below(s->entry, a->victim);
}

/* The step to tell of: one that ran below the victim before one that merely ran, the oldest first. */
static struct step *running_step(const struct model *m, const struct build_agent *a, const struct build *b,
				 unsigned int *n)
{
	struct step *best = NULL;

	*n = 0;
	for (struct step *s = m->steps; s; s = s->next) {
		if (s->build != b || !step_ran(s, a->since_ns) || s->entry == a->victim)
			continue;
		if (!b && !touches_step(a, s))
			continue;
		(*n)++;
		if (!best || (!touches_step(a, best) && touches_step(a, s)))
			best = s;
	}
	return best;
}

static void take_build(const struct model *m, const struct kill *k, struct build_agent *a, struct build *b)
{
	bool ours = model_concerns(m, b), was_ours = a->build && model_concerns(m, a->build);
	bool died = fate_of(m, b->client, k) == FATE_DIED;

	a->builds++;
	a->died += died;
	if (!a->build || (ours && !was_ours) ||
	    (ours == was_ours && died && fate_of(m, a->build->client, k) != FATE_DIED))
		a->build = b;
}

static enum tristate caused(enum fate f)
{
	return f == FATE_DIED ? TRI_YES : f == FATE_LIVED ? TRI_NO : TRI_UNKNOWN;
}

/* A step of the build was the victim's own child, or the client was the victim: nothing is left to guess. */
static enum confidence how_sure(const struct model *m, const struct build_agent *a)
{
	if (a->role == AGENT_CLIENT || a->role == AGENT_CI)
		return CONF_CONFIRMED;
	if (a->step && model_is_below(a->step->entry, a->victim))
		return CONF_CONFIRMED;
	return a->build && serves(m, a, a->build) == TRI_YES ? CONF_CONFIRMED : CONF_LIKELY;
}

/* podman and buildah are client and engine in one: what failed is the command, when one is traced. */
static const struct proc *who_failed(const struct model *m, const struct build_agent *a)
{
	if (a->build)
		return a->build->client;
	if (m->child && a->role == AGENT_ENGINE && model_is_below(a->victim, m->child))
		return m->child;
	if (m->child && a->role == AGENT_CI && model_is_below(m->child, a->victim))
		return m->child;
	return a->step ? a->step->entry : NULL;
}

bool builder_killed(const struct model *m, const struct kill *k, struct build_agent *a)
{
	const struct proc *agent = NULL;

	*a = (struct build_agent){ .role = role_of_kill(m, k, &agent), .victim = k->victim };
	if (a->role == AGENT_NONE)
		return false;
	a->agent = agent;
	a->since_ns = row_began(m, k);
	for (struct build *b = m->builds; b; b = b->next)
		if (touched(m, k, a, b))
			take_build(m, k, a, b);
	a->step = running_step(m, a, a->build, &a->steps);
	a->entry = who_failed(m, a);
	if (!a->build && m->child && a->entry == m->child)
		a->build = m->host_build;
	if (!a->build && !a->step)
		return false; /* it was building nothing */
	a->causal = caused(fate_of(m, a->entry, k));
	a->confidence = how_sure(m, a);
	return true;
}

bool builder_settled(const struct model *m, const struct kill *k)
{
	struct build_agent a;

	if (m->now_ns > died_at(k) + LOSS_NS || !builder_killed(m, k, &a))
		return true;
	for (const struct build *b = m->builds; b; b = b->next)
		if (touched(m, k, &a, b) && !b->client->exit_ns)
			return false;
	return true;
}

bool builder_took(const struct model *m, const struct step *s)
{
	for (const struct kill *k = m->kills; k; k = k->next) {
		zt_u64 end = s->entry && s->entry->exit_ns ? s->entry->exit_ns : s->ended_ns;
		struct build_agent a;

		if (!step_ran(s, k->ev.h.ts_ns) || end > died_at(k) + LOSS_NS || !builder_killed(m, k, &a))
			continue;
		if (touches_step(&a, s) || (s->build && touched(m, k, &a, s->build)))
			return true;
	}
	return false;
}

static const char *agent_name(struct report *r, const struct build_agent *a)
{
	if (a->agent && a->agent != a->victim)
		return say(r, _("%s (run by %s)"), a->victim->comm, a->agent->comm);
	return a->victim->comm;
}

/* "step 3/5 of web/Dockerfile", "build b2": when it is not the one that the report is of */
static const char *other_build(const struct model *m, struct report *r, const struct build_agent *a,
			       const struct build *b)
{
	unsigned int n;
	const struct step *s = running_step(m, a, b, &n);
	const char *name = b->dockerfile_path ? b->dockerfile_path : say(r, _("build %s"), b->id);

	return s ? say(r, _("%1$s of %2$s"), say_step(r, s), name) : name;
}

static void note_others(const struct model *m, struct report *r, const struct kill *k, const struct build_agent *a,
			struct incident *i)
{
	const char *list = NULL;
	unsigned int more = 0, named = 0;

	for (const struct build *b = m->builds; b; b = b->next) {
		if (b == a->build || !touched(m, k, a, b) || fate_of(m, b->client, k) != FATE_DIED)
			continue;
		if (named == 2) {
			more++;
			continue;
		}
		list = list ? say(r, "%s, %s", list, other_build(m, r, a, b)) : other_build(m, r, a, b);
		named++;
	}
	if (more)
		list = say(r, _("%s and %u more"), list, more);
	if (list)
		add_note(i, say(r, _("with it died: %s"), list));
}

/* Nobody is left who would end them. */
static void note_orphan(struct report *r, const struct build_agent *a, struct incident *i)
{
	const struct proc *e = a->step ? a->step->entry : NULL;

	if (e && !e->exit_ns && a->role != AGENT_CLIENT && a->causal == TRI_YES)
		add_note(i, say(r, _("the step was still running when the trace ended (pid %u): nobody waits for it"),
				e->id.tgid));
}

static void note_work(struct report *r, const struct build_agent *a, struct incident *i)
{
	if (!a->step && a->role == AGENT_ENGINE)
		add_note(i, _("no RUN was at work: the builder itself loads, copies and exports"));
	else if (a->steps > 1)
		add_note(i, say(r, _("%u steps of that build were running"), a->steps));
}

void builder_notes(const struct model *m, struct report *r, const struct kill *k, const struct build_agent *a,
		   struct incident *i)
{
	note_work(r, a, i);
	note_others(m, r, k, a, i);
	note_orphan(r, a, i);
	if (a->causal == TRI_UNKNOWN)
		add_note(i, _("the build had not ended when the trace did"));
}

static const char *headline_at_step(struct report *r, const struct build_agent *a, const char *who)
{
	const char *step = say_step(r, a->step);

	if (a->causal == TRI_NO)
		return say(r, _("%s was killed for memory during %s, and the build went on"), who, step);
	if (a->causal == TRI_UNKNOWN)
		return say(r, _("%s was killed for memory while building %s"), who, step);
	if (a->role == AGENT_CI)
		return say(r, _("%s was killed for memory during %s: the CI job died with it"), who, step);
	return say(r, _("%s was killed for memory while building %s: the build died with it"), who, step);
}

static const char *headline_between(struct report *r, const struct build_agent *a, const char *who)
{
	if (a->causal == TRI_NO)
		return say(r, _("%s was killed for memory, and the build went on"), who);
	if (a->causal == TRI_UNKNOWN)
		return say(r, _("%s was killed for memory during a build"), who);
	if (a->role == AGENT_CI)
		return say(r, _("%s was killed for memory: the CI job died with it"), who);
	return say(r, _("%s was killed for memory, between steps: the build died with it"), who);
}

const char *builder_headline(struct report *r, const struct build_agent *a)
{
	const char *who = agent_name(r, a);

	return a->step ? headline_at_step(r, a, who) : headline_between(r, a, who);
}

const char *builder_basis(const struct incident *i)
{
	switch (i->confidence) {
	case CONF_CONFIRMED:
		return _("confirmed by the kernel's OOM event");
	case CONF_LIKELY:
		return _("likely: kill confirmed; whose builder it was is inferred");
	default:
		return _("an OOM kill was seen; more is not known");
	}
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool is_plain(const char *s)
{
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("/_.:@-", *s))
			return false;
	return true;
}

static bool ends(const char *s, const char *with)
{
	size_t n = strlen(s), w = strlen(with);

	return n > w && !strcmp(s + n - w, with);
}

/* Half as much again, and what is in no limit yet: where to start, for what it still wanted is not known. */
static void raise_own_limit(const struct model *m, struct report *r, struct incident *i)
{
	zt_u64 step = (zt_u64)64 << 20, want = (i->limit.bytes + i->limit.bytes / 2 + step - 1) / step * step;
	const char *unit = last_part(i->limit.path), *command = NULL;

	if (!is_plain(i->limit.path))
		unit = NULL;
	else if (ends(unit, ".service") || ends(unit, ".slice"))
		command = say(r, "sudo systemctl set-property %s MemoryMax=%llu", unit, (unsigned long long)want);
	else
		command = say(r, "echo %llu | sudo tee /sys/fs/cgroup%s%s/%s", (unsigned long long)want,
			      m->start.cgroup_version == 1 ? "/memory" : "", i->limit.path, i->limit.file);
	add_help(i, "raise-limit",
		 say(r, _("raise that limit to at least %s (the true need is not known)"), say_bytes(r, want)),
		 command, want);
}

/* What a step held is no part of it: its memory is charged to the step's own cgroup, mostly. */
static void advise_fewer(struct report *r, const struct build_agent *a, struct incident *i)
{
	if (a->builds > 1)
		add_help(i, "one-at-a-time",
			 say(r, _("build one after the other: %u builds had this %s"), a->builds, a->agent->comm),
			 NULL, 0);
	else if (a->steps > 1 && !strcmp(a->agent->comm, "buildkitd"))
		add_help(i, "max-parallelism",
			 say(r, _("let buildkitd run fewer steps at once than %u: max-parallelism under "
				  "[worker.oci] in its buildkitd.toml"), a->steps), NULL, 0);
}

void builder_advise(const struct model *m, struct report *r, const struct build_agent *a, struct incident *i)
{
	advise_fewer(r, a, i);
	if (i->limit.kind == LIMIT_CGROUP)
		raise_own_limit(m, r, i);
	if (i->limit.kind != LIMIT_HOST)
		return;
	add_help(i, "add-swap", _("add swap: the build gets slower instead of being killed"),
		 swap_command(m, r, (zt_u64)2 << 30), (zt_u64)2 << 30);
	if (a->role == AGENT_ENGINE && a->victim == a->agent && i->victims[0].oom_score_adj >= 0 &&
	    is_plain(a->victim->comm))
		add_help(i, "spare-builder",
			 say(r, _("let the kernel spare %s: then a step dies, and not all builds"), a->victim->comm),
			 say(r, "pidof %s | xargs -n1 sudo choom -n -500 -p", a->victim->comm), 0);
}
