/* SPDX-License-Identifier: GPL-2.0 */
/* Jobs: a session of its own for each build client that the watching session recognises, while the build lasts. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/esc.h"
#include "base/i18n.h"
#include "base/log.h"
#include "cmd/daemon.h"
#include "seed.h"
#include "source/env.h"
#include "source/evbuf.h"
#include "source/live.h"
#include "source/scope.h"

#define DRAIN_NS 400000000ull	  /* a step's cgroup goes some ms after its last process */
#define STEPS_NS 3000000000ull	  /* a builder that takes longer to clean up is not waited for */
#define QUIET_NS 1500000000ull	  /* after a kill that is no build's */
#define LOOSE_NS 30000000000ull	  /* kills that go on and on are told in parts */
#define ARENA_FULL ((size_t)24 << 20) /* of each of its two: a long one goes on in another trace */
#define PROCS_FULL 32768
#define BUILDS_FULL 128 /* on the whole machine: whose a step is, is asked of each of them */
#define SHARED_MAX 16	/* builds that one trace is begun for: it has to end some time */

static bool same_id(const struct zt_id *a, const struct zt_id *b)
{
	return a->tgid == b->tgid;
}

/* The job that p is a client of or below one */
static struct job *job_above(struct daemon *d, const struct proc *p)
{
	for (int depth = 0; p && depth < 256; depth++, p = p->parent)
		for (unsigned int n = 0; n < JOBS_MAX; n++)
			for (unsigned int r = 0; d->jobs[n].used && r < d->jobs[n].nroots; r++)
				if (!d->jobs[n].roots[r].ended && same_id(&d->jobs[n].roots[r].id, &p->id))
					return &d->jobs[n];
	return NULL;
}

static void describe(const struct proc *p, char *buf, size_t size)
{
	const char *argv = p->client_argv ?: p->argv;
	size_t len = p->client_argv ? p->client_argv_bytes : p->argv_bytes, at = 0;
	char line[512];

	for (size_t i = 0; i < len && at + 1 < sizeof(line); i++)
		line[at++] = argv[i] ? argv[i] : ' ';
	while (at && line[at - 1] == ' ')
		at--;
	esc_term(buf, size, line, at, 120);
}

static void open_trace(struct daemon *d, struct job *j)
{
	struct writer_opts wo = { 0 };
	char path[PATH_MAX], err[PATH_MAX + 256];

	env_boot_id("/", wo.boot_id);
	if (!keep_path(d, path, sizeof(path), j->name, ".zt") || !writer_open(&j->s.tee, path, &wo, err, sizeof(err)))
		return;
	d->n.traces_failed++;
	log_error(_("%s; no trace is kept of %s"), err, j->title);
}

/* What is told before events of the past is not younger than these: a model's clock only goes on. */
static int tell_then(void *ctx, const struct zt_ev *ev)
{
	struct job *j = ctx;
	union evbuf *b __free = malloc(sizeof(*b));

	if (!b || ev->size > sizeof(*b))
		return -ENOMEM;
	memcpy(b, ev, ev->size);
	b->h.ts_ns = j->s.model->now_ns;
	return session_event(&j->s, &b->h);
}

static int tell_command(struct job *j, const struct proc *p)
{
	const char *argv = p->client_argv ?: p->argv;
	size_t len = p->client_argv ? p->client_argv_bytes : p->argv_bytes;
	char word[4096];
	int err = 0;

	for (size_t at = 0; at < len && !err; at += strnlen(argv + at, len - at) + 1) {
		snprintf(word, sizeof(word), "%.*s", (int)strnlen(argv + at, len - at), argv + at);
		err = env_fact(tell_then, j, "command.arg", word);
	}
	return err;
}

/* Its report is about that client and what is below it. */
static int tell_scope(struct job *j, const struct proc *p)
{
	char pid[16];
	struct scope_part part = { .kind = "pid", .name = pid, .who = p->id };

	snprintf(pid, sizeof(pid), "%u", p->id.tgid);
	return scope_tell(&part, tell_then, j);
}

/* It begins with all that the watching session knows. */
static int begin(struct daemon *d, struct job *j, const struct proc *p)
{
	struct env env = { .root = "/", .proc = &d->proc, .cgroup_version = d->cg.version };
	zt_u64 from_ns;
	struct seed *seed = seed_new(d->main.model, NULL, &from_ns);
	int err = seed ? env_start_at(&env, from_ns, session_event, &j->s) : -ENOMEM;

	if (!err && p)
		err = tell_scope(j, p);
	if (!err && p && !j->ci.job.ci)
		err = tell_command(j, p);
	if (!err)
		err = seed_tell(seed, session_event, &j->s);
	seed_free(seed);
	return err;
}

