/* SPDX-License-Identifier: GPL-2.0 */
/* A SIGKILL that was no OOM: who sent it, and what that sender is called in a user's words. */
#include <signal.h>
#include <string.h>

#include "builder/client.h"
#include "diagnose/internal.h"
#include "diagnose/sender.h"

/* How long before a kill its cause may lie: docker's stop time-out is 10 s, and people set it higher. */
#define BEFORE_NS (120ull * 1000000000)

static const struct sig *sig_at(const struct model *m, unsigned int n)
{
	return &m->sigs[n % SIGS_MAX];
}

static unsigned int first_sig(const struct model *m)
{
	return m->nsigs > SIGS_MAX ? m->nsigs - SIGS_MAX : 0;
}

static bool is_oom_victim(const struct model *m, const struct proc *p)
{
	for (const struct kill *k = m->kills; k; k = k->next)
		if (k->victim == p)
			return true;
	return p->oom_victim;
}

/* The kernel ended what ran, on its own account: RLIMIT_CPU, RLIMIT_RTTIME. An OOM kill is sorted out before. */
static bool is_own_limit(const struct sig *s)
{
	return (s->ev.h.flags & ZT_F_SIGNAL_KERNEL) && s->sender && s->sender == s->target;
}

/* The container's first process is gone and the kernel ends the rest: nobody's decision. */
static bool is_teardown(const struct sig *s, const struct unit *u)
{
	return (s->ev.h.flags & ZT_F_SIGNAL_KERNEL) && s->target != u->entry && !is_own_limit(s);
}

/* The newest signal of that kind to p, from one who ends processes for lack of memory when for_memory */
static const struct sig *sig_to(const struct model *m, const struct proc *p, int sig, bool for_memory)
{
	for (unsigned int n = m->nsigs; n-- > first_sig(m);) {
		const struct sig *s = sig_at(m, n);

		const struct sender *by = for_memory ? sender_find(s) : NULL;

		if (s->ev.sig == sig && s->target == p && !(s->ev.h.flags & ZT_F_SIGNAL_IGNORED) &&
		    (!for_memory || (by && by->code)))
			return s;
	}
	return NULL;
}

static const struct sig *kill_of(const struct model *m, const struct proc *p)
{
	return sig_to(m, p, SIGKILL, false);
}

static bool in_unit(const struct model *m, const struct proc *p, const struct unit *u)
{
	if (u->step)
		return model_step_of(m, p->cgroup, p) == u->step;
	return model_is_below(p, u->entry);
}

/* `timeout -s KILL` ends itself the way it ended its command: that second one explains nothing. */
static bool is_echo(const struct model *m, const struct sig *s)
{
	if (s->sender != s->target)
		return false;
	for (unsigned int n = first_sig(m); n < m->nsigs; n++) {
		const struct sig *t = sig_at(m, n);

		if (t->ev.sig == SIGKILL && t->sender == s->sender && t->target != s->target)
			return true;
	}
	return false;
}

/* Newest SIGKILL inside the unit whose death travelled up to the unit's exit code. */
static const struct sig *kill_inside(const struct model *m, const struct unit *u, enum tristate *causal)
{
	const struct sig *maybe = NULL;

	for (unsigned int n = m->nsigs; n-- > first_sig(m);) {
		const struct sig *s = sig_at(m, n);

		if (s->ev.sig != SIGKILL || !s->target || (s->ev.h.flags & ZT_F_SIGNAL_IGNORED) ||
		    !in_unit(m, s->target, u) || is_oom_victim(m, s->target) || is_teardown(s, u) ||
		    is_echo(m, s))
			continue;
		*causal = cause_of_failure(m, s->target, u);
		if (*causal == TRI_YES)
			return s;
		if (*causal == TRI_UNKNOWN && !maybe && exit_status(u->entry->exit_code) == 137)
			maybe = s;
	}
	*causal = TRI_UNKNOWN;
	return maybe;
}

