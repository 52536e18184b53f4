// SPDX-License-Identifier: GPL-2.0
// Units, durations, wall-clock times, wait statuses.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/fmt.h"

#define KIB 1024ULL
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)
#define MS 1000000ULL
#define SEC (1000 * MS)

static void bytes(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = {
		{ 0, "0 B" },
		{ 1, "1 B" },
		{ 1023, "1023 B" },
		{ 1024, "1.0 KiB" },
		{ 1536, "1.5 KiB" },
		{ 1075, "1.0 KiB" },		      /* 1.0498 */
		{ 1076, "1.1 KiB" },		      /* 1.0508 */
		{ MIB - 1, "1.0 MiB" },		      /* never 1024.0 KiB */
		{ MIB - 52, "1023.9 KiB" },	      /* 1023.949 */
		{ 612 * MIB, "612.0 MiB" },
		{ 2 * GIB, "2.0 GiB" },
		{ 2 * GIB + 51 * MIB, "2.0 GiB" },    /* 2.0498 */
		{ 2 * GIB + 52 * MIB, "2.1 GiB" },
		{ 1ULL << 50, "1.0 PiB" },
		{ (1ULL << 60) + (1ULL << 59), "1.5 EiB" },
		{ UINT64_MAX, "16.0 EiB" },
	};
	char buf[FMT_LEN];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(fmt_bytes(buf, sizeof(buf), cases[i].bytes), cases[i].text);
}

static void duration(void **state)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} cases[] = {
		{ 0, "0 ms" },
		{ 3 * MS, "3 ms" },
		{ 99 * MS, "99 ms" },
		{ 100 * MS - 1, "0.1 s" },
		{ 400 * MS, "0.4 s" },
		{ 59 * SEC + 940 * MS, "59.9 s" },
		{ 59 * SEC + 950 * MS, "1m 00s" },
		{ 252 * SEC, "4m 12s" },
		{ 3599 * SEC + 499 * MS, "59m 59s" },
		{ 3599 * SEC + 500 * MS, "1h 00m" },
		{ 7500 * SEC, "2h 05m" },
		{ (3 * 24 + 4) * 3600 * SEC, "3d 04h" },
		{ UINT64_MAX, "213503d 23h" },
	};
	char buf[FMT_LEN];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(fmt_duration(buf, sizeof(buf), cases[i].ns), cases[i].text);
}

static void status(void **state)
{
	char buf[FMT_LEN], tiny[6];

	(void)state;
	assert_string_equal(fmt_status(buf, sizeof(buf), 0), "exit code 0");
	assert_string_equal(fmt_status(buf, sizeof(buf), 137 << 8), "exit code 137");
	assert_string_equal(fmt_status(buf, sizeof(buf), 9), "signal 9 (KILL)");
	assert_string_equal(fmt_status(buf, sizeof(buf), 11 | 0x80), "signal 11 (SEGV)");
	assert_string_equal(fmt_status(buf, sizeof(buf), 42), "signal 42");
	assert_string_equal(fmt_status(buf, sizeof(buf), 0x137f), "wait status 0x137f");
	assert_string_equal(fmt_signal(buf, sizeof(buf), 15), "TERM");
	assert_string_equal(fmt_signal(buf, sizeof(buf), 99), "signal 99");
	assert_string_equal(fmt_status(tiny, sizeof(tiny), 9), "signa");
}

static void wall_clock(void **state)
{
	/* 2026-11-23T13:02:46.5Z at boot time 1000 s */
	struct fmt_clock c = { .boot_ns = 1000 * SEC, .real_ns = 1795438966ULL * SEC + 500 * MS };
	char buf[FMT_LEN];

	(void)state;
	assert_string_equal(fmt_time(buf, sizeof(buf), &c, 1000 * SEC), "2026-11-23T13:02:46.500+00:00");
	assert_string_equal(fmt_time(buf, sizeof(buf), &c, 999 * SEC + 499 * MS), "2026-11-23T13:02:45.999+00:00");
	c.utc_offset_s = 8 * 3600;
	assert_string_equal(fmt_time(buf, sizeof(buf), &c, 1001 * SEC), "2026-11-23T21:02:47.500+08:00");
	c.utc_offset_s = -(3 * 3600 + 30 * 60);
	assert_string_equal(fmt_time(buf, sizeof(buf), &c, 1000 * SEC), "2026-11-23T09:32:46.500-03:30");
	c.utc_offset_s = INT32_MIN; /* a damaged trace */
	assert_string_equal(fmt_time(buf, sizeof(buf), &c, 1000 * SEC), "2026-11-23T13:02:46.500+00:00");
	assert_null(fmt_time(buf, sizeof(buf), &c, 0));
	c.real_ns = 0;
	assert_null(fmt_time(buf, sizeof(buf), &c, 1000 * SEC));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes),
		cmocka_unit_test(duration),
		cmocka_unit_test(status),
		cmocka_unit_test(wall_clock),
	};

	return cmocka_run_group_tests_name("fmt", tests, NULL, NULL);
}
