// SPDX-License-Identifier: GPL-2.0
// Whole outputs against tests/unit/data/render (BLESS=1 rewrites them: then read the diff), limits of the screen, schema.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/i18n.h"
#include "base/width.h"
#include "render/render.h"
#include "render/screen.h"
#include "render_cases.h"

#define DATA "tests/unit/data/render/"

static struct fixture *make(size_t c)
{
	struct fixture *x = calloc(1, sizeof(*x));

	assert_non_null(x);
	cases[c].fill(x);
	return x;
}

/* As the session calls a renderer. Only the incidents when finish is false. */
static char *render(const struct fixture *x, const char *name, bool color, bool finish, size_t *len)
{
	const struct renderer *r = renderer_find(name);
	char *text = NULL;
	struct out o = { .f = open_memstream(&text, len), .color = color };

	assert_non_null(r);
	assert_non_null(o.f);
	if (r->start)
		assert_int_equal(r->start(&o, &x->r), 0);
	for (const struct incident *i = x->r.incidents; i && r->incident; i = i->next)
		assert_int_equal(r->incident(&o, &x->r, i), 0);
	if (finish && r->finish)
		assert_int_equal(r->finish(&o, &x->r), 0);
	fclose(o.f);
	return text;
}

static char *slurp(const char *path)
{
	char *text = calloc(1, 1 << 20);
	FILE *f = fopen(path, "r");

	if (f) {
		assert_true(fread(text, 1, (1 << 20) - 1, f) < (1 << 20) - 1);
		fclose(f);
	}
	return text;
}

