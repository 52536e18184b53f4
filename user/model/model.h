/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the events add up to: processes, memory cgroups, builds with their steps, kills and signals.
 * Fed by model_apply only; everybody else borrows const. No clock: "now" is model->now_ns, the newest event's time.
 * Everything lives in capped slabs; an object that found no room is counted in lost[ZT_LOST_MODEL].
 */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include <stdbool.h>
#include <uthash.h>

#include "base/slab.h"
#include "builder/heap.h"
#include "label/label.h"
#include "ztrace/event.h"

struct dockerfile;
struct df_instr;
struct build;
struct step;

enum confidence { CONF_UNKNOWN, CONF_LIKELY, CONF_CONFIRMED };
enum tristate { TRI_NO, TRI_YES, TRI_UNKNOWN };

#define PROC_ARGV_SHORT 240

/* Of a process's environment, what ci/ asked for. */
#define CI_VARS_MAX 32
struct ci_vars {
	unsigned int n;
	struct {
		const char *name, *value;
	} v[CI_VARS_MAX];
};

/* A job of a CI, by the environment of a process of it or by its runner. "": not known */
struct ci_job {
	const char *ci, *title; /* "github", "GitHub Actions" */
	char job[160], step[160], url[512];
};

struct proc {
	UT_hash_handle hh; /* live processes by id.tgid */
	struct zt_id id;
	struct proc *parent;	   /* NULL: not known */
	struct proc *next_exited;  /* recycling queue */
	unsigned int children;	   /* procs whose parent this is, dead or alive */
	unsigned int pins;	   /* kills, steps, signals and clients that point here */
	zt_u64 cgroup;
	zt_u64 fork_ns, exec_ns, exit_ns; /* 0: not seen */
	zt_u64 last_fork_ns;	   /* newest child made */
	int exit_code;		   /* raw wait status, valid when exit_ns */
	bool oom_victim;	   /* the exit said so */
	bool claimed;		   /* how it ended was told by its own side */
	bool adopted;		   /* between its fork and its newest program its parent became another */
	zt_s32 oom_score_adj;
	zt_u64 peak_rss_bytes;
	char comm[ZT_COMM_LEN];
	zt_u32 argv_bytes;	   /* of argv (NUL-separated, cut to fit) */
	char argv[PROC_ARGV_SHORT];
	struct label label;	   /* from all of argv; LABEL_NONE: it tells nothing */
	struct step *step;	   /* whose first process this is */
	struct build *client;	   /* whose client this is; of several builds the first */
	struct ci_vars *ci_vars;   /* NULL: none were told */
	struct ci_job *job;	   /* by them, or as the runner itself; NULL: none */
	bool scoped;		   /* it is or ever was below a process that the report is about */
	bool cgroup_scoped;	   /* its cgroup is in one that the report is about */
	const char *client_argv;   /* of a client, in full; NULL: none */
	const char *endpoint;	   /* of a client: the daemon that it was told to speak to; NULL: not known */
	zt_u32 client_argv_bytes;
	struct heap_cmd heap;	   /* of a runtime that has one; runtime HEAP_NONE: not such */
};

/* What Dockerfiles inherit from a base image */
#define IMAGES_MAX 256
struct image {
	struct image *next;
	const char *name;    /* as a FROM has it */
	const char *config;  /* as it was told, config_bytes long; the next two are made of it */
	size_t config_bytes;
	const char *onbuild; /* triggers NUL-separated, an empty one at the end */
	const char *shell;   /* its words likewise */
};

/* A dockerd or buildkitd, by its command line */
#define ENGINES_MAX 64
struct engine {
	struct engine *next;
	struct proc *proc;
	bool buildkitd;
	const char *hosts; /* what it listens on, NUL-separated, an empty one at the end; none: not known */
	const char *root;  /* its data; NULL: the default */
};

/* What a cgroup used over time; when full, neighbours are merged and keep the higher value. */
#define SERIES_MAX 64
struct series {
	unsigned int n;
	zt_u64 ts_ns[SERIES_MAX];
	zt_u64 bytes[SERIES_MAX];
	zt_u64 every_ns; /* at least so much lies between two points; 0: as they come */
};

struct cgroup {
	UT_hash_handle hh; /* by id */
	struct series *series; /* NULL: never sampled */
	zt_u64 id, parent;
	char *path;	   /* from the hierarchy's root; NULL: not known */
	zt_u64 made_ns, removed_ns;
	struct zt_memcg mem; /* newest counters */
	bool counted;	     /* mem was read by the kernel side: its event counts are real */
	struct step *step; /* whose cgroup this is */
	bool pinned;	   /* a kill speaks of it */
	bool scoped;	   /* as in struct proc */
};

