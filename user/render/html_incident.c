/* SPDX-License-Identifier: GPL-2.0 */
/* An incident on the page: what, where, the facts, who held the memory, what to do. */
#include <string.h>

#include "base/fmt.h"
#include "base/i18n.h"
#include "builder/dockerfile.h"
#include "render/html.h"
#include "render/step.h"
#include "render/told.h"

#define CONTEXT_LINES 2 /* of the Dockerfile before and after the instruction */
#define SOURCE_LINES 40

static const char *confidence_text(enum confidence c)
{
	return c == CONF_CONFIRMED ? _("confirmed") : c == CONF_LIKELY ? _("likely") : _("not known");
}

/* As BuildKit prints it: "  12 | >>> RUN make" */
static void put_line(FILE *f, unsigned int number, const char *text, size_t len, bool hit)
{
	char copy[SOURCE_BYTES + 1], head[32];

	copy[expand_tabs(copy, sizeof(copy) - 1, text, len, 4)] = 0;
	snprintf(head, sizeof(head), "%4u | %s ", number, hit ? "&gt;&gt;&gt;" : "   ");
	fputs(hit ? "<mark>" : "", f);
	html_put(f, head, copy, hit ? "\n</mark>" : "\n");
}

static void put_source(FILE *f, const struct build *b, const struct df_instr *in)
{
	unsigned int first = in->line > CONTEXT_LINES ? in->line - CONTEXT_LINES : 1, last = in->end_line + CONTEXT_LINES;
	size_t len;

	fputs("<pre class=\"source\">", f);
	for (unsigned int n = first; n <= last && n < first + SOURCE_LINES; n++) {
		const char *text = source_line(b->file_text, b->file_len, n, &len);

		if (text)
			put_line(f, n, text, len, n >= in->line && n <= in->end_line);
	}
	fputs("</pre>\n", f);
}

static void put_where(FILE *f, const struct incident *i)
{
	const struct step *st = i->step;
	const struct build *b = i->build ?: st ? st->build : NULL;
	const struct df_instr *in = st ? st->instr : i->from;
	char text[SOURCE_BYTES + 1], line[16] = "";

	if (b && b->dockerfile_path) {
		if (in)
			snprintf(line, sizeof(line), ":%u", in->line);
		html_put(f, "<p class=\"where\"><code>", b->dockerfile_path, "");
		fprintf(f, "%s</code>", line);
		html_put(f, " <span>", i->layer_text, "</span>");
		fputs("</p>\n", f);
	}
	if (in && b && (!st || st->build == b) && b->file_text) {
		put_source(f, b, in);
	} else if (st && st->argv_bytes) {
		text[join_argv(text, sizeof(text) - 1, st)] = 0;
		html_put(f, "<pre class=\"source\"><mark>", text, "</mark></pre>\n");
	}
}

static void put_facts(FILE *f, const struct incident *i)
{
	struct told facts[TOLD_MAX];
	unsigned int n = told_facts(facts, i, NULL);

	fputs("<dl class=\"facts\">\n", f);
	for (unsigned int at = 0; at < n; at++) {
		html_put(f, "<div><dt>", facts[at].label, "</dt> ");
		html_put(f, "<dd>", facts[at].text, "</dd></div>\n");
	}
	fputs("</dl>\n", f);
}

static void put_holder(FILE *f, const struct incident *i, const struct holder *h, zt_u64 whole)
{
	char count[32] = "<th scope=\"row\">";

	if (h->count > 1)
		snprintf(count, sizeof(count), "<th scope=\"row\">%u × ", h->count);
	html_put(f, "<tr>", "", count);
	html_put(f, "", h->title ?: h->name ?: "?", "");
	html_put(f, " <small>", h->label, "</small>");
	fputs("</th><td>", f);
	html_bar(f, h->bytes, whole, i->step && h->step == i->step ? BAR_KILLED : BAR_MEMORY);
	html_bytes(f, "</td><td class=\"number\">", h->bytes, "</td></tr>\n");
}

static void put_holders(FILE *f, const struct incident *i, const struct holder *h, unsigned int n, const char *caption)
{
	zt_u64 whole = 0;

	if (!n)
		return;
	for (unsigned int at = 0; at < n; at++)
		whole += h[at].bytes;
	html_put(f, "<table class=\"holders\">\n<caption>", caption, "</caption>\n");
	html_put(f, "<thead class=\"away\"><tr><th scope=\"col\">", _("who"), "</th>");
	html_put(f, "<th scope=\"col\">", _("share"), "</th>");
	html_put(f, "<th scope=\"col\">", _("memory"), "</th></tr></thead>\n<tbody>\n");
	for (unsigned int at = 0; at < n; at++)
		put_holder(f, i, &h[at], whole);
	fputs("</tbody></table>\n", f);
}

/* "-" and "+" lines, as a patch has them */
static void put_edit(FILE *f, const struct help *h)
{
	fprintf(f, "<p class=\"edit\">");
	html_put(f, "<code>", h->edit.file, "");
	fprintf(f, ":%u</code> ", h->edit.line);
	html_put(f, "<del>", h->edit.from, "</del> → ");
	html_put(f, "<ins>", h->edit.to, "</ins></p>\n");
}

