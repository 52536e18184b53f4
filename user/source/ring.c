/* SPDX-License-Identifier: GPL-2.0 */
#include "source/ring.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

/* Layout and bits: Documentation/bpf/ringbuf.rst and uapi/linux/bpf.h of the kernel */
#define RECORD_BUSY (1u << 31)
#define RECORD_DISCARD (1u << 30)
#define RECORD_HEADER 8

int ring_open(struct ring *r, int fd, size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *p;

	*r = (struct ring){ .bytes = bytes, .page_bytes = page };
	p = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	r->consumer = (void *)p;
	p = mmap(NULL, page + 2 * bytes, PROT_READ, MAP_SHARED, fd, (off_t)page);
	if (p == MAP_FAILED) {
		int err = -errno;

		ring_close(r);
		return err;
	}
	r->producer = (void *)p;
	r->data = p + page;
	return 0;
}

void ring_close(struct ring *r)
{
	if (r->consumer)
		munmap(r->consumer, r->page_bytes);
	if (r->producer)
		munmap((void *)(uintptr_t)r->producer, r->page_bytes + 2 * r->bytes);
	*r = (struct ring){ 0 };
}

static zt_u32 record_header(const struct ring *r, unsigned long pos)
{
	/* pairs with the producer's commit: what is not busy is whole */
	return __atomic_load_n((const zt_u32 *)(const void *)(r->data + (pos & (r->bytes - 1))),
			       __ATOMIC_ACQUIRE);
}

static size_t record_len(zt_u32 header)
{
	return header & ~(RECORD_BUSY | RECORD_DISCARD);
}

/* Only the consumer writes its position: reading it needs no order. */
static void advance(struct ring *r, zt_u32 header)
{
	size_t step = (record_len(header) + RECORD_HEADER + 7) & ~(size_t)7;

	__atomic_store_n(r->consumer, *r->consumer + step, __ATOMIC_RELEASE);
}

size_t ring_fill(const struct ring *r)
{
	return __atomic_load_n(r->producer, __ATOMIC_ACQUIRE) - *r->consumer;
}

enum ring_state ring_peek(struct ring *r, const struct zt_ev **ev, size_t *len)
{
	while (ring_fill(r)) {
		unsigned long pos = *r->consumer;
		zt_u32 header = record_header(r, pos);

		if (header & RECORD_BUSY)
			return RING_BUSY;
		if (header & RECORD_DISCARD) {
			advance(r, header);
			continue;
		}
		*ev = (const void *)(r->data + (pos & (r->bytes - 1)) + RECORD_HEADER);
		*len = record_len(header);
		return RING_READY;
	}
	return RING_EMPTY;
}

void ring_take(struct ring *r)
{
	advance(r, record_header(r, *r->consumer));
}
