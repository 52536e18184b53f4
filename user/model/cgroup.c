/* SPDX-License-Identifier: GPL-2.0 */
/* Memory cgroups, and the memory of the host. */
#include <string.h>

#include "model/apply.h"
#include "trace/event.h"

struct cgroup *model_cgroup(const struct model *m, zt_u64 id)
{
	struct cgroup *cg;

	HASH_FIND(hh, m->cgroups, &id, sizeof(id), cg);
	return cg;
}

struct cgroup *cgroup_get(struct model *m, zt_u64 id)
{
	struct cgroup *cg = model_cgroup(m, id);

	if (cg || !id)
		return cg;
	cg = slab_get(&m->cgroup_slab);
	if (!cg) {
		model_lose(m);
		return NULL;
	}
	cg->id = id;
	HASH_ADD(hh, m->cgroups, id, sizeof(cg->id), cg);
	if (!cg->hh.tbl) {
		slab_put(&m->cgroup_slab, cg);
		model_lose(m);
		return NULL;
	}
	return cg;
}

int apply_cgroup(struct model *m, const struct zt_ev *ev)
{
	const struct zt_ev_cgroup *e = (const void *)ev;
	struct cgroup *cg = cgroup_get(m, e->mem.id);
	const char *s[1];

	if (!cg || ev_tail_strings(ev, s, 1) != 1)
		return 0;
	if (cg->removed_ns && !cg->step) { /* the id was used again */
		cg->removed_ns = 0;
		cg->path = NULL;
	}
	if (!(ev->flags & ZT_F_CGROUP_SNAPSHOT))
		cg->made_ns = ev->ts_ns;
	cg->mem = e->mem;
	cg->counted = !(ev->flags & ZT_F_CGROUP_SNAPSHOT);
	cg->parent = e->mem.parent;
	if (!cg->path)
		cg->path = arena_strdup(&m->arena, s[0]);
	scope_see_cgroup(m, cg);
	return 0;
}

int apply_attach(struct model *m, const struct zt_ev *ev)
{
	const struct zt_ev_attach *e = (const void *)ev;
	struct proc *p = proc_get(m, &e->target);

	if (p) {
		p->cgroup = e->target_cgroup;
		scope_see_proc(m, p);
	}
	return 0;
}

/* What the step's own cgroup says of its waiting for memory; these only grow. */
void step_throttled(struct step *s, const struct zt_memcg *mem)
{
	s->high_bytes = mem->high_bytes;
	s->high_events = mem->events_high;
	s->pressure_ns = mem->pressure_ns;
}

/* The last look at a step's cgroup is exact: limits are written after mkdir, peaks only grow. */
int apply_rmdir(struct model *m, const struct zt_ev *ev)
{
	const struct zt_ev_rmdir *e = (const void *)ev;
	struct cgroup *cg = cgroup_get(m, e->mem.id);
	struct step *st;

	if (!cg)
		return 0;
	cg->mem = e->mem;
	cg->counted = true;
	cg->removed_ns = ev->ts_ns;
	st = cg->step;
	if (st) {
		st->ended_ns = ev->ts_ns;
		st->peak_bytes = e->mem.peak_bytes;
		st->limit_bytes = e->mem.limit_bytes;
		step_throttled(st, &e->mem);
	} else if (!cg->pinned) {
		HASH_DEL(m->cgroups, cg);
		slab_put(&m->cgroup_slab, cg);
	}
	return 0;
}

int apply_host(struct model *m, const struct zt_ev *ev)
{
	if (ev->flags & ZT_F_HOST_KERNEL) { /* lacks some numbers, but none of the victim's memory is gone */
		for (struct kill *k = m->kills; k; k = k->next)
			if (!k->complete && !k->host_at.h.kind)
				memcpy(&k->host_at, ev, sizeof(k->host_at));
		return 0;
	}
	memcpy(&m->host, ev, sizeof(m->host));
	refusals_see_host(m, &m->host);
	if (!(ev->flags & ZT_F_HOST_AT_KILL))
		return 0;
	for (struct kill *k = m->kills; k; k = k->next)
		if (!k->host.h.kind)
			memcpy(&k->host, ev, sizeof(k->host));
	return 0;
}

int apply_memstat(struct model *m, const struct zt_ev *ev)
{
	for (struct kill *k = m->kills; k; k = k->next)
		if (!k->memstat.h.kind && (k->ev.domain == ev->cgroup || k->ev.victim_cgroup == ev->cgroup))
			memcpy(&k->memstat, ev, sizeof(k->memstat));
	return 0;
}

struct step *model_step_of_cgroup(const struct model *m, zt_u64 id)
{
	for (int depth = 0; id && depth < 64; depth++) {
		const struct cgroup *cg = model_cgroup(m, id);

		if (!cg)
			return NULL;
		if (cg->step)
			return cg->step;
		id = cg->parent;
	}
	return NULL;
}

const char *model_cgroup_path(const struct model *m, zt_u64 id)
{
	const struct cgroup *cg = model_cgroup(m, id);

	return cg ? cg->path : NULL;
}
