/* SPDX-License-Identifier: GPL-2.0 */
/* What has been traced here, the newest first: which build, when, what killed it, what it took. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/esc.h"
#include "base/fmt.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/width.h"
#include "cmd/cmd.h"
#include "session.h"
#include "source/file.h"

#define SHOWN 20
#define SHOWN_MAX 1000
#define COLUMNS 80

/* The newest so many, in a ring */
struct newest {
	char **paths;
	unsigned int cap, n;
};

struct row {
	char name[128], what[256], when[FMT_LEN];
	const char *code; /* NULL: nothing was killed */
	unsigned int builds, incidents;
	zt_u64 peak_bytes;
	bool ended, complete;
	int status; /* raw, of the command; valid with ended */
};

static int keep_path(void *ctx, const char *path)
{
	struct newest *n = ctx;
	char **at = &n->paths[n->n++ % n->cap];

	free(*at);
	*at = strdup(path);
	return 0;
}

static void set_name(struct row *r, const char *path)
{
	const char *slash = strrchr(path, '/');

	snprintf(r->name, sizeof(r->name), "%s", slash ? slash + 1 : path);
	if (strrchr(r->name, '.'))
		*strrchr(r->name, '.') = 0;
}

static void add_word(struct row *r, const char *word, size_t len)
{
	size_t at = strlen(r->what);

	snprintf(r->what + at, sizeof(r->what) - at, "%s%.*s", at ? " " : "", (int)len, word);
}

/* The CI's job, the command, or the first of several builds' clients */
static void set_what(struct row *r, const struct report *rep)
{
	const struct ci_job *job = report_job(rep);
	const struct model *m = rep->model;

	if (job) {
		snprintf(r->what, sizeof(r->what), "%s%s%s", job->title, *job->job ? ", " : "", job->job);
		return;
	}
	for (const struct fact *f = m->facts; f; f = f->next)
		if (!strcmp(f->key, "command.arg"))
			add_word(r, f->value, strlen(f->value));
	for (const struct build *b = m->builds; b && !*r->what && m->scopes; b = b->next) {
		const struct proc *p = build_told(rep, b) ? b->client : NULL;

		for (size_t at = 0, n; p && at < p->argv_bytes; at += n + 1) {
			n = strnlen(p->argv + at, p->argv_bytes - at);
			add_word(r, p->argv + at, n);
		}
	}
}

static void set_numbers(struct row *r, const struct report *rep)
{
	const struct model *m = rep->model;
	const struct incident *main = NULL;

	for (const struct build *b = m->builds; b; b = b->next) {
		zt_u64 peak = build_told(rep, b) ? build_peak(m, b) : 0;

		r->builds += build_told(rep, b);
		r->peak_bytes = peak > r->peak_bytes ? peak : r->peak_bytes;
	}
	for (const struct incident *i = rep->incidents; i; i = i->next)
		if (!main || (main->causal == TRI_NO && i->causal != TRI_NO))
			main = i;
	for (const struct code *c = codes; main && c->code; c++)
		if (!strcmp(c->code, main->code))
			r->code = c->code;
	r->incidents = rep->nincidents;
	r->ended = m->child && m->child_exited;
	r->status = m->child_status;
	r->complete = m->ended;
}

/* The daemon's traces begin with what was there before: the build began when its client was seen. */
static zt_u64 began(const struct report *rep)
{
	for (const struct build *b = rep->model->builds; b && rep->model->scopes; b = b->next)
		if (build_told(rep, b))
			return b->started_ns;
	return rep->incidents ? rep->incidents->ts_ns : rep->model->first_ns;
}

/* Read as `ztrace report` reads it. 0 or -errno */
static int read_row(const char *path, struct row *r)
{
	struct session s;
	char err[512];
	int ret = session_init(&s, true, false);
	struct fmt_clock clock;
	zt_u64 began_ns = 0;

	memset(r, 0, sizeof(*r));
	set_name(r, path);
	if (ret < 0)
		return ret;
	ret = source_file_open(&s.src, path, err, sizeof(err));
	while (!ret && session_pump(&s, 0) >= 0)
		;
	if (!ret) {
		session_finish(&s);
		began_ns = began(s.report);
		clock = (struct fmt_clock){ .boot_ns = s.model->start.h.ts_ns, .real_ns = s.model->start.realtime_ns,
					    .utc_offset_s = s.model->start.utc_offset_s };
		snprintf(r->when, sizeof(r->when), "%s", fmt_time((char[FMT_LEN]){ 0 }, FMT_LEN, &clock, began_ns));
		set_what(r, s.report);
		set_numbers(r, s.report);
	}
	session_done(&s);
	return ret;
}

