// SPDX-License-Identifier: GPL-2.0
/*
 * The failure laboratory: programs that run out of memory, or die otherwise, in a known way.
 * `oombox -l` lists the shapes. Static and without our library: it runs inside build steps.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MB (1L << 20)
#define EXIT_USAGE 2
#define EXIT_SKIP 77 /* this machine does not let us make such a cgroup */

struct shape {
	const char *name, *args, *help;
	int (*run)(int argc, char **argv); /* argv[0] is the shape's name */
};

extern char **environ;
static char self_path[PATH_MAX];

static long arg(int argc, char **argv, int i, long otherwise)
{
	return i < argc ? strtol(argv[i], NULL, 0) : otherwise;
}

static void sleep_ms(long ms)
{
	struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	while (ms > 0 && nanosleep(&t, &t) && errno == EINTR)
		;
}

/* Touch that many megabytes, one at a time, and keep them. */
static int eat(long mb, long step_ms)
{
	for (long i = 0; i < mb; i++) {
		char *p = malloc(MB);

		if (!p) {
			fprintf(stderr, "oombox: cannot allocate memory after %ld MB\n", i);
			return 1;
		}
		memset(p, (int)i + 1, MB);
		sleep_ms(step_ms);
	}
	return 0;
}

static int run_eat(int argc, char **argv)
{
	long mb = arg(argc, argv, 1, 64);
	int ret = eat(mb, arg(argc, argv, 3, 0));

	if (ret)
		return ret;
	printf("ate %ld MB\n", mb);
	fflush(stdout);
	sleep_ms(arg(argc, argv, 2, 0));
	return 0;
}

static int run_leak(int argc, char **argv)
{
	return eat(LONG_MAX, arg(argc, argv, 1, 2));
}

static int run_rlimit(int argc, char **argv)
{
	long mb = arg(argc, argv, 1, 32);
	struct rlimit lim = {.rlim_cur = (rlim_t)(mb * MB), .rlim_max = (rlim_t)(mb * MB)};

	if (setrlimit(RLIMIT_AS, &lim)) {
		perror("oombox: setrlimit");
		return 1;
	}
	return eat(2 * mb, 0);
}

/* A process of our own, optionally inside a cgroup, running a shape. */
static pid_t start(const char *cgroup, const char *const *shape)
{
	pid_t pid = fork();
	char procs[PATH_MAX + 16];
	int fd;

	if (pid)
		return pid;
	if (cgroup) {
		snprintf(procs, sizeof(procs), "%s/cgroup.procs", cgroup);
		fd = open(procs, O_WRONLY | O_CLOEXEC);
		if (fd < 0 || write(fd, "0", 1) != 1) {
			perror(procs);
			_exit(EXIT_SKIP);
		}
	}
	execv(self_path, (char *const *)shape);
	perror(self_path);
	_exit(127);
}

