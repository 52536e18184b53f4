// SPDX-License-Identifier: GPL-2.0
/* Wants in, events out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "source/enrich.h"
#include "tmptree.h"

/* What came back, the chunks of a file put together. */
struct got {
	unsigned int events;
	zt_u32 flags, status, last;
	zt_s32 error;
	zt_u64 total_bytes, next_offset, cgroup;
	struct zt_id who;
	char path[PATH_MAX];
	char *text;
	struct zt_ev_layer layer;
	char snapshot[96], parent[96], base[256];
};

static int take_file(struct got *g, const struct zt_ev_file *f)
{
	const char *path = (const char *)(f + 1), *bytes = path + strlen(path) + 1;
	size_t n = f->h.size - (size_t)(bytes - (const char *)f);

	assert_int_equal(f->role, ZT_FILE_DOCKERFILE);
	assert_int_equal(f->offset_bytes, g->next_offset);
	assert_true(n <= ZT_FILE_CHUNK && f->h.size <= ZT_EV_SIZE_MAX);
	assert_int_equal(g->last, 0); /* nothing after the last one */
	g->last = f->h.flags & ZT_F_FILE_LAST;
	g->flags = f->h.flags;
	g->status = f->status;
	g->error = f->error;
	g->total_bytes = f->total_bytes;
	snprintf(g->path, sizeof(g->path), "%s", path);
	g->text = realloc(g->text, g->next_offset + n + 1);
	memcpy(g->text + g->next_offset, bytes, n);
	g->next_offset += n;
	g->text[g->next_offset] = 0;
	return 0;
}

static int take(void *ctx, const struct zt_ev *ev)
{
	struct got *g = ctx;

	g->events++;
	g->cgroup = ev->cgroup;
	g->who = ev->who;
	assert_true(ev->ts_ns > 0);
	if (ev->kind == ZT_file) {
		assert_int_equal(ev->fixed, sizeof(struct zt_ev_file));
		return take_file(g, (const struct zt_ev_file *)ev);
	}
	assert_int_equal(ev->kind, ZT_layer);
	assert_int_equal(ev->fixed, sizeof(struct zt_ev_layer));
	memcpy(&g->layer, ev, sizeof(g->layer));
	strcpy(g->snapshot, (const char *)ev + ev->fixed);
	strcpy(g->parent, (const char *)ev + ev->fixed + strlen(g->snapshot) + 1);
	strcpy(g->base, (const char *)ev + ev->fixed + strlen(g->snapshot) + strlen(g->parent) + 2);
	assert_int_equal(ev->size,
			 ev->fixed + strlen(g->snapshot) + strlen(g->parent) + strlen(g->base) + 3);
	return 0;
}

static struct got ask(pid_t pid, enum want_kind kind, const char *path, const char *context)
{
	struct want w = { .kind = kind, .who = id_of(pid), .cgroup = 77 };
	struct got g = { 0 };
	struct enrich *e;

	strcpy(w.path, path);
	strcpy(w.context, context);
	assert_int_equal(enrich_new(&e), 0);
	assert_int_equal(enrich_answer(e, &w, take, &g), 0);
	enrich_free(e);
	if (g.events) {
		assert_int_equal(g.cgroup, 77);
		assert_int_equal(g.who.tgid, pid);
	}
	return g;
}

static void expect_file(pid_t pid, const char *path, const char *context, const char *shown,
			const char *text)
{
	struct got g = ask(pid, WANT_DOCKERFILE, path, context);

	assert_int_equal(g.events, 1);
	assert_int_equal(g.status, ZT_FILE_OK);
	assert_true(g.last);
	assert_string_equal(g.path, shown);
	assert_string_equal(g.text, text);
	assert_int_equal(g.total_bytes, strlen(text));
	free(g.text);
}

static void expect_failure(pid_t pid, const char *path, const char *context,
			   enum zt_file_status status, int error, const char *shown)
{
	struct got g = ask(pid, WANT_DOCKERFILE, path, context);

	assert_int_equal(g.events, 1);
	assert_int_equal(g.status, status);
	assert_int_equal(g.error, error);
	assert_true(g.last);
	assert_int_equal(g.next_offset, 0);
	assert_string_equal(g.path, shown);
	free(g.text);
}

