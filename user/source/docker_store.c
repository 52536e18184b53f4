// SPDX-License-Identifier: GPL-2.0
/*
 * Docker writes layerdb/sha256/<chain id>/{cache-id,diff,parent} when a layer is pulled or
 * exported; cache-id is the overlay2 directory. An image's config lists its diffs. So the lowest
 * directories of a step that have the diffs of an image, in order, are that image.
 */
#include "source/docker_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <uthash.h>

#include "base/cleanup.h"
#include "source/redact.h"
#include "source/safeio.h"
#include "source/store_chain.h"
#include "source/store_containers.h"
#include "source/store_json.h"

#define LAYERS_MAX 20000
#define IMAGES_MAX 20000
#define ROOTS_MAX 4
#define LAYERDB "image/overlay2/layerdb/sha256"
#define HEX_ID 64

/* One directory of layerdb. diff and parent without their "sha256:"; parent "": the lowest */
struct layer {
	UT_hash_handle hh_chain, hh_cache;
	char chain[HEX_ID + 1], parent[HEX_ID + 1], diff[HEX_ID + 1];
	char cache[LAYER_ID_MAX];
	bool seen;
};

struct image {
	UT_hash_handle hh;
	char id[HEX_ID + 1];
	unsigned int n;
	char (*diffs)[HEX_ID + 1]; /* lowest first */
};

/* What is remembered of one data root between calls. */
struct root {
	char path[PATH_MAX];
	struct timespec layerdb_mtime;
	struct layer *by_chain, *by_cache;
	struct image *images;
};

struct docker_store {
	struct root roots[ROOTS_MAX];
	unsigned int next; /* whom to forget for a fifth one */
	struct chain chain;
};

static bool is_hex_id(const char *s)
{
	return strlen(s) == HEX_ID && strspn(s, "0123456789abcdef") == HEX_ID;
}

/* "sha256:<64 hex>" */
static bool copy_digest(char *ret, const char *s)
{
	ret[0] = 0;
	if (!s || strncmp(s, "sha256:", 7) || !is_hex_id(s + 7))
		return false;
	strcpy(ret, s + 7);
	return true;
}

static bool read_word(int dir, const char *chain, const char *file, char *ret, size_t size)
{
	char path[HEX_ID + 16];
	ssize_t n;

	snprintf(path, sizeof(path), "%s/%s", chain, file);
	n = safeio_read_below(dir, path, ret, size - 1);
	ret[n > 0 ? n : 0] = 0;
	ret[strcspn(ret, "\n")] = 0;
	return n > 0;
}

static struct layer *layer_read(int layerdb, const char *chain)
{
	struct layer *l = calloc(1, sizeof(*l));
	char word[128];

	if (!l)
		return NULL;
	strcpy(l->chain, chain);
	if (read_word(layerdb, chain, "parent", word, sizeof(word)))
		copy_digest(l->parent, word);
	if (!read_word(layerdb, chain, "diff", word, sizeof(word)) || !copy_digest(l->diff, word) ||
	    !read_word(layerdb, chain, "cache-id", word, sizeof(word)) ||
	    !store_id_copy(l->cache, sizeof(l->cache), word)) {
		free(l);
		return NULL;
	}
	return l;
}

static void layer_forget(struct root *r, struct layer *l)
{
	HASH_DELETE(hh_chain, r->by_chain, l);
	if (l->hh_cache.tbl)
		HASH_DELETE(hh_cache, r->by_cache, l);
	free(l);
}

static void layer_add(struct root *r, int layerdb, const char *chain)
{
	struct layer *l, *other;

	HASH_FIND(hh_chain, r->by_chain, chain, HEX_ID, l);
	if (l) {
		l->seen = true;
		return;
	}
	if (HASH_CNT(hh_chain, r->by_chain) >= LAYERS_MAX)
		return;
	l = layer_read(layerdb, chain);
	if (!l)
		return;
	l->seen = true;
	HASH_ADD(hh_chain, r->by_chain, chain, HEX_ID, l);
	if (!l->hh_chain.tbl) {
		free(l);
		return;
	}
	HASH_FIND(hh_cache, r->by_cache, l->cache, strlen(l->cache), other);
	if (!other)
		HASH_ADD_KEYPTR(hh_cache, r->by_cache, l->cache, strlen(l->cache), l);
}

