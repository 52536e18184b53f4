/* SPDX-License-Identifier: GPL-2.0 */
#include "source/plain.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/i18n.h"
#include "source/live.h"
#include "source/plain_kill.h"
#include "source/probe.h"
#include "source/procconn.h"
#include "source/readfile.h"
#include "source/shimwire.h"
#include "trace/event.h"

#define PIPE_BYTES (1 << 20) /* what anybody may ask for (fs.pipe-max-size) */
#define READS 64	     /* of the FIFO a turn */
#define GATHER_US 1000	     /* who tells of starts and ends need not wake us for each */
#define OFTEN_MS 5

struct plain {
	struct source s;
	struct plain_opts o;
	char fifo[ZT_SHIM_PATH_MAX];
	int fd; /* of the FIFO; -1: none */
	struct shimwire wire;
	struct procconn conn;
	bool settled; /* the snapshot and the first look at /proc are done */
	struct tree tree;
	struct oomwatch watch;
	struct plain_kill kill;
	bool child_told; /* its exit */
	sink_fn sink;	 /* of the call under way */
	void *ctx;
};

static int emit(struct plain *p, const struct zt_ev *ev)
{
	return p->sink(p->ctx, ev);
}

/* What is seen in /proc: a program in a cgroup is told after that cgroup. */
static int from_tree(void *ctx, const struct zt_ev *ev)
{
	struct plain *p = ctx;
	int err = p->settled && ev->kind == ZT_exec ? oomwatch_tell(&p->watch, false, p->sink, p->ctx) : 0;

	return err ? err : emit(p, ev);
}

/* ---- what the shim says ---- */

/* Who that is: the shim of its parent does not know its start, and a forked one has no program that told. */
static struct tree_proc *known(struct plain *p, const struct zt_id *id)
{
	struct tree_proc *t = tree_find(&p->tree, id->tgid);

	return t ? t : tree_learn(&p->tree, id->tgid, from_tree, p);
}

static int on_fork(struct plain *p, const struct zt_ev_fork *e, bool from_shim)
{
	struct tree_proc *parent = known(p, &e->h.who), *child = tree_find(&p->tree, e->child.tgid);
	struct zt_ev_fork ev = *e;
	struct zt_id id = { .tgid = e->child.tgid, .tid = e->child.tgid, .start_ns = e->h.ts_ns };

	if (child && child->told_exit && !from_shim) { /* the number is used again */
		tree_forget(&p->tree, child);
		child = NULL;
	}
	if (child || !parent || (from_shim && p->conn.fd >= 0)) /* the kernel tells, too, and in order */
		return 0;
	child = tree_get(&p->tree, &id, parent->id.tgid);
	if (!child)
		return 0;
	child->cgroup = parent->cgroup;
	memcpy(child->comm, parent->comm, sizeof(child->comm));
	ev.h.who = parent->id;
	ev.h.cgroup = parent->cgroup;
	ev.child = child->id;
	return emit(p, &ev.h);
}

/* In another cgroup than its parent, which must be known by then: it may be a step's. */
static int tell_exec(struct plain *p, struct tree_proc *t, const struct tree_proc *parent, struct zt_ev_exec *e)
{
	int err;

	memcpy(t->comm, e->comm, sizeof(t->comm));
	t->ppid = e->parent.tgid; /* who made it may have left it to another */
	t->missed = 0;
	t->told_argv = e->argv_bytes;
	e->h.who = t->id;
	e->h.cgroup = t->cgroup;
	if (parent) {
		e->parent = parent->id;
		e->parent_cgroup = parent->cgroup;
		if (t->cgroup && parent->cgroup && t->cgroup != parent->cgroup)
			e->h.flags |= ZT_F_EXEC_NEW_CGROUP;
	}
	err = p->settled ? oomwatch_tell(&p->watch, false, p->sink, p->ctx) : 0;
	return err ? err : emit(p, &e->h);
}

