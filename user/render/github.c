/* SPDX-License-Identifier: GPL-2.0 */
/* -f github: workflow commands, an annotation for each incident told in full (docs.github.com, workflow commands). */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/esc.h"
#include "base/esc_sink.h"
#include "base/i18n.h"
#include "render/render.h"
#include "render/step.h"
#include "render/told.h"

/* A job shows ten of a kind; the build's own have to be seen, too. */
#define ANNOTATIONS_MAX 5
/* The runner cuts a message at 4096 characters (ExecutionContext.cs). */
#define MESSAGE_BYTES 4000

static unsigned int place_in_list(const struct report *r, const struct incident *i)
{
	unsigned int n = 0;

	for (const struct incident *e = r->incidents; e && e != i; e = e->next)
		n += !told_in_short(e);
	return n;
}

/* Properties in the order that @actions/core writes them. */
static void put_place(FILE *f, const struct incident *i)
{
	const char *path = told_file(i);
	struct step_place p = i->step ? step_place(i->step) : (struct step_place){ 0 };

	if (!path)
		return;
	fputs(",file=", f);
	esc_github(f, path, 1);
	if (p.line)
		fprintf(f, ",line=%u", p.line);
	if (p.line && p.end_line)
		fprintf(f, ",endLine=%u", p.end_line);
}

/* A line of the message, while the whole of it is one that the runner does not cut. */
static void put_line(FILE *f, size_t *room, const char *label, const char *text)
{
	char *line __free = NULL;
	size_t len = 0;
	FILE *mem = open_memstream(&line, &len);

	if (!mem)
		return;
	fputs("%0A", mem);
	esc_github(mem, label, 0);
	fputs(*label && *label != ' ' ? " " : "", mem);
	esc_github(mem, text, 0);
	if (fclose(mem) || len > *room)
		return;
	*room -= len;
	fwrite(line, 1, len, f);
}

static void put_message(FILE *f, const struct incident *i)
{
	struct told facts[TOLD_MAX];
	unsigned int n = told_facts(facts, i, NULL);
	char headline[1024];
	size_t room = MESSAGE_BYTES - sizeof(headline);

	esc_term_str(headline, sizeof(headline) / 3, i->headline ?: "", 0); /* a byte becomes three at most */
	esc_github(f, headline, 0);
	for (unsigned int at = 0; at < n; at++)
		put_line(f, &room, facts[at].label, facts[at].text);
	for (unsigned int at = 0; at < i->nhelp; at++) {
		put_line(f, &room, _("help:"), i->help[at].text ?: "");
		if (i->help[at].command)
			put_line(f, &room, "    ", i->help[at].command);
	}
	for (unsigned int at = 0; at < i->nnotes; at++)
		put_line(f, &room, _("note:"), i->notes[at]);
	if (i->basis)
		put_line(f, &room, "", i->basis);
}

static int github_incident(struct out *o, const struct report *r, const struct incident *i)
{
	if (told_in_short(i) || place_in_list(r, i) >= ANNOTATIONS_MAX)
		return 0;
	fprintf(o->f, "::%s title=ztrace %s", i->causal == TRI_NO ? "notice" : "error", i->code);
	put_place(o->f, i);
	fputs("::", o->f);
	put_message(o->f, i);
	fputc('\n', o->f);
	return fflush(o->f) ? -errno : 0;
}

static int github_finish(struct out *o, const struct report *r)
{
	unsigned int n = told_in_full(r);

	if (n > ANNOTATIONS_MAX)
		fprintf(o->f, zt_ngettext("::notice title=ztrace::and %u more incident, in the summary\n",
					  "::notice title=ztrace::and %u more incidents, in the summary\n",
					  n - ANNOTATIONS_MAX), n - ANNOTATIONS_MAX);
	return fflush(o->f) ? -errno : 0;
}

extern const struct renderer render_github;
const struct renderer render_github = {
	.name = "github",
	.help = N_("annotations of GitHub Actions"),
	.incident = github_incident,
	.finish = github_finish,
};
