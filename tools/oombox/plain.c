// SPDX-License-Identifier: GPL-2.0
/* Shapes that take the cgroups they find: they run inside build steps. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "oombox.h"

extern char **environ;

long arg(int argc, char **argv, int i, long otherwise)
{
	return i < argc ? strtol(argv[i], NULL, 0) : otherwise;
}

void sleep_ms(long ms)
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
	char c;

	if (eat(mb, arg(argc, argv, 3, 0)))
		return 1;
	printf("ate %ld MB\n", mb);
	fflush(stdout);
	if (argc > 2 && !strcmp(argv[2], "-"))
		while (read(STDIN_FILENO, &c, 1) > 0)
			;
	else
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

/* Our own program, also where it is not in PATH; its name stays "oombox", which exec of /proc/self/exe would change. */
static void self_path(char *ret, size_t size)
{
	ssize_t n = readlink("/proc/self/exe", ret, size - 1);

	snprintf(n < 0 ? ret : ret + n, n < 0 ? size : 1, "%s", n < 0 ? "/bin/oombox" : "");
}

void self_exec(const char *const *argv)
{
	char path[PATH_MAX];

	self_path(path, sizeof(path));
	execv(path, (char *const *)argv);
	perror(path);
}

static pid_t start(const char *const *argv)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	self_exec(argv);
	_exit(127);
}

int exit_code(int wait_status)
{
	return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

/* Waits for all children; one line for each that was killed. 2 if any was, or failed so itself. */
static int reap(const char *what)
{
	const char *to = getenv(REPORT_FD);
	int fd = to ? atoi(to) : -1, ret = 0;
	struct death d;

	while ((d.pid = wait(&d.wait_status)) > 0) {
		if (WIFEXITED(d.wait_status) && WEXITSTATUS(d.wait_status) == 2)
			ret = 2;
		if (!WIFSIGNALED(d.wait_status))
			continue;
		fprintf(stderr, "oombox: *** [%s] %s\n", what, strsignal(WTERMSIG(d.wait_status)));
		if (fd >= 0 && write(fd, &d, sizeof(d)) != sizeof(d))
			fprintf(stderr, "oombox: the laboratory does not listen\n");
		ret = 2;
	}
	return ret;
}

/* Like make: children in parallel */
static int run_jstorm(int argc, char **argv)
{
	const char *mb = argc > 2 ? argv[2] : "32", *hold = argc > 3 ? argv[3] : "500";
	const char *child[] = {"oombox", "eat", mb, hold, "5", NULL};
	long n = arg(argc, argv, 1, 4);

	for (long i = 0; i < n; i++)
		if (start(child) < 0)
			return 1;
	return reap("storm.o");
}

/* A process of a fork bomb: two children share what is left to start, all eat. */
static int burst(long n, long mb, long hold_ms)
{
	long left = n - 1;

	for (int i = 0; i < 2; i++) {
		long share = i ? left / 2 : left - left / 2;

		if (share > 0 && !fork())
			_exit(burst(share, mb, hold_ms));
	}
	if (eat(mb, 1))
		return 1;
	sleep_ms(hold_ms);
	return reap("bomb");
}

static int run_bomb(int argc, char **argv)
{
	long n = arg(argc, argv, 1, 32);

	if (n < 1 || n > 1000) {
		fprintf(stderr, "oombox: a bomb of 1 to 1000 processes\n");
		return EXIT_USAGE;
	}
	return burst(n, arg(argc, argv, 2, 2), arg(argc, argv, 3, 1000));
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
	char *child[] = {"oombox", "exit", "0", NULL}, path[PATH_MAX];
	long n = arg(argc, argv, 1, 1000);
	pid_t pid;

	self_path(path, sizeof(path));
	for (long i = 0; i < n; i++) {
		int err = posix_spawn(&pid, path, NULL, NULL, child, environ);

		if (err) {
			fprintf(stderr, "oombox: spawn: %s\n", strerror(err));
			return 1;
		}
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
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

	return start(child) < 0;
}

const struct shape plain_shapes[] = {
	{"eat", "MB [HOLD_MS|- [STEP_MS]]", "touch memory a megabyte at a time, hold it (-: until stdin ends), exit 0", run_eat},
	{"leak", "[STEP_MS]", "touch memory until something stops it", run_leak},
	{"rlimit", "[MB]", "run into RLIMIT_AS: malloc fails, exit 1, nobody is killed", run_rlimit},
	{"jstorm", "N MB [HOLD_MS]", "N eaters at once, exit 2 if one was killed, as make does", run_jstorm},
	{"bomb", "N MB [HOLD_MS]", "N processes, each the child of another, MB each; exit 2 if one was killed", run_bomb},
	{"tmpfs", "MB [HOLD_MS [DIR]]", "fill a file in a memory file system", run_tmpfs},
	{"threads", "N MB", "N threads eat MB each after the first thread has left", run_threads},
	{"spawn", "N", "start N tiny processes one after the other", run_spawn},
	{"orphan", "[HOLD_MS]", "leave a child behind and exit 0", run_orphan},
	{"exit", "N", "exit with that status", run_exit},
	{"sigkill-self", "", "die of a SIGKILL of one's own", run_sigkill_self},
	{"named", "COMM SHAPE [ARG...]", "run a shape under another process name", run_named},
	{0},
};
