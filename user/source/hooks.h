/* SPDX-License-Identifier: GPL-2.0 */
/* Which BPF program serves which fact: one list a fact, best first. The choice is told as `hook` events. */
#ifndef SOURCE_HOOKS_H
#define SOURCE_HOOKS_H

#include <stdbool.h>

#include "source/source.h"

struct bpf_object;
struct bpf_link;
struct btf;

struct hook {
	const char *fact;
	const char *via; /* "raw_tp/mark_victim": kind of hook, place */
	const char *prog;
	bool needed; /* without this fact there is nothing to tell */
};

enum { HOOK_FENTRY, HOOK_KPROBE, HOOK_RAW_TP, HOOK_KINDS };

#define HOOKS_MAX 32

struct hook_state {
	struct bpf_link *link; /* NULL: not attached */
	int error;	       /* why not, -errno; 0: not tried */
	bool chosen;	       /* loaded, to be attached */
};

struct hooks {
	struct hook_state state[HOOKS_MAX]; /* by row of hook_table */
};

extern const struct hook hook_table[];
extern const size_t hook_count;

/*
 * Ask the kernel, by trying, which kinds of hook it allows and which functions it has. Rows that cannot be get
 * their error. btf: the kernel's types, NULL: not to be had.
 */
void hooks_probe(struct hooks *h, const struct btf *btf);
/*
 * Before loading: one row a fact, the best without an error; of facts that have a row of the kind `force`
 * ("raw_tp", "kprobe", "fentry"; NULL: none) only that. The others' programs are left out of the object.
 */
void hooks_choose(struct hooks *h, struct bpf_object *obj, const char *force);
/*
 * The object could not be loaded: give up its chosen rows of the best kind that is not raw_tp. False: there are
 * none, and no use in trying again.
 */
bool hooks_give_up(struct hooks *h, int err);
/*
 * Attach the chosen rows. 0, or -errno with *failed: the row that could not be, which has its error now; load
 * again for the next best.
 */
int hooks_attach(struct hooks *h, struct bpf_object *obj, const struct hook **failed);
/* A fact that nothing can be done without, or that was forced, and that no row serves. NULL: none. */
const struct hook *hooks_missing(const struct hooks *h, const char *force);
void hooks_detach(struct hooks *h);
/* One event a row: used, failed or skipped. 0 or what the sink said. */
int hooks_tell(const struct hooks *h, zt_u64 now_ns, sink_fn sink, void *ctx);

#endif
