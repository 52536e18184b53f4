/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is said of a model: incidents with their findings. Made by diagnose, arranged by renderers.
 * All strings are UTF-8 or hostile bytes (comm, argv, paths): renderers escape. Strings live in report->arena.
 */
#ifndef DIAGNOSE_REPORT_H
#define DIAGNOSE_REPORT_H

#include "model/model.h"

enum limit_kind {
	LIMIT_NONE, LIMIT_CGROUP, LIMIT_HOST, LIMIT_CPUSET, LIMIT_MEMPOLICY,
	LIMIT_RLIMIT, LIMIT_OVERCOMMIT, LIMIT_HEAP, LIMIT_FILESYSTEM, /* of programs that gave up by themselves */
};
enum holder_kind {
	HOLD_STEP, HOLD_BUILD, HOLD_CONTAINER, HOLD_PROCESS, HOLD_KERNEL, HOLD_PAGE_CACHE, HOLD_TMPFS, HOLD_OTHER,
};

#define LINEAGE_MAX 8
#define VICTIMS_MAX 16
#define HOLDERS_MAX 8
#define INSIDE_MAX 4
#define NOTES_MAX 6
#define HELP_MAX 3
#define CANDIDATES_MAX 8

struct who {
	struct zt_id id;
	const char *comm;
};

struct victim {
	struct zt_id id;
	const char *comm;
	const char *argv; /* NUL-separated, argv_bytes; NULL: not known */
	size_t argv_bytes;
	const char *label; /* what it was doing; NULL: nothing better than comm */
	struct zt_rss rss; /* all zero: not known (rss_known) */
	bool rss_known;
	zt_s32 oom_score_adj;
	bool points_known;
	zt_s64 points; /* in pages, what the kernel chose by (or computed as it does) */
	zt_u64 runtime_ns; /* 0: not known */
	struct who lineage[LINEAGE_MAX]; /* parent first */
	unsigned int nlineage;
};

struct chain_level {
	const char *path;
	zt_u64 limit_bytes; /* ZT_NO_LIMIT */
	zt_u64 usage_bytes, peak_bytes;
};

struct holder {
	enum holder_kind kind;
	const char *name;  /* step or build id, cgroup path, comm … */
	const char *title; /* for people */
	unsigned int count; /* processes, when > 1 */
	zt_u64 bytes;
	const struct step *step; /* HOLD_STEP */
	const char *label; /* what these processes were doing; NULL: not known */
};

/* A process that the kernel weighed, or could have. */
struct candidate {
	struct zt_id id;
	const char *comm;
	struct zt_rss rss;
	zt_s32 oom_score_adj;
	zt_s64 points;	    /* in pages; means nothing when exempt */
	zt_u64 size_pages;  /* points without oom_score_adj */
	bool points_known;
	bool exempt, chosen;
	enum confidence confidence; /* of points: confirmed are the kernel's own */
};

/* What the kernel's OOM killer decided, and by what. */
struct decision {
	bool known;
	const char *via; /* the hook that told; NULL: not known */
	enum confidence confidence;
	enum zt_constraint constraint;
	zt_u64 total_bytes; /* 0: not known */
	bool asked;	    /* gfp and order are known */
	zt_u32 gfp;
	zt_s32 order;
	bool sysrq;
	unsigned int considered; /* 0: not known */
	struct zt_id chosen;
	bool points_known;
	zt_s64 points;
	const char *reason;	 /* "largest" …; NULL: not known */
	const char *reason_text; /* NULL: not known */
	enum confidence reason_confidence;
	struct candidate candidates[CANDIDATES_MAX]; /* best first */
	unsigned int ncandidates;
};

/* What the memory of the level that was hit consisted of. */
struct split {
	enum confidence confidence; /* CONF_UNKNOWN: nothing here is known */
	const char *via;	    /* "counters" read at the kill, or "memory.stat" read right after it */
	struct zt_ev_memstat bytes; /* file_bytes without shmem; kernel, slab, sock 0: not known */
};

/* What a cgroup used until the incident. */
struct growth {
	const char *path; /* NULL: not known */
	unsigned int n;	  /* 3 at least */
	bool rises;	  /* it ended higher than it began */
	zt_u64 ts_ns[SERIES_MAX + 1];
	zt_u64 bytes[SERIES_MAX + 1];
};

/* How a help is to be followed, by a person or by a script. */
enum help_how {
	HELP_WORDS,   /* as its text says; nothing a machine could do */
	HELP_RUN,     /* run the command, then build again */
	HELP_INSTEAD, /* run the command instead of the build command */
	HELP_EDIT,    /* edit the file, then build again */
};

struct help {
	const char *id, *text, *command; /* command NULL: none */
	zt_u64 bytes; /* the number in it; 0: none */
	enum help_how how;
	struct {
		const char *file;    /* as the user would write it */
		unsigned int line;   /* 1-based */
		const char *from, *to; /* replace the first `from` of that line */
	} edit;			     /* HELP_EDIT */
	enum confidence confidence; /* that it is enough: CONF_UNKNOWN says "at least" */
};

/* Of Kubernetes */
struct pod {
	const char *ns, *name, *container; /* ns NULL: none; container NULL: not known, or the pod itself */
};

/* What could not be reached. */
struct unreached {
	const char *host;    /* NULL: not known */
	const char *address; /* "10.0.0.1:443"; of DNS the server's. NULL: not known */
	const char *url;     /* of a log's words; NULL: not known */
	const char *reason;  /* "no-answer" "no-such-name" "unreachable" "refused" "timeout" "tls" "proxy" "status" "reset" */
	zt_u32 status;	     /* of HTTP; 0: none */
	unsigned int tries;  /* that failed */
	zt_u64 took_ns;	     /* the last try; 0: not known */
	enum tristate from_host; /* does the host itself reach it? */
};

