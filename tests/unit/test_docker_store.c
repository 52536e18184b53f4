// SPDX-License-Identifier: GPL-2.0
/* Layers and base images out of small data roots made up here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "source/docker_store.h"
#include "tmptree.h"

/* 64 hex digits out of one letter */
static const char *hex(char c)
{
	static char bufs[4][65];
	static unsigned int next;
	char *buf = bufs[next++ % 4];

	memset(buf, c, 64);
	return buf;
}

/* One directory of overlay2; lower: its `lower` file, NULL for none */
static void overlay(const char *driver, const char *id, const char *link, const char *lower)
{
	char target[128];

	tree_write(tree_path("%s/%s/diff/.keep", driver, id), "");
	tree_write(tree_path("%s/l/.keep", driver), "");
	snprintf(target, sizeof(target), "../%s/diff", id);
	assert_int_equal(symlink(target, tree_path("%s/l/%s", driver, link)), 0);
	if (lower)
		tree_write(tree_path("%s/%s/lower", driver, id), lower);
}

static void layerdb(const char *chain, const char *parent, const char *diff, const char *cache)
{
	char text[96];

	tree_write(tree_path("image/overlay2/layerdb/sha256/%s/cache-id", chain), cache);
	snprintf(text, sizeof(text), "sha256:%s", diff);
	tree_write(tree_path("image/overlay2/layerdb/sha256/%s/diff", chain), text);
	snprintf(text, sizeof(text), "sha256:%s", parent ? parent : "");
	if (parent)
		tree_write(tree_path("image/overlay2/layerdb/sha256/%s/parent", chain), text);
}

static void image(const char *id, const char *diffs, const char *config)
{
	char text[4096];

	snprintf(text, sizeof(text),
		 "{\"config\":%s,\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[%s]}}", config,
		 diffs);
	tree_write(tree_path("image/overlay2/imagedb/content/sha256/%s", id), text);
}

#define STEP "0123456789abcdefghijklmno"
#define STEP2 "1123456789abcdefghijklmno"

/*
 * Pulled layers a and b (debian = a, python = a b), then two snapshots of a build: STEP on b, STEP2
 * on STEP. The chain ids are 1 and 2, the diffs 7 and 8, the images d and e.
 */
static void make_root(void)
{
	char text[1024];

	overlay("overlay2", hex('a'), "AAAA", NULL);
	overlay("overlay2", hex('b'), "BBBB", "l/AAAA");
	overlay("overlay2", STEP, "CCCC", "l/BBBB:l/AAAA");
	overlay("overlay2", STEP2, "DDDD", "l/CCCC:l/BBBB:l/AAAA");
	layerdb(hex('1'), NULL, hex('7'), hex('a'));
	layerdb(hex('2'), hex('1'), hex('8'), hex('b'));
	snprintf(text, sizeof(text), "\"sha256:%s\"", hex('7'));
	image(hex('d'), text, "{}");
	snprintf(text, sizeof(text), "\"sha256:%s\",\"sha256:%s\"", hex('7'), hex('8'));
	image(hex('e'), text,
	      "{\"Env\":[\"PATH=/bin\",\"API_TOKEN=two "
	      "words\",\"\",5],\"Shell\":[\"/bin/bash\",\"-c\"],"
	      "\"OnBuild\":[\"RUN x\"]}");
	snprintf(
		text, sizeof(text),
		"{\"Repositories\":{\"debian\":{\"debian:12\":\"sha256:%s\"},"
		"\"python\":{\"python:latest\":\"sha256:%s\",\"python@sha256:%s\":\"sha256:%s\"}}}",
		hex('d'), hex('e'), hex('9'), hex('e'));
	tree_write(tree_path("image/overlay2/repositories.json"), text);
}

static struct layer_info ask(struct docker_store *ds, const char *id, const char *from)
{
	struct layer_info l;

	assert_int_equal(docker_store_layer(ds, tree_path("overlay2/%s/diff", id), from, &l), 0);
	assert_string_equal(l.snapshot, id);
	return l;
}

