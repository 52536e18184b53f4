/* SPDX-License-Identifier: GPL-2.0 */
#include "seed_event.h"

#include <stdlib.h>
#include <string.h>

#include "source/evbuf.h"

struct seed_event {
	sink_fn sink;
	void *ctx;
	union evbuf b;
};

struct seed_event *seed_event_new(sink_fn sink, void *ctx)
{
	struct seed_event *e = malloc(sizeof(*e));

	if (e) {
		e->sink = sink;
		e->ctx = ctx;
	}
	return e;
}

void seed_event_free(struct seed_event *e)
{
	free(e);
}

static void *begin(struct seed_event *e, enum zt_kind kind, size_t fixed, zt_u64 ts_ns)
{
	memset(&e->b, 0, fixed);
	e->b.h = (struct zt_ev){ .size = (zt_u32)fixed, .fixed = (zt_u16)fixed, .kind = (zt_u16)kind, .ts_ns = ts_ns };
	return &e->b;
}
#define BEGIN(e, name, ts_ns) ((struct zt_ev_##name *)begin(e, ZT_##name, sizeof(struct zt_ev_##name), ts_ns))

static int send(struct seed_event *e)
{
	return e->sink(e->ctx, &e->b.h);
}

static void put(struct seed_event *e, const char *s)
{
	evbuf_add_str(&e->b, s ? s : "");
}

int seed_strings(struct seed_event *e, enum zt_kind kind, zt_u64 ts_ns, const char *a, const char *b)
{
	begin(e, kind, sizeof(struct zt_ev), ts_ns);
	put(e, a);
	put(e, b);
	return send(e);
}

int seed_hook(struct seed_event *e, const struct hook *h, zt_u64 ts_ns)
{
	struct zt_ev_hook *ev = BEGIN(e, hook, ts_ns);

	ev->state = h->state;
	ev->error = h->error;
	put(e, h->fact);
	put(e, h->via);
	put(e, h->reason);
	return send(e);
}

/* Of a series the times may lie before the trace's: they are told as they were. */
int seed_samples(struct seed_event *e, const struct cgroup *cg)
{
	const struct series *s = cg->series;
	int err = 0;

	for (unsigned int i = 0; s && i < s->n && !err; i++) {
		struct zt_ev_sample *ev = BEGIN(e, sample, s->ts_ns[i]);

		ev->h.cgroup = cg->id;
		ev->usage_bytes = s->bytes[i];
		err = send(e);
	}
	return err;
}

int seed_cgroup(struct seed_event *e, const struct cgroup *cg, zt_u64 ts_ns)
{
	struct zt_ev_cgroup *ev = BEGIN(e, cgroup, ts_ns);

	ev->h.flags = cg->counted ? 0 : ZT_F_CGROUP_SNAPSHOT;
	ev->h.cgroup = cg->id;
	ev->mem = cg->mem;
	ev->mem.id = cg->id;
	ev->mem.parent = cg->parent;
	put(e, cg->path);
	return send(e);
}

int seed_rmdir(struct seed_event *e, const struct cgroup *cg, zt_u64 ts_ns)
{
	struct zt_ev_rmdir *ev = BEGIN(e, rmdir, ts_ns);

	ev->h.cgroup = cg->id;
	ev->mem = cg->mem;
	ev->mem.id = cg->id;
	return send(e);
}

int seed_proc(struct seed_event *e, const struct proc *p, const struct proc *parent, zt_u64 ts_ns)
{
	struct zt_ev_proc *ev = BEGIN(e, proc, ts_ns);
	const char *argv = p->client_argv ?: p->argv;
	size_t len = p->client_argv ? p->client_argv_bytes : p->argv_bytes;

	ev->h.who = p->id;
	ev->h.cgroup = p->cgroup;
	if (parent)
		ev->parent = parent->id;
	ev->oom_score_adj = p->oom_score_adj;
	memcpy(ev->comm, p->comm, sizeof(ev->comm));
	ev->argv_bytes = (zt_u32)len;
	evbuf_add(&e->b, argv, len);
	return send(e);
}

int seed_exit(struct seed_event *e, const struct proc *p, zt_u64 ts_ns)
{
	struct zt_ev_exit *ev = BEGIN(e, exit, ts_ns);

	ev->h.who = p->id;
	ev->h.cgroup = p->cgroup;
	ev->h.flags = (p->oom_victim ? ZT_F_EXIT_OOM_VICTIM : 0) | (p->peak_rss_bytes ? 0 : ZT_F_EXIT_PEAK_BOUND);
	ev->exit_code = p->exit_code;
	ev->peak_rss_bytes = p->peak_rss_bytes;
	memcpy(ev->comm, p->comm, sizeof(ev->comm));
	return send(e);
}

static int variable(struct seed_event *e, const struct proc *p, zt_u64 ts_ns, zt_u32 flags, const char *name, const char *value)
{
	struct zt_ev_env *ev = BEGIN(e, env, ts_ns);

	ev->h.who = p->id;
	ev->h.cgroup = p->cgroup;
	ev->h.flags = flags;
	put(e, name);
	put(e, value);
	return send(e);
}

int seed_endpoint(struct seed_event *e, const struct proc *p, zt_u64 ts_ns)
{
	return p->endpoint ? variable(e, p, ts_ns, 0, "DOCKER_HOST", p->endpoint) : 0;
}

