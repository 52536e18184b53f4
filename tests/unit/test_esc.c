// SPDX-License-Identifier: GPL-2.0
// Hostile text on its way to a terminal or into JSON; columns and line breaks; opening of output files.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/esc.h"
#include "base/esc_sink.h"
#include "base/out.h"
#include "base/width.h"

static void term(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "", "" },
		{ "make -j8", "make -j8" },
		{ "##[error]x ##vso[a]b ##teamcity[c] ###[d]", "# #[error]x # #vso[a]b # #teamcity[c] ## #[d]" },
		{ "::set-env name=A::b", ": :set-env name=A::b" }, /* what CI jobs' logs are searched for */
		{ "std::vector ::1 a ::b c::d", "std::vector ::1 a : :b c::d" },
		{ "a\\b", "a\\b" },
		{ "a\x1b[31mb", "a\\x1b[31mb" },
		{ "a\r\n\tb\x7f\x01", "a\\r\\n\\tb\\x7f\\x01" },
		{ "\xc2\x9b"
		  "31m",
		  "\\u009b31m" },				    /* C1 CSI as UTF-8 */
		{ "\x9b" "31m", "\xef\xbf\xbd" "31m" },		    /* and raw */
		{ "x\xe2\x80\xae" "cod.exe", "x\\u202ecod.exe" },    /* right-to-left override */
		{ "pay\xe2\x80\x8bpal", "pay\\u200bpal" },	    /* zero-width space */
		{ "\xe2\x80\xa8", "\\u2028" },
		{ "\xf3\xa0\x81\x81", "\\U000e0041" },		    /* a tag */
		{ "\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd" },	    /* overlong */
		{ "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" }, /* surrogate */
		{ "\xe4\xb8", "\xef\xbf\xbd\xef\xbf\xbd" },	    /* cut short */
		{ "编译 src/主.c", "编译 src/主.c" },
		{ "\xcc\x81x", "\xef\xbf\xbdx" },		    /* would sit on our own text */
		{ "e\xcc\x81", "e\xcc\x81" },
		{ "e\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81", "e\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xef\xbf\xbd" },
	};
	char buf[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t n = esc_term_str(buf, sizeof(buf), cases[i].in, 0);

		assert_string_equal(buf, cases[i].out);
		assert_int_equal(n, strlen(buf));
	}
	esc_term(buf, sizeof(buf), "a\0b", 3, 0);
	assert_string_equal(buf, "a\\x00b");
}

static void term_limits(void **state)
{
	char buf[64], tiny[6];

	(void)state;
	esc_term_str(buf, sizeof(buf), "abcdef", 6);
	assert_string_equal(buf, "abcdef");
	esc_term_str(buf, sizeof(buf), "abcdefg", 6);
	assert_string_equal(buf, "abcde…");
	esc_term_str(buf, sizeof(buf), "内存不足了", 10);
	assert_string_equal(buf, "内存不足了");
	esc_term_str(buf, sizeof(buf), "内存不足了", 9);
	assert_string_equal(buf, "内存不足…");
	esc_term_str(buf, sizeof(buf), "内存不足了", 8); /* half a character has no place */
	assert_string_equal(buf, "内存不…");
	esc_term_str(buf, sizeof(buf), "abc\x1b", 6); /* nor has half an escape */
	assert_string_equal(buf, "abc…");
	esc_term_str(buf, sizeof(buf), "ab", 1);
	assert_string_equal(buf, "…");
	assert_int_equal(esc_term_str(tiny, sizeof(tiny), "abcdefgh", 0), 5);
	assert_string_equal(tiny, "ab…");
	assert_int_equal(esc_term_str(tiny, 1, "abc", 0), 0);
	assert_int_equal(esc_term_str(tiny, 0, "abc", 0), 0);
}

static void json(void **state)
{
	static const char text[] = "\"a\x7f\xc2\x9b\xe2\x80\xae\xf3\xa0\x81\x81 内\\n\"\n";
	char buf[64], *shown = NULL;
	size_t n;
	FILE *f = open_memstream(&shown, &n);

	(void)state;
	assert_int_equal(esc_utf8(buf, sizeof(buf), "a\xff\xe4\xb8 内", 8), 14);
	assert_string_equal(buf, "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd 内" /* 0xff, and two of a cut character */);
	assert_int_equal(esc_utf8(buf, 4, "\xff\xff", 2), 3);
	assert_non_null(f);
	assert_int_equal(esc_json_write(f, text, sizeof(text) - 1), 0);
	fclose(f);
	assert_string_equal(shown, "\"a\\u007f\\u009b\\u202e\\udb40\\udc41 内\\n\"\n");
	free(shown);
}

