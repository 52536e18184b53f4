/* SPDX-License-Identifier: GPL-2.0 */
/* What events tell of builds and steps as they come, and what should be asked for then. */
#include "attribute.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "builder/cgpath.h"
#include "builder/client.h"
#include "builder/compose_cmd.h"
#include "trace/event.h"

/* A plugin (docker-buildx) is a child or grandchild of the command the user typed. */
#define PLUGIN_DEPTH 3

static char *keep(struct model *m, const char *s)
{
	return s ? arena_strdup(&m->arena, s) : NULL;
}

static struct build *build_above(const struct proc *p)
{
	int depth = 0;

	for (const struct proc *q = p->parent; q && !q->step && depth < PLUGIN_DEPTH; q = q->parent, depth++)
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
	/* buildctl's two folders need not be the same */
	snprintf(w->path, sizeof(w->path), "%s", c->kind == CLIENT_BUILDCTL ? c->dockerfile : c->file ? c->file : "");
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
	       word_has(argv, len, "executor") || word_has(argv, len, "buildctl") ||
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

/* All of it, for another session that begins while this client is at work. */
static void keep_argv(struct model *m, struct proc *p, const char *argv, size_t len)
{
	p->client_argv = arena_dup(&m->arena, argv, len);
	p->client_argv_bytes = p->client_argv ? (zt_u32)len : 0;
}

/* compose or bake: what it builds stands in its files. */
static void want_project(struct want *w, const struct proc *p, const struct compose_cmd *c)
{
	size_t path = 0, at = 0;

	w->kind = c->kind == COMPOSE_BAKE ? WANT_TARGETS : WANT_PROJECT;
	w->who = p->id;
	for (unsigned int n = 0; n < c->nfiles && !c->remote; n++)
		path = add_word(w->path, sizeof(w->path), path, 0, c->files[n]);
	if (c->remote)
		path = add_word(w->path, sizeof(w->path), path, 0, c->remote);
	at = add_word(w->context, sizeof(w->context), 0, 0, c->project_dir ? c->project_dir : "");
	for (unsigned int n = 0; n < c->nnames; n++)
		at = add_word(w->context, sizeof(w->context), at, '+', c->names[n]);
	for (unsigned int n = 0; n < c->nprofiles; n++)
		at = add_word(w->context, sizeof(w->context), at, '%', c->profiles[n]);
	for (unsigned int n = 0; n < c->nenv_files; n++)
		at = add_word(w->context, sizeof(w->context), at, '@', c->env_files[n]);
	for (unsigned int n = 0; n < c->nsets; n++)
		at = add_word(w->context, sizeof(w->context), at, '=', c->sets[n]);
	for (unsigned int n = 0; n < c->nargs; n++)
		at = add_word(w->context, sizeof(w->context), at, '-', c->args[n]);
	for (unsigned int n = 0; n < c->nvars; n++)
		at = add_word(w->context, sizeof(w->context), at, '$', c->vars[n]);
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

/*
 * docker compose has BuildKit's client of the same age as buildx in it; the Python program calls docker. With the classic
 * builder the former adds a label of its own, com.docker.compose.image.builder (compose v2, pkg/compose/build_classic.go).
 */
static void take_age(struct build *b, enum compose_kind kind)
{
	b->buildx = kind != COMPOSE_V1;
	b->nlabels = b->file_labels + (kind == COMPOSE_PLUGIN);
}

static void see_service(struct model *m, const struct zt_ev *ev)
{
	const struct zt_ev_service *e = (const void *)ev;
	const struct proc *p = model_proc(m, &ev->who);
	struct compose_cmd c;
	struct build *b = NULL;

	while (p && (b = model_build_of(m, p, b)))
		if (b->number == e->number)
			take_age(b, compose_cmd_parse(p->argv, p->argv_bytes, &c) ? c.kind : COMPOSE_NONE);
}

static enum builder_kind builder_by_client(enum client_kind kind)
{
	switch (kind) {
	case CLIENT_BUILDX_BUILD:
	case CLIENT_BUILDCTL:
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

static unsigned int count_platforms(const char *list)
{
	unsigned int n = 1;

	for (; list && *list; list++)
		n += *list == ',';
	return n;
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
		if (!p->client_argv)
			keep_argv(m, p, tail, len);
		see_project(m, p, &project, w);
		if (w)
			want_endpoint(w, p, "DOCKER_HOST");
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
	if (b && b->client == p && !p->client_argv)
		keep_argv(m, p, tail, len);
	if (b)
		return; /* the plugin of a client we know: same arguments, same file */
	b = model_build_new(m, p, builder_by_client(c->kind));
	if (!b)
		return;
	keep_argv(m, p, tail, len);
	p->endpoint = keep(m, client_endpoint(c));
	b->buildx = c->kind == CLIENT_BUILDX_BUILD || c->kind == CLIENT_BUILDCTL;
	b->target = keep(m, c->target);
	b->context = c->kind == CLIENT_BUILDCTL ? NULL : keep(m, c->context);
	b->file = keep(m, c->file);
	b->memory_flag = keep(m, c->memory);
	b->nplatforms = count_platforms(c->platform);
	b->nlabels = c->nlabels;
	b->envs = c->envs;
	b->several_files = c->containerfile && c->nfiles > 1;
	if (c->build_args_bytes)
		b->build_args = arena_dup(&m->arena, c->build_args, c->build_args_bytes + 1);
	b->file_status = unreadable(c);
	if (b->file_status != ZT_FILE_OK)
		b->file_seen = true;
	if (w && (b->file_status == ZT_FILE_OK || c->dockerfile_stdin))
		want_dockerfile(w, p, c);
	if (w)
		want_endpoint(w, p, c->kind == CLIENT_BUILDCTL ? "BUILDKIT_HOST" : "DOCKER_HOST");
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

/*
 * Whose helper started p as a step in the builder's own cgroup; BUILDER_HOST: nobody's. What the OCI helper of a rootless
 * build starts itself is no step (runc, slirp4netns); what runc made and left to it is.
 */
static enum builder_kind started_by(const struct proc *p)
{
	const struct proc *parent = p->parent;
	struct runtime_cmd r;
	struct daemon_cmd d;

	/* a rootless buildkitd, where it may make no cgroups */
	if (runtime_parse(parent->argv, parent->argv_bytes, &r) && r.verb == RUNTIME_RUN && r.bundle &&
	    strstr(r.bundle, "/executor/"))
		return BUILDER_BUILDKIT;

	if (parent->client && parent->client->builder == BUILDER_KANIKO)
		return BUILDER_KANIKO;
	if (!daemon_parse(parent->argv, parent->argv_bytes, &d))
		return BUILDER_HOST;
	return d.kind == DAEMON_BUILDAH_CHROOT || (d.kind == DAEMON_BUILDAH_OCI_RUNTIME && p->adopted) ? BUILDER_BUILDAH :
													 BUILDER_HOST;
}

/* The entry point of docker/dockerfile's images, and of those made from them */
static bool is_frontend(const char *argv0)
{
	const char *slash = strrchr(argv0, '/');

	return !strcmp(slash ? slash + 1 : argv0, "dockerfile-frontend");
}

static void take_argv(struct step *s, const struct zt_ev_exec *e, char *copy, size_t len)
{
	s->argv = copy;
	s->argv_bytes = len;
	s->argv_total_bytes = e->argv_total_bytes;
	s->argv_cut = e->h.flags & ZT_F_EXEC_CUT;
	s->argv_late = e->h.flags & ZT_F_CLAIMED;
	s->argv_hash = e->argv_hash;
	s->argv_hashed_bytes = e->argv_hashed_bytes;
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

	if ((w->kind != WANT_SAMPLE && w->kind != WANT_NONE) || !m->builds || !m->builds->next)
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
	if (at && w->kind == WANT_NONE)
		w->kind = WANT_ENV;
}

/* buildah rootless or with chroot isolation, kaniko: the helper's child that becomes another program is the step. */
static void see_entry_below(struct model *m, const struct zt_ev_exec *e, const char *argv, size_t len, struct want *w)
{
	struct proc *p = model_proc(m, &e->h.who);
	enum builder_kind kind = p && p->parent && !p->step ? started_by(p) : BUILDER_HOST;
	struct daemon_cmd d;
	struct cgroup *cg;
	struct step *s;
	char *copy;

	cg = e->h.flags & ZT_F_EXEC_NEW_CGROUP ? model_cgroup(m, e->h.cgroup) : NULL;
	if (kind == BUILDER_HOST || (e->h.flags & ZT_F_EXEC_NEW_CGROUP && !(cg && cg->path)))
		return;
	copy = arena_dup(&m->arena, argv, len);
	if (!copy || daemon_parse(copy, len, &d) || is_runtime_init(copy, len))
		return;
	/* podman 5 makes of --cgroup-parent the step's own cgroup, whatever it is called */
	s = model_step_new(m, cg && !cg->step ? cg : NULL, p);
	if (!s)
		return;
	s->builder = kind;
	s->frontend = kind == BUILDER_BUILDKIT && is_frontend(copy);
	take_argv(s, e, copy, len);
	w->cgroup = e->h.cgroup;
	if (kind == BUILDER_BUILDKIT)
		want_build_args(m, &e->h.who, w);
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

/* The traced command goes, or starts something, in another cgroup (systemd-run, a CI's job): that may be limited, too. */
static void see_move(const struct model *m, const struct zt_id *who, zt_u64 cgroup, struct want *w)
{
	if (m->child && model_is_below(model_proc(m, who), m->child))
		want_samples(m, cgroup, w);
}

/*
 * The first program that runs in a new memory cgroup with a root file system of its own is the step's
 * command: the runtime's own execs (runc init) happen before it changes root. podman's root is the host's file system
 * where its storage driver is vfs.
 */
static void see_entry(struct model *m, const struct zt_ev_exec *e, const char *argv, size_t len, struct want *w)
{
	struct cgroup *cg = model_cgroup(m, e->h.cgroup);
	struct cgpath path;
	struct step *s;
	char *copy;

	if (!(e->h.flags & (ZT_F_EXEC_ENTRY | ZT_F_EXEC_NEW_CGROUP)) || !cg || cg->step || !cg->path)
		return;
	path = cgpath_classify(cg->path);
	if (!(e->h.flags & ZT_F_EXEC_ENTRY) && path.kind != CGPATH_BUILDAH_STEP)
		return;
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

static void want_kill(const struct model *m, const struct zt_ev_kill_end *e, struct want *w)
{
	const char *path, *victim;
	const struct step *s;

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
	s = w->victim ? model_step_of_cgroup(m, w->victim) : NULL;
	w->names[0] = 0;
	if (s && s->upperdir && strlen(s->upperdir) < sizeof(w->names))
		strcpy(w->names, s->upperdir);
	w->pods = victim && cgpath_pod(victim, NULL); /* it may be younger than the trace */
	for (const struct kill *k = m->kills; k; k = k->next)
		if (k->ev.seq == e->seq && !(k->step && (k->step->build || !k->step->container)))
			want_job(k->victim, w);
}

/* A build's client, and a container that may be a CI's step: their environment may say whose job they are. */
static void want_client_job(const struct model *m, const struct zt_ev *ev, struct want *w)
{
	const struct proc *p = model_proc(m, &ev->who);
	bool entry = p && p->step && p->step->entry == p && p->step->builder == BUILDER_DOCKER_LEGACY && p->exec_ns == ev->ts_ns;

	if (p && (entry || p->client || w->kind == WANT_PROJECT || w->kind == WANT_TARGETS))
		want_job(p, w);
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
	bool place = p && p->label.flags & LABEL_PLACE;
	size_t at = 0;

	if (w->kind != WANT_NONE || !p || (!p->heap.runtime && !place))
		return;
	w->kind = WANT_ENV;
	w->who = ev->who;
	w->cgroup = ev->cgroup;
	for (const char *const *name = heap_env_names; *name && p->heap.runtime; name++)
		at += strlen(strcpy(w->names + at, *name)) + 1;
	if (place)
		at += strlen(strcpy(w->names + at, "PWD")) + 1;
	w->names[at] = 0;
}

static bool on_loopback(const struct net *n)
{
	return !n->addr_hi && (n->addr_lo >> 24 == 0xffff7f || n->addr_lo == 1);
}

/* A step failed that had trouble on the network: does the host itself get there? Once a step, for what failed last. */
static void want_peer(const struct model *m, const struct zt_ev *ev, struct want *w)
{
	struct step *s = model_step_of_cgroup(m, ev->cgroup);
	const struct net *last = NULL;

	if (!s || !s->entry || s->entry->id.tgid != ev->who.tgid || !s->entry->exit_code || s->container || s->peer_wanted)
		return;
	for (const struct net *n = m->nets; n; n = n->next)
		if (n->cgroup == ev->cgroup && n->host[0] && net_in_trouble(n) && (n->dns || (n->state == ZT_NET_FAILED && !on_loopback(n))) &&
		    !(n->flags & ZT_F_NET_PROXY) && (!last || n->bad_ns >= last->bad_ns))
			last = n;
	if (!last)
		return;
	s->peer_wanted = true;
	w->kind = WANT_PEER;
	w->who = ev->who;
	w->cgroup = ev->cgroup;
	w->port = last->dns ? 0 : last->port;
	snprintf(w->path, sizeof(w->path), "%s", last->host);
}

void attribute(struct model *m, const struct zt_ev *ev, struct want *w)
{
	const struct zt_ev_exec *e = (const void *)ev;
	size_t len;
	const char *tail;

	w->kind = WANT_NONE;
	w->nci_who = 0;
	w->pods = false;
	if (ev_check(ev) < 0)
		return;
	tail = ev_tail(ev, &len);
	switch (ev->kind) {
	case ZT_exec:
		see_runner(m, ev, tail, len);
		see_engine(m, ev, tail, len);
		see_client(m, ev, tail, len, ev->flags & ZT_F_EXEC_CUT, w);
		see_entry(m, e, tail, len, w);
		see_entry_below(m, e, tail, len, w);
		if (ev->flags & ZT_F_EXEC_NEW_CGROUP)
			see_move(m, &ev->who, ev->cgroup, w);
		want_env(m, ev, w);
		want_client_job(m, ev, w);
		want_ref(m, ev, w);
		break;
	case ZT_attach:
		see_move(m, &((const struct zt_ev_attach *)ev)->target, ((const struct zt_ev_attach *)ev)->target_cgroup, w);
		break;
	case ZT_refuse:
		want_refused(m, (const struct zt_ev_refuse *)ev, w);
		break;
	case ZT_proc:
		see_runner(m, ev, tail, len);
		see_engine(m, ev, tail, len);
		see_client(m, ev, tail, len, false, w);
		want_client_job(m, ev, w);
		break;
	case ZT_env:
		see_job(m, ev);
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
		if ((ev->flags & ZT_F_CHILD_STARTED) && m->child) {
			want_samples(m, m->child->cgroup, w);
			want_job(m->child, w);
		}
		break;
	case ZT_exit:
		want_peer(m, ev, w);
		want_ref(m, ev, w);
		break;
	case ZT_kill_end:
		want_kill(m, (const struct zt_ev_kill_end *)ev, w);
		break;
	default:
		break;
	}
}

bool attribute_may_change(const struct model *m, const struct zt_ev *ev)
{
	const struct proc *p;

	switch (ev->kind) {
	case ZT_fork:
	case ZT_signal:
	case ZT_refuse:
	case ZT_host:
	case ZT_memstat:
	case ZT_sample:
	case ZT_connect:
	case ZT_dns:
	case ZT_kill:
	case ZT_level:
	case ZT_task:
	case ZT_kill_end:
		return false;
	case ZT_exec:
	case ZT_exit: /* of a client or of a step, or what could have been one */
		p = model_proc(m, &ev->who);
		return !p || p->client || p->step;
	default:
		return true;
	}
}
