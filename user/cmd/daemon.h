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

/* A CI's job, as far as a client of it tells. */
struct ci_place {
	struct ci_job job;	/* ci NULL: none */
	struct zt_id runner;	/* the agent above it; tgid 0: none is known */
	struct zt_id anchor;	/* the process that lasts for as long as the job, or near to that */
	bool sure;		/* the former */
};

/* One trace with its report: of a build, of a CI's job, of several (shared), or of kills that are no build's. */
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
	struct ci_place ci;
	zt_u64 anchor_ended_ns;	/* 0: it is still there */
	bool written;		/* of a CI's job: its report tells all there is by now */
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
	unsigned int pid; /* the daemon's, also in its children */
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
void jobs_answered(void *ctx, const struct zt_ev *ev);
void jobs_tick(struct daemon *d, zt_u64 now_ns); /* ends those that are over */
void jobs_rotate(struct daemon *d);
void jobs_end(struct daemon *d);

/* daemon_ci.c */
bool ci_place(const struct proc *client, struct ci_place *ret); /* false: it is no CI's, or not known to be */
struct job *ci_job_of(struct daemon *d, const struct ci_place *at); /* NULL: none is open */
void ci_title(const struct ci_place *at, char *buf, size_t len);
void ci_slug(const struct ci_place *at, char *buf, size_t len);
void ci_seen(struct job *j, const struct ci_place *at); /* one more build of it */
bool ci_over(const struct job *j, zt_u64 now_ns); /* nothing is being built */

/* daemon_end.c */
void job_tell(struct daemon *d, struct job *j); /* new incidents: one line each */
void job_close(struct daemon *d, struct job *j);
void job_write(struct daemon *d, struct job *j); /* its report so far, while it goes on */
bool is_one_build(const struct job *j); /* and its command is what the report is about */
/* Its reports, written beside its trace. 0 or the first -errno */
int job_reports(const struct daemon *d, struct session *s, const char *name);

/* daemon_keep.c */
int keep_lock(struct daemon *d); /* 0 or -errno with one line said */
void keep_prune(struct daemon *d);
void keep_name(struct daemon *d, char *buf, size_t len, const char *slug); /* slug: "", or what it is about */
bool keep_path(const struct daemon *d, char *buf, size_t len, const char *name, const char *suffix); /* false: too long */
bool keep_unfinished(const struct daemon *d); /* is there a trace without its reports? */
void keep_finish(struct daemon *d); /* in a process of its own */
/* A process that writes the report of a trace, so that no event waits for it. 0: we are it; < 0: there are too many */
pid_t keep_fork(struct daemon *d, const char *name);
void keep_failed(struct daemon *d); /* a report could not be written */
void keep_reaped(struct daemon *d, pid_t pid, int status);
/* Is that trace's report ("": any) being written? wait: until it is not */
bool keep_busy(struct daemon *d, const char *name, bool wait);
void keep_history(struct daemon *d); /* read it anew */

/* daemon_metrics.c */
void metrics_put(struct daemon *d);
int metrics_listen(struct daemon *d); /* as configured. 0 or -errno with one line said */

#endif
