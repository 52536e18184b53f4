// SPDX-License-Identifier: GPL-2.0
/* The live view of a model of literal events, drawn to a pad: what stands where, at any size, in both languages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/i18n.h"
#include "diagnose/internal.h"
#include "view/draw.h"
#include "view/view.h"

#define MIB ((zt_u64)1 << 20)
#define SEC ((zt_u64)1000000000)

enum { ROOT = 1, BUILDER = 2, STEP = 3, OTHER = 4 };

struct scene {
	struct model *m;
	struct report *r;
	struct proc client;
	struct build *a, *b;
	struct incident incidents[40];
	struct choice choice;
	struct rows rows;
	struct stall stall;
	struct canvas canvas;
	unsigned int first;
	char text[200 * 200 * 4];
};

static void apply_cgroup_event(struct scene *s, zt_u64 id, zt_u64 parent, const char *path, zt_u64 limit)
{
	struct {
		struct zt_ev_cgroup ev;
		char path[64];
	} e = { .ev = { .h = { .kind = ZT_cgroup, .fixed = sizeof(e.ev), .ts_ns = SEC },
			.mem = { .id = id, .parent = parent, .limit_bytes = limit } } };

	e.ev.h.size = (zt_u32)(sizeof(e.ev) + strlen(strcpy(e.path, path)) + 1);
	assert_int_equal(model_apply(s->m, &e.ev.h), 0);
}

static void sample(struct scene *s, zt_u64 id, zt_u64 ts_ns, zt_u64 mib)
{
	struct zt_ev_sample e = { .h = { .size = sizeof(e), .kind = ZT_sample, .fixed = sizeof(e), .ts_ns = ts_ns,
					 .cgroup = id }, .usage_bytes = mib * MIB };

	assert_int_equal(model_apply(s->m, &e.h), 0);
}

static void host(struct scene *s)
{
	struct zt_ev_host e = { .h = { .size = sizeof(e), .kind = ZT_host, .fixed = sizeof(e), .ts_ns = 2 * SEC },
				.total_bytes = 8192 * MIB, .available_bytes = 2048 * MIB, .swap_total_bytes = 1024 * MIB,
				.swap_free_bytes = 512 * MIB };

	assert_int_equal(model_apply(s->m, &e.h), 0);
}

static struct step *step(struct scene *s, zt_u64 cgroup, struct build *b, const char *text)
{
	struct step *st = model_step_new(s->m, model_cgroup(s->m, cgroup), NULL);

	st->build = b;
	st->text = text;
	st->limit_bytes = ZT_NO_LIMIT;
	return st;
}

/* Two builds below a limit of 64 MiB, a step of each at work */
static int setup(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));

	s->m = model_new();
	s->r = report_new(s->m);
	apply_cgroup_event(s, ROOT, 0, "/", ZT_NO_LIMIT);
	apply_cgroup_event(s, BUILDER, ROOT, "/builder", 64 * MIB);
	apply_cgroup_event(s, STEP, BUILDER, "/builder/step", ZT_NO_LIMIT);
	apply_cgroup_event(s, OTHER, BUILDER, "/builder/other", ZT_NO_LIMIT);
	s->a = model_build_new(s->m, &s->client, BUILDER_BUILDKIT);
	s->a->dockerfile_path = (char *)"/home/somebody/of/a/long/name/project/service/api/Dockerfile";
	s->b = model_build_new(s->m, &s->client, BUILDER_PODMAN);
	s->b->service = (char *)"网页";
	step(s, STEP, s->a, "RUN make -j8\x1b[31m");
	step(s, OTHER, s->b, "RUN echo 内存 && npm run build");
	sample(s, STEP, 3 * SEC, 20);
	sample(s, STEP, 4 * SEC, 48);
	sample(s, STEP, 5 * SEC, 40);
	sample(s, OTHER, 5 * SEC, 10);
	host(s);
	s->canvas.w = newpad(200, 200);
	assert_non_null(s->canvas.w);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct scene *s = *state;

	delwin(s->canvas.w);
	report_free(s->r);
	model_free(s->m);
	free(s);
	return i18n_init("en");
}

