/* SPDX-License-Identifier: GPL-2.0 */
/* Whose step is it, and which instruction: candidates of all builds, narrowed by what else is known of the step. */
#include <stdio.h>
#include <string.h>

#include "attribute.h"
#include "builder/dockerfile.h"
#include "trace/hash.h"

#define CANDIDATES_MAX 32
#define PASSES_MAX 16

struct candidate {
	struct build *build;
	const struct df_instr *instr;
	enum df_match_kind kind;
	bool taken; /* another step is likely to be that one */
};

static bool alive_at(const struct build *b, zt_u64 ts_ns)
{
	return b->started_ns <= ts_ns && (!b->ended_ns || b->ended_ns >= ts_ns);
}

/* The build whose client the step is below, the innermost; NULL: a daemon's, or podman's service's */
static const struct build *run_by(const struct step *s)
{
	return s->entry && runs_itself(s->builder) ? model_run_by(s->entry->parent) : NULL;
}

static bool could_be(const struct build *b, const struct step *s)
{
	const struct build *by = run_by(s);

	if (by)
		return b == by;
	if (runs_itself(b->builder) && (b->builder != BUILDER_PODMAN || !runs_itself(s->builder)))
		return false; /* only podman may leave the work to a service */
	if (!alive_at(b, s->started_ns))
		return false;
	return b->builder == s->builder || runs_itself(b->builder) ||
	       (b->builder == BUILDER_DOCKER && !runs_itself(s->builder));
}

enum taken { TAKEN_NOT, TAKEN_LIKELY, TAKEN_SURELY };

/* Are other steps this instruction, surely or as earlier ones? A builder runs each but once for each platform. */
static enum taken taken(const struct model *m, const struct step *self, const struct candidate *c)
{
	unsigned int sure = 0, earlier = 0, runs = c->build->nplatforms > 1 ? c->build->nplatforms : 1;

	for (const struct step *s = m->steps; s; s = s->next) {
		if (s == self || s->instr != c->instr)
			continue;
		sure += s->confidence == CONF_CONFIRMED;
		earlier += s->confidence == CONF_CONFIRMED || s->started_ns < self->started_ns;
	}
	return sure >= runs ? TAKEN_SURELY : earlier >= runs ? TAKEN_LIKELY : TAKEN_NOT;
}

/* BuildKit runs what the target needs; the classic builder each stage up to the target's. */
static bool runs(const struct step *s, const struct df_instr *in)
{
	return in->in_build || (s->builder == BUILDER_DOCKER_LEGACY && in->legacy_index);
}

static unsigned int collect(struct model *m, const struct step *s, struct candidate *out)
{
	struct df_argv argv = {
		.bytes = s->argv, .len = s->argv_bytes, .total = s->argv_cut ? s->argv_total_bytes : 0,
		.hash = s->argv_hash, .hashed = s->argv_hashed_bytes, .hash_fn = zt_hash,
		.looked_up = runs_itself(s->builder),
		.other_shell = s->builder == BUILDER_BUILDKIT,
		.late = s->argv_late,
	};
	enum df_match_kind best = DF_MATCH_NONE;
	unsigned int n = 0;

	for (struct build *b = m->builds; b && s->argv; b = b->next) {
		struct df_match hits[CANDIDATES_MAX];
		struct dockerfile *df = could_be(b, s) ? attribute_df(m, b, s->builder) : NULL;
		size_t found = df ? dockerfile_match(df, &argv, hits, CANDIDATES_MAX) : 0;

		for (size_t i = 0; i < found && i < CANDIDATES_MAX && n < CANDIDATES_MAX; i++) {
			struct candidate c = { b, hits[i].instr, hits[i].kind, false };

			enum taken other = taken(m, s, &c);

			if (!runs(s, c.instr) || other == TAKEN_SURELY)
				continue;
			c.taken = other == TAKEN_LIKELY;
			if (best != DF_MATCH_NONE && c.kind != best) {
				if (c.kind > best)
					continue; /* weaker than what we have */
				n = 0;
			}
			best = c.kind;
			out[n++] = c;
		}
	}
	return n;
}

/*
 * The layer an instruction would write, counted above the base image's last one: every COPY, ADD, RUN
 * and WORKDIR before it, in its stage and in the stages it continues. 0: no number can be given.
 */
static unsigned int layer_number(const struct dockerfile *df, const struct df_instr *in)
{
	unsigned int n = in->index;
	const struct df_stage *st = &df->stages[in->stage];

	if (!n)
		return 0;
	if (st->base_stage < 0)
		return st->is_scratch ? n : n - 1;
	for (int hops = 0; st->base_stage >= 0 && hops < 64; hops++) {
		st = &df->stages[st->base_stage];
		n += st->total;
	}
	return st->is_scratch ? n : n - 1;
}

