/* SPDX-License-Identifier: GPL-2.0 */
#include "source/oomwatch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source/readfile.h"

static bool find_kills(const char *text, zt_u64 *ret)
{
	return readfile_find_u64(text, "oom_kill", ret);
}

/*
 * memory.events.local (5.2) tells of a cgroup itself, memory.events of all below it, too. A kill is counted where the
 * victim was, an OOM where the limit was.
 */
static void count_v2(const struct oom_level *l, struct oom_counts *c)
{
	char text[512];
	bool local = readfile_at(l->dir, "memory.events.local", text, sizeof(text)) > 0;

	if (local) {
		c->kills_known = find_kills(text, &c->kills);
		c->ooms_known = readfile_find_u64(text, "oom", &c->ooms);
	}
	if (readfile_at(l->dir, "memory.events", text, sizeof(text)) <= 0)
		return;
	readfile_find_u64(text, "oom", &c->ooms_below);
	readfile_find_u64(text, "high", &c->high);
	if (local)
		return;
	c->kills_known = find_kills(text, &c->kills);
	c->ooms_known = readfile_find_u64(text, "oom", &c->ooms);
}

/* Version 1 counts a kill in the victim's cgroup alone, and no OOMs: only how often a limit was in the way. */
static void count_v1(const struct oom_level *l, struct oom_counts *c)
{
	zt_u64 v;
	char text[256];

	if (readfile_at(l->dir, "memory.oom_control", text, sizeof(text)) > 0)
		c->kills_known = find_kills(text, &c->kills); /* 4.13 */
	if (!readfile_u64(l->dir, "memory.failcnt", &v)) {
		c->ooms = v;
		c->ooms_known = true;
	}
}

static void count(const struct oomwatch *w, const struct oom_level *l, struct oom_counts *c)
{
	*c = (struct oom_counts){ 0 };
	if (w->cg->version == 2)
		count_v2(l, c);
	else
		count_v1(l, c);
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
	w->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
}

void oomwatch_done(struct oomwatch *w)
{
	for (unsigned int i = 0; i < w->n; i++)
		close(w->at[i].dir);
	w->n = 0;
	if (w->vmstat >= 0)
		close(w->vmstat);
	if (w->meminfo >= 0)
		close(w->meminfo);
	if (w->inotify >= 0)
		close(w->inotify);
	w->vmstat = w->meminfo = w->inotify = -1;
}

int oomwatch_find(const struct oomwatch *w, zt_u64 id)
{
	for (unsigned int i = 0; i < w->n; i++)
		if (w->at[i].id == id)
			return (int)i;
	return -1;
}

/* One level; it is known already or gets a place. -1: neither */
static int place(struct oomwatch *w, const char *path)
{
	int dir = cgroupfs_dir(w->cg, path), i;
	struct oom_level *l;
	char file[64];
	struct stat st;

	/* version 2 may not have the controller here: what is above it accounts for it then */
	if (dir < 0 || fstat(dir, &st) ||
	    (w->cg->version == 2 && faccessat(dir, "memory.events", F_OK, AT_SYMLINK_NOFOLLOW))) {
		if (dir >= 0)
			close(dir);
		return -1;
	}
	i = oomwatch_find(w, st.st_ino);
	if (i >= 0 || w->n == OOMWATCH_MAX || strlen(path) >= sizeof(l->path)) {
		close(dir);
		return i;
	}
	i = (int)w->n++;
	l = &w->at[i];
	*l = (struct oom_level){ .id = st.st_ino, .dir = dir, .up = -1 };
	strcpy(l->path, path);
	count(w, l, &l->last);
	l->before = l->last;
	snprintf(file, sizeof(file), "/proc/self/fd/%d/memory.events", dir);
	if (w->inotify >= 0 && w->cg->version == 2)
		inotify_add_watch(w->inotify, file, IN_MODIFY);
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
	return ret;
}

static bool rose(const struct oom_level *l)
{
	return l->last.ooms_known && l->last.ooms > l->before.ooms;
}

/* Of the machine's memory; what the victim had is free again. */
static bool host_has_plenty(const struct oomwatch *w)
{
	zt_u64 total = 0, available = 0;
	char text[8192];

	if (w->meminfo < 0 || readfile_fd(w->meminfo, text, sizeof(text)) <= 0)
		return false;
	return readfile_find_u64(text, "MemTotal:", &total) && readfile_find_u64(text, "MemAvailable:", &available) &&
	       available > total / 2;
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
	struct zt_memcg m;

	if (w->cg->version == 2)
		return rose(l);
	if (cgroupfs_memcg(w->cg, l->path, &m) < 0)
		return false;
	if (m.swap_limit_bytes != ZT_NO_LIMIT && m.swap_limit_bytes <= m.limit_bytes)
		return reached(m.peak_bytes, m.swap_limit_bytes) && host_has_plenty(w);
	return rose(l) && reached(m.peak_bytes, m.limit_bytes);
}

static int host_or_above(const struct oomwatch *w, int top)
{
	/* version 2's root itself counts nothing */
	if (!w->sees_root || (top >= 0 && strrchr(w->at[top].path, '/') != w->at[top].path))
		return OOM_DOMAIN_OUTSIDE;
	return w->cg->version == 1 && host_has_plenty(w) ? OOM_DOMAIN_UNKNOWN : OOM_DOMAIN_HOST;
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

unsigned int oomwatch_look(struct oomwatch *w, struct oom_rise *ret, unsigned int max)
{
	zt_u64 host = w->host_kills;
	unsigned int n = 0;
	char buf[4096];

	while (w->inotify >= 0 && read(w->inotify, buf, sizeof(buf)) > 0)
		;
	for (unsigned int i = 0; i < w->n; i++)
		count(w, &w->at[i], &w->at[i].last);
	for (unsigned int i = 0; i < w->n; i++) {
		struct oom_level *l = &w->at[i];

		if (l->watched && l->last.kills_known && l->last.kills > l->before.kills && n < max)
			ret[n++] = (struct oom_rise){ (int)i, l->last.kills - l->before.kills, domain_of(w, (int)i) };
	}
	if (host_count(w, &host) && host > w->host_kills && !oomwatch_counts(w) && n < max)
		ret[n++] = (struct oom_rise){ -1, host - w->host_kills,
					      host_or_above(w, -1) };
	w->host_kills = host;
	for (unsigned int i = 0; i < w->n; i++)
		w->at[i].before = w->at[i].last;
	return n;
}

void oomwatch_memcg(const struct oomwatch *w, int level, struct zt_memcg *ret)
{
	const struct oom_level *l = &w->at[level];

	if (cgroupfs_memcg(w->cg, l->path, ret) < 0) { /* removed since */
		memset(ret, 0, sizeof(*ret));
		ret->id = l->id;
	}
	ret->parent = l->up >= 0 ? w->at[l->up].id : 0;
	ret->events_oom_kill = l->last.kills;
	ret->events_high = l->last.high;
	if (w->cg->version != 2)
		return;
	ret->events_oom = l->last.ooms_below;
	ret->events_oom_local = l->last.ooms;
}