/* layerdb changes its mtime whenever a layer comes or goes: only new names are read then. */
static int layers_refresh(struct root *r, int root)
{
	int dir __close = safeio_dir_below(root, LAYERDB), list = -1;
	DIR *d __closedir = NULL;
	struct layer *l, *tmp;
	struct dirent *e;
	struct stat st;

	if (dir < 0)
		return dir;
	if (fstat(dir, &st))
		return -errno;
	if (st.st_mtim.tv_sec == r->layerdb_mtime.tv_sec &&
	    st.st_mtim.tv_nsec == r->layerdb_mtime.tv_nsec)
		return 0;
	list = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	d = list >= 0 ? fdopendir(list) : NULL;
	if (!d) {
		if (list >= 0)
			close(list);
		return -errno;
	}
	HASH_ITER (hh_chain, r->by_chain, l, tmp)
		l->seen = false;
	for (unsigned int n = 0; n < LAYERS_MAX && (e = readdir(d));)
		if (is_hex_id(e->d_name)) {
			layer_add(r, dir, e->d_name);
			n++;
		}
	HASH_ITER (hh_chain, r->by_chain, l, tmp)
		if (!l->seen)
			layer_forget(r, l);
	r->layerdb_mtime = st.st_mtim;
	return 0;
}

static void image_free(struct image *i)
{
	free(i->diffs);
	free(i);
}

static json_t *image_config(int root, const char *id)
{
	char path[128];

	snprintf(path, sizeof(path), "image/overlay2/imagedb/content/sha256/%s", id);
	return store_json(root, path);
}

/* An image's diffs; remembered, as its content never changes. NULL: not readable. */
static const struct image *image_get(struct root *r, int root, const char *id)
{
	json_t *config __json = NULL, *diffs;
	struct image *i;

	HASH_FIND_STR(r->images, id, i);
	if (i)
		return i;
	config = image_config(root, id);
	diffs = json_object_get(json_object_get(config, "rootfs"), "diff_ids");
	if (!json_is_array(diffs) || !json_array_size(diffs) ||
	    json_array_size(diffs) > CHAIN_MAX || HASH_COUNT(r->images) >= IMAGES_MAX)
		return NULL;
	i = calloc(1, sizeof(*i));
	if (!i)
		return NULL;
	strcpy(i->id, id);
	i->diffs = calloc(json_array_size(diffs), sizeof(*i->diffs));
	for (size_t k = 0; i->diffs && k < json_array_size(diffs); k++)
		if (copy_digest(i->diffs[k], json_string_value(json_array_get(diffs, k))))
			i->n++;
	if (i->n == json_array_size(diffs))
		HASH_ADD_STR(r->images, id, i);
	if (!i->hh.tbl) {
		image_free(i);
		return NULL;
	}
	return i;
}

/* The layerdb entries of the chain's lower end, as long as each is the parent of the next. */
static unsigned int known_layers(struct root *r, const struct chain *c, const struct layer **ret)
{
	unsigned int n = 0;
	struct layer *l;

	for (; n < c->n; n++) {
		HASH_FIND(hh_cache, r->by_cache, c->id[n], strlen(c->id[n]), l);
		if (!l || strcmp(l->parent, n ? ret[n - 1]->chain : ""))
			break;
		ret[n] = l;
	}
	return n;
}

static bool is_base(const struct image *i, const struct layer *const *known, unsigned int n)
{
	if (i->n > n)
		return false;
	for (unsigned int k = 0; k < i->n; k++)
		if (strcmp(i->diffs[k], known[k]->diff))
			return false;
	return true;
}

/* Images that may be the base: how deep, how many names, whether they are equally deep. */
struct match {
	unsigned int depth;
	bool depths_differ, names_differ;
	char name[IMAGE_NAME_MAX];
};

/*
 * BuildKit's own snapshots have 25 characters, pulled layers 64: in a chain of both the pulled ones
 * at the bottom are the base, and no other depth can be. 0: the chain does not tell.
 */
static unsigned int pulled_depth(const struct chain *c, const char *upper)
{
	unsigned int n = 0;

	if (is_hex_id(upper))
		return 0;
	while (n < c->n && is_hex_id(c->id[n]))
		n++;
	return n;
}

static void match_add(struct match *m, const char *name, unsigned int depth)
{
	if (m->depth && m->depth != depth)
		m->depths_differ = true;
	if (m->name[0] && strcmp(m->name, name))
		m->names_differ = true;
	m->depth = depth;
	snprintf(m->name, sizeof(m->name), "%s", name);
}

/* Names of repositories.json whose image is at the bottom of the chain. from: only that one; depth:
 * only so deep. */