static const char *last_part(const char *image)
{
	const char *slash = strrchr(image, '/');

	return slash ? slash + 1 : image;
}

/* "base:1" as the store names it and "base:1", "docker.io/library/base:1", "base" as a FROM may. */
static bool same_image(const char *stored, const char *from)
{
	const char *a = last_part(stored), *b = last_part(from);
	size_t la = strcspn(a, ":"), lb = strcspn(b, ":@");

	if (la != lb || strncmp(a, b, la) != 0)
		return false;
	if (b[lb] == '@')
		return true;
	return !strcmp(*(a + la) ? a + la : ":latest", *(b + lb) ? b + lb : ":latest");
}

static const char *base_image(const struct dockerfile *df, const struct df_instr *in)
{
	const struct df_stage *st = &df->stages[in->stage];

	for (int hops = 0; st->base_stage >= 0 && hops < 64; hops++)
		st = &df->stages[st->base_stage];
	return st->is_scratch ? NULL : st->base;
}

static bool fits_base(const struct step *s, const struct candidate *c)
{
	const char *from = base_image(c->build->df, c->instr);

	return !s->layer.base_image || !from || same_image(s->layer.base_image, from);
}

/* The legacy builder keeps no layer of a step that wrote nothing: there the count says little. */
static bool fits_number(const struct step *s, const struct candidate *c)
{
	unsigned int n = layer_number(c->build->df, c->instr);

	return s->builder != BUILDER_BUILDKIT || !s->layer.number || !n || n == s->layer.number;
}

/*
 * Was the step right before this instruction, in the same stage, the one that wrote our parent layer? Only one that is
 * sure speaks against a candidate: two that were taken for each other would make a third one sure and wrong.
 */
static bool fits_parent(const struct model *m, const struct step *s, const struct candidate *c, bool *known)
{
	const struct step *prev = NULL;

	for (const struct step *p = m->steps; p; p = p->next)
		if (p != s && p->instr && p->confidence == CONF_CONFIRMED && p->build == c->build && p->instr->stage == c->instr->stage &&
		    p->instr->index && p->instr->index + 1 == c->instr->index && p->layer.snapshot)
			prev = p;
	*known = prev && s->layer.parent;
	return !*known || !strcmp(prev->layer.snapshot, s->layer.parent);
}

static unsigned int narrow(const struct model *m, const struct step *s, struct candidate *c, unsigned int n,
			   bool (*fits)(const struct model *, const struct step *, const struct candidate *))
{
	unsigned int kept = 0;
	struct candidate out[CANDIDATES_MAX];

	for (unsigned int i = 0; i < n; i++)
		if (fits(m, s, &c[i]))
			out[kept++] = c[i];
	if (!kept)
		return n; /* evidence against all of them is evidence of nothing */
	memcpy(c, out, kept * sizeof(*c));
	return kept;
}

static bool by_base(const struct model *m, const struct step *s, const struct candidate *c)
{
	(void)m;
	return fits_base(s, c);
}

static bool by_number(const struct model *m, const struct step *s, const struct candidate *c)
{
	(void)m;
	return fits_number(s, c);
}

static bool by_parent(const struct model *m, const struct step *s, const struct candidate *c)
{
	bool known;

	return fits_parent(m, s, c, &known);
}

/* Whose step went on from the layer that this one wrote? */
static bool by_child(const struct model *m, const struct step *s, const struct candidate *c)
{
	bool none = true;

	for (const struct step *t = m->steps; t && s->layer.snapshot; t = t->next) {
		if (t == s || t->confidence != CONF_CONFIRMED || !t->layer.parent ||
		    strcmp(t->layer.parent, s->layer.snapshot) != 0)
			continue;
		if (t->build == c->build)
			return true;
		none = false;
	}
	return none;
}

/* The value of a build arg in a list; NULL: it is not there, or without one */
static const char *arg_value(const char *list, const char *name, size_t len)
{
	for (; list && *list; list += strlen(list) + 1)
		if (!strncmp(list, name, len) && list[len] == '=')
			return list + len + 1;
	return NULL;
}

/* *same: build args that the step and the build have alike. false: one differs */
static bool args_agree(const struct step *s, const struct build *b, unsigned int *same)
{
	*same = 0;
	for (const char *e = s->env; e && *e; e += strlen(e) + 1) {
		size_t len = strcspn(e, "=");
		const char *v = arg_value(b->build_args, e, len);

		if (v && strcmp(v, e + len + 1) != 0)
			return false;
		*same += v != NULL;
	}
	return true;
}

