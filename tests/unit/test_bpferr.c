// SPDX-License-Identifier: GPL-2.0
/* Why there is no eBPF: the likeliest reason, by what is known of the machine and what the kernel said. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "source/bpferr.h"

static void test_reasons(void **state)
{
	static const struct {
		struct bpf_machine m;
		int err;
		enum bpf_why why;
	} rows[] = {
		{ { .release = "6.1.0", .btf = 1, .cap = 1 }, -EINVAL, BPF_WHY_OTHER },
		{ { .release = "6.1.0", .btf = 1 }, -EPERM, BPF_WHY_NO_CAP },
		{ { .release = "6.1.0", .btf = 1, .cap = 1, .user_ns = 1 }, -EPERM, BPF_WHY_NO_CAP },
		{ { .release = "6.1.0", .btf = 1, .cap = 1, .user_ns = 1 }, -EINVAL, BPF_WHY_OTHER },
		{ { .release = "6.1.0", .cap = 1 }, -EINVAL, BPF_WHY_NO_BTF },
		{ { .release = "4.19.0", .cap = 1 }, -EINVAL, BPF_WHY_OLD_KERNEL },
		{ { .release = "5.7.19", .btf = 1, .cap = 1 }, -EINVAL, BPF_WHY_OLD_KERNEL },
		/* 5.10: "unknown func bpf_probe_read#4" */
		{ { .release = "5.10.0-32-cloud-amd64", .btf = 1, .cap = 1, .lockdown = 1 }, -EINVAL, BPF_WHY_LOCKDOWN },
		{ { .release = "6.12.0", .btf = 1, .cap = 1, .lockdown = 1 }, -EPERM, BPF_WHY_LOCKDOWN },
		{ { .release = "5.10.0", .btf = 1, .cap = 1, .memlock_low = 1 }, -EPERM, BPF_WHY_MEMLOCK },
		{ { .release = "5.11.0", .btf = 1, .cap = 1, .memlock_low = 1 }, -EPERM, BPF_WHY_OTHER },
	};
	char text[512];

	(void)state;
	for (size_t n = 0; n < sizeof(rows) / sizeof(rows[0]); n++) {
		assert_int_equal(bpf_reason(&rows[n].m, rows[n].err), rows[n].why);
		bpf_explain(rows[n].why, &rows[n].m, rows[n].err, "", text, sizeof(text));
		assert_true(strlen(text) > 20);
		if (rows[n].why == BPF_WHY_OLD_KERNEL)
			assert_non_null(strstr(text, rows[n].m.release));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_reasons) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
