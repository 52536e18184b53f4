/* SPDX-License-Identifier: GPL-2.0 */
#include "attribute.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "trace/hash.h"
#include "builder/cgpath.h"
#include "builder/client.h"
#include "builder/compose_cmd.h"
#include "builder/dockerfile.h"
#include "trace/event.h"

#define CANDIDATES_MAX 32
/* A plugin (docker-buildx) is a child or grandchild of the command the user typed. */
#define PLUGIN_DEPTH 3

static char *keep(struct model *m, const char *s)
{
	return s ? arena_strdup(&m->arena, s) : NULL;
}

static struct build *build_above(const struct proc *p)
{
	int depth = 0;

	for (const struct proc *q = p->parent; q && depth < PLUGIN_DEPTH; q = q->parent, depth++)
		if (q->client && q->client->builder != BUILDER_HOST && !q->exit_ns)
			return q->client;
	return NULL;
}

static enum zt_file_status unreadable(const struct client_cmd *c)
{
	return c->dockerfile_stdin ? ZT_FILE_STDIN : c->remote ? ZT_FILE_REMOTE : ZT_FILE_OK;
}

static void want_dockerfile(struct want *w, const struct proc *p, const struct client_cmd *c)
{
	w->kind = WANT_DOCKERFILE;
	w->who = p->id;
	w->service = 0;
	w->containerfile = c->containerfile;
	snprintf(w->path, sizeof(w->path), "%s", c->file ? c->file : "");
	snprintf(w->context, sizeof(w->context), "%s", c->context ? c->context : "");
}

static bool word_has(const char *argv, size_t len, const char *name)
{
	size_t first = strnlen(argv, len), base = first;

	while (base && argv[base - 1] != '/')
		base--;
	return memmem(argv + base, first - base, name, strlen(name)) != NULL;
}

/* Few programs are called so; only those are worth memory and a closer look. docker-compose was in Python once. */
static bool may_be_client(const char *argv, size_t len)
{
	size_t first = strnlen(argv, len);

	return word_has(argv, len, "docker") || word_has(argv, len, "podman") || word_has(argv, len, "buildah") ||
	       word_has(argv, len, "executor") ||
	       (first < len && word_has(argv, len, "python") && word_has(argv + first + 1, len - first - 1, "docker"));
}

static size_t add_word(char *buf, size_t size, size_t at, char mark, const char *word)
{
	size_t len = strlen(word) + (mark != 0);

	if (at + len + 2 > size) /* the list's end has to fit as well */
		return at;
	snprintf(buf + at, size - at, "%.*s%s", mark != 0, &mark, word);
	return at + len + 1;
}

/* compose or bake: what it builds stands in its files. */
static void want_project(struct want *w, const struct proc *p, const struct compose_cmd *c)
{
	size_t path = 0, at = 0;

	w->kind = c->kind == COMPOSE_BAKE ? WANT_TARGETS : WANT_PROJECT;
	w->who = p->id;
	for (unsigned int n = 0; n < c->nfiles; n++)
		path = add_word(w->path, sizeof(w->path), path, 0, c->files[n]);
	at = add_word(w->context, sizeof(w->context), 0, 0, c->project_dir ? c->project_dir : "");
	for (unsigned int n = 0; n < c->nnames; n++)
		at = add_word(w->context, sizeof(w->context), at, '+', c->names[n]);
	for (unsigned int n = 0; n < c->nprofiles; n++)
		at = add_word(w->context, sizeof(w->context), at, '%', c->profiles[n]);
	w->path[path] = w->context[at] = 0;
}

/* buildx bake below compose, as its plugin: the same services. */
static void see_project(struct model *m, struct proc *p, const struct compose_cmd *c, struct want *w)
{
	struct build *b = build_above(p);
	const struct proc *client = b ? b->client : NULL;

	if (!b && !p->client && w) {
		want_project(w, p, c);
		return;
	}
	for (; b && c->kind == COMPOSE_BAKE; b = model_build_of(m, client, b))
		b->buildx = true;
}

