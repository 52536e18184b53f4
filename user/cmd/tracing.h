/* SPDX-License-Identifier: GPL-2.0 */
/* What run, watch and record share: a live session, with or without a command of its own. */
#ifndef CMD_TRACING_H
#define CMD_TRACING_H

#include "cmd/cmd.h"

struct tracing {
	bool command;	/* trace o->args; else watch until interrupted */
	bool explain;	/* render; else only record */
	bool measure;	/* lift memory limits for the time of the command */
	bool as_closed; /* render each incident as it closes, not all at the end */
	bool live; /* on a terminal: the live view meanwhile, and what happened at the end */
	const struct scope_part *scopes; /* what is watched, till all of them are gone; nscopes 0: everything */
	unsigned int nscopes;
};

/* Exit status of ztrace */
int tracing_run(const struct options *o, const struct tracing *t);

#endif
