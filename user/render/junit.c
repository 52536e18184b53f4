/* SPDX-License-Identifier: GPL-2.0 */
/* -f junit: a test suite for each build, a test case for each step (as GitLab, Jenkins, CircleCI … read it). */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/esc_sink.h"
#include "base/fmt.h"
#include "base/i18n.h"
#include "render/render.h"
#include "render/step.h"
#include "render/told.h"
#include "render/unrun.h"

#define NAME_BYTES 1024

struct sums {
	unsigned int tests, failures, errors, skipped;
	zt_u64 ns;
};

/* The first that the step failed of; else, with `any`, the first that befell it */
static const struct incident *incident_of(const struct report *r, const struct step *st, bool any)
{
	for (const struct incident *i = r->incidents; i; i = i->next)
		if (i->step == st && (i->causal == TRI_NO) == any && !i->repeats)
			return i;
	return NULL;
}

/* What belongs to no step of ours is a case of its own. */
static bool stands_alone(const struct model *m, const struct incident *i)
{
	return !told_in_short(i) && (!i->step || !told_is_step(m, i->step)) && i->causal != TRI_NO;
}

static void add(struct sums *s, const struct incident *i, bool failed)
{
	s->tests++;
	s->errors += i && told_memory(i);
	s->failures += i ? !told_memory(i) : failed;
}

/* b NULL: of steps whose build is not known, and of incidents of no step */
static struct sums sum_of(const struct report *r, const struct build *b)
{
	const struct model *m = r->model;
	struct sums s = { 0 };
	struct step unrun;
	size_t at = 0;
	enum unrun why;

	for (const struct step *st = m->steps; st; st = st->next) {
		if (st->build != b || !told_is_step(m, st))
			continue;
		add(&s, incident_of(r, st, false), told_failed(st));
		s.ns += told_end(m, st) - told_start(m, st);
	}
	while (s.tests && b && unrun_next(m, b, &at, &unrun, &why))
		s.skipped++;
	s.tests += s.skipped;
	for (const struct incident *i = r->incidents; i && !b; i = i->next)
		if (stands_alone(m, i))
			add(&s, i, true);
	return s;
}

static void put_attr(FILE *f, const char *name, const char *value)
{
	fprintf(f, " %s=\"", name);
	esc_markup(f, value);
	fputc('"', f);
}

static void put_time(FILE *f, zt_u64 ns)
{
	fprintf(f, " time=\"%" PRIu64 ".%03u\"", ns / 1000000000, (unsigned int)(ns / 1000000 % 1000));
}

static void put_sums(FILE *f, const struct sums *s)
{
	fprintf(f, " tests=\"%u\" failures=\"%u\" errors=\"%u\"", s->tests, s->failures, s->errors);
	put_time(f, s->ns);
}

static void put_line(FILE *f, const char *label, const char *text)
{
	esc_markup(f, label);
	fputs(*label && *label != ' ' ? " " : "", f);
	esc_markup(f, text);
	fputc('\n', f);
}

static void put_told(FILE *f, const char *tag, const char *type, const struct incident *i)
{
	struct told facts[TOLD_MAX];
	unsigned int n = told_facts(facts, i, NULL);

	fprintf(f, "      <%s", tag);
	if (type) {
		put_attr(f, "type", type);
		put_attr(f, "message", i->headline ?: "");
		fputs(">\n", f);
	} else {
		fputs(">\n", f);
		put_line(f, "", i->headline ?: "");
	}
	for (unsigned int at = 0; at < n; at++)
		put_line(f, facts[at].label, facts[at].text);
	for (unsigned int at = 0; at < i->nnotes; at++)
		put_line(f, _("note:"), i->notes[at]);
	for (unsigned int at = 0; at < i->nhelp; at++) {
		put_line(f, _("help:"), i->help[at].text ?: "");
		if (i->help[at].command)
			put_line(f, "    ", i->help[at].command);
	}
	if (i->basis)
		put_line(f, "", i->basis);
	fprintf(f, "      </%s>\n", tag);
}

static void put_incident(FILE *f, const struct incident *i)
{
	put_told(f, told_memory(i) ? "error" : "failure", i->code, i);
}

/* GitLab takes a name once: the step's own id tells those of one text in builds of one name apart. */
static bool is_name_taken(const struct report *r, const struct step *st, const char *name)
{
	char other[NAME_BYTES];

	for (const struct step *e = r->model->steps; e && e != st; e = e->next)
		if (told_is_step(r->model, e) && !strcmp(told_build(e->build), told_build(st->build)) &&
		    !strcmp(told_step(other, sizeof(other), e), name))
			return true;
	return false;
}

static void put_case(FILE *f, const struct report *r, const struct step *st)
{
	const struct model *m = r->model;
	char name[NAME_BYTES + 32];

	fputs("    <testcase", f);
	put_attr(f, "classname", told_build(st->build));
	told_step(name, NAME_BYTES, st);
	if (is_name_taken(r, st, name))
		snprintf(name + strlen(name), 32, " (%s)", st->id);
	put_attr(f, "name", name);
	if (st->build && st->build->dockerfile_path)
		put_attr(f, "file", st->build->dockerfile_path);
	put_time(f, told_end(m, st) - told_start(m, st));
}

