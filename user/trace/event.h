/* SPDX-License-Identifier: GPL-2.0 */
/* Looking at one event safely: its kind, its sizes, its tail. Pure functions over include/ztrace/event.h. */
#ifndef TRACE_EVENT_H
#define TRACE_EVENT_H

#include <stddef.h>

#include "ztrace/event.h"

/* "exec"; NULL: no such kind in this build */
const char *zt_kind_name(unsigned int kind);
/* Number of the kind of that name; 0: none */
unsigned int zt_kind_number(const char *name);
/* sizeof(struct zt_ev_<kind>); 0: no such kind in this build */
size_t zt_kind_fixed(unsigned int kind);

/*
 * Is it a well-formed event of a known kind? Its fixed part is exactly this build's struct, sizes are in
 * bounds and every comm has its NUL. The caller has made sure that ev->size bytes are there.
 * 0, -EBADMSG (sizes, comm) or -ENOENT (unknown kind). After 0 the cast to the kind's struct is safe.
 */
int ev_check(const struct zt_ev *ev);

/* What follows the fixed part; *len may be 0. For an event that passed ev_check. */
const char *ev_tail(const struct zt_ev *ev, size_t *len);

/*
 * Point out[0..n) at the tail's first n strings, each with its NUL inside the event; those that are not
 * there become "". Number found (n when all are), -EBADMSG when one of the first n lacks its NUL.
 */
int ev_tail_strings(const struct zt_ev *ev, const char **out, int n);

/* The bytes behind the tail's first n strings. NULL when those n are not there. */
const char *ev_tail_bytes(const struct zt_ev *ev, int n, size_t *len);

#endif
