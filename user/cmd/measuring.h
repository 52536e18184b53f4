/* SPDX-License-Identifier: GPL-2.0 */
/* Whose limits `ztrace measure` lifts, what it looks at meanwhile, and what it tells the session of that. */
#ifndef CMD_MEASURING_H
#define CMD_MEASURING_H

#include "cmd/cmd.h"
#include "session.h"
#include "source/lift.h"
#include "source/procfs.h"

#define MEASURING_MS 10 /* a limit must be lifted before a program has reached it */

struct measuring {
	struct lift lift;
	const struct procfs *proc;
	char own[1024]; /* cgroup of the traced command; "": not known */
	struct lift_level swap; /* lent; path "": none */
};

/*
 * Before anything has been started that would have to be undone, and before privileges are dropped. 0, or -errno with
 * one line said; lift_stop(&w->lift) undoes it.
 */
int measuring_start(struct measuring *w, const struct options *o, const struct procfs *proc, const struct cgroupfs *cg);
/* At every turn */
void measuring_tick(struct measuring *w, struct session *s);
/* Put everything back, say so, and hand what was learnt to the session. */
void measuring_end(struct measuring *w, struct session *s);

#endif
