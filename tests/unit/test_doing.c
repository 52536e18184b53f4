// SPDX-License-Identifier: GPL-2.0
/* Labels of victims and of groups of processes, in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "diagnose/internal.h"

struct given {
	enum label_verb verb; /* LABEL_NONE: nothing is known of this one */
	const char *object;
	zt_u64 bytes;
};

static const char *group_says(const struct given *g, size_t n)
{
	static char text[512];
	struct kill_task tasks[16] = { 0 };
	struct label labels[16] = { 0 };
	struct group group = { 0 };
	struct report r = { 0 };
	const char *s;

	assert_int_equal(arena_init(&r.arena, 1 << 20), 0);
	for (size_t i = 0; i < n; i++) {
		labels[i].verb = (unsigned char)g[i].verb;
		strcpy(labels[i].object, g[i].object);
		tasks[i].label = g[i].verb ? &labels[i] : NULL;
		tasks[i].rss.anon_bytes = g[i].bytes;
		group_add(&group, &tasks[i]);
	}
	s = say_group_doing(&r, &group);
	strcpy(text, s ? s : "-");
	arena_done(&r.arena);
	return text;
}

#define SAYS(expected, ...)                                                                        \
	do {                                                                                       \
		static const struct given given[] = { __VA_ARGS__ };                               \
		assert_string_equal(group_says(given, sizeof(given) / sizeof(given[0])), expected); \
	} while (0)

static void groups(void **state)
{
	(void)state;
	SAYS("compiling a.cc", { LABEL_COMPILE, "a.cc", 1 });
	SAYS("compiling b.cc, a.cc", { LABEL_COMPILE, "a.cc", 1 }, { LABEL_COMPILE, "b.cc", 2 });
	SAYS("-", { LABEL_NONE, "", 1 }, { LABEL_NONE, "", 2 });
	/* the same twice is said once */
	SAYS("npm run build", { LABEL_AS_TYPED, "npm run build", 1 }, { LABEL_AS_TYPED, "npm run build", 2 });
	/* another one is doing something else, or nobody knows what */
	SAYS("compiling b.cc, …", { LABEL_LINK, "app", 1 }, { LABEL_COMPILE, "b.cc", 2 });
	SAYS("compiling b.cc, …", { LABEL_NONE, "", 9 }, { LABEL_COMPILE, "b.cc", 2 });
	/* largest first, as many as there is room for */
	SAYS("compiling 7.cc, 6.cc, 5.cc, 4.cc, 3.cc, 2.cc, …", { LABEL_COMPILE, "1.cc", 1 }, { LABEL_COMPILE, "2.cc", 2 },
	     { LABEL_COMPILE, "3.cc", 3 }, { LABEL_COMPILE, "4.cc", 4 }, { LABEL_COMPILE, "5.cc", 5 },
	     { LABEL_COMPILE, "6.cc", 6 }, { LABEL_COMPILE, "7.cc", 7 });
	SAYS("compiling src/a/very/long/way/to/a.cc, …", { LABEL_COMPILE, "src/a/very/long/way/to/a.cc", 3 },
	     { LABEL_COMPILE, "src/a/very/long/way/to/b.cc", 2 });
	SAYS("Gradle daemon", { LABEL_GRADLE_DAEMON, "", 1 });
}

static void victims(void **state)
{
	struct model m = { 0 };
	struct report r = { .model = &m };
	struct proc make = { .label = { LABEL_AS_TYPED, LABEL_LEADS, "make -C sub all" } };
	struct proc cc = { .parent = &make, .label = { LABEL_COMPILE, 0, "src/foo.cc" } };
	struct proc sleep = { 0 };

	(void)state;
	assert_int_equal(arena_init(&r.arena, 1 << 20), 0);
	assert_string_equal(say_doing(&r, &cc, true), "compiling src/foo.cc (make -C sub all)");
	assert_string_equal(say_doing(&r, &cc, false), "compiling src/foo.cc");
	assert_null(say_doing(&r, &sleep, true));
	assert_null(say_doing(&r, NULL, true));
	/* too much for a line: the source stays */
	memset(make.label.object, 'x', sizeof(make.label.object) - 1);
	assert_string_equal(say_doing(&r, &cc, true), "compiling src/foo.cc");
	/* hostile bytes are wider than they seem: "\x1b" */
	memset(make.label.object, '\033', 20);
	make.label.object[20] = 0;
	assert_string_equal(say_doing(&r, &cc, true), "compiling src/foo.cc");
	arena_done(&r.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(groups), cmocka_unit_test(victims) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