static void match_images(struct root *r, int root, const json_t *repositories,
			 const struct layer *const *known, unsigned int n, const char *from,
			 unsigned int depth, struct match *ret)
{
	const struct image *i;
	json_t *names, *digest;
	const char *repo, *name;
	char id[HEX_ID + 1];

	*ret = (struct match){ 0 };
	json_object_foreach ((json_t *)repositories, repo, names)
		json_object_foreach (names, name, digest) {
			if (from ? !image_name_is(name, from) : strchr(name, '@') != NULL)
				continue;
			if (!copy_digest(id, json_string_value(digest)))
				continue;
			i = image_get(r, root, id);
			if (i && is_base(i, known, n) && (!depth || i->n == depth))
				match_add(ret, name, i->n);
		}
}

static void find_base(struct docker_store *ds, struct root *r, int root, const char *upper,
		      const char *from, struct layer_info *ret)
{
	const struct chain *c = &ds->chain;
	const struct layer *known[CHAIN_MAX];
	unsigned int n, pulled = pulled_depth(c, upper);
	json_t *file __json = NULL, *repositories;
	struct match m = { 0 };

	if (layers_refresh(r, root))
		return;
	n = known_layers(r, c, known);
	file = store_json(root, "image/overlay2/repositories.json");
	repositories = json_object_get(file, "Repositories");
	if (from[0])
		match_images(r, root, repositories, known, n, from, 0, &m);
	if (!m.depth && pulled)
		match_images(r, root, repositories, known, n, NULL, pulled, &m);
	else if (!m.depth)
		match_images(r, root, repositories, known, n, NULL, 0, &m);
	if (!m.depth || m.depths_differ)
		return;
	ret->base_layers = m.depth;
	ret->number = c->n - m.depth + 1;
	if (!m.names_differ)
		strcpy(ret->base, m.name);
}

static void root_forget(struct root *r)
{
	struct layer *l, *tmp;
	struct image *i, *itmp;

	HASH_ITER (hh_chain, r->by_chain, l, tmp)
		layer_forget(r, l);
	HASH_ITER (hh, r->images, i, itmp) {
		HASH_DEL(r->images, i);
		image_free(i);
	}
	*r = (struct root){ 0 };
}

static struct root *root_get(struct docker_store *ds, const char *path)
{
	struct root *r;

	for (size_t i = 0; i < ROOTS_MAX; i++)
		if (!strcmp(ds->roots[i].path, path))
			return &ds->roots[i];
	r = &ds->roots[ds->next++ % ROOTS_MAX];
	root_forget(r);
	snprintf(r->path, sizeof(r->path), "%s", path);
	return r;
}

int docker_store_layer(struct docker_store *ds, const char *upperdir, const char *from,
		       struct layer_info *ret)
{
	int root __close = -1;
	struct upper u;

	*ret = (struct layer_info){ 0 };
	if (!upper_parse(upperdir, &u))
		return -EINVAL;
	strcpy(ret->snapshot, u.id);
	if (u.kind == STORE_SNAPSHOTTER)
		return 0;
	root = open(u.root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0 || chain_read(root, u.kind, u.id, &ds->chain))
		return 0;
	if (ds->chain.n)
		strcpy(ret->parent, ds->chain.id[ds->chain.n - 1]);
	if (!strcmp(from, "scratch")) {
		strcpy(ret->base, from);
		ret->number = ds->chain.n + 1;
	} else if (u.kind == STORE_DOCKER) {
		find_base(ds, root_get(ds, u.root), root, u.id, from, ret);
	} else {
		containers_find_base(root, &ds->chain, from, ret);
	}
	return 0;
}

/* "… - overlay overlay rw,lowerdir=/…/snapshots/41/fs:…": the first lower is the parent. */
void docker_store_mount_parent(const char *mountinfo, struct layer_info *ret)
{
	char line[8192], path[PATH_MAX], where[8], *lower;
	struct upper u;

	for (const char *p = mountinfo; *p; p += strcspn(p, "\n"), p += *p == '\n') {
		snprintf(line, sizeof(line), "%.*s", (int)strcspn(p, "\n"), p);
		if (sscanf(line, "%*s %*s %*s %*s %7s ", where) != 1 || strcmp(where, "/"))
			continue;
		lower = strstr(line, ",lowerdir=");
		if (!lower)
			return;
		lower += 10;
		snprintf(path, sizeof(path), "%.*s", (int)strcspn(lower, ":, "), lower);
		if (upper_parse(path, &u) && u.kind == STORE_SNAPSHOTTER)
			strcpy(ret->parent, u.id);
		return;
	}
}

/* The registry and repository docker adds to short names. */
static const char *short_name(const char *name)
{
	static const char *const heads[] = {
		"localhost/", "docker.io/library/", "index.docker.io/library/",
		"docker.io/", "index.docker.io/",   "library/"
	};

	for (size_t i = 0; i < ARRAY_SIZE(heads); i++)
		if (!strncmp(name, heads[i], strlen(heads[i])))
			return name + strlen(heads[i]);
	return name;
}

