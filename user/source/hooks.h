/* SPDX-License-Identifier: GPL-2.0 */
/* Which BPF program serves which fact: one list a fact, best first. The choice is told as `hook` events. */
#ifndef SOURCE_HOOKS_H
#define SOURCE_HOOKS_H

#include <stdbool.h>

#include "source/source.h"

struct bpf_object;
struct bpf_link;

struct hook {
	const char *fact;
	const char *via; /* "raw_tp/mark_victim": kind of hook, place */
	const char *prog;
	bool needed; /* without this fact there is nothing to tell */
};

#define HOOKS_MAX 32

struct hook_state {
	struct bpf_link *link; /* NULL: not attached */
	int error;	       /* why not, -errno; 0: not tried */
};

struct hooks {
	struct hook_state state[HOOKS_MAX]; /* by row of hook_table */
};

extern const struct hook hook_table[];
extern const size_t hook_count;

/* Before loading: leave out rows of another kind than `kind` ("raw_tp"; NULL: every kind) and what this build lacks. */
void hooks_choose(struct bpf_object *obj, const char *kind);
/*
 * Attach the first row of each fact that can be. 0, or the -errno of a needed fact that no row serves
 * (*failed: its last row).
 */
int hooks_attach(struct hooks *h, struct bpf_object *obj, const struct hook **failed);
void hooks_detach(struct hooks *h);
/* One event a row: used, failed or skipped. 0 or what the sink said. */
int hooks_tell(const struct hooks *h, zt_u64 now_ns, sink_fn sink, void *ctx);

#endif
