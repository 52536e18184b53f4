/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Appends events to a .zt file (ztrace/file.h) so that it can be read whatever happens next: kill -9 of
 * ztrace, a full disk, a failing one.
 *
 * Everything up to the last flush is on disk and ends at an event. When a write fails, the file is cut back
 * to that point at once and what came after it is counted as lost. After 2, 4 … 32 s, and at the `end` event,
 * the writer tries to go on: it closes the broken-off gzip member properly, begins a new one and says in a `lost` event (cause
 * ZT_LOST_TRACE) how many events are missing, so the caller must not write such an event itself.
 *
 * Nothing is allocated after writer_open. No clock is read: time is that of the events and of writer_tick.
 * SIGXFSZ and SIGPIPE must be ignored by the program.
 */
#ifndef TRACE_WRITER_H
#define TRACE_WRITER_H

#include <stdbool.h>
#include <sys/types.h>

#include "ztrace/event.h"

struct writer;

struct writer_opts {
	zt_u8 boot_id[16];
	bool chown; /* give the file to uid:gid (of the user behind sudo); best effort */
	uid_t uid;
	gid_t gid;
};

struct writer_stats {
	zt_u64 events;	/* put in, lost ones too */
	zt_u64 lost;	/* of them, not in the file and not coming back */
	zt_u64 file_bytes; /* known to be whole on disk */
	int error;	/* newest errno met; 0: none so far */
	bool failing;	/* right now */
};

/*
 * Make the file, mode 0600. One that is there already is overwritten only when it is a regular file (not
 * reached through a symlink), ours or that user's, under one name, no other ztrace is writing it, and it is
 * empty or a ztrace file: `-o Makefile` destroys nothing. 0, or -errno with one line in err.
 */
int writer_open(struct writer **ret, const char *path, const struct writer_opts *o, char *err,
		size_t errlen);
/* The same on an open descriptor at its present offset (the writer owns it from then on, also on failure). */
int writer_open_fd(struct writer **ret, int fd, const struct writer_opts *o);

/*
 * Append one event (as it is: the caller has checked it). Flushes after a kill's last event, the child's exit
 * and the end, and once a second of event time. The first failure is returned as -errno, once; from then on
 * 0, see writer_stats.
 */
int writer_put(struct writer *w, const struct zt_ev *ev);
/* Time passes though no event comes: flush what has waited a second, retry a failing file. As writer_put. */
int writer_tick(struct writer *w, zt_u64 now_ns);
int writer_flush(struct writer *w);
void writer_stats(const struct writer *w, struct writer_stats *ret);

/* Finish the gzip stream and close. 0 when every event is in the file, else -errno. NULL is fine. */
int writer_close(struct writer *w);

#endif
