/* SPDX-License-Identifier: GPL-2.0 */
/* A step that waited for memory: memory.high holds a step up without killing it, and a time limit then does. */
#include <string.h>

#include "diagnose/internal.h"

#define SECOND_NS ((zt_u64)1000000000)

/* A level above the step's own that throttled while the kernel side looked at it twice. */
static const struct kill_level *high_above(const struct model *m, const struct step *s)
{
	for (const struct kill *k = m->kills; k; k = k->next)
		for (unsigned int n = 0; k->step == s && n < k->nlevels; n++) {
			const struct kill_level *l = &k->levels[n];

			if ((l->flags & ZT_F_LEVEL_CHAIN) && l->mem.id != step_cgroup(s) && l->mem.high_bytes &&
			    l->mem.high_bytes != ZT_NO_LIMIT && l->before_known &&
			    l->mem.events_high > l->high_before)
				return l;
		}
	return NULL;
}

/* A level above the step's own that has memory.high, whatever that did. NULL: none is known */
static const struct cgroup *high_set_above(const struct model *m, const struct step *s)
{
	const struct cgroup *cg = s->cgroup;

	for (int depth = 0; cg && depth < 64; depth++) {
		cg = cg->parent ? model_cgroup(m, cg->parent) : NULL;
		if (cg && cg->path && cg->mem.high_bytes && cg->mem.high_bytes != ZT_NO_LIMIT)
			return cg;
	}
	return NULL;
}

static const char *stalled(struct report *r, const char *text, zt_u64 pressure_ns)
{
	return pressure_ns < SECOND_NS ? text :
	       say(r, _("%s; the step waited %s for memory"), text, say_duration(r, pressure_ns));
}

/* NULL: it was not held up, or not for long. */
const char *say_stall(const struct model *m, struct report *r, const struct step *s)
{
	bool own = s->high_events && s->high_bytes && s->high_bytes != ZT_NO_LIMIT;
	const struct kill_level *l = own || !s->cgroup ? NULL : high_above(m, s);
	const struct cgroup *cg;
	const char *text;

	/* A throttled moment is memory.high at work; only what took time explains anything. */
	if (own && (!s->pressure_ns || s->pressure_ns >= SECOND_NS)) {
		text = say(r, _("memory.high %s on its cgroup throttled this step %llu times"),
			   say_bytes(r, s->high_bytes), (unsigned long long)s->high_events);
		return stalled(r, text, s->pressure_ns);
	}
	if (l && s->pressure_ns >= SECOND_NS) {
		text = model_cgroup_path(m, l->mem.id);
		text = say(r, _("memory.high %s on %.40s throttled what runs there"), say_bytes(r, l->mem.high_bytes),
			   text ? text : l->name ? l->name : "?");
		return stalled(r, text, s->pressure_ns);
	}
	cg = s->pressure_ns >= STALL_NS ? high_set_above(m, s) : NULL;
	if (cg)
		return say(r, _("this step waited %s for memory; memory.high is %s on %.40s above it"),
			   say_duration(r, s->pressure_ns), say_bytes(r, cg->mem.high_bytes), cg->path);
	if (s->pressure_ns >= STALL_NS)
		return say(r, _("this step waited %s for memory"), say_duration(r, s->pressure_ns));
	return NULL;
}

void note_stall(const struct model *m, struct report *r, const struct unit *u, struct incident *i)
{
	const char *text = u->step ? say_stall(m, r, u->step) : NULL;

	if (text)
		add_note(i, text);
}

/* Nothing was killed, but a step that waits for its memory looks as if it hung. */
void stall_find(const struct model *m, struct report *r)
{
	const struct step *top = NULL;
	const char *text;

	for (const struct step *s = m->steps; s; s = s->next)
		if (!s->container && model_concerns_step(m, s) && s->pressure_ns >= STALL_NS &&
		    (!top || s->pressure_ns > top->pressure_ns))
			top = s;
	text = top ? say_stall(m, r, top) : NULL;
	if (text)
		r->stall_text = say(r, "%s: %s", say_step(r, top), text);
}
