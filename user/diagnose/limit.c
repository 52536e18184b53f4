/* SPDX-License-Identifier: GPL-2.0 */
/* Which limit was hit: the level the kernel had locked for OOM, checked against the counters. */
#include <string.h>

#include "builder/cgpath.h"
#include "diagnose/internal.h"

/* A page counter is charged in batches of 64 pages a cpu; what is that close to its limit has hit it. */
static zt_u64 slack_bytes(const struct model *m)
{
	zt_u64 page = m->start.page_bytes ? m->start.page_bytes : 4096;
	zt_u64 cpus = m->start.cpus ? m->start.cpus : 1;

	return 64 * page * (cpus < 64 ? cpus : 64) + 16 * page;
}

static bool at(zt_u64 usage, zt_u64 limit, zt_u64 slack)
{
	return limit && limit != ZT_NO_LIMIT && usage + slack >= limit;
}

static bool memory_hit(const struct zt_memcg *c, zt_u64 slack)
{
	return at(c->usage_bytes, c->limit_bytes, slack);
}

/* v1's memory+swap counter: charged first, so with equal limits it is the one that refuses. */
static bool memsw_hit(const struct zt_memcg *c, zt_u64 slack)
{
	return (c->flags & ZT_F_MEMCG_SWAP_INCLUSIVE) && at(c->swap_usage_bytes, c->swap_limit_bytes, slack);
}

const struct kill_level *level_of(const struct kill *k, zt_u64 cgroup)
{
	for (unsigned int i = 0; i < k->nlevels && cgroup; i++)
		if ((k->levels[i].flags & ZT_F_LEVEL_CHAIN) && k->levels[i].mem.id == cgroup)
			return &k->levels[i];
	return NULL;
}

enum tristate cgroup_below(const struct model *m, zt_u64 id, zt_u64 top)
{
	for (int depth = 0; depth < 64; depth++) {
		const struct cgroup *cg = model_cgroup(m, id);

		if (id == top)
			return TRI_YES;
		if (!cg || (!cg->parent && (!cg->path || strcmp(cg->path, "/"))))
			return TRI_UNKNOWN;
		if (!cg->parent)
			return TRI_NO;
		id = cg->parent;
	}
	return TRI_UNKNOWN;
}

static const struct kill_level *level_at_limit(const struct kill *k, zt_u64 slack)
{
	const struct kill_level *top = NULL;

	for (unsigned int i = 0; i < k->nlevels; i++)
		if ((k->levels[i].flags & ZT_F_LEVEL_CHAIN) &&
		    (memory_hit(&k->levels[i].mem, slack) || memsw_hit(&k->levels[i].mem, slack)))
			top = &k->levels[i];
	return top;
}

/*
 * Kernels without the v1 controller have no oom_lock: the domain is then the lowest full level that victim
 * and trigger share, which is certain only when no other level is full.
 */
static bool is_guess(const struct kill *k, const struct kill_level *l, zt_u64 slack)
{
	unsigned int full = 0;

	for (unsigned int i = 0; i < k->nlevels; i++)
		full += (k->levels[i].flags & ZT_F_LEVEL_CHAIN) && memory_hit(&k->levels[i].mem, slack);
	return !(l->mem.flags & ZT_F_MEMCG_OOM_LOCKED) && full > 1;
}

/*
 * The count of a level's own OOMs tells as well: the level that was hit has counted this one. One level alone that
 * counted since it was last seen must be it. NULL: several did, none did, it was never seen before (then the count
 * may be an old one), or nothing is counted here (cgroup v1).
 */
static const struct kill_level *counted_level(const struct kill *k)
{
	const struct kill_level *ret = NULL;

	for (unsigned int i = 0; i < k->nlevels; i++) {
		const struct kill_level *l = &k->levels[i];

		if (!(l->flags & ZT_F_LEVEL_CHAIN) || l->mem.limit_bytes == ZT_NO_LIMIT ||
		    l->mem.events_oom_local <= (l->before_known ? l->oom_local_before : 0))
			continue;
		if (ret)
			return NULL;
		ret = l;
	}
	return ret && ret->before_known ? ret : NULL;
}