static struct job *free_job(struct daemon *d)
{
	for (unsigned int n = 0; n < JOBS_MAX; n++)
		if (!d->jobs[n].used)
			return &d->jobs[n];
	return NULL;
}

/* p: its first client; NULL: none; ci: whose job that is, NULL: no CI's */
static struct job *job_open(struct daemon *d, const struct proc *p, const struct ci_place *ci)
{
	struct job *j = free_job(d);
	char slug[32] = "";
	int err;

	if (!j)
		return NULL;
	memset(j, 0, sizeof(*j));
	err = session_init(&j->s, false, false);
	if (err < 0) {
		log_error(_("out of memory"));
		return NULL;
	}
	j->used = true;
	j->opened_ns = d->main.model->now_ns;
	j->s.history = d->history;
	if (ci) {
		ci_seen(j, ci);
		ci_title(ci, j->title, sizeof(j->title));
		ci_slug(ci, slug, sizeof(slug));
	} else if (p) {
		describe(p, j->title, sizeof(j->title));
	}
	keep_name(d, j->name, sizeof(j->name), slug);
	open_trace(d, j);
	err = begin(d, j, p);
	if (err < 0)
		log_warn("%s: %s", j->name, strerror(-err));
	d->njobs++;
	return j;
}

/* A CI's job may have any number of builds, one after the other. */
static void forget_ended(struct job *j)
{
	unsigned int n = 0;

	for (unsigned int r = 0; r < j->nroots; r++)
		if (!j->roots[r].ended)
			j->roots[n++] = j->roots[r];
	j->nroots = n;
}

static void add_root(struct job *j, const struct proc *p)
{
	bool first = !j->nroots;

	if (j->nroots == ROOTS_MAX && j->ci.job.ci)
		forget_ended(j);
	if (j->nroots == ROOTS_MAX)
		return;
	if (!first)
		tell_scope(j, p);
	memset(&j->roots[j->nroots], 0, sizeof(j->roots[0]));
	j->roots[j->nroots++].id = p->id;
	j->ended_ns = 0;
	j->written = false;
}

static struct job *shared_job(struct daemon *d)
{
	for (unsigned int n = 0; n < JOBS_MAX; n++)
		if (d->jobs[n].used && d->jobs[n].shared && d->jobs[n].nroots < SHARED_MAX)
			return &d->jobs[n];
	return NULL;
}

static unsigned int builds_at_once(const struct daemon *d)
{
	return d->conf.o.jobs ? d->conf.o.jobs : 8;
}

/* Builds beyond the number allowed have one trace together; one place is for kills that are no build's. */
static struct job *place_for(struct daemon *d, const struct proc *p)
{
	struct ci_place at, *ci = ci_place(p, &at) ? &at : NULL;
	struct job *j = ci ? ci_job_of(d, ci) : NULL;

	if (j) {
		ci_seen(j, ci);
		return j;
	}
	j = d->njobs >= builds_at_once(d) ? shared_job(d) : NULL;
	if (j) {
		d->n.shared++;
		log_warn(_("more than %u builds at once: %s is told of together with others, in %s"), builds_at_once(d) - 1,
			 j->title, j->name);
		return j;
	}
	j = job_open(d, p, ci);
	if (j)
		j->shared = d->njobs >= builds_at_once(d);
	return j;
}

/* A client: from here on its build is a job. ev: what made it known */
static void see_client(struct daemon *d, const struct proc *p, const struct zt_ev *ev)
{
	struct job *j = p->exit_ns || job_above(d, p) ? NULL : place_for(d, p);
	bool middle = ev->kind == ZT_proc, first;
	char command[256];

	if (!j)
		return;
	first = !j->nroots;
	add_root(j, p);
	if (middle)
		live_note("ZT9010", N_("the trace begins in the middle of the build: what happened before is not known"),
			  session_event, &j->s);
	if (is_one_build(j))
		live_child_event(ZT_F_CHILD_STARTED, &p->id, 0, session_event, &j->s);
	if (first) {
		session_event(&j->s, ev);
		/* an exec makes a client forget whom it speaks to, and other clients' are known: its steps would be theirs */
		seed_client(p, d->main.model->now_ns, session_event, &j->s);
	}
	d->n.builds++;
	describe(p, command, sizeof(command));
	log_info(_("%s: %s, pid %u"), j->name, command, p->id.tgid);
}

