/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which step of which build log a kill in a kernel log was of: by the container's id, by time, by the program that the
 * step's own output names, by being the only one. What stays open is said to be so.
 */
#include <ctype.h>
#include <string.h>

#include "attribute.h"
#include "builder/cgpath.h"
#include "builder/dockerfile.h"

/* A builder notices a death a little later, and its log's clock is another's. */
#define BEFORE_NS (2ull * 1000000000)
#define AFTER_NS (10ull * 1000000000)
/*
 * dmesg adds the time since boot to that of the boot, and nothing corrects the former: some ten parts in a million
 * (14 ppm on the machine this was written on), a minute in two months. That far off a text may still tell; alone it does not.
 */
#define BOOT_DRIFT_NS (180ull * 1000000000)

enum fit { FIT_NO, FIT_NEAR, FIT_MAY, FIT_TEXT, FIT_PROGRAM, FIT_TIME, FIT_TIME_TEXT, FIT_BOTH, FIT_CONTAINER };

static const char *path_of(const struct model *m, const struct kill *k)
{
	return k->ev.victim_cgroup ? model_cgroup_path(m, k->ev.victim_cgroup) : NULL;
}

/* What the log says may have been an OOM kill in it. */
static bool may_have_lost(const struct step *s)
{
	const struct log_step *t = s->told;

	if (t->state == ZT_STEP_FAILED || (t->state == ZT_STEP_RUNNING && s->builder != BUILDER_HOST))
		return true;
	for (const struct said *f = t->said; f; f = f->next_of_step)
		if (f->what == ZT_SAID_KILLED || f->what == ZT_SAID_OOM)
			return true;
	return false;
}

/* Is that a place where such a builder's steps can be? */
static bool fits_path(enum builder_kind builder, const char *path)
{
	switch (cgpath_classify(path).kind) {
	case CGPATH_BUILDKIT_STEP:
		return builder == BUILDER_BUILDKIT;
	case CGPATH_BUILDAH_STEP:
		return builder == BUILDER_PODMAN || builder == BUILDER_HOST;
	case CGPATH_DAEMON:
	case CGPATH_SERVICE:
		return builder == BUILDER_HOST || builder == BUILDER_PODMAN;
	case CGPATH_DOCKER_CONTAINER: /* of BuildKit's steps only those of a builder in one */
		return builder != BUILDER_BUILDKIT || strstr(path, "buildkit");
	default:
		return true;
	}
}

static bool says_program(const struct step *s, const char *comm)
{
	for (const struct said *f = s->told->said; f; f = f->next_of_step)
		if (*f->program && !strncmp(f->program, comm, ZT_COMM_LEN - 1))
			return true;
	return false;
}

static bool has_word(const char *text, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = text; n && (p = strstr(p, word)); p++)
		if ((p == text || (!isalnum((unsigned char)p[-1]) && p[-1] != '_')) && !isalnum((unsigned char)p[n]) && p[n] != '_')
			return true;
	return false;
}

/* How far the kill is from the step's time; 0: it is not, or times do not tell */
static zt_u64 off_time(const struct kill *k, const struct step *s)
{
	zt_u64 ts = k->ev.h.ts_ns;

	if (k->log->clock != ZT_CLOCK_WALL || s->told->log->clock != ZT_CLOCK_WALL || !ts)
		return 0;
	if (s->started_ns && ts + BEFORE_NS < s->started_ns)
		return s->started_ns - ts;
	return s->ended_ns && ts > s->ended_ns + AFTER_NS ? ts - s->ended_ns : 0;
}

/* FIT_TIME within the step's time, FIT_NO outside of it, FIT_NEAR not too far for dmesg, FIT_MAY where times do not tell */
static enum fit by_time(const struct kill *k, const struct step *s)
{
	zt_u64 ts = k->ev.h.ts_ns;

	if (k->log->clock != ZT_CLOCK_WALL || s->told->log->clock != ZT_CLOCK_WALL || !ts || (!s->started_ns && !s->ended_ns))
		return FIT_MAY;
	if (off_time(k, s))
		return k->log->reckoned && off_time(k, s) <= BOOT_DRIFT_NS ? FIT_NEAR : FIT_NO;
	return s->started_ns && s->ended_ns ? FIT_TIME : FIT_MAY;
}