enum builder_kind {
	BUILDER_HOST,	/* the traced command itself */
	BUILDER_DOCKER, /* a docker build of which no step was seen yet: BuildKit or legacy */
	BUILDER_BUILDKIT,
	BUILDER_DOCKER_LEGACY,
	BUILDER_PODMAN,
	BUILDER_BUILDAH,
	BUILDER_KANIKO,
	BUILDER_KINDS,
};

/* One `docker build` (or the traced command itself): a client process and its Dockerfile. */
struct build {
	struct build *next;
	char id[8]; /* b1, b2 … in order of appearance */
	enum builder_kind builder;
	struct proc *client;
	char *service;	       /* of compose, or a target of bake; NULL: none */
	unsigned int number;   /* of the client's several, from 1; 0: it has but this */
	char *dockerfile_path; /* as a user would write it; NULL: none */
	enum zt_file_status file_status;
	int file_error;
	bool file_seen;	       /* a file event came */
	char *project_path;    /* the compose or bake file that could not be read: what is built is not known; NULL: none */
	char *target;	       /* --target */
	char *build_args;      /* K=V NUL-separated, double NUL at the end; NULL: none. K alone: value not known */
	char *memory_flag;     /* -m as given: BuildKit before 0.31 ignores it */
	char *parse_error;     /* why the Dockerfile makes no sense; NULL: it does, or was not tried */
	unsigned int nplatforms; /* more than one: each step runs for each of them */
	unsigned int nlabels; /* that the client gives the image: instructions, as builders but BuildKit see it */
	unsigned int file_labels; /* of these, those of the compose file */
	bool envs;	       /* --env options: the same */
	bool several_files;    /* of which only the last is known: podman build -f A -f B */
	bool buildx;	       /* a buildx plugin ran it: BuildKit newer than docker 20.10's */
	char *context, *file;  /* as the client of buildx has them on its command line; NULL: it has none */
	char *ref;	       /* what buildx calls it: BUILDER/NODE/ID; NULL: not known. build_ref() tells whether it is sure */
	bool ref_shared;       /* another's client may have written that */
	unsigned int ref_tries;
	unsigned int df_minor; /* the BuildKit that df was parsed for */
	unsigned int df_images; /* images known then */
	char *images_root; /* the docker that was asked for its images; NULL: none yet */
	char *file_text;       /* while it is being received, then kept for `>>>` excerpts */
	size_t file_len, file_cap;
	struct dockerfile *df; /* NULL: not available or not parsed */
	zt_u64 started_ns, ended_ns;
	unsigned int nsteps;
	struct log *log;       /* a log told of it; NULL: seen live */
	unsigned int log_build; /* its number there */
	bool log_failed;       /* the log says so, of no step in particular */
};

struct layer {
	unsigned int number; /* 1-based above the base image; 0: not known */
	unsigned int base_layers;
	bool size_known, size_cut; /* cut: it is more than size_bytes */
	zt_u64 size_bytes;	   /* on disk, at the last kill in the step */
	char *snapshot, *parent, *base_image; /* NULL: not known */
};

/* What a step took in an earlier run. */
struct past {
	zt_u64 peak_bytes, limit_bytes, time_s; /* as in zt_ev_past */
	bool oom, failed;
};

