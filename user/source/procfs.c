/* SPDX-License-Identifier: GPL-2.0 */
#include "source/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "source/evbuf.h"
#include "source/readfile.h"

/* Reads /proc; every process may vanish between two reads of it. */

#define PF_KTHREAD 0x00200000 /* include/linux/sched.h */
#define LINEAGE_DEPTH 64

int procfs_open(struct procfs *p, const char *root)
{
	long hz = sysconf(_SC_CLK_TCK);

	*p = (struct procfs){ .meminfo = -1, .pressure = -1, .tick_ns = 1000000000 / (zt_u64)(hz > 0 ? hz : 100) };
	p->dir = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (p->dir < 0)
		return -errno;
	p->meminfo = openat(p->dir, "meminfo", O_RDONLY | O_CLOEXEC);
	p->pressure = openat(p->dir, "pressure/memory", O_RDONLY | O_CLOEXEC); /* -1: not of this kernel */
	return 0;
}

void procfs_close(struct procfs *p)
{
	if (p->dir >= 0)
		close(p->dir);
	if (p->meminfo >= 0)
		close(p->meminfo);
	if (p->pressure >= 0)
		close(p->pressure);
	p->dir = p->meminfo = p->pressure = -1;
}

/* "PID (COMM) S PPID …": comm may hold blanks and parentheses, so what follows starts at the last ')'. */
int procfs_parse_stat(const char *text, zt_u64 tick_ns, struct procfs_stat *ret)
{
	const char *open = strchr(text, '('), *close = strrchr(text, ')');
	unsigned int pid, ppid, flags, threads;
	unsigned long long ticks;
	char state;
	size_t len;

	if (!open || !close || close < open || sscanf(text, "%u (", &pid) != 1)
		return -EINVAL;
	/* 3 state, 4 ppid, 9 flags, 20 num_threads, 22 starttime: proc_pid_stat(5) */
	if (sscanf(close + 1, " %c %u %*d %*d %*d %*d %u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %u %*d %llu",
		   &state, &ppid, &flags, &threads, &ticks) != 5)
		return -EINVAL;
	memset(ret, 0, sizeof(*ret));
	ret->id = (struct zt_id){ .tgid = pid, .tid = pid, .start_ns = ticks * tick_ns };
	ret->ppid = ppid;
	ret->kthread = flags & PF_KTHREAD;
	ret->threads = threads;
	ret->dead = (state == 'Z' && threads <= 1) || state == 'X'; /* a leader may be gone before its threads */
	len = (size_t)(close - open - 1);
	memcpy(ret->comm, open + 1, len < ZT_COMM_LEN ? len : ZT_COMM_LEN - 1);
	return 0;
}

static int stat_at(const struct procfs *p, int dir, const char *path, struct procfs_stat *ret)
{
	char text[1024];
	ssize_t n = readfile_at(dir, path, text, sizeof(text));

	return n < 0 ? (int)n : procfs_parse_stat(text, p->tick_ns, ret);
}

int procfs_stat(const struct procfs *p, zt_u32 pid, struct procfs_stat *ret)
{
	char path[32];

	snprintf(path, sizeof(path), "%u/stat", pid);
	return stat_at(p, p->dir, path, ret);
}

unsigned int procfs_threads(const struct procfs *p, zt_u32 pid)
{
	struct procfs_stat st;

	return procfs_stat(p, pid, &st) < 0 ? 0 : st.threads;
}

bool procfs_is_below(const struct procfs *p, zt_u32 pid, zt_u32 ancestor)
{
	struct procfs_stat st;

	for (int i = 0; i < LINEAGE_DEPTH && pid; i++) {
		if (pid == ancestor)
			return true;
		if (procfs_stat(p, pid, &st))
			return false;
		pid = st.ppid;
	}
	return false;
}

struct snapshot {
	const struct procfs *p;
	struct cgroupfs *cg;
	struct zt_id parent; /* of the process before: siblings follow each other */
	char text[16 * 1024];
	union evbuf ev;
};

static struct zt_id parent_id(struct snapshot *s, zt_u32 ppid)
{
	struct procfs_stat st;

	if (ppid && ppid != s->parent.tgid)
		s->parent = procfs_stat(s->p, ppid, &st) ? (struct zt_id){ .tgid = ppid, .tid = ppid } : st.id;
	return ppid ? s->parent : (struct zt_id){ 0 };
}

