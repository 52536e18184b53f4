/* SPDX-License-Identifier: GPL-2.0 */
#include "source/buildx_refs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "source/evbuf.h"
#include "source/safeio.h"
#include "source/store_json.h"

#define FILE_BYTES 16384
#define ENTRIES_MAX 16384 /* buildx never tidies up */
#define TOLD_MAX 256	  /* services of a compose file */
#define NAME_BYTES 128
#define ID_BYTES 25

struct looking {
	const struct want *w;
	struct safeio_proc p;
	zt_u64 since_ns; /* of the wall clock: when the client began */
	unsigned int entries, told;
	char shell_dir[PATH_MAX]; /* $PWD, which buildx goes by when there are symlinks on the way; "": none */
	char file[FILE_BYTES];
	sink_fn sink;
	void *ctx;
};

static const char *variable(const char *env, const char *name)
{
	size_t n = strlen(name);

	for (; *env; env += strlen(env) + 1)
		if (!strncmp(env, name, n) && env[n] == '=' && env[n + 1])
			return env + n + 1;
	return NULL;
}

/* As buildx's confutil.ConfigDir has it */
static bool refs_dir(char *ret, size_t size, const char *env)
{
	const char *dir = variable(env, "BUILDX_CONFIG"), *below = "";

	if (!dir) {
		dir = variable(env, "DOCKER_CONFIG");
		below = "/buildx";
	}
	if (!dir) {
		dir = variable(env, "HOME");
		below = "/.docker/buildx";
	}
	return dir && (size_t)snprintf(ret, size, "%s%s/refs", dir, below) < size;
}

static bool is_id(const char *s)
{
	return strlen(s) == ID_BYTES && strspn(s, "0123456789abcdefghijklmnopqrstuvwxyz") == ID_BYTES;
}

/* A path as typed (or "-", or a URL), and what buildx made of it */
static bool same_path(struct looking *l, const char *typed, const char *kept)
{
	char path[PATH_MAX], from_shell[PATH_MAX];

	if (!strcmp(typed, kept))
		return true;
	if (safeio_absolute(&l->p, typed, path, sizeof(path)) && !strcmp(path, kept))
		return true;
	return l->shell_dir[0] && *typed != '/' &&
	       (size_t)snprintf(path, sizeof(path), "%s/%s", l->shell_dir, typed) < sizeof(path) &&
	       safeio_absolute(&l->p, path, from_shell, sizeof(from_shell)) && !strcmp(from_shell, kept);
}

/* With no -f it keeps none, or the context's */
static bool is_default_file(const char *context, const char *file)
{
	size_t n = strlen(context);

	return !*file || (!strncmp(file, context, n) && !strcmp(file + n, "/Dockerfile"));
}

static bool is_of_client(struct looking *l, const char *context, const char *file)
{
	const struct want *w = l->w;

	if (!w->context[0])
		return true;
	return same_path(l, w->context, context) && (w->path[0] ? same_path(l, w->path, file) : is_default_file(context, file));
}

static int tell(struct looking *l, const char *ref, const char *target)
{
	struct {
		struct zt_ev_ref ev;
		char tail[4 * NAME_BYTES]; /* of the ref three, and the target */
	} e = { 0 };
	size_t a = strlen(ref) + 1, b = strlen(target) + 1;

	if (a + b > sizeof(e.tail))
		return 0;
	memcpy(e.tail, ref, a);
	memcpy(e.tail + a, target, b);
	e.ev.h = (struct zt_ev){ .kind = ZT_ref, .fixed = sizeof(e.ev), .size = (zt_u32)(sizeof(e.ev) + a + b),
				 .who = l->w->who, .cgroup = l->w->cgroup, .ts_ns = evbuf_clock_ns(CLOCK_BOOTTIME) };
	l->told++;
	return l->sink(l->ctx, &e.ev.h);
}

static const char *text(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key)) ?: "";
}

/* path: DIR/BUILDER/NODE/ID, of which the last three are the ref */
static int look_at(struct looking *l, const char *path, const char *ref)
{
	json_t *o __json = NULL;
	struct safeio_file f;

	safeio_read(&l->p, path, l->file, sizeof(l->file), &f);
	if (f.status != ZT_FILE_OK || f.cut || f.mtime_ns < l->since_ns)
		return 0;
	o = store_json_parse(l->file, f.bytes);
	if (!o || !is_of_client(l, text(o, "LocalPath"), text(o, "DockerfilePath")))
		return 0;
	return tell(l, ref, text(o, "Target"));
}

static bool is_newer(const struct looking *l, DIR *d, const char *name)
{
	struct stat st;

	return !fstatat(dirfd(d), name, &st, AT_SYMLINK_NOFOLLOW) && S_ISREG(st.st_mode) &&
	       (zt_u64)st.st_mtim.tv_sec * 1000000000 + (zt_u64)st.st_mtim.tv_nsec >= l->since_ns;
}

/* depth 0: a directory a builder; 1: a node; 2: the files. `__group__` is no builder. */
static int walk(struct looking *l, const char *path, size_t top, int depth)
{
	DIR *d __closedir = safeio_opendir(&l->p, path);
	char below[PATH_MAX];
	struct dirent *e;
	int err = 0;

	while (d && !err && (e = readdir(d)) && l->entries++ < ENTRIES_MAX && l->told < TOLD_MAX) {
		if (depth < 2 ? !store_id_ok(e->d_name, NAME_BYTES - 1) || !strncmp(e->d_name, "__", 2) : !is_id(e->d_name))
			continue;
		if ((size_t)snprintf(below, sizeof(below), "%s/%s", path, e->d_name) >= sizeof(below))
			continue;
		if (depth < 2)
			err = walk(l, below, top, depth + 1);
		else if (is_newer(l, d, e->d_name))
			err = look_at(l, below, below + top + 1);
	}
	return err;
}

static void take_shell_dir(struct looking *l, const char *env)
{
	const char *pwd = variable(env, "PWD");

	if (pwd && *pwd == '/')
		snprintf(l->shell_dir, sizeof(l->shell_dir), "%s", pwd);
}

int buildx_refs_answer(int proc, char *env, size_t size, const struct want *w, sink_fn sink, void *ctx)
{
	struct looking *l __free = calloc(1, sizeof(*l));
	char name[32], dir[PATH_MAX];
	ssize_t n;
	int err = 0;

	snprintf(name, sizeof(name), "%u/environ", w->who.tgid);
	n = safeio_read_below(proc, name, env, size - 2);
	if (!l || n <= 0)
		return 0;
	env[n] = env[n + 1] = 0;
	if (!refs_dir(dir, sizeof(dir), env) || safeio_open(&l->p, proc, &w->who)) /* afterwards: still the same process? */
		return 0;
	l->w = w;
	l->sink = sink;
	l->ctx = ctx;
	l->since_ns = evbuf_clock_ns(CLOCK_REALTIME) - evbuf_clock_ns(CLOCK_BOOTTIME) + w->who.start_ns;
	take_shell_dir(l, env);
	err = walk(l, dir, strlen(dir), 0);
	safeio_close(&l->p);
	return err;
}
