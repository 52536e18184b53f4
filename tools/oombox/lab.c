// SPDX-License-Identifier: GPL-2.0
/*
 * One run in the laboratory: cgroups of its own below <memory hierarchy>/ztrace-oombox-PID, processes in them that
 * are waited for up to a bound, and nothing left of either afterwards, whatever happened.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "oombox.h"

#define MPOL_BIND 2 /* <linux/mempolicy.h> */
#define PAUSE_MS 50 /* between looks at what sends no signal */

long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* --- set up --- */

static int make(struct lab *lab, const char *parent, const char *name)
{
	char *dir = lab->dir[lab->ndirs];

	if (lab->ndirs == LAB_DIRS)
		return -ENOSPC;
	join(dir, PATH_MAX, parent, name);
	return mkdir(dir, 0755) ? -errno : lab->ndirs++;
}

/* Hands a controller on to a cgroup's children (v2). Says in SET whether the switch is ours to turn back. */
static int hand_on(const char *dir, const char *controller, bool *set)
{
	char was[256];
	int ret = take(dir, "cgroup.subtree_control", was, sizeof(was));

	if (ret < 0 || strstr(was, controller))
		return ret < 0 ? ret : 0;
	ret = put(dir, "cgroup.subtree_control", "+%s", controller);
	*set = !ret;
	return ret;
}

/* Without the counter of memory and swap, v1's limits hold only for what is not swapped out: so nothing is. */
static void keep_from_swap(const char *dir)
{
	char limit[64];

	if (take(dir, "memory.memsw.limit_in_bytes", limit, sizeof(limit)) < 0)
		put(dir, "memory.swappiness", "0");
}

static int make_top(struct lab *lab)
{
	char name[32];
	int ret = hierarchy_find(&lab->h, "memory");

	if (!ret && lab->h.version == 2)
		ret = hand_on(lab->h.mount, "memory", &lab->enabled_memory);
	if (ret)
		return ret;
	snprintf(name, sizeof(name), "ztrace-oombox-%d", getpid());
	ret = make(lab, lab->h.mount, name);
	if (ret >= 0 && lab->h.version == 1) {
		put(lab->dir[0], "memory.use_hierarchy", "1"); /* what later kernels always do */
		keep_from_swap(lab->dir[0]);
	}
	return ret;
}

int lab_dir(struct lab *lab, int parent, const char *name)
{
	bool set;
	int ret = lab->h.version == 2 ? hand_on(lab->dir[parent], "memory", &set) : 0;

	if (!ret)
		ret = make(lab, lab->dir[parent], name);
	if (ret >= 0 && lab->h.version == 1)
		keep_from_swap(lab->dir[ret]);
	return ret;
}

/* In v1 our top has a twin in the cpuset hierarchy, which also needs processors before it takes processes. */
int lab_cpuset(struct lab *lab, int node)
{
	struct hierarchy h;
	char cpus[48] = "";
	int ret = hierarchy_find(&h, "cpuset"), dir = 0;

	if (!ret && h.version == 2)
		ret = hand_on(h.mount, "cpuset", &lab->enabled_cpuset);
	if (!ret && (h.version == 1 || lab->h.version == 1))
		dir = make(lab, h.mount, strrchr(lab->dir[0], '/') + 1);
	if (ret || dir < 0)
		return ret ? ret : dir;
	if (h.version == 1) {
		take(h.mount, "cpuset.cpus", cpus, sizeof(cpus));
		ret = put(lab->dir[dir], "cpuset.cpus", "%s", cpus);
	}
	if (!ret)
		ret = put(lab->dir[dir], "cpuset.mems", "%d", node);
	return ret ? ret : dir;
}

/* swap_mb: on top of memory */
int lab_limit(struct lab *lab, int dir, long mb, long swap_mb)
{
	const char *d = lab->dir[dir];
	bool v2 = lab->h.version == 2;
	int ret = put(d, v2 ? "memory.max" : "memory.limit_in_bytes", "%ld", mb * MB), swap;

	if (ret)
		return ret;
	if (v2)
		swap = put(d, "memory.swap.max", "%ld", swap_mb * MB);
	else
		swap = put(d, "memory.memsw.limit_in_bytes", "%ld", (mb + swap_mb) * MB);
	return swap == -ENOENT ? 0 : swap; /* there is no such file where swap is not counted */
}

int lab_open(struct lab *lab, const char *shape, long seconds)
{
	static const int waited[] = {SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};

	*lab = (struct lab){.shape = shape, .report = {-1, -1}, .leash = {-1, -1}};
	lab->deadline_ms = now_ms() + seconds * 1000;
	sigemptyset(&lab->signals);
	for (size_t i = 0; i < sizeof(waited) / sizeof(*waited); i++)
		sigaddset(&lab->signals, waited[i]);
	sigprocmask(SIG_BLOCK, &lab->signals, &lab->before);
	prctl(PR_SET_CHILD_SUBREAPER, 1); /* a killed child's children come to us */
	if (pipe2(lab->leash, O_CLOEXEC) || pipe2(lab->report, O_NONBLOCK))
		return -errno;
	fcntl(lab->report[0], F_SETFD, FD_CLOEXEC);
	return make_top(lab);
}

