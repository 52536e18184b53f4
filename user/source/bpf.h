/* SPDX-License-Identifier: GPL-2.0 */
/* Events from the kernel: load and attach the BPF programs, pump their rings. */
#ifndef SOURCE_BPF_H
#define SOURCE_BPF_H

#include "source/source.h"

struct bpf_options {
	const char *hooks; /* only this kind of hook ("raw_tp"); NULL: the best there is */
	int wake_fd;	   /* once it is readable, pump does not wait; 0: none */
};

/*
 * Load, attach everything, open the gate; then one `hook` event a row of the table goes to `sink`.
 * 0, or -errno with one line in err: what went wrong, where, what to do (see bpf_explain).
 *
 * pump waits up to timeout_ms, but not once a kill is complete, then delivers what is there. Events come
 * in order of time as far as the kernel finished writing them: whatever was complete before a kill began
 * is delivered before it, and one process's events keep their order. Lost events are told as `lost`.
 */
int bpf_source_open(struct source **ret, const struct bpf_options *opts, sink_fn sink, void *ctx,
		    char *err, size_t errlen);

#endif
