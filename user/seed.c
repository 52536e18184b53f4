/* SPDX-License-Identifier: GPL-2.0 */
#include "seed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "seed_event.h"

enum what { CGROUP, PROC, EXEC, EXIT, RMDIR };

struct item {
	zt_u64 ts_ns;
	enum what what;
	unsigned int nr; /* of those of one time the first comes first */
	const void *of;
};

struct seed {
	const struct model *m;
	const struct seed_opts *o;
	zt_u64 from_ns, builds_ns;
	struct item *items;
	size_t n, cap;
};

static void add(struct seed *s, enum what what, zt_u64 ts_ns, const void *of)
{
	if (s->n == s->cap)
		return;
	s->items[s->n] = (struct item){ ts_ns, what, (unsigned int)s->n, of };
	s->n++;
}

/* Running, or one that builds under way may have run: what they ran before tells whose the next is. */
static bool is_wanted(const struct seed *s, const struct step *st)
{
	return st->entry && st->argv && (!st->ended_ns || st->started_ns >= s->builds_ns);
}

static zt_u64 least(zt_u64 a, zt_u64 b)
{
	return a < b ? a : b;
}

static zt_u64 clamp(const struct seed *s, zt_u64 ts_ns)
{
	return ts_ns > s->from_ns ? ts_ns : s->from_ns;
}

static void find_start(struct seed *s)
{
	s->builds_ns = s->m->now_ns;
	for (const struct build *b = s->m->builds; b; b = b->next)
		if (!b->ended_ns)
			s->builds_ns = least(s->builds_ns, b->started_ns);
	s->from_ns = s->builds_ns;
	for (const struct step *st = s->m->steps; st; st = st->next)
		if (is_wanted(s, st))
			s->from_ns = least(s->from_ns, st->started_ns);
}

static void add_cgroups(struct seed *s)
{
	const struct seed_opts *o = s->o;
	struct cgroup *cg, *tmp;

	HASH_ITER(hh, s->m->cgroups, cg, tmp) {
		bool wanted = cg->step && is_wanted(s, cg->step);

		if (!cg->path || (cg->removed_ns && !wanted) ||
		    (!cg->removed_ns && o && o->there && !o->there(o->ctx, cg)))
			continue;
		add(s, CGROUP, clamp(s, cg->made_ns), cg);
		if (cg->removed_ns)
			add(s, RMDIR, clamp(s, cg->removed_ns), cg);
	}
}

/* Its pid has not become another's. */
static bool is_named(const struct model *m, const struct proc *p)
{
	return model_proc(m, &p->id) == p;
}

/* Dead, and yet of use: as a parent, or as the client of a build that ran beside one that still does. */
static bool is_remembered(const struct seed *s, const struct proc *p)
{
	return p->children || (p->client && p->client->ended_ns >= s->builds_ns);
}

/* A build begins when its client is told. */
static zt_u64 born(const struct proc *p)
{
	return p->client ? p->client->started_ns : p->fork_ns ?: p->exec_ns;
}

static void add_procs(struct seed *s)
{
	const struct seed_opts *o = s->o;
	struct proc *p, *tmp;

	HASH_ITER(hh, s->m->procs, p, tmp) {
		if (p->exit_ns ? !is_remembered(s, p) : o && o->alive && !o->alive(o->ctx, p))
			continue;
		add(s, PROC, clamp(s, born(p)), p);
		if (p->exit_ns)
			add(s, EXIT, clamp(s, p->exit_ns), p);
	}
}

static void add_steps(struct seed *s)
{
	for (const struct step *st = s->m->steps; st; st = st->next) {
		if (!is_wanted(s, st))
			continue;
		add(s, EXEC, clamp(s, st->started_ns), st);
		if (st->entry->exit_ns && !st->entry->children)
			add(s, EXIT, clamp(s, st->entry->exit_ns), st->entry);
	}
}