static int finish(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 127;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Like make: children in parallel, one line for each that died, exit 2 if any did. */
static int run_jstorm(int argc, char **argv)
{
	const char *mb = argc > 2 ? argv[2] : "32", *hold = argc > 3 ? argv[3] : "500";
	const char *child[] = {"oombox", "eat", mb, hold, "5", NULL};
	long n = arg(argc, argv, 1, 4);
	int status, ret = 0;

	for (long i = 0; i < n; i++)
		if (start(NULL, child) < 0)
			return 1;
	while (wait(&status) > 0) {
		if (!WIFSIGNALED(status))
			continue;
		fprintf(stderr, "oombox: *** [storm.o] %s\n", strsignal(WTERMSIG(status)));
		ret = 2;
	}
	return ret;
}

static int run_tmpfs(int argc, char **argv)
{
	long mb = arg(argc, argv, 1, 64);
	const char *dir = argc > 3 ? argv[3] : "/dev/shm";
	char path[PATH_MAX], *block = malloc(MB);
	int fd, ret = 0;

	snprintf(path, sizeof(path), "%s/oombox-XXXXXX", dir);
	fd = mkstemp(path);
	if (!block || fd < 0) {
		perror(path);
		free(block);
		return 1;
	}
	unlink(path); /* its pages go when we do */
	memset(block, 'x', MB);
	for (long i = 0; i < mb && !ret; i++)
		ret = write(fd, block, MB) != MB;
	if (ret)
		perror(path);
	free(block);
	sleep_ms(arg(argc, argv, 2, 0));
	close(fd);
	return ret;
}

static void *thread_main(void *mb)
{
	eat((long)mb, 1);
	return NULL;
}

static int run_threads(int argc, char **argv)
{
	long n = arg(argc, argv, 1, 4), mb = arg(argc, argv, 2, 32);
	pthread_t t;

	for (long i = 0; i < n; i++)
		if (pthread_create(&t, NULL, thread_main, (void *)mb))
			return 1;
	pthread_exit(NULL); /* the leader is gone first: the victim is known by its other threads */
}

static int run_spawn(int argc, char **argv)
{
	char *child[] = {"oombox", "exit", "0", NULL};
	long n = arg(argc, argv, 1, 1000);
	pid_t pid;

	for (long i = 0; i < n; i++) {
		int err = posix_spawn(&pid, self_path, NULL, NULL, child, environ);

		if (err) {
			fprintf(stderr, "oombox: spawn: %s\n", strerror(err));
			return 1;
		}
		finish(pid);
	}
	return 0;
}

static int run_exit(int argc, char **argv)
{
	return (int)arg(argc, argv, 1, 0);
}

/* pid 1 of a container ignores its own SIGKILL: then a child dies instead and we say so as a shell would. */
static int run_sigkill_self(int argc, char **argv)
{
	(void)argc, (void)argv;
	kill(getpid(), SIGKILL);
	if (!fork()) {
		kill(getpid(), SIGKILL);
		_exit(1);
	}
	wait(NULL);
	return 137;
}

static int run_shape(int argc, char **argv);

static int run_named(int argc, char **argv)
{
	if (argc < 3)
		return EXIT_USAGE;
	prctl(PR_SET_NAME, argv[1]);
	return run_shape(argc - 2, argv + 2);
}

/* A child that outlives the shell that started it. */
static int run_orphan(int argc, char **argv)
{
	const char *child[] = {"oombox", "eat", "1", argc > 1 ? argv[1] : "60000", NULL};

	return start(NULL, child) < 0;
}

/*
 * Shapes with cgroups of their own, below <memory hierarchy>/ztrace-oombox-PID, removed at the end.
 * Each prints what is true of it, for tests to compare with.
 */
struct lab {
	int version; /* of the memory hierarchy */
	char mount[PATH_MAX / 4];
	char top[PATH_MAX / 4 + 32];
};

static int put(const char *dir, const char *file, const char *fmt, ...)
{
	char path[PATH_MAX], value[64];
	va_list ap;
	int fd, n, ret;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	va_start(ap, fmt);
	n = vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = write(fd, value, (size_t)n) == n ? 0 : -errno;
	close(fd);
	return ret;
}

static int limit(const struct lab *lab, const char *dir, long mb)
{
	int ret;

	if (lab->version == 2) {
		ret = put(dir, "memory.max", "%ld", mb * MB);
		put(dir, "memory.swap.max", "0"); /* absent without swap */
		return ret;
	}
	ret = put(dir, "memory.limit_in_bytes", "%ld", mb * MB);
	put(dir, "memory.memsw.limit_in_bytes", "%ld", mb * MB);
	return ret;
}

static int make_dir(const struct lab *lab, char *ret, size_t size, const char *parent, const char *name)
{
	snprintf(ret, size, "%s/%s", parent, name);
	if (mkdir(ret, 0755))
		return -errno;
	return lab->version == 2 ? put(parent, "cgroup.subtree_control", "+memory") : 0;
}

/* The mount point of the memory controller, and our own directory there. */
static int lab_open(struct lab *lab)
{
	FILE *f = fopen("/proc/self/mounts", "re");
	char line[4096], dir[PATH_MAX / 4], type[32], opts[512];
	char name[32];

	*lab = (struct lab){0};
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%*s %1023s %31s %511s", dir, type, opts) != 3)
			continue;
		if (!strcmp(type, "cgroup") && strstr(opts, "memory"))
			lab->version = 1;
		else if (!strcmp(type, "cgroup2") && !lab->version)
			lab->version = 2;
		else
			continue;
		snprintf(lab->mount, sizeof(lab->mount), "%s", dir);
		if (lab->version == 1)
			break;
	}
	if (f)
		fclose(f);
	if (!lab->version)
		return -ENOENT;
	snprintf(name, sizeof(name), "ztrace-oombox-%d", getpid());
	return make_dir(lab, lab->top, sizeof(lab->top), lab->mount, name);
}

