/* SPDX-License-Identifier: GPL-2.0 */
#include "source/oomwatch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source/evbuf.h"
#include "source/readfile.h"

#define KEEP_NS 10000000000ull /* a kill in one that has gone since may still be put together */
#define HIT_NS 1000000000ull /* from a limit that was hit to the kill for it */

static bool find_kills(const char *text, zt_u64 *ret)
{
	return readfile_find_u64(text, "oom_kill", ret);
}

/*
 * memory.events.local (5.2) tells of a cgroup itself, memory.events of all below it, too. A kill is counted where the
 * victim was, an OOM where the limit was.
 */
static bool count_v2(const struct oom_level *l, struct oom_counts *c)
{
	char text[512];
	bool local = readfile_at(l->dir, "memory.events.local", text, sizeof(text)) > 0;

	if (local) {
		c->kills_known = find_kills(text, &c->kills);
		c->ooms_known = readfile_find_u64(text, "oom", &c->ooms);
	}
	if (readfile_at(l->dir, "memory.events", text, sizeof(text)) <= 0)
		return local;
	readfile_find_u64(text, "oom", &c->ooms_below);
	readfile_find_u64(text, "high", &c->high);
	if (local)
		return true;
	c->kills_known = find_kills(text, &c->kills);
	c->ooms_known = readfile_find_u64(text, "oom", &c->ooms);
	return true;
}

/* Version 1 counts a kill in the victim's cgroup alone, and no OOMs: only how often a limit was in the way. */
static bool count_v1(const struct oom_level *l, struct oom_counts *c)
{
	zt_u64 v;
	char text[256];

	if (readfile_at(l->dir, "memory.oom_control", text, sizeof(text)) > 0)
		c->kills_known = find_kills(text, &c->kills); /* 4.13 */
	if (!readfile_u64(l->dir, "memory.failcnt", &v)) {
		c->ooms = v;
		c->ooms_known = true;
	}
	return c->ooms_known;
}

/* false: there is nothing to be read any more */
static bool count(const struct oomwatch *w, const struct oom_level *l, struct oom_counts *ret)
{
	struct oom_counts c = { 0 };

	if (l->dir < 0 || !(w->cg->version == 2 ? count_v2(l, &c) : count_v1(l, &c)))
		return false;
	*ret = c;
	return true;
}

static bool host_count(const struct oomwatch *w, zt_u64 *ret)
{
	char text[16 * 1024];

	return w->vmstat >= 0 && readfile_fd(w->vmstat, text, sizeof(text)) > 0 && find_kills(text, ret);
}

