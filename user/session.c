/* SPDX-License-Identifier: GPL-2.0 */
#include "session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "attribute.h"
#include "base/i18n.h"
#include "base/log.h"

int session_init(struct session *s, bool quiet, bool verbose)
{
	memset(s, 0, sizeof(*s));
	s->model = model_new();
	s->report = s->model ? report_new(s->model) : NULL;
	if (!s->report) {
		model_free(s->model);
		return -ENOMEM;
	}
	s->report->quiet = quiet;
	s->report->verbose = verbose;
	return 0;
}

void session_done(struct session *s)
{
	for (unsigned int i = 0; i < s->nouts; i++) {
		out_drop(&s->outs[i].out);
		free(s->outs[i].body);
	}
	s->nouts = 0;
	if (s->src)
		s->src->close(s->src);
	writer_close(s->tee);
	history_free(s->history);
	report_free(s->report);
	model_free(s->model);
	memset(s, 0, sizeof(*s));
}

/* A full disk costs the file, not the report. */
static void tee(struct session *s, const struct zt_ev *ev)
{
	int err = s->tee ? writer_put(s->tee, ev) : 0;

	if (err < 0 && !s->tee_error) {
		s->tee_error = err;
		log_warn(_("the trace file could not be written: %s; the report goes on"), strerror(-err));
	}
}

void session_settle(struct session *s)
{
	if (s->unsettled)
		attribute_resolve(s->model);
	s->unsettled = false;
}

int session_event(void *ctx, const struct zt_ev *ev)
{
	struct session *s = ctx;
	struct want *w = s->depth < 2 ? &s->want[s->depth] : NULL;
	int err;

	/* first, so that a trace replayed tells the same at the same place */
	if (s->history)
		history_recall(s->history, s->model, ev, session_event, s);
	tee(s, ev);
	if (s->tap)
		s->tap->before(s->tap->ctx, ev);
	err = model_apply(s->model, ev);
	if (err < 0)
		return err;
	if (w)
		attribute(s->model, ev, w);
	if (s->tap)
		s->tap->after(s->tap->ctx, ev);
	if (w) {
		if (w->kind != WANT_NONE && s->src && s->src->ask) {
			s->depth++;
			s->src->ask(s->src, w, session_event, s);
			s->depth--;
		}
	}
	if (s->tap && !s->depth)
		s->tap->answered(s->tap->ctx, ev);
	s->unsettled = s->unsettled || attribute_may_change(s->model, ev);
	if (!s->mute && diagnose_due(s->model, ev)) {
		session_settle(s);
		diagnose(s->model, ev, s->report);
	}
	return 0;
}

int session_pump(struct session *s, int timeout_ms)
{
	return s->src->pump(s->src, timeout_ms, session_event, s);
}

void session_render(struct session *s)
{
	struct incident *i = s->rendered ? s->rendered->next : s->report->incidents;

	for (; i; i = i->next) {
		for (unsigned int o = 0; o < s->nouts; o++)
			if (s->outs[o].renderer->incident)
				s->outs[o].renderer->incident(&s->outs[o].out, s->report, i);
		s->rendered = i;
	}
}

/* A trace that was cut short has no end event; what was open then is told all the same. */
static void close_open(struct session *s)
{
	struct zt_ev_end end = { .h = { .size = sizeof(end), .fixed = sizeof(end), .kind = ZT_end,
					.ts_ns = s->model->now_ns } };

	if (s->model->ended)
		return;
	attribute_resolve(s->model);
	diagnose(s->model, &end.h, s->report);
}

int session_finish(struct session *s)
{
	int ret = 0, err;

	close_open(s);
	session_render(s);
	for (unsigned int o = 0; o < s->nouts; o++) {
		const char *path = s->outs[o].out.path;

		err = s->outs[o].renderer->finish ?
			      s->outs[o].renderer->finish(&s->outs[o].out, s->report) : 0;
		if (err < 0)
			log_error("%s: %s", path ? path : s->outs[o].renderer->name, strerror(-err));
		ret = ret ? ret : err;
		err = out_close(&s->outs[o].out);
		if (err < 0 && err != -EPIPE)
			log_error(_("%s report could not be written: %s"), s->outs[o].renderer->name, strerror(-err));
		ret = ret ? ret : err;
	}
	return ret;
}
