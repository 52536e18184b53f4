// SPDX-License-Identifier: GPL-2.0
#include "source/project.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/remote.h"
#include "source/compose.h"
#include "source/evbuf.h"
#include "source/hcl.h"
#include "source/redact.h"
#include "source/safeio.h"

#define FILES_MAX 16
#define PROJECT_FILE_MAX (1024 * 1024)
#define UP_MAX 32 /* directories above, in which compose looks, too */

struct reading {
	const struct want *w;
	struct safeio_proc p;
	const char *env;
	size_t env_bytes;
	char *dotenv; /* text of .env; NULL: none */
	char *hcl;    /* of all bake files of that kind; NULL: none */
	size_t hcl_bytes, hcl_at; /* at: the next that is to be taken in */
	char value[4096];
	char dir[PATH_MAX];
	char files[FILES_MAX][PATH_MAX];
	unsigned int nfiles;
	struct project project;
	struct safeio_file failed; /* why no file could be read */
};

/* --- variables --- */

static const char *from_environment(const struct reading *r, const char *name)
{
	size_t n = strlen(name);

	for (const char *v = r->env; v < r->env + r->env_bytes; v += strlen(v) + 1)
		if (!strncmp(v, name, n) && v[n] == '=')
			return v + n + 1;
	return NULL;
}

/* NAME=value, NAME="value", export NAME=value */
static const char *from_dotenv(struct reading *r, const char *name)
{
	size_t n = strlen(name), len;

	for (const char *l = r->dotenv; l && *l; l += strcspn(l, "\n"), l += *l == '\n') {
		const char *s = l + strspn(l, " \t");

		s += strncmp(s, "export ", 7) ? 0 : 7;
		if (strncmp(s, name, n) || s[n] != '=')
			continue;
		s += n + 1;
		len = strcspn(s, "\r\n");
		if (len > 1 && (*s == '"' || *s == '\'') && memchr(s + 1, *s, len - 1)) {
			len = (size_t)((const char *)memchr(s + 1, *s, len - 1) - s) - 1;
			s++;
		} else {
			len = strcspn(s, "\r\n#");
			while (len && (s[len - 1] == ' ' || s[len - 1] == '\t'))
				len--;
		}
		snprintf(r->value, sizeof(r->value), "%.*s", (int)len, s);
		return r->value;
	}
	return NULL;
}

static const char *variable(void *ctx, const char *name)
{
	struct reading *r = ctx;

	return from_environment(r, name) ?: from_dotenv(r, name);
}

/* --- files --- */

static int read_text(void *ctx, const char *path, char **text, size_t *len)
{
	struct reading *r = ctx;
	char *buf = malloc(PROJECT_FILE_MAX + 1);
	struct safeio_file f;

	if (!buf)
		return -ENOMEM;
	safeio_read(&r->p, path, buf, PROJECT_FILE_MAX, &f);
	if (f.status != ZT_FILE_OK || f.cut) {
		free(buf);
		r->failed = f;
		return -(f.status == ZT_FILE_OK ? EFBIG : f.error ?: EIO);
	}
	buf[f.bytes] = 0;
	*text = buf;
	*len = f.bytes;
	return 0;
}

static bool exists(struct reading *r, const char *path)
{
	struct safeio_file f;
	char c;

	safeio_read(&r->p, path, &c, 1, &f);
	return f.status == ZT_FILE_OK;
}

static bool join(char *buf, const char *dir, const char *name)
{
	size_t d = *name == '/' ? 0 : strlen(dir), n = strlen(name);

	if (d + n + 2 > PATH_MAX)
		return false;
	memmove(buf, dir, d);
	if (d)
		buf[d++] = '/';
	memcpy(buf + d, name, n + 1);
	return true;
}

static void add_file(struct reading *r, const char *dir, const char *name)
{
	if (r->nfiles < FILES_MAX && join(r->files[r->nfiles], dir, name))
		r->nfiles++;
}

/* The first of the names there, and what overrides it. */
static bool add_standard(struct reading *r, const char *dir)
{
	static const char *const bases[] = { "compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml" };
	static const char *const overrides[] = { "compose.override.yml", "compose.override.yaml",
						 "docker-compose.override.yml", "docker-compose.override.yaml" };
	char path[PATH_MAX];

	for (size_t n = 0; n < ARRAY_SIZE(bases); n++) {
		if (!join(path, dir, bases[n]) || !exists(r, path))
			continue;
		add_file(r, dir, bases[n]);
		for (size_t k = 0; k < ARRAY_SIZE(overrides); k++)
			if (join(path, dir, overrides[k]) && exists(r, path)) {
				add_file(r, dir, overrides[k]);
				break;
			}
		return true;
	}
	return false;
}

