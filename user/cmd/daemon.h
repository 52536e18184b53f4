/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of the daemon share: one session that watches, and one more for each build (a job) while it lasts. */
#ifndef CMD_DAEMON_H
#define CMD_DAEMON_H

#include <limits.h>

#include "cmd/cmd.h"
#include "session.h"
#include "source/cgroupfs.h"
#include "source/found.h"
#include "source/procfs.h"
#include "source/scrape.h"

#define JOBS_MAX 32
#define ROOTS_MAX 64
#define TOLD_MAX 256
#define WORKERS_MAX 8

struct daemon_conf {
	struct options o;   /* the command line over the file */
	char *text;	    /* the file, whose strings o borrows */
};

/* One trace with its report: of a build, of several (shared), or of kills that are no build's. */
struct job {
	bool used, shared, loose;
	struct session s;
	char name[64];	/* of its files, without what follows the dot */
	char title[256]; /* "docker build .": escaped for the log */
	struct {
		struct zt_id id;
		bool ended;
		bool status_known; /* its exit was seen */
		bool missed;	   /* it was not there when last looked for */
		int status; /* raw wait status */
	} roots[ROOTS_MAX];	/* the clients */
	unsigned int nroots;
	zt_u64 opened_ns, ended_ns, last_kill_ns; /* ended 0: at work */
	struct incident *told;	/* the newest that the log has */
};

/* Counters since the start; Prometheus copes with their beginning anew. */
struct daemon_counts {
	zt_u64 builds, builds_failed, builds_oom, shared, loose;
	zt_u64 kills[3]; /* memcg, host, cpuset */
	zt_u64 reports_failed, traces_failed, removed;
	struct {
		const char *code; /* of codes[] */
		zt_u64 n;
	} incidents[64];
	zt_u64 lost[ZT_LOST_CAUSES];
};

struct daemon {
	const struct options *cli;
	struct daemon_conf conf;
	char dir[PATH_MAX - 256]; /* the state directory */
	int lock_fd;
	struct session main;	   /* knows all, says nothing */
	struct tap tap;
	unsigned int nbuilds;	   /* of main, looked at */
	unsigned int base_procs, base_builds; /* main's after its last renewal */
	zt_u64 renewed_ns, lost_then;
	struct job jobs[JOBS_MAX];
	unsigned int njobs, seq;
	struct history *history;
	struct procfs proc;
	struct cgroupfs cg;
	struct found found;
	struct zt_id told[TOLD_MAX]; /* first victims of incidents that the log has */
	unsigned int ntold;
	struct zt_id ended[TOLD_MAX]; /* clients whose jobs are over */
	unsigned int nended;
	struct daemon_counts n;
	struct scrape *scrape;	   /* NULL: no --metrics-listen */
	char *listening;	   /* what it was started with */
	struct {
		pid_t pid; /* 0: none */
		char name[64];
	} workers[WORKERS_MAX];	   /* write the reports of jobs that are over */
	pid_t finisher;		   /* writes reports that are missing; 0: none at work */
	zt_u64 finish_ns, tick_ns, history_ns;
	zt_u64 behind_ns;	   /* the longest that an event has waited since that was last told */
	bool unfinished, stopping, prune;
	int sig_fd;
};

/* daemon_conf.c: the file and the command line. 0, or -EINVAL with one line said */
int conf_load(struct daemon_conf *ret, const struct command *c, const struct options *cli);
void conf_free(struct daemon_conf *c);

/* daemon_job.c */
void jobs_before(void *ctx, const struct zt_ev *ev);
void jobs_after(void *ctx, const struct zt_ev *ev);
void jobs_tick(struct daemon *d, zt_u64 now_ns); /* ends those that are over */
void jobs_rotate(struct daemon *d);
void jobs_end(struct daemon *d);

/* daemon_end.c */
void job_tell(struct daemon *d, struct job *j); /* new incidents: one line each */
void job_close(struct daemon *d, struct job *j);
/* Its reports, written beside its trace. 0 or the first -errno */
int job_reports(const struct daemon *d, struct session *s, const char *name);

/* daemon_keep.c */
int keep_lock(struct daemon *d); /* 0 or -errno with one line said */
void keep_prune(struct daemon *d);
void keep_name(struct daemon *d, char *buf, size_t len);
bool keep_path(const struct daemon *d, char *buf, size_t len, const char *name, const char *suffix); /* false: too long */
bool keep_unfinished(const struct daemon *d); /* is there a trace without its reports? */
void keep_finish(struct daemon *d); /* in a process of its own */
/* A process that writes the report of a trace, so that no event waits for it. 0: we are it; < 0: there are too many */
pid_t keep_fork(struct daemon *d, const char *name);
void keep_failed(struct daemon *d); /* a report could not be written */
void keep_reaped(struct daemon *d, pid_t pid, int status);
void keep_wait(struct daemon *d); /* for those that write reports */
void keep_history(struct daemon *d); /* read it anew */

/* daemon_metrics.c */
void metrics_put(struct daemon *d);
int metrics_listen(struct daemon *d); /* as configured. 0 or -errno with one line said */

#endif
