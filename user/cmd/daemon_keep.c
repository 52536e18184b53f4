/* SPDX-License-Identifier: GPL-2.0 */
/* The state directory: names, how much is kept, who writes reports, and those of traces that were cut short. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/i18n.h"
#include "base/log.h"
#include "cmd/daemon.h"
#include "source/file.h"

#define NAME_BYTES 128
#define KEEP 500
#define KEEP_BYTES ((uint64_t)2 << 30)

bool keep_path(const struct daemon *d, char *buf, size_t len, const char *name, const char *suffix)
{
	return (size_t)snprintf(buf, len, "%s/%s%s", d->dir, name, suffix) < len;
}

int keep_lock(struct daemon *d)
{
	char path[PATH_MAX], pid[32] = "";

	if (!keep_path(d, path, sizeof(path), "daemon.lock", ""))
		return -ENAMETOOLONG;
	d->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (d->lock_fd < 0) {
		log_error(_("cannot create %s: %s"), path, strerror(errno));
		return -errno;
	}
	if (flock(d->lock_fd, LOCK_EX | LOCK_NB) < 0) {
		if (pread(d->lock_fd, pid, sizeof(pid) - 1, 0) <= 0)
			strcpy(pid, "?");
		pid[strcspn(pid, "\n")] = 0;
		log_error(_("another ztrace daemon (pid %s) works in %s; stop it, or give this one a --state-dir of its own"),
			  pid, d->dir);
		return -EBUSY;
	}
	snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
	if (ftruncate(d->lock_fd, 0) || pwrite(d->lock_fd, pid, strlen(pid), 0) < 0)
		log_warn(_("%s: %s"), path, strerror(errno)); /* a full disk: the lock holds all the same */
	return 0;
}

void keep_name(struct daemon *d, char *buf, size_t len, const char *slug)
{
	time_t now = time(NULL);
	char stamp[32];
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm);
	snprintf(buf, len, "%s-d%04u-%u%s%s", stamp, ++d->seq % 10000, d->pid, *slug ? "-" : "", slug);
}

/* Is it being written, or its report? */
static bool is_open(const struct daemon *d, const char *name, size_t len)
{
	for (unsigned int n = 0; n < JOBS_MAX; n++)
		if (d->jobs[n].used && strlen(d->jobs[n].name) == len && !memcmp(d->jobs[n].name, name, len))
			return true;
	for (unsigned int n = 0; n < WORKERS_MAX; n++)
		if (d->workers[n].pid && strlen(d->workers[n].name) == len && !memcmp(d->workers[n].name, name, len))
			return true;
	return false;
}

/* How much of it names a job: "20261128T185007Z-d0001-4711-github-build". 0: it is no file of a job's */
static size_t stem(const char *file)
{
	unsigned int seq, pid;
	char z, t;
	int n = 0;

	if (strlen(file) < 17 || sscanf(file, "%*8[0-9]%c%*6[0-9]%c-d%4u-%u%n", &t, &z, &seq, &pid, &n) != 4 || t != 'T' ||
	    z != 'Z' || (file[n] != '.' && file[n] != '-'))
		return 0;
	n += (int)strcspn(file + n, ".");
	return file[n] ? (size_t)n : 0;
}

/*
 * The files of jobs, the oldest first. One block, so that all of it goes back to the system: small ones for the thousands of
 * names that an admin may want kept would stay in the heap.
 */
struct listing {
	char (*name)[NAME_BYTES];
	int n, cap;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static bool take_name(struct listing *l, const char *name)
{
	if (l->n == l->cap) {
		int cap = l->cap ? 2 * l->cap : 1024;
		void *bigger = realloc(l->name, (size_t)cap * NAME_BYTES);

		if (!bigger)
			return false;
		l->name = bigger;
		l->cap = cap;
	}
	strcpy(l->name[l->n++], name);
	return true;
}

static struct listing list_files(const struct daemon *d)
{
	struct listing l = { 0 };
	DIR *dir = opendir(d->dir);