struct incident {
	struct incident *next;
	const char *code; /* "ZT1001" */
	enum confidence confidence;
	enum tristate causal;
	zt_u64 ts_ns;
	const struct build *build; /* NULL: none */
	const struct step *step;
	const struct df_instr *from; /* without a step: the FROM whose image could not be had; NULL: none */
	struct victim victims[VICTIMS_MAX];
	unsigned int nvictims, more_victims;
	struct who trigger; /* comm NULL: none */
	struct who killer;
	const char *killer_comm_chain; /* "timeout < sh"; NULL */
	bool cancelled; /* the builder killed it, because something else failed or its client was gone */
	struct who killer_lineage[LINEAGE_MAX];
	unsigned int nkiller_lineage;
	struct {
		enum limit_kind kind;
		const char *path, *owner; /* owner: "step" "builder" "container" "slice" "ci" "cgroup" "host" */
		const char *file;	  /* the knob: "memory.max", "memory.limit_in_bytes" … */
		bool swap_inclusive;	  /* bytes/usage are those of memory+swap */
		struct pod pod; /* that path lies in */
		zt_u64 cgroup; /* its id; 0: none */
		zt_u64 bytes, usage_bytes, swap_limit_bytes; /* ZT_NO_LIMIT: none */
		struct chain_level chain[24];
		unsigned int nchain;
		struct split split;
	} limit;
	struct decision decision;
	struct holder holders[HOLDERS_MAX];
	unsigned int nholders;
	struct holder inside[INSIDE_MAX]; /* the processes of the step that died, by name */
	unsigned int ninside;
	const struct growth *growth; /* of the level that was hit, or of the step; NULL: not known */
	zt_u64 host_available_bytes, host_swap_free_bytes, host_swap_total_bytes;
	bool host_known;
	const struct incident *follows; /* what made the builder cancel this step; NULL: it is a case of its own */
	const struct incident *repeats; /* the first of its kind in the same step, told in full; NULL: this is it */
	const struct ci_job *job; /* the CI's job that it happened to; NULL: none is known */
	const char *job_text; /* "GitHub Actions, job build" */
	const char *layer_text; /* "layer 3 above debian:12"; NULL: not known */
	const char *layer_size_text; /* the same with ", 1.2 GiB so far"; NULL: not known, or little */
	const char *headline; /* "step 3/9 of builder ran out of memory" */
	const char *summary;  /* one paragraph for JSON and markdown */
	const char *killed;   /* value of "killed:" … the four facts, ready to print */
	const char *limit_text, *used_text, *host_text;
	const char *net_text; /* what happened on the network; NULL: nothing */
	const struct unreached *unreached; /* likewise */
	const char *why_text; /* why this victim; NULL: it was the largest, or not known */
	const char *basis;    /* "confirmed by kernel OOM event" */
	const char *notes[NOTES_MAX];
	unsigned int nnotes;
	struct help help[HELP_MAX];
	unsigned int nhelp;
};

/* What a limited level turned out to need while its limit was lifted. */
#define MEASURED_MAX 8
#define HUNGRY_MAX 5
struct measured {
	const struct lifted *lifted;
	bool enough;	   /* it fits into the limit as it is */
	bool at_least;	   /* the build failed: it may need more */
	zt_u64 want_bytes; /* what to set the limit to; 0: leave it */
	const char *text;
	const char *help, *command; /* NULL: nothing to do */
};

/* Of a build, in the order of what is told first. */
enum outcome {
	OUTCOME_NO_STEPS, /* nothing of it had to run: all cached, or it never got that far */
	OUTCOME_RAN,
	OUTCOME_CANCELLED, /* by its builder, or still at work when the trace ended */
	OUTCOME_FAILED,
};

#define LOGS_NOTES_MAX 4
struct report {
	const struct model *model;
	struct incident *incidents, **incidents_tail;
	unsigned int nincidents;
	const char *stall_text; /* the step that waited longest for memory, if for long; NULL: none did */
	struct measured measured[MEASURED_MAX];
	unsigned int nmeasured;
	const struct step *hungry[HUNGRY_MAX]; /* measured steps, the hungriest first */
	unsigned int nhungry;
	const char *logs_notes[LOGS_NOTES_MAX]; /* what the logs do not tell */
	unsigned int nlogs_notes;
	bool verbose; /* -v: what each step used, too */
	bool quiet;   /* -q: nothing when nothing happened */
	struct arena arena;
};

/* *by: the step that decided it; NULL: none */
enum outcome build_outcome(const struct report *r, const struct build *b, const struct step **by);
/* In scope, or what an incident speaks of */
bool build_told(const struct report *r, const struct build *b);
/* The CI job that all its builds are of; its step is not told. NULL: there is none, or several */
const struct ci_job *report_job(const struct report *r);
/* The most that its steps took together, page cache not counted where that was measured. 0: not known */
zt_u64 build_peak(const struct model *m, const struct build *b);
/* Is that step one of the build's, with a known peak? */
bool build_measured(const struct build *b, const struct step *s);
zt_u64 step_most(const struct step *s);
/* Is it one of several services that one command builds? */
bool build_among_several(const struct model *m, const struct build *b);

/* A diagnosis code and what `ztrace explain` says of it. */
struct code {
	const char *code, *title, *text;
};
extern const struct code codes[]; /* ends with code NULL */

#endif