/* docker compose has BuildKit's client of the same age as buildx in it; the Python program calls docker. */
static void see_service(struct model *m, const struct zt_ev *ev)
{
	const struct zt_ev_service *e = (const void *)ev;
	const struct proc *p = model_proc(m, &ev->who);
	struct compose_cmd c;
	struct build *b = NULL;

	while (p && (b = model_build_of(m, p, b)))
		if (b->number == e->number)
			b->buildx = !compose_cmd_parse(p->argv, p->argv_bytes, &c) || c.kind != COMPOSE_V1;
}

static enum builder_kind builder_by_client(enum client_kind kind)
{
	switch (kind) {
	case CLIENT_BUILDX_BUILD:
		return BUILDER_BUILDKIT;
	case CLIENT_PODMAN:
		return BUILDER_PODMAN;
	case CLIENT_BUILDAH:
		return BUILDER_BUILDAH;
	case CLIENT_KANIKO:
		return BUILDER_KANIKO;
	default:
		return BUILDER_DOCKER;
	}
}

/* A `docker build`: from now on there is a build, and its Dockerfile should be read while it can be. */
static void see_client(struct model *m, const struct zt_ev *ev, const char *tail, size_t len, bool cut,
		       struct want *w)
{
	struct proc *p = may_be_client(tail, len) ? model_proc(m, &ev->who) : NULL;
	char argv[ZT_ARGV_MAX + 1]; /* not from malloc: whose build it is must be known on a full machine, too */
	struct client_cmd cmd, *c = &cmd;
	struct compose_cmd project;
	struct build *b;

	if (!p)
		return;
	if (len > ZT_ARGV_MAX) {
		len = ZT_ARGV_MAX;
		cut = true;
	}
	memcpy(argv, tail, len);
	argv[len] = 0; /* which an event need not have */
	if (compose_cmd_parse(argv, len, &project)) {
		see_project(m, p, &project, w);
		return;
	}
	if (!client_parse(argv, len, cut, c))
		return;
	b = p->client;
	if (!b)
		b = build_above(p);
	if (b && c->kind == CLIENT_BUILDX_BUILD) {
		b->buildx = true;
		b->builder = BUILDER_BUILDKIT;
	}
	if (b)
		return; /* the plugin of a client we know: same arguments, same file */
	b = model_build_new(m, p, builder_by_client(c->kind));
	if (!b)
		return;
	b->buildx = c->kind == CLIENT_BUILDX_BUILD;
	b->target = keep(m, c->target);
	b->memory_flag = keep(m, c->memory);
	if (c->build_args_bytes)
		b->build_args = arena_dup(&m->arena, c->build_args, c->build_args_bytes + 1);
	b->file_status = unreadable(c);
	if (b->file_status != ZT_FILE_OK)
		b->file_seen = true;
	else if (w)
		want_dockerfile(w, p, c);
}

static enum builder_kind builder_of(enum cgpath_kind kind)
{
	switch (kind) {
	case CGPATH_BUILDKIT_STEP:
		return BUILDER_BUILDKIT;
	case CGPATH_BUILDAH_STEP:
		return BUILDER_BUILDAH;
	default:
		return BUILDER_DOCKER_LEGACY;
	}
}

/* The builder's helper that starts a step in the builder's own cgroup; BUILDER_HOST: p is no such */
static enum builder_kind starts_steps(const struct proc *p)
{
	struct daemon_cmd d;

	if (p->client && p->client->builder == BUILDER_KANIKO)
		return BUILDER_KANIKO;
	if (daemon_parse(p->argv, p->argv_bytes, &d) && d.kind == DAEMON_BUILDAH_CHROOT)
		return BUILDER_BUILDAH;
	return BUILDER_HOST;
}

static void take_argv(struct step *s, const struct zt_ev_exec *e, char *copy, size_t len)
{
	s->argv = copy;
	s->argv_bytes = len;
	s->argv_total_bytes = e->argv_total_bytes;
	s->argv_cut = e->h.flags & ZT_F_EXEC_CUT;
	s->argv_hash = e->argv_hash;
	s->argv_hashed_bytes = e->argv_hashed_bytes;
}

