/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A machine without memory: what is recorded asks for none and touches no page that is not there, and what is made
 * of it lives through every allocation that fails.
 */
#include "trace_file.h"

#include "session.h"
#include "source/mask.h"
#include "source/protect.h"
#include "trace/text.h"

/* Every allocation of the program and of its libraries passes here. */
static struct {
	volatile unsigned long calls;
	volatile bool failing;
	unsigned int every; /* fails the n-th, 2n-th …; 1: all */
} allocator;

#ifdef __SANITIZE_ADDRESS__
/* sanitizer/allocator_interface.h, which gcc does not install */
int __sanitizer_install_malloc_and_free_hooks(void (*got)(const volatile void *, size_t), void (*gone)(const volatile void *));

static void on_malloc(const volatile void *p, size_t bytes)
{
	(void)p;
	(void)bytes;
	allocator.calls++;
}

static void on_free(const volatile void *p)
{
	(void)p;
}

static bool can_fail(void)
{
	return false; /* it is not ours there */
}

static void watch_allocator(void)
{
	assert_true(__sanitizer_install_malloc_and_free_hooks(on_malloc, on_free));
}
#else
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t n, size_t bytes);
void *__libc_realloc(void *p, size_t bytes);

static bool refuse(void)
{
	allocator.calls++;
	if (!allocator.failing || allocator.calls % allocator.every)
		return false;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t bytes)
{
	return refuse() ? NULL : __libc_malloc(bytes);
}

void *calloc(size_t n, size_t bytes)
{
	return refuse() ? NULL : __libc_calloc(n, bytes);
}

void *realloc(void *p, size_t bytes)
{
	return refuse() ? NULL : __libc_realloc(p, bytes);
}

static bool can_fail(void)
{
	return true;
}

static void watch_allocator(void)
{
}
#endif

/* Counts at all? A test that cannot fail would be none. */
static void test_counts(void **state)
{
	unsigned long before = allocator.calls;
	char *volatile p = strdup("something");

	(void)state;
	free(p);
	assert_true(allocator.calls > before);
}

/* Events one after the other, as a ring has them */
struct stream {
	char *bytes;
	size_t used, cap;
	unsigned int n;
};

static void append(struct stream *s, const struct zt_ev *ev)
{
	size_t room = (ev->size + 7) & ~7u;

	if (s->used + room > s->cap) {
		s->cap = 2 * s->cap + room + (1 << 20);
		s->bytes = realloc(s->bytes, s->cap);
		assert_non_null(s->bytes);
	}
	memcpy(s->bytes + s->used, ev, ev->size);
	s->used += room;
	s->n++;
}

static const struct zt_ev *at(const struct stream *s, size_t *pos)
{
	const struct zt_ev *ev = (const void *)(s->bytes + *pos);

	if (*pos >= s->used)
		return NULL;
	*pos += (ev->size + 7) & ~7u;
	return ev;
}

/* A command line as long as they come, full of what must be masked */
static void add_exec(struct stream *s, unsigned int n, zt_u64 ts_ns)
{
	static union {
		struct zt_ev_exec ev;
		char bytes[ZT_EV_SIZE_MAX];
	} e;
	size_t len = 0, want = n % 50 ? 200 : ZT_ARGV_MAX;
	char *tail = e.bytes + sizeof(e.ev);

	memset(e.bytes, 0, sizeof(e.ev));
	while (len + 64 < want)
		len += (size_t)sprintf(tail + len, "--password=hunter%zu%c-O%u%cTOKEN=%x%c", len, 0, n, 0, n * 2654435761u, 0);
	e.ev.h = (struct zt_ev){ .size = (zt_u32)(sizeof(e.ev) + len), .fixed = sizeof(e.ev), .kind = ZT_exec,
				 .ts_ns = ts_ns, .who = { n, n, ts_ns } };
	e.ev.argv_bytes = e.ev.argv_total_bytes = (zt_u32)len;
	append(s, &e.ev.h);
}

/* Three seconds in a busy build: every kind of event, many execs */
static struct stream busy(void)
{
	struct stream s = { 0 };
	static union event ev;

	for (unsigned int i = 0; i < 6000; i++) {
		make(&ev, i, SEC / 2000);
		if (ev.h.kind == ZT_exec || i % 3 == 0)
			add_exec(&s, i, ev.h.ts_ns);
		else
			append(&s, &ev.h);
	}
	return s;
}

struct cost {
	unsigned long calls;
	long faults;
};

static long faults(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return u.ru_minflt + u.ru_majflt;
}

static struct cost record(const struct stream *s, struct mask *m, struct writer *w)
{
	struct cost c = { allocator.calls, faults() };
	const struct zt_ev *ev;

	for (size_t pos = 0; (ev = at(s, &pos));) {
		writer_put(w, mask_event(m, ev));
		writer_tick(w, ev->ts_ns);
	}
	return (struct cost){ allocator.calls - c.calls, faults() - c.faults };
}