/* "ZT1002", else how the command ended */
static const char *verdict(const struct row *r, char *buf, size_t len)
{
	if (r->code)
		return r->code;
	if (!r->ended)
		return r->complete ? "-" : _("cut");
	if (WIFSIGNALED(r->status))
		snprintf(buf, len, _("signal %d"), WTERMSIG(r->status));
	else
		snprintf(buf, len, _("exit %d"), WEXITSTATUS(r->status));
	return buf;
}

static void put_text(const struct row *r)
{
	char how[32], size[FMT_LEN], head[256], line[512];

	snprintf(head, sizeof(head), "    %.10s %.5s  %-8s %10s  ", r->when, r->when + 11, verdict(r, how, sizeof(how)),
		 r->peak_bytes ? fmt_bytes(size, sizeof(size), r->peak_bytes) : "");
	esc_term_str(line, sizeof(line), *r->what ? r->what : _("no build"), COLUMNS - width_text(head, strlen(head)));
	printf("%s\n%s%s\n", r->name, head, line);
}

static json_t *text_or_null(const char *s)
{
	json_t *j = s && *s ? json_string(s) : NULL;

	return j ? j : json_null();
}

static json_t *row_object(const struct row *r)
{
	bool exited = r->ended && WIFEXITED(r->status);

	return json_pack("{s:s, s:o, s:o, s:o, s:i, s:i, s:o, s:o, s:b}", "id", r->name, "time", text_or_null(r->when), "what",
			 text_or_null(r->what), "code", text_or_null(r->code), "incidents", (int)r->incidents, "builds",
			 (int)r->builds, "exit_code", exited ? json_integer(WEXITSTATUS(r->status)) : json_null(), "peak_bytes",
			 r->peak_bytes ? json_integer((json_int_t)r->peak_bytes) : json_null(), "complete", r->complete);
}

static int put_all(const struct newest *n, bool json)
{
	json_t *rows = json_array();
	int err = 0;

	for (unsigned int i = n->n; i-- > 0 && i + n->cap >= n->n;) {
		const char *path = n->paths[i % n->cap];
		struct row r;

		if (!path || read_row(path, &r) < 0)
			continue; /* forgotten meanwhile, or none of ours */
		if (json)
			json_array_append_new(rows, row_object(&r));
		else
			put_text(&r);
	}
	if (json)
		err = json_dumpf(rows, stdout, JSON_INDENT(2)) || fputc('\n', stdout) < 0;
	json_decref(rows);
	return fflush(stdout) || err ? EXIT_OURS : 0;
}

static int run(const struct options *o)
{
	struct newest n = { .cap = o->number ? o->number : SHOWN };
	bool json = false;
	int ret;

	for (unsigned int i = 0; i < o->nformats; i++) {
		json = !strcmp(o->formats[i], "json");
		if (!json && strcmp(o->formats[i], "text") != 0) {
			log_error(_("history speaks text and json, not %s"), o->formats[i]);
			return EXIT_MISUSE;
		}
	}
	n.cap = n.cap < SHOWN_MAX ? n.cap : SHOWN_MAX;
	n.paths = calloc(n.cap, sizeof(*n.paths));
	if (!n.paths) {
		log_error(_("out of memory"));
		return EXIT_OURS;
	}
	ret = store_each(keep_path, &n);
	if (ret < 0 && ret != -ENOENT)
		log_error(_("the kept traces cannot be read: %s"), strerror(-ret));
	ret = ret < 0 && ret != -ENOENT ? EXIT_OURS : put_all(&n, json);
	for (unsigned int i = 0; i < n.cap; i++)
		free(n.paths[i]);
	free(n.paths);
	return ret;
}

static const struct opt opt_number = { "number", 'n', OPT_NUMBER, offsetof(struct options, number), "N",
				       N_("so many of the newest (default: 20)") };
static const struct opt *const opts[] = { &opt_text_json, &opt_number, &opt_lang, NULL };
const struct command cmd_history = { "history", "history [options]",
				     N_("what has been traced here; ztrace report ID tells more"), opts, false, run };