/* buildah with chroot isolation, kaniko: the helper's child that becomes another program is the step. */
static void see_entry_below(struct model *m, const struct zt_ev_exec *e, const char *argv, size_t len)
{
	struct proc *p = model_proc(m, &e->h.who);
	enum builder_kind kind = p && p->parent && !p->step ? starts_steps(p->parent) : BUILDER_HOST;
	struct daemon_cmd d;
	struct step *s;
	char *copy;

	if (kind == BUILDER_HOST)
		return;
	copy = arena_dup(&m->arena, argv, len);
	if (!copy || daemon_parse(copy, len, &d))
		return;
	s = model_step_new(m, NULL, p);
	if (!s)
		return;
	s->builder = kind;
	take_argv(s, e, copy, len);
}

static void want_samples(const struct model *m, zt_u64 cgroup, struct want *w)
{
	const char *path = model_cgroup_path(m, cgroup);

	if (!path || w->kind != WANT_NONE)
		return;
	w->kind = WANT_SAMPLE;
	w->cgroup = cgroup;
	w->names[0] = 0;
	snprintf(w->path, sizeof(w->path), "%s", path);
}

static bool has_name(const char *names, const char *name, size_t len)
{
	for (; *names; names += strlen(names) + 1)
		if (strlen(names) == len && !memcmp(names, name, len))
			return true;
	return false;
}

/* Two builds may differ in their build args alone: those that a step was given tell whose it is. */
static void want_build_args(const struct model *m, const struct zt_id *who, struct want *w)
{
	size_t at = 0;

	if (w->kind != WANT_SAMPLE || !m->builds || !m->builds->next)
		return;
	w->who = *who;
	for (const struct build *b = m->builds; b; b = b->next)
		for (const char *a = b->ended_ns ? NULL : b->build_args; a && *a; a += strlen(a) + 1) {
			size_t len = strcspn(a, "=");

			w->names[at] = 0;
			if (!len || len > 63 || at + len + 2 > sizeof(w->names) || has_name(w->names, a, len))
				continue;
			memcpy(w->names + at, a, len);
			w->names[at + len] = 0;
			at += len + 1;
		}
	w->names[at] = 0;
}

/* The traced command goes, or starts something, in another cgroup (systemd-run, a CI's job): that may be limited, too. */
static void see_move(const struct model *m, const struct zt_id *who, zt_u64 cgroup, struct want *w)
{
	if (m->child && model_is_below(model_proc(m, who), m->child))
		want_samples(m, cgroup, w);
}

/* The entry point of docker/dockerfile's images, and of those made from them */
static bool is_frontend(const char *argv0)
{
	const char *slash = strrchr(argv0, '/');

	return !strcmp(slash ? slash + 1 : argv0, "dockerfile-frontend");
}

/*
 * The first program that runs in a new memory cgroup with a root file system of its own is the step's
 * command: the runtime's own execs (runc init) happen before it changes root.
 */
static void see_entry(struct model *m, const struct zt_ev_exec *e, const char *argv, size_t len, struct want *w)
{
	struct cgroup *cg = model_cgroup(m, e->h.cgroup);
	struct cgpath path;
	struct step *s;
	char *copy;

	if (!(e->h.flags & ZT_F_EXEC_ENTRY) || !cg || cg->step || !cg->path)
		return;
	path = cgpath_classify(cg->path);
	if (path.base_len != strlen(cg->path))
		return; /* below a container, not the container itself */
	if (path.kind != CGPATH_BUILDKIT_STEP && path.kind != CGPATH_BUILDAH_STEP &&
	    path.kind != CGPATH_DOCKER_CONTAINER)
		return;
	copy = arena_dup(&m->arena, argv, len);
	if (!copy || is_runtime_init(copy, len))
		return;
	s = model_step_new(m, cg, model_proc(m, &e->h.who));
	if (!s)
		return;
	s->builder = builder_of(path.kind);
	take_argv(s, e, copy, len);
	s->frontend = path.kind == CGPATH_BUILDKIT_STEP && is_frontend(copy);
	want_samples(m, cg->id, w);
	want_build_args(m, &e->h.who, w);
}

