/* SPDX-License-Identifier: GPL-2.0 */
/* Who held the memory of the level that was hit, at that instant. */
#include <stdlib.h>
#include <string.h>

#include "builder/cgpath.h"
#include "builder/dockerfile.h"
#include "diagnose/internal.h"

#define TABLE_MAX 300

struct table {
	zt_u64 domain; /* the level that was hit; 0: the host */
	struct holder h[TABLE_MAX];
	struct group doing[TABLE_MAX]; /* of the processes of each row */
	unsigned int n;
	struct host_named named; /* what the rows hold */
};

static struct holder *row(struct table *t, enum holder_kind kind, const char *name)
{
	for (unsigned int i = 0; i < t->n; i++)
		if (t->h[i].kind == kind && !strcmp(t->h[i].name, name))
			return &t->h[i];
	if (t->n == TABLE_MAX)
		return NULL;
	t->h[t->n] = (struct holder){ .kind = kind, .name = name };
	t->doing[t->n] = (struct group){ .n = 0 };
	return &t->h[t->n++];
}

/* Private memory only: shared pages are not counted once a process. */
static zt_u64 add_task(const struct kill_task *k, struct table *t)
{
	struct holder *h = row(t, HOLD_PROCESS, k->comm);

	if (!h)
		return 0;
	h->bytes += k->rss.anon_bytes;
	h->count++;
	group_add(&t->doing[h - t->h], k);
	return k->rss.anon_bytes;
}

/* Another build's step carries the name of its Dockerfile, for the numbers alone may be the same. */
static const char *step_title(struct report *r, const struct step *s, const struct incident *i)
{
	const char *text = s->container ? NULL : s->text, *name = say_step(r, s);

	if (s->build && s->build != i->build && s->build->dockerfile_path && !s->build->service)
		/* numbered, for it is another sentence than "2 GiB of 2 GiB" */
		name = say(r, _("%1$s of %2$s"), name, s->build->dockerfile_path);
	return text ? say(r, "%s: %.160s", name, say_folded(r, text)) : name;
}

/* The step whose cgroup that was at the kill; a finished one's lingers among its siblings for a while. */
static const struct step *step_at(const struct model *m, const struct kill *w, zt_u64 id)
{
	const struct cgroup *cg = model_cgroup(m, id);

	return cg && (!cg->removed_ns || cg->removed_ns > w->ev.h.ts_ns) ? cg->step : NULL;
}

/* Does a level below this one belong to a step? Then that one is named and not this. */
static bool holds_steps(const struct model *m, const struct kill *w, zt_u64 id)
{
	for (unsigned int i = 0; i < w->nlevels; i++) {
		zt_u64 p = w->levels[i].mem.id;

		if (!(w->levels[i].flags & ZT_F_LEVEL_MEMBER) || p == id || !step_at(m, w, p))
			continue;
		for (int depth = 0; p && depth < 32; depth++) {
			const struct cgroup *cg = model_cgroup(m, p);

			p = cg ? cg->parent : 0;
			if (p == id)
				return true;
		}
	}
	return false;
}

static bool names_container(const char *path)
{
	enum cgpath_kind kind = cgpath_level(path).kind;

	return kind == CGPATH_DOCKER_CONTAINER || kind == CGPATH_POD_CONTAINER;
}

static bool is_container(const struct model *m, zt_u64 id)
{
	const char *path = model_cgroup_path(m, id);

	return path && names_container(path);
}

/*
 * Is that level, itself, told as a holder? In a limited level all but those that only hold steps; on the host
 * steps and containers: the name of a service's process says more there than the slice it is in.
 */
static bool is_named(const struct model *m, const struct kill *w, const struct table *t, zt_u64 id)
{
	if (step_at(m, w, id))
		return true;
	return t->domain ? !holds_steps(m, w, id) : is_container(m, id);
}

/* The kernel side walks all of the host when it could not tell the level: there are others besides it then. */
static bool below_domain(const struct model *m, const struct table *t, zt_u64 id)
{
	if (!t->domain)
		return true;
	for (int depth = 0; id && depth < 64; depth++) {
		const struct cgroup *cg = model_cgroup(m, id);

		if (id == t->domain || !cg)
			return true;
		id = cg->parent;
	}
	return false;
}

/* Is one of the levels from `id` up to the domain told? */
static bool inside_named(const struct model *m, const struct kill *w, const struct table *t, zt_u64 id)
{
	for (int depth = 0; id && id != t->domain && depth < 32; depth++) {
		const struct cgroup *cg = model_cgroup(m, id);

		if (is_named(m, w, t, id))
			return true;
		id = cg ? cg->parent : 0;
	}
	return false;
}

