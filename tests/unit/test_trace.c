/* SPDX-License-Identifier: GPL-2.0 */
/* The trace file: what was written is read, whatever became of the file in between. */
#include "trace_file.h"

static void test_write_read(void **state)
{
	static union event ev;
	char path[PATH_MAX];
	struct writer *w = start_file(path, sizeof(path));
	struct writer_stats ws;
	struct reader_state rs;
	struct reader *r;
	struct stat st;

	(void)state;
	for (unsigned int n = 0; n < 2000; n++) {
		make(&ev, n, SEC / 100);
		assert_int_equal(writer_put(w, &ev.h), 0);
	}
	writer_stats(w, &ws);
	assert_int_equal(ws.events, 2000);
	assert_int_equal(ws.lost, 0);
	assert_int_equal(writer_close(w), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);

	r = must_open(path);
	assert_memory_equal(reader_boot_id(r), opts.boot_id, 16);
	for (unsigned int n = 0; n < 2000; n++)
		assert_same(reader_next(r), n, SEC / 100);
	assert_null(reader_next(r));
	assert_null(reader_next(r));
	reader_state(r, &rs);
	assert_int_equal(rs.events, 2000);
	assert_false(rs.cut || rs.corrupt || rs.bad || rs.unknown_kind || rs.error);
	reader_close(r);
	unlink(path);
}

/* The largest event there can be, and many of them: windows wrap. */
static void test_large_events(void **state)
{
	static union event ev;
	char path[PATH_MAX];
	struct writer *w = start_file(path, sizeof(path));
	struct reader *r;
	unsigned int seed = 1;

	(void)state;
	ev.h = (struct zt_ev){ .size = ZT_EV_SIZE_MAX, .kind = ZT_file, .fixed = sizeof(struct zt_ev_file) };
	for (size_t i = sizeof(struct zt_ev_file); i < sizeof(ev); i++)
		ev.bytes[i] = (char)rand_r(&seed);
	for (zt_u32 n = 0; n < 20; n++) {
		ev.h.cpu = n;
		assert_int_equal(writer_put(w, &ev.h), 0);
	}
	assert_int_equal(writer_close(w), 0);
	r = must_open(path);
	for (zt_u32 n = 0; n < 20; n++) {
		const struct zt_ev *got = reader_next(r);

		ev.h.cpu = n;
		assert_non_null(got);
		assert_memory_equal(got, &ev, sizeof(ev));
	}
	assert_null(reader_next(r));
	reader_close(r);
	unlink(path);
}

/* Cut at every byte: a prefix of the events comes back, and no less than what was flushed before the cut. */
static void test_cut_everywhere(void **state)
{
	enum { EVENTS = 300 };
	static union event ev;
	static zt_u64 whole_at[EVENTS]; /* file size once event n was flushed */
	char path[PATH_MAX];
	struct writer *w = start_file(path, sizeof(path));
	unsigned int flushed = 0, before = 0;
	size_t len;
	char *bytes;

	(void)state;
	for (unsigned int n = 0; n < EVENTS; n++) {
		struct writer_stats ws;

		make(&ev, n, SEC / 10);
		assert_int_equal(writer_put(w, &ev.h), 0);
		if (n % 7 == 0)
			assert_int_equal(writer_flush(w), 0);
		writer_stats(w, &ws);
		whole_at[n] = n % 7 == 0 || ev.h.kind == ZT_kill_end || ev.h.kind == ZT_end ?
			      ws.file_bytes : 0;
	}
	assert_int_equal(writer_close(w), 0);
	bytes = slurp(path, &len);
	for (size_t cut = sizeof(struct zt_file_header); cut <= len; cut++) {
		struct reader *r = open_bytes(bytes, cut);
		struct reader_state rs;
		const struct zt_ev *got;
		unsigned int n = 0;

		assert_non_null(r);
		for (; (got = reader_next(r)); n++)
			assert_same(got, n, SEC / 10);
		reader_state(r, &rs);
		while (flushed < EVENTS && (!whole_at[flushed] || whole_at[flushed] <= cut))
			flushed++;
		while (flushed && !whole_at[flushed - 1])
			flushed--; /* unflushed ones after the last flush may or may not be there */
		assert_true(n >= flushed);
		assert_true(n >= before);
		assert_false(rs.corrupt || rs.bad || rs.unknown_kind);
		assert_int_equal(rs.cut, cut < len);
		before = n;
		reader_close(r);
	}
	assert_int_equal(before, EVENTS);
	free(bytes);
	unlink(path);
}