/* Here or above */
static void find_standard(struct reading *r)
{
	char dir[PATH_MAX];

	snprintf(dir, sizeof(dir), "%s", r->dir);
	for (int up = 0; up < UP_MAX; up++) {
		if (add_standard(r, dir)) {
			strcpy(r->dir, dir);
			return;
		}
		if (!strrchr(dir, '/') || !dir[1])
			return;
		*strrchr(dir, '/') = 0;
	}
}

/* bake takes compose's files and its own, all that are there. */
static void find_bake(struct reading *r)
{
	static const char *const names[] = { "compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml",
					     "docker-bake.json", "docker-bake.hcl", "docker-bake.override.json",
					     "docker-bake.override.hcl" };
	char path[PATH_MAX];

	for (size_t n = 0; n < ARRAY_SIZE(names); n++)
		if (join(path, r->dir, names[n]) && exists(r, path))
			add_file(r, r->dir, names[n]);
}

/* COMPOSE_FILE=a.yaml:b.yaml, BUILDX_BAKE_FILE=a.hcl:b.json (buildx 0.27) */
static bool find_variable(struct reading *r)
{
	bool bake = r->w->kind == WANT_TARGETS;
	const char *list = from_environment(r, bake ? "BUILDX_BAKE_FILE" : "COMPOSE_FILE"),
		   *sep = from_environment(r, bake ? "BUILDX_BAKE_PATH_SEPARATOR" : "COMPOSE_PATH_SEPARATOR");
	char name[PATH_MAX];

	if (!list || !*list)
		return false;
	sep = sep && *sep ? sep : ":";
	for (size_t n; *list; list += n + (list[n] != 0)) {
		n = strcspn(list, sep);
		snprintf(name, sizeof(name), "%.*s", (int)n, list);
		add_file(r, r->p.dir, name);
	}
	return r->nfiles;
}

static void find_files(struct reading *r)
{
	const struct want *w = r->w;
	bool given = false;

	strcpy(r->dir, r->p.dir);
	for (const char *f = w->path; *f; f += strlen(f) + 1)
		add_file(r, r->p.dir, f);
	given = r->nfiles || find_variable(r);
	if (w->kind == WANT_TARGETS) {
		if (!given)
			find_bake(r);
		return;
	}
	if (given) { /* the project's directory is that of its first file */
		strcpy(r->dir, r->files[0]);
		if (strrchr(r->dir, '/') > r->dir)
			*strrchr(r->dir, '/') = 0;
	}
	if (*w->context)
		join(r->dir, r->p.dir, w->context);
	if (!given)
		find_standard(r);
}

/* --- what is told --- */

static int tell_failure(struct reading *r, const char *path, zt_u32 status, int error, sink_fn sink, void *ctx)
{
	struct {
		struct zt_ev_file ev;
		char path[PATH_MAX];
	} e = { 0 };
	size_t n = strlen(path) + 1;

	memcpy(e.path, path, n);
	e.ev = (struct zt_ev_file){
		.h = { .kind = ZT_file, .fixed = sizeof(e.ev), .size = (zt_u32)(sizeof(e.ev) + n), .who = r->w->who,
		       .flags = ZT_F_FILE_LAST, .cgroup = r->w->cgroup, .ts_ns = evbuf_clock_ns(CLOCK_BOOTTIME) },
		.role = ZT_FILE_PROJECT,
		.status = status,
		.error = error,
	};
	return sink(ctx, &e.ev.h);
}

static int tell_service(struct reading *r, const struct service *v, zt_u32 number, sink_fn sink, void *ctx)
{
	struct {
		struct zt_ev_service ev;
		char tail[2 * 4096 + COMPOSE_ARGS_MAX];
	} e = { 0 };
	size_t n = 0, args = 0;

	n += (size_t)snprintf(e.tail, 4096, "%s", v->name) + 1;
	n += (size_t)snprintf(e.tail + n, 4096, "%s", v->target ?: "") + 1;
	while (v->args && v->args[args])
		args += strlen(v->args + args) + 1;
	memcpy(e.tail + n, v->args ?: "", args);
	n += args ? redact_argv(e.tail + n, args, NULL) : 0;
	e.ev = (struct zt_ev_service){
		.h = { .kind = ZT_service, .fixed = sizeof(e.ev), .size = (zt_u32)(sizeof(e.ev) + n), .who = r->w->who,
		       .cgroup = r->w->cgroup, .ts_ns = evbuf_clock_ns(CLOCK_BOOTTIME) },
		.number = number,
	};
	for (const char *l = v->labels; l && *l; l += strlen(l) + 1)
		e.ev.labels++;
	return sink(ctx, &e.ev.h);
}

