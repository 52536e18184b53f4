/* SPDX-License-Identifier: GPL-2.0 */
#include "trace/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "base/i18n.h"
#include "ztrace/file.h"

/* Appends events to a trace file that stays readable whatever happens. */

#define FLUSH_NS 1000000000ULL
#define RETRY_MAX_NS (32 * FLUSH_NS)
#define GZIP_WINDOW (15 + 16) /* zlib: 32 KB window, gzip wrapper */
#define WARM_UP_BYTES (256 * 1024) /* several windows: every part of zlib's memory is used */
#define GZIP_END_BYTES 10     /* empty last block, CRC-32, length */

struct writer {
	z_stream z;
	int fd;
	zt_u64 base;	  /* offset of the file header in fd */
	zt_u64 good;	  /* behind base: all before it is flushed and on disk */
	zt_u64 at;	  /* behind base: written so far */
	zt_u32 good_crc;  /* of the member's data at `good`: what its trailer needs */
	zt_u32 good_len;
	bool member_open; /* a gzip member without its trailer ends at `good` */
	bool failing;
	bool told;
	int error;
	zt_u64 now_ns, flushed_ns, tried_ns;
	zt_u64 retry_ns; /* doubles: a nearly full disk takes a few bytes each time and fails again */
	zt_u64 events, lost;
	zt_u64 pending;	    /* events since the last flush */
	zt_u64 unreported; /* lost, and the file does not say so yet */
	zt_u8 out[64 * 1024];
};

