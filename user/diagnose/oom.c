/* SPDX-License-Identifier: GPL-2.0 */
/* One decision of the kernel's OOM killer, put together: victims, limit, holders, cause. */
#include <string.h>

#include "builder/cgpath.h"
#include "diagnose/internal.h"

/* PAGE_ALLOC_COSTLY_ORDER: above it the kernel gives up rather than kill, if it may */
#define COSTLY_ORDER 3

/* Of an 80 column line behind "   = killed: " */
#define FACT_COLUMNS 67

static bool is_chosen(const struct kill *k)
{
	return k->ev.decision && k->ev.chosen.tgid == k->ev.victim.tgid && k->ev.chosen.start_ns == k->ev.victim.start_ns;
}

static void add_victim(struct report *r, const struct kill *k, struct incident *i)
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
	v->label = say_doing(r, p, true);
	if (p->exec_ns || p->fork_ns)
		v->runtime_ns = k->ev.h.ts_ns - (p->fork_ns ? p->fork_ns : p->exec_ns);
	set_lineage(p, v->lineage, &v->nlineage);
}

static const char *say_order(const struct model *m, struct report *r, zt_s32 order)
{
	zt_u64 page = m->start.page_bytes ? m->start.page_bytes : 4096;

	return say_bytes(r, page << (order < 20 ? order : 20));
}

static zt_u64 resident(const struct zt_rss *s)
{
	return s->anon_bytes + s->file_bytes + s->shmem_bytes;
}

/* What share of it the victim held, where that was not most of it. */
static const char *say_share(struct report *r, const struct kill *k, const struct incident *i,
			     const char *text)
{
	bool host = i->limit.kind == LIMIT_HOST && !i->decision.sysrq;
	zt_u64 held = resident(&i->victims[0].rss);
	zt_u64 all = host ? host_of_kill(k)->total_bytes : i->limit.kind == LIMIT_CGROUP ? i->limit.bytes : 0;

	if (all < 100 || all == ZT_NO_LIMIT || i->limit.swap_inclusive || held >= all / 10 * 9)
		return text;
	return say(r, host ? _("%s, %u %% of RAM") : _("%s, %u %% of the limit"), text, (unsigned int)(held / (all / 100)));
}

/* "cc1plus (pid 4312), compiling src/foo.cc, 512.0 MiB" */
static const char *say_victim(struct report *r, const struct kill *k, const struct incident *i, const char *label)
{
	const struct victim *v = &i->victims[0];
	bool stale = (k->ev.h.flags & ZT_F_CLAIMED) && !k->ev.peak_rss_bytes;
	const char *size = say_bytes(r, resident(&v->rss)), *text;
	unsigned int more = i->nvictims - 1 + i->more_victims;

	if (!v->id.tgid)
		return _("a process that was not seen to die: the cgroup only counted it");
	if (stale)
		size = say(r, _("%s when last seen"), size);
	if (v->id.tid != v->id.tgid) /* the memory is that of the whole process */
		text = say(r, _("%s, pid %u (its first thread had ended already), %s"), v->comm, v->id.tgid, size);
	else if (label)
		text = say(r, _("%s (pid %u), %s, %s"), v->comm, v->id.tgid, label, size);
	else
		text = say(r, _("%s, pid %u, %s"), v->comm, v->id.tgid, size);
	return more ? say(r, _("%s, and %u more of its group"), text, more) :
	       stale ? text : say_share(r, k, i, text);
}

/* The tool that it worked for is left out where the line has no room for it. */
static void say_killed(struct report *r, const struct kill *k, struct incident *i)
{
	i->killed = say_victim(r, k, i, i->victims[0].label);
	if (say_columns(i->killed) > FACT_COLUMNS)
		i->killed = say_victim(r, k, i, say_doing(r, k->victim, false));
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
	if (h->label && (h->count > 1 || strcmp(h->name, i->victims[0].comm))) /* else "killed:" says it */
		i->used_text = say(r, _("%s, %s"), i->used_text, h->label);
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
	if (i->limit.kind == LIMIT_NONE)
		return "ZT1002"; /* some cgroup's */
	if (!k->step || k->step->container)
		return (i->limit.cgroup ? i->limit.cgroup : k->ev.domain) == k->ev.victim_cgroup ? "ZT1001" : "ZT1002";
	return strcmp(i->limit.owner ? i->limit.owner : "", "step") == 0 ? "ZT1001" : "ZT1002";
}

/* A container's id is long, and nobody's name for it. */
static const char *level_name(struct report *r, const char *path)
{
	struct cgpath c = cgpath_level(path);

	if (c.id && c.kind == CGPATH_BUILDX_BUILDER)
		return say(r, _("the builder's container %.12s"), c.id);
	if (c.id && (c.kind == CGPATH_DOCKER_CONTAINER || c.kind == CGPATH_PODMAN_CONTAINER))
		return say(r, _("container %.12s"), c.id);
	if (c.kind == CGPATH_POD)
		return _("its pod");
	if (strlen(path) > 40 && strrchr(path, '/') != path)
		return say(r, "…%.40s", strrchr(path, '/')); /* its own name says more than those above it */
	return say(r, "%.40s", path);
}

