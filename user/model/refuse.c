/* SPDX-License-Identifier: GPL-2.0 */
/* What processes were refused, and what is known of the limits they ran into. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "model/apply.h"
#include "trace/event.h"

#define BURST_NS 50000000ull

struct refusal *model_refusal(const struct model *m, const struct proc *p, bool memory)
{
	for (struct refusal *r = m->refusals; r; r = r->next)
		if (r->proc == p && (r->ev.error == ENOMEM) == memory)
			return r;
	return NULL;
}

/* That of a process that lived on and did well, else the oldest */
static struct refusal *recycled(struct model *m)
{
	struct refusal **at = &m->refusals, *r;

	for (struct refusal **p = at; *p; p = &(*p)->next)
		if ((*p)->proc->exit_ns && !(*p)->proc->exit_code) {
			at = p;
			break;
		}
	r = *at;
	*at = r->next;
	if (m->refusals_tail == &r->next)
		m->refusals_tail = at;
	memset(r, 0, sizeof(*r));
	return r;
}

static struct refusal *refusal_new(struct model *m)
{
	struct refusal *r;

	if (m->nrefusals == REFUSALS_MAX)
		return recycled(m);
	r = arena_zalloc(&m->arena, sizeof(*r));
	if (r)
		m->nrefusals++;
	else
		model_lose(m);
	return r;
}

static struct refusal *refusal_get(struct model *m, struct proc *p, bool memory)
{
	struct refusal *r = model_refusal(m, p, memory);

	if (r || !p)
		return r;
	r = refusal_new(m);
	if (!r)
		return NULL;
	r->proc = p;
	proc_pin(p);
	TAIL_APPEND(m->refusals_tail, r);
	return r;
}

int apply_refuse(struct model *m, const struct zt_ev *ev)
{
	const struct zt_ev_refuse *e = (const void *)ev;
	struct refusal *r = refusal_get(m, proc_get(m, &ev->who), e->error == ENOMEM);
	const char *s[2];

	if (!r || ev_tail_strings(ev, s, 2) != 2)
		return 0;
	r->count += 1 + e->untold;
	if (r->last_ns + BURST_NS > ev->ts_ns && r->ev.h.kind && r->ev.dev == e->dev) {
		r->last_ns = ev->ts_ns;
		return 0;
	}
	r->last_ns = ev->ts_ns;
	r->ev = *e;
	r->space.h.kind = r->host.h.kind = 0;
	snprintf(r->fstype, sizeof(r->fstype), "%s", s[0]);
	snprintf(r->path, sizeof(r->path), "%s", s[1]);
	if (r->ev.mount_bytes > strlen(r->path))
		r->ev.mount_bytes = 0;
	return 0;
}

void refusals_see_host(struct model *m, const struct zt_ev_host *h)
{
	for (struct refusal *r = m->refusals; r; r = r->next)
		if (!r->host.h.kind && r->ev.error == ENOMEM)
			r->host = *h;
}

int apply_space(struct model *m, const struct zt_ev *ev)
{
	struct proc *p = model_proc(m, &ev->who);
	struct refusal *r = p ? model_refusal(m, p, false) : NULL;
	const char *s[1];

	if (!r || ev_tail_strings(ev, s, 1) != 1)
		return 0;
	memcpy(&r->space, ev, sizeof(r->space));
	snprintf(r->space_path, sizeof(r->space_path), "%s", s[0]);
	return 0;
}

int apply_env(struct model *m, const struct zt_ev *ev)
{
	struct proc *p = model_proc(m, &ev->who);
	const char *s[2];

	if (!p || ev_tail_strings(ev, s, 2) != 2)
		return 0;
	if (ev->flags & ZT_F_ENV_CI) {
		job_var(m, p, s[0], s[1]);
		return 0;
	}
	if (!strcmp(s[0], "PWD")) { /* in a container the paths are others than where the command was typed */
		label_place(&p->label, model_step_of(m, ev->cgroup, p) ? NULL : model_fact(m, "command.cwd"), s[1]);
		return 0;
	}
	heap_env(&p->heap, s[0], s[1]);
	if (!p->endpoint && (!strcmp(s[0], "DOCKER_HOST") || !strcmp(s[0], "BUILDKIT_HOST")))
		p->endpoint = arena_strdup(&m->arena, s[1]);
	if (p->step && p->step->entry == p)
		step_env(m, p->step, s[0], s[1]);
	return 0;
}
