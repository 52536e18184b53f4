/* SPDX-License-Identifier: GPL-2.0 */
/* Processes: who begot whom, what they ran, how they ended, and who sent them signals. */
#include <string.h>

#include "model/apply.h"
#include "trace/event.h"

/* /proc knows start times to the clock tick only (10 ms); ids from there meet exact ones. */
#define START_SLACK_NS 20000000ull
#define EXITED_KEEP 4096

static bool same_start(zt_u64 a, zt_u64 b)
{
	return !a || !b || (a > b ? a - b : b - a) <= START_SLACK_NS;
}

struct proc *model_proc(const struct model *m, const struct zt_id *id)
{
	struct proc *p;

	HASH_FIND(hh, m->procs, &id->tgid, sizeof(id->tgid), p);
	return p && same_start(p->id.start_ns, id->start_ns) ? p : NULL;
}

static void set_parent(struct proc *p, struct proc *parent)
{
	if (p->parent == parent || p == parent)
		return;
	if (p->parent)
		p->parent->children--;
	p->parent = parent;
	if (parent)
		parent->children++;
}

static void unhash(struct model *m, struct proc *p)
{
	struct proc *q;

	HASH_FIND(hh, m->procs, &p->id.tgid, sizeof(p->id.tgid), q);
	if (q == p)
		HASH_DEL(m->procs, p);
}

/* Give back the longest-dead processes that nothing refers to. */
static void recycle(struct model *m)
{
	unsigned int look = m->nexited;

	while (m->nexited > EXITED_KEEP && look--) {
		struct proc *p = m->exited;

		m->exited = p->next_exited;
		if (!m->exited)
			m->exited_tail = &m->exited;
		p->next_exited = NULL;
		m->nexited--;
		if (p->pins)
			continue; /* for as long as the model lives */
		if (p->children) {
			*m->exited_tail = p;
			m->exited_tail = &p->next_exited;
			m->nexited++;
			continue;
		}
		set_parent(p, NULL);
		unhash(m, p);
		slab_put(&m->proc_slab, p);
	}
}

struct proc *proc_get(struct model *m, const struct zt_id *id)
{
	struct proc *p = model_proc(m, id), *old;

	if (p) {
		if (id->start_ns && id->start_ns != p->id.start_ns && !p->fork_ns)
			p->id.start_ns = id->start_ns; /* the kernel's is exact */
		return p;
	}
	if (!id->tgid)
		return NULL;
	HASH_FIND(hh, m->procs, &id->tgid, sizeof(id->tgid), old);
	if (old) { /* the pid was used again; its exit was lost if exit_ns is 0 */
		HASH_DEL(m->procs, old);
		if (!old->exit_ns) {
			*m->exited_tail = old;
			m->exited_tail = &old->next_exited;
			m->nexited++;
		}
	}
	p = slab_get(&m->proc_slab);
	if (!p) {
		model_lose(m);
		return NULL;
	}
	p->id = *id;
	p->id.tid = id->tgid;
	HASH_ADD(hh, m->procs, id.tgid, sizeof(p->id.tgid), p);
	if (!p->hh.tbl) { /* uthash had no memory */
		slab_put(&m->proc_slab, p);
		model_lose(m);
		return NULL;
	}
	return p;
}

void proc_pin(struct proc *p)
{
	for (int depth = 0; p && depth < 64; depth++, p = p->parent)
		p->pins++;
}

static void set_argv(struct proc *p, const char *argv, size_t len)
{
	p->argv_bytes = len < sizeof(p->argv) ? (zt_u32)len : sizeof(p->argv) - 1;
	memcpy(p->argv, argv, p->argv_bytes);
	p->argv[p->argv_bytes] = 0;
}

/* Of the whole command line: a class path is longer than what is kept. Words that are cut set nothing. */
static void set_heap(struct proc *p, const char *argv, size_t len)
{
	while (len && argv[len - 1])
		len--;
	heap_parse(argv, len, &p->heap);
}

int apply_fork(struct model *m, const struct zt_ev *ev)
{
	const struct zt_ev_fork *e = (const void *)ev;
	struct proc *parent = proc_get(m, &ev->who), *p = proc_get(m, &e->child);

	if (parent) {
		parent->cgroup = ev->cgroup;
		parent->last_fork_ns = ev->ts_ns;
	}
	if (!p)
		return 0;
	p->fork_ns = ev->ts_ns;
	p->cgroup = ev->cgroup;
	if (parent) {
		set_parent(p, parent);
		p->oom_score_adj = parent->oom_score_adj;
		memcpy(p->comm, parent->comm, sizeof(p->comm));
		set_argv(p, parent->argv, parent->argv_bytes);
		p->heap = parent->heap;
		p->label = parent->label;
	}
	scope_see_proc(m, p);
	return 0;
}

