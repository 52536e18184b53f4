/* SPDX-License-Identifier: GPL-2.0 */
/* What `ztrace measure` learnt: what each limited level really needs, and where to set its limit. */
#include <string.h>

#include "diagnose/advice.h"

static void say_need(struct report *r, struct measured *v, const struct lifted *l)
{
	v->enough = l->need_bytes <= l->was_bytes;
	if (v->enough) {
		v->text = say(r, _("%s needs %s; its limit of %s is enough"), l->path, say_bytes(r, l->need_bytes),
			      say_bytes(r, l->was_bytes));
		return;
	}
	v->text = say(r, _("%s needs %s; its limit is %s"), l->path, say_bytes(r, l->need_bytes),
		      say_bytes(r, l->was_bytes));
	v->want_bytes = with_headroom(l->need_bytes);
	v->help = say(r, _("set that limit to %s"), say_bytes(r, v->want_bytes));
	v->command = raise_command(r->model, r, l, v->want_bytes);
}

void measured_find(const struct model *m, struct report *r)
{
	for (const struct lifted *l = m->lifted; l && r->nmeasured < MEASURED_MAX; l = l->next) {
		struct measured *v = &r->measured[r->nmeasured++];

		v->lifted = l;
		/* a build that was killed all the same did not get to what it needs */
		v->at_least = r->nincidents > 0 || (m->child_exited && m->child_status);
		say_need(r, v, l);
		if (v->at_least)
			v->text = say(r, _("%s (at least: the build failed)"), v->text);
	}
}