static void put_step(FILE *f, const struct report *r, const struct step *st)
{
	const struct incident *i = incident_of(r, st, false), *beside = incident_of(r, st, true);
	char text[FMT_LEN];

	put_case(f, r, st);
	if (!i && !told_failed(st) && !beside) {
		fputs("/>\n", f);
		return;
	}
	fputs(">\n", f);
	if (i) {
		put_incident(f, i);
	} else if (told_failed(st)) {
		fputs("      <failure type=\"exit\"", f);
		put_attr(f, "message", fmt_status(text, sizeof(text), st->exit_code));
		fputs("/>\n", f);
	}
	if (beside)
		put_told(f, "system-out", NULL, beside);
	fputs("    </testcase>\n", f);
}

/* Another build of that name may have run it; and a builder that numbers nothing may have it twice. */
static bool is_ambiguous(const struct model *m, const struct step *st)
{
	struct step_place p = step_place(st);

	for (const struct build *b = m->builds; b; b = b->next)
		if (b != st->build && !strcmp(told_build(b), told_build(st->build)))
			return true;
	return !p.index;
}

static void put_unrun(FILE *f, const struct model *m, const struct step *st, enum unrun why)
{
	const char *const texts[] = {
		[UNRUN_CACHED] = _("cached"), [UNRUN_SHARED] = _("cached, or run for another build"),
		[UNRUN_MAYBE] = _("cached, or not reached"),
	};
	char name[NAME_BYTES + 64];

	told_step(name, NAME_BYTES, st);
	if (is_ambiguous(m, st))
		snprintf(name + strlen(name), 64, " (%s:%u)", st->build->id, step_place(st).line);
	fputs("    <testcase", f);
	put_attr(f, "classname", told_build(st->build));
	put_attr(f, "name", name);
	if (st->build->dockerfile_path)
		put_attr(f, "file", st->build->dockerfile_path);
	fputs(" time=\"0\">\n      <skipped", f);
	put_attr(f, "message", texts[why]);
	fputs("/>\n    </testcase>\n", f);
}

static void put_alone(FILE *f, const struct report *r)
{
	unsigned int n = 0;

	for (const struct incident *i = r->incidents; i; i = i->next) {
		char name[64];

		n++;
		if (!stands_alone(r->model, i))
			continue;
		snprintf(name, sizeof(name), "incident %u", n);
		fputs("    <testcase", f);
		put_attr(f, "classname", "ztrace");
		put_attr(f, "name", name);
		fputs(" time=\"0\">\n", f);
		put_incident(f, i);
		fputs("    </testcase>\n", f);
	}
}

static void put_suite(FILE *f, const struct report *r, const struct build *b)
{
	const struct model *m = r->model;
	struct sums s = sum_of(r, b);
	const char *host = model_fact(m, "hostname");
	zt_u64 since = b && b->started_ns ? b->started_ns : m->first_ns;
	struct fmt_clock utc = { .boot_ns = m->start.h.ts_ns, .real_ns = m->start.realtime_ns };
	char when[FMT_LEN];
	struct step unrun;
	size_t at = 0;
	enum unrun why;

	if (!s.tests)
		return;
	fputs("  <testsuite", f);
	put_attr(f, "name", b ? told_build(b) : "ztrace");
	put_sums(f, &s);
	fprintf(f, " skipped=\"%u\"", s.skipped);
	if (fmt_time(when, sizeof(when), &utc, since)) {
		when[strlen("2026-11-23T10:00:00")] = 0; /* xs:dateTime without a zone is what readers know */
		put_attr(f, "timestamp", when);
	}
	if (host)
		put_attr(f, "hostname", host);
	fputs(">\n", f);
	for (const struct step *st = m->steps; st; st = st->next)
		if (st->build == b && told_is_step(m, st))
			put_step(f, r, st);
	while (b && unrun_next(m, b, &at, &unrun, &why))
		put_unrun(f, m, &unrun, why);
	if (!b)
		put_alone(f, r);
	fputs("  </testsuite>\n", f);
}

static int junit_finish(struct out *o, const struct report *r)
{
	const struct model *m = r->model;
	struct sums all = sum_of(r, NULL);

	for (const struct build *b = m->builds; b; b = b->next) {
		struct sums s = sum_of(r, b);

		all.tests += s.tests;
		all.failures += s.failures;
		all.errors += s.errors;
		all.ns += s.ns;
	}
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"ztrace\"", o->f);
	put_sums(o->f, &all);
	fputs(">\n", o->f);
	for (const struct build *b = m->builds; b; b = b->next)
		put_suite(o->f, r, b);
	put_suite(o->f, r, NULL);
	fputs("</testsuites>\n", o->f);
	return fflush(o->f) ? -errno : 0;
}

extern const struct renderer render_junit;
const struct renderer render_junit = {
	.name = "junit",
	.help = N_("XML of test results: a case for each step"),
	.finish = junit_finish,
};
