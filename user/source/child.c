/* SPDX-License-Identifier: GPL-2.0 */
#include "source/child.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/i18n.h"
#include "base/cleanup.h"
#include "ztrace/shim.h"

/* Starts the traced command, passes signals on and collects its status. */

/* The tracer's own failure in the child before exec: never seen as a status, see child_go. */
#define EXIT_NOT_STARTED 125

/* What the child says when it could not exec; nothing at all when it could. */
struct failure {
	int err;
	bool exec;
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int child_init(struct child *c, const struct procfs *proc)
{
	sigset_t mask;
	int err;

	*c = (struct child){ .sig_fd = -1, .go_fd = -1, .err_fd = -1, .proc = proc };
	sigemptyset(&mask);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGQUIT);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGHUP);
	sigaddset(&mask, SIGCHLD);
	c->sig_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (c->sig_fd < 0)
		return -errno;
	/*
	 * An inherited SIG_IGN would reap our child behind our back, and a closed stderr must not end us.
	 * The others stay as they are: under nohup HUP stays ignored, for us and for the child.
	 */
	if (sigaction(SIGCHLD, &(struct sigaction){ .sa_handler = SIG_DFL }, &c->old_chld) ||
	    sigaction(SIGPIPE, &(struct sigaction){ .sa_handler = SIG_IGN }, &c->old_pipe) ||
	    sigprocmask(SIG_BLOCK, &mask, &c->old_mask)) {
		err = -errno;
		close_fd(&c->sig_fd);
		return err;
	}
	return 0;
}

static void restore_signals(const struct child *c)
{
	sigaction(SIGCHLD, &c->old_chld, NULL);
	sigaction(SIGPIPE, &c->old_pipe, NULL);
	sigprocmask(SIG_SETMASK, &c->old_mask, NULL);
}

void child_done(struct child *c)
{
	close_fd(&c->go_fd);
	close_fd(&c->err_fd);
	if (c->sig_fd < 0)
		return;
	close_fd(&c->sig_fd);
	restore_signals(c);
}

/* In the child: what protect.c or libbpf has changed for ztrace goes back to what it was. */
static int restore(const struct child_opts *o)
{
	struct protect_saved now;
	char path[256];
	int fd __close = -1;

	if (!o->saved)
		return 0;
	protect_save(o->proc_root, &now);
	if (memcmp(&now.memlock, &o->saved->memlock, sizeof(now.memlock)) &&
	    setrlimit(RLIMIT_MEMLOCK, &o->saved->memlock))
		return -errno;
	if (!o->saved->oom_known || !now.oom_known || now.oom_score_adj == o->saved->oom_score_adj)
		return 0;
	snprintf(path, sizeof(path), "%s/self/oom_score_adj", o->proc_root);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd < 0 || dprintf(fd, "%d", o->saved->oom_score_adj) < 0 ? -errno : 0;
}

/* In the child: become pw, for good. */
static int become(const struct passwd *pw)
{
	if (getuid() || geteuid()) {
		if (pw->pw_uid != geteuid())
			return -EPERM;
	} else if (initgroups(pw->pw_name, pw->pw_gid) || setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) ||
		   setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid)) {
		return -errno;
	}
	if (setenv("HOME", pw->pw_dir, 1) || setenv("USER", pw->pw_name, 1) ||
	    setenv("LOGNAME", pw->pw_name, 1))
		return -errno;
	return 0;
}

/* In the child: the shim goes behind what is preloaded already. */
static int preload(const struct child_opts *o)
{
	const char *old = getenv("LD_PRELOAD");
	char *all __free = NULL;

	if (old && *old && asprintf(&all, "%s:%s", old, o->preload) < 0)
		return -ENOMEM;
	return setenv("LD_PRELOAD", all ? all : o->preload, 1) || setenv(ZT_SHIM_ENV, o->fifo, 1) ? -errno : 0;
}

/* In the child: wait for the word, become what the caller would have started, exec. Returns only on failure. */
static struct failure child_main(struct child *c, char *const argv[], const struct child_opts *o,
				 const struct passwd *pw, int go)
{
	char byte;
	ssize_t n;
	int err;

	do
		n = read(go, &byte, 1);
	while (n < 0 && errno == EINTR);
	if (n != 1)
		return (struct failure){ .err = -ECANCELED }; /* ztrace has gone or changed its mind */
	err = restore(o);
	if (!err && pw)
		err = become(pw);
	if (!err && byte)
		err = preload(o);
	if (err)
		return (struct failure){ .err = err };
	if (o->traceparent && setenv("TRACEPARENT", o->traceparent, 1))
		return (struct failure){ .err = -errno };
	restore_signals(c);
	i18n_child_env();
	execvp(argv[0], argv);
	return (struct failure){ .err = -errno, .exec = true };
}

static _Noreturn void child_run(struct child *c, char *const argv[], const struct child_opts *o,
				const struct passwd *pw, int go, int err_fd)
{
	struct failure f = child_main(c, argv, o, pw, go);
	ssize_t n = write(err_fd, &f, sizeof(f));

	(void)n; /* nobody reads it when ztrace has gone */
	_exit(EXIT_NOT_STARTED);
}

