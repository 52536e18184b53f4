/* SPDX-License-Identifier: GPL-2.0 */
/* Small phrases that findings are put together from. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/fmt.h"
#include "builder/dockerfile.h"
#include "diagnose/internal.h"

/* Never NULL: when the arena is full the words are lost, not the report. */
const char *say(struct report *r, const char *fmt, ...)
{
	char buf[2048];
	va_list ap;
	char *s;

	va_start(ap, fmt);
	vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	s = arena_strdup(&r->arena, buf);
	return s ? s : "";
}

const char *say_bytes(struct report *r, zt_u64 bytes)
{
	char buf[32];

	fmt_bytes(buf, sizeof(buf), bytes);
	return say(r, "%s", buf);
}

const char *say_duration(struct report *r, zt_u64 ns)
{
	char buf[32];

	fmt_duration(buf, sizeof(buf), ns);
	return say(r, "%s", buf);
}

const char *say_step(struct report *r, const struct step *s)
{
	const struct df_instr *in = s->instr;
	const char *stage;
	unsigned int i, n;

	if (s->frontend)
		return _("the Dockerfile frontend (# syntax=)");
	if (s->container)
		return say(r, _("container %.12s"), s->cgroup && s->cgroup->path ?
			   strrchr(s->cgroup->path, '/') + 1 : "?");
	if (!in)
		return say(r, s->build ? _("a step of build %s") : _("a build step"),
			   s->build ? s->build->id : "");
	step_number(s, &i, &n);
	stage = step_stage(s);
	if (!i && !in->line)
		return say(r, _("step \"%.60s\""), say_folded(r, in->text));
	if (!i)
		return say(r, _("the step at line %u"), in->line);
	if (stage && !strncmp(stage, "stage-", 6)) /* BuildKit's name of one without */
		return s->build->service ? say(r, _("step %1$u/%2$u of %3$s, service %4$s"), i, n, stage, s->build->service) :
					   say(r, _("step %u/%u of %s"), i, n, stage);
	if (s->build->service && stage)
		return say(r, _("step %1$u/%2$u of stage %3$s, service %4$s"), i, n, stage, s->build->service);
	if (s->build->service)
		return say(r, _("step %u/%u of service %s"), i, n, s->build->service);
	if (stage)
		return say(r, _("step %u/%u of stage %s"), i, n, stage);
	return say(r, _("step %u/%u"), i, n);
}

const char *say_unit(struct report *r, const struct unit *u)
{
	if (u->step)
		return say_step(r, u->step);
	if (u->build)
		return u->build->log ? _("the build") : _("the traced command");
	if (u->entry && u->entry->comm[0])
		return say(r, _("process %s"), u->entry->comm);
	return _("a process");
}

const char *say_folded(struct report *r, const char *text)
{
	char buf[512];
	size_t n = 0;

	for (; *text && n + 1 < sizeof(buf); text++)
		if (!strchr(" \t\n", *text))
			buf[n++] = *text;
		else if (n && buf[n - 1] != ' ')
			buf[n++] = ' ';
	buf[n] = 0;
	return say(r, "%s", buf);
}

const char *say_argv(struct report *r, const struct proc *p)
{
	char buf[PROC_ARGV_SHORT];
	size_t n = p->argv_bytes;

	if (!n)
		return p->comm;
	memcpy(buf, p->argv, n);
	while (n && !buf[n - 1])
		n--;
	for (size_t i = 0; i < n; i++)
		if (!buf[i])
			buf[i] = ' ';
	buf[n] = 0;
	return say(r, "%s", buf);
}

void add_note(struct incident *i, const char *text)
{
	if (i->nnotes < NOTES_MAX)
		i->notes[i->nnotes++] = text;
}

void add_help(struct incident *i, const char *id, const char *text, const char *command, zt_u64 bytes)
{
	if (i->nhelp < HELP_MAX)
		i->help[i->nhelp++] = (struct help){ .id = id, .text = text, .command = command, .bytes = bytes,
						     .how = command ? HELP_RUN : HELP_WORDS };
}

void set_lineage(const struct proc *p, struct who *out, unsigned int *n)
{
	for (*n = 0, p = p ? p->parent : NULL; p && *n < LINEAGE_MAX; p = p->parent)
		out[(*n)++] = (struct who){ p->id, p->comm };
}

void set_job(struct report *r, struct incident *i, const struct ci_job *j)
{
	if (!j || i->job)
		return;
	i->job = j;
	i->job_text = j->job[0] && j->step[0] ? say(r, _("%s, job %s, step %s"), j->title, j->job, j->step) :
		      j->job[0]		      ? say(r, _("%s, job %s"), j->title, j->job) :
						j->title;
}

#define WORTH_TELLING (1024 * 1024)

static void fill_layer(struct report *r, struct incident *i)
{
	const struct layer *l = &i->step->layer;

	if (!l->number)
		return;
	i->layer_text = l->base_image ? say(r, _("layer %u above %s"), l->number, l->base_image) :
					say(r, _("layer %u above the base image"), l->number);
	if (l->size_known && l->size_bytes >= WORTH_TELLING)
		i->layer_size_text = say(r, l->size_cut ? _("%s, more than %s so far") : _("%s, %s so far"), i->layer_text,
					 say_bytes(r, l->size_bytes));
}

struct incident *incident_new(struct report *r, const char *code, const struct unit *u)
{
	struct incident *i = arena_zalloc(&r->arena, sizeof(*i));

	if (!i)
		return NULL;
	i->code = code;
	i->step = u->step && !u->step->container ? u->step : NULL;
	i->build = u->build;
	if (i->step)
		fill_layer(r, i);
	set_job(r, i, u->step ? model_step_job(u->step) : u->build && u->build->client ? model_build_job(u->build) : model_job(u->entry));
	*r->incidents_tail = i;
	r->incidents_tail = &i->next;
	r->nincidents++;
	return i;
}

/* Short of memory: less than a twentieth of it could still be had. */
void fill_host(const struct model *m, const struct zt_ev_host *h, struct report *r, struct incident *i)
{
	bool is_short;

	if (!h->h.kind)
		h = &m->host;
	if (!h->h.kind || !h->total_bytes) {
		i->host_text = _("not known");
		return;
	}
	if (!h->available_bytes && (h->h.flags & ZT_F_HOST_KERNEL)) { /* a kernel log tells what was free, no more */
		i->host_text = say(r, _("%s of %s free, swap %s free"), say_bytes(r, h->free_bytes), say_bytes(r, h->total_bytes),
				   say_bytes(r, h->swap_free_bytes));
		return;
	}
	i->host_known = true;
	i->host_available_bytes = h->available_bytes;
	i->host_swap_free_bytes = h->swap_free_bytes;
	i->host_swap_total_bytes = h->swap_total_bytes;
	is_short = h->available_bytes < h->total_bytes / 20 && h->swap_free_bytes < h->total_bytes / 20;
	i->host_text = say(r, is_short ? _("only %s of %s available, swap %s free") :
			   i->limit.kind == LIMIT_HOST || !strncmp(i->code ? i->code : "", "ZT11", 4) ? _("after the kill %s of %s available, swap %s free") :
			   _("%s of %s available, swap %s free: not a host shortage"),
			   say_bytes(r, h->available_bytes), say_bytes(r, h->total_bytes),
			   say_bytes(r, h->swap_free_bytes));
}