static void spill(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void check_golden(const char *file, const char *got)
{
	char path[256], *expected;

	snprintf(path, sizeof(path), DATA "%s", file);
	if (getenv("BLESS"))
		spill(path, got);
	expected = slurp(path);
	assert_string_equal(got, expected);
	free(expected);
}

static void golden(const char *format, const char *suffix)
{
	for (size_t c = 0; c < ARRAY_SIZE(cases); c++) {
		struct fixture *x = make(c);
		char file[64], *text;
		size_t len;

		text = render(x, format, false, true, &len);
		snprintf(file, sizeof(file), "%s%s", cases[c].name, suffix);
		assert_int_equal(strlen(text), len);
		if (len < 32 * 1024) /* nobody reads more; hostile.json is held against the schema only */
			check_golden(file, text);
		free(text);
		free(x);
	}
}

static void text_golden(void **state)
{
	(void)state;
	golden("text", ".txt");
}

static void json_golden(void **state)
{
	(void)state;
	golden("json", ".json");
	golden("jsonl", ".jsonl");
}

/* Colour off: every line at most 80 columns and printable; every incident at most 20 lines. */
static void check_screen(const char *text)
{
	unsigned int lines = 0;

	for (const char *p = text, *nl; *p; p = nl + 1) {
		nl = strchr(p, '\n');
		assert_non_null(nl);
		assert_true(width_text(p, (size_t)(nl - p)) <= 80);
		for (size_t at = 0, n; at < (size_t)(nl - p); at += n) {
			uint32_t cp;

			n = utf8_next(p + at, (size_t)(nl - p) - at, &cp);
			assert_true(cp != UTF8_BAD && width_of(cp) >= 0);
		}
		lines = nl == p ? 0 : lines + 1; /* an empty line parts incidents, there is none inside */
		assert_true(lines <= 20);
	}
}

static void screen_limits(void **state)
{
	(void)state;
	for (size_t c = 0; c < ARRAY_SIZE(cases); c++) {
		struct fixture *x = make(c);
		size_t len;
		char *text = render(x, "text", false, false, &len);

		check_screen(text);
		free(text);
		free(x);
	}
}

/* Any mixture of lengths: the help and the four facts are always there. */
static void screen_never_drops(void **state)
{
	static const char *const must[] = { "= limit:", "= used:", "= killed:", "= host:", "ztrace explain ZT1001",
					    "help: HELP0", "help: HELP1", "help: HELP2" };
	unsigned int seed = 1;
	char words[3000];

	(void)state;
	for (size_t n = 0; n < sizeof(words) - 1; n++)
		words[n] = n % 7 == 6 ? ' ' : 'w';
	words[sizeof(words) - 1] = 0;
	for (unsigned int round = 0; round < 300; round++) {
		struct fixture *x = make(0);
		struct incident *i = &x->inc[0];
		char help[HELP_MAX][3100];
		size_t len;
		char *text;

#define TAIL(max) (words + sizeof(words) - 1 - (size_t)rand_r(&seed) % (max))
		i->headline = TAIL(400);
		i->limit_text = TAIL(400);
		i->used_text = TAIL(400);
		i->killed = TAIL(400);
		i->host_text = TAIL(400);
		i->nholders = (unsigned int)rand_r(&seed) % (HOLDERS_MAX + 1);
		for (unsigned int n = 0; n < HOLDERS_MAX; n++)
			i->holders[n] = i->holders[0];
		i->nnotes = (unsigned int)rand_r(&seed) % (NOTES_MAX + 1);
		for (unsigned int n = 0; n < NOTES_MAX; n++)
			i->notes[n] = TAIL(200);
		i->nhelp = HELP_MAX;
		for (unsigned int n = 0; n < HELP_MAX; n++) {
			snprintf(help[n], sizeof(help[n]), "HELP%u %s", n, TAIL(300));
			i->help[n] = HELP_IS("x", help[n], rand_r(&seed) % 2 ? TAIL(900) : NULL, 0);
		}
		text = render(x, "text", false, false, &len);
		check_screen(text);
		for (size_t n = 0; n < ARRAY_SIZE(must); n++)
			assert_non_null(strstr(text, must[n]));
		free(text);
		free(x);
	}
}

static unsigned int count_of(const char *text, const char *what)
{
	unsigned int n = 0;

	for (const char *p = text; (p = strstr(p, what)); p += strlen(what))
		n++;
	return n;
}

/* The curve is the first to go when the screen is full, and goes alone. */
static void curve_goes_first(void **state)
{
	bool gone = false;

	(void)state;
	for (unsigned int holders = 1; holders <= HOLDERS_MAX && !gone; holders++) {
		struct fixture *x = make(0);
		struct incident *i = &x->inc[0];
		size_t len;
		char *text;

		for (unsigned int n = 0; n < holders; n++)
			i->holders[n] = (struct holder){ .kind = HOLD_PROCESS, .title = "HOLDER", .bytes = MIB };
		i->nholders = holders;
		text = render(x, "text", false, false, &len);
		check_screen(text);
		gone = !strstr(text, "= grew:");
		assert_int_equal(count_of(text, "HOLDER"), holders);
		assert_int_equal(count_of(text, "note: "), 1);
		if (gone) /* the lines without words went before it, and no room is left */
			assert_true(count_of(text, "\n") >= 19);
		free(text);
		free(x);
	}
	assert_true(gone);
}

static void curve_without_blocks(void **state)
{
	struct fixture *x = make(0);
	char *text = NULL;
	size_t len;
	struct out o = { .f = open_memstream(&text, &len), .ascii = true };

	(void)state;
	assert_int_equal(renderer_find("text")->incident(&o, &x->r, &x->inc[0]), 0);
	fclose(o.f);
	assert_non_null(strstr(text, "\n   = grew:   ____.....======# 12.0 MiB to 2.0 GiB in 14.0 s\n"));
	free(text);
	x->growth.rises = false; /* what did not grow is no reason */
	text = render(x, "text", false, false, &len);
	assert_null(strstr(text, "grew:"));
	free(text);
	free(x);
}

/* Colour adds only its own sequences. */
static void colour(void **state)
{
	(void)state;
	for (size_t c = 0; c < ARRAY_SIZE(cases); c++) {
		struct fixture *x = make(c);
		size_t len, at = 0;
		char *plain = render(x, "text", false, true, &len), *colored = render(x, "text", true, true, &len);
		bool on = false;

		for (char *p = colored; *p;) {
			if (*p != '\033') {
				assert_true(*p != '\n' || !on);
				assert_int_equal(*p++, plain[at++]);
				continue;
			}
			assert_int_equal(p[1], '[');
			on = strncmp(p, "\033[0m", 4);
			p = strchr(p, 'm') + 1;
			assert_true(*p != '\033' || !on);
		}
		assert_int_equal(plain[at], 0);
		assert_false(on);
		free(plain);
		free(colored);
		free(x);
	}
}

static void quiet(void **state)
{
	struct fixture *x = make(5); /* none */
	size_t len;
	char *text;

	(void)state;
	x->r.quiet = true;
	text = render(x, "text", false, true, &len);
	assert_string_equal(text, "");
	free(text);
	x->m.lost[ZT_LOST_KILL_RING] = 1; /* is always said */
	text = render(x, "text", false, true, &len);
	assert_string_equal(text, "note: 1 event was lost: kill_ring 1\n");
	free(text);
	free(x);
}

/* What is printed for a command is what the shell makes the same words of. */
static void commands(void **state)
{
	static const char *const commands_in[] = {
		"printf '%s|' one two three",
		"printf '%s|' aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbbbb cccccccccccccccc ddd",
		"printf '%s|' 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbb cccccccccccccccccccc   ddd  e f'",
		"printf '%s|' \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbb cccccccccccc 'ccccc   ddd  e f\"",
		"printf '%s|' /sys/fs/cgroup/system.slice/docker-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.scope/memory.max after",
		"printf '%s|' aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\\ bbbbbbbbbbbbbb\\\\\\ cccc\\ d",
		"printf '%s|' '内存内存内存内存内存内存内存内存内存内存内存内存内存内存内存内存内存内存内存' x",
	};

	(void)state;
	for (size_t c = 0; c < ARRAY_SIZE(commands_in); c++) {
		struct screen *s = calloc(1, sizeof(*s));
		char *printed = NULL, cmd[4096], want[1024] = "", got[1024] = "";
		struct out o;
		size_t len;
		FILE *p;

		assert_true(screen_command(s, commands_in[c], 6, 8));
		o = (struct out){ .f = open_memstream(&printed, &len) };
		screen_print(s, &o);
		fclose(o.f);
		check_screen(printed);
		p = popen(commands_in[c], "r");
		assert_true(fread(want, 1, sizeof(want) - 1, p) > 0);
		pclose(p);
		snprintf(cmd, sizeof(cmd), "%s", printed);
		p = popen(cmd, "r");
		assert_true(fread(got, 1, sizeof(got) - 1, p) > 0);
		assert_int_equal(pclose(p), 0);
		assert_string_equal(got, want);
		assert_false(screen_command(s, commands_in[c], 6, s->count - 1) && s->count > 1);
		free(printed);
		free(s);
	}
}

/* JSON that is shown on a terminal must not steer it either. */
static void json_is_harmless(void **state)
{
	(void)state;
	for (size_t c = 0; c < ARRAY_SIZE(cases); c++) {
		struct fixture *x = make(c);
		size_t len, n;
		char *text = render(x, "json", false, true, &len);
		uint32_t cp;

		for (size_t at = 0; (n = utf8_next(text + at, len - at, &cp)); at += n)
			assert_true(cp == '\n' || (cp != UTF8_BAD && width_of(cp) >= 0));
		free(text);
		free(x);
	}
}

/* Exit status of tests/unit/validate.py; -1: there is no python3. */
static int run_validator(char **argv)
{
	extern char **environ;
	int status = -1;
	pid_t pid;

	if (posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ))
		return -1;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Everything against the schema that is in the binary. */
static void json_schema(void **state)
{
	static const char *const formats[] = { "json", "jsonl" };
	char dir[] = "/tmp/ztrace-render.XXXXXX", files[1 + 2 * ARRAY_SIZE(cases)][128];
	char *argv[3 + ARRAY_SIZE(files)] = { "python3", "tests/unit/validate.py", files[0] };
	size_t n = 0, len;
	int status;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(files[n++], sizeof(files[0]), "%s/schema", dir);
	spill(files[0], render_schema());
	for (size_t c = 0; c < ARRAY_SIZE(cases); c++) {
		for (size_t f = 0; f < ARRAY_SIZE(formats); f++, n++) {
			struct fixture *x = make(c);
			char *text = render(x, formats[f], false, true, &len);

			snprintf(files[n], sizeof(files[n]), "%s/%s.%s", dir, cases[c].name, formats[f]);
			spill(files[n], text);
			argv[2 + n] = files[n];
			free(text);
			free(x);
		}
	}
	status = run_validator(argv);
	while (n)
		unlink(files[--n]);
	rmdir(dir);
	if (status == -1 || status == 77) {
		print_message("SKIP json_schema: python3%s is not installed\n", status == 77 ? "-jsonschema" : "");
		skip();
	}
	assert_int_equal(status, 0);
}

static size_t allocs_left;

static void *failing_malloc(size_t n)
{
	return allocs_left && allocs_left-- ? malloc(n) : NULL;
}

/* Memory ends at any place: -ENOMEM and nothing printed, never half an object, nothing left behind (ASan looks). */
static void json_no_memory(void **state)
{
	struct fixture *x = make(0);
	int r = -ENOMEM;

	(void)state;
	json_set_alloc_funcs(failing_malloc, free);
	for (size_t n = 0; r; n += 1 + n / 100) {
		char *text = NULL;
		size_t len;
		struct out o = { .f = open_memstream(&text, &len) };

		allocs_left = n;
		r = renderer_find("json")->finish(&o, &x->r);
		fclose(o.f);
		assert_true(r == -ENOMEM || r == 0);
		assert_int_equal(!len, r != 0);
		free(text);
		assert_true(n < 100000);
	}
	json_set_alloc_funcs(malloc, free);
	free(x);
}

static void schema_text(void **state)
{
	char *file = slurp("user/render/schema/report.schema.json");

	(void)state;
	assert_string_equal(render_schema(), file);
	free(file);
}

static void table(void **state)
{
	(void)state;
	for (size_t n = 0; renderers[n]; n++) {
		assert_ptr_equal(renderer_find(renderers[n]->name), renderers[n]);
		assert_non_null(renderers[n]->help);
	}
	assert_null(renderer_find("no such format"));
}

/* In Chinese, without any locale of that name: same limits, same codes; JSON stays as it is. */
static void chinese(void **state)
{
	char locale_dir[512], *slash;
	ssize_t n = readlink("/proc/self/exe", locale_dir, sizeof(locale_dir) - 32);

	(void)state;
	assert_true(n > 0);
	locale_dir[n] = 0;
	for (int up = 0; up < 3; up++) { /* $O/tests/unit/test_render */
		slash = strrchr(locale_dir, '/');
		assert_non_null(slash);
		*slash = 0;
	}
	strcat(locale_dir, "/locale");
	setenv("ZTRACE_LOCALEDIR", locale_dir, 1);
	assert_int_equal(i18n_init("fr"), -EINVAL);
	if (i18n_init("zh_CN") == -ENOENT) {
		print_message("SKIP chinese: no %s (make locale)\n", locale_dir);
		skip();
	}
	assert_string_equal(i18n_lang(), "zh_CN");
	golden("text", ".zh_CN.txt");
	golden("json", ".json");
	screen_limits(state);
	assert_int_equal(i18n_init("en_GB.UTF-8"), 0);
	assert_string_equal(_("used:"), "used:");
	setenv("LC_ALL", "zh_CN.UTF-8", 1);
	assert_int_equal(i18n_init(NULL), 0);
	assert_string_not_equal(_("used:"), "used:");
	setenv("ZTRACE_LANG", "en", 1); /* before LC_ALL */
	assert_int_equal(i18n_init(NULL), 0);
	assert_string_equal(_("used:"), "used:");
	unsetenv("ZTRACE_LANG");
	unsetenv("LC_ALL");
	assert_string_equal(getenv("LANGUAGE"), "zh_CN");
	i18n_child_env();
	assert_null(getenv("LANGUAGE"));
}

static int set_up(void **state)
{
	(void)state;
	unsetenv("LANGUAGE");
	return i18n_init("en");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_golden), cmocka_unit_test(json_golden),	    cmocka_unit_test(screen_limits),
		cmocka_unit_test(curve_goes_first),
		cmocka_unit_test(curve_without_blocks),
		cmocka_unit_test(colour),      cmocka_unit_test(screen_never_drops), cmocka_unit_test(quiet),
		cmocka_unit_test(commands),    cmocka_unit_test(json_schema),	    cmocka_unit_test(schema_text),
		cmocka_unit_test(table),       cmocka_unit_test(chinese),	    cmocka_unit_test(json_is_harmless),
		cmocka_unit_test(json_no_memory),
	};

	return cmocka_run_group_tests_name("render", tests, set_up, NULL);
}
