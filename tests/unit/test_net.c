/* SPDX-License-Identifier: GPL-2.0 */
/* What could not be reached, and whether a program ended for it: events into the model, and what is said of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "diagnose/diagnose.h"
#include "diagnose/net.h"
#include "model/model.h"

#define MS ((zt_u64)1000000)
#define V4(a, b, c, d) (0xffff00000000ull | (zt_u64)(a) << 24 | (b) << 16 | (c) << 8 | (d))
#define SHELL ((struct zt_id){ 10, 10, 1000 })
#define TOOL ((struct zt_id){ 11, 11, 2000 })

static struct model *m;
static zt_u64 now;

static void put(void *ev, enum zt_kind kind, size_t fixed, const char *tail, size_t len)
{
	union {
		struct zt_ev h;
		char bytes[1024];
	} b = { 0 };

	memcpy(b.bytes, ev, fixed);
	memcpy(b.bytes + fixed, tail, len);
	b.h.kind = (zt_u16)kind;
	b.h.fixed = (zt_u16)fixed;
	b.h.size = (zt_u32)(fixed + len);
	b.h.ts_ns = now += MS;
	assert_int_equal(model_apply(m, &b.h), 0);
}
#define PUT(kind, ev, tail) put(ev, ZT_##kind, sizeof(*(ev)), tail, sizeof(tail))

/* sh, which is traced, has started a program; argv: words with their NULs */
static void begin_with(const char *comm, const char *argv, size_t len)
{
	struct zt_ev_child child = { .h = { .flags = ZT_F_CHILD_STARTED, .who = SHELL } };
	struct zt_ev_exec sh = { .h.who = SHELL, .comm = "sh" }, tool = { .h.who = TOOL, .parent = SHELL };
	struct zt_ev_fork fork = { .h.who = SHELL, .child = TOOL };

	m = model_new();
	assert_non_null(m);
	now = 0;
	PUT(child, &child, "");
	PUT(exec, &sh, "sh");
	PUT(fork, &fork, "");
	strcpy(tool.comm, comm);
	put(&tool, ZT_exec, sizeof(tool), argv, len);
}

static void begin(const char *comm)
{
	begin_with(comm, comm, strlen(comm) + 1);
}

static void tried(enum zt_net_state state, int error, zt_u64 hi, zt_u64 lo, zt_u64 took_ns)
{
	struct zt_ev_connect e = { .h.who = TOOL, .state = state, .error = error, .port = 80, .addr_hi = hi, .addr_lo = lo,
				   .took_ns = took_ns, .comm = "x" };

	PUT(connect, &e, "a.test");
}

static void asked(enum zt_dns_what what, zt_u32 rcode, const char *wire, size_t len)
{
	struct zt_ev_dns e = { .h.who = TOOL, .what = what, .rcode = rcode, .qtype = 1, .server_lo = V4(10, 0, 0, 53), .comm = "x" };

	put(&e, ZT_dns, sizeof(e), wire, len);
}
#define ASKED(what, rcode, wire) asked(what, rcode, wire, sizeof(wire))

/* It and then the shell end with that code; what is said of that: "ZT3102 a.test", "": nothing */
static const char *end(int code)
{
	struct zt_ev_exit tool = { .h.who = TOOL, .exit_code = code << 8, .comm = "x" };
	struct zt_ev_exit sh = { .h.who = SHELL, .exit_code = code << 8, .comm = "sh" };
	struct zt_ev_end last = { 0 };
	static char said[300];
	struct report *r;

	PUT(exit, &tool, "");
	PUT(exit, &sh, "");
	r = report_new(m);
	assert_non_null(r);
	last.h = (struct zt_ev){ .kind = ZT_end, .size = sizeof(last), .fixed = sizeof(last), .ts_ns = now };
	diagnose(m, &last.h, r);
	said[0] = 0;
	assert_true(r->nincidents <= 1);
	if (r->incidents)
		snprintf(said, sizeof(said), "%s %s", r->incidents->code,
			 r->incidents->unreached && r->incidents->unreached->host ? r->incidents->unreached->host : "-");
	report_free(r);
	model_free(m);
	return said;
}

