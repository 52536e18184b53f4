/* SPDX-License-Identifier: GPL-2.0 */
#include "render/unrun.h"

#include <string.h>

#include "base/cleanup.h"
#include "builder/dockerfile.h"

static bool is_step(const struct step *s)
{
	return !s->container && !s->frontend;
}

/* Seen from its start on, and each of its steps is known: what is not among them did not run. */
static bool is_seen(const struct model *m, const struct build *b)
{
	unsigned int steps = 0;

	for (const struct note *n = m->notes; n; n = n->next)
		if (!strcmp(n->code, "ZT9003")) /* without eBPF a short step may go unseen */
			return false;
	if (!m->ended || !b->df || b->df->target < 0 || b->log || b->several_files || !b->client || (!b->client->fork_ns && !b->client->exec_ns))
		return false;
	for (unsigned int cause = 0; cause < ARRAY_SIZE(m->lost); cause++)
		if (m->lost[cause])
			return false;
	for (const struct step *s = m->steps; s; s = s->next) {
		if (!is_step(s) || (s->build && s->build != b))
			continue;
		if (!s->build || !s->instr || s->candidates > 1)
			return false;
		steps++;
	}
	return steps;
}

static bool has_run(const struct model *m, const struct build *b, const struct df_instr *in)
{
	for (const struct step *s = m->steps; s; s = s->next)
		if (s->build == b && s->instr == in)
			return true;
	return false;
}

/* What the target needs; of the classic builder, each stage up to it */
static bool is_due(const struct build *b, const struct df_instr *in)
{
	return in->is_run && (in->in_build || (b->builder == BUILDER_DOCKER_LEGACY && in->legacy_index));
}

/* Nothing of a stage runs before what stands above it there, and in the stage that it continues. */
static bool comes_before(const struct build *b, const struct df_instr *in, const struct df_instr *ran)
{
	const struct dockerfile *df = b->df;
	int stage = ran->stage;

	if (b->builder == BUILDER_DOCKER_LEGACY || in->stage == stage)
		return in < ran;
	for (size_t hops = 0; stage >= 0 && hops < df->nstages; hops++) {
		stage = df->stages[stage].base_stage;
		if (stage == in->stage)
			return stage >= 0;
	}
	return false;
}

static enum unrun why_not(const struct model *m, const struct build *b, const struct df_instr *in)
{
	bool done = b->client->exit_ns && !b->client->exit_code, shared = false;

	for (const struct step *s = m->steps; s; s = s->next) {
		done = done || (s->build == b && is_step(s) && comes_before(b, in, s->instr));
		shared = shared || (s->build != b && is_step(s) && s->text && !strcmp(s->text, in->text));
	}
	return !done ? UNRUN_MAYBE : shared ? UNRUN_SHARED : UNRUN_CACHED;
}

bool unrun_next(const struct model *m, const struct build *b, size_t *at, struct step *ret, enum unrun *why)
{
	if (!*at && !is_seen(m, b))
		return false;
	while (*at < b->df->ninstrs) {
		const struct df_instr *in = &b->df->instrs[(*at)++];

		if (!is_due(b, in) || has_run(m, b, in))
			continue;
		*ret = (struct step){ .build = (struct build *)b, .builder = b->builder, .instr = in, .text = in->text };
		*why = why_not(m, b, in);
		return true;
	}
	return false;
}
