/* SPDX-License-Identifier: GPL-2.0 */
#include "source/mask.h"

#include "source/redact.h"
#include "trace/event.h"

const struct zt_ev *mask_event(struct mask *m, const struct zt_ev *ev)
{
	union evbuf *b = &m->copy;
	bool changed = false;
	size_t len;

	if ((ev->kind != ZT_exec && ev->kind != ZT_proc) || ev_check(ev) < 0)
		return ev;
	memcpy(b->bytes, ev, ev->size);
	len = redact_argv(b->bytes + ev->fixed, ev->size - ev->fixed, &changed);
	b->h.size = (zt_u32)(ev->fixed + len);
	if (changed && ev->kind == ZT_exec)
		b->h.flags |= ZT_F_EXEC_MASKED;
	return &b->h;
}
