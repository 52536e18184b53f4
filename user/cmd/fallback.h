/* SPDX-License-Identifier: GPL-2.0 */
/* When BPF may not be used: whether a command is traced all the same, and how. */
#ifndef CMD_FALLBACK_H
#define CMD_FALLBACK_H

#include "cmd/cmd.h"
#include "source/child.h"
#include "source/plain.h"

struct fallback {
	bool used;
	char lib[4096]; /* the shim; "": there is none */
	char fifo[256];
	struct plain_opts plain;
};

/* Before the child is made: what it would need. */
void fallback_prepare(struct fallback *f, struct child_opts *co);
const struct plain_opts *fallback_opts(struct fallback *f, const struct options *o, const struct child *c,
				       const struct procfs *proc, struct cgroupfs *cg);
/* child_go, with the shim where it is used. */
int fallback_go(const struct fallback *f, struct child *c);

/* Where the shim is: beside the binary, or installed. 0 or -ENOENT */
int shim_find(char *buf, size_t len);

#endif
