/* SPDX-License-Identifier: GPL-2.0 */
/* -f github: workflow commands, an annotation for each incident told in full (docs.github.com, workflow commands). */
#include <errno.h>

#include "base/esc_sink.h"
#include "base/i18n.h"
#include "render/command.h"
#include "render/render.h"
#include "render/step.h"
#include "render/told.h"

/* The runner cuts a message at 4096 characters (ExecutionContext.cs). */
#define MESSAGE_BYTES 4000

/* Properties in the order that @actions/core writes them. */
static void put_place(FILE *f, const struct incident *i)
{
	const char *path = told_file(i);
	struct step_place p = incident_place(i);

	if (!path)
		return;
	fputs(",file=", f);
	esc_github(f, path, 1);
	if (p.line)
		fprintf(f, ",line=%u", p.line);
	if (p.line && p.end_line)
		fprintf(f, ",endLine=%u", p.end_line);
}

static void esc_message(FILE *f, const char *s)
{
	esc_github(f, s, 0);
}

static int github_incident(struct out *o, const struct report *r, const struct incident *i)
{
	if (!command_wanted(r, i))
		return 0;
	fprintf(o->f, "::%s title=ztrace %s", i->causal == TRI_NO ? "notice" : "error", i->code);
	put_place(o->f, i);
	fputs("::", o->f);
	command_message(o->f, i, &(struct command_style){ "%0A", esc_message, MESSAGE_BYTES, 3 });
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
