/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What earlyoom, systemd-oomd and nohang say in a journal that they killed: which step of a build log that was, by time and
 * text, and what is to be told of it. The kernel has no part in it.
 */
#include <string.h>

#include "diagnose/internal.h"
#include "diagnose/sender.h"

/* As of kills: a builder notices a death a little later, and its log's clock is another's. */
#define BEFORE_NS (2ull * 1000000000)
#define AFTER_NS (10ull * 1000000000)

static bool is_path(const struct said *d)
{
	return *d->program == '/';
}

/* TRI_NO: the step did not run then */
static enum tristate ran_then(const struct said *d, const struct step *s)
{
	if (d->log->clock != ZT_CLOCK_WALL || s->told->log->clock != ZT_CLOCK_WALL || !d->ts_ns || !s->started_ns || !s->ended_ns)
		return TRI_UNKNOWN;
	return d->ts_ns + BEFORE_NS >= s->started_ns && d->ts_ns <= s->ended_ns + AFTER_NS ? TRI_YES : TRI_NO;
}

static bool names_victim(const struct said *d, const struct step *s)
{
	if (is_path(d) || !*d->program)
		return false;
	for (const struct said *f = s->told->said; f; f = f->next_of_step)
		if (!strcmp(f->program, d->program))
			return true;
	return false;
}

/* What ended it looks like a signal's work */
static bool looks_killed(const struct step *s)
{
	int status = s->told->status_known ? exit_status(s->exit_code) : 0;

	if (s->told->state != ZT_STEP_FAILED)
		return false;
	for (const struct said *f = s->told->said; f; f = f->next_of_step)
		if (f->what == ZT_SAID_KILLED)
			return true;
	return status == 137 || status == 143;
}

/* 0: it was not that one */
static int fit(const struct said *d, const struct step *s)
{
	enum tristate then;

	if (!s->told)
		return 0;
	then = ran_then(d, s);
	if (then == TRI_NO || !looks_killed(s))
		return 0;
	return 1 + names_victim(d, s) + 2 * (then == TRI_YES);
}

/* The one step that it fits best; NULL: none, or several */
static const struct step *step_of(const struct model *m, const struct said *d)
{
	const struct step *ret = NULL;
	int best = 0;

	for (const struct step *s = m->steps; s; s = s->next) {
		int f = fit(d, s);

		if (f && f == best)
			ret = NULL;
		if (f > best) {
			best = f;
			ret = s;
		}
	}
	return ret;
}

const struct said *daemon_said(const struct model *m, const struct step *s)
{
	for (const struct said *d = m->said; d && s && s->told; d = d->next)
		if (d->what == ZT_SAID_DAEMON && step_of(m, d) == s)
			return d;
	return NULL;
}

static void fill_victim(const struct said *d, struct incident *i)
{
	struct victim *v = &i->victims[0];

	if (is_path(d) || !*d->program)
		return;
	i->nvictims = 1;
	v->comm = d->program;
	v->id.tgid = v->id.tid = (zt_u32)d->number;
	v->rss.anon_bytes = d->bytes;
	v->rss_known = d->bytes;
}

static const char *victim_words(struct report *r, const struct said *d)
{
	if (!*d->program)
		return say(r, _("which process is not told, by %s"), d->subject);
	if (is_path(d))
		return say(r, _("all of %1$.200s, by %2$s"), d->program, d->subject);
	if (!d->bytes)
		return say(r, _("%s, pid %u, by %s"), d->program, (unsigned int)d->number, d->subject);
	return say(r, _("%1$s, pid %2$u, %3$s, by %4$s"), d->program, (unsigned int)d->number, say_bytes(r, d->bytes), d->subject);
}

struct incident *daemon_incident(struct report *r, const struct unit *u, const struct said *d)
{
	const struct sender *by = sender_named(d->subject);
	struct incident *i = by && by->code ? incident_new(r, by->code, u) : NULL;
	const char *who;

	if (!i)
		return NULL;
	fill_victim(d, i);
	i->ts_ns = d->ts_ns;
	i->causal = u->step ? TRI_YES : TRI_UNKNOWN;
	i->confidence = CONF_LIKELY;
	i->killer.comm = d->subject;
	i->limit.kind = LIMIT_NONE;
	i->limit.bytes = i->limit.swap_limit_bytes = ZT_NO_LIMIT;
	who = u->step ? say_unit(r, u) : is_path(d) ? say(r, "%.60s", d->program) : *d->program ?
	      say(r, _("process %s"), d->program) : _("a process");
	i->headline = say(r, _("%s was killed by %s: memory was short"), who, d->subject);
	i->killed = victim_words(r, d);
	i->limit_text = _("no limit was hit");
	i->used_text = i->host_text = _("not known");
	i->basis = u->step ? _("likely: its log and the build's, by time and text") :
			     _("likely, from its own words");
	add_note(i, say(r, _("the log says: %.200s"), say_folded(r, d->line)));
	if (by->help)
		add_help(i, by->help, _(by->text), by->command, 0);
	i->summary = say(r, _("%s. Killed: %s. Limit: %s. Used: %s. Host: %s."), i->headline, i->killed, i->limit_text,
			 i->used_text, i->host_text);
	return i;
}

void daemons_close(const struct model *m, struct report *r)
{
	static const struct unit none;

	for (const struct said *d = m->said; d; d = d->next)
		if (d->what == ZT_SAID_DAEMON && !log_builds(m))
			daemon_incident(r, &none, d);
}

const struct said *daemon_unplaced(const struct model *m, unsigned int *n)
{
	const struct said *ret = NULL;

	*n = 0;
	for (const struct said *d = m->said; d; d = d->next)
		if (d->what == ZT_SAID_DAEMON && !step_of(m, d)) {
			ret = ret ? ret : d;
			++*n;
		}
	return ret;
}