static void expect(const struct layer_info *l, unsigned int number, unsigned int base_layers,
		   const char *base)
{
	assert_int_equal(l->number, number);
	assert_int_equal(l->base_layers, base_layers);
	assert_string_equal(l->base, base);
}

static void test_buildkit(void **state)
{
	struct docker_store *ds = docker_store_new();
	struct layer_info l;

	(void)state;
	make_root();
	l = ask(ds, STEP, "python");
	assert_string_equal(l.parent, hex('b'));
	expect(&l, 1, 2, "python:latest");
	l = ask(ds, STEP2, "docker.io/library/python:latest");
	assert_string_equal(l.parent, STEP);
	expect(&l, 2, 2, "python:latest");
	l = ask(ds, STEP2, "debian:12"); /* fits as well: FROM decides */
	expect(&l, 3, 1, "debian:12");
	l = ask(ds, STEP2, ""); /* what was pulled ends where python does */
	expect(&l, 2, 2, "python:latest");
	l = ask(ds, STEP2, "builder"); /* a stage, not an image */
	expect(&l, 2, 2, "python:latest");
	docker_store_free(ds);
}

/* Two names of one image: the number is clear, the name is not. */
static void test_aliases(void **state)
{
	struct docker_store *ds = docker_store_new();
	struct layer_info l;
	char text[1024];

	(void)state;
	make_root();
	snprintf(text, sizeof(text),
		 "{\"Repositories\":{\"x\":{\"x:1\":\"sha256:%s\",\"x:2\":\"sha256:%s\"}}}",
		 hex('e'), hex('e'));
	tree_write(tree_path("image/overlay2/repositories.json"), text);
	l = ask(ds, STEP, "");
	expect(&l, 1, 2, "");
	l = ask(ds, STEP, "x:2");
	expect(&l, 1, 2, "x:2");
	docker_store_free(ds);
}

/* The legacy builder: all ids look alike, a -init directory lies in between. */
static void test_legacy(void **state)
{
	struct docker_store *ds = docker_store_new();
	struct layer_info l;
	char init[80];

	(void)state;
	make_root();
	snprintf(init, sizeof(init), "%s-init", hex('c'));
	overlay("overlay2", init, "IIII", "l/BBBB:l/AAAA");
	overlay("overlay2", hex('c'), "EEEE", "l/IIII:l/BBBB:l/AAAA");
	l = ask(ds, hex('c'), "python:latest");
	assert_string_equal(l.parent, hex('b'));
	expect(&l, 1, 2, "python:latest");
	l = ask(ds, hex('c'), ""); /* debian or python? */
	expect(&l, 0, 0, "");
	docker_store_free(ds);
}

/* A layer exported between two calls is seen by the second. */
static void test_refresh(void **state)
{
	struct docker_store *ds = docker_store_new();
	struct layer_info l;
	char text[512];

	(void)state;
	make_root();
	snprintf(text, sizeof(text), "{\"Repositories\":{\"mine\":{\"mine:1\":\"sha256:%s\"}}}",
		 hex('f'));
	tree_write(tree_path("image/overlay2/repositories.json"), text);
	l = ask(ds, STEP2, "mine:1");
	expect(&l, 0, 0, "");
	layerdb(hex('3'), hex('2'), hex('6'), STEP);
	snprintf(text, sizeof(text), "\"sha256:%s\",\"sha256:%s\",\"sha256:%s\"", hex('7'),
		 hex('8'), hex('6'));
	image(hex('f'), text, "{}");
	l = ask(ds, STEP2, "mine:1");
	expect(&l, 1, 3, "mine:1");
	docker_store_free(ds);
}

/* The diffs are those of another image's layers in another order: no match. */
static void test_other_parent(void **state)
{
	struct docker_store *ds = docker_store_new();
	struct layer_info l;

	(void)state;
	make_root();
	layerdb(hex('2'), hex('5'), hex('8'), hex('b'));
	l = ask(ds, STEP, "python");
	expect(&l, 0, 0, "");
	docker_store_free(ds);
}