static void put_help(FILE *f, const struct incident *i)
{
	if (!i->nhelp)
		return;
	html_put(f, "<div class=\"help\">\n<h3>", _("what to do"), "</h3>\n<ol>\n");
	for (unsigned int n = 0; n < i->nhelp; n++) {
		const struct help *h = &i->help[n];

		html_put(f, "<li><p>", h->text ?: "", "</p>\n");
		if (h->how == HELP_EDIT && h->edit.file && h->edit.from && h->edit.to)
			put_edit(f, h);
		if (h->command)
			html_command(f, h->command);
		fputs("</li>\n", f);
	}
	fputs("</ol>\n</div>\n", f);
}

static void put_notes(FILE *f, const struct incident *i)
{
	for (unsigned int n = 0; n < i->nnotes; n++) {
		html_put(f, "<p class=\"note\"><strong>", _("note:"), "</strong> ");
		html_put(f, "", i->notes[n], "</p>\n");
	}
}

static void put_amount(FILE *f, zt_u64 bytes)
{
	if (bytes == ZT_NO_LIMIT)
		html_put(f, "<td class=\"number\">", _("none"), "</td>");
	else
		html_bytes(f, "<td class=\"number\">", bytes, "</td>");
}

/* Every level above the victim, with its limit: why it was this one that was hit */
static void put_chain(FILE *f, const struct incident *i)
{
	if (!i->limit.nchain)
		return;
	html_put(f, "<details>\n<summary>", _("every level above it, with its limit"), "</summary>\n<table class=\"list\">\n");
	html_put(f, "<thead><tr><th scope=\"col\">", _("cgroup"), "</th>");
	html_put(f, "<th scope=\"col\" class=\"number\">", _("limit"), "</th>");
	html_put(f, "<th scope=\"col\" class=\"number\">", _("used"), "</th>");
	html_put(f, "<th scope=\"col\" class=\"number\">", _("peak"), "</th></tr></thead>\n<tbody>\n");
	for (unsigned int n = 0; n < i->limit.nchain; n++) {
		const struct chain_level *l = &i->limit.chain[n];
		bool hit = i->limit.path && l->path && !strcmp(l->path, i->limit.path);

		html_put(f, hit ? "<tr class=\"hit\"><th scope=\"row\"><code>" : "<tr><th scope=\"row\"><code>", l->path ?: "?",
			 "</code></th>");
		put_amount(f, l->limit_bytes);
		put_amount(f, l->usage_bytes);
		put_amount(f, l->peak_bytes);
		fputs("</tr>\n", f);
	}
	fputs("</tbody></table>\n</details>\n", f);
}

static void put_basis(FILE *f, const struct incident *i)
{
	html_put(f, "<p class=\"basis\">", i->basis, " · ");
	fprintf(f, "%s<code>ztrace explain %s</code></p>\n", i->basis ? "" : "<p class=\"basis\">", i->code);
}

static void put_head(FILE *f, const struct report *r, const struct incident *i, unsigned int number)
{
	const struct model *m = r->model;
	struct fmt_clock clock = { m->start.h.ts_ns, m->start.realtime_ns, m->start.utc_offset_s };
	char when[FMT_LEN];

	fprintf(f, "<header><p class=\"tags\"><span class=\"code\">%s</span> ", i->code);
	html_put(f, "<span class=\"tag\">", confidence_text(i->confidence), "</span> ");
	html_put(f, "<time>", fmt_time(when, sizeof(when), &clock, i->ts_ns), "</time>");
	fprintf(f, "</p>\n<h2 id=\"incident-%u\">", number);
	html_put(f, "", i->headline ?: i->code, "</h2></header>\n");
}

/* Said in a line: another incident tells it in full. */
static void put_short(FILE *f, const struct incident *i)
{
	char text[512];

	snprintf(text, sizeof(text), _("the same again: %s"), i->killed ?: "");
	fprintf(f, "<p class=\"short\"><span class=\"code\">%s</span> ", i->code);
	html_put(f, "", i->repeats ? text : i->headline ?: "", "</p>\n");
}

void html_incident(FILE *f, const struct report *r, const struct incident *i, unsigned int number)
{
	if (told_in_short(i)) {
		put_short(f, i);
		return;
	}
	fprintf(f, "<article class=\"card incident%s\" aria-labelledby=\"incident-%u\">\n", i->causal == TRI_NO ? " calm" : "",
		number);
	put_head(f, r, i, number);
	put_where(f, i);
	put_facts(f, i);
	put_help(f, i);
	fputs("<div class=\"pair\">\n<div>", f);
	put_holders(f, i, i->holders, i->nholders, _("who held the memory"));
	put_holders(f, i, i->inside, i->ninside, _("inside of that step"));
	fputs("</div>\n<div>", f);
	html_growth(f, i);
	html_split(f, &i->limit.split);
	fputs("</div>\n</div>\n", f);
	put_notes(f, i);
	html_tree(f, r->model, i);
	put_chain(f, i);
	put_basis(f, i);
	fputs("</article>\n", f);
}
