// SPDX-License-Identifier: GPL-2.0
#include "source/dockerfile_want.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/remote.h"
#include "source/redact.h"
#include "source/safeio.h"

/* As a user in ztrace's working directory would write it. p NULL: a path of ours */
static const char *shorten(const struct safeio_proc *p, const char *cwd, const char *absolute)
{
	size_t n = strlen(cwd);

	if ((p && !p->host_root) || n < 2 || strncmp(absolute, cwd, n) || absolute[n] != '/')
		return absolute;
	return absolute + n + 1;
}

/* Fixed part and path of the event; what follows is for the chunk. */
static void event_start(struct dockerfile_buf *b, const struct want *w, const char *path)
{
	size_t n = strnlen(path, 4095);
	struct timespec ts = { 0 };

	clock_gettime(CLOCK_BOOTTIME, &ts);
	b->ev = (struct zt_ev_file){
		.h = { .kind = ZT_file,
		       .fixed = sizeof(b->ev),
		       .cgroup = w->cgroup,
		       .who = w->who,
		       .ts_ns = (zt_u64)ts.tv_sec * 1000000000 + (zt_u64)ts.tv_nsec,
		       .size = (zt_u32)(sizeof(b->ev) + n + 1) },
		.role = ZT_FILE_DOCKERFILE,
		.service = w->service,
	};
	memcpy(b->bytes + sizeof(b->ev), path, n);
	b->bytes[sizeof(b->ev) + n] = 0;
}

static int fail(struct dockerfile_buf *b, enum zt_file_status status, int error, sink_fn sink,
		void *ctx)
{
	b->ev.h.flags = ZT_F_FILE_LAST;
	b->ev.status = status;
	b->ev.error = error;
	return sink(ctx, &b->ev.h);
}

static int send(struct dockerfile_buf *b, const struct safeio_file *f, sink_fn sink, void *ctx)
{
	zt_u32 head = b->ev.h.size;
	bool masked;
	size_t len = redact_text(b->text, f->bytes, &masked), at = 0;
	int err;

	b->ev.mtime_ns = f->mtime_ns;
	b->ev.total_bytes = len;
	do {
		size_t n = len - at < ZT_FILE_CHUNK ? len - at : ZT_FILE_CHUNK;

		memcpy(b->bytes + head, b->text + at, n);
		b->ev.h.size = head + (zt_u32)n;
		b->ev.h.flags = (at + n == len ? ZT_F_FILE_LAST : 0) |
				(f->cut ? ZT_F_FILE_CUT : 0) | (masked ? ZT_F_FILE_MASKED : 0);
		b->ev.offset_bytes = at;
		err = sink(ctx, &b->ev.h);
		at += n;
	} while (!err && at < len);
	return err;
}

/* The n-th place to look, in the order docker (then podman) does. false: no more. */
static bool candidate(const struct want *w, unsigned int n, char *ret, size_t size)
{
	static const char *const docker[] = { "Dockerfile", "dockerfile", "Containerfile" };
	static const char *const podman[] = { "Containerfile", "Dockerfile", "dockerfile" };
	const char *const *names = w->containerfile ? podman : docker;
	const char *dir = w->context[0] ? w->context : ".";
	int len;

	if (w->path[0]) {
		if (n > 1 || (n && (w->path[0] == '/' || !w->context[0] || is_remote(w->context))))
			return false;
		len = n ? snprintf(ret, size, "%s/%s", dir, w->path)
			: snprintf(ret, size, "%s", w->path);
	} else {
		if (n >= ARRAY_SIZE(docker))
			return false;
		len = snprintf(ret, size, "%s/%s", dir, names[n]);
	}
	return len > 0 && (size_t)len < size;
}

static int read_first(struct dockerfile_buf *b, const struct safeio_proc *p, const char *cwd,
		      const struct want *w, sink_fn sink, void *ctx)
{
	struct safeio_file f = { .status = ZT_FILE_ERRNO, .error = ENAMETOOLONG }, first = f;
	char path[sizeof(w->path) + sizeof(w->context)], absolute[PATH_MAX];

	for (unsigned int n = 0; candidate(w, n, path, sizeof(path)); n++) {
		safeio_read(p, path, b->text, sizeof(b->text), &f);
		if (f.status != ZT_FILE_ERRNO || f.error != ENOENT) {
			if (safeio_absolute(p, path, absolute, sizeof(absolute)))
				event_start(b, w, shorten(p, cwd, absolute));
			else
				event_start(b, w, path);
			return f.status == ZT_FILE_OK ? send(b, &f, sink, ctx)
						      : fail(b, f.status, f.error, sink, ctx);
		}
		if (!n)
			first = f;
	}
	if (!candidate(w, 0, path, sizeof(path)))
		path[0] = 0;
	event_start(b, w,
		    safeio_absolute(p, path, absolute, sizeof(absolute)) ? shorten(p, cwd, absolute)
									 : path);
	return fail(b, first.status, first.error, sink, ctx);
}

/* A file that the shell opened for it can be read again; what comes over a pipe, and a tar with a context, cannot. */
static int stdin_answer(struct dockerfile_buf *b, int proc, const char *cwd, const struct want *w, sink_fn sink,
			void *ctx)
{
	struct safeio_file f;
	char name[PATH_MAX];

	safeio_read_stdin(proc, &w->who, b->text, sizeof(b->text), name, sizeof(name), &f);
	if (f.status != ZT_FILE_OK || memchr(b->text, 0, f.bytes) || !memcmp(b->text, "\x1f\x8b", f.bytes < 2 ? f.bytes : 2))
		return fail(b, ZT_FILE_STDIN, 0, sink, ctx);
	event_start(b, w, name[0] ? shorten(NULL, cwd, name) : "-");
	return send(b, &f, sink, ctx);
}

int dockerfile_answer(struct dockerfile_buf *b, int proc, const char *cwd, const struct want *w,
		      sink_fn sink, void *ctx)
{
	struct safeio_proc p;
	int err;

	event_start(b, w, w->path);
	if (!strcmp(w->path, "-") || (!w->path[0] && !strcmp(w->context, "-")))
		return stdin_answer(b, proc, cwd, w, sink, ctx);
	if (is_remote(w->path) || (!w->path[0] && is_remote(w->context)))
		return fail(b, ZT_FILE_REMOTE, 0, sink, ctx);
	err = safeio_open(&p, proc, &w->who);
	if (err == -ESRCH)
		return fail(b, ZT_FILE_GONE, 0, sink, ctx);
	if (err)
		return fail(b, ZT_FILE_ERRNO, -err, sink, ctx);
	err = read_first(b, &p, cwd, w, sink, ctx);
	safeio_close(&p);
	return err;
}

int dockerfile_unknown(struct dockerfile_buf *b, const struct want *w, sink_fn sink, void *ctx)
{
	event_start(b, w, "");
	return fail(b, ZT_FILE_UNKNOWN, 0, sink, ctx);
}

int dockerfile_tell(struct dockerfile_buf *b, const struct want *w, const char *path, const char *text, sink_fn sink,
		    void *ctx)
{
	struct safeio_file f = { .bytes = strnlen(text, sizeof(b->text)) };

	memcpy(b->text, text, f.bytes);
	event_start(b, w, path);
	return send(b, &f, sink, ctx);
}