static void see_rootfs(const struct model *m, const struct zt_ev *ev, struct want *w)
{
	const struct step *s = model_step_of_cgroup(m, ev->cgroup);

	if (!s || !s->upperdir || !s->entry || s->entry->id.tgid != ev->who.tgid || s->layer.snapshot)
		return;
	w->kind = WANT_LAYER;
	w->who = ev->who;
	w->cgroup = ev->cgroup;
	w->context[0] = 0;
	snprintf(w->path, sizeof(w->path), "%s", s->upperdir);
}

static void want_kill(const struct model *m, const struct zt_ev_kill_end *e, struct want *w)
{
	const char *path, *victim;

	w->kind = WANT_KILL;
	w->who = e->h.who;
	w->cgroup = w->victim = 0;
	for (const struct kill *k = m->kills; k; k = k->next)
		if (k->ev.seq == e->seq) {
			w->cgroup = k->ev.domain;
			w->victim = k->ev.victim_cgroup;
		}
	path = w->cgroup ? model_cgroup_path(m, w->cgroup) : NULL;
	victim = w->cgroup ? model_cgroup_path(m, w->victim) : NULL;
	snprintf(w->path, sizeof(w->path), "%s", path ? path : "");
	snprintf(w->context, sizeof(w->context), "%s", victim ? victim : "");
}

/* What the kernel refused: of a tmpfs it told the size itself. Once a burst is enough. */
static void want_refused(const struct model *m, const struct zt_ev_refuse *e, struct want *w)
{
	const struct proc *p = model_proc(m, &e->h.who);
	const struct refusal *r = p ? model_refusal(m, p, e->error == ENOMEM) : NULL;
	const struct step *s = model_step_of_cgroup(m, e->h.cgroup);

	if (!r || r->ev.h.ts_ns != e->h.ts_ns || e->fs_total_bytes)
		return;
	w->kind = e->error == ENOMEM ? WANT_HOST : WANT_SPACE;
	w->who = e->h.who;
	w->cgroup = e->h.cgroup;
	w->dev = e->dev;
	snprintf(w->path, sizeof(w->path), "%s",
		 s && s->upperdir && !strcmp(r->fstype, "overlay") ? s->upperdir : "");
	/* …/overlay2/ID/diff, …/snapshots/ID/fs: where all layers are, for that stays */
	for (int i = 0; i < 2; i++)
		if (strrchr(w->path, '/'))
			*strrchr(w->path, '/') = 0;
}

static void want_env(const struct model *m, const struct zt_ev *ev, struct want *w)
{
	const struct proc *p = model_proc(m, &ev->who);
	size_t at = 0;

	if (w->kind != WANT_NONE || !p || !p->heap.runtime)
		return;
	w->kind = WANT_ENV;
	w->who = ev->who;
	w->cgroup = ev->cgroup;
	for (const char *const *name = heap_env_names; *name; name++)
		at += strlen(strcpy(w->names + at, *name)) + 1;
	w->names[at] = 0;
}

void attribute(struct model *m, const struct zt_ev *ev, struct want *w)
{
	const struct zt_ev_exec *e = (const void *)ev;
	size_t len;
	const char *tail;

	w->kind = WANT_NONE;
	if (ev_check(ev) < 0)
		return;
	tail = ev_tail(ev, &len);
	switch (ev->kind) {
	case ZT_exec:
		see_client(m, ev, tail, len, ev->flags & ZT_F_EXEC_CUT, w);
		see_entry(m, e, tail, len, w);
		see_entry_below(m, e, tail, len);
		if (ev->flags & ZT_F_EXEC_NEW_CGROUP)
			see_move(m, &ev->who, ev->cgroup, w);
		want_env(m, ev, w);
		break;
	case ZT_attach:
		see_move(m, &((const struct zt_ev_attach *)ev)->target, ((const struct zt_ev_attach *)ev)->target_cgroup, w);
		break;
	case ZT_refuse:
		want_refused(m, (const struct zt_ev_refuse *)ev, w);
		break;
	case ZT_proc:
		see_client(m, ev, tail, len, false, w);
		break;
	case ZT_rootfs:
		see_rootfs(m, ev, w);
		break;
	case ZT_service:
		see_service(m, ev);
		break;
	case ZT_child: /* the traced command counts as a build of its own */
		if ((ev->flags & ZT_F_CHILD_STARTED) && m->child && !m->host_build)
			model_build_new(m, NULL, BUILDER_HOST);
		if ((ev->flags & ZT_F_CHILD_STARTED) && m->child)
			want_samples(m, m->child->cgroup, w);
		break;
	case ZT_kill_end:
		want_kill(m, (const struct zt_ev_kill_end *)ev, w);
		break;
	default:
		break;
	}
}