static void add_incidents(struct scene *s, unsigned int n)
{
	for (unsigned int k = 0; k < n; k++) {
		s->incidents[k] = (struct incident){ .code = "ZT1002", .headline = "it ran out of memory", .causal = TRI_YES,
						     .step = s->m->steps };
		*s->r->incidents_tail = &s->incidents[k];
		s->r->incidents_tail = &s->incidents[k].next;
		s->r->nincidents++;
	}
}

/* Line y as it stands on the pad, blanks at its end left out */
static const char *line(struct scene *s, int y)
{
	size_t len;
	wchar_t wide[256];

	assert_true(mvwinnwstr(s->canvas.w, y, 0, wide, s->canvas.columns) != ERR);
	len = wcstombs(s->text, wide, sizeof(s->text) - 1);
	assert_true(len != (size_t)-1);
	while (len && s->text[len - 1] == ' ')
		len--;
	s->text[len] = 0;
	return s->text;
}

static void draw(struct scene *s, int rows, int columns, unsigned int selected)
{
	s->canvas.rows = rows;
	s->canvas.columns = columns;
	rows_fill(&s->rows, s->r, &s->choice);
	s->rows.stall_pct = s->stall.ts_ns ? s->stall.pct : -1;
	draw_list(&s->canvas, s->r, &s->rows, s->choice.order, selected, &s->first);
}

/* The number of the line that holds it; -1: none does */
static int find(struct scene *s, const char *text)
{
	for (int y = 0; y < s->canvas.rows; y++)
		if (strstr(line(s, y), text))
			return y;
	return -1;
}

static void test_steps_stand_below_their_build_with_their_memory(void **state)
{
	struct scene *s = *state;

	draw(s, 24, 80, 0);
	assert_string_equal(line(s, 1), " memory: 2.0 GiB of 8.0 GiB available    swap: 512.0 MiB of 1.0 GiB free");
	assert_string_equal(line(s, 2), "build, step                                 now       peak      limit       left");
	assert_string_equal(line(s, 3), "▾ …/api/Dockerfile (buildkit)          40.0 MiB   48.0 MiB   64.0 MiB   24.0 MiB");
	/* what the step calls itself cannot colour the screen */
	assert_string_equal(line(s, 4), "  ● RUN make -j8\\x1b[31m               40.0 MiB   48.0 MiB   64.0 MiB   24.0 MiB");
	assert_string_equal(line(s, 5), "▾ 网页 (podman)                        10.0 MiB   10.0 MiB   64.0 MiB   54.0 MiB");
	assert_string_equal(line(s, 6), "  ● RUN echo 内存 && npm run build     10.0 MiB   10.0 MiB   64.0 MiB   54.0 MiB");
	assert_string_equal(line(s, 7), "");
}

static void test_without_drawing_characters(void **state)
{
	struct scene *s = *state;

	s->canvas.ascii = true;
	s->b->service = (char *)"web";
	draw(s, 24, 120, 0);
	assert_non_null(strstr(line(s, 3), "- /home/somebody/of/a/long/name/project/service/api/Dockerfile (buildkit)") ?:
			strstr(line(s, 3), "Dockerfile (buildkit)"));
	assert_non_null(strstr(line(s, 5), "- web (podman)"));
	assert_non_null(strstr(line(s, 5), "54.0 MiB ###......")); /* 16 % of 20 columns */
}

static void test_sorted_by_what_is_left(void **state)
{
	struct scene *s = *state;

	s->choice.order = ORDER_PEAK;
	sample(s, OTHER, 6 * SEC, 60);
	draw(s, 24, 80, 0);
	assert_true(find(s, "网页") < find(s, "Dockerfile"));
	s->choice.order = ORDER_TIME;
	draw(s, 24, 80, 0);
	assert_true(find(s, "网页") > find(s, "Dockerfile"));
	s->choice.order = ORDER_ROOM;
	draw(s, 24, 80, 0);
	assert_true(find(s, "网页") < find(s, "Dockerfile"));
}

