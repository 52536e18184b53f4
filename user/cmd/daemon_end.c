/* SPDX-License-Identifier: GPL-2.0 */
/* The end of a job: what the log says of it, its reports, its part of the history. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/esc.h"
#include "base/i18n.h"
#include "base/log.h"
#include "cmd/daemon.h"
#include "source/child.h"
#include "source/live.h"

static bool has_id(const struct zt_id *ids, unsigned int n, const struct zt_id *id)
{
	for (unsigned int i = 0; i < n && i < TOLD_MAX; i++)
		if (ids[i].tgid == id->tgid && ids[i].start_ns == id->start_ns)
			return true;
	return false;
}

/* Is that client's build told of by a job of its own? */
static bool has_job(const struct daemon *d, const struct proc *client)
{
	for (const struct proc *p = client; p; p = p->parent) {
		for (unsigned int n = 0; n < JOBS_MAX; n++)
			for (unsigned int r = 0; d->jobs[n].used && r < d->jobs[n].nroots; r++)
				if (d->jobs[n].roots[r].id.tgid == p->id.tgid)
					return true;
		for (unsigned int i = 0; i < d->nended && i < TOLD_MAX; i++)
			if (d->ended[i].tgid == p->id.tgid)
				return true;
	}
	return false;
}

static void count_code(struct daemon *d, const char *code)
{
	for (size_t n = 0; n < ARRAY_SIZE(d->n.incidents); n++)
		if (!d->n.incidents[n].code || !strcmp(d->n.incidents[n].code, code)) {
			d->n.incidents[n].code = code;
			d->n.incidents[n].n++;
			return;
		}
}

static const char *static_code(const char *code)
{
	for (const struct code *c = codes; c->code; c++)
		if (!strcmp(c->code, code))
			return c->code;
	return NULL;
}

static void tell(struct daemon *d, const struct job *j, const struct incident *i)
{
	const struct zt_id *victim = i->nvictims ? &i->victims[0].id : NULL;
	const char *code = static_code(i->code);
	char line[512];

	if (victim && has_id(d->told, d->ntold, victim))
		return; /* two builds' reports speak of one kill */
	if (victim)
		d->told[d->ntold++ % TOLD_MAX] = *victim;
	if (code)
		count_code(d, code);
	esc_term_str(line, sizeof(line), i->headline ?: "", 300);
	log_notice("%s: %s: %s (%s)", i->code, j->title, line, j->name);
}

/* Kills of builds are the builds' jobs' business. */
static bool is_ours(const struct daemon *d, const struct job *j, const struct incident *i)
{
	return !j->loose || !i->build || !i->build->client || !has_job(d, i->build->client);
}

void job_tell(struct daemon *d, struct job *j)
{
	struct incident *i = j->told ? j->told->next : j->s.report->incidents;

	for (; i; i = i->next) {
		if (is_ours(d, j, i))
			tell(d, j, i);
		j->told = i;
	}
}

static bool any_ours(const struct daemon *d, const struct job *j)
{
	for (const struct incident *i = j->s.report->incidents; i; i = i->next)
		if (is_ours(d, j, i))
			return true;
	return false;
}

static const char *suffix(const char *format)
{
	static const char *const names[][2] = { { "text", "txt" }, { "markdown", "md" }, { "junit", "junit.xml" },
						{ "chrome", "chrome.json" }, { "otlp", "otlp.json" },
						{ "gitlab", "gitlab.json" }, { "github", "github.txt" } };

	for (size_t n = 0; n < ARRAY_SIZE(names); n++)
		if (!strcmp(names[n][0], format))
			return names[n][1];
	return format;
}

/* The n-th format's file, or the one that becomes it once it is whole */
static bool report_path(const struct daemon *d, const char *name, const char *format, bool whole, char *buf, size_t len)
{
	char end[64];

	snprintf(end, sizeof(end), ".%s%s", suffix(format), whole ? "" : ".new");
	return keep_path(d, buf, len, name, end);
}

static const char *const usual[] = { "text", "json" };

static int open_outputs(const struct daemon *d, struct session *s, const char *name)
{
	const char *const *formats = d->conf.o.nformats ? d->conf.o.formats : usual;
	unsigned int n = d->conf.o.nformats ? d->conf.o.nformats : ARRAY_SIZE(usual);
	char path[PATH_MAX];
	int err = 0;

	for (unsigned int i = 0; i < n && !err; i++) {
		struct output *o = &s->outs[s->nouts];

		o->renderer = renderer_find(formats[i]);
		err = report_path(d, name, formats[i], false, path, sizeof(path)) ? 0 : -ENAMETOOLONG;
		err = err ? err : out_open(&o->out, path, NULL, COLOR_NEVER);
		if (err < 0)
			break;
		o->out.ascii = false; /* a file is read elsewhere */
		s->nouts++;
		if (o->renderer->start)
			err = o->renderer->start(&o->out, s->report);
	}
	return err;
}