static enum fit fit(const struct model *m, const struct kill *k, const struct step *s)
{
	const char *path = path_of(m, k), *container = s->told->container;
	enum fit time;

	if (container && path && strlen(container) >= 12) {
		struct cgpath c = cgpath_classify(path);

		if (c.id && !strncmp(c.id, container, strlen(container)))
			return FIT_CONTAINER;
		if (c.kind == CGPATH_DOCKER_CONTAINER)
			return FIT_NO;
	}
	if (!may_have_lost(s) || (path && !fits_path(s->builder, path)))
		return FIT_NO;
	time = by_time(k, s);
	if (time == FIT_NO)
		return FIT_NO;
	if (says_program(s, k->ev.victim_comm))
		return time == FIT_TIME ? FIT_BOTH : FIT_PROGRAM;
	if (has_word(s->text, k->ev.victim_comm))
		return time == FIT_TIME ? FIT_TIME_TEXT : FIT_TEXT;
	return time;
}

/* One decision of a log's: what is to be joined */
static bool log_kill(const struct kill *k)
{
	return k->log && k->walk == k;
}

/* Of the same decision, or of the same cgroup: one step's */
static bool together(const struct kill *a, const struct kill *b)
{
	return a == b || (a->ev.victim_cgroup && a->ev.victim_cgroup == b->ev.victim_cgroup);
}

/* Is the kill's group the only one that fits the step so well? */
static bool only_group(const struct model *m, const struct kill *k, const struct step *s, enum fit how)
{
	for (const struct kill *o = m->kills; o; o = o->next)
		if (log_kill(o) && !together(o, k) && fit(m, o, s) >= how)
			return false;
	return true;
}

static void join(struct model *m, struct kill *k, struct step *s, enum fit how)
{
	struct cgroup *cg = model_cgroup(m, k->ev.victim_cgroup);

	k->step = s;
	k->nmaybe = 0;
	k->step_off_ns = how == FIT_CONTAINER ? 0 : off_time(k, s);
	k->step_confidence = how == FIT_CONTAINER ? CONF_CONFIRMED : CONF_LIKELY;
	s->oom_kills++;
	if (!cg || !cg->path || cg->step || s->cgroup || cgpath_classify(cg->path).base_len != strlen(cg->path) || s->builder == BUILDER_HOST)
		return;
	cg->step = s;
	s->cgroup = cg;
}

/* The steps that the kill fits best. host: commands around builds instead of steps of builds */
static struct step *best_step(const struct model *m, const struct kill *k, bool host, enum fit *how, unsigned int *same)
{
	struct step *best = NULL;

	*how = FIT_NO;
	*same = 0;
	for (struct step *s = m->steps; s; s = s->next) {
		enum fit f = s->told && (s->builder == BUILDER_HOST) == host ? fit(m, k, s) : FIT_NO;

		if (f == FIT_NO || f < *how)
			continue;
		*same = f > *how ? 1 : *same + 1;
		best = f > *how ? s : best;
		*how = f;
	}
	return best;
}

static void settle(struct model *m, struct kill *k)
{
	unsigned int same;
	enum fit how;
	bool host = false;
	struct step *best = best_step(m, k, false, &how, &same);

	if (!best)
		best = best_step(m, k, host = true, &how, &same);
	if (!best)
		return;
	if (same == 1 && how != FIT_NEAR && (how == FIT_CONTAINER || only_group(m, k, best, how))) {
		join(m, k, best, how);
		return;
	}
	for (const struct step *s = m->steps; s && k->nmaybe < KILL_MAYBE_MAX; s = s->next)
		if (s->told && (s->builder == BUILDER_HOST) == host && fit(m, k, s) == how)
			k->maybe[k->nmaybe++] = s;
}

void attribute_logs(struct model *m)
{
	bool any = false;

	for (const struct step *s = m->steps; s && !any; s = s->next)
		any = s->told;
	for (struct kill *k = any ? m->kills : NULL; k; k = k->next) {
		k->nmaybe = 0;
		if (log_kill(k) && !k->step)
			settle(m, k);
		else if (k->log && !k->step && k->walk->step) /* went with another */
			k->step = k->walk->step;
	}
}
