/* SPDX-License-Identifier: GPL-2.0 */
/* The text form: every event comes back byte for byte, and what is printed can do a terminal no harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "trace/event.h"
#include "trace/fields.h"
#include "trace/text.h"

union event {
	struct zt_ev h;
	struct zt_ev_exec exec;
	struct zt_ev_proc proc;
	struct zt_ev_kill kill;
	struct zt_ev_level level;
	struct zt_ev_cgroup cgroup;
	struct zt_ev_exit exit;
	struct zt_ev_hook hook;
	struct zt_ev_file file;
	struct zt_ev_start start;
	char bytes[ZT_EV_SIZE_MAX];
};

static const unsigned int all_kinds[] = {
#define ZT_X(nr, name) nr,
	ZT_EVENTS(ZT_X)
#undef ZT_X
};

static char *print(const struct zt_ev *ev, size_t *len)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, len);

	assert_int_equal(text_print(f, ev), 0);
	fclose(f);
	return text;
}

static void check_round_trip(const union event *ev)
{
	static union event back;
	char err[256] = "";
	size_t len;
	char *text __free = print(&ev->h, &len);

	if (text_parse(text, len, &back.h, sizeof(back), err, sizeof(err)))
		fail_msg("%s: %s", err, text);
	if (back.h.size != ev->h.size || memcmp(&back, ev, ev->h.size))
		fail_msg("%s is not the same event any more: %s", zt_kind_name(ev->h.kind), text);
	/* One line, pure text, and JSON to somebody else too */
	assert_int_equal(text[len - 1], '\n');
	for (size_t i = 0; i + 1 < len; i++)
		assert_true((unsigned char)text[i] >= 0x20 && text[i] != 0x7f);
}

/* Contents of several tastes: random bytes, mostly text, sparse numbers, all ones. */
static char some_byte(unsigned int taste, unsigned int *seed)
{
	int r = rand_r(seed) >> 8;

	switch (taste) {
	case 0:
		return (char)r;
	case 1:
		return "ab \"\\\n\033\177\0\xc3\xa9\xe2\x80\xae\xff/"[r % 16];
	case 2:
		return (char)(r % 16 ? 0 : r >> 8);
	default:
		return (char)0xff;
	}
}

static void fill(union event *ev, unsigned int kind, unsigned int taste, unsigned int *seed)
{
	size_t fixed = zt_kind_fixed(kind), tail = (size_t)(rand_r(seed) >> 4) % 200;
	const struct field *d;

	if (rand_r(seed) % 8 == 0)
		tail = 0;
	for (size_t i = 0; i < fixed + tail; i++)
		ev->bytes[i] = some_byte(taste, seed);
	ev->h.kind = (zt_u16)kind;
	ev->h.fixed = (zt_u16)fixed;
	ev->h.size = (zt_u32)(fixed + tail);
	if (tail && rand_r(seed) % 2)
		ev->bytes[fixed + tail - 1] = 0;
	for (d = kind_fields(kind)->fields; d->name; d++)
		if (d->type == FIELD_COMM)
			ev->bytes[d->offset + (unsigned int)rand_r(seed) % ZT_COMM_LEN] = 0;
}

static void test_round_trip(void **state)
{
	static union event ev;
	unsigned int seed = 137;

	(void)state;
	for (size_t k = 0; k < ARRAY_SIZE(all_kinds); k++)
		for (unsigned int n = 0; n < 400; n++) {
			fill(&ev, all_kinds[k], n % 4, &seed);
			assert_int_equal(ev_check(&ev.h), 0);
			check_round_trip(&ev);
		}
}

/* Tails as their structs say must read as strings, not as hex. */
static void test_good_tails_are_strings(void **state)
{
	static union event ev;

	(void)state;
	for (size_t k = 0; k < ARRAY_SIZE(all_kinds); k++) {
		const struct tail *t = kind_fields(all_kinds[k])->tail;
		size_t fixed = zt_kind_fixed(all_kinds[k]), len;
		char *text;

		memset(&ev, 0, sizeof(ev));
		ev.h = (struct zt_ev){ .kind = (zt_u16)all_kinds[k], .fixed = (zt_u16)fixed, .size = (zt_u32)fixed };
		for (int i = 0; t->strings[i]; i++)
			ev.h.size += (zt_u32)sprintf(ev.bytes + ev.h.size, "string %d", i) + 1;
		if (t->argv)
			ev.h.size += (zt_u32)sprintf(ev.bytes + ev.h.size, "one%ctwo", 0) + 1;
		if (t->bytes)
			ev.h.size += (zt_u32)sprintf(ev.bytes + ev.h.size, "FROM scratch\n");
		check_round_trip(&ev);
		text = print(&ev.h, &len);
		assert_null(strstr(text, "_hex"));
		for (int i = 0; t->strings[i]; i++) {
			char want[64];

			snprintf(want, sizeof(want), "\"%s\":\"string %d\"", t->strings[i], i);
			assert_non_null(strstr(text, want));
		}
		if (t->argv) {
			char want[64];

			snprintf(want, sizeof(want), "\"%s\":[\"one\",\"two\"]", t->argv);
			assert_non_null(strstr(text, want));
		}
		if (t->bytes)
			assert_non_null(strstr(text, "\"bytes\":\"FROM scratch\\u000a\""));
		free(text);
	}
}