/* Any byte changed: events before it survive, nothing crashes, no event is made up of a wrong size. */
static void test_damage(void **state)
{
	static union event ev;
	char path[PATH_MAX];
	struct writer *w = start_file(path, sizeof(path));
	struct reader_state rs;
	unsigned int damaged = 0;
	size_t len;
	char *bytes;

	(void)state;
	for (unsigned int n = 0; n < 100; n++) {
		make(&ev, n, SEC);
		assert_int_equal(writer_put(w, &ev.h), 0);
	}
	assert_int_equal(writer_close(w), 0);
	bytes = slurp(path, &len);
	for (size_t at = sizeof(struct zt_file_header); at < len; at += 3) {
		struct reader *r;
		const struct zt_ev *got;

		bytes[at] ^= 0x55;
		r = open_bytes(bytes, len);
		while ((got = reader_next(r)))
			assert_int_equal(ev_check(got), 0);
		assert_null(reader_next(r));
		reader_state(r, &rs);
		damaged += rs.corrupt || rs.bad || rs.cut || rs.unknown_kind;
		bytes[at] ^= 0x55;
		reader_close(r);
	}
	assert_true(damaged > (len - sizeof(struct zt_file_header)) / 3 * 9 / 10);
	free(bytes);
	unlink(path);
}

static void assert_refused(const void *bytes, size_t len, int want, const char *why)
{
	struct reader *r = NULL;
	char err[256] = "";
	int fd = memfd_create("foreign", MFD_CLOEXEC);

	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	lseek(fd, 0, SEEK_SET);
	assert_int_equal(reader_open_fd(&r, fd, "some.zt", err, sizeof(err)), want);
	assert_null(r);
	assert_non_null(strstr(err, "some.zt"));
	if (!strstr(err, why))
		fail_msg("'%s' does not say '%s'", err, why);
}

static void test_not_a_trace(void **state)
{
	struct zt_file_header h = { .endian = ZT_FILE_ENDIAN, .version = ZT_FILE_VERSION, .header_bytes = 32 };
	struct zt_file_header bad;
	char elf[64] = "\177ELF", err[256];
	struct reader *r = NULL;

	(void)state;
	memcpy(h.magic, ZT_FILE_MAGIC, 8);
	assert_refused("", 0, -ENODATA, "is empty");
	assert_refused(elf, sizeof(elf), -EINVAL, "not a ztrace file");
	assert_refused("ZT", 2, -ENODATA, "within its header");
	assert_refused("ZX", 2, -EINVAL, "not a ztrace file");
	assert_refused(&h, 31, -ENODATA, "stops after 31 bytes");
	assert_refused("ZTRACE\n\1\2\3\4..........................", 36, -EINVAL, "not a ztrace file");
	bad = h;
	bad.version++;
	assert_refused(&bad, sizeof(bad), -ENOTSUP, "version 2");
	bad = h;
	bad.version = 0;
	assert_refused(&bad, sizeof(bad), -EINVAL, "damaged header");
	bad = h;
	bad.header_bytes = 31;
	assert_refused(&bad, sizeof(bad), -EINVAL, "damaged header");
	bad = h;
	bad.endian = 0x04030201;
	assert_refused(&bad, sizeof(bad), -EINVAL, "byte order");
	assert_int_equal(reader_open(&r, "/dev/null", err, sizeof(err)), -ENODATA);
	assert_int_equal(reader_open(&r, "/tmp", err, sizeof(err)), -EISDIR);
	assert_non_null(strstr(err, "cannot read /tmp"));
	assert_int_equal(reader_open(&r, "/nonexistent.zt", err, sizeof(err)), -ENOENT);
	assert_int_equal(reader_open(&r, "/dev/zero", err, sizeof(err)), -EINVAL);
}