/* The Dockerfile as this step's builder reads it; parsed when first needed, again when the builder differs. */
static struct dockerfile *build_df(struct model *m, struct build *b, enum builder_kind builder)
{
	struct df_opts o = {
		.target = b->target,
		.build_args = b->build_args,
		/* a docker client that needs no plugin for BuildKit is 20.10, with BuildKit 0.8 */
		.buildkit_minor = builder == BUILDER_DOCKER_LEGACY || !b->buildx ? 8 : 0,
	};
	char err[256];

	if (!b->file_text || !b->file_seen || b->file_status != ZT_FILE_OK)
		return NULL;
	if ((b->df && b->df_builder == builder) || b->parse_error)
		return b->df;
	for (const struct step *s = m->steps; s; s = s->next)
		if (b->df && s->build == b && s->instr)
			return b->df; /* borrowed: what was said once stands */
	dockerfile_free(b->df);
	b->df = dockerfile_parse(b->file_text, b->file_len, &o, err, sizeof(err));
	b->df_builder = builder;
	if (!b->df)
		b->parse_error = keep(m, err);
	return b->df;
}

struct candidate {
	struct build *build;
	const struct df_instr *instr;
	enum df_match_kind kind;
};

static bool alive_at(const struct build *b, zt_u64 ts_ns)
{
	return b->started_ns <= ts_ns && (!b->ended_ns || b->ended_ns >= ts_ns);
}

/* podman, buildah and kaniko run their steps below themselves: whose it is needs no guess. */
static bool runs_itself(enum builder_kind kind)
{
	return kind == BUILDER_PODMAN || kind == BUILDER_BUILDAH || kind == BUILDER_KANIKO;
}

static bool could_be(const struct build *b, const struct step *s)
{
	if (runs_itself(b->builder))
		return s->entry && model_is_below(s->entry, b->client);
	if (!alive_at(b, s->started_ns))
		return false;
	return b->builder == s->builder || (b->builder == BUILDER_DOCKER && !runs_itself(s->builder));
}

/* The earlier step that was matched to this instruction; a builder runs each but once. */
static const struct step *taken(const struct model *m, const struct step *self, const struct candidate *c)
{
	for (const struct step *s = m->steps; s; s = s->next)
		if (s != self && s->instr == c->instr && s->started_ns < self->started_ns)
			return s;
	return NULL;
}

/* BuildKit runs what the target needs; the classic builder each stage up to the target's. */
static bool runs(const struct step *s, const struct df_instr *in)
{
	return in->in_build || (s->builder == BUILDER_DOCKER_LEGACY && in->legacy_index);
}

/* *unsure: how many candidates were left out because of a match that is only likely. */
static unsigned int collect(struct model *m, const struct step *s, struct candidate *out, unsigned int *unsure)
{
	struct df_argv argv = {
		.bytes = s->argv, .len = s->argv_bytes, .total = s->argv_cut ? s->argv_total_bytes : 0,
		.hash = s->argv_hash, .hashed = s->argv_hashed_bytes, .hash_fn = zt_hash,
	};
	enum df_match_kind best = DF_MATCH_NONE;
	unsigned int n = 0;

	for (struct build *b = m->builds; b && s->argv; b = b->next) {
		struct df_match hits[CANDIDATES_MAX];
		struct dockerfile *df = could_be(b, s) ? build_df(m, b, s->builder) : NULL;
		size_t found = df ? dockerfile_match(df, &argv, hits, CANDIDATES_MAX) : 0;

		for (size_t i = 0; i < found && i < CANDIDATES_MAX && n < CANDIDATES_MAX; i++) {
			struct candidate c = { b, hits[i].instr, hits[i].kind };

			const struct step *other = taken(m, s, &c);

			if (other && other->confidence != CONF_CONFIRMED)
				(*unsure)++;
			if (!runs(s, c.instr) || other)
				continue;
			if (best != DF_MATCH_NONE && c.kind != best) {
				if (c.kind > best)
					continue; /* weaker than what we have */
				n = 0;
			}
			best = c.kind;
			out[n++] = c;
		}
	}
	return n;
}

