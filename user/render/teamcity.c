/* SPDX-License-Identifier: GPL-2.0 */
/* -f teamcity: service messages, a build problem for each incident told in full; one that caused nothing is a warning. */
#include <errno.h>

#include "base/esc_sink.h"
#include "base/i18n.h"
#include "render/command.h"
#include "render/render.h"
#include "render/told.h"

/* The server cuts a description after 4000 characters. */
#define DESCRIPTION_BYTES 4000

static int teamcity_incident(struct out *o, const struct report *r, const struct incident *i)
{
	const struct command_style style = { "|n", esc_teamcity, DESCRIPTION_BYTES, 2 };
	char print[FINGERPRINT_LEN];

	if (!command_wanted(r, i))
		return 0;
	if (i->causal == TRI_NO) {
		fprintf(o->f, "##teamcity[message status='WARNING' text='%s: ", i->code);
		command_message(o->f, i, &style);
		fputs("']\n", o->f);
	} else {
		/* the same problem in the next build has the same identity: a Java identifier of at most 60 characters */
		fprintf(o->f, "##teamcity[buildProblem description='%s: ", i->code);
		command_message(o->f, i, &style);
		fprintf(o->f, "' identity='%s_%s']\n", i->code, told_fingerprint(print, i));
	}
	return fflush(o->f) ? -errno : 0;
}

extern const struct renderer render_teamcity;
const struct renderer render_teamcity = {
	.name = "teamcity",
	.help = N_("build problems of TeamCity"),
	.incident = teamcity_incident,
};
