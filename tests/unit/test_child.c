// SPDX-License-Identifier: GPL-2.0
/* The traced command notices nothing of ztrace: status, signals, descriptors, limits, scores. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "source/child.h"
#include "source/readfile.h"

#define SH(script) ((char *[]){ "sh", "-c", script, NULL })

static struct procfs proc;
static const struct child_opts plain = { .proc_root = "/proc" };

/* Serve the child's signals until it is gone; its raw wait status. */
static int serve(struct child *c)
{
	int status = -1;

	while (!child_reap(c, &status)) {
		struct pollfd p = { .fd = child_poll_fd(c), .events = POLLIN };

		assert_int_equal(poll(&p, 1, 20000), 1);
		child_handle(c);
	}
	return status;
}

static int run(char *const argv[], const struct child_opts *o)
{
	struct child c;
	int status;

	assert_int_equal(child_init(&c, &proc), 0);
	assert_int_equal(child_start(&c, argv, o), 0);
	assert_int_equal(child_go(&c), 0);
	status = serve(&c);
	child_done(&c);
	return status;
}

/* Output of a command run as the traced one, its stdout in a file for the while. */
static void run_output(char *const argv[], const struct child_opts *o, char *buf, size_t size)
{
	int file = memfd_create("out", MFD_CLOEXEC), old = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 10);

	assert_true(file >= 0 && old >= 0);
	fflush(stdout);
	dup2(file, STDOUT_FILENO);
	run(argv, o);
	dup2(old, STDOUT_FILENO);
	assert_true(readfile_fd(file, buf, size) >= 0);
	close(file);
	close(old);
}

static void test_status(void **state)
{
	(void)state;
	assert_int_equal(child_exit_code(run(SH("exit 0"), &plain)), 0);
	assert_int_equal(child_exit_code(run(SH("exit 7"), &plain)), 7);
	assert_int_equal(child_exit_code(run(SH("exit 137"), &plain)), 137);
	assert_true(WIFEXITED(run(SH("exit 137"), &plain)));
	assert_int_equal(child_exit_code(run(SH("kill -KILL $$"), &plain)), 137);
	assert_true(WIFSIGNALED(run(SH("kill -KILL $$"), &plain)));
	assert_int_equal(child_exit_code(run(SH("kill -TERM $$"), &plain)), 143);
}

static int start_error(char *const argv[])
{
	struct child c;
	int err, code;

	assert_int_equal(child_init(&c, &proc), 0);
	assert_int_equal(child_start(&c, argv, &plain), 0);
	err = child_go(&c);
	assert_true(err < 0);
	code = child_exec_exit_code(&c, err);
	assert_int_equal(waitpid(c.pid, NULL, WNOHANG), -1); /* no zombie left */
	child_done(&c);
	return code;
}

static void test_not_started(void **state)
{
	const struct child_opts nobody = { .user = "no such user here", .proc_root = "/proc" };
	struct child c;

	(void)state;
	assert_int_equal(start_error((char *[]){ "ztrace-no-such-program", NULL }), 127);
	assert_int_equal(start_error((char *[]){ "/nonexistent/program", NULL }), 127);
	assert_int_equal(start_error((char *[]){ "/etc/passwd", NULL }), 126);
	assert_int_equal(start_error((char *[]){ "/etc", NULL }), 126);
	assert_int_equal(child_init(&c, &proc), 0);
	assert_int_equal(child_start(&c, SH("exit 0"), &nobody), -ENOENT);
	assert_int_equal(child_start(&c, (char *[]){ NULL }, &plain), -EINVAL);
	assert_int_equal(c.pid, 0);
	child_done(&c);
}

/* What goes wrong before the exec is ztrace's own failure. */
static void test_not_restored(void **state)
{
	const struct protect_saved impossible = { .memlock = { .rlim_cur = 2, .rlim_max = 1 } };
	const struct child_opts o = { .saved = &impossible, .proc_root = "/proc" };
	struct child c;
	int err;

	(void)state;
	assert_int_equal(child_init(&c, &proc), 0);
	assert_int_equal(child_start(&c, SH("exit 0"), &o), 0);
	err = child_go(&c);
	assert_int_equal(err, -EINVAL);
	assert_int_equal(child_exec_exit_code(&c, err), 125);
	child_done(&c);
}