static void see_builds(struct daemon *d, const struct zt_ev *ev)
{
	struct model *m = d->main.model;

	for (const struct build *b = m->builds; b; b = b->next)
		if ((unsigned int)atoi(b->id + 1) > d->nbuilds && b->client)
			see_client(d, b->client, ev);
	d->nbuilds = m->nbuilds;
}

/* A kill while nobody listens for such, be it a build's or not: which it is shows when it has been diagnosed. */
static void see_kill(struct daemon *d, const struct zt_ev *ev)
{
	const struct zt_ev_kill *e = (const void *)ev;
	struct job *loose = NULL;
	unsigned int scope = !(ev->flags & ZT_F_KILL_HOST) ? 0 : e->constraint == ZT_CONSTRAINT_CPUSET ? 2 : 1;

	d->n.kills[scope]++;
	for (unsigned int n = 0; n < JOBS_MAX; n++)
		if (d->jobs[n].used && d->jobs[n].loose)
			loose = &d->jobs[n];
	if (!loose) {
		loose = job_open(d, NULL, NULL);
		if (!loose)
			return;
		loose->loose = true;
		snprintf(loose->title, sizeof(loose->title), "%s", _("processes of no build"));
		session_event(&loose->s, ev);
	}
	loose->last_kill_ns = d->main.model->now_ns;
}

static void see_exit(struct daemon *d, const struct zt_ev *ev)
{
	const struct zt_ev_exit *e = (const void *)ev;

	for (unsigned int n = 0; n < JOBS_MAX; n++) {
		struct job *j = &d->jobs[n];
		unsigned int open = 0;

		if (j->used && j->ci.job.ci && !j->anchor_ended_ns && same_id(&j->ci.anchor, &ev->who))
			j->anchor_ended_ns = ev->ts_ns;
		if (!j->used || j->loose || j->ended_ns)
			continue;
		for (unsigned int r = 0; r < j->nroots; r++) {
			if (!j->roots[r].ended && same_id(&j->roots[r].id, &ev->who)) {
				j->roots[r].ended = true;
				j->roots[r].status = e->exit_code;
				j->roots[r].status_known = true;
				d->n.builds_failed += e->exit_code != 0;
				d->ended[d->nended++ % TOLD_MAX] = j->roots[r].id;
			}
			open += !j->roots[r].ended;
		}
		if (!open)
			j->ended_ns = ev->ts_ns;
	}
}

void jobs_before(void *ctx, const struct zt_ev *ev)
{
	struct daemon *d = ctx;

	for (unsigned int n = 0; d->njobs && n < JOBS_MAX; n++)
		if (d->jobs[n].used)
			session_event(&d->jobs[n].s, ev);
}

static void see_delay(struct daemon *d, const struct zt_ev *ev)
{
	zt_u64 now = live_now_ns();

	if (now > ev->ts_ns && now - ev->ts_ns > d->behind_ns)
		d->behind_ns = now - ev->ts_ns;
}

void jobs_after(void *ctx, const struct zt_ev *ev)
{
	struct daemon *d = ctx;

	if (d->stopping)
		return;
	if (ev->kind == ZT_exec || ev->kind == ZT_exit)
		see_delay(d, ev);
	if (ev->kind == ZT_kill)
		see_kill(d, ev);
	else if (ev->kind == ZT_exit && d->njobs)
		see_exit(d, ev);
	else if (ev->kind == ZT_lost && ((const struct zt_ev_lost *)ev)->cause < ZT_LOST_CAUSES)
		d->n.lost[((const struct zt_ev_lost *)ev)->cause] += ((const struct zt_ev_lost *)ev)->count;
}

/* Only now it is known what its files and its environment say: whose job it is, and what a session of its own begins with. */
void jobs_answered(void *ctx, const struct zt_ev *ev)
{
	struct daemon *d = ctx;

	if (!d->stopping && d->main.model->nbuilds != d->nbuilds)
		see_builds(d, ev);
}

static bool steps_open(const struct model *m)
{
	for (const struct step *s = m->steps; s; s = s->next)
		if (!s->ended_ns && s->entry && s->entry->exit_ns)
			return true;
	return false;
}