/* One gzip member of these bytes. Its length. */
static size_t gzip(zt_u8 *out, size_t cap, const void *bytes, size_t len)
{
	z_stream z = { .next_in = (zt_u8 *)bytes, .avail_in = (uInt)len, .next_out = out, .avail_out = (uInt)cap };

	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return cap - z.avail_out;
}

/*
 * A file of these raw events in two gzip members, the first of which ends after `split` bytes. header_bytes
 * may be more than our header.
 */
static struct reader *open_members(const char *events, size_t split, size_t len, size_t header_bytes)
{
	zt_u8 file[8192] = { 0 };
	struct zt_file_header h = { .endian = ZT_FILE_ENDIAN, .version = ZT_FILE_VERSION,
				    .header_bytes = (zt_u16)header_bytes };
	size_t n = header_bytes;

	memcpy(h.magic, ZT_FILE_MAGIC, 8);
	memcpy(file, &h, sizeof(h));
	n += gzip(file + n, sizeof(file) - n, events, split);
	if (split < len)
		n += gzip(file + n, sizeof(file) - n, events + split, len - split);
	return open_bytes(file, n);
}

static struct reader *open_events(const char *events, size_t len, size_t header_bytes)
{
	return open_members(events, len, len, header_bytes);
}

static size_t add(char *to, size_t at, unsigned int kind, size_t fixed, const char *tail)
{
	size_t size = fixed + strlen(tail);
	struct zt_ev h = { .size = (zt_u32)size, .kind = (zt_u16)kind, .fixed = (zt_u16)fixed, .flags = 5 };

	memset(to + at, 0x11, fixed);
	memcpy(to + at, &h, sizeof(h));
	memcpy(to + at + fixed, tail, strlen(tail));
	return at + size;
}

/* Structs grow, kinds come: an older and a newer writer's file in one. */
static void test_other_builds(void **state)
{
	char buf[2048];
	size_t len = 0, tail;
	struct reader *r;
	struct reader_state rs;
	const struct zt_ev *ev;
	const struct zt_ev_layer *l;
	const struct zt_ev_lost *lost;

	(void)state;
	len = add(buf, len, ZT_layer, sizeof(struct zt_ev) + 4, "snap"); /* knew no base_layers */
	len = add(buf, len, ZT_layer, sizeof(struct zt_ev), "none");	 /* knew no fields at all */
	len = add(buf, len, 77, 64, "a kind of the future");
	len = add(buf, len, 60000, 64, "");
	len = add(buf, len, ZT_lost, sizeof(struct zt_ev_lost) + 40, "tail"); /* knew 40 bytes more */
	len = add(buf, len, ZT_end, 47, "...");	/* fixed part shorter than a head: no event */
	len = add(buf, len, ZT_end, sizeof(struct zt_ev_end), "");
	r = open_events(buf, len, 64); /* a header that has grown too */
	assert_non_null(r);

	ev = reader_next(r);
	assert_non_null(ev);
	l = (const struct zt_ev_layer *)ev;
	assert_int_equal(ev->fixed, sizeof(*l));
	assert_int_equal(ev->size, sizeof(*l) + 4);
	assert_int_equal(l->number, 0x11111111);
	assert_int_equal(l->base_layers, 0);
	assert_memory_equal(ev_tail(ev, &tail), "snap", 4);
	l = (const struct zt_ev_layer *)reader_next(r);
	assert_int_equal(l->number, 0);
	assert_memory_equal(ev_tail(&l->h, &tail), "none", 4);
	lost = (const struct zt_ev_lost *)reader_next(r);
	assert_int_equal(lost->h.kind, ZT_lost);
	assert_int_equal(lost->h.fixed, sizeof(*lost));
	assert_int_equal(lost->count, 0x1111111111111111);
	assert_memory_equal(ev_tail(&lost->h, &tail), "tail", 4);
	assert_int_equal(tail, 4);
	ev = reader_next(r);
	assert_int_equal(ev->kind, ZT_end);
	assert_null(reader_next(r));
	reader_state(r, &rs);
	assert_int_equal(rs.unknown_kind, 2);
	assert_int_equal(rs.bad, 1);
	assert_false(rs.cut || rs.corrupt);
	reader_close(r);
}