/* Every byte of every struct belongs to one field: setting any of them shows in the text. */
static void test_every_byte_is_described(void **state)
{
	static union event ev;

	(void)state;
	for (size_t k = 0; k < ARRAY_SIZE(all_kinds); k++) {
		size_t fixed = zt_kind_fixed(all_kinds[k]), len;
		char *zero;

		memset(&ev, 0, fixed);
		ev.h = (struct zt_ev){ .kind = (zt_u16)all_kinds[k], .fixed = (zt_u16)fixed, .size = (zt_u32)fixed };
		zero = print(&ev.h, &len);
		for (size_t i = offsetof(struct zt_ev, flags); i < fixed; i++) {
			char *text;

			ev.bytes[i] = 1;
			text = print(&ev.h, &len);
			assert_string_not_equal(text, zero);
			free(text);
			ev.bytes[i] = 0;
		}
		free(zero);
	}
}

static void assert_prints(const union event *ev, const char *want)
{
	size_t len;
	char *text __free = print(&ev->h, &len);

	if (!strstr(text, want))
		fail_msg("no %s in %s", want, text);
}

static void test_hostile_strings(void **state)
{
	static union event ev;
	static const char evil[] = "\033]0;x\a\xe2\x80\xae\xc2\x9b\x31m\xff\"\\\n";

	(void)state;
	ev.proc = (struct zt_ev_proc){ .h = { .kind = ZT_proc, .fixed = sizeof(ev.proc) } };
	memcpy(ev.proc.comm, "\xff\xfe\033[2J", 7);
	memcpy(ev.bytes + sizeof(ev.proc), evil, sizeof(evil));
	ev.h.size = sizeof(ev.proc) + sizeof(evil);
	check_round_trip(&ev);
	assert_prints(&ev, "\"comm\":\"\\ufffd\\ufffd\\u001b[2J\",\"comm_hex\":\"fffe1b5b324a00000000000000000000\"");
	assert_prints(&ev, "\"argv\":[\"\\u001b]0;x\\u0007\\u202e\\u009b1m\\ufffd\\\"\\\\\\u000a\"],\"argv_hex\"");

	/* U+FFFD itself, overlong forms, surrogates, past the last code point, cut sequences */
	memset(&ev, 0, sizeof(ev.proc));
	ev.h = (struct zt_ev){ .kind = ZT_note, .fixed = 48, .size = 48 };
	ev.h.size += (zt_u32)sprintf(ev.bytes + 48, "%s%c%s", "\xef\xbf\xbd", 0,
				     "\xc0\x80|\xe0\x80\x80|\xed\xa0\x80|\xf4\x90\x80\x80|\xe2\x82") + 1;
	check_round_trip(&ev);
	assert_prints(&ev, "\"code\":\"\xef\xbf\xbd\",\"text\":");
	assert_prints(&ev, "|\\ufffd\\ufffd\",\"text_hex\"");
}

static void test_numbers(void **state)
{
	static union event ev;

	(void)state;
	ev.cgroup = (struct zt_ev_cgroup){
		.h = { .kind = ZT_cgroup, .fixed = sizeof(ev.cgroup), .size = sizeof(ev.cgroup),
		       .ts_ns = 18446744073709551615ULL, .flags = ZT_F_CGROUP_SNAPSHOT | 1u << 29 },
		.mem = { .id = 1ULL << 60, .limit_bytes = ZT_NO_LIMIT, .usage_bytes = 1ULL << 53,
			 .peak_bytes = (1ULL << 53) + 1, .flags = ZT_F_MEMCG_STATS },
	};
	check_round_trip(&ev);
	assert_prints(&ev, "\"ts_ns\":\"18446744073709551615\"");
	assert_prints(&ev, "\"flags\":[\"snapshot\",\"0x20000000\"]");
	assert_prints(&ev, "\"id\":\"1152921504606846976\"");
	assert_prints(&ev, "\"limit_bytes\":\"max\"");
	assert_prints(&ev, "\"usage_bytes\":9007199254740992,");
	assert_prints(&ev, "\"peak_bytes\":\"9007199254740993\"");
	assert_prints(&ev, "\"flags\":[\"stats\"]");
	assert_prints(&ev, "\"tail_hex\":\"\""); /* no path, not an empty one */
}

