/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Does the host itself reach what a step that failed did not? Looked up and connected to once, in the host's own network, in
 * a thread that nobody waits for; nothing is sent. Asked only after such a failure.
 */
#ifndef SOURCE_PEER_H
#define SOURCE_PEER_H

#include "source/source.h"

#define PEERS_MAX 4   /* at once */
#define PEERS_ALL 64  /* in one run; then all are "not asked" */

struct peer_job;
struct peers {
	struct peer_job *jobs[PEERS_MAX];
	unsigned int asked;
	bool off; /* --no-host-check */
};

/* w: WANT_PEER. The answer is an event, at once when nothing is to be asked. */
int peers_ask(struct peers *p, const struct want *w, sink_fn sink, void *ctx);
/* Deliver what is known by now. 0 or what the sink said. */
int peers_tick(struct peers *p, sink_fn sink, void *ctx);
void peers_done(struct peers *p);

#endif