/* Sizes that lose the framing, a comm without its NUL, a first event that is whole. */
static void test_hostile_events(void **state)
{
	static const zt_u32 sizes[] = { 0, 1, 47, ZT_EV_SIZE_MAX + 1, 0xffffffff };
	char buf[1024];
	struct reader_state rs;
	struct reader *r;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		size_t at = add(buf, 0, ZT_end, sizeof(struct zt_ev), ""), len = add(buf, at, ZT_end, 48, "");

		memcpy(buf + at, &sizes[i], 4);
		r = open_events(buf, len, 32);
		assert_non_null(reader_next(r));
		assert_null(reader_next(r));
		assert_null(reader_next(r));
		reader_state(r, &rs);
		assert_true(rs.corrupt && rs.bad == 1);
		reader_close(r);
	}
	r = open_events(buf, add(buf, add(buf, 0, ZT_task, sizeof(struct zt_ev_task), ""), ZT_end, 48, ""), 32);
	assert_int_equal(reader_next(r)->kind, ZT_end); /* the task's comm is 16 times 0x11 */
	reader_state(r, &rs);
	assert_int_equal(rs.bad, 1);
	reader_close(r);
}

/* A member that ends within an event: its rest is not glued to the next member's first. */
static void test_torn_member(void **state)
{
	char buf[1024];
	size_t first = add(buf, 0, ZT_fact, 48, "whole"), torn = add(buf, first, ZT_lost, 64, "torn");

	(void)state;
	for (size_t split = first; split <= torn; split++) {
		bool is_torn = split > first && split < torn;
		size_t len = add(buf, split, ZT_end, 48, ""); /* over the rest of the torn one */
		struct reader *r = open_members(buf, split, len, 32);
		struct reader_state rs;

		assert_int_equal(reader_next(r)->kind, ZT_fact);
		if (split == torn)
			assert_int_equal(reader_next(r)->kind, ZT_lost);
		assert_int_equal(reader_next(r)->kind, ZT_end);
		assert_null(reader_next(r));
		reader_state(r, &rs);
		assert_int_equal(rs.bad, is_torn);
		assert_false(rs.cut || rs.corrupt);
		reader_close(r);
		add(buf, first, ZT_lost, 64, "torn");
	}
}

struct seen {
	unsigned int events, notes, lost_corrupt, lost_unknown, other_lost;
	char note[256];
};

static int see(void *ctx, const struct zt_ev *ev)
{
	struct seen *s = ctx;
	const struct zt_ev_lost *l = (const struct zt_ev_lost *)ev;
	const char *str[2];

	assert_int_equal(ev_check(ev), 0);
	s->events++;
	if (ev->kind == ZT_lost && l->cause == ZT_LOST_CORRUPT)
		s->lost_corrupt += (unsigned int)l->count;
	if (ev->kind == ZT_lost && l->cause == ZT_LOST_UNKNOWN_KIND)
		s->lost_unknown += (unsigned int)l->count;
	if (ev->kind == ZT_note && ev_tail_strings(ev, str, 2) == 2 && !strcmp(str[0], "ZT9004")) {
		s->notes++;
		snprintf(s->note, sizeof(s->note), "%s", str[1]);
	}
	return 0;
}

static struct seen replay(const char *path)
{
	struct source *s = NULL;
	struct seen seen = { 0 };
	char err[256];
	int r;

	assert_int_equal(source_file_open(&s, path, err, sizeof(err)), 0);
	assert_null(s->ask);
	while ((r = s->pump(s, 0, see, &seen)) >= 0)
		;
	assert_int_equal(r, -ENODATA);
	assert_int_equal(s->pump(s, 0, see, &seen), -ENODATA);
	s->close(s);
	return seen;
}