static void test_names(void **state)
{
	pid_t pid;

	(void)state;
	tree_write(tree_path("a/Dockerfile"), "FROM a");
	tree_write(tree_path("b/dockerfile"), "FROM b");
	tree_write(tree_path("c/Containerfile"), "FROM c");
	tree_write(tree_path("x.Dockerfile"), "FROM x");
	tree_write(tree_path("a/inner.Dockerfile"), "FROM inner");
	pid = process_in(NULL, tree);
	expect_file(pid, "", "a", tree_path("a/Dockerfile"), "FROM a");
	expect_file(pid, "", tree_path("a"), tree_path("a/Dockerfile"), "FROM a");
	expect_file(pid, "", "b", tree_path("b/dockerfile"), "FROM b");
	expect_file(pid, "", "./b/../c/", tree_path("c/Containerfile"), "FROM c");
	expect_file(pid, "x.Dockerfile", "a", tree_path("x.Dockerfile"), "FROM x");
	expect_file(pid, "a/../x.Dockerfile", "https://host/repo.git", tree_path("x.Dockerfile"),
		    "FROM x");
	expect_file(pid, "inner.Dockerfile", "a", tree_path("a/inner.Dockerfile"), "FROM inner");
	expect_failure(pid, "", "none", ZT_FILE_ERRNO, ENOENT, tree_path("none/Dockerfile"));
	expect_failure(pid, "none", "a", ZT_FILE_ERRNO, ENOENT, tree_path("none"));
	expect_failure(pid, "", "", ZT_FILE_ERRNO, ENOENT, tree_path("Dockerfile"));
	expect_failure(pid, "a", "", ZT_FILE_NOT_REGULAR, 0, tree_path("a"));
	expect_failure(pid, "-", "a", ZT_FILE_STDIN, 0, "-");
	expect_failure(pid, "", "-", ZT_FILE_STDIN, 0, "");
	expect_failure(pid, "", "https://host/repo.git", ZT_FILE_REMOTE, 0, "");
	expect_failure(pid, "", "git@host:repo.git", ZT_FILE_REMOTE, 0, "");
	process_end(pid);
}

/* As a user would write it in ztrace's own working directory. */
static void test_shown_path(void **state)
{
	char before[PATH_MAX];
	pid_t pid;

	(void)state;
	assert_non_null(getcwd(before, sizeof(before)));
	tree_write(tree_path("here/sub/Dockerfile"), "FROM a");
	tree_write(tree_path("heresy/Dockerfile"), "FROM b");
	pid = process_in(NULL, tree_path("here/sub"));
	assert_int_equal(chdir(tree_path("here")), 0);
	expect_file(pid, "", ".", "sub/Dockerfile", "FROM a");
	expect_file(pid, "", "../../heresy", tree_path("heresy/Dockerfile"), "FROM b");
	assert_int_equal(chdir(before), 0);
	process_end(pid);
}

static void test_gone(void **state)
{
	struct want w = { .kind = WANT_DOCKERFILE, .path = "x", .context = "." };
	struct got g = { 0 };
	struct enrich *e;
	pid_t pid = process_in(NULL, tree);

	(void)state;
	tree_write(tree_path("x"), "FROM a");
	w.who = id_of(pid);
	assert_int_equal(enrich_new(&e), 0);
	w.who.start_ns -= 50000000; /* the pid is another process's by now */
	assert_int_equal(enrich_answer(e, &w, take, &g), 0);
	assert_int_equal(g.status, ZT_FILE_GONE);
	process_end(pid);
	free(g.text);
	g = (struct got){ 0 };
	w.who.start_ns += 50000000;
	assert_int_equal(enrich_answer(e, &w, take, &g), 0);
	assert_int_equal(g.status, ZT_FILE_GONE);
	assert_int_equal(g.events, 1);
	free(g.text);
	w.kind = WANT_KILL;
	assert_int_equal(enrich_answer(e, &w, take, &g), -EOPNOTSUPP);
	enrich_free(e);
}

