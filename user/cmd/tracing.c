/* SPDX-License-Identifier: GPL-2.0 */
#include "cmd/tracing.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/i18n.h"
#include "base/log.h"
#include "cmd/fallback.h"
#include "cmd/measuring.h"
#include "cmd/post.h"
#include "cmd/publish.h"
#include "session.h"
#include "source/child.h"
#include "source/env.h"
#include "source/live.h"
#include "source/redact.h"
#include "view/view.h"
#include "source/scope.h"

#define PUMP_MS 50
#define GONE_LOOK_NS 250000000ull
/* A step's cgroup goes 10-20 ms after its last process; a builder that takes longer is not waited for. */
#define SETTLE_NS 500000000ull /* a step is shown as whose it is that soon */
#define PUMP_MANY 256 /* events at once: there are more behind them */
#define DRAIN_NS 400000000ull
#define PEER_NS 3500000000ull
/* Processes and cgroups that a busy machine makes in seconds; some kills with all their tasks. */
#define SPARE_OBJECTS 512
#define SPARE_ARENA_BYTES ((size_t)512 << 10)

struct run {
	const struct options *o;
	const struct tracing *t;
	struct session s;
	struct procfs proc;
	struct cgroupfs cg;
	struct found found;
	struct child child;
	struct traceparent trace;
	struct protect_saved saved;
	char trace_path[PATH_MAX];
	struct measuring measuring;
	struct view *view; /* NULL: plain lines */
	zt_u64 settled_ns; /* for it */
	struct fallback fallback;
	bool traced; /* events come */
	const char *ci; /* that it is published to; NULL: none */
	zt_u64 gone_look_ns; /* when the scopes are looked at next */
};

/* -o FILE must work; the trace kept by default is a courtesy. */
static int open_trace(struct run *r)
{
	struct writer_opts wo = { 0 };
	const char *uid = getenv("SUDO_UID"), *gid = getenv("SUDO_GID"), *path = r->o->output;
	char err[512];
	int e;

	if (!path) {
		if (r->o->no_trace)
			return 0;
		e = store_new_path(r->trace_path, sizeof(r->trace_path));
		if (e < 0) {
			log_info(_("no trace is kept: %s"), strerror(-e));
			return 0;
		}
		path = r->trace_path;
	} else if (uid && gid && geteuid() == 0) {
		wo.chown = true;
		wo.uid = (uid_t)strtoul(uid, NULL, 10);
		wo.gid = (gid_t)strtoul(gid, NULL, 10);
	}
	env_boot_id("/", wo.boot_id);
	e = writer_open(&r->s.tee, path, &wo, err, sizeof(err));
	if (e == -ENOSPC || e == -EDQUOT || e == -EIO || e == -EFBIG) {
		log_warn(_("%s; no trace is kept"), err);
		return 0;
	}
	if (e < 0 && r->o->output)
		log_error("%s", err);
	else if (e < 0)
		log_info("%s", err);
	return e < 0 && r->o->output ? e : 0;
}

/* What the history cannot tell or take is no trouble of the build's. */
static void open_history(struct run *r)
{
	char dir[PATH_MAX], cwd[PATH_MAX];
	int err;

	if (r->o->no_trace)
		return;
	err = store_dir(dir, sizeof(dir));
	if (!err)
		err = history_open(&r->s.history, dir, getcwd(cwd, sizeof(cwd)) ? cwd : "");
	if (err < 0)
		log_info(_("no history is kept: %s"), strerror(-err));
}

static void save_history(const struct run *r)
{
	int err = r->s.history ? history_save(r->s.history, r->s.model) : 0;

	if (err < 0)
		log_info(_("no history is kept: %s"), strerror(-err));
}

static int prepare(struct run *r)
{
	int err = procfs_open(&r->proc, "/proc");

	if (err < 0) {
		log_error(_("/proc cannot be read: %s; mount it"), strerror(-err));
		return err;
	}
	r->proc.redact = redact_argv;
	err = cgroupfs_open(&r->cg, "/proc");
	if (err < 0)
		log_info(_("the memory cgroups cannot be read: %s"), strerror(-err));
	found_look(&r->proc, &r->cg, &r->found);
	err = child_init(&r->child, &r->proc);
	if (err < 0)
		log_error(_("signals cannot be taken over: %s"), strerror(-err));
	return err;
}

static int start_child(struct run *r)
{
	struct child_opts co = { .user = r->o->user, .saved = &r->saved, .proc_root = "/proc" };
	int err;

	fallback_prepare(&r->fallback, &co);

	traceparent_get(&r->trace);
	if (r->trace.made && *r->trace.text)
		co.traceparent = r->trace.text;
	err = child_start(&r->child, r->o->args, &co);
	if (err == -ENOENT && r->o->user)
		log_error(_("--user %s: no such user"), r->o->user);
	else if (err < 0)
		log_error(_("cannot start a process: %s"), strerror(-err));
	return err;
}

