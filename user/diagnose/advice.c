/* SPDX-License-Identifier: GPL-2.0 */
/* What to do, best first, and what the reader should know besides. Each rule is a pure function in a file of its own. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "builder/dockerfile.h"
#include "diagnose/advice.h"

#define OF(kind) (1u << (kind))
#define SHORTAGE (OF(LIMIT_CGROUP) | OF(LIMIT_HOST))
#define NODES (OF(LIMIT_CPUSET) | OF(LIMIT_MEMPOLICY))

/*
 * In the order in which they are said among rules that are as sure: what costs nobody anything comes first. Rules that
 * know that they are enough go before those that do not; measure is the answer where none knows.
 */
static const struct rule {
	unsigned int kinds; /* OF() the limits that it speaks of */
	bool (*make)(const struct advice *a, struct help *h);
} rules[] = {
	{ SHORTAGE, advise_serial },
	{ SHORTAGE, advise_jobs },
	{ SHORTAGE, advise_tmpfs },
	{ SHORTAGE, advise_heap },
	{ OF(LIMIT_CGROUP), advise_limit },
	{ OF(LIMIT_CGROUP), advise_cgroup_swap },
	{ OF(LIMIT_HOST), advise_host_swap },
	{ NODES, advise_nodes },
	{ SHORTAGE, advise_elsewhere },
};
#define NRULES (sizeof(rules) / sizeof(rules[0]))

static void add(struct report *r, struct incident *i, const struct help *h)
{
	if (i->nhelp == HELP_MAX)
		return;
	i->help[i->nhelp] = *h;
	i->help[i->nhelp].command = command_here(r, h->command);
	i->nhelp++;
}

/* What is not sure to be enough is said once or not at all: a screen has room for more important things. */
#define UNSURE_MAX 2

/* A limit put below what was in use has nothing to do with what the build takes. */
static bool was_lowered(const struct incident *i)
{
	return i->limit.kind == LIMIT_CGROUP && i->limit.usage_bytes > i->limit.bytes + i->limit.bytes / 8;
}

void advise_oom(const struct model *m, struct report *r, const struct kill *k, struct incident *i)
{
	struct advice a = { .m = m, .r = r, .k = k, .i = i };
	struct help made[NRULES], measure = { 0 };
	unsigned int n = 0;

	if (i->decision.sysrq)
		return; /* nobody was short of memory */
	a.gang = gang_of(m, k, i);
	a.need = need_of(m, k, i, &a.gang);
	for (size_t at = 0; at < NRULES; at++) {
		made[n] = (struct help){ 0 };
		if ((rules[at].kinds & OF(i->limit.kind)) && rules[at].make(&a, &made[n]))
			n++;
	}
	for (unsigned int at = 0; at < n; at++)
		if (made[at].confidence != CONF_UNKNOWN)
			add(r, i, &made[at]);
	if (!i->nhelp && a.need.confidence == CONF_UNKNOWN && (SHORTAGE & OF(i->limit.kind)) && !was_lowered(i) &&
	    advise_measure(&a, &measure))
		add(r, i, &measure);
	for (unsigned int at = 0; at < n; at++) {
		if (made[at].confidence != CONF_UNKNOWN || i->nhelp >= UNSURE_MAX)
			continue;
		/* a log's build is over: there the command is worth having, though the number is a beginning */
		if ((i->nhelp && !k->log && !strcmp(made[at].id, "raise-limit")) ||
		    (measure.id && !strcmp(made[at].id, "add-swap"))) {
			/* to such a number nobody should set it; measure prints the command with the one it finds */
			made[at].command = NULL;
			made[at].how = HELP_WORDS;
		}
		add(r, i, &made[at]);
	}
}

