/* SPDX-License-Identifier: GPL-2.0 */
#include "source/plain_kill.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "source/evbuf.h"

#define LOOK_NS 250000000ull	/* at least so often, where nothing wakes us */
#define OFTEN_NS 150000000ull	/* so long after a notice each pump looks */
#define SETTLE_NS 100000000ull	/* others that died of the same may be told of yet */
#define WAIT_NS 3000000000ull	/* a large process takes its time to end */
#define TWICE 2			/* so much larger than the next is who the kernel picks */

static void set_peak(struct killed *d, zt_u64 peak_bytes)
{
	d->peak_bytes = peak_bytes;
	if (peak_bytes > d->rss.anon_bytes + d->rss.file_bytes)
		d->rss.anon_bytes = peak_bytes - d->rss.file_bytes;
}

void plain_kill_died(struct plain_kill *k, const struct tree_proc *p, zt_u64 peak_bytes, zt_u64 ts_ns)
{
	struct killed *d;

	if (k->nkilled == KILLED_MAX) {
		memmove(k->killed, k->killed + 1, sizeof(k->killed[0]) * (KILLED_MAX - 1));
		k->nkilled--;
	}
	d = &k->killed[k->nkilled++];
	*d = (struct killed){ .id = p->id, .ppid = p->ppid, .cgroup = p->cgroup, .ts_ns = ts_ns,
			      .rss = { .anon_bytes = p->anon_bytes, .file_bytes = p->shared_bytes } };
	memcpy(d->comm, p->comm, sizeof(d->comm));
	set_peak(d, peak_bytes);
	k->next_ns = 0;
}

void plain_kill_peak(struct plain_kill *k, const struct zt_id *id, zt_u64 peak_bytes)
{
	for (unsigned int i = 0; i < k->nkilled; i++)
		if (k->killed[i].id.tgid == id->tgid && k->killed[i].id.start_ns == id->start_ns)
			set_peak(&k->killed[i], peak_bytes);
}

void plain_kill_soon(struct plain_kill *k, zt_u64 now_ns)
{
	k->next_ns = 0;
	k->often_until_ns = now_ns + OFTEN_NS;
}

static int tell_level(struct plain_kill *k, int level, unsigned int depth, bool domain, sink_fn sink, void *ctx)
{
	const char *path = k->watch->at[level].path, *name = strrchr(path, '/');
	struct {
		struct zt_ev_level ev;
		char tail[512];
	} e = { 0 };
	size_t len;

	name = name ? name + 1 : path;
	len = strlen(name) + 1;
	memcpy(e.tail, name, len);
	e.ev.h = (struct zt_ev){ .size = (zt_u32)(sizeof(e.ev) + len), .fixed = sizeof(e.ev), .kind = ZT_level,
				 .flags = ZT_F_CLAIMED | ZT_F_LEVEL_CHAIN | (domain ? ZT_F_LEVEL_DOMAIN : 0),
				 .ts_ns = evbuf_clock_ns(CLOCK_BOOTTIME) };
	e.ev.seq = k->seq;
	e.ev.depth = depth;
	oomwatch_memcg(k->watch, level, &e.ev.mem);
	return sink(ctx, &e.ev.h);
}

static int tell_task(struct plain_kill *k, const struct zt_id *id, zt_u64 cgroup, const struct zt_rss *rss, const char *comm,
		     sink_fn sink, void *ctx)
{
	struct zt_ev_task t = { .h = { .size = sizeof(t), .fixed = sizeof(t), .kind = ZT_task, .flags = ZT_F_CLAIMED,
				       .ts_ns = evbuf_clock_ns(CLOCK_BOOTTIME), .cgroup = cgroup, .who = *id },
				.seq = k->seq, .rss = *rss };

	memcpy(t.comm, comm, sizeof(t.comm));
	return sink(ctx, &t.h);
}

/* Did it count against that limit? Where none was hit, or which is not known, all do. */
static bool counts(const struct plain_kill *k, const struct tree_proc *p, int domain)
{
	int i = domain < 0 ? domain : oomwatch_find(k->watch, p->cgroup);

	while (i >= 0 && i != domain)
		i = k->watch->at[i].up;
	return i == domain;
}

/* As they were when last looked at */
static unsigned int tell_tasks(struct plain_kill *k, const struct killed *d, int domain, sink_fn sink, void *ctx)
{
	unsigned int n = 0;

	if (d)
		n += !tell_task(k, &d->id, d->cgroup, &d->rss, d->comm, sink, ctx);
	for (const struct tree_proc *p = k->tree->procs; p; p = p->hh.next) {
		struct zt_rss rss = { .anon_bytes = p->anon_bytes, .file_bytes = p->shared_bytes };

		if (p->told_exit || !(p->anon_bytes + p->shared_bytes) || (d && p->id.tgid == d->id.tgid) || !counts(k, p, domain))
			continue;
		n += !tell_task(k, &p->id, p->cgroup, &rss, p->comm, sink, ctx);
	}
	return n;
}

