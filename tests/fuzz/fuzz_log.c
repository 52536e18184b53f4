// SPDX-License-Identifier: GPL-2.0
/* Any bytes may be a log: whatever comes out is well formed, and the same however the bytes were cut into pieces. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "log/log.h"
#include "trace/event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	uint64_t hash;
	unsigned int n;
};

static int put(void *ctx, struct zt_ev *ev)
{
	struct seen *s = ctx;
	const unsigned char *p = (const unsigned char *)ev;

	assert(!ev_check(ev));
	assert(ev->flags & ZT_F_FROM_LOG);
	for (size_t i = 0; i < ev->size; i++)
		s->hash = (s->hash ^ p[i]) * 0x100000001b3ull;
	s->n++;
	return 0;
}

static struct seen read_all(const uint8_t *data, size_t size, size_t first)
{
	struct seen s = { .hash = 0xcbf29ce484222325ull };
	struct log_opts o = { .newest_s = 1780272000, .number = 1, .name = "log", .put = put, .ctx = &s };
	struct log_reader *r = log_reader_new(&o);
	char *copy = malloc(size ? size : 1);

	assert(r && copy);
	memcpy(copy, data, size);
	assert(!log_reader_feed(r, copy, first));
	assert(!log_reader_feed(r, copy + first, size - first));
	assert(!log_reader_end(r));
	log_reader_free(r);
	free(copy);
	return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen whole = read_all(data, size, size), parts;

	/* what the first piece is like tells whether it is UTF-16 */
	parts = read_all(data, size, size > 64 ? 64 + data[0] % (size - 63) : size);
	assert(whole.n == parts.n && whole.hash == parts.hash);
	return 0;
}
