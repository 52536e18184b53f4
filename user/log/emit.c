/* SPDX-License-Identifier: GPL-2.0 */
/* Events of logs, one at a time. */
#include "log/internal.h"

void *emit_start(struct log_emit *e, enum zt_kind kind, size_t fixed, uint64_t ts_ns)
{
	memset(&e->ev, 0, fixed);
	e->ev.h.kind = (zt_u16)kind;
	e->ev.h.size = (zt_u32)fixed;
	e->ev.h.fixed = (zt_u16)fixed;
	e->ev.h.flags = ZT_F_FROM_LOG;
	e->ev.h.ts_ns = ts_ns;
	return &e->ev;
}

void emit_bytes(struct log_emit *e, const void *bytes, size_t len)
{
	size_t room = sizeof(e->ev) - e->ev.h.size;

	len = len < room ? len : room;
	memcpy(e->ev.bytes + e->ev.h.size, bytes, len);
	e->ev.h.size += (zt_u32)len;
}

void emit_strn(struct log_emit *e, const char *s, size_t len)
{
	size_t room = sizeof(e->ev) - e->ev.h.size;

	if (!room)
		return;
	emit_bytes(e, s, len < room ? len : room - 1);
	emit_bytes(e, "", 1);
}

void emit_str(struct log_emit *e, const char *s)
{
	emit_strn(e, s, strlen(s));
}

void emit_done(struct log_emit *e)
{
	int err = e->err ? 0 : e->put(e->ctx, &e->ev.h);

	if (err < 0)
		e->err = err;
}
