/* SPDX-License-Identifier: GPL-2.0 */
/* Keeps the counters of some cgroups open and tells when they change. */
#include "source/sampler.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "source/evbuf.h"
#include "source/readfile.h"

#define STEP_BYTES ((zt_u64)1 << 20)

void sampler_init(struct sampler *s, const struct cgroupfs *cg)
{
	*s = (struct sampler){ .cg = cg };
	for (int i = 0; i < SAMPLER_MAX; i++)
		s->at[i] = (struct sampled){ .usage_fd = -1, .swap_fd = -1, .up = -1 };
}

static void close_files(struct sampled *e)
{
	if (e->usage_fd >= 0)
		close(e->usage_fd);
	if (e->swap_fd >= 0)
		close(e->swap_fd);
	e->usage_fd = e->swap_fd = -1;
}

void sampler_done(struct sampler *s)
{
	for (int i = 0; i < SAMPLER_MAX; i++)
		close_files(&s->at[i]);
}

static bool is_free(const struct sampled *e)
{
	return !e->wanted && !e->below;
}

/* Nobody asks for that place any more; nor, maybe, for those above it. */
static void let_go(struct sampler *s, int i)
{
	while (i >= 0 && is_free(&s->at[i])) {
		int up = s->at[i].up;

		close_files(&s->at[i]);
		s->at[i] = (struct sampled){ .usage_fd = -1, .swap_fd = -1, .up = -1 };
		if (up >= 0)
			s->at[up].below--;
		i = up;
	}
}

static bool differs(zt_u64 now, zt_u64 told)
{
	zt_u64 by = now > told ? now - told : told - now;

	return by > STEP_BYTES && by > told / 100;
}

/* 1: told, 0: nothing new, -errno of the sink. A file that cannot be read is one of a cgroup that was removed. */
static int look(struct sampler *s, int i, bool first, sink_fn sink, void *ctx)
{
	struct sampled *e = &s->at[i];
	struct zt_ev_sample ev = { .h = { .size = sizeof(ev), .fixed = sizeof(ev), .kind = ZT_sample, .cgroup = e->id } };
	int err;

	if (readfile_fd_u64(e->usage_fd, &ev.usage_bytes) < 0) {
		close_files(e);
		e->wanted = false;
		let_go(s, i);
		return 0;
	}
	if (e->swap_fd >= 0 && readfile_fd_u64(e->swap_fd, &ev.swap_bytes) < 0)
		ev.swap_bytes = 0;
	if (!first && !differs(ev.usage_bytes, e->usage_bytes) && !differs(ev.swap_bytes, e->swap_bytes))
		return 0;
	e->usage_bytes = ev.usage_bytes;
	e->swap_bytes = ev.swap_bytes;
	ev.h.ts_ns = evbuf_clock_ns(CLOCK_BOOTTIME);
	err = sink(ctx, &ev.h);
	return err < 0 ? err : 1;
}

static int place_of(const struct sampler *s, zt_u64 id)
{
	for (int i = 0; i < SAMPLER_MAX; i++)
		if (!is_free(&s->at[i]) && s->at[i].id == id)
			return i;
	return -1;
}

/* A free place takes that directory's files. -1: none is free, or there are no such files (the root has none). */
static int take_place(struct sampler *s, int dir, zt_u64 id)
{
	int i = 0;

	while (i < SAMPLER_MAX && !is_free(&s->at[i]))
		i++;
	if (i == SAMPLER_MAX || cgroupfs_open_usage(s->cg, dir, &s->at[i].usage_fd, &s->at[i].swap_fd) < 0)
		return -1;
	s->at[i].id = id;
	return i;
}

static bool to_parent(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash || slash == path)
		return false;
	*slash = 0;
	return true;
}

/* The place of that cgroup if it has a limit, taken now unless it has one (*known). -1: none */
static int limited_place(struct sampler *s, const char *path, bool *known)
{
	int dir __close = cgroupfs_dir(s->cg, path), i;
	struct stat st;

	if (dir < 0 || fstat(dir, &st))
		return -1;
	i = place_of(s, st.st_ino);
	*known = i >= 0;
	if (i >= 0 || cgroupfs_limit(s->cg, dir) == ZT_NO_LIMIT)
		return i;
	return take_place(s, dir, st.st_ino);
}

/* Those above place i whose path is `path` (which is eaten up). 0 or -errno of the sink */
static int add_above(struct sampler *s, int i, char *path, sink_fn sink, void *ctx)
{
	while (to_parent(path)) {
		bool known = false;
		int up = limited_place(s, path, &known), err;

		if (up < 0)
			continue;
		s->at[i].up = up;
		s->at[up].below++;
		if (known)
			return 0; /* and so are those above it */
		err = look(s, up, true, sink, ctx);
		if (err < 0)
			return err;
		i = up;
	}
	return 0;
}

int sampler_add(struct sampler *s, zt_u64 id, const char *path, sink_fn sink, void *ctx)
{
	int dir __close = cgroupfs_dir(s->cg, path), i = place_of(s, id), err;
	char above[4096];
	struct stat st;

	/* the name may have become another's */
	if (strlen(path) >= sizeof(above) || dir < 0 || fstat(dir, &st) || st.st_ino != id)
		return 0;
	if (i >= 0) { /* known from one below it */
		s->at[i].wanted = s->at[i].usage_fd >= 0;
		return 0;
	}
	i = take_place(s, dir, id);
	if (i < 0)
		return 0;
	s->at[i].wanted = true;
	strcpy(above, path);
	err = add_above(s, i, above, sink, ctx);
	if (err >= 0)
		err = look(s, i, true, sink, ctx);
	return err < 0 ? err : 0;
}

int sampler_tick(struct sampler *s, zt_u64 now_ns, sink_fn sink, void *ctx)
{
	int told = 0;

	if (now_ns < s->next_ns)
		return 0;
	s->next_ns = now_ns + SAMPLER_PERIOD_NS;
	for (int i = 0; i < SAMPLER_MAX; i++) {
		int n = s->at[i].usage_fd >= 0 ? look(s, i, false, sink, ctx) : 0;

		if (n < 0)
			return n;
		told += n;
	}
	return told;
}
