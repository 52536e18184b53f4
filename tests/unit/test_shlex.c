// SPDX-License-Identifier: GPL-2.0
/* Expansion and splitting against what BuildKit's shell package gives (its envVarTest and wordsTest
 * tables, re-derived). */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "builder/shlex.h"

static struct df_str get(void *ctx, struct df_str name)
{
	static const char *const env[][2] = {
		{ "PWD", "/home" }, { "SHELL", "bash" },   { "NULL", "" }, { "V", "aXbXcX" },
		{ "W", "a b" },	    { "D", "a.b.tar.gz" }, { "S", "a*b" }, { "U", "aéb" },
	};

	(void)ctx;
	for (size_t i = 0; i < sizeof(env) / sizeof(env[0]); i++)
		if (df_str_is(name, env[i][0]))
			return (struct df_str){ env[i][1], strlen(env[i][1]) };
	return (struct df_str){ 0 };
}

struct row {
	const char *in, *out; /* NULL: an error */
};

static void check(const struct shlex *lex, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct df_buf out = { 0 };
		int err = shlex_word(lex, (struct df_str){ rows[i].in, strlen(rows[i].in) }, &out);

		if (!rows[i].out != (err != 0))
			fail_msg("%s: error %d", rows[i].in, err);
		if (rows[i].out && strcmp(out.p ? out.p : "", rows[i].out))
			fail_msg("%s: got %s, want %s", rows[i].in, out.p ? out.p : "",
				 rows[i].out);
		df_buf_free(&out);
	}
}

#define ROWS(r) r, sizeof(r) / sizeof((r)[0])

static void test_value(void **state)
{
	static const struct row rows[] = {
		{ "hello", "hello" },
		{ "he'll'o", "hello" },
		{ "he'llo", NULL },
		{ "he\\'llo", "he'llo" },
		{ "he\\\\'llo", NULL },
		{ "abc\\tdef", "abctdef" },
		{ "abc\\\\tdef", "abc\\tdef" },
		{ "\"he\\\"llo\"", "he\"llo" },
		{ "\"he'llo\"", "he'llo" },
		{ "\"a\\nb\"", "a\\nb" },
		{ "'a\\nb'", "a\\nb" },
		{ "he$PWD", "he/home" },
		{ "he$UNKNOWN", "he" },
		{ "he$", "he$" },
		{ "he${}xx", NULL },
		{ "he${PWD}", "he/home" },
		{ "he${PWD", NULL },
		{ "he${UNKNOWN}xx", "hexx" },
		{ "he${:}xx", NULL },
		{ "he${XXX:-0}", "he0" },
		{ "he${PWD:-0}", "he/home" },
		{ "he${NULL:-x}", "hex" },
		{ "he${NULL-x}", "he" },
		{ "he${XXX-x}", "hex" },
		{ "he${PWD:+x}", "hex" },
		{ "he${NULL:+x}", "he" },
		{ "he${NULL+x}", "hex" },
		{ "he${XXX:-${PWD}${NULL:-z}}", "he/homez" },
		{ "${XXX:-'a}b'}", "a}b" },
		{ "${XXX:?no}", NULL },
		{ "${NULL:?no}", NULL },
		{ "${NULL?no}", "" },
		{ "${PWD:?no}", "/home" },
		{ "$1", "" },
		{ "$12x", "x" },
		{ "$*x", "x" },
		{ "he\\$PWD", "he$PWD" },
		{ "'$PWD'", "$PWD" },
		{ "\"$PWD\"", "/home" },
		{ "\"\\$PWD\"", "$PWD" },
		{ "a<<b", "a<<b" },
		{ "x\\", "x" },
		{ "${V#*X}", "bXcX" },
		{ "${V##*X}", "" },
		{ "${V%X*}", "aXbXc" },
		{ "${V%%X*}", "a" },
		{ "${D%.*}", "a.b.tar" },
		{ "${D%%.*}", "a" },
		{ "${D#?}", ".b.tar.gz" },
		{ "${D%}", "a.b.tar.gz" },
		{ "${S#a\\*}", "b" },
		{ "${S%\\*b}", "a" },
		{ "${S#a\\x}", NULL },
		{ "${U#a?}", "b" },
		{ "${V/X/-}", "a-bXcX" },
		{ "${V//X/-}", "a-b-c-" },
		{ "${V/X*/}", "a" },
		{ "${V//?X/z}", "zzz" },
		{ "${V//X/$PWD}", "a/homeb/homec/home" },
		{ "${V/\\//x}", "aXbXcX" },
		{ "${V/X}", NULL },
		{ "${PWD^}", NULL },
		{ "${PWD:#x}", NULL },
		{ "中$PWD，x", "中/home，x" },
	};
	struct shlex lex = { .escape = '\\', .get = get };

	(void)state;
	check(&lex, ROWS(rows));
}