/* A SIGTERM for lack of memory inside the unit, which failed it */
static const struct sig *term_inside(const struct model *m, const struct unit *u)
{
	for (unsigned int n = m->nsigs; n-- > first_sig(m);) {
		const struct sig *s = sig_at(m, n);

		if (s->ev.sig == SIGTERM && s->target && s->target->exit_ns &&
		    died_of(s->target->exit_code, SIGTERM) && in_unit(m, s->target, u) &&
		    sig_to(m, s->target, SIGTERM, true) && cause_of_failure(m, s->target, u) == TRI_YES)
			return s;
	}
	return NULL;
}

static const struct proc *dead_of_kill(const struct model *m, const struct unit *u)
{
	for (const struct proc *p = m->procs; p; p = p->hh.next)
		if (p->exit_ns && died_of(p->exit_code, SIGKILL) && in_unit(m, p, u) && !is_oom_victim(m, p) &&
		    cause_of_failure(m, p, u) == TRI_YES)
			return p;
	return NULL;
}

static const struct sig *earlier(const struct model *m, const struct sig *s, const struct proc *target,
				 bool (*is)(int sig))
{
	for (unsigned int n = first_sig(m); n < m->nsigs; n++) {
		const struct sig *t = sig_at(m, n);

		if (t->target == target && is(t->ev.sig) && t->ev.h.ts_ns <= s->ev.h.ts_ns &&
		    t->ev.h.ts_ns + BEFORE_NS > s->ev.h.ts_ns)
			return t;
	}
	return NULL;
}

static bool is_term(int sig)
{
	return sig == SIGTERM || sig == SIGQUIT || sig == SIGINT;
}

static bool is_interrupt(int sig)
{
	return sig == SIGINT || sig == SIGTERM || sig == SIGHUP || sig == SIGQUIT;
}

static enum daemon_kind daemon_above(const struct proc *p, const struct proc **ret)
{
	struct daemon_cmd d;

	for (int depth = 0; p && depth < 6; p = p->parent, depth++)
		if (daemon_parse(p->argv, p->argv_bytes, &d)) {
			*ret = p;
			return d.kind;
		}
	return DAEMON_NONE;
}

static const struct incident *told_of(const struct report *r, const struct step *s)
{
	for (const struct incident *i = r->incidents; i; i = i->next)
		if (i->step == s && i->causal == TRI_YES)
			return i;
	return NULL;
}

/*
 * Of the same build, or of another service that the same command builds: a builder cancels these, too. *told: its
 * incident; NULL: it has none.
 */
static const struct step *failed_sibling(const struct model *m, const struct report *r, const struct unit *u, zt_u64 ts_ns,
					 const struct incident **told)
{
	for (const struct step *s = m->steps; s; s = s->next) {
		if (s == u->step || !s->build || !u->build || s->build->client != u->build->client || !s->exited ||
		    !exit_status(s->exit_code) || s->entry->exit_ns > ts_ns)
			continue;
		*told = told_of(r, s);
		if (!*told || !(*told)->cancelled)
			return s;
	}
	*told = NULL;
	return NULL;
}

/* The client that the container was built for, interrupted or gone when its step was killed. */
static const char *client_gone(const struct model *m, struct report *r, const struct sig *s,
			       const struct build *b)
{
	const struct sig *i;
	const struct proc *c = b ? b->client : NULL;

	if (!c)
		return NULL;
	i = earlier(m, s, c, is_interrupt);
	if (i && i->ev.sig == SIGINT)
		return _("the builder, because the build was interrupted (Ctrl-C)");
	if (i)
		return say(r, _("the builder, because the build got %s from %s"),
			   i->ev.sig == SIGHUP ? "SIGHUP" : i->ev.sig == SIGQUIT ? "SIGQUIT" : "SIGTERM",
			   i->ev.comm);
	if (c->exit_ns && c->exit_ns <= s->ev.h.ts_ns && died_of(c->exit_code, SIGKILL))
		return _("the builder, because the build's client was killed");
	return NULL;
}

