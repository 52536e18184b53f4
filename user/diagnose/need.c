/* SPDX-License-Identifier: GPL-2.0 */
/* How much memory would have been enough: from earlier runs, from what processes had asked for, from their equals. */
#include <string.h>

#include "diagnose/advice.h"

/*
 * What a process has asked for and not touched, seen with real programs: a C program that mallocs a block and fills
 * it: all of the rest of the block. cc1plus 3 to 10 MiB, python 1 to 4 MiB, at any size: the next arena. node 41 MiB
 * at any size, less than the stacks of its 7 threads (data_vm counts stacks in full, V8's reservation of address space
 * not at all). A go program 16 MiB besides the stacks. java 250 to 480 MiB besides the stacks: the heap that it has
 * committed and may never touch. So it must be a large part of the process to mean anything, and a process with
 * threads must show much more.
 */
#define STACK_BYTES (8 * MIB)
#define ASKED_MIN (4 * MIB)
#define ASKED_THREADED_MIN (64 * MIB)

/*
 * Runtimes that reserve, compressors whose tables are as large as their input would have to be, and interpreters: what
 * those had asked for was one string of the many that a program makes.
 */
static bool reserves(const char *comm)
{
	static const char *const exact[] = { "java", "node", "go", "compile", "link", "dotnet", "bun", "deno", "ghc", "bazel",
					     "xz", "lzma", "zstd", "brotli", "7z", "7za", "perl", "awk", "mawk", "gawk", "lua",
					     "R", "julia" };
	static const char *const start[] = { "python", "ruby", "php", "pypy", "lua5" };

	for (size_t n = 0; n < sizeof(exact) / sizeof(exact[0]); n++)
		if (!strcmp(comm, exact[n]))
			return true;
	for (size_t n = 0; n < sizeof(start) / sizeof(start[0]); n++)
		if (!strncmp(comm, start[n], strlen(start[n])))
			return true;
	return false;
}

static zt_u64 size_of(const struct zt_rss *s)
{
	return s->anon_bytes + s->swap_bytes;
}

bool task_asked(const struct kill_task *t, zt_u64 *ret)
{
	zt_u64 size = size_of(&t->rss), stacks = t->threads > 1 ? (t->threads - 1) * STACK_BYTES : 0, rest;

	*ret = 0;
	if (t->data_bytes <= size + stacks || reserves(t->comm))
		return false;
	rest = t->data_bytes - size - stacks;
	if (rest < (t->threads > 1 ? ASKED_THREADED_MIN : ASKED_MIN) || rest < size / (t->threads > 1 ? 2 : 8))
		return false;
	*ret = rest;
	return true;
}

static const struct kill_level *any_level(const struct kill *w, zt_u64 id)
{
	for (unsigned int n = 0; n < w->nlevels && id; n++)
		if (w->levels[n].mem.id == id)
			return &w->levels[n];
	return NULL;
}

/*
 * Of those that count in this limit, the ones that came with the build: a daemon that ran before it has reserved what
 * it does not use, ztrace itself first of all.
 */
static bool counts(const struct model *m, const struct incident *i, const struct kill_task *t)
{
	if (t->id.start_ns && t->id.start_ns <= m->start.h.who.start_ns)
		return false;
	if (!strcmp(t->comm, "ztrace"))
		return false;
	return i->limit.kind != LIMIT_CGROUP || !i->limit.cgroup ||
	       cgroup_below(m, t->cgroup, i->limit.cgroup) != TRI_NO;
}

zt_u64 step_used(const struct kill *k, const struct step *s, zt_u64 *asked)
{
	const struct kill *w = k->walk;
	const struct kill_level *l = any_level(w, step_cgroup(s));
	zt_u64 sum = 0, a;

	*asked = 0;
	for (unsigned int n = 0; n < w->ntasks; n++) {
		if (w->tasks[n].cgroup != step_cgroup(s))
			continue;
		sum += size_of(&w->tasks[n].rss) + w->tasks[n].rss.shmem_bytes;
		task_asked(&w->tasks[n], &a);
		*asked += a;
	}
	return l ? l->mem.usage_bytes : sum;
}

/* Page cache that nobody has mapped could have been dropped, had that helped. */
static zt_u64 droppable(const struct kill *w, const struct incident *i)
{
	zt_u64 mapped = 0;

	if (i->limit.split.confidence == CONF_UNKNOWN)
		return 0;
	for (unsigned int n = 0; n < w->ntasks; n++)
		mapped += w->tasks[n].rss.file_bytes;
	return i->limit.split.bytes.file_bytes > mapped ? i->limit.split.bytes.file_bytes - mapped : 0;
}

static zt_u64 host_used(const struct kill *k)
{
	const struct zt_ev_host *h = host_of_kill(k);
	zt_u64 free = h->h.flags & ZT_F_HOST_KERNEL ? h->free_bytes : 0;

	if (!h->h.kind)
		return 0;
	return h->total_bytes - (free < h->total_bytes ? free : 0) +
	       (h->h.flags & ZT_F_HOST_KERNEL ? h->swap_total_bytes - h->swap_free_bytes : h->swap_total_bytes);
}

static zt_u64 used_now(const struct kill *k, const struct incident *i)
{
	zt_u64 cache = droppable(k->walk, i);

	if (i->limit.kind != LIMIT_CGROUP)
		return host_used(k);
	return i->limit.usage_bytes > cache ? i->limit.usage_bytes - cache : i->limit.usage_bytes;
}