int image_name_is(const char *name, const char *from)
{
	const char *digest, *slash;
	size_t repo, len;

	name = short_name(name);
	from = short_name(from);
	len = strlen(from);
	digest = strchr(from, '@');
	slash = strrchr(from, '/');
	repo = strcspn(slash ? slash : from, ":@") + (slash ? (size_t)(slash - from) : 0);
	if (digest) /* REPO:TAG@sha256:… is stored as REPO@sha256:… */
		return !strncmp(name, from, repo) && !strcmp(name + repo, digest);
	if (repo == len)
		return !strncmp(name, from, len) && !strcmp(name + len, ":latest");
	return !strcmp(name, from);
}

static char **string_list(const json_t *array)
{
	size_t n = json_array_size(array), k = 0;
	char **list = n <= CHAIN_MAX ? calloc(n + 1, sizeof(*list)) : NULL;

	for (size_t i = 0; list && i < n; i++) {
		const char *s = json_string_value(json_array_get(array, i));

		list[k] = s ? strdup(s) : NULL;
		k += list[k] != NULL;
	}
	return list;
}

static char *env_block(const json_t *array)
{
	size_t n = json_array_size(array), size = 2, at = 0;
	char *block;

	for (size_t i = 0; i < n; i++)
		size += json_string_length(json_array_get(array, i)) + 1;
	block = calloc(1, size);
	for (size_t i = 0; block && i < n; i++) {
		const char *s = json_string_value(json_array_get(array, i));
		size_t len = s ? strlen(s) : 0;

		if (!len)
			continue;
		memcpy(block + at, s, len);
		len = redact_argv(block + at, len, NULL);
		block[at + len] = 0;
		at += len + 1;
	}
	if (block)
		block[at] = 0;
	return block;
}

static bool find_image(const json_t *repositories, const char *from, char *id)
{
	json_t *names, *digest;
	const char *repo, *name;

	json_object_foreach ((json_t *)repositories, repo, names)
		json_object_foreach (names, name, digest)
			if (image_name_is(name, from) && copy_digest(id, json_string_value(digest)))
				return true;
	return false;
}

int docker_store_image(const char *dataroot, const char *name, struct image_info *ret)
{
	int root __close = open(dataroot, O_PATH | O_DIRECTORY | O_CLOEXEC);
	json_t *file __json = NULL, *image __json = NULL, *config;
	struct image_info i = { 0 };
	char id[HEX_ID + 1];

	if (root < 0)
		return -errno;
	file = store_json(root, "image/overlay2/repositories.json");
	if (!find_image(json_object_get(file, "Repositories"), name, id))
		return -ENOENT;
	image = image_config(root, id);
	if (!image)
		return -EIO;
	config = json_object_get(image, "config");
	i.onbuild = string_list(json_object_get(config, "OnBuild"));
	i.shell = string_list(json_object_get(config, "Shell"));
	i.env = env_block(json_object_get(config, "Env"));
	if (!i.onbuild || !i.shell || !i.env) {
		image_info_done(&i);
		return -ENOMEM;
	}
	*ret = i;
	return 0;
}

static size_t add_words(char *out, size_t at, const char *key, char *const *words)
{
	for (; *words && at != SIZE_MAX; words++) {
		size_t n = strlen(key) + strlen(*words) + 1;

		if (at + n > IMAGE_CONFIG_MAX)
			return SIZE_MAX;
		at += (size_t)sprintf(out + at, "%s%s", key, *words) + 1;
	}
	return at;
}

size_t image_info_config(const struct image_info *i, char *out)
{
	size_t n = add_words(out, add_words(out, 0, "onbuild=", i->onbuild), "shell=", i->shell);

	return n && n != SIZE_MAX ? redact_argv(out, n, NULL) : 0;
}

void image_info_done(struct image_info *i)
{
	for (char **p = i->onbuild; p && *p; p++)
		free(*p);
	for (char **p = i->shell; p && *p; p++)
		free(*p);
	free(i->onbuild);
	free(i->shell);
	free(i->env);
	*i = (struct image_info){ 0 };
}

struct docker_store *docker_store_new(void)
{
	return calloc(1, sizeof(struct docker_store));
}

void docker_store_free(struct docker_store *ds)
{
	if (!ds)
		return;
	for (size_t i = 0; i < ROOTS_MAX; i++)
		root_forget(&ds->roots[i]);
	free(ds);
}