static const char *oom_headline(struct report *r, const struct incident *i, const struct unit *u)
{
	const char *who = u->step || u->build || u->entry ? say_unit(r, u) : say(r, _("process %s"), i->victims[0].comm);

	if (i->causal == TRI_NO && u->entry && u->entry->exit_ns && exit_status(u->entry->exit_code))
		return say(r, _("%s lost %s to the OOM killer, but failed for another reason"), who,
			   i->victims[0].comm);
	if (i->causal == TRI_NO)
		return say(r, _("%s lost %s to the OOM killer and went on"), who, i->victims[0].comm);
	if (i->decision.sysrq)
		return say(r, _("%s was killed by the OOM killer on request (SysRq-f)"), who);
	if (i->limit.kind == LIMIT_HOST && !u->step && u->entry && u->entry->id.tgid != i->victims[0].id.tgid)
		return say(r, _("%s lost %s (pid %u): the host ran out of memory"), who, i->victims[0].comm,
			   i->victims[0].id.tgid);
	if (i->limit.kind == LIMIT_HOST)
		return say(r, _("%s was killed: the host ran out of memory"), who);
	if (i->limit.kind == LIMIT_CPUSET)
		return say(r, _("%s ran out of memory: its cpuset's memory nodes were full"), who);
	if (i->limit.kind == LIMIT_MEMPOLICY)
		return say(r, _("%s ran out of memory: the memory nodes it is bound to were full"), who);
	if (i->limit.kind != LIMIT_CGROUP)
		return say(r, _("%s ran out of memory"), who);
	if (!i->limit.bytes) /* a log without the lines that tell */
		return !strcmp(i->code, "ZT1001") ? say(r, _("%s ran out of memory: its own limit was hit"), who) :
						    say(r, _("%s ran out of memory: the limit of %s was hit"), who,
							level_name(r, i->limit.path));
	if (!strcmp(i->code, "ZT1001"))
		return say(r, _("%s ran out of memory: its own limit is %s"), who,
			   say_bytes(r, i->limit.bytes));
	return say(r, _("%s ran out of memory: %s is limited to %s"), who,
		   i->limit.pod.ns ? say_pod(r, &i->limit.pod) : level_name(r, i->limit.path),
		   say_bytes(r, i->limit.bytes));
}

static bool is_victim(const struct incident *i, zt_u32 tgid)
{
	for (unsigned int n = 0; n < i->nvictims; n++)
		if (i->victims[n].id.tgid == tgid)
			return true;
	return false;
}

/* Below what is in use, or below what it was when this level was last seen */
static bool was_lowered(const struct kill *k, const struct incident *i)
{
	const struct kill_level *l = level_of(k, i->limit.cgroup);

	if (i->limit.usage_bytes > i->limit.bytes + i->limit.bytes / 8)
		return true;
	return l && l->limit_before_bytes != ZT_NO_LIMIT && l->limit_before_bytes > l->mem.limit_bytes;
}

/*
 * Lowering memory.max below what is in use kills, too (cgroup v2): then it is the writer that the kernel works for,
 * and hardly anybody else charges a cgroup that he is not in.
 */
static bool note_lowered(const struct model *m, struct report *r, const struct kill *k, struct incident *i)
{
	enum tristate below = cgroup_below(m, k->ev.h.cgroup, i->limit.cgroup);

	if (i->limit.kind != LIMIT_CGROUP || i->limit.swap_inclusive || m->start.cgroup_version != 2 ||
	    below == TRI_YES || is_victim(i, k->ev.h.who.tgid) || !was_lowered(k, i))
		return false;
	add_note(i, say(r, below == TRI_NO ?
			   _("%s (pid %u) lowered %s to %s while %s was in use: that is why there was an OOM") :
			   _("%s (pid %u) seems to have lowered %s to %s while %s was in use"),
			k->ev.comm, k->ev.h.who.tgid, i->limit.file, say_bytes(r, i->limit.bytes),
			say_bytes(r, i->limit.usage_bytes)));
	return true;
}

/* The trigger asked for the last page; it is worth a line only when it is not among the victims. */
static void note_trigger(const struct model *m, struct report *r, const struct kill *k, bool lowered,
			 struct incident *i)
{
	const struct step *s = k->trigger ? model_step_of(m, k->ev.h.cgroup, k->trigger) : NULL;
	bool largest = i->decision.reason && !strcmp(i->decision.reason, "largest");

