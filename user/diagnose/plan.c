/* SPDX-License-Identifier: GPL-2.0 */
#include "diagnose/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "builder/dockerfile.h"
#include "diagnose/report.h"

static void name_of(const struct build *b, char *buf, size_t len)
{
	const char *file = b->dockerfile_path ? b->dockerfile_path : b->id;

	if (b->service)
		snprintf(buf, len, "%s", b->service);
	else
		snprintf(buf, len, "%s%s%s", file, b->target ? " " : "", b->target ? b->target : "");
}

/* Words of the client, quoted for a shell; "" when its command line was cut. */
static void command_of(const struct build *b, char *buf, size_t len)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./:=@%+,-";
	const struct proc *p = b->client;
	size_t n = 0;

	buf[0] = 0;
	if (!p || !p->argv_bytes || p->argv_bytes >= PROC_ARGV_SHORT)
		return;
	for (size_t at = 0; at < p->argv_bytes; at += strlen(p->argv + at) + 1) {
		const char *w = p->argv + at;
		bool bare = *w && !w[strspn(w, plain)];
		int r;

		if (strchr(w, '\'')) {
			buf[0] = 0;
			return;
		}
		r = snprintf(buf + n, len - n, "%s%s%s%s", at ? " " : "", bare ? "" : "'", w, bare ? "" : "'");
		if (r < 0 || (size_t)r >= len - n) {
			buf[0] = 0;
			return;
		}
		n += (size_t)r;
	}
}

static struct plan_build *find(struct plan *p, const struct build *b)
{
	char name[sizeof(p->builds[0].name)];

	name_of(b, name, sizeof(name));
	for (unsigned int n = 0; n < p->n; n++)
		if (!strcmp(p->builds[n].name, name))
			return &p->builds[n];
	if (p->n == PLAN_BUILDS_MAX) {
		p->more++;
		return NULL;
	}
	snprintf(p->builds[p->n].name, sizeof(p->builds[0].name), "%s", name);
	snprintf(p->builds[p->n].service, sizeof(p->builds[0].service), "%s", b->service ? b->service : "");
	return &p->builds[p->n++];
}

static void see_steps(struct plan_build *v, const struct model *m, const struct build *b, bool *killed)
{
	for (const struct step *s = m->steps; s; s = s->next) {
		if (!build_measured(b, s))
			continue;
		*killed |= s->oom_kills > 0;
		if (step_most(s) <= v->step_bytes)
			continue;
		v->step_bytes = step_most(s);
		if (s->instr)
			snprintf(v->step, sizeof(v->step), "%u: %s", s->instr->line, s->instr->text);
		else
			snprintf(v->step, sizeof(v->step), "?: %s", s->text ? s->text : s->id);
	}
}

static void keep_fact(char *buf, size_t len, const char *fact)
{
	if (fact)
		snprintf(buf, len, "%s", fact);
}

unsigned int plan_add(struct plan *p, const struct model *m)
{
	unsigned int found = 0;

	keep_fact(p->disk_root, sizeof(p->disk_root), model_fact(m, "disk./"));
	keep_fact(p->disk_var_lib, sizeof(p->disk_var_lib), model_fact(m, "disk./var/lib"));
	for (const struct build *b = m->builds; b; b = b->next) {
		zt_u64 peak = build_peak(m, b);
		struct plan_build *v = peak ? find(p, b) : NULL;
		bool killed = false;

		found += peak > 0;
		if (!v)
			continue;
		v->traces++;
		see_steps(v, m, b, &killed);
		if (peak > v->peak_bytes || (peak == v->peak_bytes && !killed)) {
			v->peak_bytes = peak;
			v->at_least = killed;
		}
		command_of(b, v->command, sizeof(v->command));
	}
	return found;
}

static int larger_first(const void *a, const void *b)
{
	const struct plan_build *x = a, *y = b;

	if (x->round != y->round)
		return x->round < y->round ? -1 : 1;
	if (x->peak_bytes != y->peak_bytes)
		return x->peak_bytes > y->peak_bytes ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* The first round that it fits into; one that fits nowhere, or was killed where it was measured, is by itself. */
static void place(struct plan *p, struct plan_build *v, bool *closed)
{
	unsigned int r = p->rounds;

	v->alone_too_big = v->peak_bytes > p->memory_bytes;
	if (!v->alone_too_big && !v->at_least)
		for (r = 0; r < p->rounds; r++)
			if (!closed[r] && p->round_bytes[r] + v->peak_bytes <= p->memory_bytes)
				break;
	closed[r] |= v->alone_too_big || v->at_least;
	if (r == p->rounds)
		p->round_bytes[p->rounds++] = 0;
	p->round_bytes[r] += v->peak_bytes;
	v->round = r + 1;
	p->swap_at_least |= v->alone_too_big && v->at_least;
	if (v->alone_too_big && v->peak_bytes - p->memory_bytes > p->swap_need_bytes)
		p->swap_need_bytes = v->peak_bytes - p->memory_bytes;
}

void plan_make(struct plan *p, zt_u64 memory_bytes, zt_u64 swap_bytes)
{
	bool closed[PLAN_BUILDS_MAX] = { false };

	p->memory_bytes = memory_bytes;
	p->swap_bytes = swap_bytes;
	p->rounds = 0;
	p->swap_need_bytes = 0;
	p->swap_at_least = false;
	for (unsigned int n = 0; n < p->n; n++)
		p->builds[n].round = 0;
	qsort(p->builds, p->n, sizeof(p->builds[0]), larger_first);
	for (unsigned int n = 0; n < p->n; n++)
		place(p, &p->builds[n], closed);
	qsort(p->builds, p->n, sizeof(p->builds[0]), larger_first);
}