/* A cgroup whose last process has just died is busy for a moment. */
static void remove_dir(const char *dir)
{
	for (int i = 0; i < 100 && rmdir(dir) && errno == EBUSY; i++)
		sleep_ms(20);
}

static int lab_fail(struct lab *lab, int err)
{
	fprintf(stderr, "oombox: cannot make a memory cgroup here: %s\n", strerror(-err));
	if (lab->top[0])
		remove_dir(lab->top);
	return EXIT_SKIP;
}

static void truth(const struct lab *lab, const char *domain, long mb, pid_t pid)
{
	printf("oombox: domain=%s limit_bytes=%ld victim=%d\n", domain + strlen(lab->mount), mb * MB, pid);
	fflush(stdout);
}

/* One limit at `top` (parent_mb) and one at its child (own_mb), 0: none; the victim is in the child. */
static int nested(long parent_mb, long own_mb, bool parent_hit)
{
	const char *eater[] = {"oombox", "eat", "200", NULL};
	char child[PATH_MAX / 2];
	struct lab lab;
	int err = lab_open(&lab), ret;
	pid_t pid;

	if (!err)
		err = make_dir(&lab, child, sizeof(child), lab.top, "step");
	if (!err && parent_mb)
		err = limit(&lab, lab.top, parent_mb);
	if (!err && own_mb)
		err = limit(&lab, child, own_mb);
	if (err)
		return lab_fail(&lab, err);
	pid = start(child, eater);
	truth(&lab, parent_hit ? lab.top : child, parent_hit ? parent_mb : own_mb, pid);
	ret = finish(pid);
	remove_dir(child);
	remove_dir(lab.top);
	return ret;
}

static int run_own(int argc, char **argv)
{
	return nested(0, arg(argc, argv, 1, 64), false);
}

static int run_parent(int argc, char **argv)
{
	return nested(arg(argc, argv, 1, 64), 0, true);
}

static int run_nested(int argc, char **argv)
{
	long parent = arg(argc, argv, 1, 96), own = arg(argc, argv, 2, 64);

	return nested(parent, own, parent < own);
}

/* One holds, the other asks: the victim is the one that holds more. */
static int run_neighbour(int argc, char **argv)
{
	const char *holder[] = {"oombox", "eat", "70", "3000", NULL};
	const char *asker[] = {"oombox", "eat", "40", "500", NULL};
	char a[PATH_MAX / 2], b[PATH_MAX / 2];
	struct lab lab;
	long mb = arg(argc, argv, 1, 96);
	int err = lab_open(&lab), ret;
	pid_t held, asked;

	if (!err)
		err = make_dir(&lab, a, sizeof(a), lab.top, "holder");
	if (!err)
		err = make_dir(&lab, b, sizeof(b), lab.top, "asker");
	if (!err)
		err = limit(&lab, lab.top, mb);
	if (err)
		return lab_fail(&lab, err);
	held = start(a, holder);
	sleep_ms(500);
	truth(&lab, lab.top, mb, held);
	asked = start(b, asker);
	ret = finish(held);
	finish(asked);
	remove_dir(a);
	remove_dir(b);
	remove_dir(lab.top);
	return ret;
}