static void test_folded_build_hides_its_steps(void **state)
{
	struct scene *s = *state;

	choice_fold(&s->choice, s->a);
	draw(s, 24, 80, 0);
	assert_int_equal(find(s, "RUN make"), -1);
	assert_true(find(s, "npm run") > 0);
	assert_true(find(s, "▸") == 3);
	choice_fold(&s->choice, s->a);
	draw(s, 24, 80, 0);
	assert_int_equal(find(s, "RUN make"), 4);
}

static void test_builds_that_ended_are_shown_when_asked_for(void **state)
{
	struct scene *s = *state;
	struct proc gone = { .exit_ns = 3 * SEC };

	s->a->client = &gone;
	s->m->steps->ended_ns = 3 * SEC;
	s->m->steps->exited = true;
	draw(s, 24, 80, 0);
	assert_int_equal(find(s, "Dockerfile"), -1);
	s->choice.all = true;
	draw(s, 24, 80, 0);
	assert_true(find(s, "Dockerfile") > find(s, "网页"));
	assert_non_null(strstr(line(s, find(s, "RUN make")), "✓"));
}

static void test_the_newest_incidents_stay_in_sight(void **state)
{
	struct scene *s = *state;

	add_incidents(s, 30);
	s->incidents[29].headline = "the last of all";
	s->incidents[0].headline = "the first of all";
	draw(s, 12, 80, 0);
	assert_int_equal(find(s, "the last of all"), 10);
	assert_int_equal(find(s, "the first of all"), -1);
	assert_true(find(s, "Dockerfile") == 3);
	draw(s, 12, 80, 4); /* the first of them is the fifth row */
	assert_true(find(s, "the first of all") > 0);
	assert_non_null(strstr(line(s, find(s, "RUN make")), "✗"));
}

/* PSI counts since boot; what is shown is how much of the time between two looks was waited. */
static void test_stalls_are_shown_where_they_are_known(void **state)
{
	struct scene *s = *state;
	const struct { zt_u64 ts_ns, some_ns; int pct; } steps[] = {
		{ 10 * SEC, 3 * SEC, -1 }, { 12 * SEC, 4 * SEC, 50 }, { 13 * SEC, 4 * SEC, 0 }, { 13 * SEC, 9 * SEC, 0 },
		{ 14 * SEC, 12 * SEC, 100 }, { 15 * SEC, 0, 100 },
	};

	stall_look(&s->stall, s->m);
	assert_int_equal(s->stall.ts_ns, 0);
	for (size_t n = 0; n < sizeof(steps) / sizeof(steps[0]); n++) {
		s->m->host.h.ts_ns = steps[n].ts_ns;
		s->m->host.stall_some_ns = steps[n].some_ns;
		stall_look(&s->stall, s->m);
		assert_int_equal(s->stall.pct, steps[n].pct);
	}
	draw(s, 24, 80, 0);
	assert_string_equal(line(s, 2), " waiting for memory: 100 % of the last second (PSI)");
	assert_int_equal(find(s, "Dockerfile"), 4);
}

static void test_no_size_is_too_small_or_too_big(void **state)
{
	struct scene *s = *state;

	add_incidents(s, 30);
	for (int rows = 1; rows <= 200; rows += rows < 30 ? 1 : 57)
		for (int columns = 1; columns <= 200; columns += columns < 90 ? 1 : 23)
			for (unsigned int selected = 0; selected < 34; selected += 11) {
				wclear(s->canvas.w);
				mvwaddstr(s->canvas.w, rows < 200 ? rows : 199, 0, "~");
				draw(s, rows, columns, selected);
			}
	draw(s, 7, 40, 0);
	assert_string_equal(line(s, 0), "the window is too small");
}