int seed_client_env(struct seed_event *e, const struct proc *p, zt_u64 ts_ns)
{
	int err = 0;

	for (unsigned int i = 0; p->ci_vars && i < p->ci_vars->n && !err; i++)
		err = variable(e, p, ts_ns, ZT_F_ENV_CI, p->ci_vars->v[i].name, p->ci_vars->v[i].value);
	return err ? err : seed_endpoint(e, p, ts_ns);
}

int seed_service(struct seed_event *e, const struct build *b, zt_u64 ts_ns)
{
	struct zt_ev_service *ev = BEGIN(e, service, ts_ns);

	ev->h.who = b->client->id;
	ev->number = b->number;
	ev->labels = b->file_labels;
	put(e, b->service);
	put(e, b->target);
	for (const char *a = b->build_args; a && *a; a += strlen(a) + 1)
		put(e, a);
	return send(e);
}

static struct zt_ev_file *begin_file(struct seed_event *e, const struct build *b, enum zt_file_role role, zt_u64 ts_ns)
{
	struct zt_ev_file *ev = BEGIN(e, file, ts_ns);

	ev->h.who = b->client->id;
	ev->role = role;
	ev->status = b->file_status;
	ev->error = b->file_error;
	ev->service = b->number;
	ev->total_bytes = b->file_len;
	put(e, role == ZT_FILE_PROJECT ? b->project_path : b->dockerfile_path);
	return ev;
}

int seed_file(struct seed_event *e, const struct build *b, zt_u64 ts_ns)
{
	size_t at = 0, len;
	int err = 0;

	if (b->project_path) {
		begin_file(e, b, ZT_FILE_PROJECT, ts_ns);
		return send(e);
	}
	if (!b->file_seen)
		return 0;
	do {
		struct zt_ev_file *ev = begin_file(e, b, ZT_FILE_DOCKERFILE, ts_ns);

		len = b->file_text ? b->file_len - at : 0;
		if (len > ZT_FILE_CHUNK)
			len = ZT_FILE_CHUNK;
		ev->offset_bytes = at;
		ev->h.flags = at + len >= b->file_len ? ZT_F_FILE_LAST : 0;
		if (len)
			evbuf_add(&e->b, b->file_text + at, len);
		at += len;
		err = send(e);
	} while (!err && b->file_text && at < b->file_len);
	return err;
}

static int first_program(struct seed_event *e, const struct step *st, const struct proc *parent, zt_u64 ts_ns)
{
	struct zt_ev_exec *ev = BEGIN(e, exec, ts_ns);
	const struct proc *p = st->entry;

	ev->h.who = p->id;
	ev->h.cgroup = st->cgroup ? st->cgroup->id : p->cgroup;
	ev->h.flags = (st->cgroup ? ZT_F_EXEC_ENTRY | ZT_F_EXEC_NEW_CGROUP : 0) | (st->argv_cut ? ZT_F_EXEC_CUT : 0) |
		      (st->argv_late ? ZT_F_CLAIMED : 0);
	if (parent)
		ev->parent = parent->id;
	ev->argv_bytes = (zt_u32)st->argv_bytes;
	ev->argv_total_bytes = st->argv_total_bytes;
	ev->argv_hash = st->argv_hash;
	ev->argv_hashed_bytes = st->argv_hashed_bytes;
	ev->oom_score_adj = p->oom_score_adj;
	memcpy(ev->comm, p->comm, sizeof(ev->comm));
	evbuf_add(&e->b, st->argv, st->argv_bytes);
	return send(e);
}

static int layer(struct seed_event *e, const struct step *st, zt_u64 ts_ns)
{
	struct zt_ev_layer *ev = BEGIN(e, layer, ts_ns);

	ev->h.who = st->entry->id;
	ev->h.cgroup = step_cgroup(st);
	ev->number = st->layer.number;
	ev->base_layers = st->layer.base_layers;
	put(e, st->layer.snapshot);
	put(e, st->layer.parent);
	put(e, st->layer.base_image);
	return send(e);
}

static int build_args(struct seed_event *e, const struct step *st, zt_u64 ts_ns)
{
	int err = 0;

	for (const char *a = st->env; a && *a && !err; a += strlen(a) + 1) {
		size_t n = strcspn(a, "=");
		struct zt_ev_env *ev = BEGIN(e, env, ts_ns);

		ev->h.who = st->entry->id;
		ev->h.cgroup = step_cgroup(st);
		evbuf_add(&e->b, a, n);
		put(e, "");
		put(e, a[n] ? a + n + 1 : "");
		err = send(e);
	}
	return err;
}

int seed_step(struct seed_event *e, const struct step *st, const struct proc *parent, zt_u64 ts_ns)
{
	int err = first_program(e, st, parent, ts_ns);

	if (!err && st->upperdir) {
		struct zt_ev_rootfs *ev = BEGIN(e, rootfs, ts_ns);

		ev->h.who = st->entry->id;
		ev->h.cgroup = step_cgroup(st);
		put(e, "overlay");
		put(e, st->upperdir);
		err = send(e);
	}
	if (!err && st->layer.snapshot)
		err = layer(e, st, ts_ns);
	return err ? err : build_args(e, st, ts_ns);
}
