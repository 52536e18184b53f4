/* SPDX-License-Identifier: GPL-2.0 */
#include "source/cgroupfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "source/evbuf.h"
#include "source/readfile.h"

/* Reads the hierarchy that has the memory controller; opens nothing outside its mount point. */

/* The knobs of each version; NULL: it has none. */
struct knobs {
	const char *usage, *limit, *peak, *swap_usage, *swap_limit, *high, *group;
};

static const struct knobs knobs_v1 = {
	.usage = "memory.usage_in_bytes",
	.limit = "memory.limit_in_bytes",
	.peak = "memory.max_usage_in_bytes",
	.swap_usage = "memory.memsw.usage_in_bytes",
	.swap_limit = "memory.memsw.limit_in_bytes",
};

static const struct knobs knobs_v2 = {
	.usage = "memory.current",
	.limit = "memory.max",
	.peak = "memory.peak", /* 5.19 */
	.swap_usage = "memory.swap.current",
	.swap_limit = "memory.swap.max",
	.high = "memory.high",
	.group = "memory.oom.group",
};

static const struct knobs *knobs_of(const struct cgroupfs *c)
{
	return c->version == 1 ? &knobs_v1 : &knobs_v2;
}

const char *cgroupfs_limit_file(const struct cgroupfs *c)
{
	return knobs_of(c)->limit;
}

/* mountinfo writes blank, tab, newline and backslash as \ooo. */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; to++) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' &&
		    s[3] >= '0' && s[3] <= '7') {
			*to = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 4;
		} else {
			*to = *s++;
		}
	}
	*to = 0;
}

struct mount {
	char *root, *point, *type, *options;
};

/* "31 23 0:28 ROOT POINT rw,relatime [optional …] - TYPE SOURCE SUPEROPTIONS" (Documentation/filesystems/proc.rst) */
static bool parse_mount(char *line, struct mount *m)
{
	char *field[5], *save = NULL, *rest = strstr(line, " - ");

	if (!rest)
		return false;
	*rest = 0;
	for (int i = 0; i < 5; i++) {
		field[i] = strtok_r(i ? NULL : line, " ", &save);
		if (!field[i])
			return false;
	}
	m->root = field[3];
	m->point = field[4];
	unescape(m->root);
	unescape(m->point);
	m->type = strtok_r(rest + 3, " ", &save);
	m->options = strtok_r(NULL, " ", &save) ? strtok_r(NULL, " \n", &save) : NULL;
	return m->type && m->options;
}

/* Is `word` one of a list's items? */
static bool has_word(const char *list, const char *word, const char *delim)
{
	size_t len = strlen(word), n;

	for (const char *p = list; *p; p += n + !!p[n]) {
		n = strcspn(p, delim);
		if (n == len && !memcmp(p, word, len))
			return true;
	}
	return false;
}

static bool v2_has_memory(const char *point)
{
	char path[600], list[512];

	snprintf(path, sizeof(path), "%s/cgroup.controllers", point);
	return readfile_at(AT_FDCWD, path, list, sizeof(list)) >= 0 && has_word(list, "memory", " \n");
}

/* Take this mount? A mount of the whole hierarchy beats one of a part; the first of equals wins. */
static void consider(struct cgroupfs *c, const struct mount *m, unsigned int version)
{
	bool whole = !strcmp(m->root, "/");

	if (strlen(m->point) >= sizeof(c->mount) || strlen(m->root) >= sizeof(c->root))
		return;
	/* A controller is in one hierarchy only; version 1 is the one that says so for sure. */
	if (c->version && (version > c->version || (version == c->version && (!c->root[0] || !whole))))
		return;
	c->version = version;
	strcpy(c->mount, m->point);
	strcpy(c->root, whole ? "" : m->root);
}

static int find_mount(struct cgroupfs *c, const char *proc)
{
	FILE *f __fclose = NULL;
	char path[512], *line __free = NULL;
	size_t size = 0;
	bool v1 = false, v2 = false;
	struct mount m;

	snprintf(path, sizeof(path), "%s/self/mountinfo", proc);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	while (getline(&line, &size, f) > 0) {
		if (!parse_mount(line, &m))
			continue;
		if (!strcmp(m.type, "cgroup")) {
			v1 = true;
			if (has_word(m.options, "memory", ","))
				consider(c, &m, 1);
		} else if (!strcmp(m.type, "cgroup2")) {
			v2 = true;
			if (v2_has_memory(m.point))
				consider(c, &m, 2);
		}
	}
	c->hybrid = v1 && v2;
	return ferror(f) ? -EIO : 0;
}

