/* SPDX-License-Identifier: GPL-2.0 */
/* Watch the whole machine for months: a trace and a report for each build, in the state directory. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/i18n.h"
#include "base/log.h"
#include "cmd/daemon.h"
#include "seed.h"
#include "source/env.h"
#include "source/live.h"
#include "source/plain.h"
#include "source/protect.h"
#include "source/redact.h"
#include "source/sdnotify.h"

#define PUMP_MS 50
#define RENEW_NS 3600000000000ull /* the watching session begins anew at least so often */
#define RENEW_PROCS 8192	  /* and when so many dead ones could not be forgotten */
#define RENEW_BYTES ((size_t)4 << 20)
#define RENEW_BUILDS 64
#define FINISH_NS 300000000000ull /* missing reports are tried again */
#define STATUS_NS 1000000000ull
#define HISTORY_NS 3600000000000ull

static int open_dirs(struct daemon *d)
{
	const char *given = d->conf.o.state_dir;
	int err = 0;

	if (given && strlen(given) >= sizeof(d->dir))
		err = -ENAMETOOLONG;
	else if (given)
		strcpy(d->dir, given);
	if (!err)
		err = given ? store_make(d->dir) : store_dir(d->dir, sizeof(d->dir));
	if (err < 0) {
		log_error(_("the state directory %s cannot be made: %s; name another with --state-dir"), d->dir, strerror(-err));
		return err;
	}
	return keep_lock(d);
}

static int open_signals(struct daemon *d)
{
	sigset_t mask;

	signal(SIGXFSZ, SIG_IGN); /* the writer copes with a full file */
	sigemptyset(&mask);
	for (const int *s = (const int[]){ SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGCHLD, 0 }; *s; s++)
		sigaddset(&mask, *s);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	d->sig_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	return d->sig_fd < 0 ? -errno : 0;
}

static int prepare(struct daemon *d)
{
	int err = procfs_open(&d->proc, "/proc");

	if (err < 0) {
		log_error(_("/proc cannot be read: %s; mount it"), strerror(-err));
		return err;
	}
	d->proc.redact = redact_argv;
	err = cgroupfs_open(&d->cg, "/proc");
	if (err < 0)
		log_info(_("the memory cgroups cannot be read: %s"), strerror(-err));
	found_look(&d->proc, &d->cg, &d->found);
	return open_signals(d);
}

static int attach(struct daemon *d)
{
	struct plain_opts plain = { .uid = geteuid(), .gid = getegid(), .proc = &d->proc, .cg = &d->cg };
	struct live_opts lo = { .proc = &d->proc, .cg = &d->cg, .hooks = d->conf.o.hooks, .found = &d->found,
				.plain = d->conf.o.require_bpf ? NULL : &plain };
	char err[512] = "";
	int r;

	d->tap = (struct tap){ jobs_before, jobs_after, jobs_answered, d };
	d->main.tap = &d->tap;
	d->main.mute = true;
	r = live_open(&d->main.src, &lo, session_event, &d->main, err, sizeof(err));
	if (r < 0)
		log_error(_("cannot trace: %s"), *err ? err : strerror(-r));
	else if (r == 1)
		log_warn(_("no eBPF: %s; going on with what the programs themselves and the cgroups' files tell"), err);
	return r;
}

static bool alive(void *ctx, const struct proc *p)
{
	const struct daemon *d = ctx;
	struct procfs_stat st;

	return !procfs_stat(&d->proc, p->id.tgid, &st);
}

