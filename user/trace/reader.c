/* SPDX-License-Identifier: GPL-2.0 */
#include "trace/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/i18n.h"
#include "trace/event.h"
#include "ztrace/file.h"

/* Reads the events of a trace file that nobody vouches for. */

#define GZIP_WINDOW (15 + 16)
#define HEADER_BYTES_MAX 4096 /* a longer one is not a header of any version */

struct reader {
	z_stream z;
	int fd;
	bool eof;	   /* no more compressed bytes */
	bool in_member;	   /* between the first byte of a gzip member and the last of its trailer */
	bool member_ended; /* at win[len] */
	bool done;	   /* inflate no more */
	bool lost_framing; /* nothing says where the next event starts */
	struct reader_state st;
	zt_u8 boot_id[16];
	size_t used, len; /* win[used..len) is unread */
	zt_u8 in[64 * 1024];
	zt_u8 win[2 * ZT_EV_SIZE_MAX]; /* inflated bytes, unaligned */
	zt_u64 ev[2 * ZT_EV_SIZE_MAX / 8]; /* one event as this build knows it */
};

/* Bytes read (0 at the end), -errno. */
static ssize_t read_some(int fd, void *buf, size_t len)
{
	ssize_t n;

	do
		n = read(fd, buf, len);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static void stop_corrupt(struct reader *r)
{
	r->st.corrupt = true;
	r->st.bad++;
	r->done = true;
}

/* More compressed bytes. false: there are none. */
static bool refill(struct reader *r)
{
	ssize_t n;

	if (r->z.avail_in)
		return true;
	if (r->eof)
		return false;
	n = read_some(r->fd, r->in, sizeof(r->in));
	if (n < 0)
		r->st.error = (int)-n;
	if (n <= 0) {
		r->eof = true;
		return false;
	}
	r->z.next_in = r->in;
	r->z.avail_in = (uInt)n;
	return true;
}

/*
 * Inflate into what is free of win. True when bytes came or a member ended; false at the end, which is then
 * judged from in_member, done and the state.
 */
static bool inflate_some(struct reader *r)
{
	for (;;) {
		size_t room = sizeof(r->win) - r->len;
		int zr;

		if (!refill(r))
			return false;
		r->in_member = true;
		r->z.next_out = r->win + r->len;
		r->z.avail_out = (uInt)room;
		zr = inflate(&r->z, Z_SYNC_FLUSH);
		r->len += room - r->z.avail_out;
		if (zr == Z_STREAM_END) { /* another may follow: the writer met a full disk */
			r->in_member = false;
			r->member_ended = true;
			inflateReset(&r->z);
		} else if (zr != Z_OK && zr != Z_BUF_ERROR) {
			stop_corrupt(r);
		}
		if (r->done || r->member_ended || room != r->z.avail_out)
			return true;
	}
}

enum need { NEED_OK, NEED_END, NEED_AGAIN };

/* Have n unread bytes of one member in win. NEED_AGAIN: what was unread is gone, start over. */
static enum need need(struct reader *r, size_t n)
{
	while (r->len - r->used < n) {
		if (r->done)
			return NEED_END;
		if (r->member_ended && r->len != r->used) {
			r->st.bad++; /* members hold whole events: this belongs to nothing */
			r->used = r->len;
			return NEED_AGAIN;
		}
		r->member_ended = false;
		memmove(r->win, r->win + r->used, r->len - r->used);
		r->len -= r->used;
		r->used = 0;
		if (!inflate_some(r))
			return NEED_END;
	}
	return NEED_OK;
}

/* Why are there no more bytes? */
static void judge_end(struct reader *r)
{
	if (!r->done && (r->in_member || r->len != r->used || r->st.error))
		r->st.cut = true;
	r->done = true;
}

/* Make the event at p one of this build. False: skip it. */
static bool take(struct reader *r, const struct zt_ev *head, const zt_u8 *p)
{
	struct zt_ev *ev = (struct zt_ev *)r->ev;
	size_t fixed = zt_kind_fixed(head->kind);
	size_t tail = head->size - head->fixed;
	size_t known = head->fixed < fixed ? head->fixed : fixed;

	if (!fixed) {
		r->st.unknown_kind++;
		return false;
	}
	memcpy(ev, p, known);
	memset((char *)ev + known, 0, fixed - known);
	memcpy((char *)ev + fixed, p + head->fixed, tail);
	ev->fixed = (zt_u16)fixed;
	ev->size = (zt_u32)(fixed + tail);
	if (ev_check(ev)) {
		r->st.bad++;
		return false;
	}
	r->st.events++;
	return true;
}

const struct zt_ev *reader_next(struct reader *r)
{
	struct zt_ev head;

	if (r->lost_framing)
		return NULL;
	for (;;) {
		enum need n = need(r, sizeof(head));
		const zt_u8 *p;

		if (n == NEED_OK) {
			memcpy(&head, r->win + r->used, sizeof(head));
			if (head.size < sizeof(head) || head.size > ZT_EV_SIZE_MAX) {
				stop_corrupt(r);
				r->lost_framing = true;
				return NULL;
			}
			n = need(r, head.size);
		}
		if (n == NEED_END)
			break;
		if (n == NEED_AGAIN)
			continue;
		p = r->win + r->used;
		r->used += head.size;
		if (head.fixed < sizeof(head) || head.fixed > head.size)
			r->st.bad++;
		else if (take(r, &head, p))
			return (const struct zt_ev *)r->ev;
	}
	judge_end(r);
	return NULL;
}

void reader_state(const struct reader *r, struct reader_state *ret)
{
	*ret = r->st;
}

const zt_u8 *reader_boot_id(const struct reader *r)
{
	return r->boot_id;
}

void reader_close(struct reader *r)
{
	if (!r)
		return;
	inflateEnd(&r->z);
	close(r->fd);
	free(r);
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

/* As much of len as the file has. Bytes, or -errno. */
static ssize_t read_full(int fd, void *buf, size_t len)
{
	size_t got = 0;

	while (got < len) {
		ssize_t n = read_some(fd, (char *)buf + got, len - got);

		if (n < 0)
			return n;
		if (!n)
			break;
		got += (size_t)n;
	}
	return (ssize_t)got;
}

static int check_header(const struct zt_file_header *h, size_t got, const char *name, char *err,
			size_t errlen)
{
	size_t magic = got < sizeof(h->magic) ? got : sizeof(h->magic);

	if (!got)
		return complain(-ENODATA, err, errlen,
				_("%s is empty: ztrace had not begun to record; record it again"), name);
	if (memcmp(h->magic, ZT_FILE_MAGIC, magic))
		return complain(-EINVAL, err, errlen,
				_("%s is not a ztrace file; make one with: ztrace record -o FILE"), name);
	if (got < sizeof(*h))
		return complain(-ENODATA, err, errlen,
				_("%s stops after %zu bytes, within its header; record it again"), name, got);
	if (h->endian != ZT_FILE_ENDIAN)
		return complain(-EINVAL, err, errlen,
				_("%s was recorded on a machine of the other byte order; read it on one like that"),
				name);
	if (h->version > ZT_FILE_VERSION)
		return complain(-ENOTSUP, err, errlen,
				_("%s is a ztrace file of version %u, this ztrace reads up to %u; use a newer ztrace"),
				name, h->version, ZT_FILE_VERSION);
	if (!h->version || h->header_bytes < sizeof(*h) || h->header_bytes > HEADER_BYTES_MAX)
		return complain(-EINVAL, err, errlen,
				_("%s has a damaged header (version %u, %u bytes); record it again"), name,
				h->version, h->header_bytes);
	return 0;
}

static int read_header(struct reader *r, const char *name, char *err, size_t errlen)
{
	struct zt_file_header h;
	ssize_t n = read_full(r->fd, &h, sizeof(h));
	int ret;

	if (n < 0)
		return complain((int)n, err, errlen, _("cannot read %s: %s"), name, strerror((int)-n));
	ret = check_header(&h, (size_t)n, name, err, errlen);
	if (ret)
		return ret;
	memcpy(r->boot_id, h.boot_id, sizeof(r->boot_id));
	/* What a later writer of this version put behind our header */
	n = read_full(r->fd, r->in, h.header_bytes - sizeof(h));
	if (n < 0)
		return complain((int)n, err, errlen, _("cannot read %s: %s"), name, strerror((int)-n));
	return 0;
}

int reader_open_fd(struct reader **ret, int fd, const char *name, char *err, size_t errlen)
{
	struct reader *r = calloc(1, sizeof(*r));
	int e;

	if (!r || inflateInit2(&r->z, GZIP_WINDOW) != Z_OK) {
		free(r);
		close(fd);
		return complain(-ENOMEM, err, errlen, _("cannot read %s: out of memory"), name);
	}
	r->fd = fd;
	r->in_member = true; /* a file always has one */
	e = read_header(r, name, err, errlen);
	if (e) {
		reader_close(r);
		return e;
	}
	*ret = r;
	return 0;
}

int reader_open(struct reader **ret, const char *path, char *err, size_t errlen)
{
	bool is_stdin = !strcmp(path, "-");
	int fd = is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : open(path, O_RDONLY | O_CLOEXEC);

	if (is_stdin)
		path = "standard input";
	if (fd < 0)
		return complain(-errno, err, errlen, _("cannot read %s: %s"), path, strerror(errno));
	return reader_open_fd(ret, fd, path, err, errlen);
}