static int by_time(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->ts_ns != y->ts_ns)
		return x->ts_ns < y->ts_ns ? -1 : 1;
	if (x->what != y->what)
		return x->what < y->what ? -1 : 1;
	return x->nr < y->nr ? -1 : 1;
}

struct seed *seed_new(const struct model *m, const struct seed_opts *o, zt_u64 *ret_from_ns)
{
	struct seed *s = calloc(1, sizeof(*s));
	size_t steps = 0;

	if (!s)
		return NULL;
	for (const struct step *st = m->steps; st; st = st->next)
		steps++;
	s->m = m;
	s->o = o;
	s->cap = 2 * (HASH_COUNT(m->cgroups) + HASH_COUNT(m->procs) + steps) + 1;
	s->items = calloc(s->cap, sizeof(*s->items));
	if (!s->items) {
		free(s);
		return NULL;
	}
	find_start(s);
	add_cgroups(s);
	add_procs(s);
	add_steps(s);
	qsort(s->items, s->n, sizeof(*s->items), by_time);
	*ret_from_ns = s->from_ns;
	return s;
}

void seed_free(struct seed *s)
{
	if (s)
		free(s->items);
	free(s);
}

static const struct proc *named_parent(const struct model *m, const struct proc *p)
{
	return p->parent && is_named(m, p->parent) ? p->parent : NULL;
}

/* A client is told with what it builds: then its plugins are known for what they are. */
static int tell_proc(struct seed_event *e, const struct model *m, const struct proc *p, zt_u64 ts_ns)
{
	int err = seed_proc(e, p, named_parent(m, p), ts_ns);

	if (!err)
		err = seed_client_env(e, p, ts_ns);
	for (const struct build *b = NULL; !err && (b = model_build_of(m, p, b));) {
		if (b->number)
			err = seed_service(e, b, ts_ns);
		if (!err)
			err = seed_file(e, b, ts_ns);
	}
	return err;
}

static int tell(struct seed_event *e, const struct seed *s, const struct item *i)
{
	const struct step *st = i->of;

	switch (i->what) {
	case CGROUP:
		return seed_cgroup(e, i->of, i->ts_ns);
	case PROC:
		return tell_proc(e, s->m, i->of, i->ts_ns);
	case EXEC:
		return seed_step(e, st, named_parent(s->m, st->entry), i->ts_ns);
	case EXIT:
		return seed_exit(e, i->of, i->ts_ns);
	default:
		return seed_rmdir(e, i->of, i->ts_ns);
	}
}

int seed_tell(const struct seed *s, sink_fn sink, void *ctx)
{
	struct seed_event *e = seed_event_new(sink, ctx);
	int err = e ? 0 : -ENOMEM;

	for (const struct fact *f = s->m->facts; f && !err; f = f->next)
		if (strncmp(f->key, "command.", 8))
			err = seed_strings(e, ZT_fact, s->from_ns, f->key, f->value);
	for (const struct hook *h = s->m->hooks; h && !err; h = h->next)
		err = seed_hook(e, h, s->from_ns);
	for (const struct note *n = s->m->notes; n && !err; n = n->next)
		if (!strcmp(n->code, "ZT9003")) /* how it is watched, told once */
			err = seed_strings(e, ZT_note, s->from_ns, n->code, n->text);
	for (size_t i = 0; i < s->n && !err; i++)
		err = tell(e, s, &s->items[i]);
	/* not before: the newest of them would make all that follows as young as it is */
	for (size_t i = 0; i < s->n && !err; i++)
		if (s->items[i].what == CGROUP)
			err = seed_samples(e, s->items[i].of);
	if (!err && s->m->host.h.kind)
		err = sink(ctx, &s->m->host.h);
	seed_event_free(e);
	return err;
}

int seed_client(const struct proc *p, zt_u64 ts_ns, sink_fn sink, void *ctx)
{
	struct seed_event *e = seed_event_new(sink, ctx);
	int err = e ? seed_endpoint(e, p, ts_ns) : -ENOMEM;

	seed_event_free(e);
	return err;
}