static int write_all(struct writer *w, const void *buf, size_t len)
{
	const char *p = buf;

	while (len) {
		ssize_t n = write(w->fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		p += n;
		len -= (size_t)n;
		w->at += (zt_u64)n;
	}
	return 0;
}

/* Run deflate until it has taken all input and, for a flush, given all output. */
static int squeeze(struct writer *w, int flush)
{
	int r;

	for (;;) {
		int zr = deflate(&w->z, flush);

		if (zr == Z_STREAM_ERROR)
			return -EIO;
		if (w->z.avail_out && !w->z.avail_in && (flush != Z_FINISH || zr == Z_STREAM_END))
			return 0;
		r = write_all(w, w->out, sizeof(w->out) - w->z.avail_out);
		if (r)
			return r;
		w->z.next_out = w->out;
		w->z.avail_out = sizeof(w->out);
	}
}

static int drain(struct writer *w)
{
	int r = write_all(w, w->out, sizeof(w->out) - w->z.avail_out);

	w->z.next_out = w->out;
	w->z.avail_out = sizeof(w->out);
	return r;
}

static void start_member(struct writer *w)
{
	deflateReset(&w->z);
	w->z.next_in = NULL;
	w->z.avail_in = 0;
	w->z.next_out = w->out;
	w->z.avail_out = sizeof(w->out);
}

/* Cut off what is not whole, which also gives a full disk its room back. */
static int cut_back(struct writer *w)
{
	if (w->at == w->good)
		return 0;
	if (ftruncate(w->fd, (off_t)(w->base + w->good)) ||
	    lseek(w->fd, (off_t)(w->base + w->good), SEEK_SET) < 0)
		return -errno; /* a pipe: there is no going on */
	w->at = w->good;
	return 0;
}

/* A write failed with r: lose what was not flushed. Returns what the caller is to be told. */
static int fail(struct writer *w, int r)
{
	w->error = -r;
	w->failing = true;
	w->tried_ns = w->now_ns;
	if (w->retry_ns < RETRY_MAX_NS)
		w->retry_ns *= 2;
	w->lost += w->pending;
	w->unreported += w->pending;
	w->pending = 0;
	cut_back(w); /* tried again before going on */
	if (w->told)
		return 0;
	w->told = true;
	return r;
}

static int put_bytes(struct writer *w, const void *buf, size_t len)
{
	w->z.next_in = (zt_u8 *)buf; /* zlib's type lacks the const; it does not write */
	w->z.avail_in = (uInt)len;
	return squeeze(w, Z_NO_FLUSH);
}

static int sync_out(struct writer *w, int how)
{
	int r = squeeze(w, how);

	if (!r)
		r = drain(w);
	if (r)
		return r;
	w->good = w->at;
	w->good_crc = (zt_u32)w->z.adler; /* with the gzip wrapper: CRC-32 of all input so far */
	w->good_len = (zt_u32)w->z.total_in;
	w->member_open = how != Z_FINISH;
	w->flushed_ns = w->now_ns;
	w->pending = 0;
	return 0;
}

static void le32(zt_u8 *p, zt_u32 v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (zt_u8)(v >> (8 * i));
}

/* Close the member that broke off after a flush: there the deflate stream stands at a whole byte. */
static int end_member(struct writer *w)
{
	zt_u8 end[GZIP_END_BYTES] = { 3, 0 }; /* last block, fixed codes, nothing but end-of-block */

	if (!w->member_open)
		return 0;
	le32(end + 2, w->good_crc);
	le32(end + 6, w->good_len);
	return write_all(w, end, sizeof(end));
}

/* Go on behind the last whole event. 0: the writer works again. */
static int recover(struct writer *w)
{
	struct zt_ev_lost ev = {
		.h = { .size = sizeof(ev), .kind = ZT_lost, .fixed = sizeof(ev), .ts_ns = w->now_ns },
		.cause = ZT_LOST_TRACE,
		.count = w->unreported,
	};
	int r = cut_back(w);

	w->tried_ns = w->now_ns;
	if (!r)
		r = end_member(w);
	if (!r) {
		start_member(w);
		r = put_bytes(w, &ev, sizeof(ev));
	}
	if (!r)
		r = sync_out(w, Z_SYNC_FLUSH);
	if (r) {
		w->error = -r;
		cut_back(w);
		return r;
	}
	w->unreported = 0;
	w->failing = false;
	return 0;
}

static bool is_due(const struct writer *w, zt_u64 then_ns, zt_u64 after_ns)
{
	return w->now_ns > then_ns && w->now_ns - then_ns >= after_ns;
}

/* Events after which a user may find ztrace, the build or the machine gone. */
static bool is_urgent(const struct zt_ev *ev)
{
	switch (ev->kind) {
	case ZT_kill_end:
	case ZT_end:
		return true;
	case ZT_kill:
		return ev->flags & ZT_F_KILL_NO_WALK; /* its kill_end may not come */
	case ZT_child:
		return ev->flags & ZT_F_CHILD_EXITED;
	default:
		return false;
	}
}

/* Is the file usable, be it after another try? */
static bool is_working(struct writer *w, bool now)
{
	if (!w->failing)
		return true;
	return (now || is_due(w, w->tried_ns, w->retry_ns)) && !recover(w);
}

int writer_put(struct writer *w, const struct zt_ev *ev)
{
	bool urgent = is_urgent(ev);
	int r;

	w->events++;
	if (ev->ts_ns > w->now_ns)
		w->now_ns = ev->ts_ns;
	if (!is_working(w, ev->kind == ZT_end)) {
		w->lost++;
		w->unreported++;
		return 0;
	}
	w->pending++;
	r = put_bytes(w, ev, ev->size);
	if (r)
		return fail(w, r);
	return urgent || is_due(w, w->flushed_ns, FLUSH_NS) ? writer_flush(w) : 0;
}

int writer_flush(struct writer *w)
{
	int r;

	if (w->failing || !w->pending)
		return 0;
	r = sync_out(w, Z_SYNC_FLUSH);
	if (r)
		return fail(w, r);
	w->retry_ns = FLUSH_NS;
	return 0;
}

int writer_tick(struct writer *w, zt_u64 now_ns)
{
	if (now_ns > w->now_ns)
		w->now_ns = now_ns;
	if (!is_working(w, false))
		return 0;
	return is_due(w, w->flushed_ns, FLUSH_NS) ? writer_flush(w) : 0;
}

void writer_stats(const struct writer *w, struct writer_stats *ret)
{
	*ret = (struct writer_stats){
		.events = w->events,
		.lost = w->lost,
		.file_bytes = w->good,
		.error = w->error,
		.failing = w->failing,
	};
}

int writer_close(struct writer *w)
{
	int r;

	if (!w)
		return 0;
	if (is_working(w, true)) {
		r = sync_out(w, Z_FINISH);
		if (r)
			fail(w, r);
	}
	if (close(w->fd) && !w->error)
		w->error = errno;
	r = w->lost || w->failing ? -(w->error ? w->error : EIO) : 0;
	deflateEnd(&w->z);
	free(w);
	return r;
}

/*
 * Compress what does not compress, to nowhere: zlib's tables are memory in earnest from then on, and its code is
 * read, so that no write to the trace waits for pages when the machine has none.
 */
static void warm_up(struct writer *w)
{
	zt_u8 noise[1024];
	zt_u32 x = 1;

	start_member(w);
	for (int i = 0; i < WARM_UP_BYTES; i += (int)sizeof(noise)) {
		for (size_t j = 0; j < sizeof(noise); j++) {
			x = x * 1103515245 + 12345;
			noise[j] = (zt_u8)(x >> 16);
		}
		w->z.next_in = noise;
		w->z.avail_in = sizeof(noise);
		w->z.next_out = w->out;
		w->z.avail_out = sizeof(w->out);
		deflate(&w->z, i % (int)sizeof(w->out) ? Z_NO_FLUSH : Z_SYNC_FLUSH);
	}
	memset(w->out, 1, sizeof(w->out));
	start_member(w);
}

static int put_header(struct writer *w, const struct writer_opts *o)
{
	struct zt_file_header h = {
		.endian = ZT_FILE_ENDIAN,
		.version = ZT_FILE_VERSION,
		.header_bytes = sizeof(h),
	};
	int r;

	memcpy(h.magic, ZT_FILE_MAGIC, sizeof(h.magic));
	memcpy(h.boot_id, o->boot_id, sizeof(h.boot_id));
	r = write_all(w, &h, sizeof(h));
	w->good = w->at;
	return r;
}

int writer_open_fd(struct writer **ret, int fd, const struct writer_opts *o)
{
	struct writer *w = calloc(1, sizeof(*w));
	off_t base = lseek(fd, 0, SEEK_CUR);
	int r = -ENOMEM;

	if (!w)
		goto out_close;
	w->fd = fd;
	w->retry_ns = FLUSH_NS;
	w->base = base < 0 ? 0 : (zt_u64)base;
	/* Level 1: a third of the time of level 6 for a tenth more bytes, while a build wants the processors. */
	if (deflateInit2(&w->z, Z_BEST_SPEED, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		goto out_free;
	warm_up(w);
	r = put_header(w, o);
	if (!r)
		r = sync_out(w, Z_SYNC_FLUSH); /* the gzip header: an empty trace is a valid file */
	if (r)
		goto out_deflate;
	*ret = w;
	return 0;

out_deflate:
	deflateEnd(&w->z);
out_free:
	free(w);
out_close:
	close(fd);
	return r;
}

static int __attribute__((format(printf, 4, 5))) complain(int r, char *err, size_t errlen,
							  const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err, errlen, fmt, ap);
	va_end(ap);
	return r;
}

/* Does no other ztrace write it? A file system without locks says yes. */
static bool is_free(int fd)
{
	return !flock(fd, LOCK_EX | LOCK_NB) || errno != EWOULDBLOCK;
}

/* May the file that is there be overwritten? It is open for reading and writing, nothing has been changed. */
static int check_old(int fd, const char *path, const struct writer_opts *o, char *err, size_t errlen)
{
	char magic[sizeof(((struct zt_file_header *)0)->magic)];
	struct stat st;

	if (fstat(fd, &st))
		return complain(-errno, err, errlen, _("cannot look at %s: %s"), path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return complain(-EINVAL, err, errlen, _("%s is not a regular file; choose another name"), path);
	if ((st.st_uid != geteuid() && !(o->chown && st.st_uid == o->uid)) || st.st_nlink != 1)
		return complain(-EPERM, err, errlen,
				_("%s belongs to somebody else or has other names; choose another name"), path);
	if (!is_free(fd))
		return complain(-EBUSY, err, errlen, _("%s is being written by another ztrace"), path);
	if (st.st_size && (pread(fd, magic, sizeof(magic), 0) != (ssize_t)sizeof(magic) ||
			   memcmp(magic, ZT_FILE_MAGIC, sizeof(magic))))
		return complain(-EEXIST, err, errlen,
				_("%s exists and is not a ztrace file; remove it or choose another name"), path);
	if (ftruncate(fd, 0))
		return complain(-errno, err, errlen, _("cannot empty %s: %s"), path, strerror(errno));
	return 0;
}

static int open_file(const char *path, const struct writer_opts *o, char *err, size_t errlen)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r;

	if (fd >= 0) {
		if (is_free(fd))
			return fd;
		close(fd);
		return complain(-EBUSY, err, errlen, _("%s is being written by another ztrace"), path);
	}
	if (errno == EEXIST) /* O_NONBLOCK: a FIFO would wait for its reader */
		fd = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == ELOOP)
		return complain(-ELOOP, err, errlen, _("%s is a symbolic link; name the file itself"), path);
	if (fd < 0)
		return complain(-errno, err, errlen, _("cannot create %s: %s"), path, strerror(errno));
	r = check_old(fd, path, o, err, errlen);
	if (r) {
		close(fd);
		return r;
	}
	return fd;
}

int writer_open(struct writer **ret, const char *path, const struct writer_opts *o, char *err,
		size_t errlen)
{
	int fd = open_file(path, o, err, errlen);
	int r;

	if (fd < 0)
		return fd;
	if (o->chown && fchown(fd, o->uid, o->gid))
		errno = 0; /* a file system without owners: the user asked for this place */
	fchmod(fd, 0600); /* whatever the umask or the old file had */
	r = writer_open_fd(ret, fd, o);
	return r ? complain(r, err, errlen, _("cannot write %s: %s"), path, strerror(-r)) : 0;
}
