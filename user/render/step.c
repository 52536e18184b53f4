/* SPDX-License-Identifier: GPL-2.0 */
/* Reads a step's instruction out of its Dockerfile. */
#include "render/step.h"

#include <string.h>

#include "base/cleanup.h"
#include "builder/dockerfile.h"
#include "diagnose/report.h"

struct step_place step_place(const struct step *st)
{
	const struct df_instr *in = st->instr;
	struct step_place p = { 0 };

	p.instruction = st->text;
	if (!in)
		return p;
	p.line = in->line;
	p.end_line = in->end_line;
	step_number(st, &p.index, &p.total);
	p.stage = step_stage(st);
	return p;
}

struct step_place incident_place(const struct incident *i)
{
	if (i->step)
		return step_place(i->step);
	if (!i->from)
		return (struct step_place){ 0 };
	return (struct step_place){ .instruction = i->from->text, .line = i->from->line, .end_line = i->from->end_line };
}

const char *builder_name(enum builder_kind kind)
{
	static const char *const names[] = {
		[BUILDER_HOST] = "host",	       [BUILDER_DOCKER] = "docker",
		[BUILDER_BUILDKIT] = "buildkit",
		[BUILDER_DOCKER_LEGACY] = "docker-legacy", [BUILDER_PODMAN] = "podman",
		[BUILDER_BUILDAH] = "buildah",
		[BUILDER_KANIKO] = "kaniko",
	};

	return (unsigned int)kind < ARRAY_SIZE(names) ? names[kind] : NULL;
}

const char *lost_cause_name(unsigned int cause)
{
	static const char *const names[ZT_LOST_CAUSES] = {
		[0] = "other",
		[ZT_LOST_RING] = "ring",
		[ZT_LOST_KILL_RING] = "kill_ring",
		[ZT_LOST_READ] = "read",
		[ZT_LOST_MODEL] = "model",
		[ZT_LOST_TRACE] = "trace",
		[ZT_LOST_CORRUPT] = "corrupt",
		[ZT_LOST_UNKNOWN_KIND] = "unknown_kind",
	};

	return cause < ZT_LOST_CAUSES && names[cause] ? names[cause] : "other";
}

const char *source_line(const char *text, size_t len, unsigned int number, size_t *line_len)
{
	const char *end = text + len, *nl;

	for (; text < end; text = nl + 1) {
		nl = memchr(text, '\n', (size_t)(end - text)) ?: end;
		if (!--number) {
			*line_len = (size_t)(nl - text);
			if (*line_len && text[*line_len - 1] == '\r')
				--*line_len;
			return text;
		}
		if (nl == end)
			break;
	}
	return NULL;
}

size_t expand_tabs(char *dst, size_t cap, const char *text, size_t len, size_t blanks)
{
	size_t n = 0;

	for (size_t i = 0; i < len && n + blanks < cap; i++) {
		if (text[i] == '\t') {
			memset(dst + n, ' ', blanks);
			n += blanks;
		} else {
			dst[n++] = text[i];
		}
	}
	return n;
}

size_t join_argv(char *text, size_t cap, const struct step *st)
{
	size_t len = st->argv_bytes < cap ? st->argv_bytes : cap;

	memcpy(text, st->argv, len);
	while (len && !text[len - 1])
		len--;
	for (size_t i = 0; i < len; i++)
		text[i] = text[i] ?: ' ';
	return len;
}

zt_u64 step_limit(const struct model *m, const struct step *st, const char **path)
{
	zt_u64 own = st->limit_bytes ?: ZT_NO_LIMIT, least = own, id = step_cgroup(st);

	*path = NULL;
	if (!id && st->entry)
		id = st->entry->cgroup;
	for (int depth = 0; id && depth < 64; depth++) {
		const struct cgroup *cg = model_cgroup(m, id);

		if (!cg)
			break;
		if (cg->mem.limit_bytes && cg->mem.limit_bytes < least) {
			least = cg->mem.limit_bytes;
			*path = cg->step == st ? NULL : cg->path;
		}
		id = cg->parent;
	}
	return least;
}

/* Page cache and all; its cgroup is looked at four times a second. */
zt_u64 step_now(const struct step *st)
{
	const struct series *s = st->cgroup && !st->ended_ns ? st->cgroup->series : NULL;

	return s && s->n ? s->bytes[s->n - 1] : 0;
}

zt_u64 step_peak(const struct step *st)
{
	const struct series *s = st->cgroup ? st->cgroup->series : NULL;
	zt_u64 most = st->peak_bytes;

	for (unsigned int n = 0; s && n < s->n; n++)
		most = s->bytes[n] > most ? s->bytes[n] : most;
	return most;
}