static void expect_nothing(struct docker_store *ds, const char *from)
{
	struct layer_info l = ask(ds, STEP, from);

	expect(&l, 0, 0, "");
}

/* Everything there is somebody else's: broken, endless, hostile. */
static void test_hostile(void **state)
{
	struct docker_store *ds = docker_store_new();
	struct layer_info l;
	char *deep = malloc(200001);

	(void)state;
	make_root();
	memset(deep, '[', 200000);
	deep[200000] = 0;
	tree_write(tree_path("image/overlay2/repositories.json"), deep);
	expect_nothing(ds, "python");
	free(deep);
	tree_write(tree_path("image/overlay2/repositories.json"),
		   "{\"Repositories\":[1,{\"a\":null}]}");
	expect_nothing(ds, "python");
	tree_write(tree_path("image/overlay2/repositories.json"),
		   "{\"Repositories\":{\"a\":{\"a:1\":7,\"a:2\":\"sha256:../../x\"}}}");
	expect_nothing(ds, "a:2");
	remove(tree_path("image/overlay2/repositories.json"));
	assert_int_equal(mkfifo(tree_path("image/overlay2/repositories.json"), 0600), 0);
	expect_nothing(ds, "python");
	remove(tree_path("image/overlay2/repositories.json"));
	assert_int_equal(symlink("/etc/passwd", tree_path("image/overlay2/repositories.json")), 0);
	expect_nothing(ds, "python");

	tree_write(tree_path("overlay2/%s/lower", STEP), "l/../../etc:l/AAAA");
	l = ask(ds, STEP, "");
	assert_string_equal(l.parent, "");
	remove(tree_path("overlay2/l/AAAA"));
	assert_int_equal(symlink("../../../../etc/passwd", tree_path("overlay2/l/AAAA")), 0);
	tree_write(tree_path("overlay2/%s/lower", STEP), "l/AAAA");
	l = ask(ds, STEP, "");
	assert_string_equal(l.parent, "");
	assert_int_equal(docker_store_layer(ds, "/x/overlay2/..%2f/diff", "", &l), -EINVAL);
	assert_int_equal(docker_store_layer(ds, "/x/overlay2/../diff", "", &l), -EINVAL);
	assert_int_equal(docker_store_layer(ds, "/overlay2/a/diff", "", &l), -EINVAL);
	assert_int_equal(docker_store_layer(ds, "overlay2/a/diff", "", &l), -EINVAL);
	assert_int_equal(docker_store_layer(ds, "", "", &l), -EINVAL);
	docker_store_free(ds);
}

static void test_podman(void **state)
{
	struct docker_store *ds = docker_store_new();
	struct layer_info l;
	char text[1024];

	(void)state;
	overlay("overlay", hex('a'), "AAAA", NULL);
	overlay("overlay", hex('b'), "BBBB", "l/AAAA");
	overlay("overlay", hex('c'), "CCCC", "l/BBBB:l/AAAA");
	snprintf(text, sizeof(text),
		 "[{\"id\":\"x\",\"names\":[\"localhost/base:1\"],\"layer\":\"%s\"},"
		 "{\"id\":\"y\",\"layer\":\"%s\"}]",
		 hex('a'), hex('b'));
	tree_write(tree_path("overlay-images/images.json"), text);
	assert_int_equal(docker_store_layer(ds, tree_path("overlay/%s/diff", hex('c')), "", &l), 0);
	assert_string_equal(l.parent, hex('b'));
	expect(&l, 2, 1, "localhost/base:1");
	snprintf(text, sizeof(text),
		 "[{\"id\":\"x\",\"names\":[\"localhost/base:1\"],\"layer\":\"%s\"},"
		 "{\"id\":\"y\",\"names\":[\"localhost/other:latest\"],\"layer\":\"%s\"}]",
		 hex('a'), hex('b'));
	tree_write(tree_path("overlay-images/images.json"), text);
	assert_int_equal(docker_store_layer(ds, tree_path("overlay/%s/diff", hex('c')), "", &l), 0);
	expect(&l, 0, 0, "");
	assert_int_equal(
		docker_store_layer(ds, tree_path("overlay/%s/diff", hex('c')), "other", &l), 0);
	expect(&l, 1, 2, "localhost/other:latest");
	docker_store_free(ds);
}