/* from_shim: told by the program itself, maybe of what the kernel has told already */
static int on_exec(struct plain *p, struct zt_ev_exec *e, bool from_shim)
{
	struct tree_proc *parent = e->parent.tgid == p->tree.root ? NULL : known(p, &e->parent), *t;

	t = tree_get(&p->tree, &e->h.who, e->parent.tgid);
	if (!t)
		return 0;
	if (!t->cgroup && parent)
		t->cgroup = parent->cgroup;
	if (!t->cgroup || !from_shim)
		tree_look_cgroup(&p->tree, t);
	t->told_shim |= from_shim;
	if (from_shim && p->conn.fd >= 0 && t->told_argv)
		return 0;
	return tell_exec(p, t, parent, e);
}

static int tell_exit(struct plain *p, struct tree_proc *t, const struct zt_ev_exit *e)
{
	struct zt_ev_exit ev = *e;
	bool exact = !(e->h.flags & ZT_F_EXIT_PEAK_BOUND);
	const struct tree_proc *parent;

	if (t->told_exit) {
		if (exact)
			plain_kill_peak(&p->kill, &t->id, e->peak_rss_bytes);
		return 0;
	}
	t->told_exit = true;
	parent = tree_find(&p->tree, t->ppid);
	if (t->cgroup && parent && parent->cgroup != t->cgroup) /* it was maybe the last one in there */
		oomwatch_refresh(&p->watch, t->cgroup);
	ev.h.who = t->id;
	ev.h.cgroup = t->cgroup;
	memcpy(ev.comm, t->comm, sizeof(ev.comm));
	if (WIFSIGNALED(e->exit_code) && WTERMSIG(e->exit_code) == SIGKILL)
		plain_kill_died(&p->kill, t, exact ? e->peak_rss_bytes : 0, e->h.ts_ns);
	return emit(p, &ev.h);
}

/* start_ns is told by the process itself only; of who was waited for the number is free again. */
static int on_exit_of(struct plain *p, const struct zt_ev_exit *e)
{
	bool waited = !e->h.who.start_ns;
	struct tree_proc *t = tree_find(&p->tree, e->h.who.tgid);
	int err;

	if (!t || e->h.who.tgid == p->o.child)
		return 0;
	err = tell_exit(p, t, e);
	if (waited && p->conn.fd < 0)
		tree_forget(&p->tree, t);
	return err;
}

static zt_u64 hash(const char *s)
{
	zt_u64 h = ZT_HASH_SEED;

	while (*s)
		h = (h ^ (unsigned char)*s++) * ZT_HASH_PRIME;
	return h;
}

/* A working directory is told where it is not that of the one above. */
static bool is_plain_cwd(struct plain *p, struct tree_proc *t, const struct zt_ev *ev)
{
	const struct tree_proc *parent = tree_find(&p->tree, t->ppid);
	const char *s[2];

	if (ev->kind != ZT_env || ev_tail_strings(ev, s, 2) != 2 || strcmp(s[0], "PWD") != 0)
		return false;
	t->cwd_hash = hash(s[1]);
	return parent && parent->cwd_hash == t->cwd_hash;
}

static int on_other(struct plain *p, struct zt_ev *ev)
{
	struct tree_proc *t = known(p, &ev->who);

	if (!t || is_plain_cwd(p, t, ev))
		return 0;
	ev->who = t->id;
	ev->cgroup = t->cgroup;
	return emit(p, ev);
}

static int on_told(struct plain *p, struct zt_ev *ev, bool from_shim)
{
	switch (ev->kind) {
	case ZT_fork:
		return on_fork(p, (const struct zt_ev_fork *)ev, from_shim);
	case ZT_exec:
		return on_exec(p, (struct zt_ev_exec *)ev, from_shim);
	case ZT_exit:
		return on_exit_of(p, (const struct zt_ev_exit *)ev);
	case ZT_lost:
		return emit(p, ev);
	default:
		return on_other(p, ev);
	}
}

static int on_wire(void *ctx, const struct zt_ev *ev)
{
	struct plain *p = ctx;
	struct zt_ev *mine = &p->wire.ev.h;

	return ev == mine ? on_told(p, mine, true) : emit(p, ev); /* else: bytes that made no event */
}

