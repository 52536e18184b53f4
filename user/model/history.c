/* SPDX-License-Identifier: GPL-2.0 */
/* How memory was used over time: samples of this run, limits lifted for it, peaks of earlier ones. */
#include "model/apply.h"
#include "trace/event.h"

/* Half the points, each the higher of two: the shape stays, and so does the peak. */
static void series_fold(struct series *s)
{
	for (unsigned int i = 0; i < s->n / 2; i++) {
		unsigned int top = s->bytes[2 * i] > s->bytes[2 * i + 1] ? 2 * i : 2 * i + 1;

		s->ts_ns[i] = s->ts_ns[top];
		s->bytes[i] = s->bytes[top];
	}
	s->n /= 2;
	s->every_ns = s->n > 1 ? (s->ts_ns[s->n - 1] - s->ts_ns[0]) / (s->n - 1) : 0;
}

static void series_add(struct series *s, zt_u64 ts_ns, zt_u64 bytes)
{
	unsigned int last = s->n - 1;

	if (s->n && ts_ns < s->ts_ns[last])
		return; /* out of order: a trace that was tampered with */
	if (s->n > 1 && ts_ns - s->ts_ns[last - 1] < s->every_ns) {
		if (bytes > s->bytes[last]) {
			s->ts_ns[last] = ts_ns;
			s->bytes[last] = bytes;
		}
		return;
	}
	if (s->n == SERIES_MAX)
		series_fold(s);
	s->ts_ns[s->n] = ts_ns;
	s->bytes[s->n++] = bytes;
}

int apply_sample(struct model *m, const struct zt_ev *ev)
{
	const struct zt_ev_sample *e = (const void *)ev;
	struct cgroup *cg = model_cgroup(m, ev->cgroup);

	if (!cg)
		return 0;
	if (!cg->series)
		cg->series = arena_zalloc(&m->arena, sizeof(*cg->series));
	if (cg->series)
		series_add(cg->series, ev->ts_ns, e->usage_bytes);
	else
		model_lose(m);
	return 0;
}

int apply_past(struct model *m, const struct zt_ev *ev)
{
	const struct zt_ev_past *e = (const void *)ev;
	struct step *s = model_step_of_cgroup(m, ev->cgroup);

	if (!s || s->npast == ZT_PAST_MAX)
		return 0;
	s->past[s->npast++] = (struct past){ e->peak_bytes, e->limit_bytes, e->time_s, ev->flags & ZT_F_PAST_OOM,
					     ev->flags & ZT_F_PAST_FAILED };
	return 0;
}

int apply_lift(struct model *m, const struct zt_ev *ev)
{
	const struct zt_ev_lift *e = (const void *)ev;
	struct step *st = e->set_bytes ? NULL : model_step_of_cgroup(m, ev->cgroup);
	struct lifted *l;
	const char *s[2];

	if (!e->set_bytes) {
		if (st && e->need_bytes > st->need_bytes)
			st->need_bytes = e->need_bytes;
		return 0;
	}
	l = arena_zalloc(&m->arena, sizeof(*l));
	if (ev_tail_strings(ev, s, 2) != 2)
		return 0;
	if (!l || !(l->path = arena_strdup(&m->arena, s[0])) || !(l->file = arena_strdup(&m->arena, s[1]))) {
		model_lose(m);
		return 0;
	}
	l->cgroup = ev->cgroup;
	l->was_bytes = e->was_bytes;
	l->was_swap_bytes = e->was_swap_bytes;
	l->set_bytes = e->set_bytes;
	l->need_bytes = e->need_bytes;
	l->peak_bytes = e->peak_bytes;
	TAIL_APPEND(m->lifted_tail, l);
	return 0;
}
