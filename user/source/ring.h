/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reader of a BPF ring buffer, one record at a time. libbpf's own delivers one ring after the other;
 * to merge two by time one has to look at a record before taking it.
 */
#ifndef SOURCE_RING_H
#define SOURCE_RING_H

#include "ztrace/event.h"

struct ring {
	size_t bytes; /* of data: a power of two */
	size_t page_bytes;
	unsigned long *consumer;
	const unsigned long *producer;
	const char *data; /* mapped twice in a row: a record never wraps */
};

enum ring_state {
	RING_EMPTY,
	RING_BUSY, /* the next record is being written this moment */
	RING_READY,
};

/* Map ring buffer `fd` of `bytes` data. 0 or -errno. */
int ring_open(struct ring *r, int fd, size_t bytes);
void ring_close(struct ring *r);

/* Look at the next record: *ev, *len (room of the record) are valid until ring_take. Skips discarded ones. */
enum ring_state ring_peek(struct ring *r, const struct zt_ev **ev, size_t *len);
/* Done with the record that ring_peek showed. */
void ring_take(struct ring *r);
/* Bytes waiting */
size_t ring_fill(const struct ring *r);

#endif