/* Memory for so much more, found while there is some: processes and cgroups, what kills tell and what is said of them */
static int hold_tables(const struct session *s)
{
	const struct slab *slabs[] = { &s->model->proc_slab, &s->model->cgroup_slab };
	const struct arena *arenas[] = { &s->model->arena, &s->report->arena };
	int ret = 0, err;
	size_t bytes;

	for (size_t i = 0; i < ARRAY_SIZE(slabs); i++) {
		void *p = slab_spare(slabs[i], SPARE_OBJECTS, &bytes);

		err = protect_hold(p, bytes);
		ret = ret ? ret : err;
	}
	for (size_t i = 0; i < ARRAY_SIZE(arenas); i++) {
		void *p = arena_spare(arenas[i], SPARE_ARENA_BYTES, &bytes);

		err = protect_hold(p, bytes);
		ret = ret ? ret : err;
	}
	return ret;
}

/* Where it may not be done it is said, in the trace as well: who wonders why it ends early reads it there. */
static void tell_unprotected(struct run *r, const char *text, int err)
{
	log_info("%s: %s", _(text), strerror(-err));
	if (r->traced)
		live_note("ZT9005", text, session_event, &r->s);
}

/* oom_err: what protect_oom said, before there was anywhere to say it */
static void protect(struct run *r, int oom_err)
{
	int err, held, tables;

	if (oom_err < 0)
		tell_unprotected(r, N_("ztrace may not lower its own oom_score_adj (no CAP_SYS_RESOURCE): when the host "
				       "runs out of memory the kernel may kill ztrace as well"),
				 oom_err);
	protect_priority();
	err = protect_lock();
	held = protect_hold_program("/proc");
	tables = hold_tables(&r->s);
	held = held ? held : tables;
	if (held < 0)
		tell_unprotected(r, N_("ztrace may not lock its memory (no CAP_IPC_LOCK, and RLIMIT_MEMLOCK is small): when "
				       "the host runs out of memory it may be slow and lose events"),
				 held);
	else if (err < 0)
		log_info(_("only what recording needs is locked in memory: %s"), strerror(-err));
}

static int attach(struct run *r)
{
	struct live_opts lo = { .argv = r->t->command ? r->o->args : NULL, .trace = &r->trace, .proc = &r->proc, .cg = &r->cg,
				.hooks = r->o->hooks, .no_host_check = r->o->no_host_check, .found = &r->found, .scopes = r->t->scopes,
				.nscopes = r->t->nscopes, .wake_fd = child_poll_fd(&r->child) };
	char err[512] = "";
	zt_u64 start_ns = live_now_ns();
	int e;

	if (!r->o->require_bpf)
		lo.plain = fallback_opts(&r->fallback, r->o, &r->child, &r->proc, &r->cg);
	e = live_open(&r->s.src, &lo, session_event, &r->s, err, sizeof(err));
	r->traced = e >= 0;
	r->fallback.used = e == 1;
	if (e >= 0) {
		log_info(_("attached in %u ms"), (unsigned int)((live_now_ns() - start_ns) / 1000000));
		if (e == 1)
			log_warn(_("no eBPF: %s; going on with what the programs themselves and the cgroups' files tell"), err);
		return 0;
	}
	if (!*err)
		snprintf(err, sizeof(err), "%s", strerror(-e));
	if (r->o->require_bpf || !r->t->command)
		log_error(_("cannot trace: %s"), err);
	else
		log_warn(_("cannot trace: %s; the command runs untraced"), err);
	return e;
}

static int go(struct run *r)
{
	int err;

	if (r->traced)
		live_child_event(ZT_F_CHILD_STARTED, &r->child.id, 0, session_event, &r->s);
	err = fallback_go(&r->fallback, &r->child);
	if (err < 0)
		log_error("%s: %s", r->o->args[0], strerror(-err));
	return err;
}

static bool steps_open(const struct model *m)
{
	for (const struct step *s = m->steps; s; s = s->next)
		if (!s->ended_ns && s->entry && s->entry->exit_ns)
			return true;
	return false;
}

/* Without a source to wait in. */
static void wait_signals(struct run *r)
{
	struct pollfd p = { .fd = child_poll_fd(&r->child), .events = POLLIN };

	poll(&p, 1, -1);
}

static bool scopes_gone(struct run *r)
{
	zt_u64 now = live_now_ns();

	if (!r->t->nscopes || now < r->gone_look_ns)
		return false;
	r->gone_look_ns = now + GONE_LOOK_NS;
	for (unsigned int i = 0; i < r->t->nscopes; i++)
		if (!scope_gone(&r->t->scopes[i], &r->proc, &r->cg))
			return false;
	return true;
}

/* true: the view was left */
static bool look(struct run *r)
{
	zt_u64 now = live_now_ns();

	if (now - r->settled_ns >= SETTLE_NS) {
		session_settle(&r->s);
		r->settled_ns = now;
	}
	return view_tick(r->view, r->s.report, now);
}

/* true: the command has exited, or we were told to stop */
static bool turn(struct run *r)
{
	unsigned int what;

	if (!r->traced)
		wait_signals(r);
	else if (session_pump(&r->s, r->t->measure ? MEASURING_MS : PUMP_MS) < 0)
		r->traced = false;
	if (r->t->measure)
		measuring_tick(&r->measuring, &r->s);
	if (r->s.tee)
		writer_tick(r->s.tee, live_now_ns());
	if (r->view && look(r))
		return true;
	if (r->t->as_closed && !r->view)
		session_render(&r->s);
	what = child_handle(&r->child);
	if (r->t->command)
		return what & CHILD_EXITED;
	return (what & CHILD_INTERRUPTED) || !r->traced || scopes_gone(r);
}

