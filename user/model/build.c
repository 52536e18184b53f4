/* SPDX-License-Identifier: GPL-2.0 */
/* Builds and their steps, and what was read about them: Dockerfiles and layers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "builder/dockerfile.h"
#include "model/apply.h"
#include "trace/event.h"

struct build *model_build_new(struct model *m, struct proc *client, enum builder_kind builder)
{
	struct build *b = arena_zalloc(&m->arena, sizeof(*b));

	if (!b) {
		model_lose(m);
		return NULL;
	}
	b->client = client;
	b->builder = builder;
	b->started_ns = m->now_ns;
	if (client) {
		client->client = client->client ?: b;
		proc_pin(client);
	}
	if (builder == BUILDER_HOST) {
		m->host_build = b;
		snprintf(b->id, sizeof(b->id), "b0");
	} else {
		snprintf(b->id, sizeof(b->id), "b%u", ++m->nbuilds % 1000000);
		TAIL_APPEND(m->builds_tail, b);
	}
	return b;
}

bool runs_itself(enum builder_kind kind)
{
	return kind == BUILDER_PODMAN || kind == BUILDER_BUILDAH || kind == BUILDER_KANIKO;
}

struct build *model_run_by(const struct proc *p)
{
	for (int depth = 0; p && depth < 64; depth++, p = p->parent)
		if (p->client && runs_itself(p->client->builder))
			return p->client;
	return NULL;
}

struct step *model_step_of(const struct model *m, zt_u64 cgroup, const struct proc *p)
{
	struct step *s = model_step_of_cgroup(m, cgroup);

	/* the innermost: kaniko runs its steps in a container that is one process's cgroup, too */
	for (int depth = 0; p && !(s && s->entry == p) && depth < 64; p = p->parent, depth++)
		if (p->step && !p->step->cgroup && p->step->entry == p)
			return p->step;
	return s;
}

zt_u64 step_cgroup(const struct step *s)
{
	return s->cgroup ? s->cgroup->id : 0;
}

/* BuildKit counts what makes layers, the classic builder all up to the target, podman and buildah all of a stage. */
void step_number(const struct step *s, unsigned int *index, unsigned int *total)
{
	const struct df_instr *in = s->instr;
	const struct dockerfile *df = s->build ? s->build->df : NULL;

	*index = *total = 0;
	if (!in)
		return;
	if (s->told) { /* as its builder counted */
		*index = in->index;
		*total = in->total;
		return;
	}
	switch (s->builder) {
	case BUILDER_BUILDKIT:
	case BUILDER_DOCKER:
		*index = in->index;
		*total = in->total;
		break;
	case BUILDER_DOCKER_LEGACY:
		*index = in->legacy_index;
		*total = in->legacy_total;
		break;
	case BUILDER_PODMAN:
	case BUILDER_BUILDAH:
		/* buildah 1.29 made one LABEL of several, and an ENV of --env (67ab55bbb); which one runs is not known */
		if (df && s->build->nlabels < 2 && !s->build->envs)
			dockerfile_place(df, in, index, total);
		break;
	default: /* kaniko numbers nothing */
		break;
	}
}

const char *step_stage(const struct step *s)
{
	const struct dockerfile *df = s->build ? s->build->df : NULL;
	const struct df_stage *st;

	if (s->told)
		return s->told->stage;
	if (!df || df->nstages < 2 || !s->instr || s->instr->stage < 0 || (size_t)s->instr->stage >= df->nstages)
		return NULL; /* builders name a stage only when there are several */
	st = &df->stages[s->instr->stage];
	return st->name ?: s->builder == BUILDER_BUILDKIT && st->label[0] ? st->label : NULL;
}

struct build *model_build_of(const struct model *m, const struct proc *client, const struct build *b)
{
	for (b = b ? b->next : m->builds; b && b->client != client; b = b->next)
		;
	return (struct build *)b;
}

static struct build *numbered(const struct model *m, const struct proc *p, unsigned int number)
{
	struct build *b = NULL;

	while ((b = model_build_of(m, p, b)))
		if (b->number == number)
			return b;
	return NULL;
}

