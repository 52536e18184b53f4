/* SPDX-License-Identifier: GPL-2.0 */
/* Kills that a kernel log tells of: how sure what is said of them is, and what logs leave out. */
#include <string.h>

#include "builder/cgpath.h"
#include "diagnose/internal.h"

bool log_builds(const struct model *m)
{
	for (const struct build *b = m->builds; b; b = b->next)
		if (b->log)
			return true;
	return false;
}

bool log_explained(const struct report *r, const struct build *b)
{
	for (const struct incident *i = r->incidents; i; i = i->next)
		if (i->causal != TRI_NO && i->build && i->build->log == b->log)
			return true;
	return false;
}

enum tristate log_cause(const struct step *s)
{
	const struct log_step *t = s->told;

	switch (t->state) {
	case ZT_STEP_DONE:
		return TRI_NO;
	case ZT_STEP_FAILED:
		/* make and compilers hand on a killed child as 1 or 2: likely, and said to be no more than that */
		return TRI_YES;
	default:
		return TRI_UNKNOWN;
	}
}

static const char *place_words(struct report *r, const char *path)
{
	struct cgpath c = cgpath_classify(path);

	switch (c.kind) {
	case CGPATH_BUILDKIT_STEP:
		return _("a step of a build (BuildKit)");
	case CGPATH_BUILDAH_STEP:
		return _("a step of a build (buildah or podman)");
	case CGPATH_DOCKER_CONTAINER:
		return say(r, _("container %.12s of docker's, or a step of its classic builder"), c.id);
	case CGPATH_BUILDX_BUILDER:
		return say(r, _("the builder's container %.12s"), c.id);
	case CGPATH_PODMAN_CONTAINER:
		return say(r, _("container %.12s of podman's"), c.id);
	case CGPATH_POD_CONTAINER:
		return say(r, _("container %.12s of a Kubernetes pod"), c.id);
	case CGPATH_DAEMON:
		return _("a builder's own service");
	case CGPATH_CI:
		return _("a CI agent or its job");
	case CGPATH_SERVICE:
		return say(r, _("the service %.*s"), (int)c.id_len, c.id ? c.id : "");
	default:
		return NULL;
	}
}

/* What the path of its cgroup names, where no build log says more */
static void note_place(const struct model *m, struct report *r, const struct kill *k, struct incident *i)
{
	const char *path = model_cgroup_path(m, k->ev.victim_cgroup), *place = path ? place_words(r, path) : NULL;

	if (k->step)
		return;
	if (place && i->limit.path && !strcmp(path, i->limit.path))
		add_note(i, say(r, _("it ran in %s"), place));
	else if (place)
		add_note(i, say(r, _("it ran in %1$s: %2$.90s"), place, path));
	else if (path && i->limit.path && strcmp(path, i->limit.path))
		add_note(i, say(r, _("its cgroup was %.200s"), path));
}

void log_finish(const struct model *m, struct report *r, const struct kill *k, const struct unit *u, struct incident *i)
{
	if (k->step && k->step_confidence < i->confidence)
		i->confidence = k->step_confidence;
	if (i->confidence == CONF_CONFIRMED)
		i->basis = u->step ? _("confirmed: both logs name the same container") :
				     _("confirmed by the kernel's own report in its log");
	else if (i->confidence == CONF_LIKELY)
		i->basis = !u->build	   ? _("likely, from the kernel log") :
			   k->step_off_ns ? _("likely: kernel and build log, joined by text") :
					    _("likely: kernel and build log, joined by time and text");
	else
		i->basis = _("the kernel log tells of the kill; more is not known");
	note_place(m, r, k, i);
	if (k->step_off_ns)
		add_note(i, say(r, _("the kernel log's time for it is %s off the step's: dmesg's times of day drift (journalctl -k has better)"),
				say_duration(r, k->step_off_ns)));
	if (k->walk->pages_assumed)
		add_note(i, _("what processes held is told in pages, taken for 4 KiB each: the log does not tell their size"));
}