static bool by_args(const struct model *m, const struct step *s, const struct candidate *c)
{
	unsigned int same;

	(void)m;
	return args_agree(s, c->build, &same);
}

/* Of those that do not disagree, the ones that give the args in so many words. */
static bool by_same_args(const struct model *m, const struct step *s, const struct candidate *c)
{
	unsigned int same;

	(void)m;
	return args_agree(s, c->build, &same) && same;
}

static bool by_engine(const struct model *m, const struct step *s, const struct candidate *c)
{
	return attribute_engine(m, s, c->build) != ENGINE_OTHER;
}

/* A client of which nothing is said may have a context of docker's that names this daemon: likely at most. */
static bool by_same_engine(const struct model *m, const struct step *s, const struct candidate *c)
{
	return attribute_engine(m, s, c->build) == ENGINE_SAME;
}

/* Without layer evidence: builders run a stage from top to bottom, so of one stage it is the first not yet run. */
static bool one_stage(const struct candidate *c, unsigned int n)
{
	for (unsigned int i = 1; i < n; i++)
		if (c[i].build != c[0].build || c[i].instr->stage != c[0].instr->stage)
			return false;
	return true;
}

static bool by_free(const struct model *m, const struct step *s, const struct candidate *c)
{
	(void)m;
	(void)s;
	return !c->taken;
}

/* A tie with somebody else's build: who traces one build wants to hear of it, as a tie. */
static void ours_first(const struct model *m, struct candidate *c, unsigned int n)
{
	for (unsigned int i = 1; i < n && !model_concerns(m, c[0].build); i++)
		if (model_concerns(m, c[i].build)) {
			struct candidate ours = c[i];

			c[i] = c[0];
			c[0] = ours;
		}
}

const struct df_instr *attribute_guess(struct model *m, const struct step *s, const struct build **ret)
{
	struct candidate c[CANDIDATES_MAX];
	unsigned int n = collect(m, s, c);

	*ret = NULL;
	n = narrow(m, s, c, n, by_free);
	n = narrow(m, s, c, n, by_engine);
	n = narrow(m, s, c, n, by_args);
	n = narrow(m, s, c, n, by_same_args);
	for (unsigned int i = 1; i < n; i++)
		if (!c[i].build->dockerfile_path || !c[0].build->dockerfile_path ||
		    strcmp(c[i].build->dockerfile_path, c[0].build->dockerfile_path))
			return NULL;
	if (!n)
		return NULL;
	*ret = c[0].build;
	return c[0].instr;
}

/*
 * containerd's image store has its layers' names in a database: there the Dockerfile itself says which layer the
 * instruction writes, if as many lie below it as that needs.
 */
static void count_layers(struct model *m, struct step *s)
{
	unsigned int n = layer_number(s->build->df, s->instr);
	const char *from = base_image(s->build->df, s->instr);

	if (s->layer.number || !s->layer.snapshot || s->builder != BUILDER_BUILDKIT || !n || s->nlower + 1 < n ||
	    (from && s->nlower < n) || (!from && s->nlower + 1 != n))
		return;
	s->layer.number = n;
	s->layer.base_layers = s->nlower + 1 - n;
	s->layer.base_image = arena_strdup(&m->arena, from ? from : "scratch");
}

static bool same_line(const struct candidate *a, const struct candidate *b)
{
	const char *pa = a->build->dockerfile_path, *pb = b->build->dockerfile_path;

	return a->build != b->build && pa && pb && !strcmp(pa, pb) && a->instr->line == b->instr->line;
}

static void note_tie(const struct model *m, struct step *s, const struct candidate *c, unsigned int n)
{
	s->candidates = n;
	s->may_be_ours = false;
	s->shared = n > 1 && s->builder == BUILDER_BUILDKIT;
	for (unsigned int i = 0; i < n; i++) {
		s->may_be_ours = s->may_be_ours || model_concerns(m, c[i].build);
		s->shared = s->shared && (!i || same_line(&c[0], &c[i]));
	}
}

