/* SPDX-License-Identifier: GPL-2.0 */
#include "view/rows.h"

#include <stdlib.h>
#include <string.h>

#include "render/step.h"
#include "render/told.h"

static struct row *add(struct rows *rows, const struct row *row)
{
	if (rows->n == ROWS_MAX) {
		rows->left++;
		return NULL;
	}
	rows->at[rows->n] = *row;
	return &rows->at[rows->n++];
}

static bool is_folded(const struct choice *c, const void *build)
{
	for (unsigned int n = 0; n < c->nfolded; n++)
		if (c->folded[n] == build)
			return true;
	return false;
}

void choice_fold(struct choice *c, const void *build)
{
	for (unsigned int n = 0; n < c->nfolded; n++) {
		if (c->folded[n] != build)
			continue;
		c->folded[n] = c->folded[--c->nfolded];
		return;
	}
	if (c->nfolded < FOLDED_MAX)
		c->folded[c->nfolded++] = build;
}

static bool is_shown(const struct model *m, const struct step *st)
{
	return !st->container && !st->frontend && model_scoped_step(m, st);
}

static bool is_running(const struct step *st)
{
	return !st->ended_ns && !(st->entry && st->entry->exit_ns);
}

static enum row_state state_of(const struct report *r, const struct step *st)
{
	for (const struct incident *i = r->incidents; i; i = i->next)
		if (i->step == st && i->causal != TRI_NO && !i->cancelled)
			return STATE_KILLED;
	return is_running(st) ? STATE_RUNNING : told_failed(st) ? STATE_FAILED : STATE_OK;
}

static struct row step_row(const struct report *r, const struct step *st)
{
	const char *path;
	struct row row = {
		.kind = ROW_STEP, .what = st, .state = state_of(r, st), .peak_bytes = step_peak(st),
		.now_bytes = is_running(st) ? step_now(st) : 0, .limit_bytes = step_limit(r->model, st, &path),
	};

	return row;
}

/* At work: a step of it, or its client */
static bool at_work(const struct build *b, unsigned int running)
{
	return running || (b && b->client && !b->client->exit_ns && !b->ended_ns);
}

/* false: nothing of it is shown */
static bool sum_build(const struct report *r, const struct build *b, const struct choice *c, struct row *ret)
{
	unsigned int steps = 0, running = 0;
	bool bad = false;
	zt_u64 together;

	*ret = (struct row){ .kind = ROW_BUILD, .what = b, .limit_bytes = ZT_NO_LIMIT, .folded = is_folded(c, b) };
	for (const struct step *st = r->model->steps; st; st = st->next) {
		struct row row;

		if (st->build != b || !is_shown(r->model, st))
			continue;
		row = step_row(r, st);
		steps++;
		running += is_running(st);
		bad = bad || row.state == STATE_KILLED || row.state == STATE_FAILED;
		ret->now_bytes += row.now_bytes;
		ret->peak_bytes = row.peak_bytes > ret->peak_bytes ? row.peak_bytes : ret->peak_bytes;
		ret->limit_bytes = is_running(st) && row.limit_bytes < ret->limit_bytes ? row.limit_bytes : ret->limit_bytes;
	}
	together = b && steps ? build_peak(r->model, b) : 0;
	together = ret->now_bytes > together ? ret->now_bytes : together;
	ret->peak_bytes = together > ret->peak_bytes ? together : ret->peak_bytes;
	ret->state = at_work(b, running) ? STATE_RUNNING : bad ? STATE_KILLED : STATE_OK;
	return steps || (b && at_work(b, 0) && b != r->model->host_build && model_scoped_build(r->model, b));
}

/* So much the row has until its limit; without one, all there is */
static zt_u64 room_of(const struct row *row)
{
	if (row->limit_bytes == ZT_NO_LIMIT)
		return ZT_NO_LIMIT - row->now_bytes;
	return row->limit_bytes > row->now_bytes ? row->limit_bytes - row->now_bytes : 0;
}

/* The bigger comes first. */
static zt_u64 weight(const struct row *row, enum order order)
{
	return order == ORDER_NOW ? row->now_bytes : order == ORDER_PEAK ? row->peak_bytes : ZT_NO_LIMIT - room_of(row);
}

/* Insertion: equal ones stay as they came. Only what comes after `from`. */
static void sort_tail(struct rows *rows, unsigned int from, enum order order)
{
	if (order == ORDER_TIME)
		return;
	for (unsigned int n = from + 1; n < rows->n; n++) {
		struct row row = rows->at[n];
		unsigned int at = n;

		for (; at > from && weight(&rows->at[at - 1], order) < weight(&row, order); at--)
			rows->at[at] = rows->at[at - 1];
		rows->at[at] = row;
	}
}