void oomwatch_init(struct oomwatch *w, const struct cgroupfs *cg, const char *proc, bool in_namespace)
{
	char path[256];

	memset(w, 0, sizeof(*w));
	w->cg = cg;
	w->sees_root = !in_namespace && cg->version && !cg->above && !cg->root[0];
	for (int i = 0; i < OOMWATCH_MAX; i++)
		w->at[i].dir = -1;
	snprintf(path, sizeof(path), "%s/vmstat", proc);
	w->vmstat = open(path, O_RDONLY | O_CLOEXEC);
	host_count(w, &w->host_kills);
	snprintf(path, sizeof(path), "%s/meminfo", proc);
	w->meminfo = open(path, O_RDONLY | O_CLOEXEC);
	w->notify = cg->version == 2 ? inotify_init1(IN_CLOEXEC | IN_NONBLOCK) : eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

void oomwatch_done(struct oomwatch *w)
{
	for (unsigned int i = 0; i < w->n; i++)
		if (w->at[i].dir >= 0)
			close(w->at[i].dir);
	w->n = 0;
	if (w->vmstat >= 0)
		close(w->vmstat);
	if (w->meminfo >= 0)
		close(w->meminfo);
	if (w->notify >= 0)
		close(w->notify);
	w->vmstat = w->meminfo = w->notify = -1;
}

int oomwatch_find(const struct oomwatch *w, zt_u64 id)
{
	for (unsigned int i = 0; i < w->n; i++)
		if (w->at[i].id == id && w->at[i].dir >= 0)
			return (int)i;
	return -1;
}

/* Version 1 says by an eventfd that a limit of this cgroup or above it has led to an OOM, just before the kill. */
static void ask_v1(const struct oomwatch *w, int dir)
{
	int oom = openat(dir, "memory.oom_control", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int control = openat(dir, "cgroup.event_control", O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	if (oom >= 0 && control >= 0)
		dprintf(control, "%d %d", w->notify, oom);
	if (oom >= 0)
		close(oom);
	if (control >= 0)
		close(control);
}

static void ask_v2(const struct oomwatch *w, int dir)
{
	char file[64];

	snprintf(file, sizeof(file), "/proc/self/fd/%d/memory.events", dir);
	inotify_add_watch(w->notify, file, IN_MODIFY);
}

static zt_u64 pressure_ns(const struct oom_level *l)
{
	char text[256], *total;

	if (readfile_at(l->dir, "memory.pressure", text, sizeof(text)) <= 0)
		return 0;
	total = strstr(text, "total="); /* the first line: some */
	return total ? strtoull(total + 6, NULL, 10) * 1000 : 0;
}

static void read_memory(const struct oomwatch *w, struct oom_level *l)
{
	struct zt_memcg m;

	if (l->dir < 0 || cgroupfs_memcg(w->cg, l->path, &m) < 0 || m.id != l->id)
		return;
	l->mem = m;
	if (w->cg->version == 2)
		l->mem.pressure_ns = pressure_ns(l);
}

static void refresh(struct oomwatch *w, int level)
{
	for (int i = level; i >= 0; i = w->at[i].up)
		read_memory(w, &w->at[i]);
}

void oomwatch_refresh(struct oomwatch *w, zt_u64 id)
{
	refresh(w, oomwatch_find(w, id));
}

/* -1: all are taken */
static int free_place(struct oomwatch *w)
{
	zt_u64 now = evbuf_clock_ns(CLOCK_BOOTTIME);

	if (w->n < OOMWATCH_MAX)
		return (int)w->n++;
	for (int i = 0; i < OOMWATCH_MAX; i++)
		if (w->at[i].dir < 0 && w->at[i].told && w->at[i].gone_ns + KEEP_NS < now)
			return i;
	return -1;
}

/* One level; it is known already or gets a place. -1: neither */
static int place(struct oomwatch *w, const char *path)
{
	int dir = cgroupfs_dir(w->cg, path), new = -1, i;
	struct oom_level *l;
	struct stat st;

	/* version 2 may not have the controller here: what is above it accounts for it then */
	if (dir < 0 || fstat(dir, &st) ||
	    (w->cg->version == 2 && faccessat(dir, "memory.events", F_OK, AT_SYMLINK_NOFOLLOW))) {
		if (dir >= 0)
			close(dir);
		return -1;
	}
	i = oomwatch_find(w, st.st_ino);
	if (i < 0 && strlen(path) < sizeof(l->path))
		new = i = free_place(w);
	if (new < 0) {
		close(dir);
		return i;
	}
	l = &w->at[i];
	*l = (struct oom_level){ .id = st.st_ino, .dir = dir, .up = -1, .late = w->begun };
	strcpy(l->path, path);
	count(w, l, &l->last);
	l->before = l->last;
	w->untold++;
	if (w->notify >= 0)
		(w->cg->version == 2 ? ask_v2 : ask_v1)(w, dir);
	return i;
}

static bool to_parent(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash || !slash[1])
		return false;
	slash[slash == path] = 0;
	return true;
}

int oomwatch_add(struct oomwatch *w, const char *path)
{
	char above[512];
	int ret, below;

	if (!w->cg->version || strlen(path) >= sizeof(above))
		return -1;
	strcpy(above, path);
	while ((ret = place(w, above)) < 0)
		if (!to_parent(above))
			return -1;
	w->at[ret].watched = true;
	below = ret;
	while (w->at[below].up < 0 && to_parent(above)) {
		int up = place(w, above);

		if (up < 0)
			break;
		w->at[below].up = up;
		below = up;
	}
	refresh(w, ret);
	return ret;
}

static bool rose(const struct oom_level *l)
{
	return l->last.ooms_known && l->last.ooms > l->before.ooms;
}

bool oomwatch_host_has_plenty(const struct oomwatch *w, zt_u64 given_back)
{
	zt_u64 total = 0, available = 0;
	char text[8192];

	if (w->meminfo < 0 || readfile_fd(w->meminfo, text, sizeof(text)) <= 0)
		return false;
	return readfile_find_u64(text, "MemTotal:", &total) && readfile_find_u64(text, "MemAvailable:", &available) &&
	       available > total / 2 + given_back / 1024; /* both in kB */
}

static bool reached(zt_u64 peak, zt_u64 limit)
{
	return limit != ZT_NO_LIMIT && peak + (limit >> 4) >= limit;
}

/*
 * Version 1 counts how often a limit was in the way, of page cache as well: it must have been reached, too. Where memory
 * and swap together may be no more than memory alone, that limit is met first, and nothing counts it.
 */
static bool was_full(const struct oomwatch *w, const struct oom_level *l)
{
	const struct zt_memcg *m = &l->mem;

	if (w->cg->version == 2)
		return rose(l);
	if (!m->id) /* never read */
		return false;
	if (m->swap_limit_bytes != ZT_NO_LIMIT && m->swap_limit_bytes <= m->limit_bytes)
		return reached(m->peak_bytes, m->swap_limit_bytes) && oomwatch_host_has_plenty(w, 0);
	return rose(l) && reached(m->peak_bytes, m->limit_bytes);
}

static int host_or_above(const struct oomwatch *w, int top)
{
	/* version 2's root itself counts nothing */
	if (!w->sees_root || (top >= 0 && strrchr(w->at[top].path, '/') != w->at[top].path))
		return OOM_DOMAIN_OUTSIDE;
	return w->cg->version == 1 && oomwatch_host_has_plenty(w, 0) ? OOM_DOMAIN_UNKNOWN : OOM_DOMAIN_HOST;
}

/*
 * Whose limit: the lowest level from the victim's up that counted an OOM of its own. Where the counts say less than that
 * (version 1), two of them leave it open.
 */
static int domain_of(const struct oomwatch *w, int level)
{
	int ret = OOM_DOMAIN_UNKNOWN, top = level;

	for (int i = level; i >= 0; i = w->at[i].up) {
		top = i;
		if (!was_full(w, &w->at[i]))
			continue;
		if (ret >= 0)
			return OOM_DOMAIN_UNKNOWN;
		ret = i;
		if (w->cg->version == 2)
			break;
	}
	return ret >= 0 ? ret : host_or_above(w, top);
}

bool oomwatch_counts(const struct oomwatch *w)
{
	for (unsigned int i = 0; i < w->n; i++)
		if (w->at[i].watched && w->at[i].last.kills_known)
			return true;
	return false;
}

static void gone(struct oomwatch *w, struct oom_level *l)
{
	close(l->dir);
	l->dir = -1;
	l->gone_ns = evbuf_clock_ns(CLOCK_BOOTTIME);
	l->told = false;
	w->untold++;
}

/* Reads what each level counts; one that can be read no more has gone. Of those that came late: NULL none, or several. */
static const struct oom_level *count_all(struct oomwatch *w)
{
	const struct oom_level *ret = NULL;
	unsigned int n = 0;

	for (unsigned int i = 0; i < w->n; i++) {
		struct oom_level *l = &w->at[i];

		if (l->dir < 0)
			continue;
		if (count(w, l, &l->last)) {
			if (l->late)
				read_memory(w, l);
			continue;
		}
		gone(w, l);
		if (l->late && l->watched) {
			ret = l;
			n++;
		}
	}
	return n == 1 ? ret : NULL;
}

/*
 * The machine counted a kill that no cgroup did, now or at the last look (there is a moment between the two counts), and
 * one cgroup has gone with its count: it was in there.
 */
static zt_u64 unread(struct oomwatch *w, zt_u64 host, zt_u64 counted, const struct oom_level *went)
{
	zt_u64 all = host - w->host_kills + w->uncounted;

	w->uncounted = all > counted ? all - counted : 0;
	if (!went || !w->sees_root || !w->uncounted)
		return 0;
	all = w->uncounted;
	w->uncounted = 0;
	return all;
}

static bool has_risen(const struct oom_level *l)
{
	return l->watched && l->last.kills_known && l->last.kills > l->before.kills;
}

/* The kernel counts that a limit was hit before it counts the kill: a look in between must not make it forgotten. */
static void keep_counts(struct oomwatch *w, bool killed)
{
	zt_u64 now = evbuf_clock_ns(CLOCK_BOOTTIME);

	for (unsigned int i = 0; i < w->n; i++) {
		struct oom_level *l = &w->at[i];
		zt_u64 ooms = l->before.ooms;
		bool open = w->cg->version == 2 && !killed && l->before.ooms_known && l->last.ooms > ooms;

		l->before = l->last;
		if (!open)
			l->hit_ns = 0;
		else if (!l->hit_ns || now - l->hit_ns < HIT_NS)
			l->before.ooms = ooms;
		if (open && !l->hit_ns)
			l->hit_ns = now;
	}
}

unsigned int oomwatch_look(struct oomwatch *w, struct oom_rise *ret, unsigned int max)
{
	zt_u64 host = w->host_kills, counted = 0, more;
	const struct oom_level *went;
	unsigned int n = 0;
	char buf[4096];

	while (w->notify >= 0 && read(w->notify, buf, sizeof(buf)) > 0)
		;
	went = count_all(w);
	for (unsigned int i = 0; i < w->n && n < max; i++) {
		struct oom_level *l = &w->at[i];

		if (!has_risen(l))
			continue;
		refresh(w, (int)i);
		counted += l->last.kills - l->before.kills;
		ret[n++] = (struct oom_rise){ (int)i, l->last.kills - l->before.kills, domain_of(w, (int)i) };
	}
	host_count(w, &host);
	more = unread(w, host, counted, went);
	if (more && n < max) {
		int level = (int)(went - w->at);

		refresh(w, w->at[level].up);
		ret[n++] = (struct oom_rise){ level, more, domain_of(w, level) };
	} else if (host > w->host_kills && !oomwatch_counts(w) && n < max) {
		ret[n++] = (struct oom_rise){ -1, host - w->host_kills, host_or_above(w, -1) };
	}
	w->host_kills = host;
	keep_counts(w, n);
	return n;
}

void oomwatch_memcg(const struct oomwatch *w, int level, struct zt_memcg *ret)
{
	const struct oom_level *l = &w->at[level];

	*ret = l->mem;
	ret->id = l->id;
	ret->parent = l->up >= 0 ? w->at[l->up].id : 0;
	ret->events_oom_kill = l->last.kills;
	ret->events_high = l->last.high;
	if (w->cg->version != 2)
		return;
	ret->events_oom = l->last.ooms_below;
	ret->events_oom_local = l->last.ooms;
}

static int tell_made(const struct oomwatch *w, int level, sink_fn sink, void *ctx)
{
	const struct oom_level *l = &w->at[level];
	struct {
		struct zt_ev_cgroup ev;
		char path[sizeof(l->path)];
	} e = { .ev.h = { .fixed = sizeof(e.ev), .kind = ZT_cgroup, .flags = ZT_F_CLAIMED | ZT_F_CGROUP_SNAPSHOT,
			  .ts_ns = evbuf_clock_ns(CLOCK_BOOTTIME) } };

	strcpy(e.path, l->path);
	e.ev.h.size = (zt_u32)(sizeof(e.ev) + strlen(e.path) + 1);
	oomwatch_memcg(w, level, &e.ev.mem);
	return sink(ctx, &e.ev.h);
}

static int tell_gone(const struct oomwatch *w, int level, sink_fn sink, void *ctx)
{
	struct zt_ev_rmdir ev = { .h = { .size = sizeof(ev), .fixed = sizeof(ev), .kind = ZT_rmdir, .flags = ZT_F_CLAIMED,
					 .ts_ns = w->at[level].gone_ns } };

	oomwatch_memcg(w, level, &ev.mem);
	return sink(ctx, &ev.h);
}

/* Those above it first. */
static int tell_level(struct oomwatch *w, int level, sink_fn sink, void *ctx)
{
	struct oom_level *l = &w->at[level];
	int err = l->up >= 0 && !w->at[l->up].told ? tell_level(w, l->up, sink, ctx) : 0;

	if (err || l->told)
		return err;
	l->told = true;
	return (l->dir < 0 ? tell_gone : tell_made)(w, level, sink, ctx);
}

int oomwatch_tell(struct oomwatch *w, bool went, sink_fn sink, void *ctx)
{
	unsigned int kept = 0;
	int err = 0;

	for (unsigned int i = 0; w->untold && i < w->n && !err; i++) {
		if (w->at[i].told)
			continue;
		if (w->at[i].dir >= 0 || went)
			err = tell_level(w, (int)i, sink, ctx);
		else
			kept++;
	}
	w->untold = kept;
	return err;
}

void oomwatch_told(struct oomwatch *w)
{
	for (unsigned int i = 0; i < w->n; i++)
		w->at[i].told = true;
	w->untold = 0;
	w->begun = true;
}
