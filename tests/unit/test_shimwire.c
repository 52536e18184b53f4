// SPDX-License-Identifier: GPL-2.0
/* What comes out of the shim's FIFO, whole, in pieces, and when somebody else wrote to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "source/shimwire.h"

struct seen {
	unsigned int n, lost;
	zt_u64 bad_bytes;
	zt_u16 kind[64];
	zt_u32 pid[64];
};

static int collect(void *ctx, const struct zt_ev *ev)
{
	struct seen *s = ctx;

	if (ev->kind == ZT_lost && !(ev->flags & ZT_F_CLAIMED)) {
		s->lost++;
		s->bad_bytes += ((const struct zt_ev_lost *)ev)->count;
		return 0;
	}
	assert_true(ev->flags & ZT_F_CLAIMED);
	assert_true(s->n < 64);
	s->kind[s->n] = ev->kind;
	s->pid[s->n++] = ev->who.tgid;
	return 0;
}

static size_t put_exit(char *to, zt_u32 pid)
{
	struct zt_shim_head head = { ZT_SHIM_MAGIC, sizeof(struct zt_ev_exit) };
	struct zt_ev_exit ev = { .h = { .size = sizeof(ev), .fixed = sizeof(ev), .kind = ZT_exit, .who = { .tgid = pid } } };

	memcpy(to, &head, sizeof(head));
	memcpy(to + sizeof(head), &ev, sizeof(ev));
	return sizeof(head) + sizeof(ev);
}

static void feed(struct shimwire *w, const char *bytes, size_t len, size_t piece, struct seen *s)
{
	while (len) {
		size_t room, n = len < piece ? len : piece;
		char *to = shimwire_room(w, &room);

		assert_true(room >= n);
		memcpy(to, bytes, n);
		assert_int_equal(shimwire_feed(w, n, collect, s), 0);
		bytes += n;
		len -= n;
	}
}

static int setup(void **state)
{
	*state = calloc(1, sizeof(struct shimwire));
	return !*state;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

static void test_pieces(void **state)
{
	static const size_t pieces[] = { 1, 7, 8, 9, 87, 88, 89, 4096 };
	char bytes[1024];
	size_t len = 0;

	for (zt_u32 pid = 1; pid <= 8; pid++)
		len += put_exit(bytes + len, pid);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		struct seen s = { 0 };

		feed(*state, bytes, len, pieces[i], &s);
		assert_int_equal(s.n, 8);
		assert_int_equal(s.lost, 0);
		for (zt_u32 pid = 1; pid <= 8; pid++)
			assert_int_equal(s.pid[pid - 1], pid);
	}
}

/* Noise is skipped up to the next head, and said to have been there. */
static void test_noise(void **state)
{
	const struct zt_shim_head head = { ZT_SHIM_MAGIC, 1u << 20 }; /* as large as nobody may write */
	const zt_u16 kind = ZT_kill, fixed = 8;
	struct seen s = { 0 };
	char bytes[1024];
	size_t len = 0, good;

	len += put_exit(bytes, 1);
	memcpy(bytes + len, "noise", 5);
	len += 5;
	good = put_exit(bytes + len, 2);
	len += good;
	memcpy(bytes + len, &head, sizeof(head));
	len += sizeof(head);
	put_exit(bytes + len, 3);
	/* not theirs to tell */
	memcpy(bytes + len + sizeof(head) + offsetof(struct zt_ev, kind), &kind, sizeof(kind));
	len += good;
	put_exit(bytes + len, 4);
	/* shorter than an event's head */
	memcpy(bytes + len + sizeof(head) + offsetof(struct zt_ev, fixed), &fixed, sizeof(fixed));
	len += good;
	len += put_exit(bytes + len, 5);
	feed(*state, bytes, len, sizeof(bytes), &s);
	assert_int_equal(s.n, 3);
	assert_int_equal(s.pid[0], 1);
	assert_int_equal(s.pid[1], 2);
	assert_int_equal(s.pid[2], 5);
	assert_int_equal(s.bad_bytes, 5 + sizeof(head) + 2 * good);
}

static int refuse(void *ctx, const struct zt_ev *ev)
{
	(void)ctx;
	(void)ev;
	return -EIO;
}

static void test_sink_fails(void **state)
{
	struct shimwire *w = *state;
	size_t room;
	char *to = shimwire_room(w, &room);

	assert_int_equal(shimwire_feed(w, put_exit(to, 1), refuse, NULL), -EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_pieces, setup, teardown),
		cmocka_unit_test_setup_teardown(test_noise, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sink_fails, setup, teardown),
	};

	return cmocka_run_group_tests_name("shimwire", tests, NULL, NULL);
}
