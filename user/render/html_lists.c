/* SPDX-License-Identifier: GPL-2.0 */
/* The end of the page: services, what was measured, what ztrace could not see. */
#include <inttypes.h>
#include <string.h>

#include "base/fmt.h"
#include "base/i18n.h"
#include "render/html.h"
#include "render/step.h"
#include "render/text.h"

static void put_service(FILE *f, const struct report *r, const struct build *b, zt_u64 most)
{
	zt_u64 peak = build_peak(r->model, b);
	char text[400];
	const struct step *by;

	html_put(f, build_outcome(r, b, &by) == OUTCOME_FAILED ? "<tr class=\"hit\"><th scope=\"row\">" :
								 "<tr><th scope=\"row\">", b->service, "</th><td class=\"share\">");
	html_bar(f, peak, most, BAR_MEMORY);
	if (peak)
		html_bytes(f, "</td><td class=\"number\">", peak, "");
	else
		fputs("</td><td class=\"number\">-", f);
	html_put(f, "</td><td>", outcome_text(text, sizeof(text), r, b), "</td></tr>\n");
}

static void services_section(FILE *f, const struct report *r)
{
	const struct model *m = r->model;
	zt_u64 most = 0;
	bool any = false;

	for (const struct build *b = m->builds; b; b = b->next)
		if (is_service(r, b) && build_peak(m, b) > most)
			most = build_peak(m, b);
	for (const struct build *b = m->builds; b; b = b->next) {
		if (!is_service(r, b))
			continue;
		if (!any) {
			html_put(f, "<section class=\"card\" aria-labelledby=\"services\">\n<h2 class=\"section\" id=\"services\">", _("services"),
				 "</h2>\n<table class=\"list\">\n");
			html_put(f, "<thead><tr><th scope=\"col\">", _("service"), "</th>");
			html_put(f, "<th scope=\"col\" class=\"share\">", _("share"), "</th>");
			html_put(f, "<th scope=\"col\" class=\"number\">", _("peak"), "</th>");
			html_put(f, "<th scope=\"col\">", _("outcome"), "</th></tr></thead>\n<tbody>\n");
			any = true;
		}
		put_service(f, r, b, most);
	}
	if (any)
		fputs("</tbody></table>\n</section>\n", f);
}

static void hungry_table(FILE *f, const struct report *r)
{
	if (!r->nhungry)
		return;
	html_put(f, "<table class=\"list\">\n<caption>", _("what each step needs, the hungriest first"), "</caption>\n<tbody>\n");
	for (unsigned int n = 0; n < r->nhungry; n++) {
		const struct step *st = r->hungry[n];
		struct step_place at = step_place(st);
		char label[64];

		html_put(f, "<tr><th scope=\"row\"><code>", at.instruction ?: step_label(label, sizeof(label), st), "</code></th><td class=\"share\">");
		html_bar(f, st->need_bytes, r->hungry[0]->need_bytes, BAR_MEMORY);
		html_bytes(f, "</td><td class=\"number\">", st->need_bytes, "</td></tr>\n");
	}
	fputs("</tbody></table>\n", f);
}

static void measured_section(FILE *f, const struct report *r)
{
	if (!r->nmeasured && !r->nhungry)
		return;
	html_put(f, "<section class=\"card\" aria-labelledby=\"measured\">\n<h2 class=\"section\" id=\"measured\">", _("measured"), "</h2>\n");
	for (unsigned int n = 0; n < r->nmeasured; n++) {
		html_put(f, "<p>", r->measured[n].text, "</p>\n");
		html_put(f, "<p><strong>", r->measured[n].help ? _("help:") : NULL, "</strong> ");
		html_put(f, "", r->measured[n].help, "</p>\n");
		if (r->measured[n].command)
			html_command(f, r->measured[n].command);
	}
	hungry_table(f, r);
	fputs("</section>\n", f);
}

static void put_lost(FILE *f, const struct model *m)
{
	zt_u64 total = 0;
	char text[128];

	for (unsigned int c = 0; c < ZT_LOST_CAUSES; c++)
		total += m->lost[c];
	if (!total)
		return;
	snprintf(text, sizeof(text), zt_ngettext("%llu event was lost: ", "%llu events were lost: ", total),
		 (unsigned long long)total);
	html_put(f, "<li>", text, "");
	for (unsigned int c = 0; c < ZT_LOST_CAUSES; c++)
		if (m->lost[c])
			fprintf(f, " %s %" PRIu64, lost_cause_name(c), m->lost[c]);
	fputs("</li>\n", f);
}

static void put_notes(FILE *f, const struct report *r)
{
	html_put(f, "<section class=\"card\" aria-labelledby=\"notes\">\n<h2 class=\"section\" id=\"notes\">", _("how ztrace saw it"), "</h2>\n<ul>\n");
	for (const struct note *n = r->model->notes; n; n = n->next) {
		html_put(f, "<li><span class=\"code\">", n->code, "</span> ");
		html_put(f, "", *n->text ? _(n->text) : "", "</li>\n");
	}
	for (const struct hook *h = r->model->hooks; h; h = h->next)
		if (h->state == ZT_HOOK_USED && (!strcmp(h->fact, "victim") || !strcmp(h->fact, "decision"))) {
			html_put(f, "<li><code>", h->fact, "</code> ");
			html_put(f, "← <code>", h->via, "</code></li>\n");
		}
	put_lost(f, r->model);
	if (!r->model->ended)
		html_put(f, "<li>", _("the trace was cut short: what came later is not known"), "</li>\n");
	fputs("</ul>\n</section>\n", f);
}

void html_lists(FILE *f, const struct report *r)
{
	services_section(f, r);
	measured_section(f, r);
	if (r->model->notes || r->model->hooks || !r->model->ended)
		put_notes(f, r);
}