/* It waits for child_go, is known by its id before, and does nothing when ztrace gives up. */
static void test_paused(void **state)
{
	char path[] = "/tmp/ztrace-test-XXXXXX", script[128];
	struct procfs_stat st;
	struct child c;
	int status;

	(void)state;
	close(mkstemp(path));
	snprintf(script, sizeof(script), "rm %s", path);
	assert_int_equal(child_init(&c, &proc), 0);
	assert_int_equal(child_start(&c, SH(script), &plain), 0);
	assert_int_equal(c.id.tgid, c.pid);
	assert_int_equal(procfs_stat(&proc, c.id.tgid, &st), 0);
	assert_int_equal(c.id.start_ns, st.id.start_ns);
	assert_true(c.id.start_ns > 0);
	assert_int_equal(child_handle(&c), 0);
	child_done(&c);
	assert_int_equal(waitpid(c.pid, &status, 0), c.pid);
	assert_int_equal(child_exit_code(status), 125);
	assert_int_equal(unlink(path), 0); /* the command has not run */
}

static void test_killed_while_paused(void **state)
{
	struct child c;

	(void)state;
	assert_int_equal(child_init(&c, &proc), 0);
	assert_int_equal(child_start(&c, SH("exit 0"), &plain), 0);
	kill(c.pid, SIGKILL);
	waitid(P_PID, (id_t)c.pid, NULL, WEXITED | WNOWAIT);
	assert_int_equal(child_go(&c), 0);
	assert_int_equal(child_exit_code(serve(&c)), 137);
	child_done(&c);
}

/* The same started by nothing but fork and exec: what it has to be. (popen leaves signals 32 and 33 ignored.) */
static void reference(char *const argv[], char *buf, size_t size)
{
	int file = memfd_create("out", MFD_CLOEXEC);
	pid_t pid = fork();

	if (!pid) {
		dup2(file, STDOUT_FILENO);
		execvp(argv[0], argv);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
	if (readfile_fd(file, buf, size) <= 0)
		buf[0] = 0;
	close(file);
}

/* Exactly the descriptors it would have had: all the caller's, none of ztrace's. */
static void test_fds(void **state)
{
	char want[1024], got[1024];
	char *ls[] = { "sh", "-c", "ls -l /proc/self/fd | sed -n 's/.* \\([0-9]*\\) -> .*/\\1/p' | sort -n", NULL };
	int jobserver = open("/dev/null", O_RDONLY);

	(void)state;
	assert_true(jobserver >= 0);
	reference(ls, want, sizeof(want));
	run_output(ls, &plain, got, sizeof(got));
	assert_string_equal(got, want);
	snprintf(want, sizeof(want), "\n%d\n", jobserver);
	assert_non_null(strstr(got, want));
	close(jobserver);
}

/* In a process of its own: what it does to itself must not stay with the test. */
static int in_fork(void (*fn)(void))
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		fn();
		_exit(0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return child_exit_code(status);
}

#define CHECK(cond)                                                                            \
	do {                                                                                   \
		if (!(cond)) {                                                                 \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond);             \
			_exit(1);                                                              \
		}                                                                              \
	} while (0)

/* Everything ztrace does to itself before the child is made, then a child that looks at itself. */
static void unchanged(void)
{
	char want[2048], got[2048];
	static const char script[] = "cat /proc/self/oom_score_adj /proc/self/limits /proc/self/sessionid;"
				     "grep -E '^(Sig[PBIC]|Cap|NoNew|VmLck)' /proc/self/status; cut -d' ' -f5,6,8,19 /proc/self/stat;"
				     "umask; pwd";
	struct protect_saved saved;
	const struct child_opts o = { .saved = &saved, .proc_root = "/proc" };
	struct rlimit lim;
	int fd, out;
	struct child c;

	signal(SIGPIPE, SIG_DFL);
	reference(SH((char *)script), want, sizeof(want));
	protect_save("/proc", &saved);
	CHECK(saved.oom_known);
	CHECK(!child_init(&c, &proc));
	/* Not every test machine lets us go down, each lets us go up: what counts is that the child goes back. */
	fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	CHECK(dprintf(fd, "%d", saved.oom_score_adj + 7) > 0);
	lim = (struct rlimit){ saved.memlock.rlim_cur / 2, saved.memlock.rlim_max };
	CHECK(!setrlimit(RLIMIT_MEMLOCK, &lim));
	protect_lock();
	out = memfd_create("out", MFD_CLOEXEC);
	CHECK(dup2(out, STDOUT_FILENO) == STDOUT_FILENO);
	CHECK(!child_start(&c, SH((char *)script), &o));
	CHECK(!protect_no_new_privs());
	CHECK(!protect_drop_caps(false));
	CHECK(!child_go(&c));
	CHECK(!child_exit_code(serve(&c)));
	CHECK(readfile_fd(out, got, sizeof(got)) > 0);
	if (strcmp(got, want))
		fprintf(stderr, "want:\n%s\ngot:\n%s\n", want, got);
	CHECK(!strcmp(got, want));
}

