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
	v->command = command_here(r, raise_command(r->model, r, l, v->want_bytes));
}

/* Swap that was lent: path "swap", in place of a cgroup's. */
static void say_swap(struct report *r, struct measured *v, const struct lifted *l)
{
	v->enough = l->need_bytes <= l->was_bytes;
	v->text = say(r, _("up to %s of swap was in use; without `ztrace measure` there is %s"), say_bytes(r, l->need_bytes),
		      say_bytes(r, l->was_bytes));
	if (v->enough)
		return;
	v->want_bytes = with_headroom(l->need_bytes) - l->was_bytes;
	v->help = say(r, _("add %s of swap"), say_bytes(r, v->want_bytes));
	v->command = command_here(r, swap_command(r->model, r, v->want_bytes));
}

static void add_hungry(struct report *r, const struct step *st)
{
	unsigned int at = r->nhungry;

	while (at && r->hungry[at - 1]->need_bytes < st->need_bytes)
		at--;
	if (at == HUNGRY_MAX)
		return;
	r->nhungry += r->nhungry < HUNGRY_MAX;
	memmove(&r->hungry[at + 1], &r->hungry[at], (r->nhungry - at - 1) * sizeof(r->hungry[0]));
	r->hungry[at] = st;
}

void measured_find(const struct model *m, struct report *r)
{
	for (const struct step *st = m->steps; st; st = st->next)
		if (st->need_bytes && !st->container && (!st->build || model_concerns(m, st->build)))
			add_hungry(r, st);
	for (const struct lifted *l = m->lifted; l && r->nmeasured < MEASURED_MAX; l = l->next) {
		struct measured *v = &r->measured[r->nmeasured++];

		v->lifted = l;
		/* a build that was killed all the same did not get to what it needs */
		v->at_least = r->nincidents > 0 || (m->child_exited && m->child_status);
		if (*l->path == '/')
			say_need(r, v, l);
		else
			say_swap(r, v, l);
		if (v->at_least)
			v->text = say(r, _("%s (at least: the build failed)"), v->text);
	}
}
