/* SPDX-License-Identifier: GPL-2.0 */
/* Lists at the end of a text report: the services of one command, and what `ztrace measure` learnt. */
#include <stdio.h>

#include "base/fmt.h"
#include "base/i18n.h"
#include "base/width.h"
#include "render/step.h"
#include "render/text.h"

#define NAME_COLUMNS 20

const char *outcome_text(char *buf, size_t len, const struct report *r, const struct build *b)
{
	const struct step *by;
	enum outcome o = build_outcome(r, b, &by);
	struct step_place at = by ? step_place(by) : (struct step_place){ 0 };
	const char *file = b->dockerfile_path ? b->dockerfile_path : "?";

	switch (o) {
	case OUTCOME_FAILED:
	case OUTCOME_CANCELLED:
		if (at.line)
			snprintf(buf, len, o == OUTCOME_FAILED ? _("failed at %.300s:%u") : _("cancelled at %.300s:%u"), file, at.line);
		else
			snprintf(buf, len, "%s", o == OUTCOME_FAILED ? _("failed") : _("cancelled"));
		break;
	case OUTCOME_RAN:
		snprintf(buf, len, "%s", _("no step failed"));
		break;
	case OUTCOME_NO_STEPS:
		snprintf(buf, len, "%s", _("no RUN seen: cached, or not reached"));
		break;
	}
	return buf;
}

static void put_service(struct screen *s, const struct report *r, const struct build *b)
{
	char head[128], size[FMT_LEN], text[512];
	zt_u64 peak = build_peak(r->model, b);
	int pad = NAME_COLUMNS - (int)width_text(b->service, strlen(b->service));

	snprintf(head, sizeof(head), "%12s  ", peak ? fmt_bytes(size, sizeof(size), peak) : "-");
	snprintf(text, sizeof(text), "%.60s%*s  %.400s", b->service, pad > 0 ? pad : 0, "",
		 outcome_text((char[400]){ 0 }, 400, r, b));
	screen_para(s, &(struct para){ .head = head, .text = text, .indent = 14, .lines = 1 });
}

/* Nothing of any of them was seen at work: there is nothing to tell. */
static bool any_ran(const struct report *r, const struct proc *client)
{
	const struct step *by;

	for (struct build *b = NULL; (b = model_build_of(r->model, client, b));)
		if (build_outcome(r, b, &by) != OUTCOME_NO_STEPS)
			return true;
	return false;
}

bool is_service(const struct report *r, const struct build *b)
{
	return build_among_several(r->model, b) && model_concerns(r->model, b) && any_ran(r, b->client);
}

void put_services(struct screen *s, struct out *o, const struct report *r)
{
	const struct model *m = r->model;
	const struct proc *client = NULL;

	for (const struct build *b = m->builds; b; b = b->next) {
		if (!is_service(r, b))
			continue;
		if (b->client != client) {
			screen_blank(s);
			screen_para(s, &(struct para){ .head = "ztrace: ", .text = _("services, with the most that each took:"),
						       .lines = 1 });
		}
		client = b->client;
		put_service(s, r, b);
		flush_full(s, o);
	}
}

/* "    312.4 MiB  api/Dockerfile:12 RUN make -j8" */
void put_hungry(struct screen *s, struct out *o, const struct report *r)
{
	if (!r->nhungry)
		return;
	put_labelled(s, _("measured:"), STYLE_NOTE, _("what each step needs, the hungriest first"), 1);
	for (unsigned int n = 0; n < r->nhungry; n++) {
		const struct step *st = r->hungry[n];
		const char *file = st->build ? st->build->dockerfile_path : NULL;
		struct step_place at = step_place(st);
		char head[128], size[FMT_LEN], label[64], text[1024];

		snprintf(head, sizeof(head), "%14s  ", fmt_bytes(size, sizeof(size), st->need_bytes));
		if (file && at.line)
			snprintf(text, sizeof(text), "%.300s:%u %.600s", file, at.line, at.instruction ?: "");
		else
			snprintf(text, sizeof(text), "%s", step_label(label, sizeof(label), st));
		screen_para(s, &(struct para){ .head = head, .text = text, .lines = 1 });
	}
	flush_full(s, o);
}

/* "measured: /ci needs 312.4 MiB; its limit is 64.0 MiB", and what to set it to. */
void put_measured(struct screen *s, struct out *o, const struct report *r)
{
	for (unsigned int n = 0; n < r->nmeasured; n++) {
		const struct measured *v = &r->measured[n];
		size_t indent;

		put_labelled(s, _("measured:"), STYLE_NOTE, v->text, 3);
		if (v->help) {
			indent = put_labelled(s, _("help:"), STYLE_HELP, v->help, 2);
			if (v->command)
				screen_command(s, v->command, indent, 6);
		}
		flush_full(s, o);
	}
}