static void test_mountinfo(void **state)
{
	struct layer_info l = { 0 };

	(void)state;
	docker_store_mount_parent("1 2 0:5 / /proc rw - proc proc rw\n"
				  "3 2 0:9 / / rw,relatime - overlay overlay "
				  "rw,lowerdir=/r/snapshots/41/fs:/r/snapshots/7/fs,"
				  "upperdir=/r/snapshots/42/fs,workdir=/r/snapshots/42/work\n",
				  &l);
	assert_string_equal(l.parent, "41");
	l.parent[0] = 0;
	docker_store_mount_parent(
		"3 2 0:9 / / rw - overlay overlay rw,lowerdir=/r/snapshots/../fs\n", &l);
	docker_store_mount_parent("3 2 0:9 / / rw - ext4 /dev/x rw\n\n\ngarbage", &l);
	docker_store_mount_parent("", &l);
	assert_string_equal(l.parent, "");
}

static void test_image(void **state)
{
	struct image_info i;
	static const char words[] = "onbuild=RUN x\0shell=/bin/bash\0shell=-c";
	static char config[IMAGE_CONFIG_MAX];
	static const char env[] = "PATH=/bin\0API_TOKEN=*****\0";

	(void)state;
	make_root();
	assert_int_equal(docker_store_image(tree, "python", &i), 0);
	assert_string_equal(i.onbuild[0], "RUN x");
	assert_null(i.onbuild[1]);
	assert_string_equal(i.shell[0], "/bin/bash");
	assert_string_equal(i.shell[1], "-c");
	assert_null(i.shell[2]);
	assert_memory_equal(i.env, env, sizeof(env));
	assert_int_equal(image_info_config(&i, config), sizeof(words));
	assert_memory_equal(config, words, sizeof(words));
	image_info_done(&i);
	assert_int_equal(docker_store_image(tree, "debian:12", &i), 0);
	assert_null(i.shell[0]);
	assert_string_equal(i.env, "");
	assert_int_equal(image_info_config(&i, config), 0);
	image_info_done(&i);
	assert_int_equal(docker_store_image(tree, "none", &i), -ENOENT);
	assert_int_equal(docker_store_image(tree_path("none"), "python", &i), -ENOENT);
}

static void test_image_names(void **state)
{
	(void)state;
	assert_true(image_name_is("python:latest", "python"));
	assert_true(image_name_is("python:3", "docker.io/library/python:3"));
	assert_true(image_name_is("me/x:1", "docker.io/me/x:1"));
	assert_true(image_name_is("localhost/base:1", "base:1"));
	assert_true(image_name_is("docker.io/library/python:latest", "python"));
	assert_true(image_name_is("host:5000/x:latest", "host:5000/x"));
	assert_true(image_name_is("python@sha256:12", "python:3.11@sha256:12"));
	assert_false(image_name_is("python:3", "python"));
	assert_false(image_name_is("python:33", "python:3"));
	assert_false(image_name_is("pythonic:latest", "python"));
	assert_false(image_name_is("python@sha256:12", "python@sha256:123"));
	assert_false(image_name_is("x:latest", ""));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, tree_setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_buildkit),
		TEST(test_aliases),
		TEST(test_legacy),
		TEST(test_refresh),
		TEST(test_other_parent),
		TEST(test_hostile),
		TEST(test_podman),
		TEST(test_image),
		cmocka_unit_test(test_mountinfo),
		cmocka_unit_test(test_image_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