static zt_u32 read_uid(struct snapshot *s, int dir)
{
	zt_u64 uid = 0;

	if (readfile_at(dir, "status", s->text, sizeof(s->text)) > 0)
		readfile_find_u64(s->text, "Uid:", &uid);
	return (zt_u32)uid;
}

static zt_s32 read_adj(int dir)
{
	char text[16];

	return readfile_at(dir, "oom_score_adj", text, sizeof(text)) > 0 ? atoi(text) : 0;
}

static zt_u64 read_cgroup(struct snapshot *s, int dir)
{
	const char *path;

	if (!s->cg || readfile_at(dir, "cgroup", s->text, sizeof(s->text)) <= 0)
		return 0;
	path = cgroupfs_own_path(s->cg, s->text);
	return path ? cgroupfs_id(s->cg, path) : 0;
}

/* Behind the event's end */
static zt_u32 argv_at(int dir, const char *path, union evbuf *b)
{
	char *tail = b->bytes + b->h.fixed;
	ssize_t n = readfile_at(dir, path, tail, ZT_ARGV_MAX + 1);

	if (n < 0)
		b->h.flags |= ZT_F_EXEC_UNREADABLE;
	else if (n == ZT_ARGV_MAX)
		b->h.flags |= ZT_F_EXEC_CUT;
	if (n > 0 && tail[n - 1]) /* cut, or a program that wrote over its arguments */
		tail[n < ZT_ARGV_MAX ? n++ : n - 1] = 0;
	return n > 0 ? (zt_u32)n : 0;
}

zt_u32 procfs_argv(const struct procfs *p, zt_u32 pid, union evbuf *b)
{
	char path[32];
	zt_u32 n;

	snprintf(path, sizeof(path), "%u/cmdline", pid);
	n = argv_at(p->dir, path, b);
	b->h.size = b->h.fixed + n;
	return n;
}

static void read_argv(struct snapshot *s, int dir)
{
	struct zt_ev_proc *ev = &s->ev.proc;
	bool masked = false;
	size_t n = argv_at(dir, "cmdline", &s->ev);

	if (n && s->p->redact)
		n = s->p->redact(s->ev.bytes + sizeof(*ev), n, &masked);
	if (masked)
		ev->h.flags |= ZT_F_EXEC_MASKED;
	ev->argv_bytes = (zt_u32)n;
	ev->h.size += ev->argv_bytes;
}

/* -EACCES: not ours to look at */
static int root_of(const struct procfs *p, zt_u32 pid, struct stat *ret)
{
	char path[32];

	snprintf(path, sizeof(path), "%u/root/", pid);
	return fstatat(p->dir, path, ret, 0) < 0 ? -errno : 0;
}

static bool has_other_root(const struct procfs *p, zt_u32 pid, zt_u32 ppid)
{
	struct stat mine, its;
	int err = root_of(p, pid, &mine), other = root_of(p, ppid, &its);

	if (err == -EACCES && other == -EACCES)
		return true;
	return !err && !other && (mine.st_dev != its.st_dev || mine.st_ino != its.st_ino);
}

int procfs_exec(const struct procfs *p, zt_u32 pid, union evbuf *b)
{
	struct procfs_stat st, again;
	char path[32];
	struct stat owner;
	int dir __close = -1;

	snprintf(path, sizeof(path), "%u", pid);
	dir = openat(p->dir, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0 || fstat(dir, &owner) || stat_at(p, dir, "stat", &st) || st.dead)
		return -ESRCH;
	evbuf_start(b, ZT_exec, sizeof(b->exec));
	b->h.flags = ZT_F_CLAIMED | (has_other_root(p, pid, st.ppid) ? ZT_F_EXEC_ENTRY : 0);
	b->h.who = st.id;
	b->exec.parent = (struct zt_id){ .tgid = st.ppid, .tid = st.ppid };
	b->exec.uid = owner.st_uid;
	b->exec.oom_score_adj = read_adj(dir);
	memcpy(b->exec.comm, st.comm, sizeof(st.comm));
	b->exec.argv_bytes = b->exec.argv_total_bytes = argv_at(dir, "cmdline", b);
	b->h.size += b->exec.argv_bytes;
	return stat_at(p, dir, "stat", &again) || again.dead ? -ESRCH : 0;
}