/* One container run of a build: a RUN instruction. */
struct step {
	struct step *next;
	char id[20];	  /* b1.s3; s2 for a step whose build is not known; another when id_build was a wrong guess */
	const struct build *id_build;
	struct build *build; /* NULL: not known */
	enum builder_kind builder;
	bool container;	     /* an ordinary container: no step of a build */
	bool frontend;	     /* what `# syntax=` names, at work in a container of BuildKit's: no step either */
	struct cgroup *cgroup; /* NULL: it has none of its own and is entry and what is below it */
	struct proc *entry;  /* first process */
	char *argv;	     /* of the entry's first exec, NUL-separated */
	size_t argv_bytes;
	zt_u32 argv_total_bytes;
	zt_u64 argv_hash;
	zt_u32 argv_hashed_bytes;
	bool argv_cut, argv_late; /* late: read from /proc, where its shell may have become its last command */
	const char *text; /* what it ran, as an instruction: "RUN make"; from argv when instr is NULL */
	const struct df_instr *instr; /* the Dockerfile's instruction; NULL: not found */
	enum confidence confidence;   /* of instr */
	unsigned int candidates;      /* instructions that fit equally well (1: no tie) */
	bool shared;		      /* they are one line of one file, in several builds */
	bool may_be_ours;	      /* one of these is of the traced build, though build is not */
	bool reported;		      /* its end has been looked at */
	zt_u64 started_ns, ended_ns;  /* ended 0: still running when the stream ended */
	bool exited;
	int exit_code;		      /* raw wait status of entry, valid when exited */
	zt_u64 peak_bytes;	      /* 0: not known */
	zt_u64 need_bytes;	      /* of that, what could not be given back, and swap; 0: not measured */
	zt_u64 limit_bytes;	      /* ZT_NO_LIMIT: none; 0: not known */
	unsigned int oom_kills;
	zt_u64 high_bytes;	      /* memory.high of its own; 0 or ZT_NO_LIMIT: none */
	zt_u64 high_events;	      /* how often that throttled it */
	zt_u64 pressure_ns;	      /* some task of it waited for memory; 0: none, or not known */
	char *upperdir;
	unsigned int nlower; /* layers below it; 0: not known */
	char *env; /* build args that its first process was given: K=V, NUL-separated, double NUL at the end; NULL: none */
	struct layer layer;
	struct past past[ZT_PAST_MAX]; /* earlier runs of it, newest first */
	unsigned int npast;
	bool recalled; /* the history has been asked for them */
	bool peer_wanted, peer_told; /* whether the host reaches what it did not: asked, answered */
	struct log_step *told; /* a log told of it; NULL: seen live */
};

struct kill_level {
	zt_u32 flags; /* ZT_F_LEVEL_* */
	zt_u32 depth;
	struct zt_memcg mem;
	bool before_known; /* these two: the counts when this level was last seen before the kill */
	zt_u64 oom_local_before, high_before;
	zt_u64 limit_before_bytes; /* likewise; 0: not known */
	char *name;
};

struct kill_task {
	struct zt_id id;
	zt_u64 cgroup;
	struct zt_rss rss;
	zt_s32 oom_score_adj;
	zt_u32 flags;  /* ZT_F_TASK_* */
	zt_s64 points; /* in pages, with ZT_F_TASK_CANDIDATE */
	zt_u64 data_bytes; /* asked for, touched or not; 0: not known */
	zt_u32 threads;
	const struct label *label; /* as model_doing had it then; NULL: nothing */
	char comm[ZT_COMM_LEN];
};

#define KILL_MAYBE_MAX 4

/* One victim of the kernel's OOM killer. */
struct kill {
	struct kill *next;
	struct zt_ev_kill ev;
	struct proc *victim, *trigger; /* NULL: never seen otherwise */
	struct step *step;	       /* the victim's; NULL: none */
	struct kill *walk;	       /* the kill whose levels and tasks serve this one (itself mostly) */
	struct kill_level *levels;
	unsigned int nlevels, levels_cap;
	struct kill_task *tasks;
	unsigned int ntasks, tasks_cap;
	bool complete, cut;
	bool pages_assumed; /* what its tasks held is in pages of a size that nobody told */
	zt_u64 victim_exit_ns;
	struct zt_ev_host host; /* right after the kill; h.kind 0: not known */
	struct zt_ev_host host_at; /* the kernel's own counters at the kill, likewise; available_bytes not known */
	struct zt_ev_memstat memstat; /* of the domain, likewise */
	bool scoped; /* the victim was in scope then */
	bool again; /* the same victim was marked before: a thread of it ran out of memory while it died */
	bool reported;
	struct log *log;    /* a log told of it; NULL: seen live */
	enum confidence step_confidence; /* of step; live: the kernel's own word */
	zt_u64 step_off_ns; /* log: how far its time there is from the step's; 0: it is not, or that is not known */
	const struct step *maybe[KILL_MAYBE_MAX]; /* steps of logs that it may have been of, where that is open */
	unsigned int nmaybe;
};

/* One signal that kills or asks to (KILL TERM INT QUIT HUP). */
struct sig {
	struct zt_ev_signal ev;
	struct proc *sender, *target; /* NULL: not known */
};
#define SIGS_MAX 2048

/*
 * What a process was refused: the first of its newest burst, for an allocator that gets no memory tries other ways at
 * once. One for memory and one for room on a file system, a process.
 */
struct refusal {
	struct refusal *next;
	struct proc *proc;
	struct zt_ev_refuse ev;
	zt_u64 last_ns;	       /* the newest of the burst */
	unsigned int count;    /* all of this kind that were told */
	char fstype[32];
	char path[512];	       /* ev.mount_bytes of it are the mount point; "": not known */
	struct zt_ev_space space; /* h.kind 0: not known */
	char space_path[256];
	struct zt_ev_host host; /* right after; h.kind 0: not known */
};
#define REFUSALS_MAX 2048