/*
 * The layer an instruction would write, counted above the base image's last one: every COPY, ADD, RUN
 * and WORKDIR before it, in its stage and in the stages it continues. 0: no number can be given.
 */
static unsigned int layer_number(const struct dockerfile *df, const struct df_instr *in)
{
	unsigned int n = in->index;
	const struct df_stage *st = &df->stages[in->stage];

	if (!n)
		return 0;
	if (st->base_stage < 0)
		return st->is_scratch ? n : n - 1;
	for (int hops = 0; st->base_stage >= 0 && hops < 64; hops++) {
		st = &df->stages[st->base_stage];
		n += st->total;
	}
	return st->is_scratch ? n : n - 1;
}

static const char *last_part(const char *image)
{
	const char *slash = strrchr(image, '/');

	return slash ? slash + 1 : image;
}

/* "base:1" as the store names it and "base:1", "docker.io/library/base:1", "base" as a FROM may. */
static bool same_image(const char *stored, const char *from)
{
	const char *a = last_part(stored), *b = last_part(from);
	size_t la = strcspn(a, ":"), lb = strcspn(b, ":@");

	if (la != lb || strncmp(a, b, la) != 0)
		return false;
	if (b[lb] == '@')
		return true;
	return !strcmp(*(a + la) ? a + la : ":latest", *(b + lb) ? b + lb : ":latest");
}

static const char *base_image(const struct dockerfile *df, const struct df_instr *in)
{
	const struct df_stage *st = &df->stages[in->stage];

	for (int hops = 0; st->base_stage >= 0 && hops < 64; hops++)
		st = &df->stages[st->base_stage];
	return st->is_scratch ? NULL : st->base;
}

static bool fits_base(const struct step *s, const struct candidate *c)
{
	const char *from = base_image(c->build->df, c->instr);

	return !s->layer.base_image || !from || same_image(s->layer.base_image, from);
}

/* The legacy builder keeps no layer of a step that wrote nothing: there the count says little. */
static bool fits_number(const struct step *s, const struct candidate *c)
{
	unsigned int n = layer_number(c->build->df, c->instr);

	return s->builder != BUILDER_BUILDKIT || !s->layer.number || !n || n == s->layer.number;
}

/* Was the step right before this instruction, in the same stage, the one that wrote our parent layer? */
static bool fits_parent(const struct model *m, const struct step *s, const struct candidate *c, bool *known)
{
	const struct step *prev = NULL;

	for (const struct step *p = m->steps; p; p = p->next)
		if (p != s && p->instr && p->build == c->build && p->instr->stage == c->instr->stage &&
		    p->instr->index && p->instr->index + 1 == c->instr->index && p->layer.snapshot)
			prev = p;
	*known = prev && s->layer.parent;
	return !*known || !strcmp(prev->layer.snapshot, s->layer.parent);
}

static unsigned int narrow(const struct model *m, const struct step *s, struct candidate *c, unsigned int n,
			   bool (*fits)(const struct model *, const struct step *, const struct candidate *))
{
	unsigned int kept = 0;
	struct candidate out[CANDIDATES_MAX];

	for (unsigned int i = 0; i < n; i++)
		if (fits(m, s, &c[i]))
			out[kept++] = c[i];
	if (!kept)
		return n; /* evidence against all of them is evidence of nothing */
	memcpy(c, out, kept * sizeof(*c));
	return kept;
}

