/* SPDX-License-Identifier: GPL-2.0 */
#include "source/live.h"
#include "source/lift.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "source/bpf.h"
#include "source/enrich.h"
#include "source/env.h"
#include "source/evbuf.h"
#include "source/layer_size.h"
#include "source/mask.h"
#include "source/peer.h"
#include "source/pods.h"
#include "source/redact.h"
#include "source/sampler.h"

#define HOST_PERIOD_NS 1000000000ull

struct live {
	struct source s;
	struct source *bpf; /* or what stands in for it */
	bool plain;
	struct enrich *enrich;
	const struct procfs *proc;
	const struct cgroupfs *cg;
	zt_u64 host_next_ns;
	sink_fn sink; /* of the call under way */
	void *ctx;
	struct mask mask;
	struct sampler sampler;
	struct peers peers;
};

static int masked(void *ctx, const struct zt_ev *ev)
{
	struct live *l = ctx;

	return l->sink(l->ctx, mask_event(&l->mask, ev));
}

static int host(struct live *l, zt_u32 flags, sink_fn sink, void *ctx)
{
	struct zt_ev_host ev;
	int err = procfs_host(l->proc, flags, &ev);

	return err < 0 ? err : sink(ctx, &ev.h);
}

static bool memstat(struct live *l, zt_u64 id, const char *path, sink_fn sink, void *ctx)
{
	struct zt_ev_memstat ev;

	if (!*path || cgroupfs_memstat(l->cg, path, &ev) < 0)
		return false;
	ev.h = (struct zt_ev){ .size = sizeof(ev), .fixed = sizeof(ev), .kind = ZT_memstat,
			       .ts_ns = live_now_ns(), .cgroup = id };
	sink(ctx, &ev.h);
	return true;
}

/*
 * What the memory of the level that was hit is made of, while it is still there. The kernel sums the cpus' and
 * children's parts up lazily: where a full level shows zeros, the victim's own cgroup mostly knows.
 */
static void memstats(struct live *l, const struct want *w, sink_fn sink, void *ctx)
{
	if (!memstat(l, w->cgroup, w->path, sink, ctx) && w->victim != w->cgroup)
		memstat(l, w->victim, w->context, sink, ctx);
}

static int live_pump(struct source *s, int timeout_ms, sink_fn sink, void *ctx)
{
	struct live *l = container_of(s, struct live, s);
	zt_u64 now = live_now_ns();
	int err = sampler_tick(&l->sampler, now, sink, ctx);

	if (!err)
		err = peers_tick(&l->peers, sink, ctx);
	if (err < 0)
		return err;
	if (now >= l->host_next_ns) {
		l->host_next_ns = now + HOST_PERIOD_NS;
		host(l, 0, sink, ctx);
	}
	l->sink = sink;
	l->ctx = ctx;
	return l->bpf->pump(l->bpf, timeout_ms, masked, l);
}

static int live_ask(struct source *s, const struct want *w, sink_fn sink, void *ctx)
{
	struct live *l = container_of(s, struct live, s);

	if (w->pods)
		pods_tell("/", l->proc, sink, ctx);
	if (w->nci_who)
		enrich_ci(l->enrich, w, sink, ctx);
	if (w->kind == WANT_CI)
		return 0;
	if (w->kind == WANT_KILL) {
		if (!l->plain) /* else too late: what was held has been given back */
			memstats(l, w, sink, ctx);
		if (w->names[0])
			layer_size_answer(w, sink, ctx);
		return host(l, ZT_F_HOST_AT_KILL, sink, ctx);
	}
	if (w->names[0] && (w->kind == WANT_SAMPLE || w->kind == WANT_DOCKERFILE || w->kind == WANT_PROJECT || w->kind == WANT_TARGETS))
		enrich_environ(l->enrich, w, sink, ctx);
	if (w->kind == WANT_SAMPLE)
		return sampler_add(&l->sampler, w->cgroup, w->path, sink, ctx);
	if (w->kind == WANT_PEER)
		return peers_ask(&l->peers, w, sink, ctx);
	if (w->kind == WANT_HOST)
		return host(l, 0, sink, ctx);
	return enrich_answer(l->enrich, w, sink, ctx);
}

static void live_close(struct source *s)
{
	struct live *l = container_of(s, struct live, s);

	if (l->bpf)
		l->bpf->close(l->bpf);
	sampler_done(&l->sampler);
	peers_done(&l->peers);
	enrich_free(l->enrich);
	free(l);
}