/*
 * What a process asked of a DNS server about one name, or tried at one address and port. Kept apart by process; those of
 * one host are put together when somebody is about to speak of them.
 */
struct net {
	struct net *next;
	struct zt_id who;
	struct proc *proc; /* pinned; NULL: all went well so far */
	zt_u64 cgroup;
	bool dns;
	bool asked;		 /* it sent data of its own over TLS once, so it liked the certificate */
	char host[256];		 /* "": not known */
	zt_u64 addr_hi, addr_lo; /* as in zt_ev_connect; of DNS the server's */
	zt_u32 port;
	zt_u32 flags;		 /* ZT_F_NET_* of the newest trouble */
	enum zt_net_state state; /* of the newest trouble; 0: none yet */
	int error;
	zt_u32 status, alert;
	zt_u64 took_ns;		 /* until it failed, the last time */
	zt_u64 first_ns, bad_ns, ok_ns; /* the first of all; newest trouble; newest success. 0: never */
	unsigned int bad, in_a_row; /* how often it failed; since the newest success */
	unsigned int queries, answers, addresses; /* of DNS */
	zt_u32 rcode;
	unsigned int untold;	 /* events of its cgroup that were left out meanwhile */
};
#define NETS_MAX 2048

/* Does a host's name stand for that address in that cgroup? */
struct net_name {
	zt_u64 cgroup, addr_hi, addr_lo;
	char name[256];
};
#define NET_NAMES_MAX 256

/* What the host itself said to a name that a step had trouble with. */
struct net_peer {
	struct net_peer *next;
	struct zt_ev_peer ev;
	char host[256];
};

struct hook {
	struct hook *next;
	char *fact, *via, *reason;
	enum zt_hook_state state;
	int error;
	enum confidence confidence; /* of what it tells */
};

struct fact {
	struct fact *next;
	char *key, *value;
};

/* A limit that was lifted to see how much is needed. */
struct lifted {
	struct lifted *next;
	zt_u64 cgroup;
	char *path, *file;
	zt_u64 was_bytes, was_swap_bytes, set_bytes, need_bytes, peak_bytes; /* as in zt_ev_lift */
};

/* A part of the machine that the report is about. */
struct scope {
	struct scope *next;
	zt_u64 cgroup;	   /* 0: none */
	struct proc *proc; /* NULL: none */
	char *kind, *name;
};

struct note {
	struct note *next;
	char *code, *text;
};

/* A log that was read. */
struct log {
	struct log *next;
	unsigned int number;
	char *name;
	zt_u32 kinds; /* ZT_LOG_* */
	enum zt_log_clock clock;
	zt_u64 lines, bytes, suppressed;
	zt_u64 first_ns, last_ns; /* of its lines that have a time; 0: none */
	bool cut, zone_assumed;
	bool reckoned; /* dmesg made its times of day from those since boot */
};

/* What a log tells of a step, besides what any step has. */
struct log_step {
	struct log *log;
	unsigned int number; /* in its build there */
	struct df_instr *instr;
	enum zt_step_state state;
	bool status_known;
	char *stage, *error, *container; /* NULL: not told */
	zt_u64 duration_ns;
	struct said *said; /* lines of it, newest first, by next_of_step */
};

/* A line of a log that says something of memory, disk, network or an exit code. */
struct said {
	struct said *next, *next_of_step;
	struct log *log;
	struct build *build; /* NULL: of none */
	struct step *step;   /* NULL: of the build as a whole */
	enum zt_said what;
	int number;
	zt_u64 ts_ns, bytes;
	char *program, *subject, *line; /* "": not told */
};
#define SAID_MAX 4096
#define LOG_STEPS_MAX 4096

struct model {
	zt_u64 now_ns, first_ns;
	struct zt_ev_start start;
	struct zt_ev_host host; /* newest */
	bool ended;		/* an end event came: not cut short */

	struct proc *child; /* the traced command */
	int child_status;
	bool child_exited;