/* A member's page cache, tmpfs and kernel memory are in the host's numbers, too. */
static void add_named(const struct zt_memcg *c, struct host_named *n)
{
	n->bytes += c->usage_bytes;
	if (!(c->flags & ZT_F_MEMCG_STATS))
		return;
	n->shmem_bytes += c->shmem_bytes;
	n->file_bytes += c->file_bytes > c->shmem_bytes ? c->file_bytes - c->shmem_bytes : 0;
	n->kernel_bytes += c->kernel_bytes;
}

static void add_members(const struct model *m, struct report *r, const struct kill *w, const struct incident *inc,
			struct table *t)
{
	for (unsigned int i = 0; i < w->nlevels; i++) {
		const struct kill_level *l = &w->levels[i];
		const struct step *s = step_at(m, w, l->mem.id);
		const char *path = model_cgroup_path(m, l->mem.id);
		struct holder *h;
		struct pod pod;

		if (!(l->flags & ZT_F_LEVEL_MEMBER) || !l->mem.usage_bytes)
			continue;
		if (l->mem.id == t->domain || !below_domain(m, t, l->mem.id))
			continue;
		if (!is_named(m, w, t, l->mem.id) || inside_named(m, w, t, l->mem.parent))
			continue;
		if (!s && l->mem.usage_bytes < (1u << 20))
			continue; /* dying or empty */
		path = path ? path : say(r, "…/%s", l->name ? l->name : "");
		h = row(t, s && !s->container ? HOLD_STEP :
			   names_container(path) ? HOLD_CONTAINER : HOLD_OTHER,
			s && !s->container ? s->id : path);
		if (!h)
			break;
		h->bytes = l->mem.usage_bytes;
		h->step = s && !s->container ? s : NULL;
		h->title = s ? step_title(r, s, inc) : pod_find(m, r, path, &pod) ? say_pod(r, &pod) : path;
		add_named(&l->mem, &t->named);
	}
}

/* The processes that are in no member: all of them when the level has none. */
static void add_outside(const struct model *m, const struct kill *w, struct table *t)
{
	bool all = !t->n;

	for (unsigned int i = 0; i < w->ntasks; i++)
		if (below_domain(m, t, w->tasks[i].cgroup) && (all || !inside_named(m, w, t, w->tasks[i].cgroup)))
			t->named.bytes += add_task(&w->tasks[i], t);
}

static int by_bytes(const void *a, const void *b)
{
	const struct holder *x = a, *y = b;

	return x->bytes < y->bytes ? 1 : x->bytes > y->bytes ? -1 : 0;
}

static const struct kill_level *domain_of(const struct kill *w, zt_u64 domain)
{
	for (unsigned int i = 0; i < w->nlevels; i++)
		if ((w->levels[i].flags & ZT_F_LEVEL_CHAIN) && w->levels[i].mem.id == domain)
			return &w->levels[i];
	return NULL;
}

/* The kernel's, or the level that limit_find chose by the counters */
static zt_u64 domain_id(const struct model *m, const struct kill *w, const struct incident *i)
{
	if (w->ev.domain || i->limit.kind != LIMIT_CGROUP)
		return w->ev.domain;
	for (unsigned int n = 0; n < w->nlevels; n++) {
		const char *path = model_cgroup_path(m, w->levels[n].mem.id);

		if ((w->levels[n].flags & ZT_F_LEVEL_CHAIN) && path && !strcmp(path, i->limit.path))
			return w->levels[n].mem.id;
	}
	return 0;
}

static void add_kind(struct table *t, enum holder_kind kind, const char *name, const char *title, zt_u64 bytes,
		     zt_u64 *rest)
{
	zt_u64 left = bytes < *rest ? bytes : *rest;
	struct holder *h = left > *rest / 50 && left > (1u << 20) ? row(t, kind, name) : NULL;

	if (!h)
		return;
	h->title = title;
	h->bytes = left;
	*rest -= left;
}

static zt_u64 less(zt_u64 a, zt_u64 b)
{
	return a > b ? a - b : 0;
}

static zt_u64 more(zt_u64 a, zt_u64 b)
{
	return a > b ? a : b;
}

