/* SPDX-License-Identifier: GPL-2.0 */
/* What the steps of earlier traced builds took: a small index beside the kept traces, read at the start of a run. */
#ifndef HISTORY_H
#define HISTORY_H

#include "model/model.h"
#include "source/source.h"

struct history;

/* One earlier run of a step; strings are the history's. */
struct history_entry {
	const char *dockerfile; /* absolute */
	const char *service;	/* "": none. Several may have one Dockerfile and other build args */
	const char *text;	/* "RUN make -j8" */
	unsigned int line;	/* as it was then; 0: not known */
	struct past past;
};

/* Read dir's index; none, or lines of it that make no sense, are no error. cwd: what relative paths start from. */
int history_open(struct history **ret, const char *dir, const char *cwd);
void history_free(struct history *h);

/*
 * To be asked before an event that closes a step or a kill is taken in: sends a past event for each earlier run of
 * the steps it may speak of, once a step. Nothing is allocated.
 */
int history_recall(struct history *h, struct model *m, const struct zt_ev *ev, sink_fn sink, void *ctx);

/* Add the traced builds' steps and write the index anew, with what others wrote meanwhile. 0 or -errno */
int history_save(struct history *h, const struct model *m);
/* Add them to what is in memory only, where another process saves them */
int history_learn(struct history *h, const struct model *m);

/* Newest first, from *at (0 at first), which it moves on. false: no more */
bool history_next(const struct history *h, size_t *at, struct history_entry *ret);

#endif