static void test_unchanged(void **state)
{
	(void)state;
	assert_int_equal(in_fork(unchanged), 0);
}

/* nohup: what was ignored stays ignored; and SIGCHLD ignored by the caller does not lose the status. */
static void ignored(void)
{
	signal(SIGHUP, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	/* HUP 1, PIPE 13, CHLD 17 */
	CHECK(!child_exit_code(run((char *[]){ "grep", "-q", "^SigIgn:.*11001$", "/proc/self/status", NULL }, &plain)));
	CHECK(child_exit_code(run(SH("exit 5"), &plain)) == 5);
}

static void test_ignored(void **state)
{
	(void)state;
	assert_int_equal(in_fork(ignored), 0);
}

/* What the child leaves in a pipe when a signal has reached it. */
static const char trap_script[] = "trap 'echo T; exit 3' TERM; trap 'echo I; exit 4' INT; echo ready;"
				  "i=0; while [ $i -lt 400 ]; do sleep 0.05; i=$((i+1)); done";

struct tracer {
	pid_t pid;
	FILE *out; /* of its child */
};

/* A process like ztrace, in a process group of its own, that serves a child with `script`. */
static struct tracer tracer_start(const char *script)
{
	struct tracer t;
	int out[2];
	char line[16] = "";

	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	t.pid = fork();
	if (!t.pid) {
		setpgid(0, 0);
		dup2(out[1], STDOUT_FILENO);
		_exit(child_exit_code(run(SH((char *)script), &plain)));
	}
	close(out[1]);
	t.out = fdopen(out[0], "r");
	assert_non_null(fgets(line, sizeof(line), t.out));
	assert_string_equal(line, "ready\n");
	return t;
}

/* Rest of what the child said, once the tracer is gone; its exit code. */
static int tracer_end(struct tracer *t, char *buf, size_t size)
{
	size_t n = fread(buf, 1, size - 1, t->out);
	int status;

	buf[n] = 0;
	fclose(t->out);
	assert_int_equal(waitpid(t->pid, &status, 0), t->pid);
	return child_exit_code(status);
}

static void test_forward(void **state)
{
	char said[64];
	struct tracer t = tracer_start(trap_script);

	(void)state;
	kill(t.pid, SIGTERM); /* as `kill` and `docker stop` do: to ztrace alone */
	assert_int_equal(tracer_end(&t, said, sizeof(said)), 3);
	assert_string_equal(said, "T\n");
	t = tracer_start(trap_script);
	kill(-t.pid, SIGINT); /* the group, as the terminal does: ztrace lives on to tell the status */
	assert_int_equal(tracer_end(&t, said, sizeof(said)), 4);
	assert_string_equal(said, "I\n");
}

/* A command that signals its own group gets that signal from itself, not once more from ztrace. */
static void test_not_back(void **state)
{
	char said[64];
	struct tracer t = tracer_start("n=0; trap 'n=$((n+1))' TERM; echo ready; kill -TERM 0;"
				       "i=0; while [ $i -lt 10 ]; do sleep 0.05; i=$((i+1)); done; exit $n");

	(void)state;
	assert_int_equal(tracer_end(&t, said, sizeof(said)), 1);
}

/* ztrace killed: the build goes on. */
static void test_survives(void **state)
{
	struct tracer t = tracer_start("echo ready; read x < /proc/sys/kernel/ostype; sleep 0.3; echo alive");
	char said[64];

	(void)state;
	kill(t.pid, SIGKILL);
	assert_int_equal(tracer_end(&t, said, sizeof(said)), 137);
	assert_string_equal(said, "alive\n");
}

static void test_user(void **state)
{
	const struct child_opts o = { .user = "nobody", .proc_root = "/proc" };
	char got[256];

	(void)state;
	if (geteuid())
		skip();
	run_output(SH("id -un; id -gn; id -G | wc -w; echo $HOME $USER $LOGNAME; setpriv --reuid 0 true 2>/dev/null"
		      " || echo stays; grep CapEff /proc/self/status"), &o, got, sizeof(got));
	assert_string_equal(got, "nobody\nnogroup\n1\n/nonexistent nobody nobody\nstays\nCapEff:\t0000000000000000\n");
}

/* Locking must not make memory of what is only reserved. */
static void locked(void)
{
	size_t size = 512 << 20;
	char *reserved = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	char status[8192];
	zt_u64 before, after, kib;
	int err;

	CHECK(reserved != MAP_FAILED);
	CHECK(readfile_at(AT_FDCWD, "/proc/self/status", status, sizeof(status)) > 0);
	CHECK(readfile_find_u64(status, "VmRSS:", &before));
	err = protect_lock();
	CHECK(!err || err == -ENOMEM || err == -EPERM);
	CHECK(mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) != MAP_FAILED);
	CHECK(readfile_at(AT_FDCWD, "/proc/self/status", status, sizeof(status)) > 0);
	CHECK(readfile_find_u64(status, "VmRSS:", &after));
	CHECK(readfile_find_u64(status, "VmLck:", &kib));
	CHECK(after < before + 16 * 1024);
#ifndef __SANITIZE_ADDRESS__ /* its mlockall does nothing */
	CHECK(err || kib);
#endif
	/* and with the capabilities gone memory can still be had */
	CHECK(!protect_drop_caps(false));
	CHECK(mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) != MAP_FAILED);
}