static void fill_chain(const struct model *m, struct report *r, const struct kill *k, struct incident *i)
{
	for (unsigned int n = 0; n < k->nlevels; n++) {
		const struct kill_level *l = &k->levels[n];
		const char *path = model_cgroup_path(m, l->mem.id);

		if (!(l->flags & ZT_F_LEVEL_CHAIN) || i->limit.nchain == 24)
			continue;
		i->limit.chain[i->limit.nchain++] = (struct chain_level){
			path ? path : say(r, "…/%s", l->name ? l->name : ""), l->mem.limit_bytes,
			l->mem.usage_bytes, l->mem.peak_bytes,
		};
	}
}

static const char *knob(const struct model *m, const struct zt_memcg *c, bool memsw)
{
	if (m->start.cgroup_version == 2 || (!m->start.cgroup_version && !(c->flags & ZT_F_MEMCG_SWAP_INCLUSIVE)))
		return "memory.max";
	if (m->start.cgroup_version == 2)
		return "memory.max";
	return memsw ? "memory.memsw.limit_in_bytes" : "memory.limit_in_bytes";
}

static const char *owner_word(const char *owner)
{
	static const char *const words[][2] = {
		{ "step", N_("the step's own") }, { "builder", N_("the builder's") },
		{ "container", N_("a container's") }, { "slice", N_("a slice's") },
		{ "pod", N_("a pod's") }, { "ci", N_("a CI job's") },
	};

	for (size_t n = 0; n < sizeof(words) / sizeof(words[0]); n++)
		if (!strcmp(words[n][0], owner))
			return _(words[n][1]);
	return NULL;
}

/*
 * What swap had to do with it. The v2 counter is swap alone; v1 counts both together, and without any swap on the
 * host that says nothing more than the memory counter does.
 */
static void say_swap(const struct model *m, struct report *r, const struct kill *k, const struct zt_memcg *c,
		     struct incident *i)
{
	const struct zt_ev_host *h = k->host.h.kind ? &k->host : &m->host;
	bool limited = c->swap_limit_bytes != ZT_NO_LIMIT, both = c->flags & ZT_F_MEMCG_SWAP_INCLUSIVE;

	if (i->limit.swap_inclusive)
		return;
	if (both && limited && h->swap_total_bytes)
		i->used_text = say(r, _("%s; memory and swap %s of %s"), i->used_text,
				   say_bytes(r, c->swap_usage_bytes), say_bytes(r, c->swap_limit_bytes));
	else if (!both && limited && c->swap_limit_bytes && (h->swap_total_bytes || c->swap_usage_bytes))
		i->used_text = say(r, _("%s and %s of %s swap"), i->used_text, say_bytes(r, c->swap_usage_bytes),
				   say_bytes(r, c->swap_limit_bytes));
	else if (!both && limited && !c->swap_limit_bytes && h->swap_total_bytes)
		i->used_text = say(r, _("%s, no swap allowed"), i->used_text);
	else if (!both && c->swap_usage_bytes)
		i->used_text = say(r, _("%s and %s of swap"), i->used_text, say_bytes(r, c->swap_usage_bytes));
}