static int begin(struct live *l, const struct live_opts *o, sink_fn sink, void *ctx)
{
	struct env env = { .root = "/", .proc = o->proc, .cgroup_version = o->cg->version,
			   .argv = o->argv, .redact = redact_argv, .trace = o->trace };
	int err = env_start(&env, sink, ctx);

	for (unsigned int i = 0; i < o->nscopes && !err; i++)
		err = scope_tell(&o->scopes[i], sink, ctx);
	if (!err)
		err = env_facts(&env, sink, ctx);
	if (!err)
		err = pods_tell("/", o->proc, sink, ctx);
	if (!err && o->found)
		err = found_tell(o->found, sink, ctx);
	if (!err)
		host(l, 0, sink, ctx);
	return err;
}

int live_open(struct source **ret, const struct live_opts *o, sink_fn sink, void *ctx, char *err,
	      size_t errlen)
{
	struct live *l = calloc(1, sizeof(*l));
	struct bpf_options bo = { .hooks = o->hooks, .wake_fd = o->wake_fd };
	int r;

	if (!l)
		return -ENOMEM;
	l->s = (struct source){ "live", live_pump, live_ask, live_close };
	l->proc = o->proc;
	l->cg = o->cg;
	l->sink = sink;
	l->ctx = ctx;
	sampler_init(&l->sampler, o->cg);
	l->peers.off = o->no_host_check;
	*ret = &l->s; /* what the snapshot finds may raise questions already */
	r = enrich_new(&l->enrich);
	if (!r)
		r = begin(l, o, sink, ctx);
	if (!r)
		r = bpf_source_open(&l->bpf, &bo, sink, ctx, err, errlen);
	if (r < 0 && o->plain && l->enrich) {
		l->plain = true;
		r = plain_open(&l->bpf, o->plain, masked, l);
	}
	if (!r) {
		/* After attaching: what starts in between is seen twice, and nothing is missed. */
		r = cgroupfs_snapshot(o->cg, sink, ctx, NULL);
		if (r >= 0)
			r = procfs_snapshot(o->proc, o->cg, masked, l);
	}
	if (r < 0) {
		live_close(&l->s);
		*ret = NULL;
		return r;
	}
	return l->plain;
}

zt_u64 live_now_ns(void)
{
	return evbuf_clock_ns(CLOCK_BOOTTIME);
}

int live_child_event(zt_u32 flags, const struct zt_id *child, int status, sink_fn sink, void *ctx)
{
	struct zt_ev_child ev = {
		.h = { .size = sizeof(ev), .fixed = sizeof(ev), .kind = ZT_child, .flags = flags,
		       .ts_ns = live_now_ns(), .who = *child },
		.status = status,
	};

	return sink(ctx, &ev.h);
}

int live_note(const char *code, const char *text, sink_fn sink, void *ctx)
{
	struct {
		struct zt_ev_note ev;
		char tail[1024];
	} n = { 0 };
	size_t a = strlen(code) + 1, b = strlen(text) + 1;

	if (a + b > sizeof(n.tail))
		return -E2BIG;
	memcpy(n.tail, code, a);
	memcpy(n.tail + a, text, b);
	n.ev.h = (struct zt_ev){ .size = (zt_u32)(sizeof(n.ev) + a + b), .fixed = sizeof(n.ev),
				 .kind = ZT_note, .ts_ns = live_now_ns() };
	return sink(ctx, &n.ev.h);
}

int live_lift(const struct lift_use *u, const struct lift_level *v, const char *file, sink_fn sink, void *ctx)
{
	struct {
		struct zt_ev_lift ev;
		char tail[sizeof(u->path) + 64];
	} e = { 0 };
	size_t a = strlen(u->path) + 1, b = strlen(file) + 1;

	if (a + b > sizeof(e.tail))
		return -E2BIG;
	memcpy(e.tail, u->path, a);
	memcpy(e.tail + a, file, b);
	e.ev.h = (struct zt_ev){ .size = (zt_u32)(sizeof(e.ev) + a + b), .fixed = sizeof(e.ev), .kind = ZT_lift,
				 .ts_ns = live_now_ns(), .cgroup = u->cgroup };
	e.ev.was_bytes = v ? v->was_bytes : 0;
	e.ev.was_swap_bytes = v ? v->was_swap_bytes : 0;
	e.ev.set_bytes = v ? v->set_bytes : 0;
	e.ev.need_bytes = u->need_bytes;
	e.ev.peak_bytes = u->peak_bytes;
	return sink(ctx, &e.ev.h);
}

int live_end(sink_fn sink, void *ctx)
{
	struct zt_ev_end ev = { .h = { .size = sizeof(ev), .fixed = sizeof(ev), .kind = ZT_end,
				       .ts_ns = live_now_ns() } };

	return sink(ctx, &ev.h);
}
