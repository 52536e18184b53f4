/* SPDX-License-Identifier: GPL-2.0 */
#include "source/logs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/i18n.h"
#include "log/log.h"
#include "source/redact.h"

/* Logs are read in pieces; what is kept of them is what the events say. */

#define CHUNK (256 * 1024)
#define CHUNKS_PER_PUMP 16

struct source_logs {
	struct source s;
	const char *const *names;
	unsigned int next, nkernel; /* of names */
	int fd;
	struct log_reader *reader;
	sink_fn sink;
	void *ctx;
	bool started, ended;
	char err[512];
	char chunk[CHUNK];
};

/* Strings of a tail lose their secrets; none gets longer. */
static void mask_tail(struct zt_ev *ev)
{
	char *p = (char *)ev + ev->fixed, *end = (char *)ev + ev->size;
	bool masked = false;

	for (char *to = p; p < end;) {
		size_t len = strnlen(p, (size_t)(end - p));
		bool nul = p + len < end;
		size_t now = redact_text(p, len, &masked);

		memmove(to, p, now);
		if (nul)
			to[now] = 0;
		to += now + nul;
		p += len + nul;
		if (p >= end)
			ev->size = (zt_u32)(to - (char *)ev);
	}
}

static int put(void *ctx, struct zt_ev *ev)
{
	struct source_logs *l = ctx;

	if (ev->kind == ZT_logstep || ev->kind == ZT_logline || ev->kind == ZT_logsource)
		mask_tail(ev);
	return l->sink(l->ctx, ev);
}

static int offset_of_zone(time_t now)
{
	struct tm tm;

	return localtime_r(&now, &tm) ? (int)tm.tm_gmtoff : 0;
}

static int open_next(struct source_logs *l)
{
	const char *name = l->names[l->next++];
	bool in = !strcmp(name, "-");
	time_t now = time(NULL);
	struct stat st;
	struct log_opts o = { .number = l->next, .kernel = l->next <= l->nkernel, .name = in ? _("standard input") : name, .put = put, .ctx = l };

	l->fd = in ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (l->fd < 0 || fstat(l->fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	/* /dev/kmsg (memory devices, number 11) would wait for the kernel's next line */
	if (S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 11) && fcntl(l->fd, F_SETFL, O_RDONLY | O_NONBLOCK) < 0)
		return -errno;
	o.newest_s = S_ISREG(st.st_mode) ? st.st_mtime : now;
	o.utc_offset_s = offset_of_zone(o.newest_s);
	l->reader = log_reader_new(&o);
	return l->reader ? 0 : -ENOMEM;
}

static void close_one(struct source_logs *l)
{
	log_reader_free(l->reader);
	l->reader = NULL;
	if (l->fd > STDIN_FILENO)
		close(l->fd);
	l->fd = -1;
}

/* Times of these events are of day, and pages those of most machines; a kernel's report may correct that. */
static int tell_start(struct source_logs *l)
{
	struct zt_ev_start s = { .h = { .size = sizeof(s), .fixed = sizeof(s), .kind = ZT_start, .ts_ns = 1,
					.flags = ZT_F_FROM_LOG },
				 .realtime_ns = 1, .page_bytes = 4096 };

	l->started = true;
	return l->sink(l->ctx, &s.h);
}

static int tell_end(struct source_logs *l)
{
	struct zt_ev_end e = { .h = { .size = sizeof(e), .fixed = sizeof(e), .kind = ZT_end, .flags = ZT_F_FROM_LOG } };

	l->ended = true;
	return l->sink(l->ctx, &e.h);
}

/* One piece. 0: there may be more; -ENODATA: that was all of all logs */
static int step(struct source_logs *l)
{
	ssize_t n;
	int err;

	if (!l->reader) {
		if (!l->names[l->next])
			return l->ended ? -ENODATA : tell_end(l);
		err = open_next(l);
		if (err < 0)
			return err;
	}
	n = read(l->fd, l->chunk, sizeof(l->chunk));
	/* /dev/kmsg: one record a read; its end is that there is none now, EPIPE that older ones were overwritten */
	if (n < 0 && (errno == EINTR || errno == EPIPE))
		return 0;
	if (n < 0 && errno != EAGAIN)
		return -errno;
	if (n > 0)
		return log_reader_feed(l->reader, l->chunk, (size_t)n);
	err = log_reader_end(l->reader);
	close_one(l);
	return err;
}

static int pump(struct source *s, int timeout_ms, sink_fn sink, void *ctx)
{
	struct source_logs *l = container_of(s, struct source_logs, s);
	int err = 0;

	(void)timeout_ms;
	l->sink = sink;
	l->ctx = ctx;
	if (!l->started)
		err = tell_start(l);
	for (int n = 0; n < CHUNKS_PER_PUMP && !err; n++)
		err = step(l);
	return err;
}

static void close_logs(struct source *s)
{
	struct source_logs *l = container_of(s, struct source_logs, s);

	close_one(l);
	free(l);
}

int source_logs_open(struct source **ret, const char *const *names, unsigned int nkernel, char *err, size_t errlen)
{
	struct source_logs *l = calloc(1, sizeof(*l));

	if (!l) {
		snprintf(err, errlen, "%s", _("out of memory"));
		return -ENOMEM;
	}
	l->s = (struct source){ .name = "logs", .pump = pump, .close = close_logs };
	l->names = names;
	l->nkernel = nkernel;
	l->fd = -1;
	/* before anything is said: a name that is wrong is a mistake of the command line */
	for (const char *const *n = names; *n; n++) {
		struct stat st;
		int e = !strcmp(*n, "-") ? 0 : stat(*n, &st) < 0 || access(*n, R_OK) < 0 ? errno : S_ISDIR(st.st_mode) ? EISDIR : 0;

		if (!e)
			continue;
		snprintf(err, errlen, _("%s cannot be read: %s"), *n, strerror(e));
		free(l);
		return -e;
	}
	*ret = &l->s;
	return 0;
}