static const char *by_runtime(const struct model *m, struct report *r, const struct sig *s,
			      const struct unit *u, struct incident *i)
{
	const struct proc *d = NULL;
	enum daemon_kind kind = daemon_above(s->sender->parent, &d);
	const char *gone = client_gone(m, r, s, u->build);
	const struct incident *told;
	const struct step *sib = failed_sibling(m, r, u, s->ev.h.ts_ns, &told);
	const struct sig *term = earlier(m, s, s->target, is_term);

	i->killer_comm_chain = d ? d->comm : NULL;
	i->cancelled = gone || kind == DAEMON_DOCKERD || kind == DAEMON_BUILDKITD;
	i->follows = i->cancelled ? told : NULL;
	if (gone)
		return gone;
	if (kind == DAEMON_DOCKERD || kind == DAEMON_BUILDKITD)
		return sib ? say(r, _("BuildKit, which cancelled it when %s of the build failed"),
				 say_step(r, sib)) :
			     _("BuildKit, which cancelled it");
	if (kind == DAEMON_CONTAINERD_SHIM && term)
		return say(r, _("docker stop, %s after SIGTERM"),
			   say_duration(r, s->ev.h.ts_ns - term->ev.h.ts_ns));
	if (kind == DAEMON_CONTAINERD_SHIM)
		return _("docker kill (or docker rm -f) of the step's container");
	return say(r, _("the container runtime (%s)"), s->sender->comm);
}

static const char *by_timeout(struct report *r, const struct sig *s, const struct timeout_cmd *t)
{
	if (t->duration_s >= 0)
		return say(r, _("timeout, pid %u, after %g s: %.120s"), s->ev.h.who.tgid, t->duration_s,
			   say_argv(r, s->sender));
	return say(r, _("timeout, pid %u: %.120s"), s->ev.h.who.tgid, say_argv(r, s->sender));
}

static const char *killer_words(const struct model *m, struct report *r, const struct sig *s,
				const struct unit *u, struct incident *i)
{
	const struct proc *p = s->sender;
	struct runtime_cmd rt;
	struct timeout_cmd to;

	if (is_own_limit(s))
		return _("the kernel, for a limit such as that of CPU time (ulimit -t)");
	if (!p || (s->ev.h.flags & ZT_F_SIGNAL_KERNEL))
		return say(r, _("the kernel, while %s (pid %u) was running"), s->ev.comm, s->ev.h.who.tgid);
	if (runtime_parse(p->argv, p->argv_bytes, &rt))
		return by_runtime(m, r, s, u, i);
	if (timeout_parse(p->argv, p->argv_bytes, &to))
		return by_timeout(r, s, &to);
	if (p == s->target)
		return say(r, _("itself: %.120s"), say_argv(r, p));
	/* Another program by now: what it is called and told today says nothing of then. */
	if (p->exec_ns > s->ev.h.ts_ns)
		return say(r, in_unit(m, p, u) ? _("%s, pid %u, of the same step") :
						 _("%s, pid %u, from outside the step"),
			   s->ev.comm, s->ev.h.who.tgid);
	return say(r, in_unit(m, p, u) ? _("%s, pid %u, of the same step: %.120s") :
					 _("%s, pid %u, from outside the step: %.120s"),
		   s->ev.comm[0] ? s->ev.comm : p->comm, s->ev.h.who.tgid, say_argv(r, p));
}

