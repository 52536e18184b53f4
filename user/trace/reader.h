/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reads the events of a .zt file, which may be cut anywhere, damaged, older, newer or not ours at all.
 * Memory is bounded whatever the file says.
 */
#ifndef TRACE_READER_H
#define TRACE_READER_H

#include <stdbool.h>
#include <stddef.h>

#include "ztrace/event.h"

struct reader;

struct reader_state {
	zt_u64 events;	     /* delivered */
	zt_u64 unknown_kind; /* skipped: of kinds this build does not know */
	zt_u64 bad;	     /* skipped: sizes or strings that make no event */
	bool cut;	     /* the bytes stop in the middle of the stream */
	bool corrupt;	     /* bytes that cannot be read stopped us; counted in bad too */
	int error;	     /* errno of a failing read that stopped us; 0: none */
};

/* path "-": stdin. 0, or -errno with one line in err that says what, where and what to do. */
int reader_open(struct reader **ret, const char *path, char *err, size_t errlen);
/* The same on an open descriptor, owned by the reader from then on (also on failure). name is for err. */
int reader_open_fd(struct reader **ret, int fd, const char *name, char *err, size_t errlen);

/*
 * The next event: a whole struct of this build (what an older writer did not know is zero, what a newer one
 * knew more is left out) with its tail right behind, 8-aligned, ev_check()ed, valid until the next call.
 * NULL at the end, for whatever reason: see reader_state.
 */
const struct zt_ev *reader_next(struct reader *r);
void reader_state(const struct reader *r, struct reader_state *ret);
const zt_u8 *reader_boot_id(const struct reader *r); /* 16 bytes */
void reader_close(struct reader *r); /* NULL is fine */

#endif
