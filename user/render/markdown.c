/* SPDX-License-Identifier: GPL-2.0 */
/* -f markdown: GitHub flavoured, for a job's summary or a merge request's comment. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/esc.h"
#include "base/esc_sink.h"
#include "base/fmt.h"
#include "base/i18n.h"
#include "render/render.h"
#include "render/step.h"
#include "render/told.h"

/* GitHub drops a summary of more than 1 MiB whole, and ours is not the only one in it. */
#define MARKDOWN_BYTES (256 << 10)
#define STEPS_BYTES (64 << 10) /* of it, what is kept for the table of steps */
#define NAME_BYTES 256
#define ROW_BYTES (20 * 2 * NAME_BYTES) /* each of a name's can become "<span>&#64;</span>" */

static void put_cell(FILE *f, const char *text)
{
	fputs(" ", f);
	esc_gfm(f, text);
	fputs(" |", f);
}

static void put_code_cell(FILE *f, const char *text)
{
	fputs(" <code>", f);
	esc_gfm(f, text);
	fputs("</code> |", f);
}

/* "where": the step, its file and line */
static void put_where(FILE *f, const struct incident *i)
{
	char step[1024];
	struct step_place p = incident_place(i);
	const char *path = told_file(i);

	if (!i->step)
		return;
	fputs("|", f);
	put_cell(f, _("step:"));
	fputs(" <code>", f);
	esc_gfm(f, told_step(step, sizeof(step), i->step));
	fputs("</code>", f);
	if (path) {
		fputs(" ", f);
		esc_gfm(f, path);
		if (p.line)
			fprintf(f, "&#58;%u", p.line);
	}
	fputs(" |\n", f);
}

static void put_holders(FILE *f, const struct incident *i)
{
	for (unsigned int n = 0; n < i->nholders; n++) {
		const struct holder *h = &i->holders[n];
		char size[FMT_LEN], count[32] = "";

		if (h->count > 1)
			snprintf(count, sizeof(count), "%u x ", h->count);
		fprintf(f, "| | %s ", fmt_bytes(size, sizeof(size), h->bytes));
		esc_gfm(f, count);
		esc_gfm(f, h->title ?: h->name ?: "?");
		fputs(" |\n", f);
	}
}

static void put_help(FILE *f, const struct incident *i)
{
	for (unsigned int n = 0; n < i->nhelp; n++) {
		const struct help *h = &i->help[n];

		fprintf(f, "**%s** ", _("help:"));
		esc_gfm(f, h->text ?: "");
		fputs("\n\n", f);
		if (!h->command)
			continue;
		/* no fence: what is inside could close it */
		fputs("<pre><code>", f);
		esc_markup(f, h->command);
		fputs("</code></pre>\n\n", f);
	}
}

static void put_incident(FILE *f, const struct incident *i)
{
	struct told facts[TOLD_MAX];
	unsigned int n = told_facts(facts, i, NULL);

	fprintf(f, "### %s ", i->causal == TRI_NO ? ":information_source:" : ":x:");
	esc_gfm(f, i->headline ?: "");
	fputs("\n\n| | |\n|---|---|\n", f);
	put_where(f, i);
	for (unsigned int at = 0; at < n; at++) {
		fputs("|", f);
		put_cell(f, facts[at].label);
		put_cell(f, facts[at].text);
		fputs("\n", f);
		if (facts[at].text == i->used_text)
			put_holders(f, i);
	}
	fputs("\n", f);
	for (unsigned int at = 0; at < i->nnotes; at++) {
		fputs("> ", f);
		esc_gfm(f, i->notes[at]);
		fputs("\n\n", f);
	}
	put_help(f, i);
	fputs("<sub>", f);
	esc_gfm(f, i->basis ?: "");
	fprintf(f, " · <code>ztrace explain %s</code></sub>\n\n", i->code);
}

/* As long as there is room. Incidents that were put. */
static unsigned int put_incidents(struct out *o, const struct report *r, size_t *room)
{
	unsigned int put = 0;

	for (const struct incident *i = r->incidents; i; i = i->next) {
		char *text __free = NULL;
		size_t len = 0;
		FILE *f = told_in_short(i) ? NULL : open_memstream(&text, &len);

		if (!f)
			continue;
		put_incident(f, i);
		if (fclose(f) || len > *room)
			break;
		fwrite(text, 1, len, o->f);
		*room -= len;
		put++;
	}
	return put;
}

static void put_step(FILE *f, const struct step *st)
{
	char step[NAME_BYTES], build[NAME_BYTES], size[FMT_LEN];
	bool limited = st->limit_bytes && st->limit_bytes != ZT_NO_LIMIT;

	fputs("|", f);
	esc_term_str(build, sizeof(build), told_build(st->build), 0);
	put_cell(f, build);
	put_code_cell(f, told_step(step, sizeof(step), st));
	put_cell(f, st->peak_bytes ? fmt_bytes(size, sizeof(size), st->peak_bytes) : "?");
	put_cell(f, limited ? fmt_bytes(size, sizeof(size), st->limit_bytes) : "");
	put_cell(f, st->exited ? fmt_status(size, sizeof(size), st->exit_code) : "");
	fputs("\n", f);
}

/* As far as there is room. */
static int put_steps(struct out *o, const struct model *m, size_t room)
{
	char *text __free = NULL;
	unsigned int n = 0, left = 0;
	size_t len = 0, fits = 0;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return -ENOMEM;
	for (const struct step *st = m->steps; st; st = st->next) {
		if (!told_is_step(m, st))
			continue;
		if (fits + ROW_BYTES > room) {
			left++;
			continue;
		}
		if (!n++)
			fprintf(f, "<details><summary>%s</summary>\n\n| %s | %s | %s | %s | %s |\n|---|---|--:|--:|---|\n",
				_("what each step took"), _("build"), _("step"), _("peak"), _("limit"), _("ended with"));
		put_step(f, st);
		fflush(f);
		fits = len;
	}
	if (fclose(f))
		return -ENOMEM;
	fwrite(text, 1, len, o->f);
	if (left)
		fprintf(o->f, zt_ngettext("\nand %u more step\n", "\nand %u more steps\n", left), left);
	if (n)
		fputs("\n</details>\n", o->f);
	return 0;
}

static int markdown_finish(struct out *o, const struct report *r)
{
	size_t room = MARKDOWN_BYTES - STEPS_BYTES;
	unsigned int put = put_incidents(o, r, &room), all = told_in_full(r);
	int err;

	if (put < all)
		fprintf(o->f, zt_ngettext("and %u more incident\n\n", "and %u more incidents\n\n", all - put), all - put);
	if (!all)
		fprintf(o->f, "### %s\n\n", _("ztrace: nothing was killed"));
	err = put_steps(o, r->model, STEPS_BYTES - ROW_BYTES);
	return fflush(o->f) ? -errno : err;
}

extern const struct renderer render_markdown;
const struct renderer render_markdown = {
	.name = "markdown",
	.help = N_("for a job's summary or a merge request"),
	.finish = markdown_finish,
};
