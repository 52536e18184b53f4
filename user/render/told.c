/* SPDX-License-Identifier: GPL-2.0 */
/* What several formats tell of an incident, a build and a step in the same words. */
#include "render/told.h"

#include <stdio.h>
#include <string.h>

#include "base/esc.h"
#include "base/i18n.h"
#include "render/step.h"

unsigned int told_facts(struct told v[TOLD_MAX], const struct incident *i, const char *grew)
{
	const struct told all[TOLD_MAX] = {
		{ _("network:"), i->net_text },
		{ _("limit:"), i->limit_text }, { _("used:"), i->used_text }, { _("grew:"), grew },
		{ _("killed:"), i->killed },	{ _("why:"), i->why_text },   { _("host:"), i->host_text },
		{ _("ci:"), i->job_text },
	};
	unsigned int n = 0;

	for (unsigned int at = 0; at < TOLD_MAX; at++)
		if (all[at].text)
			v[n++] = all[at];
	return n;
}

bool told_in_short(const struct incident *i)
{
	return i->repeats || i->follows;
}

unsigned int told_in_full(const struct report *r)
{
	unsigned int n = 0;

	for (const struct incident *i = r->incidents; i; i = i->next)
		n += !told_in_short(i);
	return n;
}

const char *told_build(const struct build *b)
{
	const char *name = b ? b->service ?: b->dockerfile_path ?: builder_name(b->builder) : NULL;

	return name ?: "?";
}

const char *told_file(const struct incident *i)
{
	const struct build *b = i->build ?: i->step ? i->step->build : NULL;

	return b ? b->dockerfile_path : NULL;
}

const char *told_step(char *buf, size_t cap, const struct step *st)
{
	struct step_place p = step_place(st);
	size_t n = 0;

	if (p.index && p.total) {
		char number[128];

		snprintf(number, sizeof(number), "[%.60s%s%u/%u] ", p.stage ?: "", p.stage ? " " : "", p.index, p.total);
		n = esc_term_str(buf, cap, number, 0);
	}
	esc_term_str(buf + n, cap - n, p.instruction ?: "?", 0);
	return buf;
}

/* FNV-1a */
zt_u64 told_hash(zt_u64 h, const char *s)
{
	for (; s && *s; s++)
		h = (h ^ (unsigned char)*s) * 0x100000001b3ull;
	return (h ^ 0xff) * 0x100000001b3ull;
}

const char *told_fingerprint(char buf[FINGERPRINT_LEN], const struct incident *i)
{
	const struct build *b = i->build;
	zt_u64 h = told_hash(TOLD_HASH_SEED, i->code);

	h = told_hash(h, b ? b->service : NULL);
	h = told_hash(h, b ? b->dockerfile_path : NULL);
	h = told_hash(h, i->step ? i->step->text : NULL);
	h = told_hash(h, i->nvictims ? i->victims[0].comm : NULL);
	snprintf(buf, FINGERPRINT_LEN, "%016llx", (unsigned long long)h);
	return buf;
}

zt_u64 told_real_ns(const struct model *m, zt_u64 boot_ns)
{
	if (!m->start.realtime_ns || !boot_ns)
		return 0;
	return m->start.realtime_ns - m->start.h.ts_ns + boot_ns;
}

zt_u64 told_start(const struct model *m, const struct step *st)
{
	return st->started_ns ?: m->first_ns;
}

zt_u64 told_end(const struct model *m, const struct step *st)
{
	zt_u64 end = st->ended_ns ?: m->now_ns, start = told_start(m, st);

	return end > start ? end : start;
}

bool told_is_step(const struct model *m, const struct step *st)
{
	return !st->container && !st->frontend && model_concerns(m, st->build);
}

bool told_failed(const struct step *st)
{
	return st->exited && st->exit_code;
}

bool told_memory(const struct incident *i)
{
	return !strncmp(i->code, "ZT1", 3);
}