static void fill_cgroup(const struct model *m, struct report *r, const struct kill *k,
			const struct kill_level *l, zt_u64 slack, struct incident *i)
{
	const char *path = model_cgroup_path(m, l->mem.id), *word;

	i->limit.kind = LIMIT_CGROUP;
	i->limit.cgroup = l->mem.id;
	i->limit.path = path ? path : say(r, "…/%s", l->name ? l->name : "");
	i->limit.swap_inclusive = memsw_hit(&l->mem, slack) && !memory_hit(&l->mem, slack);
	i->limit.bytes = i->limit.swap_inclusive ? l->mem.swap_limit_bytes : l->mem.limit_bytes;
	i->limit.usage_bytes = i->limit.swap_inclusive ? l->mem.swap_usage_bytes : l->mem.usage_bytes;
	i->limit.swap_limit_bytes = l->mem.swap_limit_bytes;
	i->limit.file = knob(m, &l->mem, i->limit.swap_inclusive);
	i->limit.owner = k->step && !k->step->container && step_cgroup(k->step) == l->mem.id ?
				 "step" : cgpath_owner(i->limit.path);
	pod_find(m, r, i->limit.path, &i->limit.pod);
	word = owner_word(i->limit.owner);
	/* a pod's path is longer than a screen is wide, and says less than its name */
	i->limit_text = i->limit.pod.ns ? say(r, _("%s %s on %s"), i->limit.file, say_bytes(r, i->limit.bytes),
					      say_pod(r, &i->limit.pod)) :
			word ? say(r, _("%s %s on %s (%s)"), i->limit.file, say_bytes(r, i->limit.bytes),
				   i->limit.path, word) :
			       say(r, _("%s %s on %s"), i->limit.file, say_bytes(r, i->limit.bytes),
				   i->limit.path);
	i->used_text = say(r, i->limit.swap_inclusive ? _("%s of %s (memory and swap)") : _("%s of %s"),
			   say_bytes(r, i->limit.usage_bytes), say_bytes(r, i->limit.bytes));
	if (k->ev.h.flags & ZT_F_CLAIMED) { /* what it used was read when the victim's was free again */
		i->limit.usage_bytes = i->limit.bytes;
		i->used_text = say(r, _("all of %s: that is when the kernel kills"), say_bytes(r, i->limit.bytes));
		return;
	}
	say_swap(m, r, k, &l->mem, i);
	split_find(k, l, i);
	if (!l->mem.limit_bytes && k->log) { /* the lines that say so were left out */
		i->limit_text = say(r, _("that of %s; how high it is the log does not tell"), i->limit.path);
		i->used_text = _("all of it");
	}
}

static void fill_host_limit(const struct model *m, struct report *r, const struct kill *k, struct incident *i)
{
	const struct zt_ev_host *h = m->host.h.kind ? &m->host : host_of_kill(k);

	i->limit.kind = LIMIT_HOST;
	i->limit.owner = "host";
	i->limit.path = NULL;
	i->limit.bytes = h->h.kind ? h->total_bytes : ZT_NO_LIMIT;
	i->limit.swap_limit_bytes = ZT_NO_LIMIT;
	if (h->h.kind) {
		i->limit.usage_bytes = h->total_bytes;
		i->limit_text = say(r, _("none was set; RAM %s and swap %s were full"),
				    say_bytes(r, h->total_bytes), say_bytes(r, h->swap_total_bytes));
		i->used_text = say(r, _("all of it"));
	} else {
		i->limit_text = _("none was set: the host ran out of memory");
		i->used_text = _("not known");
	}
}

/* Nodes are not named: which ones the mask held is not in the trace. */
static void fill_nodes(struct report *r, const struct kill *k, enum limit_kind kind, struct incident *i)
{
	const char *total = k->ev.total_bytes ? say_bytes(r, k->ev.total_bytes) : NULL;

	i->limit.kind = kind;
	i->limit.bytes = i->limit.swap_limit_bytes = ZT_NO_LIMIT;
	i->limit.file = kind == LIMIT_CPUSET ? "cpuset.mems" : NULL;
	if (kind == LIMIT_CPUSET)
		i->limit_text = total ? say(r, _("cpuset.mems: only some of the memory nodes (%s, swap included)"), total) :
					_("cpuset.mems: only some of the memory nodes");
	else
		i->limit_text = total ? say(r, _("a memory policy: only some of the memory nodes (%s, swap included)"), total) :
					_("a memory policy (mbind, numactl --membind): only some of the memory nodes");
	i->used_text = _("all of these nodes' memory");
}

static void fill_sysrq(struct incident *i)
{
	i->limit.kind = LIMIT_HOST;
	i->limit.owner = "host";
	i->limit.bytes = i->limit.swap_limit_bytes = ZT_NO_LIMIT;
	i->limit_text = _("none was hit: somebody asked for this kill with SysRq-f");
	i->used_text = _("not why it was killed");
}

/*
 * Had the host memory to spare when it killed? By the kernel's counters at the kill, or by what was available right
 * after it without what the victim may have given back by then.
 */