static void columns(void **state)
{
	(void)state;
	assert_int_equal(width_of('a'), 1);
	assert_int_equal(width_of(0x5185), 2);	 /* 内 */
	assert_int_equal(width_of(0xff1a), 2);	 /* ： */
	assert_int_equal(width_of(0x1f600), 2);	 /* 😀 */
	assert_int_equal(width_of(0x301), 0);
	assert_int_equal(width_of(0x2588), 1);	 /* █ */
	assert_int_equal(width_of(0xe000), 1);	 /* private use */
	assert_int_equal(width_of(0x1b), -1);
	assert_int_equal(width_of(0x200d), -1);
	assert_int_equal(width_of(0x110000), -1);
	assert_int_equal(width_text("内存 ok", strlen("内存 ok")), 7);
	assert_int_equal(width_fit("内存", strlen("内存"), 3), 3);
}

static void check_wrap(const char *text, size_t cols, const char *expected)
{
	char got[512] = "";
	size_t len = strlen(text), at = 0;

	while (at < len) {
		size_t next, n = width_break(text + at, len - at, cols, &next);

		strncat(got, text + at, n);
		strcat(got, "|");
		assert_true(next > 0);
		at += next;
	}
	assert_string_equal(got, expected);
}

static void wrap(void **state)
{
	(void)state;
	check_wrap("one two three", 13, "one two three|");
	check_wrap("one two three", 12, "one two|three|");
	check_wrap("one two three", 7, "one two|three|");
	check_wrap("one two  three ", 6, "one|two|three|");
	check_wrap("abcdefghij xy", 4, "abcd|efgh|ij|xy|");
	check_wrap("内存不足，被终止", 8, "内存不|足，被终|止|"); /* no line begins with a comma */
	check_wrap("用 -j3 编译", 6, "用 -j3|编译|");
	check_wrap("内存", 1, "内|存|"); /* no room at all: still goes on */
}

static void files(void **state)
{
	char dir[] = "/tmp/ztrace-out.XXXXXX", path[64], link_path[64], victim[64], text[16] = "";
	struct stat st;
	struct out o;
	FILE *f;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/report", dir);
	snprintf(link_path, sizeof(link_path), "%s/link", dir);
	snprintf(victim, sizeof(victim), "%s/victim", dir);

	assert_int_equal(out_open(&o, NULL, stdout, COLOR_NEVER), 0);
	assert_ptr_equal(o.f, stdout);
	assert_int_equal(out_close(&o), 0);

	f = fopen(path, "w"); /* 0644, with a second name */
	fputs("old", f);
	fclose(f);
	assert_int_equal(link(path, victim), 0);
	assert_int_equal(out_open(&o, path, stdout, COLOR_AUTO), 0);
	assert_false(o.color);
	fputs("new", o.f);
	assert_int_equal(out_close(&o), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_size, 3);
	f = fopen(victim, "r");
	assert_non_null(fgets(text, sizeof(text), f));
	fclose(f);
	assert_string_equal(text, "old"); /* what the other name stands for is untouched */

	assert_int_equal(symlink(victim, link_path), 0);
	assert_int_equal(out_open(&o, link_path, stdout, COLOR_AUTO), -ELOOP);
	assert_int_equal(out_open(&o, "/dev/null", stdout, COLOR_ALWAYS), 0);
	assert_true(o.color);
	assert_int_equal(out_close(&o), 0);
	assert_int_equal(stat("/dev/null", &st), 0);
	assert_true(S_ISCHR(st.st_mode));
	assert_int_equal(out_open(&o, "/nowhere/at/all", stdout, COLOR_AUTO), -ENOENT);
	assert_int_equal(out_open(&o, "/dev/full", stdout, COLOR_AUTO), 0);
	fputs("x", o.f);
	assert_int_equal(out_close(&o), -ENOSPC);

	unlink(path);
	unlink(link_path);
	unlink(victim);
	rmdir(dir);
}