/* In a process of its own, for what is locked stays locked. Not one pass of the code goes before: the first counts. */
static int record_on_full_machine(const struct stream *s, const char *path)
{
	struct mask *m = calloc(1, sizeof(*m));
	char err[256] = "";
	struct writer *w;
	struct cost c;

	if (!m || writer_open(&w, path, &opts, err, sizeof(err)))
		return 1;
	protect_lock(); /* may not be allowed here; hold brings in all the same */
	protect_hold_program("/proc");
	protect_hold(s->bytes, s->used); /* the ring, which is the kernel's memory */
	faults();
	c = record(s, m, w);
	if (c.calls || (c.faults && can_fail())) /* a sanitizer's own memory comes as it goes */
		fprintf(stderr, "recording %u events: %lu allocations, %ld page faults\n", s->n, c.calls, c.faults);
	if (c.calls)
		return 2;
	if (c.faults && can_fail())
		return 3;
	if (writer_close(w))
		return 4;
	free(m);
	return 0;
}

static void test_recording_asks_for_nothing(void **state)
{
	struct stream s = busy();
	struct reader_state rs;
	struct reader *r;
	char path[PATH_MAX];
	unsigned int n = 0;
	int status;
	pid_t pid;

	(void)state;
	close(open_tmp(path, sizeof(path)));
	pid = fork();
	if (!pid)
		_exit(record_on_full_machine(&s, path));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	r = must_open(path);
	for (const struct zt_ev *ev; (ev = reader_next(r)); n++)
		assert_true(ev->kind != ZT_exec || !memmem(ev, ev->size, "hunter", 6));
	assert_int_equal(n, s.n);
	reader_state(r, &rs);
	assert_false(rs.cut);
	reader_close(r);
	unlink(path);
	free(s.bytes);
}

/* A golden trace's events */
static struct stream golden(const char *name)
{
	static zt_u64 buf[ZT_EV_SIZE_MAX / 8];
	struct stream s = { 0 };
	char *line __free = NULL, path[PATH_MAX], err[256] = "";
	FILE *f __fclose = NULL;
	size_t cap = 0;
	ssize_t len;

	snprintf(path, sizeof(path), "tests/golden/%s/trace.zts", name);
	f = fopen(path, "re");
	assert_non_null(f);
	while ((len = getline(&line, &cap, f)) >= 0) {
		if (line[0] != '{')
			continue;
		if (text_parse(line, (size_t)len, (struct zt_ev *)buf, sizeof(buf), err, sizeof(err)))
			fail_msg("%s: %s", path, err);
		append(&s, (struct zt_ev *)buf);
	}
	return s;
}

/* Where the machine's memory ends: when ztrace has looked at what runs, or at the very first event */
static size_t after_snapshot(const struct stream *s)
{
	const struct zt_ev *ev;
	size_t ret = 0;

	for (size_t pos = 0; (ev = at(s, &pos));)
		if (ev->kind == ZT_proc)
			ret = pos;
	return ret;
}

static unsigned int in_file(const char *path)
{
	struct reader *r = must_open(path);
	unsigned int n = 0;

	while (reader_next(r))
		n++;
	reader_close(r);
	return n;
}

/* From byte `from` on every `every`-th allocation fails. Code of the newest incident; "" none. */
static void run_session(const struct stream *s, size_t from, unsigned int every, char code[8])
{
	const struct incident *last = NULL;
	const struct zt_ev *ev;
	char path[PATH_MAX];
	struct session ses;
	struct stat st;

	assert_int_equal(session_init(&ses, true, false), 0);
	ses.tee = start_file(path, sizeof(path));
	for (size_t pos = 0, here = 0; (ev = at(s, &pos)); here = pos) {
		allocator.failing = here >= from && every;
		allocator.every = every;
		assert_int_equal(session_event(&ses, ev), 0);
	}
	allocator.failing = false;
	assert_int_equal(session_finish(&ses), 0);
	for (const struct incident *i = ses.report->incidents; i; i = i->next)
		last = i;
	snprintf(code, 8, "%s", last ? last->code : "");
	assert_int_equal(ses.tee_error, 0);
	session_done(&ses);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(in_file(path), s->n);
	unlink(path);
}

/* OOM kills with all their tasks, in builds with their Dockerfiles */
static const char *const kills[] = { "zt1001-own-limit", "zt1002-parent-limit", "zt1002-two-builds", "zt1003-host",
				     "v2-oom-group", "v2-parent-limit" };

/* When memory ends after the snapshot, every kill is still explained; only names and excerpts may be missing. */
static void test_session_without_memory(void **state)
{
	char want[8], got[8];

	(void)state;
	if (!can_fail())
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(kills); i++) {
		struct stream s = golden(kills[i]);

		run_session(&s, 0, 0, want);
		assert_int_equal(strncmp(want, "ZT10", 4), 0);
		run_session(&s, after_snapshot(&s), 1, got);
		if (strcmp(got, want))
			fail_msg("%s: %s without memory, %s with", kills[i], got, want);
		free(s.bytes);
	}
}

/* Whatever allocation it is that fails: no crash, nothing missing from the file. */
static void test_session_any_failure(void **state)
{
	char code[8];

	(void)state;
	if (!can_fail())
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(kills); i++) {
		struct stream s = golden(kills[i]);

		for (unsigned int every = 1; every < 8; every++)
			run_session(&s, 0, every, code);
		free(s.bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_recording_asks_for_nothing),
		cmocka_unit_test(test_session_without_memory),
		cmocka_unit_test(test_session_any_failure),
	};

	watch_allocator();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