void advise_signal(struct report *r, struct incident *i)
{
	if (!strcmp(i->code, "ZT2003"))
		add_help(i, "find-exit", i->step && i->step->instr && i->step->instr->line ?
			 say(r, _("look for `exit 137`, or a program that returns 137, at line %u"),
			     i->step->instr->line) :
			 _("look for `exit 137`, or a program that returns 137, in the command"), NULL, 0);
	else if (i->killer.comm && !strcmp(i->killer.comm, "timeout") && i->step && i->step->pressure_ns >= STALL_NS)
		add_help(i, "raise-memory", say(r, _("give it more memory (or time): it waited %s for memory"),
						say_duration(r, i->step->pressure_ns)), NULL, 0);
	else if (i->killer.comm && !strcmp(i->killer.comm, "timeout"))
		add_help(i, "raise-timeout", _("raise the time limit, or find out what became slow"), NULL, 0);
}

static void note_project(struct report *r, const struct build *b, struct incident *i)
{
	if (b->file_status == ZT_FILE_STDIN)
		add_note(i, _("the compose or bake file came over a pipe: which service this step is of is not known"));
	else if (b->file_status == ZT_FILE_REMOTE)
		add_note(i, _("the compose or bake file is remote: which service this step is of is not known"));
	else
		add_note(i, say(r, _("%s could not be read (%s): which service this step is of is not known"), b->project_path,
				b->file_error == EBADMSG ? _("not valid YAML") : strerror(b->file_error)));
}

static void note_dockerfile(struct report *r, const struct unit *u, struct incident *i)
{
	const struct build *b = u->build;

	if (!b || !u->step || u->step->instr || u->step->container)
		return;
	if (b->project_path) {
		note_project(r, b, i);
		return;
	}
	switch (b->file_seen ? b->file_status : ZT_FILE_GONE) {
	case ZT_FILE_STDIN:
		add_note(i, _("the Dockerfile came over a pipe, so the step has no line number here"));
		break;
	case ZT_FILE_REMOTE:
		add_note(i, _("the Dockerfile is remote, so the step has no line number here"));
		break;
	case ZT_FILE_OK:
		add_note(i, b->parse_error ? say(r, _("the Dockerfile could not be read: %.100s"), b->parse_error) :
			 b->several_files ? _("built from several files: only the last one was read, and it has no such RUN") :
			 _("no RUN in the Dockerfile has this step's text; the file may have changed"));
		break;
	case ZT_FILE_UNKNOWN:
		add_note(i, _("bake's file names the Dockerfile in a way that ztrace cannot work out, so the step has no line number here"));
		break;
	case ZT_FILE_ERRNO:
		add_note(i, say(r, _("the Dockerfile could not be read: %s"), strerror(b->file_error)));
		break;
	default:
		add_note(i, _("the Dockerfile was gone before it could be read"));
	}
}

/* Its line is the FROM's, and what it runs stands in no file here. */
static void note_trigger(struct report *r, const struct unit *u, struct incident *i)
{
	const struct df_instr *in = u->step ? u->step->instr : NULL;
	const struct df_stage *st = in && in->from_onbuild && u->build && u->build->df ? &u->build->df->stages[in->stage] : NULL;

	if (st && st->base_stage < 0)
		add_note(i, say(r, _("the step is an ONBUILD trigger of %.100s: that image has it, not this Dockerfile"), st->base));
}

static void note_tie(struct report *r, const struct unit *u, struct incident *i)
{
	const struct step *s = u->step;

	if (s && s->instr && s->shared)
		add_note(i, say(r, _("%u builds have this very step: it is one's, or BuildKit runs it once for all of them"),
				s->candidates));
	else if (s && s->instr && s->candidates > 1)
		add_note(i, say(r, _("%u instructions have this same text; it may have been another of them"),
				s->candidates));
}

void note_context(const struct model *m, struct report *r, const struct unit *u, struct incident *i)
{
	note_trigger(r, u, i);
	note_tie(r, u, i);
	note_dockerfile(r, u, i);
	note_past(r, u, i);
	note_noops(m, r, u, i);
	note_history(m, r, u, i);
}