/* The killer in a word or two, for the first line. */
static const char *killer_short(const struct model *m, struct report *r, const struct sig *s,
				const struct unit *u)
{
	const struct proc *p = s->sender, *d = NULL;
	struct runtime_cmd rt;

	if (!p || (s->ev.h.flags & ZT_F_SIGNAL_KERNEL))
		return _("the kernel");
	if (p == s->target)
		return _("itself");
	if (!runtime_parse(p->argv, p->argv_bytes, &rt)) {
		const struct sender *by = sender_find(s);

		return by && by->name ? _(by->name) : s->ev.comm[0] ? s->ev.comm : p->comm;
	}
	if (client_gone(m, r, s, u->build))
		return _("the builder (build ended)");
	if (daemon_above(p->parent, &d) != DAEMON_CONTAINERD_SHIM)
		return _("the builder");
	return earlier(m, s, s->target, is_term) ? "docker stop" : "docker kill";
}

static const char *code_of(const struct sig *s)
{
	const struct sender *by = sender_find(s);

	return by && by->code ? by->code : "ZT2001";
}

static void set_victim(const struct proc *p, zt_u64 ts_ns, struct incident *i)
{
	struct victim *v = &i->victims[0];

	i->nvictims = 1;
	v->id = p->id;
	v->comm = p->comm;
	v->oom_score_adj = p->oom_score_adj;
	if (p->argv_bytes) {
		v->argv = p->argv;
		v->argv_bytes = p->argv_bytes;
	}
	if (p->fork_ns)
		v->runtime_ns = ts_ns - p->fork_ns;
	set_lineage(p, v->lineage, &v->nlineage);
}

static unsigned int step_ooms(const struct unit *u)
{
	return u->step ? u->step->oom_kills : 0;
}

/* What is the same for all of ZT20xx: there was no memory limit to speak of. */
static void common(const struct model *m, struct report *r, const struct unit *u, struct incident *i)
{
	zt_u64 peak = u->step ? u->step->peak_bytes : 0;
	zt_u64 limit = u->step ? u->step->limit_bytes : 0;

	i->limit.kind = LIMIT_NONE;
	i->limit.bytes = i->limit.swap_limit_bytes = ZT_NO_LIMIT;
	i->limit_text = limit && limit != ZT_NO_LIMIT ?
				say(r, _("%s, not reached"), say_bytes(r, limit)) :
				_("no limit was hit");
	i->used_text = peak ? say(r, _("peak %s; %u OOM kills seen"), say_bytes(r, peak), step_ooms(u)) :
			      say(r, _("%u OOM kills seen"), step_ooms(u));
	fill_host(m, &m->host, r, i);
	note_stall(m, r, u, i);
	note_context(m, r, u, i);
	i->summary = say(r, _("%s. Killed: %s. Limit: %s. Used: %s. Host: %s."), i->headline,
			 i->killed ? i->killed : "-", i->limit_text, i->used_text, i->host_text);
}

static void advise_sender(const struct sender *by, struct incident *i)
{
	if (by && by->help)
		add_help(i, by->help, _(by->text), by->command, 0);
}

static struct incident *known(const struct model *m, struct report *r, const struct unit *u,
			      const struct sig *s, enum tristate causal)
{
	struct incident *i = incident_new(r, code_of(s), u);
	const char *by;

	if (!i)
		return NULL;
	set_victim(s->target, s->ev.h.ts_ns, i);
	i->ts_ns = s->ev.h.ts_ns;
	i->causal = causal;
	i->confidence = causal == TRI_YES ? CONF_CONFIRMED : CONF_LIKELY;
	i->killer = (struct who){ s->ev.h.who, s->ev.comm };
	set_lineage(s->sender, i->killer_lineage, &i->nkiller_lineage);
	by = killer_words(m, r, s, u, i);
	i->headline = say(r, !strncmp(i->code, "ZT11", 4) ? _("%s was killed by %s: memory was short") :
			     /* nobody ran out of it, but it may be why this took so long */
			     u->step && u->step->pressure_ns >= STALL_NS ?
							 _("%s was killed by %s, after long waits for memory") :
							 _("%s was killed by %s, not for memory"),
			  say_unit(r, u), killer_short(m, r, s, u));
	i->killed = say(r, _("%s, pid %u, by %s"), s->target->comm, s->target->id.tgid, by);
	i->basis = _("confirmed: the signal's sender was seen");
	if (i->confidence != CONF_CONFIRMED)
		i->basis = _("likely: the signal's sender was seen; whether it failed the step was not");
	common(m, r, u, i);
	if (!strncmp(i->code, "ZT11", 4))
		growth_find(m, r, s->target->cgroup, NULL, i);
	advise_sender(sender_find(s), i);
	advise_signal(r, i);
	return i;
}

