// SPDX-License-Identifier: GPL-2.0
/* The ring reader on a ring made by hand: empty, busy, discarded, wrapped records, positions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "source/ring.h"

#define BYTES 1024
#define BUSY (1u << 31)
#define DISCARD (1u << 30)

/* Data twice in a row, as the kernel maps it; `page` stands for the two position pages. */
struct fake {
	unsigned long consumer, producer;
	_Alignas(8) char data[2 * BYTES];
	struct ring r;
};

static void make(struct fake *f, unsigned long pos)
{
	memset(f, 0, sizeof(*f));
	f->consumer = f->producer = pos;
	f->r = (struct ring){ .bytes = BYTES, .consumer = &f->consumer,
			      .producer = &f->producer, .data = f->data };
}

static void put(struct fake *f, uint32_t len, uint32_t bits, uint64_t ts)
{
	struct zt_ev ev = { .size = sizeof(ev), .fixed = sizeof(ev), .ts_ns = ts };
	uint32_t header[2] = { len | bits, 0 };
	size_t at = f->producer & (BYTES - 1);

	assert_true(len >= sizeof(ev));
	memcpy(f->data + at, header, sizeof(header));
	memcpy(f->data + at + 8, &ev, sizeof(ev));
	if (at + 8 + sizeof(ev) > BYTES) /* both mappings show it */
		memcpy(f->data, f->data + BYTES, at + 8 + sizeof(ev) - BYTES);
	f->producer += (len + 8 + 7) & ~7ul;
}

static void empty(void **state)
{
	struct fake f;
	const struct zt_ev *ev;
	size_t len;

	(void)state;
	make(&f, 4096);
	assert_int_equal(ring_peek(&f.r, &ev, &len), RING_EMPTY);
	assert_int_equal(ring_fill(&f.r), 0);
}

static void one_after_the_other(void **state)
{
	struct fake f;
	const struct zt_ev *ev;
	size_t len;

	(void)state;
	make(&f, 0);
	put(&f, 50, 0, 1); /* 58 bytes with its header: the next one starts at 64 */
	put(&f, 48, 0, 2);
	assert_int_equal(ring_peek(&f.r, &ev, &len), RING_READY);
	assert_int_equal(ev->ts_ns, 1);
	assert_int_equal(len, 50);
	assert_int_equal(ring_peek(&f.r, &ev, &len), RING_READY); /* looking takes nothing */
	assert_int_equal(ev->ts_ns, 1);
	ring_take(&f.r);
	assert_int_equal(f.consumer, 64);
	assert_int_equal(ring_peek(&f.r, &ev, &len), RING_READY);
	assert_int_equal(ev->ts_ns, 2);
	ring_take(&f.r);
	assert_int_equal(ring_peek(&f.r, &ev, &len), RING_EMPTY);
}

static void busy_stops_and_discarded_is_skipped(void **state)
{
	struct fake f;
	const struct zt_ev *ev;
	size_t len;

	(void)state;
	make(&f, 0);
	put(&f, 48, DISCARD, 1);
	put(&f, 48, BUSY, 2);
	put(&f, 48, 0, 3);
	assert_int_equal(ring_peek(&f.r, &ev, &len), RING_BUSY);
	assert_int_equal(f.consumer, 56);
	memcpy(f.data + 56, &(uint32_t){ 48 }, 4); /* committed */
	assert_int_equal(ring_peek(&f.r, &ev, &len), RING_READY);
	assert_int_equal(ev->ts_ns, 2);
}

static void wraps(void **state)
{
	struct fake f;
	const struct zt_ev *ev;
	size_t len;

	(void)state;
	make(&f, 3 * BYTES - 16); /* header and 8 bytes fit before the end */
	put(&f, 48, 0, 77);
	assert_int_equal(ring_peek(&f.r, &ev, &len), RING_READY);
	assert_int_equal(ev->ts_ns, 77);
	ring_take(&f.r);
	assert_int_equal(f.consumer, f.producer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty), cmocka_unit_test(one_after_the_other),
		cmocka_unit_test(busy_stops_and_discarded_is_skipped), cmocka_unit_test(wraps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