int apply_service(struct model *m, const struct zt_ev *ev)
{
	const struct zt_ev_service *e = (const void *)ev;
	struct proc *p = model_proc(m, &ev->who);
	struct build *b;
	const char *s[2], *args;
	size_t len;

	if (!p || !e->number || ev_tail_strings(ev, s, 2) != 2 || numbered(m, p, e->number))
		return 0;
	b = model_build_new(m, p, BUILDER_DOCKER);
	if (!b)
		return 0;
	b->number = e->number;
	b->nlabels = b->file_labels = e->labels;
	b->service = arena_strdup(&m->arena, s[0]);
	if (*s[1])
		b->target = arena_strdup(&m->arena, s[1]);
	args = ev_tail_bytes(ev, 2, &len);
	if (len && !args[len - 1]) /* arena_dup puts the NUL that ends the list */
		b->build_args = arena_dup(&m->arena, args, len);
	return 0;
}

/* compose writes a service's "." as "_" in the target. */
static bool is_target(const char *service, const char *target)
{
	while (*service && (*service == *target || (*service == '.' && *target == '_')))
		service++, target++;
	return !*service && !*target;
}

/* One ref of two builds, or two of one: which is whose cannot be told. */
static void take_ref(struct model *m, struct build *b, const char *ref)
{
	for (struct build *o = m->builds; o; o = o->next)
		if (o != b && o->ref && !strcmp(o->ref, ref))
			o->ref_shared = b->ref_shared = true;
	if (!b->ref)
		b->ref = arena_strdup(&m->arena, ref);
	else if (strcmp(b->ref, ref) != 0)
		b->ref_shared = true;
}