static int on_connector(void *ctx, const struct zt_ev *ev)
{
	struct plain *p = ctx;
	struct zt_ev *mine = &p->conn.ev.h;

	return ev == mine ? on_told(p, mine, false) : emit(p, ev);
}

static int drain(struct plain *p)
{
	int err = 0;

	for (int i = 0; i < READS && !err && p->fd >= 0; i++) {
		size_t room;
		char *at = shimwire_room(&p->wire, &room);
		ssize_t n = read(p->fd, at, room);

		if (n <= 0)
			break;
		err = shimwire_feed(&p->wire, (size_t)n, on_wire, p);
	}
	return err;
}

/* ---- orphans, and the command itself: ztrace is who waits for them ---- */

static struct zt_ev_exit exit_of(zt_u32 pid, int status, zt_u64 peak_bytes)
{
	return (struct zt_ev_exit){
		.h = { .size = sizeof(struct zt_ev_exit), .fixed = sizeof(struct zt_ev_exit), .kind = ZT_exit,
		       .flags = ZT_F_CLAIMED | (peak_bytes ? 0 : ZT_F_EXIT_PEAK_BOUND),
		       .ts_ns = evbuf_clock_ns(CLOCK_BOOTTIME), .who = { .tgid = pid, .tid = pid } },
		.exit_code = status, .peak_rss_bytes = peak_bytes,
	};
}

/* child.c waits for the command itself; here its end is only told. */
static int tell_child(struct plain *p, int status, zt_u64 peak_bytes)
{
	struct zt_ev_exit ev = exit_of(p->o.child, status, peak_bytes);
	struct tree_proc *t = tree_find(&p->tree, p->o.child);

	if (!t || p->child_told)
		return 0;
	p->child_told = true;
	t->told_exit = false;
	return tell_exit(p, t, &ev);
}

/* What a process held at most, if that was not ztrace's own memory, which it had before its first exec. */
static zt_u64 own_peak(const struct rusage *u)
{
	struct rusage self;

	return !getrusage(RUSAGE_SELF, &self) && u->ru_maxrss > self.ru_maxrss ? (zt_u64)u->ru_maxrss * 1024 : 0;
}

static int reap(struct plain *p)
{
	int err = 0;

	while (!err) {
		siginfo_t si = { 0 };
		struct tree_proc *t;
		struct rusage u = { 0 };
		int status;

		/* the system call itself: it tells of the resources, too */
		if (syscall(SYS_waitid, P_ALL, 0, &si, WEXITED | WNOHANG | WNOWAIT, &u) < 0 || !si.si_pid)
			return 0;
		if ((zt_u32)si.si_pid == p->o.child)
			return tell_child(p, si.si_code == CLD_EXITED ? (si.si_status & 0xff) << 8 : si.si_status & 0x7f,
					  own_peak(&u));
		if (wait4(si.si_pid, &status, WNOHANG, &u) != si.si_pid)
			return 0;
		t = tree_find(&p->tree, (zt_u32)si.si_pid);
		if (t) {
			struct zt_ev_exit ev = exit_of((zt_u32)si.si_pid, status, own_peak(&u));

			err = tell_exit(p, t, &ev);
			tree_forget(&p->tree, t);
		}
	}
	return err;
}

/* ---- the source ---- */

static void seen_cgroup(void *ctx, zt_u64 id, const char *path)
{
	struct plain *p = ctx;
	int level = oomwatch_find(&p->watch, id);

	if (level < 0 || !p->watch.at[level].watched)
		oomwatch_add(&p->watch, path);
}

/* What ran before was told of by the snapshot, with its cgroups. */
static int scan(struct plain *p, zt_u64 now_ns)
{
	int err = tree_scan(&p->tree, now_ns, from_tree, p);

	if (!p->settled)
		oomwatch_told(&p->watch);
	p->settled = true;
	return err;
}

