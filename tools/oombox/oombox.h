// SPDX-License-Identifier: GPL-2.0
/* What the failure laboratory's files share: the two tables of shapes, cgroups, the laboratory itself. */
#ifndef OOMBOX_H
#define OOMBOX_H

#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define MB (1L << 20)
#define EXIT_USAGE 2
#define EXIT_SKIP 77 /* this machine does not let us do that */
#define EXIT_TIME 124
#define REPORT_FD "OOMBOX_REPORT_FD" /* where a program tells the laboratory of its children's ends */

/* --- plain.c: shapes that take cgroups as they are; they run inside build steps --- */

struct shape {
	const char *name, *args, *help;
	int (*run)(int argc, char **argv); /* argv[0] is the shape's name; the exit status */
};
extern const struct shape plain_shapes[];

int run_shape(int argc, char **argv);
long arg(int argc, char **argv, int i, long otherwise);
void sleep_ms(long ms);
void self_exec(const char *const *argv); /* returns on failure only */
int exit_code(int wait_status); /* as a shell has it */

struct death {
	int pid, wait_status; /* one write to REPORT_FD */
};

/* --- cgroup.c --- */

struct hierarchy {
	int version;
	char mount[PATH_MAX];
	char root[PATH_MAX]; /* what of the hierarchy is mounted there: "/" but in some containers */
};

int hierarchy_find(struct hierarchy *h, const char *controller); /* -ENOENT */
/* cgroup files; a negative errno on failure */
int put(const char *dir, const char *file, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
int take(const char *dir, const char *file, char *ret, size_t size);
long counter(const char *dir, const char *file, const char *key); /* 0: absent */
void join(char *ret, size_t size, const char *dir, const char *name);
int remove_dir(const char *dir, long ms);
int kill_all_in(const char *dir); /* how many it met; never ourselves */

/* --- lab.c: one shape's run, from its own cgroups to their removal --- */

#define LAB_DIRS 6
#define LAB_CHILDREN 512

struct child {
	pid_t pid;
	int status; /* of wait, when it has ended */
	bool ended, ours; /* ours: we ended it */
};

struct lab {
	struct hierarchy h;
	const char *shape;
	char dir[LAB_DIRS][PATH_MAX]; /* made by us, parents first; [0] is our own top */
	int ndirs;
	bool enabled_memory, enabled_cpuset; /* by us, in the root of cgroup v2 */
	struct child child[LAB_CHILDREN]; /* also children's children that came to us */
	int nchildren;
	sigset_t signals, before; /* waited for; what children get back */
	int interrupted; /* by this signal */
	long deadline_ms; /* CLOCK_MONOTONIC */
	int report[2], leash[2]; /* pipes; a child on the leash holds until it is let go */
};

/* A process of ours: where it runs, what it is told before exec, which shape it is */
struct spec {
	const char *dir, *also; /* cgroups, of one or two hierarchies */
	bool leash, private_shm;
	int score; /* oom_score_adj; 0: as it is */
	int bind_node; /* memory node + 1; 0: any */
	const char *argv[8];
};

/* What is true of one run, told to whoever compares */
struct truth {
	const char *domain; /* cgroup directory, or a word: host, cpuset, mempolicy, none */
	long limit_bytes;
	const char *code;
	pid_t victim; /* 0: the first that died */
	pid_t trigger; /* 0: not known */
	const char *victim_dir; /* its cgroup's directory; NULL: not told */
	char more[160]; /* " key=value"… */
};

int lab_open(struct lab *lab, const char *shape, long seconds);
void lab_close(struct lab *lab);
int lab_dir(struct lab *lab, int parent, const char *name); /* its index in dir[] */
int lab_cpuset(struct lab *lab, int node); /* index in dir[] of the cgroup that has that memory node alone */
int lab_limit(struct lab *lab, int dir, long mb, long swap_mb);
pid_t lab_start(struct lab *lab, const struct spec *spec);
int lab_wait(struct lab *lab, pid_t pid); /* exit status; -EINTR, -ETIMEDOUT */
int lab_wait_all(struct lab *lab);
int lab_until(struct lab *lab, int dir, long mb); /* it uses that much; -ESRCH when it never will */
int lab_pause(struct lab *lab, long ms);
void lab_let_go(struct lab *lab);
bool lab_was_killed(const struct lab *lab, pid_t pid);
long lab_usage(const struct lab *lab, int dir);
int lab_tell(struct lab *lab, const struct truth *t); /* how many were killed */
long now_ms(void);

/* --- shapes.c --- */

struct lab_shape {
	const char *name, *args, *help;
	int (*run)(struct lab *lab, int argc, char **argv); /* exit status, or a negative errno */
	long seconds; /* a bound for the whole run */
};
extern const struct lab_shape lab_shapes[];

int lab_run(int argc, char **argv);

#endif
