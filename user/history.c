/* SPDX-License-Identifier: GPL-2.0 */
#include "history.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "attribute.h"
#include "base/cleanup.h"
#include "builder/dockerfile.h"

#define INDEX_BYTES_MAX (4u << 20)
#define ENTRIES_MAX 2000
#define LOCK_TRIES 20
#define LOCK_WAIT_NS 50000000

/* Kept small: the daemon has all of them in memory for months. */
struct record {
	struct history_entry e;
	char strings[];
};

struct records {
	struct record **of; /* oldest first */
	size_t n;
};

struct history {
	struct records all;
	char dir[PATH_MAX], cwd[PATH_MAX];
};

static void records_free(struct records *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->of[i]);
	free(r->of);
	*r = (struct records){ 0 };
}

/* Room for one more; the oldest goes when there are too many. */
static int records_room(struct records *r)
{
	if (!r->of && !(r->of = calloc(2 * ENTRIES_MAX, sizeof(*r->of))))
		return -ENOMEM;
	if (r->n < 2 * ENTRIES_MAX)
		return 0;
	free(r->of[0]);
	memmove(r->of, r->of + 1, --r->n * sizeof(*r->of));
	return 0;
}

static int records_add(struct records *r, const struct history_entry *e)
{
	size_t a = strlen(e->dockerfile) + 1, b = strlen(e->service) + 1, c = strlen(e->text) + 1;
	struct record *n = records_room(r) ? NULL : malloc(sizeof(*n) + a + b + c);

	if (!n)
		return -ENOMEM;
	n->e = *e;
	n->e.dockerfile = memcpy(n->strings, e->dockerfile, a);
	n->e.service = memcpy(n->strings + a, e->service, b);
	n->e.text = memcpy(n->strings + a + b, e->text, c);
	r->of[r->n++] = n;
	return 0;
}

static zt_u64 number(const json_t *e, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(e, key));

	return n > 0 ? (zt_u64)n : 0;
}

static bool is_entry(const json_t *e)
{
	return json_string_value(json_object_get(e, "dockerfile")) && json_string_value(json_object_get(e, "text")) &&
	       number(e, "peak_bytes");
}

static struct history_entry entry(const json_t *e)
{
	return (struct history_entry){
		.dockerfile = json_string_value(json_object_get(e, "dockerfile")),
		.text = json_string_value(json_object_get(e, "text")),
		.service = json_string_value(json_object_get(e, "service")) ?: "",
		.line = (unsigned int)number(e, "line"),
		.past = { number(e, "peak_bytes"), number(e, "limit_bytes"), number(e, "time_s"),
			  json_is_true(json_object_get(e, "oom")), json_is_true(json_object_get(e, "failed")) },
	};
}

/*
 * A line a run: one that is cut or was tampered with costs itself. Line by line: a large buffer, once given back, would
 * make malloc keep more than may be locked.
 */
static int load(struct records *all, const char *dir)
{
	char path[PATH_MAX + 16], *line __free = NULL;
	FILE *f __fclose = NULL;
	struct stat st;
	size_t cap = 0;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/steps.jsonl", dir);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > INDEX_BYTES_MAX || !(f = fdopen(fd, "r"))) {
		close(fd);
		return -EINVAL;
	}
	while ((n = getline(&line, &cap, f)) > 0) {
		json_t *e = line[n - 1] == '\n' ? json_loadb(line, (size_t)n, 0, NULL) : NULL;
		struct history_entry got = is_entry(e) ? entry(e) : (struct history_entry){ 0 };

		if (got.text)
			records_add(all, &got);
		json_decref(e);
	}
	return 0;
}

int history_open(struct history **ret, const char *dir, const char *cwd)
{
	struct history *h = calloc(1, sizeof(*h));
	int err;

	if (!h)
		return -ENOMEM;
	snprintf(h->dir, sizeof(h->dir), "%s", dir);
	snprintf(h->cwd, sizeof(h->cwd), "%s", cwd);
	err = load(&h->all, dir);
	if (err < 0) {
		history_free(h);
		return err;
	}
	*ret = h;
	return 0;
}

void history_free(struct history *h)
{
	if (h)
		records_free(&h->all);
	free(h);
}