static struct incident *unknown(const struct model *m, struct report *r, const struct unit *u,
				const struct proc *p)
{
	struct incident *i = incident_new(r, "ZT2002", u);

	if (!i)
		return NULL;
	set_victim(p, p->exit_ns, i);
	i->ts_ns = p->exit_ns;
	i->causal = TRI_YES;
	i->confidence = CONF_CONFIRMED;
	i->headline = say(r, _("%s got a SIGKILL from an unknown sender, not from the OOM killer"),
			  say_unit(r, u));
	i->killed = say(r, _("%s, pid %u"), p->comm, p->id.tgid);
	i->basis = _("confirmed by exit status; no OOM event");
	if (p->claimed) {
		i->confidence = CONF_LIKELY;
		i->basis = _("likely: ended by SIGKILL, and no cgroup counted an OOM kill then");
	}
	common(m, r, u, i);
	return i;
}

static struct incident *plain_137(const struct model *m, struct report *r, const struct unit *u)
{
	struct incident *i = incident_new(r, "ZT2003", u);

	if (!i)
		return NULL;
	set_victim(u->entry, u->entry->exit_ns, i);
	i->ts_ns = u->entry->exit_ns;
	i->causal = TRI_YES;
	i->confidence = m->lost[ZT_LOST_RING] ? CONF_LIKELY : CONF_CONFIRMED;
	i->headline = say(r, _("%s ended with exit code 137 by itself: no signal was sent"), say_unit(r, u));
	i->killed = say(r, _("nothing; %s (pid %u) returned 137"), u->entry->comm, u->entry->id.tgid);
	i->basis = i->confidence == CONF_CONFIRMED ? _("confirmed: every process's end was seen") :
						     _("likely: some events were lost");
	common(m, r, u, i);
	advise_signal(r, i);
	return i;
}

bool runs_containers(const struct model *m)
{
	static const char *const clients[] = { "docker", "podman", "nerdctl", "docker-compose" };

	for (size_t n = 0; m->child && n < sizeof(clients) / sizeof(clients[0]); n++)
		if (!strcmp(m->child->comm, clients[n]))
			return true;
	return false;
}

struct incident *killer_incident(const struct model *m, struct report *r, const struct unit *u)
{
	enum tristate causal = TRI_YES;
	const struct sig *s;
	const struct proc *p;
	int status;

	if (!u->entry || !u->entry->exit_ns || !(status = exit_status(u->entry->exit_code)))
		return NULL;
	if (is_oom_victim(m, u->entry))
		return NULL;
	if (died_of(u->entry->exit_code, SIGKILL)) {
		s = kill_of(m, u->entry);
		return s ? known(m, r, u, s, TRI_YES) : unknown(m, r, u, u->entry);
	}
	/* asked to go, before it is made to: earlyoom, oomd */
	s = died_of(u->entry->exit_code, SIGTERM) ? sig_to(m, u->entry, SIGTERM, true) : NULL;
	if (s)
		return known(m, r, u, s, TRI_YES);
	s = term_inside(m, u);
	if (s)
		return known(m, r, u, s, TRI_YES);
	s = kill_inside(m, u, &causal);
	if (s)
		return known(m, r, u, s, causal);
	if (status != 137)
		return NULL;
	/* the 137 of a container that ran elsewhere: what happened there is told by itself, if it was seen */
	if (u->entry == m->child && runs_containers(m))
		return NULL;
	p = dead_of_kill(m, u);
	return p ? unknown(m, r, u, p) : plain_137(m, r, u);
}