/* memory.oom.group: all of a cgroup's processes go at once (cgroup v2 only). */
static int run_group(int argc, char **argv)
{
	const char *sleeper[] = {"oombox", "eat", "8", "5000", NULL};
	const char *eater[] = {"oombox", "eat", "200", NULL};
	struct lab lab;
	long mb = arg(argc, argv, 1, 64);
	int err = lab_open(&lab), ret;
	pid_t other, pid;

	if (!err)
		err = lab.version == 2 ? put(lab.top, "memory.oom.group", "1") : -EOPNOTSUPP;
	if (!err)
		err = limit(&lab, lab.top, mb);
	if (err)
		return lab_fail(&lab, err);
	other = start(lab.top, sleeper);
	sleep_ms(200);
	pid = start(lab.top, eater);
	truth(&lab, lab.top, mb, pid);
	ret = finish(pid);
	if (finish(other) != 137)
		ret = 1;
	remove_dir(lab.top);
	return ret;
}

static const struct shape shapes[] = {
	{"eat", "MB [HOLD_MS [STEP_MS]]", "touch memory a megabyte at a time, hold it, exit 0", run_eat},
	{"leak", "[STEP_MS]", "touch memory until something stops it", run_leak},
	{"rlimit", "[MB]", "run into RLIMIT_AS: malloc fails, exit 1, nobody is killed", run_rlimit},
	{"jstorm", "N MB [HOLD_MS]", "N eaters at once, exit 2 if one was killed, as make does", run_jstorm},
	{"tmpfs", "MB [HOLD_MS [DIR]]", "fill a file in a memory file system", run_tmpfs},
	{"threads", "N MB", "N threads eat MB each after the first thread has left", run_threads},
	{"spawn", "N", "start N tiny processes one after the other", run_spawn},
	{"orphan", "[HOLD_MS]", "leave a child behind and exit 0", run_orphan},
	{"exit", "N", "exit with that status", run_exit},
	{"sigkill-self", "", "die of a SIGKILL of one's own", run_sigkill_self},
	{"named", "COMM SHAPE [ARG...]", "run a shape under another process name", run_named},
	{"own", "[LIMIT_MB]", "lab: hit the limit of the process's own cgroup", run_own},
	{"parent", "[LIMIT_MB]", "lab: hit the limit of the parent cgroup", run_parent},
	{"nested", "[PARENT_MB [OWN_MB]]", "lab: two limits, the smaller is hit", run_nested},
	{"neighbour", "[LIMIT_MB]", "lab: killed for what a neighbour asked", run_neighbour},
	{"group", "[LIMIT_MB]", "lab: memory.oom.group takes the whole cgroup (v2)", run_group},
};

static int usage(FILE *to, int ret)
{
	fprintf(to, "usage: oombox -l | oombox SHAPE [ARG...]\n");
	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++)
		fprintf(to, "  %-12s %-22s %s\n", shapes[i].name, shapes[i].args, shapes[i].help);
	fprintf(to, "lab: makes cgroups of its own and removes them; exit 77 where that is not allowed\n");
	return ret;
}

static int run_shape(int argc, char **argv)
{
	for (size_t i = 0; argc > 0 && i < sizeof(shapes) / sizeof(*shapes); i++)
		if (!strcmp(argv[0], shapes[i].name))
			return shapes[i].run(argc, argv);
	return usage(stderr, EXIT_USAGE);
}

int main(int argc, char **argv)
{
	ssize_t n = readlink("/proc/self/exe", self_path, sizeof(self_path) - 1);

	if (n < 0)
		snprintf(self_path, sizeof(self_path), "/bin/oombox");
	if (argc > 1 && (!strcmp(argv[1], "-l") || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")))
		return usage(stdout, 0);
	return run_shape(argc - 1, argv + 1);
}