	for (struct dirent *e; dir && (e = readdir(dir));)
		if (stem(e->d_name) && strlen(e->d_name) < NAME_BYTES && !take_name(&l, e->d_name))
			break; /* the others another time */
	if (dir)
		closedir(dir);
	if (l.n)
		qsort(l.name, (size_t)l.n, NAME_BYTES, by_name);
	return l;
}

static bool same_job(const char *a, const char *b)
{
	size_t n = stem(a);

	return n == stem(b) && !strncmp(a, b, n);
}

static long long bytes_of(const struct daemon *d, const struct listing *l, int from, int to)
{
	long long sum = 0;

	for (int i = from; i < to; i++) {
		char path[PATH_MAX];
		struct stat st;

		if (keep_path(d, path, sizeof(path), l->name[i], "") && !lstat(path, &st))
			sum += st.st_blocks * 512ll;
	}
	return sum;
}

static void forget(struct daemon *d, const struct listing *l, int from, int to)
{
	for (int i = from; i < to; i++) {
		char path[PATH_MAX];

		if (keep_path(d, path, sizeof(path), l->name[i], ""))
			unlink(path);
	}
	d->n.removed++;
}

/* The newest first; what is being written counts, and stays. */
void keep_prune(struct daemon *d)
{
	struct listing l = list_files(d);
	unsigned int jobs = 0, keep = d->conf.o.keep ? d->conf.o.keep : KEEP;
	uint64_t sum = 0, most = d->conf.o.keep_bytes ? d->conf.o.keep_bytes : KEEP_BYTES;

	for (int to = l.n, from; to > 0; to = from) {
		from = to - 1;
		while (from > 0 && same_job(l.name[from - 1], l.name[to - 1]))
			from--;
		sum += (uint64_t)bytes_of(d, &l, from, to);
		if ((++jobs > keep || sum > most) && !is_open(d, l.name[from], stem(l.name[from])))
			forget(d, &l, from, to);
	}
	free(l.name);
}

static bool is_trace(const char *name)
{
	return !strcmp(name + stem(name), ".zt");
}

static bool is_half(const char *name)
{
	size_t n = strlen(name);

	return n > 4 && !strcmp(name + n - 4, ".new");
}

static zt_u64 changed_ns(const struct daemon *d, const char *name)
{
	char path[PATH_MAX];
	struct stat st;

	if (!keep_path(d, path, sizeof(path), name, "") || lstat(path, &st))
		return 0;
	return (zt_u64)st.st_mtim.tv_sec * 1000000000 + (zt_u64)st.st_mtim.tv_nsec;
}

/* Begun since we were forked: the jobs that we know are those of then. */
static bool is_newer(const struct daemon *d, const char *name)
{
	unsigned int seq, pid;

	return sscanf(name, "%*[0-9TZ]-d%4u-%u", &seq, &pid) == 2 && pid == d->pid && (seq + 10000 - d->seq % 10000) % 10000 - 1 < 5000;
}

/* Calls fn for each trace that has no report. */
static unsigned int each_unfinished(const struct daemon *d, void (*fn)(const struct daemon *d, const char *name))
{
	struct listing l = list_files(d);
	unsigned int found = 0;

	for (int from = 0, to; from < l.n; from = to) {
		const char *trace = NULL;
		bool report = false, half = false;
		zt_u64 traced_ns = 0;
		char name[64];

		for (to = from; to < l.n && same_job(l.name[from], l.name[to]); to++) {
			trace = is_trace(l.name[to]) ? l.name[to] : trace;
			half |= is_half(l.name[to]);
		}
		/* that of a CI's job that was at work is older than what came then */
		if (trace)
			traced_ns = changed_ns(d, trace);
		for (int i = from; i < to && trace; i++)
			report |= !is_trace(l.name[i]) && !is_half(l.name[i]) && changed_ns(d, l.name[i]) >= traced_ns;
		if (!trace || (report && !half) || is_open(d, trace, stem(trace)) || is_newer(d, trace))
			continue;
		found++;
		snprintf(name, sizeof(name), "%.*s", (int)stem(trace), trace);
		if (fn)
			fn(d, name);
	}
	free(l.name);
	return found;
}

bool keep_unfinished(const struct daemon *d)
{
	return each_unfinished(d, NULL) > 0;
}

/* From the trace, as `ztrace report` makes it; what was cut says so. One that was killed before it began has nothing to say. */
static void finish(const struct daemon *d, const char *name)
{
	struct history *h = NULL;
	char path[PATH_MAX], err[PATH_MAX + 256] = "";
	struct session s;
	struct stat st;
	int r;

	if (!keep_path(d, path, sizeof(path), name, ".zt"))
		return;
	if (!lstat(path, &st) && !st.st_size) {
		unlink(path);
		return;
	}
	if (session_init(&s, false, false) < 0)
		return;
	r = source_file_open(&s.src, path, err, sizeof(err));
	while (!r && session_pump(&s, 0) >= 0)
		;
	if (!r)
		r = job_reports(d, &s, name);
	if (r < 0)
		log_warn("%s: %s", name, *err ? err : strerror(-r));
	else
		log_notice(_("%s: its report was missing and has been written; the trace %s"), name,
			   s.model->ended ? _("is whole") : _("was cut short"));
	/* without a scope it was of no build */
	if (!r && s.model->scopes && !history_open(&h, d->dir, "/"))
		history_save(h, s.model);
	history_free(h);
	session_done(&s);
}

/* 0: we are a process of our own, with nothing of the daemon's but its memory */
static pid_t fork_off(int nice)
{
	pid_t pid = fork();

	if (pid < 0)
		log_warn(_("cannot start a process: %s"), strerror(errno));
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* the next daemon writes what is missing then */
	setpriority(PRIO_PROCESS, 0, nice);
	close_range(3, ~0u, 0); /* the lock as well: it is the daemon's */
	return 0;
}

pid_t keep_fork(struct daemon *d, const char *name)
{
	for (unsigned int n = 0; n < WORKERS_MAX; n++) {
		pid_t pid;

		if (d->workers[n].pid)
			continue;
		pid = fork_off(0);
		if (pid > 0) {
			d->workers[n].pid = pid;
			snprintf(d->workers[n].name, sizeof(d->workers[n].name), "%s", name);
		}
		return pid;
	}
	return -EAGAIN;
}

bool keep_busy(struct daemon *d, const char *name, bool wait)
{
	int status;

	for (unsigned int n = 0; n < WORKERS_MAX; n++) {
		pid_t pid = d->workers[n].pid;

		if (!pid || (*name && strcmp(d->workers[n].name, name) != 0))
			continue;
		if (!wait)
			return true;
		if (waitpid(pid, &status, 0) == pid)
			keep_reaped(d, pid, status);
	}
	return false;
}

void keep_failed(struct daemon *d)
{
	d->n.reports_failed++;
	d->unfinished = true;
}

void keep_reaped(struct daemon *d, pid_t pid, int status)
{
	if (pid == d->finisher)
		d->finisher = 0;
	for (unsigned int n = 0; n < WORKERS_MAX; n++)
		if (d->workers[n].pid == pid) {
			d->workers[n].pid = 0;
			if (status)
				keep_failed(d);
		}
}

void keep_finish(struct daemon *d)
{
	pid_t pid = fork_off(10);

	if (!pid)
		_exit(each_unfinished(d, finish) > 0 ? 0 : 1);
	if (pid > 0)
		d->finisher = pid;
}

/* Others write it as well. */
void keep_history(struct daemon *d)
{
	struct history *h = NULL;

	if (history_open(&h, d->dir, "/") < 0) {
		log_warn(_("no history is kept: %s"), d->dir);
		return;
	}
	for (unsigned int n = 0; n < JOBS_MAX; n++)
		if (d->jobs[n].used)
			d->jobs[n].s.history = h;
	history_free(d->history);
	d->history = h;
}