/* The newest earlier run of the step that came through. */
static const struct past *passed(const struct step *s)
{
	for (unsigned int n = 0; n < s->npast; n++)
		if (!s->past[n].oom && !s->past[n].failed && s->past[n].peak_bytes)
			return &s->past[n];
	return NULL;
}

/* Did another earlier run take as much, within a quarter? */
static bool stable(const struct step *s, const struct past *p)
{
	for (unsigned int n = 0; n < s->npast; n++)
		if (&s->past[n] != p && !s->past[n].oom && !s->past[n].failed &&
		    s->past[n].peak_bytes >= p->peak_bytes / 4 * 3 && s->past[n].peak_bytes <= p->peak_bytes / 4 * 5)
			return true;
	return false;
}

/* What the step would still have taken by its earlier runs. false: it is beyond them already. */
static bool past_more(const struct step *s, zt_u64 used, zt_u64 *more, enum confidence *conf)
{
	const struct past *p = passed(s);

	if (!p || p->peak_bytes <= used)
		return false;
	*more = p->peak_bytes - used;
	*conf = stable(s, p) ? CONF_CONFIRMED : CONF_LIKELY;
	return true;
}

static zt_u64 other_steps_more(const struct kill *k, const struct incident *i)
{
	zt_u64 sum = 0, more, asked;
	enum confidence conf;

	for (unsigned int n = 0; n < i->nholders; n++) {
		const struct step *s = i->holders[n].kind == HOLD_STEP ? i->holders[n].step : NULL;

		if (!s || s == i->step)
			continue;
		if (past_more(s, step_used(k, s, &asked), &more, &conf))
			sum += more;
		else
			sum += asked;
	}
	return sum;
}

static void take(struct need *n, zt_u64 bytes, enum confidence conf, enum need_from from)
{
	if (bytes <= n->bytes)
		return;
	n->bytes = bytes;
	n->confidence = conf;
	n->from = from;
}

struct need need_of(const struct model *m, const struct kill *k, const struct incident *i, const struct gang *g)
{
	const struct step *s = i->step && i->step == k->step ? i->step : NULL;
	zt_u64 asked = 0, one, more, used = used_now(k, i);
	struct need ret = { .bytes = used, .used_bytes = used };
	enum confidence conf;

	for (unsigned int n = 0; n < k->walk->ntasks; n++)
		if (counts(m, i, &k->walk->tasks[n]) && task_asked(&k->walk->tasks[n], &one))
			asked += one;
	/* less than that is the next arena of one that grows piece by piece */
	if (asked > used / 16)
		take(&ret, used + asked, CONF_LIKELY, NEED_ASKED);
	if (g->count > 1 && g->confidence >= CONF_LIKELY && g->each_bytes * g->count > g->bytes)
		take(&ret, used - (g->bytes < used ? g->bytes : used) + g->each_bytes * g->count, CONF_LIKELY, NEED_JOBS);
	if (s && past_more(s, step_used(k, s, &one), &more, &conf))
		take(&ret, used + more + other_steps_more(k, i), conf, NEED_PAST);
	return ret;
}

/*
 * Which processes of the victim's step are many of a kind: the name that holds most, small ones not counted, nor the one
 * that the largest works for (gradle's daemon, maven: java as well).
 */
struct gang gang_of(const struct model *m, const struct kill *k, const struct incident *i)
{
	const struct kill *w = k->walk;
	struct gang g = { 0 };
	zt_u64 cgroup = i->step && i->step == k->step ? step_cgroup(i->step) : k->ev.victim_cgroup, largest = 0, asked;
	const struct proc *one = NULL, *p;
	unsigned int ended = 0; /* well, before the kill or after it */

	for (unsigned int n = 0; n < w->ntasks; n++)
		if (w->tasks[n].cgroup == cgroup && size_of(&w->tasks[n].rss) > largest) {
			largest = size_of(&w->tasks[n].rss);
			g.comm = w->tasks[n].comm;
			one = model_proc(m, &w->tasks[n].id);
		}
	for (unsigned int n = 0; n < w->ntasks && g.comm; n++) {
		const struct kill_task *t = &w->tasks[n];
		zt_u64 each = size_of(&t->rss);

		if (t->cgroup != cgroup || strcmp(t->comm, g.comm) || (each < largest / 8 && t->data_bytes < largest))
			continue;
		p = model_proc(m, &t->id);
		if (p && p != one && model_is_below(one, p))
			continue;
		if (task_asked(t, &asked))
			g.confidence = CONF_LIKELY;
		each += asked;
		g.count++;
		g.bytes += size_of(&t->rss);
		g.each_bytes = each > g.each_bytes ? each : g.each_bytes;
	}
	for (p = m->exited; p && g.comm; p = p->next_exited) {
		if (p->cgroup != cgroup || strcmp(p->comm, g.comm) || p->exit_code ||
		    p->peak_rss_bytes < largest / 8)
			continue;
		ended++;
		g.each_bytes = p->peak_rss_bytes > g.each_bytes ? p->peak_rss_bytes : g.each_bytes;
	}
	/* about as many as ran: their sizes are those of such processes */
	if (ended > 1 && ended * 2 >= g.count)
		g.confidence = CONF_LIKELY;
	return g;
}

zt_u64 with_headroom(zt_u64 bytes)
{
	zt_u64 want = bytes + bytes / 10, unit = MIB;

	while (unit < want / 128)
		unit *= 2;
	return (want + unit - 1) / unit * unit;
}