bool history_next(const struct history *h, size_t *at, struct history_entry *ret)
{
	if (*at >= h->all.n)
		return false;
	*ret = h->all.of[h->all.n - 1 - (*at)++]->e;
	return true;
}

/* The Dockerfile by a name that does not depend on where one stands. false: it has none (a pipe, a URL) */
static bool absolute(const struct history *h, const char *path, char *buf, size_t len)
{
	char joined[2 * PATH_MAX], real[PATH_MAX];

	if (!path || !strcmp(path, "-") || strstr(path, "://") || (*path != '/' && !*h->cwd))
		return false;
	if (*path == '/')
		snprintf(joined, sizeof(joined), "%s", path);
	else
		snprintf(joined, sizeof(joined), "%s/%s", strcmp(h->cwd, "/") ? h->cwd : "", path);
	if (realpath(joined, real))
		snprintf(buf, len, "%s", real);
	else
		snprintf(buf, len, "%.*s", (int)len - 1, joined);
	return true;
}

static int send_past(const struct step *s, const struct past *p, zt_u64 now_ns, sink_fn sink, void *ctx)
{
	struct zt_ev_past ev = {
		.h = { .size = sizeof(ev), .fixed = sizeof(ev), .kind = ZT_past, .ts_ns = now_ns, .cgroup = step_cgroup(s),
		       .flags = (p->oom ? ZT_F_PAST_OOM : 0) | (p->failed ? ZT_F_PAST_FAILED : 0) },
		.peak_bytes = p->peak_bytes,
		.limit_bytes = p->limit_bytes,
		.time_s = p->time_s,
	};

	return sink(ctx, &ev.h);
}

static bool is_of(const struct history_entry *e, const char *path, const char *service, const char *text)
{
	return !strcmp(e->text, text) && !strcmp(e->dockerfile, path) && !strcmp(e->service, service ? service : "");
}

static int recall(const struct history *h, struct model *m, struct step *s, sink_fn sink, void *ctx)
{
	const struct build *b;
	const struct df_instr *in;
	char path[PATH_MAX];
	struct history_entry e;
	int ret = 0;

	if (s->recalled || !s->cgroup || !(in = attribute_guess(m, s, &b)))
		return 0;
	s->recalled = true;
	if (!absolute(h, b->dockerfile_path, path, sizeof(path)))
		return 0;
	for (size_t at = 0, n = 0; !ret && n < ZT_PAST_MAX && history_next(h, &at, &e);)
		if (is_of(&e, path, b->service, in->text)) {
			ret = send_past(s, &e.past, m->now_ns, sink, ctx);
			n++;
		}
	return ret;
}

int history_recall(struct history *h, struct model *m, const struct zt_ev *ev, sink_fn sink, void *ctx)
{
	const struct cgroup *cg;
	int ret = 0;

	if (!h->all.n)
		return 0;
	if (ev->kind == ZT_rmdir) {
		cg = model_cgroup(m, ((const struct zt_ev_rmdir *)ev)->mem.id);
		return cg && cg->step ? recall(h, m, cg->step, sink, ctx) : 0;
	}
	if (ev->kind != ZT_end && !(ev->kind == ZT_host && m->kills))
		return 0;
	for (struct step *s = m->steps; s && !ret; s = s->next)
		ret = recall(h, m, s, sink, ctx);
	return ret;
}

static zt_u64 real_s(void)
{
	struct timespec ts = { 0 };

	clock_gettime(CLOCK_REALTIME, &ts);
	return (zt_u64)ts.tv_sec;
}

/* What did not end, or on its own account, tells nothing of what it takes. */
static bool is_whole(const struct model *m, const struct step *s)
{
	bool killed = (s->exit_code & 0x7f) == SIGKILL && !s->oom_kills; /* cancelled, most likely */

	return !s->container && s->build && s->instr && s->exited && s->peak_bytes && !killed && model_concerns(m, s->build);
}

static bool any_whole(const struct model *m)
{
	for (const struct step *s = m->steps; s; s = s->next)
		if (is_whole(m, s))
			return true;
	return false;
}

