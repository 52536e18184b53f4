/* SPDX-License-Identifier: GPL-2.0 */
/* The index of earlier steps: what it reads, keeps and forgets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builder/dockerfile.h"
#include "history.h"

static char dir[] = "/tmp/zt-history-XXXXXX";
static char path[64];

static int setup(void **state)
{
	(void)state;
	strcpy(strrchr(dir, '-'), "-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/steps.jsonl", dir);
	return 0;
}

static int teardown(void **state)
{
	char lock[64];

	(void)state;
	snprintf(lock, sizeof(lock), "%s/steps.lock", dir);
	unlink(lock);
	unlink(path);
	return rmdir(dir);
}

static void write_index(const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void hostile_lines_cost_themselves(void **state)
{
	struct history *h;
	struct history_entry e;
	size_t at = 0;

	(void)state;
	write_index("{\"dockerfile\":\"/a\",\"text\":\"RUN 1\",\"peak_bytes\":5}\n"
		    "not json\n[1,2]\n{}\n{\"dockerfile\":7,\"text\":\"x\",\"peak_bytes\":1}\n"
		    "{\"dockerfile\":\"/a\",\"text\":\"RUN no\",\"peak_bytes\":-5}\n\n"
		    "{\"dockerfile\":\"/a\",\"text\":\"RUN 2\",\"peak_bytes\":6,\"oom\":true}\n"
		    "{\"dockerfile\":\"/a\",\"text\":\"RUN cut\",\"peak");
	assert_int_equal(history_open(&h, dir, "/"), 0);
	assert_true(history_next(h, &at, &e));
	assert_string_equal(e.text, "RUN 2");
	assert_true(e.past.oom && !e.past.failed);
	assert_int_equal(e.past.peak_bytes, 6);
	assert_true(history_next(h, &at, &e));
	assert_string_equal(e.text, "RUN 1");
	assert_false(history_next(h, &at, &e));
	history_free(h);
}

static void run_once(zt_u64 peak_bytes)
{
	struct df_instr in = { .text = "RUN make", .line = 3 };
	struct build b = { .dockerfile_path = (char *)"Dockerfile" };
	struct step s = { .build = &b, .instr = &in, .exited = true, .peak_bytes = peak_bytes };
	struct model m = { .steps = &s };
	struct history *h;

	assert_int_equal(history_open(&h, dir, "/srv/app"), 0);
	assert_int_equal(history_save(h, &m), 0);
	history_free(h);
}

static void the_newest_five_are_kept(void **state)
{
	struct history *h;
	struct history_entry e;
	unsigned int n = 0;
	struct stat st;

	(void)state;
	unlink(path);
	for (zt_u64 i = 1; i <= 8; i++)
		run_once(i * 100);
	assert_int_equal(history_open(&h, dir, "/"), 0);
	for (size_t at = 0; history_next(h, &at, &e); n++) {
		assert_int_equal(e.past.peak_bytes, (8 - n) * 100);
		assert_string_equal(e.dockerfile, "/srv/app/Dockerfile");
		assert_int_equal(e.line, 3);
	}
	assert_int_equal(n, ZT_PAST_MAX);
	history_free(h);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

/* No file at all, no cwd, a Dockerfile from a pipe or a URL */
static void without_a_place_nothing_is_kept(void **state)
{
	struct df_instr in = { .text = "RUN make", .line = 3 };
	struct build b = { .dockerfile_path = (char *)"-" }, u = { .dockerfile_path = (char *)"https://x/Dockerfile" };
	struct step t = { .build = &u, .instr = &in, .exited = true, .peak_bytes = 1 };
	struct step s = { .next = &t, .build = &b, .instr = &in, .exited = true, .peak_bytes = 1 };
	struct model m = { .steps = &s };
	struct history *h;
	struct history_entry e;
	size_t at = 0;

	(void)state;
	unlink(path);
	assert_int_equal(history_open(&h, dir, ""), 0);
	assert_int_equal(history_save(h, &m), 0);
	assert_false(history_next(h, &at, &e));
	history_free(h);
	assert_int_equal(access(path, F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hostile_lines_cost_themselves),
		cmocka_unit_test(the_newest_five_are_kept),
		cmocka_unit_test(without_a_place_nothing_is_kept),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
