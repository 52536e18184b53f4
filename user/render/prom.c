/* SPDX-License-Identifier: GPL-2.0 */
/* -f prom: Prometheus' text format, for node_exporter's textfile collector. No series twice, no pid, no command. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/esc_sink.h"
#include "base/i18n.h"
#include "render/render.h"
#include "render/step.h"
#include "render/told.h"

#define SERIES_MAX_PUT 500 /* of one metric */

/* The samples of one metric: what has the same labels becomes one. */
struct family {
	bool sum; /* add up; else the highest counts */
	unsigned int n;
	struct sample {
		char *labels; /* as they are written: two names may look alike once they are escaped */
		zt_u64 value;
	} samples[SERIES_MAX_PUT];
};

/* Takes labels over. What finds no room is left out. */
static void sample(struct family *fam, char *labels, zt_u64 value)
{
	for (unsigned int i = 0; labels && i < fam->n; i++) {
		struct sample *s = &fam->samples[i];

		if (strcmp(s->labels, labels) != 0)
			continue;
		s->value = fam->sum ? s->value + value : s->value > value ? s->value : value;
		free(labels);
		return;
	}
	if (labels && fam->n < SERIES_MAX_PUT)
		fam->samples[fam->n++] = (struct sample){ labels, value };
	else
		free(labels);
}

/* What a build's step is told apart by; before: labels in front of these. NULL: no memory */
static char *labels_of(const char *before, const struct build *b, const struct step *st)
{
	struct step_place p = st ? step_place(st) : (struct step_place){ 0 };
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	fprintf(f, "%sservice=\"", before);
	esc_prom(f, b && b->service ? b->service : "");
	fputs("\",dockerfile=\"", f);
	esc_prom(f, b && b->dockerfile_path ? b->dockerfile_path : "");
	fputs("\",stage=\"", f);
	esc_prom(f, p.stage ?: "");
	fputs("\",step=\"", f);
	if (p.index && p.total)
		fprintf(f, "%u/%u", p.index, p.total);
	fputc('"', f);
	if (fclose(f)) {
		free(text);
		return NULL;
	}
	return text;
}

static void put_head(FILE *f, const char *name, const char *type, const char *help)
{
	fprintf(f, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* Writes and empties it. */
static void put_family(FILE *f, struct family *fam, const char *name, const char *type, const char *help)
{
	if (fam->n)
		put_head(f, name, type, help);
	for (unsigned int i = 0; i < fam->n; i++) {
		fprintf(f, "%s{%s} %" PRIu64 "\n", name, fam->samples[i].labels, fam->samples[i].value);
		free(fam->samples[i].labels);
	}
	fam->n = 0;
}

static const char *scope_of(const struct incident *i)
{
	if (!strncmp(i->code, "ZT11", 4))
		return "userspace";
	switch (i->limit.kind) {
	case LIMIT_HOST:
		return "host";
	case LIMIT_CPUSET:
		return "cpuset";
	case LIMIT_MEMPOLICY:
		return "mempolicy";
	default:
		return "memcg";
	}
}

static void put_kills(FILE *f, struct family *fam, const struct report *r)
{
	fam->sum = true;
	for (const struct incident *i = r->incidents; i; i = i->next) {
		char scope[32];

		if (strncmp(i->code, "ZT10", 4) != 0 && strncmp(i->code, "ZT11", 4) != 0)
			continue;
		snprintf(scope, sizeof(scope), "scope=\"%s\",", scope_of(i));
		sample(fam, labels_of(scope, i->build, i->step), i->nvictims + i->more_victims);
	}
	put_family(f, fam, "ztrace_oom_kills_total", "counter", "Processes killed for lack of memory.");
}

static void put_incidents(FILE *f, struct family *fam, const struct report *r)
{
	fam->sum = true;
	for (const struct incident *i = r->incidents; i; i = i->next) {
		char *code = NULL;

		if (asprintf(&code, "code=\"%s\"", i->code) >= 0)
			sample(fam, code, 1);
	}
	put_family(f, fam, "ztrace_incidents_total", "counter", "Incidents by diagnosis code.");
}

/* Of steps that cannot be told apart, the most. */
static void put_steps(FILE *f, struct family *fam, const struct model *m)
{
	fam->sum = false;
	for (const struct step *st = m->steps; st; st = st->next)
		if (told_is_step(m, st) && st->build && st->peak_bytes)
			sample(fam, labels_of("", st->build, st), st->peak_bytes);
	put_family(f, fam, "ztrace_step_memory_peak_bytes", "gauge", "Most memory that was charged to the build step.");
	for (const struct step *st = m->steps; st; st = st->next)
		if (told_is_step(m, st) && st->build && st->limit_bytes && st->limit_bytes != ZT_NO_LIMIT)
			sample(fam, labels_of("", st->build, st), st->limit_bytes);
	put_family(f, fam, "ztrace_step_memory_limit_bytes", "gauge", "Memory limit of the build step's own cgroup.");
}

static int prom_finish(struct out *o, const struct report *r)
{
	struct family *fam __free = calloc(1, sizeof(*fam));
	FILE *f = o->f;
	zt_u64 lost = 0;

	if (!fam)
		return -ENOMEM;
	for (unsigned int c = 0; c < ZT_LOST_CAUSES; c++)
		lost += r->model->lost[c];
	put_head(f, "ztrace_build_info", "gauge", "The ztrace that wrote this.");
	fprintf(f, "ztrace_build_info{version=\"%s\"} 1\n", ZTRACE_VERSION);
	put_kills(f, fam, r);
	put_incidents(f, fam, r);
	put_steps(f, fam, r->model);
	put_head(f, "ztrace_events_lost_total", "counter", "Events that ztrace could not take in.");
	/* the closing line is a comment here, and what OpenMetrics (GitLab's metrics report) ends with */
	fprintf(f, "ztrace_events_lost_total %" PRIu64 "\n# EOF\n", lost);
	return fflush(f) ? -errno : 0;
}

extern const struct renderer render_prom;
const struct renderer render_prom = {
	.name = "prom",
	.help = N_("metrics for node_exporter's textfile collector"),
	.shared = true,
	.finish = prom_finish,
};