/* What is charged to the level but to no process or member of it: tmpfs, files in memory, the kernel's own. */
static void add_rest(const struct kill *w, const struct kill_level *d, const struct host_named *named, struct table *t)
{
	zt_u64 rest = less(d->mem.usage_bytes, named->bytes);
	/*
	 * The level's own numbers are summed up lazily and miss what was charged in the last moment; reading memory.stat
	 * sums them up, but a moment after the kill. What neither has seen go was there.
	 */
	bool stats = d->mem.flags & ZT_F_MEMCG_STATS;
	zt_u64 shmem = more(stats ? d->mem.shmem_bytes : 0, w->memstat.shmem_bytes);
	zt_u64 file = more(stats ? less(d->mem.file_bytes, d->mem.shmem_bytes) : 0, w->memstat.file_bytes);
	zt_u64 kernel = w->memstat.kernel_bytes ? w->memstat.kernel_bytes : d->mem.kernel_bytes;

	add_kind(t, HOLD_TMPFS, "tmpfs", _("files in tmpfs or /dev/shm"), less(shmem, named->shmem_bytes), &rest);
	add_kind(t, HOLD_PAGE_CACHE, "page_cache", _("page cache"), less(file, named->file_bytes), &rest);
	add_kind(t, HOLD_KERNEL, "kernel", _("kernel memory"), less(kernel, named->kernel_bytes), &rest);
	if (rest > d->mem.usage_bytes / 20)
		add_kind(t, HOLD_OTHER, "rest", _("page cache, tmpfs and kernel memory"), rest, &rest);
}

static void add_host_row(struct table *t, enum holder_kind kind, const char *name, const char *title, zt_u64 bytes,
			 const struct zt_ev_host *e)
{
	struct holder *h = bytes > e->total_bytes / 100 ? row(t, kind, name) : NULL;

	if (!h)
		return;
	h->title = title;
	h->bytes = bytes;
}

/* The host's memory that is in no process and no member. */
static void add_host_rest(const struct zt_ev_host *e, struct table *t)
{
	struct host_split s;

	if (!e->h.kind)
		return;
	host_split(e, &t->named, &s);
	add_host_row(t, HOLD_TMPFS, "tmpfs", _("files in tmpfs or /dev/shm"), s.tmpfs_bytes, e);
	add_host_row(t, HOLD_PAGE_CACHE, "page_cache", _("page cache"), s.cache_bytes, e);
	add_host_row(t, HOLD_KERNEL, "kernel", _("kernel memory"), s.kernel_bytes, e);
	add_host_row(t, HOLD_OTHER, "rest", _("nobody's: drivers and pages on their way"), s.rest_bytes, e);
}

/* One step held it all: what of it is files and the kernel's, the rest being its processes. */
static void split_step(const struct kill *w, const struct kill_level *d, struct table *t)
{
	struct host_named mine = { 0 };

	for (unsigned int n = 0; n < w->ntasks; n++)
		if (w->tasks[n].cgroup == step_cgroup(t->h[0].step))
			mine.bytes += w->tasks[n].rss.anon_bytes;
	if (!d || !mine.bytes)
		return;
	add_rest(w, d, &mine, t);
	for (unsigned int n = 1; n < t->n; n++)
		t->h[0].bytes -= t->h[n].bytes < t->h[0].bytes ? t->h[n].bytes : t->h[0].bytes;
}

/* Before the rows are sorted */
static void say_rows_doing(struct report *r, struct table *t)
{
	for (unsigned int n = 0; n < t->n; n++)
		t->h[n].label = say_group_doing(r, &t->doing[n]);
}

/* The processes of the step that died (of the whole level when it has no steps), largest kind first. */
static void inside_find(struct report *r, const struct kill *w, zt_u64 cgroup, struct table *t, struct incident *i)
{
	t->n = 0;
	for (unsigned int n = 0; n < w->ntasks; n++)
		if (w->tasks[n].cgroup == cgroup)
			add_task(&w->tasks[n], t);
	say_rows_doing(r, t);
	qsort(t->h, t->n, sizeof(t->h[0]), by_bytes);
	for (unsigned int n = 0; n < t->n && t->h[n].bytes && i->ninside < INSIDE_MAX; n++)
		i->inside[i->ninside++] = t->h[n];
}

void holders_find(const struct model *m, struct report *r, const struct kill *k, struct incident *i)
{
	struct table *t = calloc(1, sizeof(*t));
	const struct kill *w = k->walk;
	const struct kill_level *d;

	if (!t)
		return;
	t->domain = domain_id(m, w, i);
	d = domain_of(w, t->domain);
	add_members(m, r, w, i, t);
	add_outside(m, w, t);
	if (t->n == 1 && t->h[0].kind == HOLD_STEP)
		split_step(w, d, t);
	else if (d)
		add_rest(w, d, &t->named, t);
	if (i->limit.kind == LIMIT_HOST) {
		add_host_rest(host_of_kill(k), t);
		host_notes(m, r, k, t->h, t->n, i);
	}
	say_rows_doing(r, t);
	qsort(t->h, t->n, sizeof(t->h[0]), by_bytes);
	for (unsigned int n = 0; n < t->n && i->nholders < HOLDERS_MAX; n++)
		if (t->h[n].bytes)
			i->holders[i->nholders++] = t->h[n];
	if (i->step && i->step == k->step)
		inside_find(r, w, step_cgroup(i->step), t, i);
	free(t);
}