static int parse(const char *line, union event *ev, char *err, size_t errlen)
{
	memset(ev, 0xee, sizeof(*ev)); /* what is not written must become 0 */
	*err = 0;
	return text_parse(line, strlen(line), &ev->h, sizeof(*ev), err, errlen);
}

static void test_by_hand(void **state)
{
	static union event ev;
	char err[256];
	const char *s[3];
	size_t len;

	(void)state;
	assert_int_equal(parse("{\"kind\":\"exec\",\"ts_ns\":\"12s\",\"who\":77,\"parent\":{\"tgid\":5,\"start_ns\":\"3ms\"},"
			       "\"comm\":\"make\",\"argv\":[\"make\",\"-j8\"],\"oom_score_adj\":-500,\"flags\":[\"entry\"]}",
			       &ev, err, sizeof(err)), 0);
	assert_int_equal(ev.h.ts_ns, 12000000000ULL);
	assert_int_equal(ev.h.who.tgid, 77);
	assert_int_equal(ev.h.who.tid, 77);
	assert_int_equal(ev.exec.parent.tid, 5);
	assert_int_equal(ev.exec.parent.start_ns, 3000000);
	assert_int_equal(ev.exec.oom_score_adj, -500);
	assert_int_equal(ev.h.flags, ZT_F_EXEC_ENTRY);
	assert_int_equal(ev.exec.argv_bytes, 9);
	assert_int_equal(ev.exec.argv_total_bytes, 9);
	assert_int_equal(ev.exec.uid, 0);
	assert_string_equal(ev.exec.comm, "make");
	assert_int_equal(ev_tail_strings(&ev.h, s, 3), 2);
	assert_string_equal(s[1], "-j8");

	assert_int_equal(parse("{\"kind\":\"level\",\"mem\":{\"limit_bytes\":\"64M\",\"swap_limit_bytes\":\"max\",\"id\":\"0x1f\"}}",
			       &ev, err, sizeof(err)), 0);
	assert_int_equal(ev.level.mem.limit_bytes, 64 << 20);
	assert_true(ev.level.mem.swap_limit_bytes == ZT_NO_LIMIT);
	assert_int_equal(ev.level.mem.id, 31);
	assert_string_equal(ev_tail(&ev.h, &len), "");
	assert_int_equal(len, 1);

	assert_int_equal(parse("{\"kind\":\"hook\",\"state\":\"failed\",\"fact\":\"victim\",\"via\":\"x\"}", &ev, err,
			       sizeof(err)), 0);
	assert_int_equal(ev.hook.state, ZT_HOOK_FAILED);
	assert_int_equal(ev_tail_strings(&ev.h, s, 3), 3);
	assert_string_equal(s[2], "");
	assert_int_equal(parse("{\"kind\":\"start\",\"utc_offset_s\":-3600}", &ev, err, sizeof(err)), 0);
	assert_int_equal(ev.start.utc_offset_s, -3600);
}

