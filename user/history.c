/* SPDX-License-Identifier: GPL-2.0 */
#include "history.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <signal.h>
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

struct history {
	json_t *all; /* array, oldest first */
	char dir[PATH_MAX], cwd[PATH_MAX];
};

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

/*
 * A line a run: one that is cut or was tampered with costs itself. Line by line: a large buffer, once given back, would
 * make malloc keep more than may be locked.
 */
static int load(json_t *all, const char *dir)
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
	while (json_array_size(all) < 2 * ENTRIES_MAX && (n = getline(&line, &cap, f)) > 0) {
		json_t *e = line[n - 1] == '\n' ? json_loadb(line, (size_t)n, 0, NULL) : NULL;

		if (is_entry(e))
			json_array_append(all, e);
		json_decref(e);
	}
	return 0;
}

int history_open(struct history **ret, const char *dir, const char *cwd)
{
	struct history *h = calloc(1, sizeof(*h));
	int err;

	if (!h || !(h->all = json_array())) {
		free(h);
		return -ENOMEM;
	}
	snprintf(h->dir, sizeof(h->dir), "%s", dir);
	snprintf(h->cwd, sizeof(h->cwd), "%s", cwd);
	err = load(h->all, dir);
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
		json_decref(h->all);
	free(h);
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

bool history_next(const struct history *h, size_t *at, struct history_entry *ret)
{
	size_t n = json_array_size(h->all);

	if (*at >= n)
		return false;
	*ret = entry(json_array_get(h->all, n - 1 - (*at)++));
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
		snprintf(joined, sizeof(joined), "%s/%s", h->cwd, path);
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

	if (!json_array_size(h->all))
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

static int add(const struct history *h, json_t *all, const struct step *s)
{
	char path[PATH_MAX];
	json_t *e;

	if (!absolute(h, s->build->dockerfile_path, path, sizeof(path)))
		return 0;
	/* a path that is no UTF-8 makes no entry: jansson refuses it */
	e = json_pack("{s:s, s:s, s:s*, s:i, s:I, s:I, s:I, s:b, s:b}", "dockerfile", path, "text", s->instr->text,
		      "service", s->build->service, "line",
		      (int)s->instr->line, "time_s", (json_int_t)real_s(), "peak_bytes", (json_int_t)s->peak_bytes,
		      "limit_bytes", s->limit_bytes == ZT_NO_LIMIT ? (json_int_t)0 : (json_int_t)s->limit_bytes, "oom",
		      s->oom_kills > 0, "failed", s->exit_code != 0);
	return e && json_array_append_new(all, e) < 0 ? -ENOMEM : 0;
}

/* Is it among the newest few of its step? all is oldest first. */
static bool is_recent(const json_t *all, size_t at)
{
	struct history_entry mine = entry(json_array_get(all, at)), e;
	unsigned int newer = 0;

	for (size_t n = at + 1; n < json_array_size(all) && newer < ZT_PAST_MAX; n++) {
		e = entry(json_array_get(all, n));
		newer += is_of(&e, mine.dockerfile, mine.service, mine.text);
	}
	return newer < ZT_PAST_MAX;
}

static int write_all(const json_t *all, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600), err = 0;
	size_t n = json_array_size(all);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");

	if (!f) {
		err = -errno;
		if (fd >= 0)
			close(fd);
		return err;
	}
	for (size_t i = n > ENTRIES_MAX ? n - ENTRIES_MAX : 0; i < n && !err; i++)
		if (is_recent(all, i) && (json_dumpf(json_array_get(all, i), f, JSON_COMPACT) || fputc('\n', f) < 0))
			err = -EIO;
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
	json_t *all = any_whole(m) ? json_array() : NULL;
	int err = 0, fd __close = all ? lock(h->dir) : any_whole(m) ? -ENOMEM : -ENODATA;
	size_t before;

	if (fd == -ENODATA)
		return 0;
	if (fd < 0) {
		json_decref(all);
		return fd;
	}
	err = load(all, h->dir);
	before = json_array_size(all);
	for (const struct step *s = m->steps; s && !err; s = s->next)
		if (is_whole(m, s))
			err = add(h, all, s);
	snprintf(path, sizeof(path), "%s/steps.jsonl", h->dir);
	snprintf(tmp, sizeof(tmp), "%s/steps.new", h->dir);
	if (!err && json_array_size(all) > before) {
		err = write_all(all, tmp);
		if (!err && rename(tmp, path) < 0)
			err = -errno;
		if (err)
			unlink(tmp);
	}
	json_decref(all);
	return err;
}