/* The same events as the kernel side's. d NULL: which process it was is not known. */
static int tell(struct plain_kill *k, const struct rise *r, const struct killed *d, sink_fn sink, void *ctx)
{
	struct zt_ev_kill ev = { .h = { .size = sizeof(ev), .fixed = sizeof(ev), .kind = ZT_kill, .flags = ZT_F_CLAIMED,
					.ts_ns = d ? d->ts_ns : r->ts_ns } };
	struct zt_ev_kill_end end = { .h = { .size = sizeof(end), .fixed = sizeof(end), .kind = ZT_kill_end,
					     .flags = ZT_F_CLAIMED } };
	const struct tree_proc *parent = d ? tree_find(k->tree, d->ppid) : NULL;
	int err;

	ev.seq = end.seq = ++k->seq;
	ev.victim_cgroup = d && d->cgroup ? d->cgroup : r->cgroup;
	if (r->r.domain >= 0)
		ev.domain = k->watch->at[r->r.domain].id;
	else if (r->r.domain == OOM_DOMAIN_OUTSIDE)
		ev.h.flags |= ZT_F_KILL_OUTSIDE;
	else if (r->r.domain == OOM_DOMAIN_HOST && !(d && oomwatch_host_has_plenty(k->watch, d->rss.anon_bytes + d->rss.file_bytes)))
		ev.h.flags |= ZT_F_KILL_HOST;
	if (d) {
		ev.victim = d->id;
		ev.rss = d->rss;
		ev.peak_rss_bytes = d->peak_bytes;
		memcpy(ev.victim_comm, d->comm, sizeof(d->comm));
		ev.victim_parent = parent ? parent->id : (struct zt_id){ .tgid = d->ppid, .tid = d->ppid };
	}
	err = sink(ctx, &ev.h);
	for (int i = r->r.level; !err && i >= 0; i = k->watch->at[i].up, end.levels++)
		err = tell_level(k, i, end.levels, i == r->r.domain, sink, ctx);
	if (err)
		return err;
	end.tasks = tell_tasks(k, d, r->r.domain, sink, ctx);
	end.h.ts_ns = evbuf_clock_ns(CLOCK_BOOTTIME);
	return sink(ctx, &end.h);
}

static zt_u64 size(const struct killed *d)
{
	return d->rss.anon_bytes + d->rss.file_bytes;
}

static bool fits(const struct killed *d, const struct rise *r)
{
	return (!r->cgroup || !d->cgroup || d->cgroup == r->cgroup) && d->ts_ns + WAIT_NS > r->ts_ns;
}

/*
 * As many died as were counted: those. More: one that is much larger than the others. Else nobody: NULL, and *open when
 * no more than waiting helps.
 */
static struct killed *pick(struct plain_kill *k, const struct rise *r, bool *open)
{
	struct killed *best = NULL;
	zt_u64 second = 0;
	unsigned int n = 0;

	for (unsigned int i = 0; i < k->nkilled; i++) {
		struct killed *d = &k->killed[i];

		if (!fits(d, r))
			continue;
		n++;
		if (!best || size(d) > size(best)) {
			second = best ? size(best) : 0;
			best = d;
		} else if (size(d) > second) {
			second = size(d);
		}
	}
	*open = !n;
	return n <= r->r.count || (best && size(best) >= TWICE * second) ? best : NULL;
}

/* All that one rise tells of. false: not yet */
static bool resolve(struct plain_kill *k, struct rise *r, zt_u64 now_ns, bool all, sink_fn sink, void *ctx, int *err)
{
	while (!*err && r->r.count) {
		bool open, late = all || now_ns >= r->ts_ns + WAIT_NS;
		struct killed *d = pick(k, r, &open);

		if (open ? !late : !all && now_ns < r->ts_ns + SETTLE_NS)
			return false;
		*err = tell(k, r, d, sink, ctx);
		r->r.count--;
		if (d)
			memmove(d, d + 1, sizeof(*d) * (size_t)(k->killed + --k->nkilled - d));
	}
	return true;
}

/* Who was killed and never counted was killed by somebody: that is told by its exit alone. */
static void forget_old(struct plain_kill *k, zt_u64 now_ns)
{
	unsigned int n = 0;

	while (n < k->nkilled && k->killed[n].ts_ns + WAIT_NS < now_ns)
		n++;
	if (!n || k->nrises)
		return;
	memmove(k->killed, k->killed + n, sizeof(k->killed[0]) * (k->nkilled - n));
	k->nkilled -= n;
}

int plain_kill_match(struct plain_kill *k, zt_u64 now_ns, bool all, sink_fn sink, void *ctx)
{
	struct oom_rise found[RISES_MAX];
	unsigned int n = 0, kept = 0;
	int err = 0;

	if (all || now_ns >= k->next_ns) {
		n = oomwatch_look(k->watch, found, RISES_MAX - k->nrises);
		k->next_ns = now_ns < k->often_until_ns ? now_ns : now_ns + LOOK_NS;
	}
	for (unsigned int i = 0; i < n; i++)
		k->rises[k->nrises++] = (struct rise){ found[i], now_ns, found[i].level >= 0 ?
						       k->watch->at[found[i].level].id : k->child_cgroup };
	for (unsigned int i = 0; i < k->nrises; i++)
		if (!resolve(k, &k->rises[i], now_ns, all, sink, ctx, &err))
			k->rises[kept++] = k->rises[i];
	k->nrises = kept;
	forget_old(k, now_ns);
	return err;
}