/* By login name, or by number as sudo does with "#1000" (and we without the mark). -errno: -ENOENT none. */
static int lookup(const char *user, const struct passwd **ret)
{
	const struct passwd *pw;
	char *end;
	unsigned long uid;

	errno = 0;
	pw = getpwnam(user);
	if (!pw && *user >= '0' && *user <= '9') {
		uid = strtoul(user, &end, 10);
		if (!*end && uid < (uid_t)-1)
			pw = getpwuid((uid_t)uid);
	}
	if (!pw)
		return -ENOENT;
	*ret = pw;
	return 0;
}

int child_user(const char *user, uid_t *uid, gid_t *gid)
{
	const struct passwd *pw;
	int err = lookup(user, &pw);

	if (err)
		return err;
	*uid = pw->pw_uid;
	*gid = pw->pw_gid;
	return 0;
}

int child_start(struct child *c, char *const argv[], const struct child_opts *o)
{
	int go[2] = { -1, -1 }, err_pipe[2] = { -1, -1 }, err = 0;
	const struct passwd *pw = NULL;
	struct procfs_stat st;

	if (!argv[0] || c->pid)
		return -EINVAL;
	if (o->user)
		err = lookup(o->user, &pw);
	if (err)
		return err;
	/* A socket, for MSG_NOSIGNAL: somebody may kill the child while it waits. */
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, go) || pipe2(err_pipe, O_CLOEXEC))
		goto fail;
	c->pid = fork();
	if (c->pid < 0)
		goto fail;
	if (!c->pid) {
		/* Its own copies of our ends would keep it from ever seeing us go. */
		close(go[1]);
		close(err_pipe[0]);
		child_run(c, argv, o, pw, go[0], err_pipe[1]);
	}
	close(go[0]);
	close(err_pipe[1]);
	c->go_fd = go[1];
	c->err_fd = err_pipe[0];
	c->id = (struct zt_id){ .tgid = (zt_u32)c->pid, .tid = (zt_u32)c->pid };
	if (!procfs_stat(c->proc, c->id.tgid, &st))
		c->id = st.id;
	return 0;
fail:
	err = -errno;
	c->pid = 0;
	for (int i = 0; i < 2; i++) {
		close_fd(&go[i]);
		close_fd(&err_pipe[i]);
	}
	return err;
}

static bool reap(struct child *c, int flags)
{
	pid_t r;

	if (!c->pid || c->exited)
		return c->exited;
	do
		r = waitpid(c->pid, &c->status, flags);
	while (r < 0 && errno == EINTR);
	c->exited = r == c->pid;
	return c->exited;
}

static int go_with(struct child *c, char word)
{
	struct failure f = { 0 };
	ssize_t n;

	if (c->go_fd < 0)
		return -EINVAL;
	/* EPIPE: somebody has killed it already; that is its status, not our error. */
	if (send(c->go_fd, &word, 1, MSG_NOSIGNAL) < 0 && errno != EPIPE)
		return -errno;
	close_fd(&c->go_fd);
	do
		n = read(c->err_fd, &f, sizeof(f));
	while (n < 0 && errno == EINTR);
	close_fd(&c->err_fd);
	if (n != sizeof(f))
		return 0; /* closed by exec, or by a death that child_reap will tell */
	reap(c, 0);
	c->exec_failed = f.exec;
	return f.err;
}

int child_go(struct child *c)
{
	return go_with(c, 0);
}

int child_go_preloaded(struct child *c)
{
	return go_with(c, 1);
}

int child_poll_fd(const struct child *c)
{
	return c->sig_fd;
}

/*
 * Has the child got this one already? What the terminal sends (SI_KERNEL) goes to the whole foreground group.
 * What the command itself or something below it sends with kill(0) does too, and it does not want it back.
 * Everything else was meant for the one process its sender knows: us.
 */
static bool is_for_child(const struct child *c, const struct signalfd_siginfo *si)
{
	if (si->ssi_code == SI_KERNEL)
		return si->ssi_signo == SIGHUP; /* of a hang-up the session leader alone is told, and that may be us */
	return !procfs_is_below(c->proc, si->ssi_pid, c->id.tgid);
}

static unsigned int on_signal(struct child *c, const struct signalfd_siginfo *si)
{
	if (si->ssi_signo == SIGCHLD)
		return 0;
	if (c->pid && !c->exited && is_for_child(c, si))
		kill(c->pid, (int)si->ssi_signo);
	return CHILD_INTERRUPTED;
}

unsigned int child_handle(struct child *c)
{
	bool was = c->exited;
	struct signalfd_siginfo si;
	unsigned int ret = 0;
	ssize_t n;

	while ((n = read(c->sig_fd, &si, sizeof(si))) == sizeof(si) || (n < 0 && errno == EINTR))
		if (n > 0)
			ret |= on_signal(c, &si);
	if (reap(c, WNOHANG) && !was)
		ret |= CHILD_EXITED;
	return ret;
}

bool child_reap(struct child *c, int *status)
{
	if (!reap(c, WNOHANG))
		return false;
	*status = c->status;
	return true;
}

int child_exit_code(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int child_exec_exit_code(const struct child *c, int err)
{
	if (!c->exec_failed)
		return 125;
	return err == -ENOENT ? 127 : 126;
}
