/* SPDX-License-Identifier: GPL-2.0 */
/* Everything this machine can tell while it happens: BPF, /proc, cgroupfs and answers to wants, as one source. */
#ifndef SOURCE_LIVE_H
#define SOURCE_LIVE_H

#include "source/cgroupfs.h"
#include "source/found.h"
#include "source/plain.h"
#include "source/procfs.h"
#include "source/scope.h"
#include "source/source.h"

struct live_opts {
	char *const *argv;	    /* the traced command; NULL: none */
	const struct traceparent *trace; /* of it, borrowed; NULL: none */
	const struct procfs *proc;  /* borrowed, with its redact set */
	struct cgroupfs *cg;	    /* borrowed */
	const char *hooks;	    /* --hooks; NULL: best there is */
	const struct found *found;  /* borrowed; NULL: nobody looked */
	const struct scope_part *scopes;
	unsigned int nscopes;	    /* 0: everything */
	const struct plain_opts *plain; /* what to do without BPF; NULL: fail */
	bool no_host_check;	    /* ask nothing of the network */
	int wake_fd;		    /* once it is readable, pump does not wait; 0: none */
};

/*
 * Attach, then deliver the start event, facts, hooks and the snapshot of what runs already.
 * 0, or -errno with one line (what, where, what to do) in err; 1: without BPF, and err says why.
 */
int live_open(struct source **ret, const struct live_opts *o, sink_fn sink, void *ctx, char *err,
	      size_t errlen);

/* Events that come from this process itself. */
int live_child_event(zt_u32 flags, const struct zt_id *child, int status, sink_fn sink, void *ctx);
struct lift_use;
struct lift_level;
/* v NULL: only looked at */
int live_lift(const struct lift_use *u, const struct lift_level *v, const char *file, sink_fn sink, void *ctx);
int live_note(const char *code, const char *text, sink_fn sink, void *ctx);
int live_end(sink_fn sink, void *ctx);
zt_u64 live_now_ns(void);

#endif