static bool there(void *ctx, const struct cgroup *cg)
{
	const struct daemon *d = ctx;
	int fd = cgroupfs_dir(&d->cg, cg->path);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static zt_u64 lost(const struct daemon *d)
{
	return d->n.lost[ZT_LOST_RING] + d->n.lost[ZT_LOST_READ] + d->main.model->lost[ZT_LOST_MODEL];
}

/* What has come and gone is forgotten: another model begins where this one is. */
static void renew(struct daemon *d, zt_u64 now_ns)
{
	struct seed_opts so = { alive, there, d };
	struct session n;
	struct seed *seed;
	zt_u64 from_ns;
	struct env env = { .root = "/", .proc = &d->proc, .cgroup_version = d->cg.version };

	d->renewed_ns = now_ns;
	if (session_init(&n, true, false) < 0)
		return;
	n.mute = true;
	seed = seed_new(d->main.model, lost(d) != d->lost_then ? &so : NULL, &from_ns);
	if (!seed || env_start_at(&env, from_ns, session_event, &n) < 0 || seed_tell(seed, session_event, &n) < 0) {
		seed_free(seed);
		session_done(&n);
		return;
	}
	seed_free(seed);
	n.src = d->main.src;
	n.tap = d->main.tap;
	d->main.src = NULL;
	session_done(&d->main);
	d->main = n;
	d->nbuilds = d->base_builds = n.model->nbuilds;
	d->lost_then = lost(d);
	d->base_procs = (unsigned int)n.model->proc_slab.used;
	log_debug("renewed: %u processes, %u cgroups, %zu bytes", HASH_COUNT(n.model->procs), HASH_COUNT(n.model->cgroups),
		  n.model->arena.used);
}

static bool is_stale(const struct daemon *d, zt_u64 now_ns)
{
	const struct model *m = d->main.model;

	return m->proc_slab.used > d->base_procs + RENEW_PROCS || m->arena.used > RENEW_BYTES ||
	       m->nbuilds > d->base_builds + RENEW_BUILDS || now_ns - d->renewed_ns > RENEW_NS || lost(d) != d->lost_then;
}

/* The old stays in force when the new is wrong. */
static void reload(struct daemon *d)
{
	struct daemon_conf n;

	sdnotify_reloading();
	if (conf_load(&n, &cmd_daemon, d->cli) < 0) {
		log_warn(_("the settings stay as they were"));
	} else {
		conf_free(&d->conf);
		d->conf = n;
		log_set_level(n.o.quiet ? 0 : 1 + n.o.verbose);
		metrics_listen(d);
		keep_prune(d);
		log_notice(_("settings read"));
	}
	sdnotify("READY=1");
}

static void reap(struct daemon *d)
{
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		keep_reaped(d, pid, status);
		if (d->scrape)
			scrape_child(d->scrape, pid);
	}
}

/* false: told to stop */
static bool on_signals(struct daemon *d)
{
	struct signalfd_siginfo si;
	bool go = true;

	while (read(d->sig_fd, &si, sizeof(si)) == sizeof(si)) {
		if (si.ssi_signo == SIGHUP)
			reload(d);
		else if (si.ssi_signo == SIGUSR1)
			jobs_rotate(d);
		else if (si.ssi_signo == SIGCHLD)
			reap(d);
		else
			go = false;
	}
	return go;
}

static void tell_status(struct daemon *d)
{
	char text[256];

	snprintf(text, sizeof(text), "WATCHDOG=1\nSTATUS=%u traces being written, %llu builds seen, %llu OOM kills", d->njobs,
		 (unsigned long long)d->n.builds,
		 (unsigned long long)(d->n.kills[0] + d->n.kills[1] + d->n.kills[2]));
	sdnotify(text);
	metrics_put(d);
	d->behind_ns = 0;
}

/* What can wait for a second */
static void housekeeping(struct daemon *d, zt_u64 now_ns)
{
	tell_status(d);
	if (d->prune)
		keep_prune(d);
	d->prune = false;
	if (now_ns >= d->history_ns) {
		keep_history(d);
		d->history_ns = now_ns + HISTORY_NS;
	}
}

static void finish_missing(struct daemon *d, zt_u64 now_ns)
{
	if (d->finisher || now_ns < d->finish_ns || !d->unfinished)
		return;
	d->finish_ns = now_ns + FINISH_NS;
	d->unfinished = keep_unfinished(d);
	if (d->unfinished)
		keep_finish(d);
}

static int watch(struct daemon *d)
{
	zt_u64 now = live_now_ns(), status_ns = 0;
	int err = 0;

	d->renewed_ns = now;
	d->base_procs = (unsigned int)d->main.model->proc_slab.used;
	d->base_builds = d->main.model->nbuilds;
	d->unfinished = true;
	while (on_signals(d)) {
		err = session_pump(&d->main, PUMP_MS);
		if (err < 0)
			break;
		now = live_now_ns();
		jobs_tick(d, now);
		if (is_stale(d, now))
			renew(d, now);
		finish_missing(d, now);
		if (now >= status_ns) {
			housekeeping(d, now);
			status_ns = now + STATUS_NS;
		}
	}
	sdnotify("STOPPING=1");
	jobs_end(d);
	keep_busy(d, "", true);
	keep_prune(d);
	if (err < 0)
		log_error(_("events come no more: %s"), strerror(-err));
	return err < 0 ? EXIT_OURS : 0;
}

