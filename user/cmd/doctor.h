/* SPDX-License-Identifier: GPL-2.0 */
/* `ztrace doctor`: what this host can tell about its builds, and what is missing for more. */
#ifndef CMD_DOCTOR_H
#define CMD_DOCTOR_H

#include <stdbool.h>
#include <stdio.h>

#include "source/source.h"

struct doctor_opts {
	FILE *out;
	bool json;
	/* Deliver a `hook` event for each fact: which program would serve it. NULL: not asked. 0 or -errno. */
	int (*hooks)(void *hooks_ctx, sink_fn sink, void *ctx);
	void *hooks_ctx;
};

/* Exit status: 0 builds can be explained here (at least in part), 1 not, 2 could not write. */
int doctor_main(struct doctor_opts o);

#endif