static void resolve_step(struct model *m, struct step *s)
{
	struct candidate c[CANDIDATES_MAX];
	unsigned int n = collect(m, s, c);

	s->instr = NULL;
	s->candidates = n;
	s->confidence = CONF_UNKNOWN;
	if (!n)
		return;
	n = narrow(m, s, c, n, by_engine);
	n = narrow(m, s, c, n, by_args);
	n = narrow(m, s, c, n, by_same_args);
	n = narrow(m, s, c, n, by_base);
	n = narrow(m, s, c, n, by_number);
	n = narrow(m, s, c, n, by_parent);
	n = narrow(m, s, c, n, by_child);
	note_tie(m, s, c, n);
	n = narrow(m, s, c, n, by_same_engine);
	n = narrow(m, s, c, n, by_free);
	if (n > 1 && !one_stage(c, n)) /* of one stage it is the first */
		ours_first(m, c, n);
	s->build = c[0].build;
	s->instr = c[0].instr;
	s->confidence = s->candidates == 1 && c[0].kind == DF_MATCH_EXACT && !s->build->several_files ? CONF_CONFIRMED :
													CONF_LIKELY;
	if (s->build->builder == BUILDER_DOCKER)
		s->build->builder = s->builder;
	if (runs_itself(s->build->builder))
		s->builder = s->build->builder;
	if (s->confidence == CONF_CONFIRMED)
		count_layers(m, s);
}

/* The one build that could have started it; NULL: none or several. */
static struct build *only_build(const struct model *m, const struct step *s, bool unread, unsigned int *n)
{
	struct build *only = NULL;

	*n = 0;
	for (struct build *b = m->builds; b; b = b->next)
		if (could_be(b, s) && !(unread && b->df)) {
			only = b;
			(*n)++;
		}
	return *n == 1 ? only : NULL;
}

/*
 * No Dockerfile fits: a build whose Dockerfile could not be read is the best guess, then one whose Dockerfile
 * changed. An ordinary container looks like a legacy step, so there only the former counts.
 */
static void guess_build(struct model *m, struct step *s)
{
	unsigned int n;
	struct build *only = only_build(m, s, true, &n);

	if (!n && s->builder != BUILDER_DOCKER_LEGACY)
		only = only_build(m, s, false, &n);
	s->container = s->builder == BUILDER_DOCKER_LEGACY && !n;
	s->build = only;
	if (only && runs_itself(only->builder))
		s->builder = only->builder;
	if (s->build && s->build->builder == BUILDER_DOCKER && s->builder == BUILDER_BUILDKIT)
		s->build->builder = s->builder;
}

/* "RUN make" of `/bin/sh -c make`, `RUN ["a","b"]` of anything else: for steps no Dockerfile tells of. */
static char *argv_text(struct model *m, const struct step *s)
{
	char buf[4096];
	size_t n = 0, words = 0;
	const char *w[4] = { NULL };

	for (size_t at = 0; at < s->argv_bytes && words < 4; at += strlen(s->argv + at) + 1)
		w[words++] = s->argv + at;
	if (words == 3 && !strcmp(w[0], "/bin/sh") && !strcmp(w[1], "-c"))
		return arena_printf(&m->arena, "RUN %.4000s", w[2]);
	n = (size_t)snprintf(buf, sizeof(buf), "RUN [");
	for (size_t at = 0; at < s->argv_bytes && n + 8 < sizeof(buf); at += strlen(s->argv + at) + 1) {
		int more = snprintf(buf + n, sizeof(buf) - n - 2, "%s\"%s\"", at ? "," : "", s->argv + at);

		n += (size_t)more < sizeof(buf) - n - 2 ? (size_t)more : sizeof(buf) - n - 3;
	}
	snprintf(buf + n, sizeof(buf) - n, "]");
	return arena_strdup(&m->arena, buf);
}

void attribute_resolve(struct model *m)
{
	bool more = true;

	if (m->logs)
		attribute_logs(m);
	for (struct build *b = m->builds; b; b = b->next) /* no step of it may ever have run */
		if (!b->df && b->client && b->client->exit_ns)
			attribute_df(m, b, b->builder);
	/* a step may be known by those that came after it */
	for (int pass = 0; more && pass < PASSES_MAX; pass++) {
		more = pass < 1;
		for (struct step *s = m->steps; s; s = s->next)
			if (s->confidence != CONF_CONFIRMED && !s->frontend) {
				resolve_step(m, s);
				more = more || s->confidence == CONF_CONFIRMED;
			}
	}
	for (struct step *s = m->steps; s; s = s->next) {
		s->container = s->frontend;
		if (!s->instr && !s->frontend)
			guess_build(m, s);
		if (s->instr)
			s->text = s->instr->text;
		else if (!s->text && s->argv && !s->frontend)
			s->text = argv_text(m, s);
		if (s->container || (s->id[0] && s->id_build == s->build))
			continue;
		s->id_build = s->build;
		if (s->build)
			snprintf(s->id, sizeof(s->id), "%s.s%u", s->build->id, ++s->build->nsteps);
		else
			snprintf(s->id, sizeof(s->id), "s%u", ++m->nloose_steps);
	}
}