/* As far as it is allowed: a machine that is out of memory is when the daemon is needed. */
static void protect(int oom_err)
{
	int err;

	if (oom_err < 0)
		log_info(_("ztrace may not lower its own oom_score_adj: %s"), strerror(-oom_err));
	protect_priority();
	err = protect_lock();
	if (err < 0)
		log_info(_("only what recording needs is locked in memory: %s"), strerror(-err));
	protect_hold_program("/proc");
	protect_give_back();
	protect_no_new_privs();
	err = protect_drop_caps(false);
	if (err < 0)
		log_warn(_("privileges could not be given up: %s"), strerror(-err));
}

static int go(struct daemon *d)
{
	int oom_err, adj;

	if (conf_load(&d->conf, &cmd_daemon, d->cli) < 0)
		return EXIT_MISUSE;
	log_set_level(d->conf.o.quiet ? 0 : 1 + d->conf.o.verbose);
	log_set_priorities(!isatty(STDERR_FILENO));
	if (open_dirs(d) < 0)
		return EXIT_MISUSE;
	if (prepare(d) < 0)
		return EXIT_OURS;
	if (metrics_listen(d) < 0)
		return EXIT_MISUSE;
	oom_err = protect_oom("/proc", &adj);
	if (attach(d) < 0)
		return EXIT_OURS;
	protect(oom_err);
	keep_prune(d);
	sdnotify("READY=1");
	log_notice(_("watching; traces and reports go to %s"), d->dir);
	return watch(d);
}

static int run(const struct options *o)
{
	struct daemon *d = calloc(1, sizeof(*d));
	int ret = EXIT_OURS;

	if (o->nargs) {
		log_error(_("daemon takes no command; to trace one: ztrace -- %s …"), o->args[0]);
		free(d);
		return EXIT_MISUSE;
	}
	if (d && !session_init(&d->main, true, false)) {
		d->cli = o;
		d->pid = (unsigned int)getpid();
		d->proc.dir = d->proc.meminfo = d->cg.dir = d->lock_fd = d->sig_fd = -1;
		ret = go(d);
		scrape_stop(d->scrape);
		session_done(&d->main);
		history_free(d->history);
		cgroupfs_close(&d->cg);
		procfs_close(&d->proc);
		conf_free(&d->conf);
		free(d->listening);
	} else {
		log_error(_("out of memory"));
	}
	free(d);
	return ret;
}

#define O(field) offsetof(struct options, field)
static const struct opt opt_state_dir = { "state-dir", 0, OPT_STR, O(state_dir), "DIR",
					  N_("traces, reports and history go there (default: /var/lib/ztrace)") };
static const struct opt opt_config = { "config", 0, OPT_STR, O(config), "FILE",
				       N_("settings, read again on SIGHUP (default: /etc/ztrace/config)") };
static const struct opt opt_keep = { "keep", 0, OPT_NUMBER, O(keep), "N", N_("keep so many traces (default: 500)") };
static const struct opt opt_keep_bytes = { "keep-bytes", 0, OPT_SIZE, O(keep_bytes), "SIZE",
					   N_("and no more than that, reports included (default: 2G)") };
static const struct opt opt_builds = { "builds", 0, OPT_NUMBER, O(jobs), "N",
				       N_("so many traces at once; more builds share one (default: 8)") };
static const struct opt opt_rotate = { "rotate-bytes", 0, OPT_SIZE, O(rotate_bytes), "SIZE",
				       N_("a trace that is larger goes on in another (default: 256M)") };
static const struct opt opt_metrics = { "metrics-listen", 0, OPT_STR, O(metrics_listen), "ADDR:PORT|unix:PATH",
					N_("serve /metrics for Prometheus there") };
static const struct opt opt_public = { "metrics-public", 0, OPT_FLAG, O(metrics_public), NULL,
				       N_("also where other machines can connect") };
static const struct opt *const opts[] = {
	&opt_state_dir, &opt_config, &opt_format, &opt_keep, &opt_keep_bytes, &opt_builds, &opt_rotate, &opt_metrics,
	&opt_public, &opt_lang, &opt_require_bpf, &opt_hooks, &opt_quiet, &opt_verbose, NULL,
};
const struct command cmd_daemon = { "daemon", "daemon [options]",
				    N_("watch for months: a trace and a report for each build"), opts, false, run };