int apply_exec(struct model *m, const struct zt_ev *ev)
{
	const struct zt_ev_exec *e = (const void *)ev;
	struct proc *p = proc_get(m, &ev->who);
	size_t len;
	const char *argv = ev_tail(ev, &len);

	if (!p)
		return 0;
	p->cgroup = ev->cgroup;
	p->exec_ns = ev->ts_ns;
	p->oom_score_adj = e->oom_score_adj;
	memcpy(p->comm, e->comm, sizeof(p->comm));
	p->client_argv = p->endpoint = NULL;
	set_argv(p, argv, len);
	set_heap(p, argv, len);
	label_find(argv, len, &p->label, NULL);
	if (ev->flags & ZT_F_CLAIMED && p->parent) /* tells where it is when that differs */
		memcpy(p->label.place, p->parent->label.place, sizeof(p->label.place));
	scope_see_proc(m, p); /* before it has another parent */
	if (e->parent.tgid) {
		struct proc *parent = proc_get(m, &e->parent);

		p->adopted = p->fork_ns && p->parent != parent;
		set_parent(p, parent);
	}
	return 0;
}

int apply_proc(struct model *m, const struct zt_ev *ev)
{
	const struct zt_ev_proc *e = (const void *)ev;
	struct proc *p = proc_get(m, &ev->who);
	size_t len;
	const char *argv = ev_tail(ev, &len);

	if (!p || p->exec_ns || p->fork_ns) /* seen at work already: that is newer */
		return 0;
	p->cgroup = ev->cgroup;
	p->oom_score_adj = e->oom_score_adj;
	memcpy(p->comm, e->comm, sizeof(p->comm));
	set_argv(p, argv, len);
	set_heap(p, argv, len);
	label_find(argv, len, &p->label, NULL);
	if (e->parent.tgid)
		set_parent(p, proc_get(m, &e->parent));
	scope_see_proc(m, p);
	return 0;
}

int apply_exit(struct model *m, const struct zt_ev *ev)
{
	const struct zt_ev_exit *e = (const void *)ev;
	struct proc *p = proc_get(m, &ev->who);

	if (!p || p->exit_ns)
		return 0;
	p->cgroup = ev->cgroup;
	scope_see_proc(m, p);
	p->exit_ns = ev->ts_ns;
	p->exit_code = e->exit_code;
	p->oom_victim = ev->flags & ZT_F_EXIT_OOM_VICTIM;
	p->claimed = ev->flags & ZT_F_CLAIMED;
	if (!(ev->flags & ZT_F_EXIT_PEAK_BOUND))
		p->peak_rss_bytes = e->peak_rss_bytes;
	memcpy(p->comm, e->comm, sizeof(p->comm));
	if (p->step && p->step->entry == p) {
		p->step->exited = true;
		p->step->exit_code = e->exit_code;
		if (!p->step->cgroup)
			p->step->ended_ns = ev->ts_ns;
	}
	for (struct build *b = p->client && p->client->client == p ? p->client : NULL; b; b = model_build_of(m, p, b))
		b->ended_ns = ev->ts_ns;
	p->next_exited = NULL;
	*m->exited_tail = p;
	m->exited_tail = &p->next_exited;
	m->nexited++;
	recycle(m);
	return 0;
}

int apply_rootfs(struct model *m, const struct zt_ev *ev)
{
	struct cgroup *cg = ev->cgroup ? cgroup_get(m, ev->cgroup) : NULL;
	const char *s[2];

	if (ev_tail_strings(ev, s, 2) != 2 || !cg || !cg->step || cg->step->upperdir || !*s[1])
		return 0;
	if (cg->step->entry && cg->step->entry->id.tgid == ev->who.tgid) {
		cg->step->upperdir = arena_strdup(&m->arena, s[1]);
		cg->step->nlower = ((const struct zt_ev_rootfs *)(const void *)ev)->nlower;
	}
	return 0;
}

int apply_signal(struct model *m, const struct zt_ev *ev)
{
	const struct zt_ev_signal *e = (const void *)ev;
	struct sig *s = &m->sigs[m->nsigs++ % SIGS_MAX];

	memcpy(&s->ev, e, sizeof(s->ev));
	s->sender = proc_get(m, &ev->who);
	s->target = proc_get(m, &e->target);
	if (s->sender && e->sender_parent.tgid && !s->sender->parent)
		set_parent(s->sender, proc_get(m, &e->sender_parent));
	if (s->sender && !s->sender->comm[0])
		memcpy(s->sender->comm, e->comm, sizeof(e->comm));
	if (s->target && !s->target->comm[0])
		memcpy(s->target->comm, e->target_comm, sizeof(e->target_comm));
	proc_pin(s->sender);
	proc_pin(s->target);
	return 0;
}

int apply_child(struct model *m, const struct zt_ev *ev)
{
	const struct zt_ev_child *e = (const void *)ev;

	if (ev->flags & ZT_F_CHILD_STARTED) {
		m->child = proc_get(m, &ev->who);
		proc_pin(m->child);
	}
	if (ev->flags & ZT_F_CHILD_EXITED) {
		m->child_exited = true;
		m->child_status = e->status;
		if (m->child && !m->child->exit_ns) { /* nothing else told of it */
			m->child->exit_ns = ev->ts_ns;
			m->child->exit_code = e->status;
			m->child->claimed = true;
		}
	}
	return 0;
}

bool model_is_below(const struct proc *p, const struct proc *ancestor)
{
	for (int depth = 0; p && depth < 256; depth++, p = p->parent)
		if (p == ancestor)
			return true;
	return false;
}
