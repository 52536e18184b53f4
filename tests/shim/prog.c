// SPDX-License-Identifier: GPL-2.0
/* What programs do that a library in them could spoil. prog NAME [ARG…]; prints what it sees. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static char *self;

static void fds(const char *when)
{
	int fd = open("/dev/null", O_RDONLY);

	printf("%s: next %d, open", when, fd);
	close(fd);
	for (int i = 0; i < 256; i++)
		if (fcntl(i, F_GETFD) >= 0)
			printf(" %d", i);
	printf("\n");
}

static void say(const char *what, long r)
{
	printf("%s: %ld, errno %d\n", what, r < 0 ? -1 : r > 0, errno);
}

static int p_env(char **a)
{
	(void)a;
	for (char **e = environ; *e; e++)
		printf("%s\n", *e);
	return 0;
}

static int p_args(char **a)
{
	for (; *a; a++)
		printf("%s\n", *a);
	return 0;
}

static int p_fds(char **a)
{
	(void)a;
	fds("start");
	closefrom(3);
	fds("closefrom");
	close_range(3, ~0U, 0);
	fds("close_range");
	if (!fork())
		_exit(3);
	wait(NULL);
	fds("waited");
	close(0);
	fds("no stdin");
	return 0;
}

static int p_errno(char **a)
{
	int st = 12345;

	(void)a;
	errno = 0;
	say("wait", wait(&st));
	say("waitpid", waitpid(1, &st, 0));
	say("waitid", waitid(P_ALL, 0, NULL, WEXITED));
	say("wait4", wait4(-1, &st, WNOHANG, NULL));
	printf("st %d\n", st);
	errno = 77;
	free(malloc(100));
	say("malloc", 0);
	say("malloc all", malloc((size_t)1 << 62) ? 1 : -1);
	say("calloc all", calloc((size_t)1 << 40, (size_t)1 << 40) ? 1 : -1);
	say("realloc all", realloc(NULL, (size_t)1 << 62) ? 1 : -1);
	say("mmap nothing", mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 1);
	say("mmap all", mmap(NULL, (size_t)1 << 62, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 1);
	errno = 0;
	say("prctl", prctl(PR_GET_DUMPABLE));
	say("syscall", syscall(SYS_getppid) > 0);
	say("bad call", syscall(9999));
	return 0;
}

static int p_vfork(char **a)
{
	volatile int mine = 1;
	int st;
	pid_t p;

	(void)a;
	p = vfork();
	if (!p) {
		mine = 2;
		_exit(7);
	}
	printf("waited %d, ", waitpid(p, &st, 0) == p);
	printf("%d\n", st);
	p = vfork();
	if (!p) {
		execl(self, self, "exit", "9", (char *)NULL);
		_exit(1);
	}
	printf("waited %d, ", waitpid(p, &st, 0) == p);
	printf("%d, %d\n", st, mine);
	return 4;
}

static int p_spawn(char **a)
{
	char *argv[] = { self, "exit", "11", NULL };
	siginfo_t si = { 0 };
	struct rusage ru;
	pid_t p;
	int st;

	(void)a;
	printf("spawn %d\n", posix_spawn(&p, self, NULL, NULL, argv, environ));
	printf("waitid %d\n", waitid(P_PID, (id_t)p, &si, WEXITED | WNOWAIT));
	printf("%d %d %d\n", si.si_pid == p, si.si_code, si.si_status);
	printf("wait4 %d ", wait4(p, &st, 0, &ru) == p);
	printf("%d\n", st);
	printf("spawn %d\n", posix_spawn(&p, "/nowhere", NULL, NULL, argv, environ));
	fflush(stdout);
	printf("system %d\n", system("exit 5"));
	FILE *f = popen("echo piped; kill -9 $$", "r");
	char line[64] = "";
	if (f && fgets(line, sizeof(line), f))
		printf("%s%d\n", line, pclose(f));
	return 0;
}

static void *thread(void *arg)
{
	long bad = 0;

	for (int i = 0; i < 200; i++) {
		void *p = malloc((size_t)i * 37 + 1);
		pid_t c;
		int st;

		p = realloc(p, (size_t)i * 91 + 1);
		free(p);
		if (i % 50)
			continue;
		c = fork();
		if (!c)
			_exit((int)(long)arg);
		bad += waitpid(c, &st, 0) != c || WEXITSTATUS(st) != (long)arg;
	}
	return (void *)bad;
}

static int p_threads(char **a)
{
	pthread_t t[8];
	void *ret;

	(void)a;
	for (long i = 0; i < 8; i++)
		pthread_create(&t[i], NULL, thread, (void *)i);
	for (int i = 0; i < 8; i++) {
		pthread_join(t[i], &ret);
		printf("%d: %ld\n", i, (long)ret);
	}
	return 0;
}

static volatile int reaped, code;
static void on_child(int sig)
{
	int e = errno, st;

	(void)sig;
	while (waitpid(-1, &st, WNOHANG) > 0) {
		reaped++;
		code += WEXITSTATUS(st);
	}
	errno = e;
}

static int p_signals(char **a)
{
	sigset_t none, chld;

	(void)a;
	sigemptyset(&none);
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);
	signal(SIGCHLD, on_child);
	for (int i = 0; i < 20; i++)
		if (!fork())
			_exit(i);
	while (reaped < 20)
		sigsuspend(&none);
	printf("%d %d\n", reaped, code);
	return 0;
}

static void on_alarm(int sig)
{
	(void)sig;
	_exit(21);
}

/* _exit from a handler on the smallest stack there may be, out of the middle of malloc */
static _Noreturn int p_altstack(char **a)
{
	stack_t ss = { .ss_sp = malloc((size_t)MINSIGSTKSZ), .ss_size = (size_t)MINSIGSTKSZ };
	struct sigaction sa = { .sa_handler = on_alarm, .sa_flags = SA_ONSTACK };

	(void)a;
	sigaltstack(&ss, NULL);
	sigaction(SIGALRM, &sa, NULL);
	ualarm(20000, 0);
	for (;;)
		free(malloc(1000));
}

