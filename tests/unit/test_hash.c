// SPDX-License-Identifier: GPL-2.0
/* zt_hash: its definition word by word, padding of the last word, every length around a word's border. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "trace/hash.h"
#include "ztrace/event.h"

static void empty_is_the_seed(void **state)
{
	(void)state;
	assert_true(zt_hash("", 0) == ZT_HASH_SEED);
}

static void one_word(void **state)
{
	(void)state;
	assert_true(zt_hash("\1\0\0\0\0\0\0\0", 8) == (ZT_HASH_SEED ^ 1) * ZT_HASH_PRIME);
	assert_true(zt_hash("\0\0\0\0\0\0\0\2", 8) == (ZT_HASH_SEED ^ (2ULL << 56)) * ZT_HASH_PRIME);
}

static void words_are_chained(void **state)
{
	uint64_t first = zt_hash("abcdefgh", 8);
	uint64_t word;

	(void)state;
	memcpy(&word, "ijklmnop", 8);
	assert_true(zt_hash("abcdefghijklmnop", 16) == (first ^ word) * ZT_HASH_PRIME);
	assert_true(zt_hash("ijklmnopabcdefgh", 16) != zt_hash("abcdefghijklmnop", 16));
}

/* A short last word counts as if zeros followed; a heap copy of the exact size lets ASan see an overrun. */
static void last_word_is_padded(void **state)
{
	char padded[24] = "";

	(void)state;
	for (size_t len = 1; len <= 16; len++) {
		char *exact = malloc(len);

		assert_non_null(exact);
		memset(exact, 'x', len);
		memset(padded, 0, sizeof(padded));
		memset(padded, 'x', len);
		assert_true(zt_hash(exact, len) == zt_hash(padded, (len + 7) / 8 * 8));
		if (len % 8)
			assert_true(zt_hash(exact, len) != zt_hash(padded, len + 8));
		free(exact);
	}
}

static void every_byte_counts(void **state)
{
	char text[33] = "cc1plus -O2 -o main.o main.cc...";
	uint64_t before = zt_hash(text, 32);

	(void)state;
	for (size_t i = 0; i < 32; i++) {
		text[i] ^= 1;
		assert_true(zt_hash(text, 32) != before);
		text[i] ^= 1;
	}
	assert_true(zt_hash(text, 32) == before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_is_the_seed), cmocka_unit_test(one_word),
		cmocka_unit_test(words_are_chained), cmocka_unit_test(last_word_is_padded),
		cmocka_unit_test(every_byte_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