static int turn(struct plain *p)
{
	zt_u64 now = evbuf_clock_ns(CLOCK_BOOTTIME);
	int err = p->settled ? 0 : scan(p, now);

	if (!err)
		err = drain(p); /* first: what a program says of itself is exact */
	if (!err)
		err = procconn_pump(&p->conn, on_connector, p);
	if (!err)
		err = reap(p);
	if (!err && p->o.child && p->o.command->exited && !p->child_told) { /* child.c was the first to wait for it */
		struct rusage u = { 0 };

		getrusage(RUSAGE_CHILDREN, &u);
		err = tell_child(p, p->o.command->status, own_peak(&u));
	}
	if (!err && p->child_told)
		err = drain(p); /* what was told before that end */
	if (!err)
		err = scan(p, now);
	if (!err)
		err = plain_kill_match(&p->kill, now, p->child_told, p->sink, p->ctx);
	/* with a cgroup's end its step's is told: what was killed in it comes before that */
	return err ? err : oomwatch_tell(&p->watch, !p->kill.nrises, p->sink, p->ctx);
}

/* The FIFO is not waited for: who writes to it need not wake us every time. */
static int plain_pump(struct source *s, int timeout_ms, sink_fn sink, void *ctx)
{
	struct plain *p = container_of(s, struct plain, s);
	struct pollfd fds[] = { { .fd = p->watch.notify, .events = POLLIN }, { .fd = p->conn.fd, .events = POLLIN } };
	zt_u64 now = evbuf_clock_ns(CLOCK_BOOTTIME);
	int err;

	p->sink = sink;
	p->ctx = ctx;
	if (now < p->kill.often_until_ns && timeout_ms > OFTEN_MS)
		timeout_ms = OFTEN_MS;
	if (poll(fds, 2, timeout_ms) > 0) {
		if (fds[0].revents)
			plain_kill_soon(&p->kill, evbuf_clock_ns(CLOCK_BOOTTIME));
		else
			usleep(GATHER_US);
	}
	err = turn(p);
	return err < 0 ? err : 0;
}

static void remove_fifo(struct plain *p)
{
	char *slash;

	if (p->fd < 0)
		return;
	close(p->fd);
	unlink(p->fifo);
	slash = strrchr(p->fifo, '/');
	*slash = 0;
	rmdir(p->fifo);
	p->fd = -1;
}

static void plain_close(struct source *s)
{
	struct plain *p = container_of(s, struct plain, s);

	remove_fifo(p);
	procconn_close(&p->conn);
	tree_done(&p->tree);
	oomwatch_done(&p->watch);
	free(p);
}

int plain_fifo_name(char *buf, size_t len)
{
	const char *dir = getenv("TMPDIR");
	struct stat st;
	zt_u64 random;
	int n;

	if (!dir || *dir != '/' || strlen(dir) > 40)
		dir = "/tmp";
	if (stat("/proc/self/ns/pid", &st) < 0 || getrandom(&random, sizeof(random), 0) != sizeof(random))
		return -errno;
	n = snprintf(buf, len, "%s/ztrace.%d.%016llx/%llu", dir, (int)getpid(), (unsigned long long)random,
		     (unsigned long long)st.st_ino);
	return n < (int)len && n < ZT_SHIM_PATH_MAX ? 0 : -ENAMETOOLONG;
}

static int make_fifo(struct plain *p)
{
	char dir[ZT_SHIM_PATH_MAX];
	int err;

	snprintf(p->fifo, sizeof(p->fifo), "%s", p->o.fifo);
	snprintf(dir, sizeof(dir), "%s", p->o.fifo);
	*strrchr(dir, '/') = 0;
	if (mkdir(dir, 0700) < 0)
		return -errno;
	if (mkfifo(p->fifo, 0600) < 0 || (p->fd = open(p->fifo, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW)) < 0 ||
	    (p->o.uid != geteuid() && (fchown(p->fd, p->o.uid, p->o.gid) < 0 || chown(dir, p->o.uid, p->o.gid) < 0))) {
		err = -errno;
		unlink(p->fifo);
		rmdir(dir);
		return err;
	}
	fcntl(p->fd, F_SETPIPE_SZ, PIPE_BYTES);
	return 0;
}