/* The Dockerfile of a service: a path below its context, or text in the compose file itself. */
static int tell_dockerfile(struct reading *r, const struct service *v, struct dockerfile_buf *b, int proc, const char *cwd,
			   zt_u32 number, sink_fn sink, void *ctx)
{
	struct want *w = calloc(1, sizeof(*w));
	const char *context = v->context ?: r->dir;
	int err;

	if (!w)
		return 0;
	w->kind = WANT_DOCKERFILE;
	w->who = r->w->who;
	w->service = number;
	if (v->unplaced) {
		err = dockerfile_unknown(b, w, sink, ctx);
	} else if (v->inline_text) {
		err = dockerfile_tell(b, w, r->files[0], v->inline_text, sink, ctx);
	} else {
		if (v->dockerfile)
			join(w->path, context, v->dockerfile);
		else
			snprintf(w->context, sizeof(w->context), "%s", context);
		err = dockerfile_answer(b, proc, cwd, w, sink, ctx);
	}
	free(w);
	return err;
}

static int tell_all(struct reading *r, struct dockerfile_buf *b, int proc, const char *cwd, sink_fn sink, void *ctx)
{
	zt_u32 number = 0;
	int err = 0;

	for (unsigned int n = 0; n < r->project.n && !err; n++) {
		const struct service *v = &r->project.services[n];

		if (!v->builds || !v->wanted)
			continue;
		err = tell_service(r, v, ++number, sink, ctx);
		if (!err)
			err = tell_dockerfile(r, v, b, proc, cwd, number, sink, ctx);
	}
	return err;
}

/* "+name" and "%profile" of the want, and COMPOSE_PROFILES, parted by commas */
static void select_services(struct reading *r)
{
	const char *word = r->w->context + strlen(r->w->context) + 1, *list = from_environment(r, "COMPOSE_PROFILES");
	char names[sizeof(r->w->context) + 1] = "", profiles[sizeof(r->w->context) + 4096] = "", *n = names, *p = profiles;

	for (; *word; word += strlen(word) + 1)
		if (*word == '+')
			n = stpcpy(n, word + 1) + 1;
		else if (*word == '%')
			p = stpcpy(p, word + 1) + 1;
	for (size_t len; list && *list && p + strlen(list) + 2 < profiles + sizeof(profiles); list += len + (list[len] != 0)) {
		len = strcspn(list, ",");
		if (len)
			p = stpncpy(p, list, len) + 1;
	}
	*n = *p = 0;
	project_select(&r->project, names, profiles);
}

/* What the command line changes: bake's "=TARGET.KEY=VALUE", compose's "-K=V" */
static void apply_overrides(struct reading *r)
{
	for (const char *word = r->w->context + strlen(r->w->context) + 1; *word; word += strlen(word) + 1)
		if (*word == '=')
			project_override(&r->project, word + 1, r->p.dir);
		else if (*word == '-')
			project_argument(&r->project, word + 1);
}

/* bake's variables: "$NAME=VALUE" of the command line before the environment's */
static const char *bake_variable(void *ctx, const char *name)
{
	const struct reading *r = ctx;
	size_t n = strlen(name);

	for (const char *word = r->w->context + strlen(r->w->context) + 1; *word; word += strlen(word) + 1)
		if (*word == '$' && !strncmp(word + 1, name, n) && word[n + 1] == '=')
			return word + n + 2;
	return from_environment(r, name);
}

/* By its name, as bake decides it. */
static bool is_hcl(const char *path)
{
	size_t n = strlen(path);

	return n > 4 && !strcmp(path + n - 4, ".hcl");
}

/* All of them, one behind the other: they know each other's variables and functions. */
static void gather_hcl(struct reading *r)
{
	char *text, *more;
	size_t n;

	for (unsigned int i = 0; i < r->nfiles && r->hcl_bytes < PROJECT_FILE_MAX; i++) {
		if (!is_hcl(r->files[i]) || read_text(r, r->files[i], &text, &n))
			continue;
		more = realloc(r->hcl, r->hcl_bytes + n + 1);
		if (more) {
			r->hcl = more;
			memcpy(more + r->hcl_bytes, text, n);
			r->hcl_bytes += n;
			more[r->hcl_bytes++] = '\n';
		}
		free(text);
	}
}

/* The next of those that were gathered, or a text that has changed meanwhile */
static char *next_hcl(struct reading *r, const char *text, size_t len)
{
	size_t from = r->hcl_at;

	if (from + len > r->hcl_bytes || memcmp(r->hcl + from, text, len) != 0)
		return hcl_to_json(text, len, 0, len, bake_variable, r);
	r->hcl_at += len + 1;
	return hcl_to_json(r->hcl, r->hcl_bytes, from, from + len, bake_variable, r);
}