static int settle(const struct daemon *d, const char *name, int err)
{
	const char *const *formats = d->conf.o.nformats ? d->conf.o.formats : usual;
	unsigned int n = d->conf.o.nformats ? d->conf.o.nformats : ARRAY_SIZE(usual);
	char from[PATH_MAX], to[PATH_MAX];

	for (unsigned int i = 0; i < n; i++) {
		if (!report_path(d, name, formats[i], false, from, sizeof(from)) ||
		    !report_path(d, name, formats[i], true, to, sizeof(to)))
			continue;
		if (err < 0)
			unlink(from);
		else if (rename(from, to) < 0)
			err = -errno;
	}
	return err;
}

int job_reports(const struct daemon *d, struct session *s, const char *name)
{
	int err = open_outputs(d, s, name), r;

	s->rendered = NULL;
	r = session_finish(s);
	return settle(d, name, err ? err : r);
}

static void count_build(struct daemon *d, const struct job *j)
{
	bool oom = false;

	for (const struct incident *i = j->s.report->incidents; i; i = i->next)
		oom |= !strncmp(i->code, "ZT10", 4) && i->causal != TRI_NO;
	d->n.builds_oom += oom && j->nroots;
}

static void discard(struct daemon *d, struct job *j)
{
	char path[PATH_MAX];

	if (keep_path(d, path, sizeof(path), j->name, ".zt"))
		unlink(path);
}

/* Reports, and what its steps took: by a process of its own, of all that the job knows. */
static int write_job(struct daemon *d, struct job *j)
{
	/* what builds took is in their own jobs; those of no build saw them pass as well */
	int err = d->history && !j->loose ? history_save(d->history, j->s.model) : 0;

	if (err < 0)
		log_warn(_("no history is kept: %s"), strerror(-err));
	err = job_reports(d, &j->s, j->name);
	if (err < 0)
		log_error(_("%s: its report could not be written: %s; it is tried again later"), j->name, strerror(-err));
	return err;
}

static void write_soon(struct daemon *d, struct job *j)
{
	pid_t pid;

	keep_busy(d, j->name, true);
	pid = d->stopping ? -1 : keep_fork(d, j->name);
	if (!pid)
		_exit(write_job(d, j) < 0);
	if (pid < 0 && write_job(d, j) < 0)
		keep_failed(d);
	if (d->history && !j->loose)
		history_learn(d->history, j->s.model);
}

static void say_end(const struct job *j)
{
	char how[64] = "";

	if (j->nroots == 1 && j->roots[0].status_known)
		snprintf(how, sizeof(how), _(", exit status %d"), child_exit_code(j->roots[0].status));
	log_info(_("%s: %s: over%s; incidents: %u"), j->name, j->title, how, j->s.report->nincidents);
}

/* What a process of its own does with a copy of the job: for that it ends here. */
static int write_so_far(const struct daemon *d, struct job *j)
{
	j->s.tee = NULL; /* the daemon's */
	live_end(session_event, &j->s);
	return job_reports(d, &j->s, j->name);
}

void job_write(struct daemon *d, struct job *j)
{
	pid_t pid = keep_busy(d, j->name, false) ? -1 : keep_fork(d, j->name);

	if (!pid)
		_exit(write_so_far(d, j) < 0);
	j->written = pid > 0; /* else others are at work: soon */
}

bool is_one_build(const struct job *j)
{
	return !j->shared && !j->ci.job.ci && j->nroots == 1;
}

void job_close(struct daemon *d, struct job *j)
{
	bool kept = j->s.tee;

	if (is_one_build(j) && j->roots[0].status_known)
		live_child_event(ZT_F_CHILD_EXITED, &j->roots[0].id, j->roots[0].status, session_event, &j->s);
	live_end(session_event, &j->s);
	writer_close(j->s.tee);
	j->s.tee = NULL;
	if (j->loose && !any_ours(d, j)) {
		discard(d, j);
	} else {
		d->n.loose += j->loose;
		job_tell(d, j);
		if (kept)
			write_soon(d, j);
		count_build(d, j);
		say_end(j);
	}
	j->s.history = NULL; /* not its own */
	session_done(&j->s);
	j->used = false;
	d->njobs--;
	d->prune = true;
}