/* 1: added, 0: nobody could find it again */
static int add(const struct history *h, struct records *all, const struct step *s)
{
	char path[PATH_MAX];
	struct history_entry e = {
		.dockerfile = path,
		.text = s->instr->text,
		.service = s->build->service ?: "",
		.line = s->instr->line,
		.past = { s->peak_bytes, s->limit_bytes == ZT_NO_LIMIT ? 0 : s->limit_bytes, real_s(), s->oom_kills > 0,
			  s->exit_code != 0 },
	};

	if (!absolute(h, s->build->dockerfile_path, path, sizeof(path)))
		return 0;
	return records_add(all, &e) ?: 1;
}

/* How many, or -errno */
static int add_all(const struct history *h, struct records *all, const struct model *m)
{
	int n = 0, r = 0;

	for (const struct step *s = m->steps; s && r >= 0; s = s->next) {
		r = is_whole(m, s) ? add(h, all, s) : 0;
		n += r > 0;
	}
	return r < 0 ? r : n;
}

int history_learn(struct history *h, const struct model *m)
{
	int n = add_all(h, &h->all, m);

	return n < 0 ? n : 0;
}

/* Is it among the newest few of its step? all is oldest first. */
static bool is_recent(const struct records *all, size_t at)
{
	const struct history_entry *mine = &all->of[at]->e;
	unsigned int newer = 0;

	for (size_t n = at + 1; n < all->n && newer < ZT_PAST_MAX; n++)
		newer += is_of(&all->of[n]->e, mine->dockerfile, mine->service, mine->text);
	return newer < ZT_PAST_MAX;
}

static int write_entry(FILE *f, const struct history_entry *e)
{
	/* a path that is no UTF-8 makes no entry: jansson refuses it */
	json_t *j = json_pack("{s:s, s:s, s:s*, s:i, s:I, s:I, s:I, s:b, s:b}", "dockerfile", e->dockerfile, "text", e->text,
			      "service", *e->service ? e->service : NULL, "line", (int)e->line, "time_s",
			      (json_int_t)e->past.time_s, "peak_bytes", (json_int_t)e->past.peak_bytes, "limit_bytes",
			      (json_int_t)e->past.limit_bytes, "oom", e->past.oom, "failed", e->past.failed);
	int err = j && (json_dumpf(j, f, JSON_COMPACT) || fputc('\n', f) < 0) ? -EIO : 0;

	json_decref(j);
	return err;
}

static int write_all(const struct records *all, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600), err = 0;
	size_t n = all->n;
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");

	if (!f) {
		err = -errno;
		if (fd >= 0)
			close(fd);
		return err;
	}
	for (size_t i = n > ENTRIES_MAX ? n - ENTRIES_MAX : 0; i < n && !err; i++)
		if (is_recent(all, i))
			err = write_entry(f, &all->of[i]->e);
	if (fflush(f) || ferror(f))
		err = -EIO;
	fclose(f);
	return err;
}

/* Held until closed. A run that hangs with it must not make others hang. */
static int lock(const char *dir)
{
	char path[PATH_MAX + 16];
	int fd;

	snprintf(path, sizeof(path), "%s/steps.lock", dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	for (int i = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; i++) {
		if (i == LOCK_TRIES) {
			close(fd);
			return -EBUSY;
		}
		nanosleep(&(struct timespec){ .tv_nsec = LOCK_WAIT_NS }, NULL);
	}
	return fd;
}

int history_save(struct history *h, const struct model *m)
{
	char path[PATH_MAX + 16], tmp[PATH_MAX + 16];
	int err = 0, fd __close = any_whole(m) ? lock(h->dir) : -ENODATA;
	struct records all = { 0 };

	if (fd < 0)
		return fd == -ENODATA ? 0 : fd;
	err = load(&all, h->dir);
	if (!err)
		err = add_all(h, &all, m);
	snprintf(path, sizeof(path), "%s/steps.jsonl", h->dir);
	snprintf(tmp, sizeof(tmp), "%s/steps.new", h->dir);
	if (err > 0) {
		err = write_all(&all, tmp);
		if (!err && rename(tmp, path) < 0)
			err = -errno;
		if (err)
			unlink(tmp);
	}
	records_free(&all);
	return err;
}