static bool by_base(const struct model *m, const struct step *s, const struct candidate *c)
{
	(void)m;
	return fits_base(s, c);
}

static bool by_number(const struct model *m, const struct step *s, const struct candidate *c)
{
	(void)m;
	return fits_number(s, c);
}

static bool by_parent(const struct model *m, const struct step *s, const struct candidate *c)
{
	bool known;

	return fits_parent(m, s, c, &known);
}

/* Whose step went on from the layer that this one wrote? */
static bool by_child(const struct model *m, const struct step *s, const struct candidate *c)
{
	bool none = true;

	for (const struct step *t = m->steps; t && s->layer.snapshot; t = t->next) {
		if (t == s || t->confidence != CONF_CONFIRMED || !t->layer.parent ||
		    strcmp(t->layer.parent, s->layer.snapshot) != 0)
			continue;
		if (t->build == c->build)
			return true;
		none = false;
	}
	return none;
}

/* The value of a build arg in a list; NULL: it is not there, or without one */
static const char *arg_value(const char *list, const char *name, size_t len)
{
	for (; list && *list; list += strlen(list) + 1)
		if (!strncmp(list, name, len) && list[len] == '=')
			return list + len + 1;
	return NULL;
}

/* *same: build args that the step and the build have alike. false: one differs */
static bool args_agree(const struct step *s, const struct build *b, unsigned int *same)
{
	*same = 0;
	for (const char *e = s->env; e && *e; e += strlen(e) + 1) {
		size_t len = strcspn(e, "=");
		const char *v = arg_value(b->build_args, e, len);

		if (v && strcmp(v, e + len + 1) != 0)
			return false;
		*same += v != NULL;
	}
	return true;
}

static bool by_args(const struct model *m, const struct step *s, const struct candidate *c)
{
	unsigned int same;

	(void)m;
	return args_agree(s, c->build, &same);
}

/* Of those that do not disagree, the ones that give the args in so many words. */
static bool by_same_args(const struct model *m, const struct step *s, const struct candidate *c)
{
	unsigned int same;

	(void)m;
	return args_agree(s, c->build, &same) && same;
}

/* Without layer evidence: builders run a stage from top to bottom, so of one stage it is the first not yet run. */
static bool one_stage(const struct candidate *c, unsigned int n)
{
	for (unsigned int i = 1; i < n; i++)
		if (c[i].build != c[0].build || c[i].instr->stage != c[0].instr->stage)
			return false;
	return true;
}

/* A tie with somebody else's build: who traces one build wants to hear of it, as a tie. */
static void ours_first(const struct model *m, struct candidate *c, unsigned int n)
{
	for (unsigned int i = 1; i < n && !model_concerns(m, c[0].build); i++)
		if (model_concerns(m, c[i].build)) {
			struct candidate ours = c[i];

			c[i] = c[0];
			c[0] = ours;
		}
}

const struct df_instr *attribute_guess(struct model *m, const struct step *s, const struct build **ret)
{
	struct candidate c[CANDIDATES_MAX];
	unsigned int unsure = 0, n = collect(m, s, c, &unsure);

	*ret = NULL;
	n = narrow(m, s, c, n, by_args);
	n = narrow(m, s, c, n, by_same_args);
	for (unsigned int i = 1; i < n; i++)
		if (!c[i].build->dockerfile_path || !c[0].build->dockerfile_path ||
		    strcmp(c[i].build->dockerfile_path, c[0].build->dockerfile_path))
			return NULL;
	if (!n)
		return NULL;
	*ret = c[0].build;
	return c[0].instr;
}