/* Fill s->ev from an open /proc/PID. false: a kernel thread, a zombie, or no longer the process it was. */
static bool read_proc(struct snapshot *s, int dir)
{
	struct zt_ev_proc *ev = &s->ev.proc;
	struct procfs_stat st, again;

	if (stat_at(s->p, dir, "stat", &st) || st.kthread || st.dead)
		return false;
	evbuf_start(&s->ev, ZT_proc, sizeof(*ev));
	ev->h.who = st.id;
	ev->h.cgroup = read_cgroup(s, dir);
	ev->parent = parent_id(s, st.ppid);
	ev->uid = read_uid(s, dir);
	ev->oom_score_adj = read_adj(dir);
	memcpy(ev->comm, st.comm, sizeof(ev->comm));
	read_argv(s, dir);
	return !stat_at(s->p, dir, "stat", &again) && again.id.start_ns == st.id.start_ns;
}

int procfs_snapshot(const struct procfs *p, struct cgroupfs *cg, sink_fn sink, void *ctx)
{
	struct snapshot *s __free = calloc(1, sizeof(*s));
	DIR *d __closedir = NULL;
	struct dirent *e;
	int fd, n = 0, err = 0;

	if (!s)
		return -ENOMEM;
	s->p = p;
	s->cg = cg;
	fd = openat(p->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	d = fd < 0 ? NULL : fdopendir(fd);
	if (!d) {
		err = -errno;
		if (fd >= 0)
			close(fd);
		return err;
	}
	while (!err && (e = readdir(d))) {
		int dir __close = -1;

		if (e->d_name[0] < '1' || e->d_name[0] > '9')
			continue;
		dir = openat(p->dir, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (dir < 0 || !read_proc(s, dir))
			continue;
		n++;
		err = sink(ctx, &s->ev.h);
	}
	return err ? err : n;
}

static zt_u64 kib(const char *text, const char *key)
{
	zt_u64 v = 0;

	readfile_find_u64(text, key, &v);
	return v * 1024;
}

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=16201524": microseconds. 0: no such line */
static zt_u64 stalled_ns(const char *text, const char *kind)
{
	const char *line = strstr(text, kind), *total = line ? strstr(line, "total=") : NULL;

	return total ? strtoull(total + 6, NULL, 10) * 1000 : 0;
}

static void read_pressure(const struct procfs *p, struct zt_ev_host *ret)
{
	char text[512];
	ssize_t n = p->pressure < 0 ? -1 : pread(p->pressure, text, sizeof(text) - 1, 0);

	if (n < 0)
		return;
	text[n] = 0;
	ret->stall_some_ns = stalled_ns(text, "some ");
	ret->stall_full_ns = stalled_ns(text, "full ");
}

int procfs_host(const struct procfs *p, zt_u32 flags, struct zt_ev_host *ret)
{
	char text[8192];
	ssize_t n = pread(p->meminfo, text, sizeof(text) - 1, 0); /* one call gives all of it */

	if (n < 0)
		return -errno;
	text[n] = 0;
	*ret = (struct zt_ev_host){
		.h = { .size = sizeof(*ret), .fixed = sizeof(*ret), .kind = ZT_host, .flags = flags,
		       .ts_ns = evbuf_clock_ns(CLOCK_BOOTTIME) },
		.total_bytes = kib(text, "MemTotal:"),
		.available_bytes = kib(text, "MemAvailable:"),
		.free_bytes = kib(text, "MemFree:"),
		.swap_total_bytes = kib(text, "SwapTotal:"),
		.swap_free_bytes = kib(text, "SwapFree:"),
		.shmem_bytes = kib(text, "Shmem:"),
		.cached_bytes = kib(text, "Cached:"),
		.slab_bytes = kib(text, "Slab:"),
		.anon_bytes = kib(text, "AnonPages:"),
		.pagetable_bytes = kib(text, "PageTables:"),
		.kernel_stack_bytes = kib(text, "KernelStack:"),
		.commit_limit_bytes = kib(text, "CommitLimit:"),
		.committed_bytes = kib(text, "Committed_AS:"),
	};
	read_pressure(p, ret);
	return ret->total_bytes ? 0 : -EINVAL;
}
