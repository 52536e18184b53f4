/* SPDX-License-Identifier: GPL-2.0 */
/* What the rooms of diagnose/ share. Pure functions over the model; strings go to the report's arena. */
#ifndef DIAGNOSE_INTERNAL_H
#define DIAGNOSE_INTERNAL_H

#include "base/i18n.h"
#include "builder/daemon.h"
#include "diagnose/diagnose.h"

/* A victim that is no part of a build but served it: the builder, its client, the CI agent. */
struct build_agent {
	enum agent_role role;
	const struct proc *victim;
	const struct proc *agent; /* the victim, or the daemon whose helper it was */
	zt_u64 since_ns;	  /* of what was at work then is told */
	struct build *build;	  /* the one to tell of, the traced one first; NULL: not known */
	struct step *step;	  /* of it, running when the victim died; NULL: none was */
	unsigned int steps;	  /* of it, running then */
	unsigned int builds, died; /* that it served; that failed with it */
	const struct proc *entry; /* whose end tells whether the build died with it; NULL: not known */
	enum tristate causal;
	enum confidence confidence;
};

/* Something that can die: a build step, or the traced command. */
struct unit {
	struct proc *entry; /* first process; NULL: not known */
	struct step *step;  /* NULL: the traced command, or a process of nobody's */
	struct build *build;
	const struct build_agent *agent; /* the victim served it and was no part of it; NULL: it was */
};