int cgroupfs_open(struct cgroupfs *c, const char *proc)
{
	int err;

	memset(c, 0, sizeof(*c));
	c->dir = -1;
	err = find_mount(c, proc);
	if (err || !c->version)
		return err;
	/* Inside a cgroup namespace what lies above it is written "/..", as often as it takes. */
	if (!strncmp(c->root, "/..", 3)) {
		c->above = true;
		c->root[0] = 0;
	}
	c->dir = open(c->mount, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return c->dir < 0 ? -errno : 0;
}

void cgroupfs_close(struct cgroupfs *c)
{
	if (c->dir >= 0)
		close(c->dir);
	c->dir = -1;
	c->version = 0;
}

/* v1 has the largest whole number of pages for "no limit", whatever the page size. */
static zt_u64 as_limit(const char *text)
{
	zt_u64 v = 0;

	if (!strncmp(text, "max", 3))
		return ZT_NO_LIMIT;
	if (sscanf(text, "%llu", (unsigned long long *)&v) != 1)
		return ZT_NO_LIMIT;
	return v > INT64_MAX - 0x200000 ? ZT_NO_LIMIT : v;
}

/* A missing file is no limit: the root has none on version 2. */
static zt_u64 read_limit(int dir, const char *file)
{
	char text[64];

	return readfile_at(dir, file, text, sizeof(text)) > 0 ? as_limit(text) : ZT_NO_LIMIT;
}

static zt_u64 read_count(int dir, const char *file)
{
	zt_u64 v;

	return readfile_u64(dir, file, &v) ? 0 : v;
}

static int read_memcg(const struct cgroupfs *c, int dir, struct zt_memcg *m)
{
	const struct knobs *k = knobs_of(c);
	struct stat st;

	memset(m, 0, sizeof(*m));
	if (fstat(dir, &st))
		return -errno;
	m->id = st.st_ino; /* kernfs: the inode number is the node's id on 64-bit kernels */
	m->limit_bytes = read_limit(dir, k->limit);
	m->usage_bytes = read_count(dir, k->usage);
	m->peak_bytes = read_count(dir, k->peak);
	m->swap_limit_bytes = read_limit(dir, k->swap_limit);
	m->swap_usage_bytes = read_count(dir, k->swap_usage);
	if (k->high)
		m->high_bytes = read_limit(dir, k->high);
	if (c->version == 1)
		m->flags |= ZT_F_MEMCG_SWAP_INCLUSIVE;
	else if (read_count(dir, k->group))
		m->flags |= ZT_F_MEMCG_OOM_GROUP;
	return 0;
}

/* Does the controller account for this directory itself? Version 2 may not have it here. */
static bool has_memory(const struct cgroupfs *c, int dir)
{
	return !faccessat(dir, knobs_of(c)->usage, F_OK, AT_SYMLINK_NOFOLLOW);
}

struct walk {
	const struct cgroupfs *c;
	sink_fn sink;
	void *ctx;
	int count;
	bool cut;
	size_t len;	 /* of path */
	char path[4096]; /* from the hierarchy's root */
	union evbuf ev;
};

static int emit(struct walk *w, int dir, zt_u64 parent, zt_u64 *ret_id)
{
	union evbuf *b = &w->ev;
	int err;

	evbuf_start(b, ZT_cgroup, sizeof(b->cgroup));
	b->h.flags = ZT_F_CGROUP_SNAPSHOT;
	err = read_memcg(w->c, dir, &b->cgroup.mem);
	if (err)
		return err;
	b->cgroup.mem.parent = parent;
	*ret_id = b->cgroup.mem.id;
	evbuf_add_str(b, w->len ? w->path : "/");
	w->count++;
	return w->sink(w->ctx, &b->h);
}

static int walk_dir(struct walk *w, int dir, zt_u64 parent, unsigned int depth);

/* One child directory: w->path grows by its name for the call. A directory that has gone is no error. */
static int walk_child(struct walk *w, int dir, const char *name, zt_u64 id, unsigned int depth)
{
	size_t len = w->len, n = strlen(name);
	int fd, err;

	if (w->count >= CGROUPFS_DIRS_MAX || depth >= CGROUPFS_DEPTH_MAX || len + n + 2 > sizeof(w->path)) {
		w->cut = true;
		return 0;
	}
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || errno == ENODEV || errno == EACCES ? 0 : -errno;
	w->path[len] = '/';
	memcpy(w->path + len + 1, name, n + 1);
	w->len = len + 1 + n;
	err = has_memory(w->c, fd) ? walk_dir(w, fd, id, depth) : (close(fd), 0);
	w->path[len] = 0;
	w->len = len;
	return err;
}

/* Owns dir. */
static int walk_dir(struct walk *w, int dir, zt_u64 parent, unsigned int depth)
{
	DIR *d __closedir = fdopendir(dir);
	struct dirent *e;
	zt_u64 id;
	int err;

	if (!d) {
		err = -errno;
		close(dir);
		return err;
	}
	err = emit(w, dir, parent, &id);
	while (!err && (e = readdir(d)))
		if (e->d_type == DT_DIR && strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			err = walk_child(w, dir, e->d_name, id, depth + 1);
	return err;
}

int cgroupfs_snapshot(const struct cgroupfs *c, sink_fn sink, void *ctx, bool *ret_cut)
{
	struct walk *w __free = NULL;
	int dir, err;

	if (!c->version)
		return 0;
	w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	w->c = c;
	w->sink = sink;
	w->ctx = ctx;
	w->len = (size_t)snprintf(w->path, sizeof(w->path), "%s", c->root);
	dir = openat(c->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	err = walk_dir(w, dir, 0, 0);
	if (ret_cut)
		*ret_cut = w->cut;
	return err ? err : w->count;
}

char *cgroupfs_own_path(const struct cgroupfs *c, char *text)
{
	char *line = text, *next, *list, *path;

	for (; line && *line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = 0;
		list = strchr(line, ':');
		path = list ? strchr(list + 1, ':') : NULL;
		if (!path)
			continue;
		*path++ = 0;
		if (c->version == 2 ? !strncmp(line, "0:", 2) && !list[1] : has_word(list + 1, "memory", ","))
			return path;
	}
	return NULL;
}

/* The path below the mount point, "" for the mount point itself; NULL when it is outside. */
static const char *below_mount(const struct cgroupfs *c, const char *path)
{
	size_t len = strlen(c->root);

	if (!c->version || c->above || path[0] != '/' || strstr(path, "/.."))
		return NULL;
	if (strncmp(path, c->root, len) || (path[len] && path[len] != '/'))
		return NULL;
	path += len;
	return path + strspn(path, "/");
}

/* Open a cgroup; on version 2 climb to the nearest one with the controller when `climb`. */
static int open_cgroup(const struct cgroupfs *c, const char *path, bool climb)
{
	const char *below = below_mount(c, path);
	char name[4096];

	if (!below || strlen(below) >= sizeof(name))
		return -ENOENT;
	strcpy(name, below);
	for (;;) {
		char *slash = strrchr(name, '/');
		int fd = openat(c->dir, name[0] ? name : ".", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (fd < 0)
			return -errno; /* gone, and nobody can tell any more which ancestor had the controller */
		if (!name[0] || !climb || has_memory(c, fd))
			return fd;
		close(fd);
		*(slash ? slash : name) = 0;
	}
}

zt_u64 cgroupfs_id(struct cgroupfs *c, const char *path)
{
	struct cgroupfs_cached *slot;
	int fd __close = -1;
	zt_u32 hash = 5381;
	struct stat st;

	for (const char *p = path; *p; p++)
		hash = hash * 33 + (unsigned char)*p;
	slot = &c->cache[hash % CGROUPFS_CACHE];
	if (slot->id && !strcmp(slot->path, path))
		return slot->id;
	fd = open_cgroup(c, path, c->version == 2);
	if (fd < 0 || fstat(fd, &st))
		return 0;
	if (strlen(path) < sizeof(slot->path)) {
		strcpy(slot->path, path);
		slot->id = st.st_ino;
	}
	return st.st_ino;
}

int cgroupfs_memcg(const struct cgroupfs *c, const char *path, struct zt_memcg *ret)
{
	int fd __close = open_cgroup(c, path, false);

	return fd < 0 ? fd : read_memcg(c, fd, ret);
}

int cgroupfs_dir(const struct cgroupfs *c, const char *path)
{
	return open_cgroup(c, path, false);
}

zt_u64 cgroupfs_limit(const struct cgroupfs *c, int dir)
{
	return read_limit(dir, knobs_of(c)->limit);
}

int cgroupfs_open_usage(const struct cgroupfs *c, int dir, int *usage, int *swap)
{
	const int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
	int fd = openat(dir, knobs_of(c)->usage, flags);

	if (fd < 0)
		return -errno;
	*usage = fd;
	*swap = c->version == 2 ? openat(dir, knobs_of(c)->swap_usage, flags) : -1;
	return 0;
}

/* v1 has the sums over all levels below under total_*, and counts shmem in cache as v2 does in file. */
static void parse_memstat(const char *text, unsigned int version, struct zt_ev_memstat *ret)
{
	const char *const keys[][6] = {
		{ "total_rss", "total_cache", "total_shmem", NULL, NULL, NULL },
		{ "anon", "file", "shmem", "kernel", "slab", "sock" },
	};
	zt_u64 *const out[6] = { &ret->anon_bytes, &ret->file_bytes, &ret->shmem_bytes,
				 &ret->kernel_bytes, &ret->slab_bytes, &ret->sock_bytes };

	memset(ret, 0, sizeof(*ret));
	for (int i = 0; i < 6; i++)
		if (keys[version == 2][i])
			readfile_find_u64(text, keys[version == 2][i], out[i]);
	ret->file_bytes -= ret->shmem_bytes < ret->file_bytes ? ret->shmem_bytes : ret->file_bytes;
}

int cgroupfs_memstat(const struct cgroupfs *c, const char *path, struct zt_ev_memstat *ret)
{
	int fd __close = open_cgroup(c, path, false);
	char text[8192];
	ssize_t n;

	if (fd < 0)
		return fd;
	n = readfile_at(fd, "memory.stat", text, sizeof(text));
	if (n < 0)
		return (int)n;
	parse_memstat(text, c->version, ret);
	return ret->anon_bytes || ret->file_bytes || ret->shmem_bytes ? 0 : -EAGAIN;
}
