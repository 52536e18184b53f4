/* SPDX-License-Identifier: GPL-2.0 */
/* One decision of the kernel's OOM killer, put together: victims, limit, holders, cause. */
#include <string.h>

#include "diagnose/internal.h"

static void add_victim(const struct kill *k, struct incident *i)
{
	const struct proc *p = k->victim;
	struct victim *v;

	if (i->nvictims == VICTIMS_MAX) {
		i->more_victims++;
		return;
	}
	v = &i->victims[i->nvictims++];
	v->id = k->ev.victim;
	v->comm = k->ev.victim_comm;
	v->rss = k->ev.rss;
	v->rss_known = true;
	v->oom_score_adj = k->ev.oom_score_adj;
	if (!p)
		return;
	if (p->argv_bytes) {
		v->argv = p->argv;
		v->argv_bytes = p->argv_bytes;
	}
	if (p->exec_ns || p->fork_ns)
		v->runtime_ns = k->ev.h.ts_ns - (p->fork_ns ? p->fork_ns : p->exec_ns);
	set_lineage(p, v->lineage, &v->nlineage);
}

static zt_u64 resident(const struct zt_rss *s)
{
	return s->anon_bytes + s->file_bytes + s->shmem_bytes;
}

static void say_killed(struct report *r, struct incident *i)
{
	const struct victim *v = &i->victims[0];
	unsigned int more = i->nvictims - 1 + i->more_victims;

	i->killed = say(r, _("%s, pid %u, %s"), v->comm, v->id.tgid, say_bytes(r, resident(&v->rss)));
	if (more)
		i->killed = say(r, _("%s, and %u more of its group"), i->killed, more);
}

/* "64.0 MiB of 64.0 MiB, 8 x cc1plus 61.2 MiB" */
static void say_inside(struct report *r, struct incident *i)
{
	const struct holder *h = &i->inside[0];

	if (!i->ninside || !h->bytes || (i->nholders && i->holders[0].kind == HOLD_PROCESS))
		return; /* nothing to add to the holders */
	i->used_text = h->count > 1 ?
		say(r, _("%s; %u x %s %s"), i->used_text, h->count, h->name, say_bytes(r, h->bytes)) :
		say(r, _("%s; %s %s"), i->used_text, h->name, say_bytes(r, h->bytes));
}

static const char *oom_code(const struct incident *i, const struct kill *k)
{
	if (i->causal == TRI_NO)
		return "ZT1005";
	switch (i->limit.kind) {
	case LIMIT_HOST:
		return "ZT1003";
	case LIMIT_CPUSET:
	case LIMIT_MEMPOLICY:
		return "ZT1004";
	default:
		break;
	}
	if (!k->step || k->step->container)
		return k->ev.domain == k->ev.victim_cgroup ? "ZT1001" : "ZT1002";
	return strcmp(i->limit.owner ? i->limit.owner : "", "step") == 0 ? "ZT1001" : "ZT1002";
}

static const char *oom_headline(struct report *r, const struct incident *i, const struct unit *u)
{
	const char *who = say_unit(r, u);

	if (i->causal == TRI_NO && u->entry && u->entry->exit_ns && exit_status(u->entry->exit_code))
		return say(r, _("%s lost %s to the OOM killer, but failed for another reason"), who,
			   i->victims[0].comm);
	if (i->causal == TRI_NO)
		return say(r, _("%s lost %s to the OOM killer and went on"), who, i->victims[0].comm);
	if (i->limit.kind == LIMIT_HOST)
		return say(r, _("%s was killed: the host ran out of memory"), who);
	if (i->limit.kind != LIMIT_CGROUP)
		return say(r, _("%s ran out of memory"), who);
	if (!strcmp(i->code, "ZT1001"))
		return say(r, _("%s ran out of memory: its own limit is %s"), who,
			   say_bytes(r, i->limit.bytes));
	return say(r, _("%s ran out of memory: %.40s is limited to %s"), who, i->limit.path,
		   say_bytes(r, i->limit.bytes));
}

/* The trigger asked for the last page; it is worth a line only when it is not the victim. */
static void note_trigger(const struct model *m, struct report *r, const struct kill *k, struct incident *i)
{
	const struct step *s = k->trigger ? model_step_of_cgroup(m, k->ev.h.cgroup) : NULL;

	if (k->ev.h.who.tgid == k->ev.victim.tgid)
		return;
	if (s && s != k->step)
		add_note(i, say(r, _("the last page was asked for by %s (pid %u) in %s; the kernel chose %s as the largest"),
				k->ev.comm, k->ev.h.who.tgid, say_step(r, s), k->ev.victim_comm));
}

static void note_cause(struct report *r, const struct unit *u, struct incident *i)
{
	if (i->causal != TRI_UNKNOWN)
		return;
	if (u->entry && u->entry->exit_ns)
		add_note(i, say(r, _("it ended with exit code %d, which need not come from this kill"),
				exit_status(u->entry->exit_code)));
	else if (u->step)
		add_note(i, _("the step had not ended when the trace did"));
}

/* make -j8 can lose one compiler after the other: the first is told in full. */
static const struct incident *told_before(const struct report *r, const struct incident *self)
{
	for (const struct incident *i = r->incidents; i && i != self; i = i->next)
		if (self->step && i->step == self->step && !strcmp(i->code, self->code) && !i->repeats &&
		    i->limit.kind == self->limit.kind &&
		    (!i->limit.path || !strcmp(i->limit.path, self->limit.path)))
			return i;
	return NULL;
}

static enum confidence lower(enum confidence a, enum confidence b)
{
	return a < b ? a : b;
}

struct incident *oom_incident(const struct model *m, struct report *r, struct kill *k, const struct unit *u)
{
	struct incident *i = incident_new(r, NULL, u);
	enum confidence conf;

	if (!i)
		return NULL;
	for (struct kill *v = k; v; v = v->next)
		if (v == k || v->walk == k) {
			if (!v->again)
				add_victim(v, i);
			v->reported = true;
		}
	i->ts_ns = k->ev.h.ts_ns;
	i->trigger = (struct who){ k->ev.h.who, k->ev.comm };
	conf = limit_find(m, r, k, i);
	holders_find(m, r, k, i);
	say_inside(r, i);
	i->causal = cause_of_failure(m, k->victim, u);
	i->code = oom_code(i, k);
	i->confidence = i->causal == TRI_UNKNOWN && u->entry ? lower(conf, CONF_LIKELY) : conf;
	fill_host(m, &k->host, r, i);
	say_killed(r, i);
	i->repeats = told_before(r, i);
	i->headline = oom_headline(r, i, u);
	i->basis = i->confidence == CONF_CONFIRMED ? _("confirmed by the kernel's OOM event") :
		   i->confidence == CONF_LIKELY ? _("likely, from the kernel's OOM event") :
						  _("an OOM kill was seen; more is not known");
	if (i->confidence == CONF_CONFIRMED && u->step && u->step->instr && u->step->confidence != CONF_CONFIRMED)
		i->basis = _("kill and limit confirmed by the kernel, the step only likely");
	i->summary = say(r, _("%s. Killed: %s. Limit: %s. Used: %s. Host: %s."), i->headline, i->killed,
			 i->limit_text, i->used_text, i->host_text);
	note_cause(r, u, i);
	note_context(m, r, u, i);
	note_trigger(m, r, k, i);
	if (k->cut)
		add_note(i, _("there were more cgroups or processes than this report can list"));
	if (i->causal != TRI_NO)
		advise_oom(m, r, k, i);
	return i;
}
