/* SPDX-License-Identifier: GPL-2.0 */
/* -f azure: logging commands of Azure Pipelines, an issue for each incident told in full. */
#include <errno.h>

#include "base/esc_sink.h"
#include "base/i18n.h"
#include "render/command.h"
#include "render/render.h"
#include "render/step.h"
#include "render/told.h"

#define MESSAGE_BYTES 4000

static void esc_message(FILE *f, const char *s)
{
	esc_azure(f, s, 0);
}

/* There are errors and warnings; what did not make the build fail is no error. */
static int azure_incident(struct out *o, const struct report *r, const struct incident *i)
{
	const char *path = told_file(i);
	struct step_place p = incident_place(i);

	if (!command_wanted(r, i))
		return 0;
	fprintf(o->f, "##vso[task.logissue type=%s;", i->causal == TRI_NO ? "warning" : "error");
	if (path) {
		fputs("sourcepath=", o->f);
		esc_azure(o->f, path, 1);
		fputc(';', o->f);
	}
	if (path && p.line)
		fprintf(o->f, "linenumber=%u;", p.line);
	fprintf(o->f, "code=%s;]", i->code);
	command_message(o->f, i, &(struct command_style){ "%0A", esc_message, MESSAGE_BYTES, 6 });
	fputc('\n', o->f);
	return fflush(o->f) ? -errno : 0;
}

extern const struct renderer render_azure;
const struct renderer render_azure = {
	.name = "azure",
	.help = N_("issues of Azure Pipelines"),
	.incident = azure_incident,
};