/* words.c */
const char *say(struct report *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
const char *say_bytes(struct report *r, zt_u64 bytes);
const char *say_duration(struct report *r, zt_u64 ns);
const char *say_step(struct report *r, const struct step *s); /* "step 3/9 (builder)" */
const char *say_unit(struct report *r, const struct unit *u);
const char *say_folded(struct report *r, const char *text); /* runs of blanks made one */
const char *say_argv(struct report *r, const struct proc *p); /* words joined by blanks; comm when unknown */
void add_note(struct incident *i, const char *text);
void add_help(struct incident *i, const char *id, const char *text, const char *command, zt_u64 bytes);
void set_job(struct report *r, struct incident *i, const struct ci_job *j); /* unless it has one already */
void set_lineage(const struct proc *p, struct who *out, unsigned int *n);

/* pod.c: of a cgroup's path; false: it lies in no pod, or nobody has told its name */
bool pod_find(const struct model *m, struct report *r, const char *path, struct pod *ret);
const char *say_pod(struct report *r, const struct pod *p); /* "pod NS/NAME, container X" */

/* doing.c */
#define GROUP_TOP 6
struct group { /* processes of one name */
	const struct kill_task *top[GROUP_TOP]; /* the largest whose doing is known, largest first */
	unsigned int ntop, n;
};
void group_add(struct group *g, const struct kill_task *t);
const char *say_group_doing(struct report *r, const struct group *g); /* "compiling a.cc, b.cc, …"; NULL: not known */
/* "compiling a.cc", with_lead: "compiling a.cc (make -C sub all)". NULL: not known */
const char *say_doing(struct report *r, const struct proc *p, bool with_lead);
size_t say_columns(const char *s); /* as a terminal shows it */

/* cause.c */
/* Did the death of `victim` make the unit fail? */
enum tristate cause_of_failure(const struct model *m, const struct proc *victim, const struct unit *u);
/* Status of a raw wait word */
bool died_of(int raw, int sig);
int exit_status(int raw); /* code, or 128 + signal */

/* limit.c: the level that was hit; fills i->limit and says how sure that is. */
enum confidence limit_find(const struct model *m, struct report *r, const struct kill *k, struct incident *i);

/* Was the kill asked for with SysRq-f? Without the kernel's own word that is likely at best. */
bool looks_like_sysrq(const struct kill *k);

/* The chain's level of that cgroup in what was seen at the kill (a walk's owner). NULL: not seen */
const struct kill_level *level_of(const struct kill *k, zt_u64 cgroup);
/* Is cgroup `id` the cgroup `top` or below it? */
enum tristate cgroup_below(const struct model *m, zt_u64 id, zt_u64 top);

/* split.c: what the memory of the level consisted of; into i->limit.split. */
void split_find(const struct kill *k, const struct kill_level *l, struct incident *i);
/* After holders_find: into i->used_text what of it is files in memory, page cache or the kernel's. */
void say_kinds(struct report *r, const struct kill *k, struct incident *i);

/* why.c: what the kernel decided, and why this victim; after limit_find and with the victims filled in. */
void why_find(const struct model *m, struct report *r, const struct kill *k, struct incident *i);

/* stall.c: memory.high and other waiting for memory, which kills nobody but makes a step slow. */
#define STALL_NS ((zt_u64)10 * 1000000000) /* what is worth a line by itself */
const char *say_stall(const struct model *m, struct report *r, const struct step *s); /* NULL: nothing to say */
void stall_find(const struct model *m, struct report *r); /* into r->stall_text */
void note_stall(const struct model *m, struct report *r, const struct unit *u, struct incident *i);

/* measured.c: into r->measured */
void measured_find(const struct model *m, struct report *r);

/* holders.c */
void holders_find(const struct model *m, struct report *r, const struct kill *k, struct incident *i);

/* growth.c: after limit_find; k NULL: no kill of the kernel's */
/* victim_cgroup: where it was killed; k: NULL when that was not the kernel's doing */
void growth_find(const struct model *m, struct report *r, zt_u64 victim_cgroup, const struct kill *k,
		 struct incident *i);

/* host.c: ZT1003 */
/* What the holders that have a name hold: sums. file: without shmem. */
struct host_named {
	zt_u64 bytes, file_bytes, shmem_bytes, kernel_bytes;
};
struct host_split {
	zt_u64 tmpfs_bytes, cache_bytes, kernel_bytes;
	zt_u64 rest_bytes; /* 0: none, or not known */
};
/* The host's memory at the kill where the kernel told it, else right after it; h.kind 0: neither */
const struct zt_ev_host *host_of_kill(const struct kill *k);
void host_split(const struct zt_ev_host *h, const struct host_named *named, struct host_split *out);
/* Would a build that held so much have fitted without the other builds? total: RAM and swap */
enum fit { FIT_UNKNOWN, FIT_NO, FIT_OPEN, FIT_LIKELY, FIT_ELSEWHERE };
enum fit fit_alone(zt_u64 mine_bytes, zt_u64 others_bytes, zt_u64 total_bytes);
void host_notes(const struct model *m, struct report *r, const struct kill *k, const struct holder *h,
		unsigned int n, struct incident *i);

/* adj.c: who set a process's oom_score_adj to that, for a person; NULL: not known (or 0) */
const char *adj_origin(const struct model *m, const struct proc *p, int adj);
/* The same as a note, where a value changed the kernel's choice; after why_find */
void note_adj(const struct model *m, struct report *r, struct incident *i);

/* builder.c: ZT1006 */
/* Was the victim the builder of something at work, or a client or CI agent of such? false: none of that. */
bool builder_killed(const struct model *m, const struct kill *k, struct build_agent *a);
/* Is it known what became of its builds? */
bool builder_settled(const struct model *m, const struct kill *k);
/* Did the step end with its builder? */
bool builder_took(const struct model *m, const struct step *s);
const char *builder_headline(struct report *r, const struct build_agent *a);
const char *builder_basis(const struct incident *i);
void builder_notes(const struct model *m, struct report *r, const struct kill *k, const struct build_agent *a,
		   struct incident *i);
void builder_advise(const struct model *m, struct report *r, const struct build_agent *a, struct incident *i);

/* killer.c: why the unit got a SIGKILL that was no OOM. NULL: no such thing happened. */
/* Is the traced command a client (docker run) of containers that run elsewhere? */
bool runs_containers(const struct model *m);
struct incident *killer_incident(const struct model *m, struct report *r, const struct unit *u);

/* giveup.c: why the unit ended by itself, where memory or a full disk is the reason. NULL: neither is. */
struct incident *giveup_incident(const struct model *m, struct report *r, const struct unit *u);

/* said.c: what a log's own words say of the end of a step or build. NULL: nothing. */
struct incident *said_incident(const struct model *m, struct report *r, const struct unit *u);
/* A build of that log's builder, as one would type it: "docker build ."; "…": nobody knows */
const char *log_command(const struct incident *i);

/* said_daemon.c: what a daemon that kills for lack of memory says that it killed. NULL: nothing in that step */
const struct said *daemon_said(const struct model *m, const struct step *s);
struct incident *daemon_incident(struct report *r, const struct unit *u, const struct said *d);
void daemons_close(const struct model *m, struct report *r); /* those of no build's log */
const struct said *daemon_unplaced(const struct model *m, unsigned int *n); /* n that fit no step; the first */

/* logs.c */
bool log_builds(const struct model *m); /* is there a build in a log? */
/* Is an incident of a build in that log told? The command around a build fails with it. */
bool log_explained(const struct report *r, const struct build *b);
/* Did the death of a process make the step fail, as far as its log tells? */
enum tristate log_cause(const struct step *s);
/* Was the builder itself the victim that a kernel log tells of? *u: what died with it */
bool log_builder_killed(const struct model *m, const struct kill *k, struct unit *u);
void log_builder_tell(struct report *r, const struct unit *u, struct incident *i);
void logs_note(const struct model *m, struct report *r); /* what was left out, into r->logs_notes */
/* An OOM that a kernel log tells: how sure, by what, what the log does not tell */
void log_finish(const struct model *m, struct report *r, const struct kill *k, const struct unit *u, struct incident *i);

/* net.c: why the unit ended by itself, where something could not be reached. NULL: that is not the reason. */
struct incident *net_incident(const struct model *m, struct report *r, const struct unit *u);

/* pull.c: of a build that failed without a step: that its base image could not be had */
void pull_incident(const struct model *m, struct report *r, struct build *b);

/* oom.c */
struct incident *oom_incident(const struct model *m, struct report *r, struct kill *k, const struct unit *u);

/* advice.c */
void advise_oom(const struct model *m, struct report *r, const struct kill *k, struct incident *i);
void advise_signal(struct report *r, struct incident *i);
void note_context(const struct model *m, struct report *r, const struct unit *u, struct incident *i);

struct incident *incident_new(struct report *r, const char *code, const struct unit *u);
void fill_host(const struct model *m, const struct zt_ev_host *h, struct report *r, struct incident *i);

#endif