/* Attached to a part: what is outside of it is not listed */
static void test_of_a_part_only_what_is_in_it(void **state)
{
	struct scene *s = *state;
	struct {
		struct zt_ev_scope ev;
		char tail[32];
	} e = { .ev = { .h = { .kind = ZT_scope, .fixed = sizeof(e.ev), .ts_ns = SEC, .cgroup = STEP } } };

	memcpy(e.tail, "cgroup\0/builder/step", 21);
	e.ev.h.size = sizeof(e.ev) + 21;
	assert_int_equal(model_apply(s->m, &e.ev.h), 0);
	draw(s, 24, 120, 0);
	assert_non_null(strstr(line(s, 0), "· cgroup /builder/step · "));
	assert_non_null(strstr(line(s, 0), "1 step at work"));
	assert_int_equal(s->rows.n, 2);
	assert_non_null(strstr(line(s, 4), "RUN make -j8"));
}

static void test_page_scrolls_to_its_end_and_not_further(void **state)
{
	struct scene *s = *state;
	unsigned int top = 1000;

	s->canvas.rows = 5;
	s->canvas.columns = 60;
	draw_page(&s->canvas, " ZT1002", "one\ntwo\nthree\nfour\n\x1b]0;five\x07\n", &top, " q back");
	assert_int_equal(top, 2);
	assert_string_equal(line(s, 0), " ZT1002");
	assert_string_equal(line(s, 1), "three");
	assert_string_equal(line(s, 3), "\\x1b]0;five\\x07");
	assert_string_equal(line(s, 4), " q back");
	top = 0;
	draw_page(&s->canvas, "", "a\n", &top, "");
	assert_int_equal(top, 0);
	assert_string_equal(line(s, 1), "a");
}

/* The catalogue of this build: two directories above the program's own */
static void locale_dir(void)
{
	char dir[4096];
	ssize_t n = readlink("/proc/self/exe", dir, sizeof(dir) - 16);

	assert_true(n > 0);
	dir[n] = 0;
	for (int up = 0; up < 3; up++)
		*strrchr(dir, '/') = 0;
	strcat(dir, "/locale");
	setenv("ZTRACE_LOCALEDIR", dir, 1);
}

static void test_chinese_columns_are_right(void **state)
{
	struct scene *s = *state;

	locale_dir();
	assert_int_equal(i18n_init("zh_CN"), 0);
	draw(s, 24, 80, 0);
	assert_string_equal(line(s, 1), " 内存：可用 2.0 GiB，共 8.0 GiB          交换区：空闲 512.0 MiB，共 1.0 GiB");
	assert_string_equal(line(s, 2), "构建、步骤                                 当前       峰值       上限       剩余");
	assert_string_equal(line(s, 6), "  ● RUN echo 内存 && npm run build     10.0 MiB   10.0 MiB   64.0 MiB   54.0 MiB");
	draw_help(&s->canvas);
	assert_true(find(s, "q、Ctrl-C") > 0);
}

/* ncurses needs a screen for pads, but no terminal */
static int open_screen(void **state)
{
	FILE *out = fopen("/dev/null", "w"), *in = fopen("/dev/null", "r");

	(void)state;
	return setlocale(LC_CTYPE, "C.UTF-8") && out && in && newterm("xterm-256color", out, in) ? 0 : -1;
}

static int close_screen(void **state)
{
	(void)state;
	endwin();
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_steps_stand_below_their_build_with_their_memory),
		TEST(test_without_drawing_characters),
		TEST(test_sorted_by_what_is_left),
		TEST(test_folded_build_hides_its_steps),
		TEST(test_builds_that_ended_are_shown_when_asked_for),
		TEST(test_the_newest_incidents_stay_in_sight),
		TEST(test_stalls_are_shown_where_they_are_known),
		TEST(test_no_size_is_too_small_or_too_big),
		TEST(test_of_a_part_only_what_is_in_it),
		TEST(test_page_scrolls_to_its_end_and_not_further),
		TEST(test_chinese_columns_are_right),
	};

	return cmocka_run_group_tests(tests, open_screen, close_screen);
}