static void color(void **state)
{
	struct out o;

	(void)state;
	unsetenv("NO_COLOR");
	setenv("FORCE_COLOR", "1", 1);
	out_open(&o, "/dev/null", stdout, COLOR_AUTO);
	assert_true(o.color);
	out_close(&o);
	setenv("NO_COLOR", "1", 1); /* wins */
	out_open(&o, "/dev/null", stdout, COLOR_AUTO);
	assert_false(o.color);
	out_close(&o);
	out_open(&o, "/dev/null", stdout, COLOR_ALWAYS);
	assert_true(o.color);
	out_close(&o);
	unsetenv("NO_COLOR");
	unsetenv("FORCE_COLOR");
}

static void sink(void (*put)(FILE *f, const char *s), const char *in, const char *want)
{
	char *out = NULL;
	size_t len;
	FILE *f = open_memstream(&out, &len);

	assert_non_null(f);
	put(f, in);
	assert_int_equal(fclose(f), 0);
	assert_string_equal(out, want);
	free(out);
}

static void message(FILE *f, const char *s)
{
	esc_github(f, s, 0);
}

static void property(FILE *f, const char *s)
{
	esc_github(f, s, 1);
}

static void issue(FILE *f, const char *s)
{
	esc_azure(f, s, 0);
}

static void issue_property(FILE *f, const char *s)
{
	esc_azure(f, s, 1);
}

static void sinks(void **state)
{
	(void)state;
	sink(esc_markup, "<a b=\"c\" d='e'>&amp;\x01\xff", "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;amp;\\x01\xef\xbf\xbd");
	sink(esc_gfm, "a|b `c` *d*", "a&#124;b &#96;c&#96; &#42;d&#42;");
	sink(esc_gfm, "- @me #1 a: b", "&#45; <span>&#64;</span>me <span>&#35;</span>1 a&#58; b");
	sink(esc_gfm, "  4. x", "&#32; 4&#46; x");
	sink(message, "50 %, a:b\r\n%0A", "50 %25, a:b\\r\\n%250A");
	sink(property, "a,b:c%", "a%2Cb%3Ac%25");
	sink(issue, "50 %; a]b\n%3B", "50 %AZP25; a]b\\n%AZP253B");
	sink(issue_property, "a;b]c%", "a%3Bb%5Dc%AZP25");
	sink(esc_teamcity, "it's a|b [c]\n", "it|'s a||b |[c|]\\n");
	sink(esc_prom, "a\"b\\c\n", "a\\\"b\\\\c\\\\n");
	sink(esc_uri, "a b/%c?#d:\xc3\xa4", "a%20b/%25c%3F%23d%3A%C3%A4");
}

static void assert_mode_and_text(const char *path, mode_t mode, const char *want)
{
	char text[16] = "";
	struct stat st;
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	assert_int_equal(fstat(fileno(f), &st), 0);
	assert_int_equal(st.st_mode & 07777, mode);
	assert_non_null(fgets(text, sizeof(text), f));
	fclose(f);
	assert_string_equal(text, want);
}

/* Readers that come at any time see the old file or the new one, whole. */
static void shared(void **state)
{
	char dir[] = "/tmp/ztrace-out.XXXXXX", path[64];
	struct out o;
	FILE *f;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/a.prom", dir);
	f = fopen(path, "w");
	fputs("old", f);
	fclose(f);
	chmod(path, 0600);
	for (int drop = 1; drop >= 0; drop--) {
		assert_int_equal(out_open_shared(&o, path, stdout, COLOR_AUTO), 0);
		fputs("new", o.f);
		fflush(o.f);
		assert_mode_and_text(path, 0600, "old");
		if (drop)
			out_drop(&o);
		else
			assert_int_equal(out_close(&o), 0);
	}
	assert_mode_and_text(path, 0644, "new");
	assert_int_equal(out_open_shared(&o, "/nowhere/at/all", stdout, COLOR_AUTO), -ENOENT);
	assert_int_equal(out_open_shared(&o, "/dev/null", stdout, COLOR_AUTO), 0);
	assert_int_equal(out_close(&o), 0);
	unlink(path);
	assert_int_equal(rmdir(dir), 0); /* nothing is left beside it */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(term),	   cmocka_unit_test(term_limits), cmocka_unit_test(json), cmocka_unit_test(columns),
		cmocka_unit_test(wrap),	   cmocka_unit_test(files),	  cmocka_unit_test(color),
		cmocka_unit_test(sinks),   cmocka_unit_test(shared),
	};

	return cmocka_run_group_tests_name("esc", tests, NULL, NULL);
}
