/* SPDX-License-Identifier: GPL-2.0 */
/* "this step peaked at 0.6 GiB in the last five builds": has it grown, or was it always so? */
#include "diagnose/advice.h"

void note_past(struct report *r, const struct unit *u, struct incident *i)
{
	const struct step *s = u->step;
	zt_u64 peak = 0;
	unsigned int passed = 0;

	for (unsigned int n = 0; s && n < s->npast; n++) {
		if (s->past[n].oom || s->past[n].failed)
			continue;
		passed++;
		peak = s->past[n].peak_bytes > peak ? s->past[n].peak_bytes : peak;
	}
	if (passed == 1)
		add_note(i, say(r, _("this step peaked at %s in its last build that passed"), say_bytes(r, peak)));
	else if (passed)
		add_note(i, say(r, _("this step peaked at %s in its last %u builds that passed"), say_bytes(r, peak), passed));
	else if (s && s->npast)
		add_note(i, say(r, zt_ngettext("this step has failed in its last traced build",
					       "this step has failed in each of its last %u traced builds", s->npast), s->npast));
}
