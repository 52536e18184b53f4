/* SPDX-License-Identifier: GPL-2.0 */
/* One line for each of the services that one command builds: what it took, what became of it. */
#include <stdio.h>

#include "base/fmt.h"
#include "base/i18n.h"
#include "base/width.h"
#include "render/step.h"
#include "render/text.h"

#define NAME_COLUMNS 20

static const char *outcome_text(char *buf, size_t len, const struct report *r, const struct build *b)
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

void put_services(struct screen *s, struct out *o, const struct report *r)
{
	const struct model *m = r->model;
	const struct proc *client = NULL;

	for (const struct build *b = m->builds; b; b = b->next) {
		if (!build_among_several(m, b) || !model_concerns(m, b) || !any_ran(r, b->client))
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