/* --- processes --- */

static int join_cgroup(const char *dir)
{
	int ret = dir ? put(dir, "cgroup.procs", "0") : 0;

	if (ret)
		fprintf(stderr, "oombox: %s/cgroup.procs: %s\n", dir, strerror(-ret));
	return ret;
}

/* A /dev/shm that nobody else sees and that goes with the process; where that is not allowed, the usual one. */
static void own_shm(void)
{
	if (!unshare(CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		mount("oombox", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "size=100%");
}

static int bind_to_node(int node)
{
	unsigned long mask[16] = {0}; /* up to 1024 nodes; what it says is inherited across exec */

	mask[node / 64] = 1UL << node % 64;
	return syscall(SYS_set_mempolicy, MPOL_BIND, mask, sizeof(mask) * 8) ? -errno : 0;
}

/* Between fork and exec: the memory of the shape, and nothing of ours, is the cgroup's. */
static void become(const struct lab *lab, const struct spec *s)
{
	char fd[16];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (join_cgroup(s->dir) || join_cgroup(s->also))
		_exit(EXIT_SKIP);
	if (s->score && put("/proc/self", "oom_score_adj", "%d", s->score)) {
		perror("oombox: oom_score_adj");
		_exit(EXIT_SKIP);
	}
	if (s->bind_node && bind_to_node(s->bind_node - 1)) {
		perror("oombox: set_mempolicy");
		_exit(EXIT_SKIP);
	}
	if (s->private_shm)
		own_shm();
	if (s->leash)
		dup2(lab->leash[0], STDIN_FILENO);
	snprintf(fd, sizeof(fd), "%d", lab->report[1]);
	setenv(REPORT_FD, fd, 1);
	sigprocmask(SIG_SETMASK, &lab->before, NULL);
	self_exec(s->argv);
	_exit(127);
}

pid_t lab_start(struct lab *lab, const struct spec *spec)
{
	pid_t pid;

	if (lab->nchildren == LAB_CHILDREN)
		return -ENOSPC;
	pid = fork();
	if (!pid)
		become(lab, spec);
	if (pid < 0)
		return -errno;
	lab->child[lab->nchildren++] = (struct child){.pid = pid};
	return pid;
}

static struct child *find(const struct lab *lab, pid_t pid)
{
	for (int i = 0; i < lab->nchildren; i++)
		if (lab->child[i].pid == pid)
			return (struct child *)&lab->child[i];
	return NULL;
}

static void ended(struct lab *lab, pid_t pid, int status)
{
	struct child *c = find(lab, pid);

	if (!c && lab->nchildren < LAB_CHILDREN)
		*(c = &lab->child[lab->nchildren++]) = (struct child){.pid = pid};
	if (!c)
		return;
	c->ended = true;
	c->status = status;
}

/* Everything that has ended until now. -ECHILD when there is nobody left to wait for. */
static int reap(struct lab *lab)
{
	struct death d;
	int status;
	pid_t pid;

	while (read(lab->report[0], &d, sizeof(d)) == sizeof(d))
		ended(lab, d.pid, d.wait_status);
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		ended(lab, pid, status);
	return pid < 0 ? -ECHILD : 0;
}

/* Up to that time, or until a child ends or somebody wants us to stop */
static int rest(struct lab *lab, long until_ms)
{
	long ms = until_ms - now_ms();
	struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
	int sig;

	if (lab->interrupted)
		return -EINTR;
	if (now_ms() >= lab->deadline_ms)
		return -ETIMEDOUT;
	if (ms <= 0)
		return 0;
	sig = sigtimedwait(&lab->signals, NULL, &t);
	if (sig > 0 && sig != SIGCHLD)
		lab->interrupted = sig;
	return lab->interrupted ? -EINTR : 0;
}

/* That far ahead, but not past the end of our time */
static long soon(const struct lab *lab, long ms)
{
	long t = now_ms() + ms;

	return t < lab->deadline_ms ? t : lab->deadline_ms;
}

int lab_wait(struct lab *lab, pid_t pid)
{
	int ret = pid < 0 ? pid : 0;

	while (!ret) {
		struct child *c;

		reap(lab);
		c = find(lab, pid);
		if (!c || c->ended)
			return c ? exit_code(c->status) : -ESRCH;
		ret = rest(lab, soon(lab, 1000));
	}
	return ret;
}

int lab_wait_all(struct lab *lab)
{
	int ret = 0;

	while (!ret && reap(lab) != -ECHILD)
		ret = rest(lab, soon(lab, 1000));
	return ret;
}

int lab_pause(struct lab *lab, long ms)
{
	long end = now_ms() + ms;
	int ret = 0;

	while (!ret && now_ms() < end)
		ret = rest(lab, soon(lab, end - now_ms()));
	return ret;
}

long lab_usage(const struct lab *lab, int dir)
{
	char text[64];

	if (take(lab->dir[dir], lab->h.version == 2 ? "memory.current" : "memory.usage_in_bytes", text, sizeof(text)) < 0)
		return 0;
	return strtol(text, NULL, 10);
}

int lab_until(struct lab *lab, int dir, long mb)
{
	int ret = 0;

	while (!ret && lab_usage(lab, dir) < mb * MB) {
		if (reap(lab) == -ECHILD)
			return -ESRCH;
		ret = rest(lab, soon(lab, PAUSE_MS));
	}
	return ret;
}

void lab_let_go(struct lab *lab)
{
	if (lab->leash[1] >= 0)
		close(lab->leash[1]);
	lab->leash[1] = -1;
}

bool lab_was_killed(const struct lab *lab, pid_t pid)
{
	const struct child *c = find(lab, pid);

	return c && c->ended && !c->ours && WIFSIGNALED(c->status) && WTERMSIG(c->status) == SIGKILL;
}

/* --- what was true of it --- */

static const char *path_of(const struct lab *lab, const char *domain, char *ret, size_t size)
{
	size_t len = strlen(lab->h.mount);

	if (*domain != '/')
		return domain;
	snprintf(ret, size, "%s%s", strcmp(lab->h.root, "/") ? lab->h.root : "", domain + len);
	return ret;
}

/* The kernel's own count; v2 adds children to it, v1 does not. */
static long oom_kills(const struct lab *lab)
{
	long n = 0;

	if (lab->h.version == 2)
		return counter(lab->dir[0], "memory.events", "oom_kill");
	for (int i = 0; i < lab->ndirs; i++)
		n += counter(lab->dir[i], "memory.oom_control", "oom_kill");
	return n;
}

int lab_tell(struct lab *lab, const struct truth *t)
{
	pid_t victim = t->victim && lab_was_killed(lab, t->victim) ? t->victim : 0;
	char path[2 * PATH_MAX];
	int n = 0;

	for (int i = 0; i < lab->nchildren; i++)
		if (lab_was_killed(lab, lab->child[i].pid) && !n++ && !victim)
			victim = lab->child[i].pid;
	printf("oombox: shape=%s domain=%s limit_bytes=%ld victim=%d victims=%d", lab->shape,
	       path_of(lab, t->domain, path, sizeof(path)), t->limit_bytes, victim, victim);
	for (int i = 0; i < lab->nchildren; i++)
		if (lab->child[i].pid != victim && lab_was_killed(lab, lab->child[i].pid))
			printf(",%d", lab->child[i].pid);
	printf(" kills=%d oom_kill=%ld code=%s", n, oom_kills(lab), t->code);
	if (t->trigger)
		printf(" trigger=%d", t->trigger);
	if (t->victim_dir)
		printf(" victim_cgroup=%s", path_of(lab, t->victim_dir, path, sizeof(path)));
	printf(" top=%s version=%d%s\n", path_of(lab, lab->dir[0], path, sizeof(path)), lab->h.version, t->more);
	fflush(stdout);
	return n;
}

/* --- clean-up --- */

static void end_children(struct lab *lab)
{
	reap(lab);
	for (int i = 0; i < lab->nchildren; i++) {
		struct child *c = &lab->child[i];

		/* those that came to us later are in cgroup.procs */
		if (!c->ended) {
			c->ours = true;
			kill(c->pid, SIGKILL);
		}
	}
}

/* Bounded: what the kernel cannot end in 20 s stays, and is named. */
void lab_close(struct lab *lab)
{
	long end = now_ms() + 20000;
	int busy;

	lab_let_go(lab);
	end_children(lab);
	do {
		busy = 0;
		for (int i = 0; i < lab->ndirs; i++)
			busy += kill_all_in(lab->dir[i]);
		if (reap(lab) == -ECHILD && !busy)
			break;
		sleep_ms(20);
	} while (now_ms() < end);
	for (int i = lab->ndirs; i-- > 0;)
		if (remove_dir(lab->dir[i], 5000))
			fprintf(stderr, "oombox: cannot remove %s\n", lab->dir[i]);
	/* fails where somebody else has come to rely on it */
	if (lab->enabled_memory)
		put(lab->h.mount, "cgroup.subtree_control", "-memory");
	if (lab->enabled_cpuset)
		put(lab->h.mount, "cgroup.subtree_control", "-cpuset");
	for (int i = 0; i < 2; i++) {
		close(lab->report[i]);
		close(lab->leash[i]);
	}
	sigprocmask(SIG_SETMASK, &lab->before, NULL);
}