static void add_steps(struct rows *rows, const struct report *r, const struct build *b, const struct choice *c)
{
	unsigned int from = rows->n;

	for (const struct step *st = r->model->steps; st; st = st->next) {
		struct row row;

		if (st->build != b || !is_shown(r->model, st))
			continue;
		row = step_row(r, st);
		add(rows, &row);
	}
	sort_tail(rows, from, c->order);
}

static int heavier(const void *a, const void *b, void *order)
{
	zt_u64 x = weight(a, *(enum order *)order), y = weight(b, *(enum order *)order);

	return x < y ? 1 : x > y ? -1 : 0;
}

#define LATEST 8 /* builds that ended, shown when none is at work */
#define OVER_NS 2000000000ull

/* Not worth a look at all steps: its client is gone for so long that they are, too. */
static bool is_over(const struct model *m, const struct build *b)
{
	zt_u64 end = b && b->client ? b->client->exit_ns : 0;

	return end && m->now_ns > end + OVER_NS;
}

static void reverse(struct row *row, unsigned int n)
{
	for (unsigned int k = 0; k < n / 2; k++) {
		struct row last = row[n - 1 - k];

		row[n - 1 - k] = row[k];
		row[k] = last;
	}
}

/* Those at work in the order they came, or the others, the newest first. */
static unsigned int find_builds(struct row *found, unsigned int max, struct rows *rows, const struct report *r,
				const struct choice *c, bool working)
{
	unsigned int n = 0, seen = 0;

	for (const struct build *b = r->model->builds;; b = b->next) {
		struct row row;

		if (working ? is_over(r->model, b) : b && seen++ + (c->all ? max : LATEST) < r->model->nbuilds) {
			if (!b)
				break;
			continue;
		}
		if (sum_build(r, b, c, &row) && (row.state == STATE_RUNNING) == working) {
			if (n < max)
				found[n++] = row;
			else
				rows->left++;
		}
		if (!b)
			break;
	}
	if (!working)
		reverse(found, n);
	if (c->order != ORDER_TIME)
		qsort_r(found, n, sizeof(*found), heavier, (void *)&c->order);
	return n;
}

static void add_incidents(struct rows *rows, const struct report *r)
{
	for (const struct incident *i = r->incidents; i; i = i->next) {
		struct row row = { .kind = ROW_INCIDENT, .what = i, .limit_bytes = ZT_NO_LIMIT,
				   .state = i->causal == TRI_NO ? STATE_OK : STATE_KILLED };

		if (told_in_short(i))
			continue;
		if (rows->n == ROWS_MAX) { /* the newest are those that matter */
			memmove(&rows->at[rows->n - rows->incidents], &rows->at[rows->n - rows->incidents + 1],
				(rows->incidents - 1) * sizeof(row));
			rows->n--;
			rows->incidents--;
		}
		rows->incidents += add(rows, &row) != NULL;
	}
}

void stall_look(struct stall *s, const struct model *m)
{
	const struct zt_ev_host *h = &m->host;
	zt_u64 waited;

	if (!h->stall_some_ns || h->h.ts_ns <= s->ts_ns)
		return;
	waited = h->stall_some_ns > s->some_ns ? h->stall_some_ns - s->some_ns : 0;
	s->pct = s->ts_ns ? (int)(100.0 * (double)waited / (double)(h->h.ts_ns - s->ts_ns) + .5) : -1;
	s->pct = s->pct > 100 ? 100 : s->pct;
	s->ts_ns = h->h.ts_ns;
	s->some_ns = h->stall_some_ns;
}

void rows_fill(struct rows *rows, const struct report *r, const struct choice *c)
{
	struct row found[ROWS_MAX / 4];
	bool any = false;

	rows->n = rows->builds = rows->running = rows->incidents = rows->left = 0;
	for (int working = 1; working >= 0 && (working || c->all || !any); working--) {
		unsigned int n = find_builds(found, ROWS_MAX / 4, rows, r, c, working);

		for (unsigned int k = 0; k < n && rows->n < ROWS_MAX * 3 / 4; k++) {
			rows->builds += working;
			add(rows, &found[k]);
			if (!found[k].folded)
				add_steps(rows, r, found[k].what, c);
			any = true;
		}
	}
	for (const struct step *st = r->model->steps; st; st = st->next)
		rows->running += is_shown(r->model, st) && is_running(st);
	add_incidents(rows, r);
}