/* Where the host was asked whether it gets there itself: it answers in PEER_NS at most. */
static bool steps_wait(const struct model *m)
{
	for (const struct step *s = m->steps; s; s = s->next)
		if (step_waits(s))
			return true;
	return false;
}

static void drain(struct run *r)
{
	zt_u64 now = live_now_ns(), until = now + DRAIN_NS, answered = now + PEER_NS;
	int n;

	do {
		/* only of steps more may come than was there when the command ended */
		n = session_pump(&r->s, r->s.model->steps ? PUMP_MS : 0);
		if (n < 0)
			return;
		child_handle(&r->child); /* else a signal would have us look all the time */
		now = live_now_ns();
	} while (((steps_open(r->s.model) || n >= PUMP_MANY) && now < until) || (steps_wait(r->s.model) && now < answered));
}

/* What happened goes below it once the terminal is ours no more. */
static void end_view(struct run *r)
{
	view_free(r->view);
	r->view = NULL;
}

static void finish(struct run *r)
{
	int status = 0;

	end_view(r);
	if (!r->traced)
		return;
	drain(r);
	if (r->t->command && child_reap(&r->child, &status))
		live_child_event(ZT_F_CHILD_EXITED, &r->child.id, status, session_event, &r->s);
	if (r->t->measure)
		measuring_end(&r->measuring, &r->s);
	live_end(session_event, &r->s);
	session_finish(&r->s);
	post_outputs(&r->s);
	publish_finish(r->ci);
	save_history(r);
	if (r->s.tee && r->trace_path[0])
		log_info(_("trace kept in %s"), r->trace_path);
}

static bool failed_for_memory(const struct report *rep)
{
	for (const struct incident *i = rep->incidents; i; i = i->next)
		if (!strncmp(i->code, "ZT10", 4) && i->causal != TRI_NO)
			return true;
	return false;
}

static int exit_code(const struct run *r)
{
	int code;

	if (!r->t->command)
		return 0;
	code = child_exit_code(r->child.status);
	if (r->o->oom_exit_code && code && failed_for_memory(r->s.report))
		return r->o->oom_exit_code;
	return code;
}

static int run_child(struct run *r)
{
	int err = go(r);

	if (err < 0)
		return child_exec_exit_code(&r->child, err);
	while (!turn(r))
		;
	finish(r);
	return exit_code(r);
}

static int trace(struct run *r)
{
	int err, oom_err, adj;

	protect_save("/proc", &r->saved);
	if (prepare(r) < 0)
		return EXIT_OURS;
	if (r->t->command && start_child(r) < 0)
		return EXIT_OURS;
	signal(SIGXFSZ, SIG_IGN); /* the writer copes with a full file */
	err = open_trace(r);
	if (err < 0)
		return EXIT_MISUSE;
	open_history(r);
	if (r->t->explain && opt_outputs(r->o, &r->s, r->t->command ? stderr : stdout) < 0)
		return EXIT_MISUSE;
	if (r->t->explain && publish_open(r->o, &r->s, &r->ci) < 0)
		return EXIT_MISUSE;
	oom_err = protect_oom("/proc", &adj);
	if (r->t->measure && measuring_start(&r->measuring, r->o, &r->proc, &r->cg) < 0)
		return EXIT_OURS;
	err = attach(r);
	if (err < 0 && (r->o->require_bpf || !r->t->command || r->t->measure))
		return EXIT_OURS;
	protect(r, oom_err); /* after libbpf, which needs 10 MB for a moment */
	protect_no_new_privs();
	protect_drop_caps(true);
	if (r->t->command)
		return run_child(r);
	if (r->t->nscopes)
		log_info(_("watching %s %s until it is gone; Ctrl-C ends it"), r->t->scopes[0].kind, r->t->scopes[0].name);
	else
		log_info(_("watching; Ctrl-C ends it"));
	if (r->t->live && !r->o->plain && !r->o->nformats && !r->o->quiet)
		r->view = view_new(&r->s.outs[0].out);
	while (!turn(r))
		;
	finish(r);
	return 0;
}

int tracing_run(const struct options *o, const struct tracing *t)
{
	struct run *r = calloc(1, sizeof(*r));
	int ret = EXIT_OURS;

	if (r && session_init(&r->s, o->quiet, o->verbose > 0) == 0) {
		r->o = o;
		r->t = t;
		r->proc.dir = r->proc.meminfo = r->proc.pressure = r->cg.dir = r->measuring.lift.fd = -1;
		ret = trace(r);
		end_view(r);
		lift_stop(&r->measuring.lift);
		child_done(&r->child);
		session_done(&r->s);
		cgroupfs_close(&r->cg);
		procfs_close(&r->proc);
	} else {
		log_error(_("out of memory"));
	}
	free(r);
	return ret;
}
