/* SPDX-License-Identifier: GPL-2.0 */
/* Room for one event while a source puts it together: fixed part first, then its tail. */
#ifndef SOURCE_EVBUF_H
#define SOURCE_EVBUF_H

#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "ztrace/event.h"

union evbuf {
	struct zt_ev h;
	struct zt_ev_proc proc;
	struct zt_ev_fork fork;
	struct zt_ev_exec exec;
	struct zt_ev_exit exit;
	struct zt_ev_cgroup cgroup;
	struct zt_ev_start start;
	struct zt_ev_fact fact;
	char bytes[ZT_EV_SIZE_MAX];
};

static inline zt_u64 evbuf_clock_ns(clockid_t clock)
{
	struct timespec ts = { 0 };

	clock_gettime(clock, &ts);
	return (zt_u64)ts.tv_sec * 1000000000 + (zt_u64)ts.tv_nsec;
}

/* fixed: sizeof the kind's struct */
static inline void evbuf_start(union evbuf *b, enum zt_kind kind, size_t fixed)
{
	memset(b, 0, fixed);
	b->h.kind = (zt_u16)kind;
	b->h.size = (zt_u32)fixed;
	b->h.fixed = (zt_u16)fixed;
	b->h.ts_ns = evbuf_clock_ns(CLOCK_BOOTTIME);
}

static inline size_t evbuf_room(const union evbuf *b)
{
	return sizeof(*b) - b->h.size;
}

/* false: no room, nothing added */
static inline bool evbuf_add(union evbuf *b, const void *bytes, size_t len)
{
	if (len > evbuf_room(b))
		return false;
	memcpy(b->bytes + b->h.size, bytes, len);
	b->h.size += (zt_u32)len;
	return true;
}

/* With its NUL */
static inline bool evbuf_add_str(union evbuf *b, const char *s)
{
	return evbuf_add(b, s, strlen(s) + 1);
}

#endif
