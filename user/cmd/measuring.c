/* SPDX-License-Identifier: GPL-2.0 */
#include "cmd/measuring.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "attribute.h"
#include "base/fmt.h"
#include "base/i18n.h"
#include "base/log.h"
#include "source/live.h"
#include "source/readfile.h"
#include "source/swapfile.h"

/* What the host has and uses, as if swap were a cgroup's limit */
static void look_at_swap(struct measuring *w)
{
	struct lift_use *u = &w->swap.use;
	struct zt_ev_host h;
	zt_u64 used;

	if (procfs_host(w->proc, 0, &h) < 0)
		return;
	used = h.swap_total_bytes - h.swap_free_bytes;
	w->swap.set_bytes = h.swap_total_bytes;
	u->need_bytes = used > u->need_bytes ? used : u->need_bytes;
	u->peak_bytes = u->need_bytes;
}

static int add_swap(struct measuring *w, zt_u64 bytes)
{
	char dir[PATH_MAX - 32] = "", path[PATH_MAX], size[FMT_LEN];
	int err = store_dir(dir, sizeof(dir));

	look_at_swap(w);
	w->swap.was_bytes = w->swap.set_bytes;
	w->swap.was_swap_bytes = ZT_NO_LIMIT;
	if (!err) {
		swapfile_sweep(dir);
		snprintf(path, sizeof(path), "%s/swap-%d", dir, (int)getpid());
		err = lift_swap(&w->lift, path, bytes);
	}
	fmt_bytes(size, sizeof(size), bytes);
	if (err == -ENOSPC)
		log_error(_("--swap: a file of %s would leave less than 1 GiB free on the disk of %s"), size, dir);
	else if (err)
		log_error(_("--swap: no swap file of %s in %s: %s"), size, dir, strerror(-err));
	else
		log_info(_("%s of swap added for the time of the build"), size);
	if (!err)
		strcpy(w->swap.use.path, "swap");
	return err;
}

int measuring_start(struct measuring *w, const struct options *o, const struct procfs *proc, const struct cgroupfs *cg)
{
	char text[4096];
	const char *own;
	zt_u64 total = (zt_u64)sysconf(_SC_PHYS_PAGES) * (zt_u64)sysconf(_SC_PAGESIZE);
	int err = lift_start(&w->lift, cg, total);

	if (err < 0) {
		log_error(_("memory limits cannot be lifted: %s"), strerror(-err));
		return err;
	}
	w->proc = proc;
	if (readfile_at(proc->dir, "self/cgroup", text, sizeof(text)) > 0) {
		own = cgroupfs_own_path(cg, text);
		snprintf(w->own, sizeof(w->own), "%s", own ? own : "");
	}
	return o->swap_bytes ? add_swap(w, o->swap_bytes) : 0;
}

/* Not yet attributed, it is ours when nobody else builds: another's limit is another's business. */
static bool is_ours(struct model *m, const struct step *st)
{
	const struct build *b = st->build;

	if (!b)
		attribute_guess(m, st, &b);
	if (b)
		return model_concerns(m, b);
	for (b = m->builds; b; b = b->next)
		if (!b->ended_ns && !model_concerns(m, b))
			return false;
	return m->child && st->started_ns >= m->child->exec_ns && m->child->exec_ns;
}

/* Of every cgroup that the command's processes and steps are in, now: new ones come with every step. */
static void lift_limits(struct measuring *w, struct model *m)
{
	zt_u64 available = m->host.h.kind ? m->host.available_bytes : 0, last = 0;

	if (w->own[0])
		lift_chain(&w->lift, w->own, available);
	for (const struct step *st = m->steps; st; st = st->next)
		if (!st->ended_ns && st->cgroup && st->cgroup->path && is_ours(m, st))
			lift_chain(&w->lift, st->cgroup->path, available);
	for (const struct proc *p = m->procs; p; p = p->hh.next) {
		const struct cgroup *cg = p->cgroup != last ? model_cgroup(m, p->cgroup) : NULL;

		last = p->cgroup;
		if (cg && cg->path && !p->exit_ns && model_is_below(p, m->child))
			lift_chain(&w->lift, cg->path, available);
	}
}

/* The levels above a step need as much at least: their own mark may be from before, and a look comes too late. */
static void raise_levels(struct lift *l, const struct lift_use *u)
{
	for (unsigned int i = 0; i < l->n; i++) {
		struct lift_use *v = &l->levels[i].use;
		size_t len = strlen(v->path);

		if (!strncmp(u->path, v->path, len) && u->path[len] == '/' && u->need_bytes > v->need_bytes)
			v->need_bytes = u->need_bytes;
	}
}

/* Of steps that have gone, or of all: at once, to have room for the next. */
static void tell_steps(struct measuring *w, struct session *s, bool all)
{
	for (unsigned int i = 0; i < LIFT_STEPS_MAX; i++) {
		struct lift_use *u = &w->lift.steps[i];
		const struct cgroup *cg = *u->path ? model_cgroup(s->model, u->cgroup) : NULL;
		const struct step *st = cg ? cg->step : NULL;

		if (!*u->path || (!all && st && !st->ended_ns))
			continue;
		if (st) {
			lift_gone(u, st->peak_bytes);
			raise_levels(&w->lift, u);
			live_lift(u, NULL, "", session_event, s);
		}
		*u->path = 0;
	}
}

void measuring_tick(struct measuring *w, struct session *s)
{
	struct model *m = s->model;

	lift_limits(w, m);
	for (const struct step *st = m->steps; st; st = st->next)
		if (!st->ended_ns && st->cgroup && st->cgroup->path && is_ours(m, st))
			lift_watch(&w->lift, st->cgroup->path, st->cgroup->id);
	lift_sample(&w->lift);
	if (*w->swap.use.path)
		look_at_swap(w);
	tell_steps(w, s, false);
}

/* Limits are as they were before anything is said of them. */
void measuring_end(struct measuring *w, struct session *s)
{
	const char *file = cgroupfs_limit_file(w->lift.cg);
	int err;

	tell_steps(w, s, true);
	err = lift_stop(&w->lift);

	if (err < 0)
		log_warn(_("a memory limit could not be put back; see above"));
	else if (w->lift.n)
		log_info(_("memory limits are as they were"));
	if (w->lift.refused && !w->lift.n)
		log_warn(_("no memory limit could be lifted: %s"), strerror(-w->lift.error));
	for (unsigned int n = 0; n < w->lift.n; n++)
		live_lift(&w->lift.levels[n].use, &w->lift.levels[n], file, session_event, s);
	if (*w->swap.use.path)
		live_lift(&w->swap.use, &w->swap, "/proc/swaps", session_event, s);
}