static void test_bad_lines(void **state)
{
	static const struct { const char *line, *why; int want; } bad[] = {
		{ "", "", -EINVAL },
		{ "{", "", -EINVAL },
		{ "[]", "not a JSON object", -EINVAL },
		{ "{}", "no \"kind\"", -EINVAL },
		{ "{\"kind\":7}", "no \"kind\"", -EINVAL },
		{ "{\"kind\":\"oops\\u001b\"}", "\"oops?\" is no kind", -EINVAL },
		{ "{\"kind\":\"end\",\"kind\":\"end\"}", "duplicate", -EINVAL },
		{ "{\"kind\":\"end\",\"size\":48}", "has no \"size\"", -EINVAL },
		{ "{\"kind\":\"end\",\"tail\":\"\"}", "has no \"tail\"", -EINVAL },
		{ "{\"kind\":\"end\",\"argv\":[]}", "has no \"argv\"", -EINVAL },
		{ "{\"kind\":\"exec\",\"uid_hex\":\"\"}", "has no \"uid_hex\"", -EINVAL },
		{ "{\"kind\":\"exec\",\"who\":{\"pid\":1}}", "has no \"pid\"", -EINVAL },
		{ "{\"kind\":\"kill\",\"rss\":{\"anon\":1}}", "has no \"anon\"", -EINVAL },
		{ "{\"kind\":\"kill\",\"rss\":1}", "rss: not an object", -EINVAL },
		{ "{\"kind\":\"end\",\"cpu\":-1}", "cpu", -EINVAL },
		{ "{\"kind\":\"end\",\"cpu\":4294967296}", "cpu: out of range", -EINVAL },
		{ "{\"kind\":\"end\",\"cpu\":1.5}", "cpu", -EINVAL },
		{ "{\"kind\":\"end\",\"cpu\":\"5M\"}", "cpu", -EINVAL },
		{ "{\"kind\":\"end\",\"cpu\":\" 5\"}", "cpu", -EINVAL },
		{ "{\"kind\":\"end\",\"cpu\":\"\"}", "cpu", -EINVAL },
		{ "{\"kind\":\"end\",\"ts_ns\":\"99999999999s\"}", "ts_ns", -EINVAL },
		{ "{\"kind\":\"end\",\"ts_ns\":\"max\"}", "ts_ns", -EINVAL },
		{ "{\"kind\":\"exit\",\"exit_code\":2147483648}", "exit_code: out of range", -EINVAL },
		{ "{\"kind\":\"kill\",\"points\":\"-\"}", "points", -EINVAL },
		{ "{\"kind\":\"kill\",\"points\":\"9223372036854775808\"}", "points", -EINVAL },
		{ "{\"kind\":\"kill\",\"points\":1.5}", "points", -EINVAL },
		{ "{\"kind\":\"end\",\"flags\":1}", "flags", -EINVAL },
		{ "{\"kind\":\"exec\",\"flags\":[\"nope\"]}", "flags", -EINVAL },
		{ "{\"kind\":\"exit\",\"comm\":\"sixteen-bytes-xx\"}", "comm", -EINVAL },
		{ "{\"kind\":\"exit\",\"comm_hex\":\"61616161616161616161616161616161\"}", "NUL", -EINVAL },
		{ "{\"kind\":\"exit\",\"comm_hex\":\"6\"}", "comm_hex", -EINVAL },
		{ "{\"kind\":\"exit\",\"comm_hex\":\"6g\"}", "comm_hex", -EINVAL },
		{ "{\"kind\":\"exit\",\"comm_hex\":\"6161616161616161616161616161616100\"}", "too long", -EMSGSIZE },
		{ "{\"kind\":\"note\",\"text\":\"a\\u0000b\"}", "text", -EINVAL },
		{ "{\"kind\":\"exec\",\"argv\":\"ls\"}", "argv: not a list", -EINVAL },
		{ "{\"kind\":\"exec\",\"argv\":[1]}", "argv", -EINVAL },
		{ "{\"kind\":\"file\",\"bytes\":[1]}", "bytes", -EINVAL },
	};
	static union event ev;
	static char long_line[ZT_EV_SIZE_MAX + 100];
	char err[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		int r = parse(bad[i].line, &ev, err, sizeof(err));

		if (r != bad[i].want || !*err || !strstr(err, bad[i].why))
			fail_msg("%s: %d, %s", bad[i].line, r, err);
		for (const char *p = err; *p; p++)
			assert_true(*p >= 0x20 && *p < 0x7f);
	}
	memset(long_line, 'x', sizeof(long_line));
	memcpy(long_line, "{\"kind\":\"file\",\"bytes\":\"", 24);
	memcpy(long_line + sizeof(long_line) - 3, "\"}", 3);
	assert_int_equal(parse(long_line, &ev, err, sizeof(err)), -EMSGSIZE);
	assert_int_equal(text_parse("{\"kind\":\"kill\"}", 15, &ev.h, sizeof(struct zt_ev_kill) - 1, err, sizeof(err)),
			 -EMSGSIZE);
	assert_int_equal(text_parse("{\"kind\":\"kill\"}", 15, &ev.h, sizeof(struct zt_ev_kill), err, sizeof(err)), 0);
}

static void test_malformed_event(void **state)
{
	static union event ev;
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	(void)state;
	ev.h = (struct zt_ev){ .kind = ZT_exec, .fixed = 48, .size = 48 };
	assert_int_equal(text_print(f, &ev.h), -EBADMSG);
	ev.h.kind = 55;
	assert_int_equal(text_print(f, &ev.h), -ENOENT);
	fclose(f);
	assert_int_equal(len, 0);
	free(text);
	f = fopen("/dev/full", "w");
	setvbuf(f, NULL, _IONBF, 0);
	ev.h.kind = ZT_end;
	assert_int_equal(text_print(f, &ev.h), -EIO);
	fclose(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_good_tails_are_strings),
		cmocka_unit_test(test_every_byte_is_described),
		cmocka_unit_test(test_hostile_strings),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_by_hand),
		cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_malformed_event),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