static int add_text(struct reading *r, const char *path, const char *text, size_t len)
{
	char *json __free = is_hcl(path) ? next_hcl(r, text, len) : NULL, why[256];

	return json ? project_add(&r->project, json, strlen(json), r->dir, why, sizeof(why)) :
		      project_add(&r->project, text, len, r->dir, why, sizeof(why));
}

/* false: told why not */
static bool read_files(struct reading *r, sink_fn sink, void *ctx, int *err)
{
	char *text, path[PATH_MAX];
	size_t len;

	if (strcmp(r->w->path, "-") != 0 && !is_remote(r->w->path))
		gather_hcl(r);
	for (unsigned int n = 0; n < r->nfiles; n++) {
		int e = !strcmp(r->w->path, "-") ? -ESPIPE : is_remote(r->w->path) ? -EREMOTE : read_text(r, r->files[n], &text, &len);

		if (!e) {
			e = add_text(r, r->files[n], text, len);
			free(text);
		}
		if (e) {
			zt_u32 status = e == -ESPIPE ? ZT_FILE_STDIN : e == -EREMOTE ? ZT_FILE_REMOTE : r->failed.status ?: ZT_FILE_ERRNO;

			*err = tell_failure(r, status == ZT_FILE_STDIN ? "-" : status == ZT_FILE_REMOTE ? r->w->path : r->files[n], status,
					    -e, sink, ctx);
			return false;
		}
	}
	if (r->nfiles)
		return true;
	join(path, r->dir, r->w->kind == WANT_PROJECT ? "compose.yaml" : "docker-bake.json");
	*err = tell_failure(r, path, ZT_FILE_ERRNO, ENOENT, sink, ctx);
	return false;
}

/* What is read later counts more, and stands first. */
static void add_dotenv(struct reading *r, const char *dir, const char *name)
{
	char path[PATH_MAX], *text = NULL, *all;
	size_t len;

	if (!join(path, dir, name) || read_text(r, path, &text, &len))
		return;
	if (!r->dotenv) {
		r->dotenv = text;
		return;
	}
	if (asprintf(&all, "%s\n%s", text, r->dotenv) >= 0) {
		free(r->dotenv);
		r->dotenv = all;
	}
	free(text);
}

/* --env-file ("@FILE" of the want), else COMPOSE_ENV_FILES=a,b, else .env beside the project's first file */
static void read_dotenv(struct reading *r)
{
	const char *word = r->w->context + strlen(r->w->context) + 1, *list = from_environment(r, "COMPOSE_ENV_FILES");
	char name[PATH_MAX];
	bool given = false;

	for (; *word; word += strlen(word) + 1)
		if (*word == '@') {
			add_dotenv(r, r->p.dir, word + 1);
			given = true;
		}
	if (given)
		return;
	if (!list || !*list)
		add_dotenv(r, r->dir, ".env");
	for (size_t n; list && *list; list += n + (list[n] != 0)) {
		n = strcspn(list, ",");
		snprintf(name, sizeof(name), "%.*s", (int)n, list);
		add_dotenv(r, r->p.dir, name);
	}
}

static int answer(struct reading *r, struct dockerfile_buf *b, int proc, const char *cwd, sink_fn sink, void *ctx)
{
	int err = 0;

	find_files(r);
	read_dotenv(r);
	r->failed.status = ZT_FILE_OK;
	r->project.io = (struct project_io){ variable, read_text, r };
	if (!read_files(r, sink, ctx, &err))
		return err;
	apply_overrides(r);
	select_services(r);
	return tell_all(r, b, proc, cwd, sink, ctx);
}

int project_answer(struct dockerfile_buf *b, int proc, const char *cwd, char *env, size_t size, const struct want *w,
		   sink_fn sink, void *ctx)
{
	struct reading *r = calloc(1, sizeof(*r));
	char name[32];
	ssize_t n;
	int err;

	if (!r)
		return 0; /* the build is not told of; its steps are */
	r->w = w;
	snprintf(name, sizeof(name), "%u/environ", w->who.tgid);
	n = safeio_read_below(proc, name, env, size - 1);
	r->env_bytes = n > 0 ? (size_t)n : 0;
	env[r->env_bytes] = 0;
	r->env = env;
	err = safeio_open(&r->p, proc, &w->who);
	if (err) {
		err = tell_failure(r, "", err == -ESRCH ? ZT_FILE_GONE : ZT_FILE_ERRNO, -err, sink, ctx);
	} else {
		err = answer(r, b, proc, cwd, sink, ctx);
		safeio_close(&r->p);
	}
	project_done(&r->project);
	free(r->dotenv);
	free(r->hcl);
	free(r);
	return err;
}