static void say_hook(struct plain *p, const char *fact, const char *via, int err)
{
	struct {
		struct zt_ev_hook ev;
		char tail[256];
	} e = { 0 };
	const char *s[] = { fact, via, err ? strerror(-err) : "" };
	size_t at = 0;

	for (int i = 0; i < 3; i++) {
		snprintf(e.tail + at, sizeof(e.tail) - at, "%s", s[i]);
		at += strlen(e.tail + at) + 1;
	}
	e.ev.h = (struct zt_ev){ .size = (zt_u32)(sizeof(e.ev) + at), .fixed = sizeof(e.ev), .kind = ZT_hook,
				 .ts_ns = evbuf_clock_ns(CLOCK_BOOTTIME) };
	e.ev.state = err ? ZT_HOOK_FAILED : ZT_HOOK_USED;
	e.ev.error = err;
	emit(p, &e.ev.h);
}

/* Which ways there are, and what none of them sees. */
static void say_ways(struct plain *p, int fifo_err, int conn_err)
{
	bool counts = oomwatch_counts(&p->watch) || !p->o.child;
	const char *text;

	if (!fifo_err)
		say_hook(p, "exec", "preload", 0);
	if (!conn_err)
		say_hook(p, "exec", "netlink/proc", 0);
	if (fifo_err && conn_err)
		say_hook(p, "exec", "proc", 0);
	if (p->o.fifo && fifo_err)
		say_hook(p, "exec", "preload", fifo_err);
	if (conn_err && !geteuid())
		say_hook(p, "exec", "netlink/proc", conn_err);
	say_hook(p, "exit", !fifo_err ? "preload" : !conn_err ? "netlink/proc" : "wait", 0);
	say_hook(p, "victim", counts ? p->watch.cg->version == 2 ? "cgroup/memory.events" : "cgroup/memory.oom_control" :
				       "proc/vmstat", 0);
	if (!conn_err)
		text = N_("without eBPF: who sent a signal, what the network refused and what a victim held at its end was not "
			  "seen");
	else if (!fifo_err)
		text = N_("without eBPF: programs told of themselves. Static ones, Go's and those of other C libraries were only "
			  "seen in /proc");
	else
		text = N_("without eBPF and without the preloaded library: only processes that ran for a while were seen, and how "
			  "most of them ended was not");
	live_note("ZT9003", text, p->sink, p->ctx);
}

int plain_open(struct source **ret, const struct plain_opts *o, sink_fn sink, void *ctx)
{
	struct plain *p = calloc(1, sizeof(*p));
	struct tree_proc *child;
	int err, conn_err;

	if (!p)
		return -ENOMEM;
	p->s = (struct source){ "plain", plain_pump, NULL, plain_close };
	p->o = *o;
	p->fd = -1;
	p->sink = sink;
	p->ctx = ctx;
	p->conn.fd = -1;
	/* to hear of all the machine does costs more than one's own build is worth */
	conn_err = geteuid() ? -EPERM : procconn_open(&p->conn, o->proc);
	p->tree = (struct tree){ .proc = o->proc, .cg = o->cg, .root = (zt_u32)getpid(), .told_execs = !conn_err,
				 .since_ns = evbuf_clock_ns(CLOCK_BOOTTIME), .seen_cgroup = seen_cgroup, .ctx = p };
	oomwatch_init(&p->watch, o->cg, "/proc", probe_in_namespace("cgroup"));
	p->kill = (struct plain_kill){ .watch = &p->watch, .tree = &p->tree };
	err = o->fifo ? make_fifo(p) : -ENOENT;
	if (o->child)
		prctl(PR_SET_CHILD_SUBREAPER, 1);
	child = o->child ? tree_learn(&p->tree, o->child, sink, ctx) : NULL;
	if (child)
		p->kill.child_cgroup = child->cgroup;
	say_ways(p, err, conn_err);
	*ret = &p->s;
	return 0;
}
