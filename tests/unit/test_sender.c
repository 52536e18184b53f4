/* SPDX-License-Identifier: GPL-2.0 */
/* Who ends processes for lack of memory, and who for something else, on literal signals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "diagnose/sender.h"

static struct sig signal_of(const char *comm, unsigned int pid)
{
	struct sig s = { .ev.h.who = { pid, pid, 1 } };

	strcpy(s.ev.comm, comm);
	return s;
}

static void for_memory(void **state)
{
	static const char *const rows[][2] = {
		{ "systemd-oomd", "ZT1101" }, { "earlyoom", "ZT1102" }, { "nohang", "ZT1103" }, { "oomd", "ZT1103" },
		{ "bustd", "ZT1103" }, { "low-memory-moni", "ZT1103" }, { "kubelet", "ZT1103" },
	};

	(void)state;
	for (size_t n = 0; n < sizeof(rows) / sizeof(rows[0]); n++) {
		struct sig s = signal_of(rows[n][0], 300);
		const struct sender *by = sender_find(&s);

		assert_non_null(by);
		assert_string_equal(by->code, rows[n][1]);
	}
}

/* An interpreter runs it: comm is python3's or its own */
static void by_its_script(void **state)
{
	static const char argv[] = "/usr/bin/python3\0-u\0/usr/bin/nohang\0--monitor";
	struct sig s = signal_of("python3", 300);
	struct proc p = { .argv_bytes = sizeof(argv) };

	(void)state;
	memcpy(p.argv, argv, sizeof(argv));
	assert_null(sender_find(&s));
	s.sender = &p;
	assert_string_equal(sender_find(&s)->code, "ZT1103");
	memcpy(p.argv, "/usr/bin/python3\0x/nohang.py", 29);
	p.argv_bytes = 29;
	assert_null(sender_find(&s));
}

static void not_for_memory(void **state)
{
	struct sig first = signal_of("systemd", 1), user = signal_of("systemd", 800), shell = signal_of("bash", 5);
	struct sig runner = signal_of("Runner.Worker", 9);

	(void)state;
	assert_non_null(sender_find(&first));
	assert_null(sender_find(&first)->code);
	assert_null(sender_find(&user)); /* a user's manager, or anybody who is called so */
	assert_null(sender_find(&shell));
	assert_null(sender_find(&runner)->code);
	assert_non_null(strstr(sender_find(&runner)->name, "GitHub"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(for_memory), cmocka_unit_test(by_its_script), cmocka_unit_test(not_for_memory),
	};

	return cmocka_run_group_tests_name("sender", tests, NULL, NULL);
}
