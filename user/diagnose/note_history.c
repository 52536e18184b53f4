/* SPDX-License-Identifier: GPL-2.0 */
/* "all that it printed: docker buildx history logs ID": BuildKit keeps that, also when the terminal has scrolled on. */
#include "diagnose/advice.h"
#include "diagnose/versions.h"

void note_history(const struct model *m, struct report *r, const struct unit *u, struct incident *i)
{
	const char *ref = u->build ? build_ref(u->build) : NULL, *id = ref ? strrchr(ref, '/') : NULL;
	bool usual = ref && !strncmp(ref, "default/", 8);

	if (!id || version_least(m, "buildx.version", 0, 20) != TRI_YES)
		return;
	add_note(i, usual ? say(r, _("all that it printed: %s"), say(r, "docker buildx history logs %s", id + 1)) :
			    say(r, _("all that it printed: %s"), say(r, "docker buildx --builder %.*s history logs %s",
								     (int)strcspn(ref, "/"), ref, id + 1)));
}