/* What the capabilities that were kept are for: looking into a process of somebody else, and signalling it. */
static bool other_is_readable(void)
{
	char path[64], text[16];
	int ready[2], killed;
	pid_t pid;
	ssize_t n;

	if (pipe2(ready, O_CLOEXEC))
		return false;
	pid = fork();
	if (!pid) {
		/* uid 0 without SETUID cannot become another; a process of root that is not dumpable serves as well */
		if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) || write(ready[1], "", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	n = read(ready[0], text, 1);
	snprintf(path, sizeof(path), "/proc/%d/environ", pid);
	n = n == 1 ? readfile_at(AT_FDCWD, path, text, sizeof(text)) : -1;
	killed = kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(ready[0]);
	close(ready[1]);
	return n >= 0 && !killed;
}

static void dropped(void)
{
	char status[8192], *p;
	unsigned long long eff, was;

	CHECK(readfile_at(AT_FDCWD, "/proc/self/status", status, sizeof(status)) > 0);
	p = strstr(status, "\nCapEff:");
	CHECK(p && sscanf(p, "\nCapEff: %llx", &was) == 1);
	CHECK(!protect_no_new_privs());
	CHECK(!protect_drop_caps(true));
	CHECK(!protect_drop_caps(false)); /* twice does no harm */
	CHECK(readfile_at(AT_FDCWD, "/proc/self/status", status, sizeof(status)) > 0);
	p = strstr(status, "\nCapEff:");
	CHECK(p && sscanf(p, "\nCapEff: %llx", &eff) == 1);
	/* KILL 5, DAC_READ_SEARCH 2, IPC_LOCK 14, SYS_PTRACE 19 */
	CHECK(eff == (was & (1u << 5 | 1u << 2 | 1u << 14 | 1u << 19)));
	p = strstr(status, "\nCapPrm:");
	CHECK(p && sscanf(p, "\nCapPrm: %llx", &was) == 1 && was == eff);
	CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	CHECK(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
	CHECK(geteuid() || other_is_readable());
}

static void test_protect(void **state)
{
	(void)state;
	assert_int_equal(in_fork(locked), 0);
	assert_int_equal(in_fork(dropped), 0);
}

static int open_proc(void **state)
{
	(void)state;
	return procfs_open(&proc, "/proc");
}

static int close_proc(void **state)
{
	(void)state;
	procfs_close(&proc);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status),	  cmocka_unit_test(test_not_started), cmocka_unit_test(test_not_restored),
	 cmocka_unit_test(test_paused),
		cmocka_unit_test(test_killed_while_paused), cmocka_unit_test(test_fds),
		cmocka_unit_test(test_unchanged), cmocka_unit_test(test_ignored),     cmocka_unit_test(test_forward),
		cmocka_unit_test(test_not_back),  cmocka_unit_test(test_survives),    cmocka_unit_test(test_user),
		cmocka_unit_test(test_protect),
	};

	return cmocka_run_group_tests(tests, open_proc, close_proc);
}
