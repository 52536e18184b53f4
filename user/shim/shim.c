/* SPDX-License-Identifier: GPL-2.0 */
/*
 * libztrace-shim.so, loaded into every program of a traced command: tells of its start and end, of the children it waited
 * for and of memory that it did not get. Nothing here allocates, prints, keeps a descriptor, or fails towards the
 * program; what cannot be told is left untold.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ztrace/shim.h"
#include "shim/raw.h"
#include "shim/shim.h"

#define REFUSE_EVERY_NS 100000000ull

extern char **environ;
/* musl has neither: what is built for it is left alone. */
extern const char *gnu_get_libc_version(void) __attribute__((weak));
extern int on_exit(void (*fn)(int, void *), void *arg) __attribute__((weak));

static struct {
	const char *name;
	void *fn; /* of the next library; NULL: not looked up yet, or there is none */
} hooks[HOOKS_N] = {
#define X(name) [HOOK_##name] = { #name, NULL },
	HOOKS(X)
#undef X
};

static char channel[ZT_SHIM_PATH_MAX]; /* "": off */
static volatile pid_t quiet;	       /* this process has put itself into a sandbox, or told its end: no more calls of ours */
static struct zt_id me;
static pid_t vetted; /* a child without a program of its own, found to be in the same pid namespace */
static zt_u64 rss_at_start_bytes;
static char comm[ZT_COMM_LEN];
static volatile unsigned int dropped;
static __thread int resolving __attribute__((tls_model("initial-exec")));

void *shim_next(enum hook h)
{
	void *p = __atomic_load_n(&hooks[h].fn, __ATOMIC_RELAXED);
	int e = errno;

	if (p || resolving)
		return p;
	resolving = 1;
	p = dlsym(RTLD_NEXT, hooks[h].name);
	resolving = 0;
	errno = e;
	__atomic_store_n(&hooks[h].fn, p, __ATOMIC_RELAXED);
	return p;
}

/* ---- words of our own: libc's may be another's by now ---- */