static bool after(zt_u64 now_ns, zt_u64 then_ns, zt_u64 by_ns)
{
	return now_ns > then_ns && now_ns - then_ns > by_ns;
}

/* Nothing is being built any more. */
static bool is_idle(const struct job *j, zt_u64 now_ns)
{
	return j->ended_ns && after(now_ns, j->ended_ns, DRAIN_NS) &&
	       (!steps_open(j->s.model) || after(now_ns, j->ended_ns, STEPS_NS));
}

static bool is_over(const struct job *j, zt_u64 now_ns)
{
	if (j->loose)
		return after(now_ns, j->last_kill_ns, QUIET_NS) || after(now_ns, j->opened_ns, LOOSE_NS);
	return is_idle(j, now_ns) && (!j->ci.job.ci || ci_over(j, now_ns));
}

/* The rest of a long one goes on in another file. */
static bool is_full(const struct daemon *d, const struct job *j)
{
	struct writer_stats st = { 0 };

	if (j->s.tee)
		writer_stats(j->s.tee, &st);
	return st.file_bytes > (d->conf.o.rotate_bytes ? d->conf.o.rotate_bytes : (zt_u64)256 << 20) ||
	       j->s.model->arena.used > ARENA_FULL || j->s.report->arena.used > ARENA_FULL ||
	       j->s.model->proc_slab.used > PROCS_FULL || j->s.model->nbuilds > BUILDS_FULL;
}

static void rotate(struct daemon *d, struct job *j)
{
	struct job *next = NULL;

	for (unsigned int r = 0; r < j->nroots && !j->loose; r++) {
		const struct proc *p = j->roots[r].ended ? NULL : model_proc(d->main.model, &j->roots[r].id);

		if (!p)
			continue;
		if (!next) {
			next = job_open(d, p, j->ci.job.ci ? &j->ci : NULL);
			if (!next)
				return;
			next->shared = j->shared;
			live_note("ZT9010", N_("the trace begins in the middle of the build: what happened before is in the "
					       "one before it"), session_event, &next->s);
			if (is_one_build(j))
				live_child_event(ZT_F_CHILD_STARTED, &p->id, 0, session_event, &next->s);
		}
		add_root(next, p);
	}
	job_close(d, j);
}

void jobs_rotate(struct daemon *d)
{
	bool used[JOBS_MAX];

	for (unsigned int n = 0; n < JOBS_MAX; n++)
		used[n] = d->jobs[n].used && !d->jobs[n].ended_ns;
	for (unsigned int n = 0; n < JOBS_MAX; n++)
		if (used[n])
			rotate(d, &d->jobs[n]);
}

/* An exit that was lost with others would leave a job open for ever. */
static void look_after(struct daemon *d, struct job *j, zt_u64 now_ns)
{
	struct procfs_stat st;
	unsigned int open = 0;

	if (j->ci.job.ci && !j->anchor_ended_ns && procfs_stat(&d->proc, j->ci.anchor.tgid, &st) < 0)
		j->anchor_ended_ns = now_ns;
	for (unsigned int r = 0; r < j->nroots; r++) {
		bool gone = procfs_stat(&d->proc, j->roots[r].id.tgid, &st) < 0;

		/* its exit may be on its way to us: twice */
		j->roots[r].ended |= gone && j->roots[r].missed;
		j->roots[r].missed = gone;
		open += !j->roots[r].ended;
	}
	if (!open && !j->ended_ns && !j->loose)
		j->ended_ns = now_ns;
}

void jobs_tick(struct daemon *d, zt_u64 now_ns)
{
	bool look = now_ns >= d->tick_ns;

	if (look)
		d->tick_ns = now_ns + 5000000000ull;
	for (unsigned int n = 0; n < JOBS_MAX; n++) {
		struct job *j = &d->jobs[n];

		if (!j->used)
			continue;
		if (j->s.tee)
			writer_tick(j->s.tee, now_ns);
		if (look)
			look_after(d, j, now_ns);
		if (!j->loose)
			job_tell(d, j);
		if (is_over(j, now_ns))
			job_close(d, j);
		else if (is_full(d, j))
			rotate(d, j);
		else if (j->ci.job.ci && !j->written && is_idle(j, now_ns))
			job_write(d, j);
	}
}

void jobs_end(struct daemon *d)
{
	d->stopping = true;
	for (unsigned int n = 0; n < JOBS_MAX; n++)
		if (d->jobs[n].used)
			job_close(d, &d->jobs[n]);
}