/* The builder itself was the victim: the client's own words are that it lost it. NULL: not so */
static struct build *lost_builder(const struct model *m, const struct kill *k)
{
	if (!k->log || k->step || agent_role(k->ev.victim_comm, NULL, 0) != AGENT_ENGINE)
		return NULL;
	for (const struct said *f = m->said; f; f = f->next)
		if (f->what == ZT_SAID_BUILDER_GONE)
			return f->build;
	return NULL;
}

bool log_builder_killed(const struct model *m, const struct kill *k, struct unit *u)
{
	struct build *b = lost_builder(m, k);

	if (!b)
		return false;
	*u = (struct unit){ .build = b };
	for (struct step *s = m->steps; s; s = s->next)
		if (s->build == b && s->told && s->told->state == ZT_STEP_RUNNING)
			u->step = s;
	return true;
}

void log_builder_tell(struct report *r, const struct unit *u, struct incident *i)
{
	const char *who = i->victims[0].comm;

	i->code = "ZT1006";
	i->causal = TRI_YES;
	i->confidence = CONF_LIKELY;
	i->headline = u->step ? say(r, _("%s was killed for memory while building %s: the build died with it"), who,
				    say_step(r, u->step)) :
				say(r, _("%s was killed for memory, between steps: the build died with it"), who);
}

static void add(struct report *r, const char *text)
{
	if (r->nlogs_notes < LOGS_NOTES_MAX)
		r->logs_notes[r->nlogs_notes++] = text;
}

static void note_others(const struct model *m, struct report *r)
{
	const struct kill *first = NULL;
	unsigned int n = 0;

	for (const struct kill *k = m->kills; k; k = k->next)
		if (k->log && k->walk == k && !k->step && !k->nmaybe && !lost_builder(m, k)) {
			first = first ? first : k;
			n++;
		}
	if (!n || !log_builds(m))
		return;
	add(r, n == 1 ? say(r, _("an OOM kill in the kernel log fits no step of the build: %1$s (pid %2$u)"), first->ev.victim_comm,
			    first->ev.victim.tgid) :
			say(r, _("%1$u OOM kills in the kernel log fit no step of the build, the first: %2$s (pid %3$u)"), n,
			    first->ev.victim_comm, first->ev.victim.tgid));
}

static void note_daemons(const struct model *m, struct report *r)
{
	unsigned int n;
	const struct said *d = daemon_unplaced(m, &n);

	if (!d || !log_builds(m))
		return;
	add(r, say(r, n == 1 ? _("%1$s killed %2$.60s for lack of memory, which fits no step of the build") :
			       _("%1$s killed %2$.60s and others for lack of memory, which fit no step of the build"), d->subject,
		   *d->program ? d->program : _("a process")));
}

/* Kills without times of day, beside a build's log */
static bool has_boot_times(const struct model *m)
{
	for (const struct kill *k = m->kills; k; k = k->next)
		if (k->log && k->log->clock != ZT_CLOCK_WALL && log_builds(m))
			return true;
	return false;
}

void logs_note(const struct model *m, struct report *r)
{
	bool zone = false, cut = false;
	zt_u64 left_out = 0;

	if (!m->logs)
		return;
	note_others(m, r);
	note_daemons(m, r);
	for (const struct log *l = m->logs; l; l = l->next) {
		left_out += l->suppressed;
		zone |= l->zone_assumed && m->logs->next;
		cut |= l->cut;
	}
	if (left_out)
		add(r, say(r, _("the kernel left out %llu lines of its log (rate limit): there may have been more kills"),
			   (unsigned long long)left_out));
	if (cut)
		add(r, _("the kernel log ends, or goes on with something else, in the middle of a report"));
	if (has_boot_times(m))
		add(r, _("the kernel log has no times of day (dmesg --time-format iso has): joined by text and order alone"));
	if (zone)
		add(r, _("times without a zone were taken for this machine's"));
}
