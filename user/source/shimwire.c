/* SPDX-License-Identifier: GPL-2.0 */
#include "source/shimwire.h"

#include <string.h>

#include "trace/event.h"

char *shimwire_room(struct shimwire *w, size_t *room)
{
	*room = sizeof(w->buf) - w->n;
	return w->buf + w->n;
}

static bool may_tell(zt_u16 kind)
{
#define X(name)                                                                                                        \
	if (kind == ZT_##name)                                                                                         \
		return true;
	ZT_SHIM_KINDS(X)
#undef X
	return false;
}

/* Bytes of the message at p: 0 more are needed, -1 it is none. The event is in w->ev then. */
static ssize_t take(struct shimwire *w, const char *p, size_t left)
{
	struct zt_shim_head head;

	if (left < sizeof(head))
		return 0;
	memcpy(&head, p, sizeof(head));
	if (head.magic != ZT_SHIM_MAGIC || head.size < sizeof(struct zt_ev) || head.size > ZT_SHIM_WRITE_MAX)
		return -1;
	if (left < sizeof(head) + head.size)
		return 0;
	memcpy(&w->ev, p + sizeof(head), head.size);
	if (w->ev.h.size != head.size || !may_tell(w->ev.h.kind) || ev_check(&w->ev.h) < 0)
		return -1;
	w->ev.h.flags |= ZT_F_CLAIMED;
	return (ssize_t)(sizeof(head) + head.size);
}

static int tell_lost(zt_u64 bytes, sink_fn sink, void *ctx)
{
	struct zt_ev_lost ev = { .h = { .size = sizeof(ev), .fixed = sizeof(ev), .kind = ZT_lost,
					.ts_ns = evbuf_clock_ns(CLOCK_BOOTTIME) },
				 .cause = ZT_LOST_CORRUPT, .count = bytes };

	return bytes ? sink(ctx, &ev.h) : 0;
}

int shimwire_feed(struct shimwire *w, size_t len, sink_fn sink, void *ctx)
{
	zt_u64 bad = 0;
	size_t at = 0;
	int err = 0;

	w->n += len;
	while (!err && at < w->n) {
		ssize_t n = take(w, w->buf + at, w->n - at);

		if (!n)
			break;
		if (n > 0)
			err = sink(ctx, &w->ev.h);
		bad += n < 0;
		at += n < 0 ? 1 : (size_t)n;
	}
	memmove(w->buf, w->buf + at, w->n - at);
	w->n -= at;
	return err ? err : tell_lost(bad, sink, ctx);
}
