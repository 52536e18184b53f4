// SPDX-License-Identifier: GPL-2.0
/* Whatever a traced program writes into the FIFO, in pieces of any size: bounded, and every event that comes out is whole. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "source/shimwire.h"
#include "trace/event.h"

static int check(void *ctx, const struct zt_ev *ev)
{
	size_t len;
	const char *tail = ev_tail(ev, &len);

	(void)ctx;
	if (ev_check(ev) < 0 || ev->size > ZT_SHIM_WRITE_MAX || (ev->kind == ZT_kill))
		abort();
	for (size_t i = 0; i < len; i++)
		*(volatile char *)&(char){ tail[i] };
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct shimwire w;
	size_t piece = size ? data[0] * 17u + 1 : 1;

	w.n = 0;
	while (size) {
		size_t room, n = size < piece ? size : piece;
		char *to = shimwire_room(&w, &room);

		if (!room) /* a message is smaller than the room for it: something is always taken */
			abort();
		n = n < room ? n : room;
		memcpy(to, data, n);
		if (shimwire_feed(&w, n, check, NULL) < 0)
			abort();
		data += n;
		size -= n;
	}
	return 0;
}
