/* SPDX-License-Identifier: GPL-2.0 */
/* Bytes of the shim's FIFO into events. Any program of the traced command can write there what it likes. */
#ifndef SOURCE_SHIMWIRE_H
#define SOURCE_SHIMWIRE_H

#include "source/evbuf.h"
#include "source/source.h"
#include "ztrace/shim.h"

struct shimwire {
	size_t n; /* bytes in buf that made no whole event yet */
	char buf[64 * 1024];
	union evbuf ev; /* one event, aligned */
};

/* Where to read to, and how much. */
char *shimwire_room(struct shimwire *w, size_t *room);
/*
 * So many bytes have been put there. Whole events go to sink, with ZT_F_CLAIMED whatever they say; bytes that make none
 * are skipped up to the next head and told as one `lost` event. 0 or -errno of the sink.
 */
int shimwire_feed(struct shimwire *w, size_t len, sink_fn sink, void *ctx);

#endif