/* It goes into a command that people paste. */
static bool is_ref(const char *s)
{
	static const char ok[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-/";
	const char *node = strchr(s, '/'), *id = strrchr(s, '/');

	return !s[strspn(s, ok)] && node && node > s && id > node + 1 && id[1] && *s != '-' && id[1] != '-';
}

int apply_ref(struct model *m, const struct zt_ev *ev)
{
	const struct proc *p = model_proc(m, &ev->who);
	struct build *b = NULL;
	const char *s[2];

	if (!p || ev_tail_strings(ev, s, 2) != 2 || !is_ref(s[0]))
		return 0;
	while ((b = model_build_of(m, p, b)))
		if (!b->service || is_target(b->service, s[1]))
			take_ref(m, b, s[0]);
	return 0;
}

const char *build_ref(const struct build *b)
{
	return b->ref_shared ? NULL : b->ref;
}

struct step *model_step_new(struct model *m, struct cgroup *cg, struct proc *entry)
{
	struct step *s = arena_zalloc(&m->arena, sizeof(*s));

	if (!s) {
		model_lose(m);
		return NULL;
	}
	s->cgroup = cg;
	s->entry = entry;
	s->started_ns = m->now_ns;
	if (cg)
		cg->step = s;
	if (entry) {
		entry->step = s;
		proc_pin(entry);
	}
	TAIL_APPEND(m->steps_tail, s);
	return s;
}

/* Few and short: a list that is copied for each is good enough. */
void step_env(struct model *m, struct step *s, const char *name, const char *value)
{
	size_t had = 0, len = strlen(name) + 1 + strlen(value) + 1;
	char *list;

	while (s->env && s->env[had])
		had += strlen(s->env + had) + 1;
	list = had + len < 16384 ? arena_zalloc(&m->arena, had + len + 1) : NULL;
	if (!list)
		return;
	if (had)
		memcpy(list, s->env, had);
	snprintf(list + had, len, "%s=%s", name, value);
	s->env = list;
}

/* Chunks come in order; a second reading (offset 0) replaces the first. */
static void take_chunk(struct build *b, const struct zt_ev_file *e, const char *bytes, size_t len)
{
	char *text;

	if (e->offset_bytes == 0)
		b->file_len = 0;
	if (e->offset_bytes != b->file_len || b->file_len + len > ZT_FILE_MAX)
		return;
	text = realloc(b->file_text, b->file_len + len + 1);
	if (!text)
		return;
	b->file_text = text;
	memcpy(text + b->file_len, bytes, len);
	b->file_len += len;
	text[b->file_len] = 0;
}

int apply_file(struct model *m, const struct zt_ev *ev)
{
	const struct zt_ev_file *e = (const void *)ev;
	struct proc *p = model_proc(m, &ev->who);
	struct build *b = !p ? NULL : e->service ? numbered(m, p, e->service) : p->client;
	const char *path[1], *bytes;
	size_t len;

	if (e->role == ZT_FILE_PROJECT && p && !b) /* what it builds is not known, only that it does */
		b = model_build_new(m, p, BUILDER_DOCKER);
	if (!b || ev_tail_strings(ev, path, 1) != 1)
		return 0;
	if (e->role == ZT_FILE_PROJECT) {
		b->project_path = b->project_path ?: arena_strdup(&m->arena, path[0]);
		path[0] = "";
	}
	if (b->file_seen && b->file_status == ZT_FILE_OK && e->status != ZT_FILE_OK)
		return 0; /* the plugin's second look came too late; the first one stands */
	b->file_status = e->status;
	b->file_error = e->error;
	if (*path[0] && (!b->dockerfile_path || strcmp(b->dockerfile_path, path[0]) != 0))
		b->dockerfile_path = arena_strdup(&m->arena, path[0]);
	bytes = ev_tail_bytes(ev, 1, &len);
	if (e->status == ZT_FILE_OK && bytes)
		take_chunk(b, e, bytes, len);
	if (e->status != ZT_FILE_OK || (ev->flags & ZT_F_FILE_LAST))
		b->file_seen = true;
	return 0;
}

/* All values of key, NUL-separated, with an empty one at the end */
static const char *config_of(struct model *m, const char *config, size_t len, const char *key)
{
	char *list = arena_zalloc(&m->arena, len + 2);
	size_t n = strlen(key), to = 0;

	for (size_t at = 0; list && at < len; at += strlen(config + at) + 1)
		if (!strncmp(config + at, key, n))
			to += strlen(strcpy(list + to, config + at + n)) + 1;
	return list;
}

/* Builds that begin from one image ask for it each. */
static bool image_known(const struct model *m, const char *name, const char *config, size_t len)
{
	for (const struct image *i = m->images; i; i = i->next)
		if (!strcmp(i->name, name))
			return i->config_bytes == len && !memcmp(i->config, config, len);
	return false;
}

int apply_image(struct model *m, const struct zt_ev *ev)
{
	struct image *i;
	const char *name[1], *config;
	size_t len;

	if (m->nimages >= IMAGES_MAX || ev_tail_strings(ev, name, 1) != 1)
		return 0;
	config = ev_tail_bytes(ev, 1, &len);
	i = config && len && !config[len - 1] && !image_known(m, name[0], config, len) ? arena_zalloc(&m->arena, sizeof(*i)) : NULL;
	if (!i)
		return 0;
	*i = (struct image){ .next = m->images, .name = arena_strdup(&m->arena, name[0]),
			     .config = arena_dup(&m->arena, config, len), .config_bytes = len,
			     .onbuild = config_of(m, config, len, "onbuild="), .shell = config_of(m, config, len, "shell=") };
	if (!i->name || !i->config || !i->onbuild || !i->shell)
		return 0;
	m->images = i;
	m->nimages++;
	return 0;
}

bool model_concerns(const struct model *m, const struct build *b)
{
	if (!b || b == m->host_build)
		return true;
	return (!m->child || model_is_below(b->client, m->child)) && model_scoped_build(m, b);
}

bool model_concerns_step(const struct model *m, const struct step *s)
{
	if (m->child && !model_concerns(m, s->build))
		return false;
	return model_scoped_step(m, s);
}

int apply_layer(struct model *m, const struct zt_ev *ev)
{
	const struct zt_ev_layer *e = (const void *)ev;
	struct step *st = model_step_of_cgroup(m, ev->cgroup);
	const char *s[3];
	char **out[3];

	if (st && ev->flags & ZT_F_LAYER_SIZE) {
		st->layer.size_bytes = e->size_bytes;
		st->layer.size_known = true;
		st->layer.size_cut = ev->flags & ZT_F_LAYER_CUT;
		return 0;
	}
	if (!st || ev_tail_strings(ev, s, 3) < 0)
		return 0;
	st->layer.number = e->number;
	st->layer.base_layers = e->base_layers;
	out[0] = &st->layer.snapshot;
	out[1] = &st->layer.parent;
	out[2] = &st->layer.base_image;
	for (int i = 0; i < 3; i++)
		if (*s[i])
			*out[i] = arena_strdup(&m->arena, s[i]);
	return 0;
}