static void refused(void **state)
{
	(void)state;
	begin("curl");
	tried(ZT_NET_FAILED, ECONNREFUSED, 0, V4(10, 0, 0, 1), MS);
	assert_string_equal(end(7), "ZT3102 a.test");
	begin("curl"); /* the program did well */
	tried(ZT_NET_FAILED, ECONNREFUSED, 0, V4(10, 0, 0, 1), MS);
	assert_string_equal(end(0), "");
}

static void came_right(void **state)
{
	(void)state;
	begin("curl");
	tried(ZT_NET_FAILED, ECONNREFUSED, 0, V4(10, 0, 0, 1), MS);
	tried(ZT_NET_UP, 0, 0, V4(10, 0, 0, 1), MS);
	assert_string_equal(end(7), "");
	begin("curl"); /* at another address of the same host */
	tried(ZT_NET_FAILED, ENETUNREACH, 0x20010db800000000, 1, MS);
	tried(ZT_NET_UP, 0, 0, V4(10, 0, 0, 1), MS);
	assert_string_equal(end(22), "");
	begin("curl"); /* up, and then the handshake fails */
	tried(ZT_NET_UP, 0, 0, V4(10, 0, 0, 1), MS);
	tried(ZT_NET_ALERT_IN, 0, 0, V4(10, 0, 0, 1), 2 * MS);
	assert_string_equal(end(35), "ZT3104 a.test");
}

static void both_families(void **state)
{
	(void)state;
	begin("curl");
	tried(ZT_NET_FAILED, ETIMEDOUT, 0, V4(10, 0, 0, 1), 9000 * MS);
	tried(ZT_NET_FAILED, ENETUNREACH, 0x20010db800000000, 1, MS);
	assert_string_equal(end(7), "ZT3103 a.test");
	begin("curl"); /* a race's loser, closed at once, says nothing */
	tried(ZT_NET_FAILED, 0, 0, V4(10, 0, 0, 1), MS);
	assert_string_equal(end(7), "");
}

static void loopback(void **state)
{
	(void)state;
	begin("pytest");
	tried(ZT_NET_FAILED, ECONNREFUSED, 0, V4(127, 0, 0, 1), MS);
	assert_string_equal(end(1), "");
	begin("curl");
	tried(ZT_NET_FAILED, ECONNREFUSED, 0, V4(127, 0, 0, 1), MS);
	assert_string_equal(end(7), "ZT3102 a.test");
}

static void names(void **state)
{
	(void)state;
	begin("curl");
	ASKED(ZT_DNS_QUERY, 0, "\1b\4test");
	assert_string_equal(end(6), "ZT3100 b.test");
	begin("curl");
	ASKED(ZT_DNS_QUERY, 0, "\1b\4test");
	ASKED(ZT_DNS_ANSWER, 3, "\1b\4test");
	assert_string_equal(end(6), "ZT3109 b.test");
	begin("curl"); /* the resolver adds its own domain when the first gets no answer */
	ASKED(ZT_DNS_QUERY, 0, "\1b\4test");
	ASKED(ZT_DNS_QUERY, 0, "\1b\4test\3lan");
	ASKED(ZT_DNS_ANSWER, 3, "\1b\4test\3lan");
	assert_string_equal(end(6), "ZT3100 b.test");
	begin("curl"); /* no names: lengths that lead beyond the end, too long a label */
	ASKED(ZT_DNS_QUERY, 0, "\77b");
	ASKED(ZT_DNS_QUERY, 0, "\300b");
	ASKED(ZT_DNS_QUERY, 0, "");
	assert_string_equal(end(6), "");
}

/* Silence counts where an answer was due, or where the program says that it waited for too long. */
static void stalled(zt_u32 flags)
{
	struct zt_ev_connect e = { .h = { .who = TOOL, .flags = flags }, .state = ZT_NET_STALLED, .port = 80,
				   .addr_lo = V4(10, 0, 0, 1), .took_ns = 5000 * MS, .comm = "x" };

	PUT(connect, &e, "a.test");
}