	struct proc *procs;    /* live, by tgid */
	struct proc *exited, **exited_tail;
	unsigned int nexited;
	struct cgroup *cgroups;
	struct build *builds, **builds_tail;
	struct engine *engines;
	struct image *images;
	unsigned int nimages;
	unsigned int nengines;
	struct step *steps, **steps_tail;
	struct kill *kills, **kills_tail, *last_kill;
	bool kills_told; /* every kill has been reported */
	struct refusal *refusals, **refusals_tail;
	unsigned int nrefusals;
	struct net *nets, **nets_tail;
	unsigned int nnets;
	struct net_name *net_names; /* a ring, NULL: none yet */
	unsigned int nnet_names;
	struct net_peer *peers, **peers_tail;
	struct sig *sigs; /* a ring of SIGS_MAX; sigs[i % SIGS_MAX], oldest forgotten */
	unsigned int nsigs;
	struct hook *hooks, **hooks_tail;
	struct fact *facts, **facts_tail;
	struct note *notes, **notes_tail;
	struct lifted *lifted, **lifted_tail;
	struct scope *scopes, **scopes_tail; /* NULL: all of it */
	struct log *logs, **logs_tail, *log; /* log: the one whose events come now; NULL: none */
	struct said *said, **said_tail;
	unsigned int nsaid, nlog_steps;
	zt_u64 lost[ZT_LOST_CAUSES];
	unsigned int nbuilds, nloose_steps;
	struct build *host_build; /* the traced command as a build of its own */

	struct slab proc_slab, cgroup_slab;
	struct arena arena;
};

/* NULL: out of memory */
struct model *model_new(void);
void model_free(struct model *m);

/* Take one event in. 0, or -errno; a full table is not an error (it is counted). */
int model_apply(struct model *m, const struct zt_ev *ev);

struct proc *model_proc(const struct model *m, const struct zt_id *id); /* alive or not yet recycled; NULL: not known */
struct cgroup *model_cgroup(const struct model *m, zt_u64 id);
struct step *model_step_of_cgroup(const struct model *m, zt_u64 cgroup); /* its own or nearest ancestor's step */
/* Of a process in that cgroup (p NULL: not known): the cgroup's, or the step without a cgroup of its own that it is below */
struct step *model_step_of(const struct model *m, zt_u64 cgroup, const struct proc *p);
/* Id of the step's own cgroup; 0: it has none */
zt_u64 step_cgroup(const struct step *s);
/* "3/9", as its builder counts; both 0: not known */
void step_number(const struct step *s, unsigned int *index, unsigned int *total);
/* What buildx calls the build: BUILDER/NODE/ID. NULL: not known, or it may be another's */
const char *build_ref(const struct build *b);
/* Path of a cgroup: known, or put together from a kill's levels. NULL: not known. */
const char *model_cgroup_path(const struct model *m, zt_u64 id);
const char *model_fact(const struct model *m, const char *key);
/* The refusal of memory (or else of room) that is kept of p; NULL: none */
struct refusal *model_refusal(const struct model *m, const struct proc *p, bool memory);
/* A step whose host has been asked, and has not answered yet */
bool step_waits(const struct step *s);
/* The newest trouble of that connection or name has not been followed by a success. */
bool net_in_trouble(const struct net *n);
/* Is p the process `ancestor` or below it? */
bool model_is_below(const struct proc *p, const struct proc *ancestor);

/*
 * What p was doing by its own argv; within a step or the traced command else by its nearest telling ancestor's. NULL: not
 * known. *lead: the tool above it that it worked for ("make -C sub all"); NULL: none that adds anything.
 */
const struct label *model_doing(const struct model *m, const struct proc *p, const struct label **lead);

/*
 * Is that build the traced command's doing, and in scope? All are when none is traced and there is no scope; NULL (not
 * known) may be.
 */
bool model_concerns(const struct model *m, const struct build *b);
bool model_concerns_step(const struct model *m, const struct step *s);

/* The job that p belongs to: its own, or the nearest above it. NULL: none is known */
const struct ci_job *model_job(const struct proc *p);
/* Of a build: its client's; of an ordinary container, or a step of a build that is not known: its first process's */
const struct ci_job *model_build_job(const struct build *b);
const struct ci_job *model_step_job(const struct step *s);

/* In scope: by its cgroup, its processes, its build's client. All is where there is no scope. */
bool model_scoped_build(const struct model *m, const struct build *b);
bool model_scoped_step(const struct model *m, const struct step *s);
bool model_scoped_proc(const struct model *m, const struct proc *p);

/* The next build of that client after b (NULL: the first); NULL: no more */
struct build *model_build_of(const struct model *m, const struct proc *client, const struct build *b);

/* podman, buildah and kaniko are client and engine in one: a step of theirs descends from its build's client. */
bool runs_itself(enum builder_kind kind);
/* The innermost such build that p is the client of or below; NULL: none */
struct build *model_run_by(const struct proc *p);

/* The name that the builder gives the step's stage; NULL: it has none, or there is but one */
const char *step_stage(const struct step *s);

/* New objects for attribute.c */
struct build *model_build_new(struct model *m, struct proc *client, enum builder_kind builder);
struct step *model_step_new(struct model *m, struct cgroup *cg, struct proc *entry);

#endif