static void test_run_name(void **state)
{
	static const struct row rows[] = {
		{ "echo \"$PWD\" '$PWD'", "echo \"/home\" '$PWD'" },
		{ "echo $NO ${NO}", "echo $NO ${NO}" },
		{ "${NO:-x} ${NO%y} ${NO/a/b}", "${NO:-x} ${NO%y} ${NO/a/b}" },
		{ "${NO:1:2}", "${NO:1:2}" },
		{ "a\\ b \"\\$x\"", "a b \"$x\"" },
		{ "$(cat $PWD)", "$(cat /home)" },
		{ "$$ $? ${#PWD}", NULL },
		{ "it's", NULL },
	};
	struct shlex lex = { .escape = '\\', .get = get, .raw_quotes = true, .skip_unset = true };

	(void)state;
	check(&lex, ROWS(rows));
}

static void test_old_forms(void **state)
{
	static const struct row v08[] = { { "${PWD:-x}", "/home" }, { "${NO?x}", NULL },
					  { "${NULL?x}", "" },	    { "${NO-x}", NULL },
					  { "${PWD#/}", NULL },	    { "${PWD/h/x}", NULL } };
	static const struct row v12[] = { { "${NO-x}", "x" }, { "${PWD#/}", NULL } };
	static const struct row v13[] = { { "${PWD#/}", "home" }, { "${PWD/h/x}", "/xome" } };
	struct shlex lex = { .escape = '\\', .get = get, .minor = 8 };

	(void)state;
	check(&lex, ROWS(v08));
	lex.minor = 12;
	check(&lex, ROWS(v12));
	lex.minor = 13;
	check(&lex, ROWS(v13));
}

static void test_backtick(void **state)
{
	static const struct row rows[] = { { "c:\\dir", "c:\\dir" },
					   { "`$PWD", "$PWD" },
					   { "\"`\"\"", "\"" } };
	struct shlex lex = { .escape = '`', .get = get };

	(void)state;
	check(&lex, ROWS(rows));
}

static void words_are(const struct shlex *lex, const char *in, const char *want, size_t bytes,
		      int n)
{
	struct df_buf out = { 0 };
	int got = shlex_words(lex, (struct df_str){ in, strlen(in) }, &out);

	if (got != n)
		fail_msg("%s: %d words, want %d", in, got, n);
	if (n > 0) {
		assert_int_equal(out.len, bytes);
		assert_memory_equal(out.p, want, bytes);
	}
	df_buf_free(&out);
}
#define WORDS(lex, in, n, want) words_are(lex, in, want, sizeof(want) - 1, n)

static void test_words(void **state)
{
	struct shlex lex = { .escape = '\\', .get = get };
	struct shlex raw = {
		.escape = '\\', .raw_quotes = true, .raw_escapes = true, .skip_unset = true
	};

	(void)state;
	WORDS(&lex, "a  b\tc", 3, "a\0b\0c\0");
	WORDS(&lex, "a 'b c' \"d e\"", 3, "a\0b c\0d e\0");
	WORDS(&lex, "$W $W", 4, "a\0b\0a\0b\0");
	WORDS(&lex, "\"$W\" x\\ y", 2, "a b\0x y\0");
	WORDS(&lex, "   ", 0, "");
	WORDS(&lex, "a 'b", -EINVAL, "");
	WORDS(&raw, "RUN cat <<EOF 3<<-\"E F\"", 4,
	      "RUN\0cat\0<<EOF\0"
	      "3<<-\"E F\"\0");
	WORDS(&raw, "cat << EOF", 2, "cat\0<< EOF\0");
	raw.minor = 13;
	WORDS(&raw, "cat << EOF", 3, "cat\0<<\0EOF\0");
}

static void test_bounds(void **state)
{
	struct shlex lex = { .escape = '\\', .get = get };
	unsigned long work = 1000;
	char deep[4096];
	struct df_buf out = { .max = 1000 };

	(void)state;
	memset(deep, 0, sizeof(deep));
	for (int i = 0; i < 500; i++)
		memcpy(deep + i * 5, "${a:-", 5);
	assert_int_equal(shlex_word(&lex, (struct df_str){ deep, 2500 }, &out), -E2BIG);
	memset(deep, 'x', sizeof(deep));
	assert_int_equal(shlex_word(&lex, (struct df_str){ deep, sizeof(deep) }, &out), -E2BIG);
	df_buf_free(&out);
	out.max = 0;
	out.failed = false;
	lex.work = &work;
	assert_int_equal(shlex_word(&lex, (struct df_str){ deep, sizeof(deep) }, &out), -E2BIG);
	df_buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_value),	  cmocka_unit_test(test_run_name),
		cmocka_unit_test(test_old_forms), cmocka_unit_test(test_backtick),
		cmocka_unit_test(test_words),	  cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