static size_t length(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

static void copy(void *to, const void *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((volatile char *)to)[i] = ((const char *)from)[i];
}

static void zero(void *to, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((volatile char *)to)[i] = 0;
}

static zt_u64 number(const char **s)
{
	zt_u64 v = 0;

	while (**s >= '0' && **s <= '9')
		v = v * 10 + (zt_u64)(*(*s)++ - '0');
	return v;
}

static zt_u64 now_ns(void)
{
	struct timespec ts = { 0 };

	raw2(SYS_clock_gettime, CLOCK_BOOTTIME, (long)&ts);
	return (zt_u64)ts.tv_sec * 1000000000 + (zt_u64)ts.tv_nsec;
}

static long slurp(const char *path, char *buf, size_t size)
{
	long fd = raw4(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0), n;

	if (fd < 0)
		return fd;
	n = raw3(SYS_read, fd, (long)buf, (long)size - 1);
	raw1(SYS_close, fd);
	buf[n > 0 ? n : 0] = 0;
	return n;
}

/* ---- messages ---- */

/* One write: several events behind their heads. */
struct message {
	size_t len, size;
	char *buf;
};

static void *add(struct message *m, enum zt_kind kind, size_t fixed, size_t tail)
{
	struct zt_shim_head head = { ZT_SHIM_MAGIC, (zt_u32)(fixed + tail) };
	struct zt_ev h = { .size = head.size, .kind = (zt_u16)kind, .fixed = (zt_u16)fixed, .flags = ZT_F_CLAIMED };
	char *at = m->buf + m->len;

	if (m->size - m->len < sizeof(head) + fixed + tail)
		return NULL;
	h.ts_ns = now_ns();
	copy(at, &head, sizeof(head));
	zero(at + sizeof(head), fixed);
	copy(at + sizeof(head), &h, sizeof(h));
	m->len += sizeof(head) + fixed + tail;
	return at + sizeof(head);
}

/* Never waits: the collector may be slow, stopped or gone. Both ends are open here, so there is no SIGPIPE. */
static void put(struct message *m)
{
	struct zt_ev_lost *lost = dropped ? add(m, ZT_lost, sizeof(*lost), 0) : NULL;
	unsigned int told = dropped;
	long fd, n;

	if (lost) {
		lost->cause = ZT_LOST_RING;
		lost->count = told;
	}
	fd = raw4(SYS_openat, AT_FDCWD, (long)channel, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0);
	if (fd < 0)
		return;
	n = raw3(SYS_write, fd, (long)m->buf, (long)m->len);
	raw1(SYS_close, fd);
	if (n == -EAGAIN)
		__atomic_fetch_add(&dropped, 1, __ATOMIC_RELAXED);
	else if (lost)
		__atomic_fetch_sub(&dropped, told, __ATOMIC_RELAXED);
}

/* "…/4026531836": the numbers of that pid namespace are meant. */
static int same_namespace(void)
{
	const char *base = channel + length(channel);
	struct stat st;

	while (base > channel && base[-1] != '/')
		base--;
	return !raw4(SYS_newfstatat, AT_FDCWD, (long)"/proc/self/ns/pid", (long)&st, 0) && st.st_ino == number(&base);
}

/* Who tells; 0: nobody may. A child that was forked and runs no program of its own is looked at once. */
static pid_t teller(void)
{
	pid_t pid;

	if (!channel[0])
		return 0;
	pid = (pid_t)raw0(SYS_getpid);
	if (pid == quiet)
		return 0;
	if (pid == (pid_t)me.tgid || pid == vetted)
		return pid;
	if (!same_namespace())
		return 0;
	vetted = pid;
	return pid;
}

/* ---- the end ---- */

void shim_tell_exit(int code)
{
	char buf[256];
	struct message m = { 0, sizeof(buf), buf };
	struct zt_ev_exit *e;
	struct rusage u;
	zt_u64 peak;

	if (teller() != (pid_t)me.tgid)
		return;
	e = add(&m, ZT_exit, sizeof(*e), 0);
	if (!e)
		return;
	e->h.who = me;
	e->exit_code = (code & 0xff) << 8;
	copy(e->comm, comm, sizeof(comm));
	if (!raw2(SYS_getrusage, RUSAGE_SELF, (long)&u)) {
		peak = (zt_u64)u.ru_maxrss * 1024;
		e->peak_rss_bytes = peak;
		if (peak <= rss_at_start_bytes)
			e->h.flags |= ZT_F_EXIT_PEAK_BOUND; /* that of whoever started it */
	}
	put(&m);
	quiet = (pid_t)me.tgid;
}

/* A sandbox may end the program for a call of ours that it did not think of: from now on its parent tells of it. */
void shim_keep_quiet(void)
{
	quiet = (pid_t)raw0(SYS_getpid);
}

static void at_exit(int status, void *unused)
{
	int e = errno;

	(void)unused;
	shim_tell_exit(status);
	errno = e;
}

static zt_u64 max_rss_bytes(int who)
{
	struct rusage u;

	return raw2(SYS_getrusage, who, (long)&u) ? 0 : (zt_u64)u.ru_maxrss * 1024;
}

/*
 * The most that a child held: the kernel keeps the maximum of all that were waited for, so what raised it was this one's.
 * What was no more than we hold ourselves it may have had from us, before its exec. *exact: neither.
 */
static zt_u64 child_peak(const struct rusage *u, int *exact)
{
	static zt_u64 most_bytes;
	zt_u64 all = max_rss_bytes(RUSAGE_CHILDREN), own = u ? (zt_u64)u->ru_maxrss * 1024 : all;

	*exact = (u || all > most_bytes) && own > max_rss_bytes(RUSAGE_SELF);
	most_bytes = all;
	return own;
}

void shim_tell_child(pid_t child, int status, const struct rusage *u)
{
	char buf[384];
	struct message m = { 0, sizeof(buf), buf };
	struct zt_ev_fork *f;
	struct zt_ev_exit *e;
	pid_t pid = teller();
	int exact, err = errno;

	if (!pid || (!WIFEXITED(status) && !WIFSIGNALED(status)))
		return;
	f = add(&m, ZT_fork, sizeof(*f), 0);
	e = add(&m, ZT_exit, sizeof(*e), 0);
	if (!f || !e)
		return;
	f->h.who = pid == (pid_t)me.tgid ? me : (struct zt_id){ .tgid = (zt_u32)pid, .tid = (zt_u32)pid };
	f->child = e->h.who = (struct zt_id){ .tgid = (zt_u32)child, .tid = (zt_u32)child };
	e->exit_code = status;
	e->peak_rss_bytes = child_peak(u, &exact);
	if (!exact)
		e->h.flags |= ZT_F_EXIT_PEAK_BOUND;
	put(&m);
	errno = err;
}

/* ---- memory that was refused ---- */

static void fill_refusal(struct zt_ev_refuse *r)
{
	zt_u64 page = getauxval(AT_PAGESZ), field[7] = { 0 };
	struct rlimit as = { RLIM_INFINITY, 0 }, data = as;
	const char *p;
	char text[256];

	if (slurp("/proc/self/statm", text, sizeof(text)) > 0) {
		p = text;
		for (int i = 0; i < 7 && *p; i++, p += *p == ' ')
			field[i] = number(&p);
	}
	raw4(SYS_prlimit64, 0, RLIMIT_AS, 0, (long)&as);
	raw4(SYS_prlimit64, 0, RLIMIT_DATA, 0, (long)&data);
	r->total_vm_bytes = field[0] * page;
	r->data_bytes = field[5] * page;
	r->as_limit_bytes = as.rlim_cur == RLIM_INFINITY ? ZT_NO_LIMIT : as.rlim_cur;
	r->data_limit_bytes = data.rlim_cur == RLIM_INFINITY ? ZT_NO_LIMIT : data.rlim_cur;
}

__attribute__((noinline, cold)) void shim_tell_refused(enum zt_refused what, zt_u64 bytes, long nr)
{
	static zt_u64 last_ns;
	static unsigned int untold;
	struct zt_ev_refuse *r;
	char buf[512];
	struct message m = { 0, sizeof(buf), buf };
	int err = errno;
	zt_u64 now;
	pid_t pid;

	if (resolving || err != ENOMEM || !(pid = teller()))
		return;
	now = now_ns();
	if (last_ns && now - last_ns < REFUSE_EVERY_NS) {
		untold++;
		return;
	}
	last_ns = now;
	r = add(&m, ZT_refuse, sizeof(*r), 2);
	if (!r)
		return;
	m.buf[m.len - 1] = m.buf[m.len - 2] = 0; /* no file system, no path */
	r->h.who = pid == (pid_t)me.tgid ? me : (struct zt_id){ .tgid = (zt_u32)pid, .tid = (zt_u32)pid };
	r->error = err;
	r->what = what;
	r->nr = (zt_u32)nr;
	r->untold = untold;
	r->asked_bytes = bytes;
	copy(r->comm, comm, sizeof(comm));
	fill_refusal(r);
	untold = 0;
	put(&m);
	errno = err;
}

/* ---- the start ---- */

static const char *from_env(const char *name)
{
	size_t n = length(name);

	for (char **e = environ; e && *e; e++) {
		size_t i = 0;

		while (i < n && (*e)[i] == name[i])
			i++;
		if (i == n && (*e)[n] == '=')
			return *e + n + 1;
	}
	return NULL;
}

/* "PID (COMM) S PPID …", proc_pid_stat(5): comm may hold anything, so what follows starts at the last ')'. */
static void read_stat(zt_u32 *ppid)
{
	const char *open = NULL, *close = NULL, *p;
	zt_u64 hz = getauxval(AT_CLKTCK), ticks = 0;
	char text[1024];
	size_t n;

	if (slurp("/proc/self/stat", text, sizeof(text)) <= 0)
		return;
	for (p = text; *p; p++) {
		if (*p == '(' && !open)
			open = p + 1;
		if (*p == ')')
			close = p;
	}
	if (!open || !close || close < open)
		return;
	n = (size_t)(close - open);
	copy(comm, open, n < sizeof(comm) ? n : sizeof(comm) - 1);
	p = close + 1;
	for (int field = 3; field <= 22 && *p; field++) {
		const char *word = ++p;

		if (field == 4)
			*ppid = (zt_u32)number(&word);
		if (field == 22)
			ticks = number(&word);
		while (*p && *p != ' ')
			p++;
	}
	if (hz)
		me.start_ns = ticks * (1000000000 / hz);
}

#define CWD_MAX 512
static const char cwd_name[] = "PWD";

static void add_cwd(struct message *m, const char *cwd, size_t n)
{
	struct zt_ev_env *e = add(m, ZT_env, sizeof(*e), sizeof(cwd_name) + n);

	if (!e)
		return;
	e->h.who = me;
	copy((char *)e + sizeof(*e), cwd_name, sizeof(cwd_name));
	copy((char *)e + sizeof(*e) + sizeof(cwd_name), cwd, n);
}

/* As much of argv as fits into room bytes. */
static void copy_argv(char *to, size_t room, char **argv)
{
	for (size_t at = 0, n; *argv && at < room; argv++, at += n) {
		n = length(*argv) + 1;
		n = n < room - at ? n : room - at;
		copy(to + at, *argv, n);
	}
}

static void tell_start(char **argv, zt_u32 ppid)
{
	char buf[ZT_SHIM_WRITE_MAX], cwd[CWD_MAX];
	struct message m = { 0, sizeof(buf) - sizeof(struct zt_ev_lost) - sizeof(struct zt_shim_head), buf };
	long cwd_len = raw2(SYS_getcwd, (long)cwd, sizeof(cwd)); /* with its NUL */
	struct zt_ev_exec *e;
	size_t total = 0, room;

	for (char **a = argv; *a; a++)
		total += length(*a) + 1;
	room = m.size - 2 * sizeof(struct zt_shim_head) - sizeof(*e) - sizeof(struct zt_ev_env) - sizeof(cwd_name) - CWD_MAX;
	room = total < room ? total : room;
	e = add(&m, ZT_exec, sizeof(*e), room);
	if (!e)
		return;
	copy_argv((char *)e + sizeof(*e), room, argv);
	if (room < total) {
		m.buf[m.len - 1] = 0;
		e->h.flags |= ZT_F_EXEC_CUT;
	}
	e->h.who = me;
	e->parent = (struct zt_id){ .tgid = ppid, .tid = ppid };
	e->uid = (zt_u32)getauxval(AT_UID);
	e->argv_bytes = (zt_u32)room;
	e->argv_total_bytes = (zt_u32)total;
	copy(e->comm, comm, sizeof(comm));
	if (cwd_len > 1 && cwd[0] == '/')
		add_cwd(&m, cwd, (size_t)cwd_len);
	m.size = sizeof(buf);
	put(&m);
}

static int switch_on(void)
{
	const char *path = from_env(ZT_SHIM_ENV);
	size_t n = path ? length(path) : 0;

	if (!n || n >= sizeof(channel) || path[0] != '/' || getauxval(AT_SECURE) || !gnu_get_libc_version)
		return 0;
	copy(channel, path, n + 1);
	if (!same_namespace())
		channel[0] = 0;
	return channel[0];
}

/* All is looked up here: a hook may run in a signal handler, or in a child of vfork. */
static __attribute__((constructor)) void start(int argc, char **argv)
{
	zt_u32 ppid = 0;
	struct rusage u;
	int e = errno;

	(void)argc;
	for (int h = 0; h < HOOKS_N; h++)
		shim_next((enum hook)h);
	if (switch_on()) {
		me.tgid = me.tid = (zt_u32)raw0(SYS_getpid);
		read_stat(&ppid);
		if (!raw2(SYS_getrusage, RUSAGE_SELF, (long)&u))
			rss_at_start_bytes = (zt_u64)u.ru_maxrss * 1024;
		tell_start(argv, ppid);
		if (on_exit)
			on_exit(at_exit, NULL);
	}
	errno = e;
}