static void resolve_step(struct model *m, struct step *s)
{
	struct candidate c[CANDIDATES_MAX];
	unsigned int unsure = 0, n = collect(m, s, c, &unsure);

	s->instr = NULL;
	s->candidates = n;
	s->confidence = CONF_UNKNOWN;
	if (!n)
		return;
	n = narrow(m, s, c, n, by_args);
	n = narrow(m, s, c, n, by_same_args);
	n = narrow(m, s, c, n, by_base);
	n = narrow(m, s, c, n, by_number);
	n = narrow(m, s, c, n, by_parent);
	n = narrow(m, s, c, n, by_child);
	ours_first(m, c, n);
	if (n > 1 && one_stage(c, n)) {
		unsure += n - 1;
		n = 1;
	}
	s->candidates = n + unsure;
	s->build = c[0].build;
	s->instr = c[0].instr;
	s->confidence = s->candidates == 1 && c[0].kind == DF_MATCH_EXACT ? CONF_CONFIRMED : CONF_LIKELY;
	if (s->build->builder == BUILDER_DOCKER)
		s->build->builder = s->builder;
	if (runs_itself(s->build->builder))
		s->builder = s->build->builder;
}

/* The one build that could have started it; NULL: none or several. */
static struct build *only_build(const struct model *m, const struct step *s, bool unread, unsigned int *n)
{
	struct build *only = NULL;

	*n = 0;
	for (struct build *b = m->builds; b; b = b->next)
		if (could_be(b, s) && !(unread && b->df)) {
			only = b;
			(*n)++;
		}
	return *n == 1 ? only : NULL;
}

/*
 * No Dockerfile fits: a build whose Dockerfile could not be read is the best guess, then one whose Dockerfile
 * changed. An ordinary container looks like a legacy step, so there only the former counts.
 */
static void guess_build(struct model *m, struct step *s)
{
	unsigned int n;
	struct build *only = only_build(m, s, true, &n);

	if (!n && s->builder != BUILDER_DOCKER_LEGACY)
		only = only_build(m, s, false, &n);
	s->container = s->builder == BUILDER_DOCKER_LEGACY && !n;
	s->build = only;
	if (only && runs_itself(only->builder))
		s->builder = only->builder;
	if (s->build && s->build->builder == BUILDER_DOCKER && s->builder == BUILDER_BUILDKIT)
		s->build->builder = s->builder;
}

/* "RUN make" of `/bin/sh -c make`, `RUN ["a","b"]` of anything else: for steps no Dockerfile tells of. */
static char *argv_text(struct model *m, const struct step *s)
{
	char buf[4096];
	size_t n = 0, words = 0;
	const char *w[4] = { NULL };

	for (size_t at = 0; at < s->argv_bytes && words < 4; at += strlen(s->argv + at) + 1)
		w[words++] = s->argv + at;
	if (words == 3 && !strcmp(w[0], "/bin/sh") && !strcmp(w[1], "-c"))
		return arena_printf(&m->arena, "RUN %.4000s", w[2]);
	n = (size_t)snprintf(buf, sizeof(buf), "RUN [");
	for (size_t at = 0; at < s->argv_bytes && n + 8 < sizeof(buf); at += strlen(s->argv + at) + 1) {
		int more = snprintf(buf + n, sizeof(buf) - n - 2, "%s\"%s\"", at ? "," : "", s->argv + at);

		n += (size_t)more < sizeof(buf) - n - 2 ? (size_t)more : sizeof(buf) - n - 3;
	}
	snprintf(buf + n, sizeof(buf) - n, "]");
	return arena_strdup(&m->arena, buf);
}

void attribute_resolve(struct model *m)
{
	for (int pass = 0; pass < 2; pass++) /* a step may be known by those that came after it */
		for (struct step *s = m->steps; s; s = s->next)
			if (s->confidence != CONF_CONFIRMED && !s->frontend)
				resolve_step(m, s);
	for (struct step *s = m->steps; s; s = s->next) {
		s->container = s->frontend;
		if (!s->instr && !s->frontend)
			guess_build(m, s);
		if (s->instr)
			s->text = s->instr->text;
		else if (!s->text && s->argv && !s->frontend)
			s->text = argv_text(m, s);
		if (s->container || (s->id[0] && s->id_build == s->build))
			continue;
		s->id_build = s->build;
		if (s->build)
			snprintf(s->id, sizeof(s->id), "%s.s%u", s->build->id, ++s->build->nsteps);
		else
			snprintf(s->id, sizeof(s->id), "s%u", ++m->nloose_steps);
	}
}
