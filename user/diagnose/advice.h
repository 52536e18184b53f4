/* SPDX-License-Identifier: GPL-2.0 */
/* What the rules of advice share: how much would have been enough, who took it, and how to say what to do. */
#ifndef DIAGNOSE_ADVICE_H
#define DIAGNOSE_ADVICE_H

#include "diagnose/internal.h"

#define MIB ((zt_u64)1 << 20)

/* Where a need is known from, worst first. */
enum need_from {
	NEED_USED,  /* what was in use when the limit was hit: less than it takes */
	NEED_ASKED, /* what its processes had asked for by then */
	NEED_JOBS,  /* what as many processes take as its other ones took, as many as it runs at once */
	NEED_PAST,  /* what it took in earlier runs that were not killed */
};

/*
 * What the level that was hit (or the host) has to hold, in the counter that hit its limit: memory, or memory and swap.
 * CONF_UNKNOWN: more than that. No headroom in it.
 */
struct need {
	enum confidence confidence;
	enum need_from from;
	zt_u64 bytes;
	zt_u64 used_bytes; /* of it, in use at the kill; page cache that could have been dropped is not counted */
};

/* Processes of one name in the step, large ones, of which it runs several at once. */
struct gang {
	const char *comm; /* NULL: there is none */
	unsigned int count;
	zt_u64 bytes;	   /* of all of them at the kill */
	zt_u64 each_bytes; /* what the largest takes, had asked for, or took before it ended by itself */
	enum confidence confidence; /* that none takes more */
};

struct advice {
	const struct model *m;
	struct report *r;
	const struct kill *k;
	const struct incident *i;
	struct need need;
	struct gang gang;
};

/* need.c */
/* Is its untouched memory a sign of what it is about to use? *ret: so much of it. */
bool task_asked(const struct kill_task *t, zt_u64 *ret);
struct gang gang_of(const struct model *m, const struct kill *k, const struct incident *i);
struct need need_of(const struct model *m, const struct kill *k, const struct incident *i, const struct gang *g);
zt_u64 with_headroom(zt_u64 bytes); /* a tenth more, and rounded up */
/* Memory of a step at the kill, and what its processes had asked for besides. */
zt_u64 step_used(const struct kill *k, const struct step *s, zt_u64 *asked);

/* advise_host.c */
/* How large the level that was hit may get before the host itself is out of memory; ZT_NO_LIMIT: not known */
zt_u64 host_room(const struct advice *a);

/* How much swap would do, or where that is not known, to begin with. */
zt_u64 host_swap_want(const struct advice *a);

/* advise_jobs.c */
/* The first place in a line of shell (or of a Dockerfile) that says how many jobs run at once. */
struct jobs_at {
	size_t at, len;	    /* bytes to replace; len 0: to insert there */
	const char *before, *after; /* what the number stands between in the new text */
	unsigned long now;  /* 0: as many as there are CPUs, or no limit */
	bool unlimited;	    /* make -j */
	const char *tool;   /* "make" */
};
bool jobs_find(const char *line, size_t len, struct jobs_at *ret);

/* words for a shell; masked: something in it was replaced by *****, so that it cannot be run */
const char *quoted(struct report *r, const char *const *argv, unsigned int n);
/* The traced command, from its facts. 0: none, too long, or masked. */
#define COMMAND_WORDS 128
unsigned int traced_command(const struct model *m, const char *words[COMMAND_WORDS]);
/* The command line of a process. 0: not known in full */
unsigned int proc_words(const struct proc *p, const char *words[COMMAND_WORDS]);

/* The command as it is typed where it was traced: without sudo where there is none. NULL for NULL */
const char *command_here(struct report *r, const char *command);
/* What was set in the shell for that command and is not in its words: "DOCKER_BUILDKIT=0 " or "" */
const char *shell_setting(const struct model *m, const char *line);
/* Does the traced command do the same again? Not when its Dockerfile came over a pipe. */
bool can_repeat(const struct advice *a);
/* Is it this instruction that is to be edited? Others may have the same text. */
bool sure_of_step(const struct advice *a);
/*
 * h becomes the replacement of `len` bytes at `at` of line `number` by `to`; `from` is made as long as it takes to be
 * the first of its kind in the line. false: that line cannot be edited so (masked, or there is none).
 */
bool edit_line(const struct advice *a, const struct build *b, unsigned int number, size_t at, size_t len, const char *to,
	       struct help *h);
/* Line `number` (from 1) of a build's Dockerfile, without its end; NULL: there is no such line. */
const char *dockerfile_line(const struct build *b, unsigned int number, size_t *len);

/* The rules: false when they have nothing to say here. */
bool advise_serial(const struct advice *a, struct help *h);
bool advise_jobs(const struct advice *a, struct help *h);
bool advise_tmpfs(const struct advice *a, struct help *h);
bool advise_limit(const struct advice *a, struct help *h);
bool advise_cgroup_swap(const struct advice *a, struct help *h);
bool advise_host_swap(const struct advice *a, struct help *h);
bool advise_heap(const struct advice *a, struct help *h);
bool advise_nodes(const struct advice *a, struct help *h);
bool advise_measure(const struct advice *a, struct help *h);
bool advise_elsewhere(const struct advice *a, struct help *h);

/* advise_limit.c: the command that sets that level's limit to so much; NULL: no command reaches it */
const char *raise_command(const struct model *m, struct report *r, const struct lifted *l, zt_u64 want);

/* Shell commands that make so much swap; NULL: no place for it is known. */
const char *swap_command(const struct model *m, struct report *r, zt_u64 bytes);

/* note_*.c */
/* What the step took in earlier builds. */
void note_past(struct report *r, const struct unit *u, struct incident *i);
void note_noops(const struct model *m, struct report *r, const struct unit *u, struct incident *i);
/* Where BuildKit keeps what the build printed. */
void note_history(const struct model *m, struct report *r, const struct unit *u, struct incident *i);

#endif
