/* SPDX-License-Identifier: GPL-2.0 */
/* A build's Dockerfile, read as its builder reads it: with the triggers and the shell that its base images bring. */
#include <stdio.h>
#include <string.h>

#include "attribute.h"
#include "builder/dockerfile.h"

static bool base_of(void *ctx, const char *name, struct df_base *out)
{
	const struct model *m = ctx;

	for (const struct image *i = m->images; i; i = i->next)
		if (!strcmp(i->name, name)) {
			*out = (struct df_base){ .onbuild = i->onbuild, .shell = *i->shell ? i->shell : NULL };
			return true;
		}
	return false;
}

static bool is_borrowed(const struct model *m, const struct build *b)
{
	for (const struct step *s = m->steps; s; s = s->next)
		if (s->build == b && s->instr)
			return true;
	return false;
}

static struct dockerfile *parse(struct model *m, const struct build *b, unsigned int minor, char *err, size_t size)
{
	struct df_opts o = { .target = b->target, .build_args = b->build_args, .labels = b->nlabels, .buildkit_minor = minor,
			     .base = base_of, .base_ctx = m };

	return dockerfile_parse(b->file_text, b->file_len, &o, err, size);
}

struct dockerfile *attribute_df(struct model *m, struct build *b, enum builder_kind builder)
{
	/* a docker client that needs no plugin for BuildKit is 20.10, with BuildKit 0.8; the plugin may be yet to come */
	unsigned int minor = builder == BUILDER_DOCKER_LEGACY || !(b->buildx || runs_itself(builder)) ? 8 : 0;
	char err[256];

	if (!b->file_text || !b->file_seen || b->file_status != ZT_FILE_OK)
		return NULL;
	if ((b->df && b->df_minor == minor && b->df_images == m->nimages) || b->parse_error)
		return b->df;
	if (b->df && is_borrowed(m, b))
		return b->df; /* what was said once stands */
	dockerfile_free(b->df);
	b->df = parse(m, b, minor, err, sizeof(err));
	if (b->df && b->df->syntax && minor && builder == BUILDER_BUILDKIT) { /* it is read by a newer one */
		dockerfile_free(b->df);
		b->df = parse(m, b, 0, err, sizeof(err));
	}
	b->df_minor = minor;
	b->df_images = m->nimages;
	if (!b->df)
		b->parse_error = arena_strdup(&m->arena, err);
	return b->df;
}

static bool listed(const char *names, const char *name)
{
	for (; *names; names += strlen(names) + 1)
		if (!strcmp(names, name))
			return true;
	return false;
}

/* The images that this build's stages start from */
static size_t add_bases(const struct dockerfile *df, char *names, size_t size, size_t at)
{
	for (size_t i = 0; i < df->nstages; i++) {
		const struct df_stage *st = &df->stages[i];
		size_t n = strlen(st->base) + 1;

		names[at] = 0;
		if (st->base_stage >= 0 || st->is_scratch || n == 1 || at + n + 1 > size || listed(names, st->base))
			continue;
		memcpy(names + at, st->base, n);
		at += n;
	}
	names[at] = 0;
	return at;
}

/* The docker that runs this step may be another one than the build's: then each is asked. */
static bool may_ask(const struct model *m, const struct build *b, const struct step *s, const char *root, size_t len)
{
	if (b->ended_ns || attribute_engine(m, s, b) == ENGINE_OTHER)
		return false;
	return !b->images_root || strlen(b->images_root) != len || strncmp(b->images_root, root, len) != 0;
}

static void want_images(struct model *m, const struct step *s, struct want *w)
{
	const char *end = strstr(s->upperdir, "/overlay2/");
	size_t at = 0;

	w->names[0] = 0;
	for (struct build *b = end ? m->builds : NULL; b; b = b->next) {
		bool ask = may_ask(m, b, s, s->upperdir, (size_t)(end - s->upperdir));
		const struct dockerfile *df = ask ? attribute_df(m, b, s->builder) : NULL;

		if (!df)
			continue;
		at = add_bases(df, w->names, sizeof(w->names), at);
		b->images_root = arena_printf(&m->arena, "%.*s", (int)(end - s->upperdir), s->upperdir);
	}
}

void see_rootfs(struct model *m, const struct zt_ev *ev, struct want *w)
{
	const struct step *s = model_step_of_cgroup(m, ev->cgroup);

	if (!s || !s->upperdir || !s->entry || s->entry->id.tgid != ev->who.tgid || s->layer.snapshot)
		return;
	w->kind = WANT_LAYER;
	w->who = ev->who;
	w->cgroup = ev->cgroup;
	w->context[0] = 0;
	snprintf(w->path, sizeof(w->path), "%s", s->upperdir);
	want_images(m, s, w);
}