	if (i->decision.asked && k->ev.order > COSTLY_ORDER)
		add_note(i, say(r, _("%s wanted %s in one piece: memory may be in pieces rather than used up"),
				k->ev.comm, say_order(m, r, k->ev.order)));
	if (!k->ev.h.who.tgid || is_victim(i, k->ev.h.who.tgid) || i->decision.sysrq || lowered)
		return;
	if (s && s != k->step && largest)
		add_note(i, say(r, _("the last page was asked for by %s (pid %u) in %s; the kernel chose %s as the largest"),
				k->ev.comm, k->ev.h.who.tgid, say_step(r, s), i->victims[0].comm));
	else if (s && s != k->step)
		add_note(i, say(r, _("the last page was asked for by %s (pid %u) in %s"), k->ev.comm,
				k->ev.h.who.tgid, say_step(r, s)));
	else
		add_note(i, say(r, _("the last page was asked for by %s (pid %u)"), k->ev.comm, k->ev.h.who.tgid));
}

static void note_cause(struct report *r, const struct unit *u, struct incident *i)
{
	if (i->causal != TRI_UNKNOWN)
		return;
	if (u->entry && u->entry->exit_ns)
		add_note(i, say(r, _("it ended with exit code %d, which need not come from this kill"),
				exit_status(u->entry->exit_code)));
	else if (u->step)
		add_note(i, u->step->ended_ns ? _("how the step ended was not seen") :
						_("the step had not ended when the trace did"));
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

/* Those of one decision, the chosen one first: the others only went with it. */
static void add_victims(struct report *r, struct kill *k, struct incident *i)
{
	for (int chosen = 1; chosen >= 0; chosen--)
		for (struct kill *v = k; v; v = v->next)
			if ((v == k || v->walk == k) && is_chosen(v) == chosen) {
				if (!v->again)
					add_victim(r, v, i);
				v->reported = true;
			}
}

struct incident *oom_incident(const struct model *m, struct report *r, struct kill *k, const struct unit *u)
{
	struct incident *i = incident_new(r, NULL, u);
	enum confidence conf;
	bool lowered;

	if (!i)
		return NULL;
	add_victims(r, k, i);
	if (!u->step || u->step->container)
		set_job(r, i, model_job(k->victim));
	i->ts_ns = k->ev.h.ts_ns;
	if (k->ev.h.who.tgid || k->ev.comm[0])
		i->trigger = (struct who){ k->ev.h.who, k->ev.comm };
	conf = limit_find(m, r, k, i);
	why_find(m, r, k, i);
	holders_find(m, r, k, i);
	say_inside(r, i);
	say_kinds(r, k, i);
	growth_find(m, r, k->ev.victim_cgroup, k, i);
	i->causal = u->agent ? u->agent->causal : k->log && u->step ? log_cause(u->step) : cause_of_failure(m, k->victim, u);
	i->code = u->agent && i->causal != TRI_NO ? "ZT1006" : oom_code(i, k);
	i->confidence = i->causal == TRI_UNKNOWN && u->entry ? lower(conf, CONF_LIKELY) : conf;
	fill_host(m, k->host.h.kind ? &k->host : host_of_kill(k), r, i);
	say_killed(r, k, i);
	i->repeats = told_before(r, i);
	if (u->agent)
		i->confidence = lower(i->confidence, u->agent->confidence);
	i->headline = u->agent ? builder_headline(r, u->agent) : oom_headline(r, i, u);
	i->basis = i->confidence == CONF_CONFIRMED ? _("confirmed by the kernel's OOM event") :
		   i->confidence == CONF_LIKELY ? _("likely, from the kernel's OOM event") :
						  _("an OOM kill was seen; more is not known");
	if (i->confidence == CONF_CONFIRMED && u->step && u->step->instr && u->step->confidence != CONF_CONFIRMED)
		i->basis = _("kill and limit confirmed by the kernel, the step only likely");
	if (k->ev.h.flags & ZT_F_CLAIMED)
		i->basis = k->victim ? _("likely: its cgroup counted an OOM kill when it died") :
				       _("likely: a cgroup counted an OOM kill");
	if (u->agent)
		i->basis = builder_basis(i);
	if (k->log && !k->step && u->build)
		log_builder_tell(r, u, i);
	if (k->log)
		log_finish(m, r, k, u, i);
	i->summary = say(r, _("%s. Killed: %s. Limit: %s. Used: %s. Host: %s."), i->headline, i->killed,
			 i->limit_text, i->used_text, i->host_text);
	lowered = note_lowered(m, r, k, i);
	if (u->agent) {
		builder_notes(m, r, k, u->agent, i);
	} else {
		note_cause(r, u, i);
		note_stall(m, r, u, i);
	}
	note_adj(m, r, i);
	note_context(m, r, u, i);
	note_trigger(m, r, k, lowered, i);
	if (k->cut)
		add_note(i, _("there were more cgroups or processes than this report can list"));
	if (u->agent && i->causal != TRI_NO)
		builder_advise(m, r, u->agent, i);
	else if (i->causal != TRI_NO && i->limit.bytes)
		advise_oom(m, r, k, i);
	return i;
}