static bool had_to_spare(const struct kill *k)
{
	const struct zt_ev_host *h = host_of_kill(k);
	zt_u64 freed = k->ev.rss.anon_bytes + k->ev.rss.shmem_bytes, spare = h->available_bytes;

	if (!h->h.kind)
		return false;
	if (h->h.flags & ZT_F_HOST_KERNEL)
		return h->free_bytes > h->total_bytes / 4;
	return spare > freed && spare - freed > h->total_bytes / 4;
}

/* Where the kernel's request is not seen: SysRq-f is carried out by a kworker, and asks nobody whether memory is short. */
bool looks_like_sysrq(const struct kill *k)
{
	if (k->ev.h.flags & ZT_F_KILL_DECIDED)
		return k->ev.order == ZT_ORDER_SYSRQ;
	return (k->ev.h.flags & ZT_F_KILL_HOST) && !k->ev.domain && !strncmp(k->ev.comm, "kworker/", 8) &&
	       had_to_spare(k);
}

/* The level as it was last seen, where the kernel side's look at it was lost. */
static const struct kill_level *last_seen(const struct model *m, const struct kill *k, struct kill_level *tmp)
{
	const struct cgroup *cg = model_cgroup(m, k->ev.domain);

	if (!cg || !cg->counted)
		return NULL;
	*tmp = (struct kill_level){ .mem = cg->mem, .name = NULL };
	return tmp;
}

/* What the kernel itself decided by. CONF_UNKNOWN: it did not say, or not what the level was like. */
static enum confidence decided(const struct model *m, struct report *r, const struct kill *k,
			       const struct kill_level *l, struct incident *i)
{
	struct kill_level tmp;

	if (!(k->ev.h.flags & ZT_F_KILL_DECIDED))
		return CONF_UNKNOWN;
	if (k->ev.domain) {
		l = l ? l : last_seen(m, k, &tmp);
		if (l)
			fill_cgroup(m, r, k, l, slack_bytes(m), i);
		return l ? CONF_CONFIRMED : CONF_UNKNOWN;
	}
	switch (k->ev.constraint) {
	case ZT_CONSTRAINT_CPUSET:
	case ZT_CONSTRAINT_MEMPOLICY:
		fill_nodes(r, k, k->ev.constraint == ZT_CONSTRAINT_CPUSET ? LIMIT_CPUSET : LIMIT_MEMPOLICY, i);
		return CONF_CONFIRMED;
	case ZT_CONSTRAINT_MEMCG:
		return CONF_UNKNOWN;
	default:
		break;
	}
	if (k->ev.order == ZT_ORDER_SYSRQ)
		fill_sysrq(i);
	else
		fill_host_limit(m, r, k, i);
	return CONF_CONFIRMED;
}

/*
 * Two tasks in one level's OOM: the second finds oom_lock taken, waits for its turn, and kills when it is free again
 * and the first one's victim has left some room. So nothing is locked and nothing full, and yet it was no host-wide
 * OOM: the host had memory to spare. The fullest limited level that trigger and victim share is the one then.
 */
static const struct kill_level *left_by_another(const struct model *m, const struct kill *k)
{
	const struct kill *w = k->walk ? k->walk : k;
	const struct kill_level *ret = NULL;

	if ((k->ev.h.flags & ZT_F_KILL_DECIDED) || looks_like_sysrq(k) || !had_to_spare(k))
		return NULL;
	for (unsigned int n = 0; n < w->nlevels; n++) {
		const struct kill_level *l = &w->levels[n];

		if (!(l->flags & ZT_F_LEVEL_CHAIN) || l->mem.limit_bytes == ZT_NO_LIMIT ||
		    l->mem.usage_bytes < l->mem.limit_bytes / 2 ||
		    cgroup_below(m, k->ev.h.cgroup, l->mem.id) != TRI_YES)
			continue;
		if (!ret || (double)l->mem.usage_bytes / (double)l->mem.limit_bytes >
				    (double)ret->mem.usage_bytes / (double)ret->mem.limit_bytes)
			ret = l;
	}
	return ret;
}