static void test_source(void **state)
{
	static union event ev;
	char path[PATH_MAX], err[256];
	struct writer *w = start_file(path, sizeof(path));
	struct source *s = NULL;
	struct seen seen;
	size_t len;
	int fd;

	(void)state;
	for (unsigned int n = 0; n < 3000; n++) {
		ev.h = (struct zt_ev){ .size = 48, .fixed = 48, .kind = ZT_note, .cpu = n };
		writer_put(w, &ev.h);
	}
	ev.h = (struct zt_ev){ .size = 48, .fixed = 48, .kind = 88 };
	writer_put(w, &ev.h);
	ev.h.kind = ZT_end;
	writer_put(w, &ev.h);
	assert_int_equal(writer_close(w), 0);
	seen = replay(path);
	assert_int_equal(seen.events, 3002); /* with the `lost` event */
	assert_int_equal(seen.lost_unknown, 1);
	assert_int_equal(seen.notes, 0);

	free(slurp(path, &len));
	assert_int_equal(truncate(path, (off_t)len - 30), 0);
	seen = replay(path);
	assert_int_equal(seen.notes, 1);
	assert_non_null(strstr(seen.note, "cut short"));

	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "\xff\xff\xff\xff", 4, 60), 4);
	close(fd);
	seen = replay(path);
	assert_int_equal(seen.notes, 1);
	assert_true(seen.lost_corrupt > 0);
	assert_int_equal(source_file_open(&s, "/nonexistent", err, sizeof(err)), -ENOENT);
	unlink(path);
}

static void test_accessors(void **state)
{
	struct {
		struct zt_ev_layer l;
		char tail[16];
	} ev = { .l.h = { .kind = ZT_layer, .fixed = sizeof(ev.l), .size = sizeof(ev.l) + 4 }, .tail = "ab\0c" };
	const char *s[3], *p;
	size_t len;

	(void)state;
	assert_int_equal(ev_check(&ev.l.h), 0);
	assert_int_equal(ev_tail_strings(&ev.l.h, s, 1), 1);
	assert_string_equal(s[0], "ab");
	assert_int_equal(ev_tail_strings(&ev.l.h, s, 2), -EBADMSG); /* "c" has no NUL inside */
	p = ev_tail_bytes(&ev.l.h, 1, &len);
	assert_int_equal(len, 1);
	assert_int_equal(*p, 'c');
	assert_null(ev_tail_bytes(&ev.l.h, 2, &len));
	ev.l.h.size++;
	assert_int_equal(ev_tail_strings(&ev.l.h, s, 3), 2);
	assert_string_equal(s[1], "c");
	assert_string_equal(s[2], "");
	ev.l.h.size = sizeof(ev.l);
	assert_int_equal(ev_tail_strings(&ev.l.h, s, 3), 0);
	assert_null(ev_tail_bytes(&ev.l.h, 1, &len));
	ev.l.h.size = sizeof(ev.l) - 1;
	assert_int_equal(ev_check(&ev.l.h), -EBADMSG);
	ev.l.h.size = ZT_EV_SIZE_MAX + 1;
	assert_int_equal(ev_check(&ev.l.h), -EBADMSG);
	ev.l.h = (struct zt_ev){ .kind = 70, .fixed = 48, .size = 48 };
	assert_int_equal(ev_check(&ev.l.h), -ENOENT);
	ev.l.h.kind = 0xffff;
	assert_int_equal(ev_check(&ev.l.h), -ENOENT);
	assert_string_equal(zt_kind_name(ZT_kill_end), "kill_end");
	assert_null(zt_kind_name(0));
	assert_null(zt_kind_name(12345));
	assert_int_equal(zt_kind_number("rmdir"), ZT_rmdir);
	assert_int_equal(zt_kind_number("nope"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_write_read),
		cmocka_unit_test(test_large_events),
		cmocka_unit_test(test_cut_everywhere),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_not_a_trace),
		cmocka_unit_test(test_other_builds),
		cmocka_unit_test(test_hostile_events),
		cmocka_unit_test(test_torn_member),
		cmocka_unit_test(test_source),
		cmocka_unit_test(test_accessors),
	};

	return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