/* Secrets go before the file is cut into chunks; a long file comes in several. */
static void test_masked_chunks(void **state)
{
	FILE *f = fopen(tree_path("Dockerfile"), "w");
	size_t lines = 3000;
	struct got g;
	pid_t pid;

	(void)state;
	for (size_t i = 0; i < lines; i++)
		fprintf(f, "RUN x --password hunter2-%05zu\n", i);
	fclose(f);
	pid = process_in(NULL, tree);
	g = ask(pid, WANT_DOCKERFILE, "", ".");
	assert_int_equal(g.status, ZT_FILE_OK);
	assert_true(g.flags & ZT_F_FILE_MASKED);
	assert_false(g.flags & ZT_F_FILE_CUT);
	assert_int_equal(g.total_bytes, lines * strlen("RUN x --password *****\n"));
	assert_int_equal(g.next_offset, g.total_bytes);
	assert_int_equal(g.events, (g.total_bytes + ZT_FILE_CHUNK - 1) / ZT_FILE_CHUNK);
	assert_null(strstr(g.text, "hunter2"));
	free(g.text);
	process_end(pid);
}

static void test_huge_and_empty(void **state)
{
	struct got g;
	pid_t pid;

	(void)state;
	tree_write(tree_path("Dockerfile"), "");
	assert_int_equal(truncate(tree_path("Dockerfile"), ZT_FILE_MAX + 1), 0);
	tree_write(tree_path("empty"), "");
	pid = process_in(NULL, tree);
	g = ask(pid, WANT_DOCKERFILE, "", ".");
	assert_int_equal(g.status, ZT_FILE_OK);
	assert_true(g.flags & ZT_F_FILE_CUT);
	assert_true(g.last);
	assert_int_equal(g.next_offset, ZT_FILE_MAX);
	free(g.text);
	expect_file(pid, "empty", "", tree_path("empty"), "");
	process_end(pid);
}

static int refuse(void *ctx, const struct zt_ev *ev)
{
	(void)ev;
	++*(int *)ctx;
	return -ENOSPC;
}

static void test_sink_error(void **state)
{
	struct want w = { .kind = WANT_DOCKERFILE, .context = "." };
	struct enrich *e;
	int calls = 0;
	pid_t pid;

	(void)state;
	tree_write(tree_path("Dockerfile"), "");
	assert_int_equal(truncate(tree_path("Dockerfile"), ZT_FILE_CHUNK * 3), 0);
	pid = process_in(NULL, tree);
	w.who = id_of(pid);
	assert_int_equal(enrich_new(&e), 0);
	assert_int_equal(enrich_answer(e, &w, refuse, &calls), -ENOSPC);
	assert_int_equal(calls, 1);
	enrich_free(e);
	process_end(pid);
}

static void test_layer(void **state)
{
	struct got g;
	pid_t pid = process_in(NULL, tree);

	(void)state;
	tree_write(tree_path("overlay2/up0000000000000000000000x/lower"), "l/AAA:l/BBB");
	tree_write(tree_path("overlay2/mid/diff/f"), "");
	tree_write(tree_path("overlay2/low/diff/f"), "");
	tree_write(tree_path("overlay2/l/x"), "");
	assert_int_equal(symlink("../mid/diff", tree_path("overlay2/l/AAA")), 0);
	assert_int_equal(symlink("../low/diff", tree_path("overlay2/l/BBB")), 0);
	g = ask(pid, WANT_LAYER, tree_path("overlay2/up0000000000000000000000x/diff"), "");
	assert_int_equal(g.events, 1);
	assert_string_equal(g.snapshot, "up0000000000000000000000x");
	assert_string_equal(g.parent, "mid");
	assert_string_equal(g.base, "");
	assert_int_equal(g.layer.number, 0);
	g = ask(pid, WANT_LAYER, tree_path("overlay2/up0000000000000000000000x/diff"), "scratch");
	assert_string_equal(g.base, "scratch");
	assert_int_equal(g.layer.number, 3);
	assert_int_equal(g.layer.base_layers, 0);
	g = ask(pid, WANT_LAYER, "/x/snapshots/17/fs", "");
	assert_int_equal(g.events, 1);
	assert_string_equal(g.snapshot, "17");
	assert_int_equal(g.layer.number, 0);
	g = ask(pid, WANT_LAYER, "/nothing/we/know", "");
	assert_int_equal(g.events, 0);
	process_end(pid);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, tree_setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_names),	  TEST(test_shown_path),     TEST(test_gone),
		TEST(test_masked_chunks), TEST(test_huge_and_empty), TEST(test_sink_error),
		TEST(test_layer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