/* No cgroup's limit: the host, or what the trigger's memory policy left of it. */
static enum confidence no_cgroup(const struct model *m, struct report *r, const struct kill *k, struct incident *i)
{
	switch (k->ev.constraint) {
	case ZT_CONSTRAINT_CPUSET:
	case ZT_CONSTRAINT_MEMPOLICY:
		fill_nodes(r, k, k->ev.constraint == ZT_CONSTRAINT_CPUSET ? LIMIT_CPUSET : LIMIT_MEMPOLICY, i);
		return CONF_LIKELY;
	default:
		break;
	}
	if (looks_like_sysrq(k)) {
		fill_sysrq(i);
		return CONF_LIKELY;
	}
	fill_host_limit(m, r, k, i);
	if (!had_to_spare(k))
		return CONF_CONFIRMED;
	i->limit_text = _("none was set, and the host had memory to spare: a large piece of it may have been missing");
	i->used_text = _("not known");
	return CONF_LIKELY;
}

/* Counts of cgroups alone: the level that counted an OOM of its own, or what none of them counted. */
static enum confidence counted_only(const struct model *m, struct report *r, const struct kill *k,
				    const struct kill_level *l, struct incident *i)
{
	if (l)
		fill_cgroup(m, r, k, l, slack_bytes(m), i);
	else if (k->ev.h.flags & ZT_F_KILL_HOST)
		fill_host_limit(m, r, k, i);
	if (l || (k->ev.h.flags & ZT_F_KILL_HOST))
		return CONF_LIKELY;
	i->limit.kind = LIMIT_NONE;
	i->limit.bytes = i->limit.swap_limit_bytes = ZT_NO_LIMIT;
	i->limit_text = k->ev.h.flags & ZT_F_KILL_OUTSIDE ?
				_("none that can be seen from here: one further up (of the container, the pod, the CI job), or the host") :
				_("not known: the levels' counts do not tell which it was");
	i->used_text = _("not known");
	return CONF_LIKELY;
}

enum confidence limit_find(const struct model *m, struct report *r, const struct kill *k, struct incident *i)
{
	const struct kill *w = k;
	zt_u64 slack = slack_bytes(m);
	const struct kill_level *l = level_of(w, k->ev.domain), *hit, *counted;
	enum confidence conf;

	if (!l && k->walk != k)
		l = level_of(w = k->walk, k->ev.domain);
	fill_chain(m, r, w, i);
	if (k->ev.h.flags & ZT_F_CLAIMED)
		return counted_only(m, r, k, l, i);
	conf = decided(m, r, k, l, i);
	if (conf != CONF_UNKNOWN)
		return conf;
	hit = level_at_limit(w, slack);
	counted = counted_level(w);
	if (counted && !(l && (l->mem.flags & ZT_F_MEMCG_OOM_LOCKED))) {
		fill_cgroup(m, r, k, counted, slack, i);
		return counted == l || memory_hit(&counted->mem, slack) ? CONF_CONFIRMED : CONF_LIKELY;
	}
	/* Below its limit again when several processes die at once; no other level is at its own then. */
	if (l && (memory_hit(&l->mem, slack) || memsw_hit(&l->mem, slack) ||
		  (!hit && l->mem.limit_bytes != ZT_NO_LIMIT))) {
		fill_cgroup(m, r, k, l, slack, i);
		return is_guess(w, l, slack) ? CONF_LIKELY : CONF_CONFIRMED;
	}
	/*
	 * Two OOMs in nested domains can each find the other's oom_lock (mem_cgroup_oom_trylock): then the
	 * counters decide, and that is less than certain.
	 */
	if (hit && (l || m->host.available_bytes > m->host.total_bytes / 10)) {
		fill_cgroup(m, r, k, hit, slack, i);
		return CONF_LIKELY;
	}
	l = left_by_another(m, k);
	if (l) {
		fill_cgroup(m, r, k, l, slack, i);
		return CONF_LIKELY;
	}
	if (k->ev.h.flags & ZT_F_KILL_HOST)
		return no_cgroup(m, r, k, i);
	i->limit.kind = LIMIT_NONE;
	i->limit.bytes = i->limit.swap_limit_bytes = ZT_NO_LIMIT;
	i->limit_text = k->log ? _("some memory cgroup's: the log has not the line that tells which") :
				 _("not known: what the kernel side saw of the limits was lost");
	i->used_text = _("not known");
	return CONF_UNKNOWN;
}