static void silence(void **state)
{
	(void)state;
	begin("npm"); /* kept for later */
	tried(ZT_NET_UP, 0, 0, V4(10, 0, 0, 1), MS);
	stalled(0);
	assert_string_equal(end(1), "");
	begin("npm");
	tried(ZT_NET_UP, 0, 0, V4(10, 0, 0, 1), MS);
	stalled(ZT_F_NET_WAITED);
	assert_string_equal(end(1), "ZT3103 a.test");
	begin("npm");
	stalled(ZT_F_NET_GAPS);
	assert_string_equal(end(1), "ZT3103 a.test");
	begin("curl");
	stalled(0);
	assert_string_equal(end(28), "ZT3103 a.test");
	begin("curl"); /* it had another reason */
	stalled(0);
	assert_string_equal(end(22), "");
}

/* A connection opened in advance is closed without a question, too; a certificate that was accepted once is not the reason. */
static void left_alone(void **state)
{
	(void)state;
	begin("wget");
	tried(ZT_NET_UP, 0, 0, V4(10, 0, 0, 1), MS);
	tried(ZT_NET_LEFT, 0, 0, V4(10, 0, 0, 1), 2 * MS);
	assert_string_equal(end(5), "ZT3104 a.test");
	begin("npm");
	tried(ZT_NET_ASKED, 0, 0, V4(10, 0, 0, 1), 2 * MS);
	tried(ZT_NET_LEFT, 0, 0, V4(10, 0, 0, 1), 9 * MS);
	assert_string_equal(end(1), "");
	begin("npm");
	tried(ZT_NET_LEFT, 0, 0, V4(10, 0, 0, 1), 9 * MS);
	tried(ZT_NET_ASKED, 0, 0, V4(10, 0, 0, 1), 2 * MS);
	assert_string_equal(end(1), "");
}

static void got(zt_u32 status)
{
	struct zt_ev_connect e = { .h.who = TOOL, .state = ZT_NET_STATUS, .status = status, .port = 80,
				   .addr_lo = V4(10, 0, 0, 1), .took_ns = MS, .comm = "x" };

	PUT(connect, &e, "a.test");
}

/* What apt asks for: InRelease, else Release, and then Release.gpg */
static void no_signature(void **state)
{
	static const char update[] = "apt-get\0update";

	(void)state;
	begin_with("apt-get", update, sizeof(update));
	got(404);
	got(200);
	got(404);
	assert_string_equal(end(100), "ZT3107 a.test");
	begin_with("apt-get", update, sizeof(update)); /* the release is gone */
	got(404);
	got(404);
	assert_string_equal(end(100), "ZT3106 a.test");
	begin_with("apt-get", update, sizeof(update)); /* the index is older than what it names */
	got(200);
	got(404);
	assert_string_equal(end(100), "ZT3106 a.test");
	begin("curl");
	got(404);
	got(200);
	got(404);
	assert_string_equal(end(22), "ZT3106 a.test");
}

static void kinds(void **state)
{
	struct net n = { .state = ZT_NET_STATUS, .status = 407, .flags = ZT_F_NET_PROXY };

	(void)state;
	assert_int_equal(net_kind(&n), NET_PROXY);
	n.status = 404; /* which the proxy only hands on */
	assert_int_equal(net_kind(&n), NET_STATUS);
	n.status = 403;
	n.flags |= ZT_F_NET_TUNNEL;
	assert_int_equal(net_kind(&n), NET_STATUS);
	n = (struct net){ .state = ZT_NET_BROKEN, .error = ECONNRESET };
	assert_int_equal(net_kind(&n), NET_RESET);
	n.flags = ZT_F_NET_TLS;
	assert_int_equal(net_kind(&n), NET_TLS);
	n = (struct net){ .state = ZT_NET_FAILED, .error = EPERM };
	assert_int_equal(net_kind(&n), NET_UNREACHABLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused), cmocka_unit_test(came_right), cmocka_unit_test(both_families),
		cmocka_unit_test(loopback), cmocka_unit_test(names), cmocka_unit_test(kinds),
		cmocka_unit_test(silence), cmocka_unit_test(left_alone),
		cmocka_unit_test(no_signature),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