static void handler_a(void)
{
	printf("atexit a\n");
}

static void handler_b(int status, void *arg)
{
	printf("on_exit %d %s\n", status, (char *)arg);
}

static int p_exit(char **a)
{
	exit(atoi(a[0]));
}

static int p_handlers(char **a)
{
	(void)a;
	atexit(handler_a);
	on_exit(handler_b, "b");
	return 300;
}

static int p_quick(char **a)
{
	(void)a;
	at_quick_exit(handler_a);
	fflush(stdout);
	quick_exit(13);
}

static int p_kill(char **a)
{
	fflush(stdout);
	kill(getpid(), atoi(a[0]));
	return 0;
}

static int p_again(char **a)
{
	char n[16];
	int left = atoi(a[0]);

	printf("%d\n", left);
	fflush(stdout);
	snprintf(n, sizeof(n), "%d", left - 1);
	if (left)
		execl(self, self, "again", n, (char *)NULL);
	return 6;
}

static int p_limits(char **a)
{
	struct rlimit none = { 0, 0 }, three = { 3, 3 };
	int st;

	(void)a;
	setrlimit(RLIMIT_FSIZE, &none);
	setrlimit(RLIMIT_NOFILE, &three);
	if (!fork())
		_exit(2);
	printf("%d\n", wait(&st) > 0 ? st : -1);
	say("malloc all", malloc((size_t)1 << 62) ? 1 : -1);
	return 0;
}

static int p_strict(char **a)
{
	(void)a;
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
	if (write(1, "strict\n", 7) != 7)
		return 1;
	__asm__ volatile("" ::: "memory");
	return (int)syscall(SYS_exit, 17);
}

/* A sandbox that ends whoever opens a file */
static int p_sandbox(char **a)
{
	struct sock_filter f[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog p = { 4, f };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	printf("seccomp %ld\n", *a ? syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &p) :
				      (long)prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &p, 0, 0));
	say("malloc all", malloc((size_t)1 << 62) ? 1 : -1);
	return 19;
}

/* Process numbers of another namespace */
static int p_namespace(char **a)
{
	int st;
	pid_t p;

	(void)a;
	if (unshare(CLONE_NEWPID)) {
		printf("may not\n");
		return 0;
	}
	p = fork();
	if (!p) {
		if (!fork())
			_exit(3);
		printf("%d\n", wait(&st) > 0 ? st : -1);
		fflush(stdout);
		_exit(8);
	}
	waitpid(p, &st, 0);
	return WEXITSTATUS(st);
}

static int p_ids(char **a)
{
	(void)a;
	printf("%d %d\n", getuid(), geteuid());
	return 0;
}

static const struct {
	const char *name;
	int (*run)(char **a);
} all[] = {
	{ "env", p_env }, { "args", p_args }, { "fds", p_fds }, { "errno", p_errno }, { "vfork", p_vfork },
	{ "spawn", p_spawn }, { "threads", p_threads }, { "signals", p_signals }, { "altstack", p_altstack },
	{ "exit", p_exit }, { "handlers", p_handlers }, { "quick", p_quick }, { "kill", p_kill }, { "again", p_again },
	{ "limits", p_limits }, { "strict", p_strict }, { "sandbox", p_sandbox }, { "namespace", p_namespace },
	{ "ids", p_ids },
};

int main(int argc, char **argv)
{
	self = argv[0];
	for (size_t i = 0; argc > 1 && i < sizeof(all) / sizeof(all[0]); i++)
		if (!strcmp(all[i].name, argv[1]))
			return all[i].run(argv + 2);
	return 99;
}
