// SPDX-License-Identifier: GPL-2.0
#include "source/enrich.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "source/buildx_refs.h"
#include "source/docker_store.h"
#include "source/dockerfile_want.h"
#include "source/environ.h"
#include "source/evbuf.h"
#include "source/project.h"
#include "source/safeio.h"
#include "source/space.h"

#define MOUNTINFO_MAX (64 * 1024)

struct enrich {
	int proc;
	char cwd[PATH_MAX];
	struct docker_store *store;
	struct dockerfile_buf file;
	char mountinfo[MOUNTINFO_MAX];
};

int enrich_new(struct enrich **ret)
{
	struct enrich *e = calloc(1, sizeof(*e));
	int err;

	if (!e)
		return -ENOMEM;
	e->store = docker_store_new();
	e->proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (!e->store || e->proc < 0) {
		err = e->store ? -errno : -ENOMEM;
		enrich_free(e);
		return err;
	}
	if (!getcwd(e->cwd, sizeof(e->cwd)) || e->cwd[0] != '/')
		e->cwd[0] = 0;
	*ret = e;
	return 0;
}

void enrich_free(struct enrich *e)
{
	if (!e)
		return;
	if (e->proc >= 0)
		close(e->proc);
	docker_store_free(e->store);
	free(e);
}

/* containerd keeps parents in a database of its own; the process's mounts say it as well. */
static void ask_mountinfo(struct enrich *e, const struct zt_id *who, struct layer_info *l)
{
	struct safeio_proc p;
	char name[32];
	ssize_t n;

	snprintf(name, sizeof(name), "%u/mountinfo", who->tgid);
	n = safeio_read_below(e->proc, name, e->mountinfo, sizeof(e->mountinfo) - 1);
	if (n <= 0 || safeio_open(&p, e->proc, who)) /* afterwards: still the same process? */
		return;
	safeio_close(&p);
	e->mountinfo[n] = 0;
	docker_store_mount_parent(e->mountinfo, l);
}

/* One image's triggers and shell; one without any needs no event. */
static int image_answer(const struct image_info *i, const char *name, const struct want *w, sink_fn sink, void *ctx)
{
	union {
		struct zt_ev_image ev;
		char bytes[sizeof(struct zt_ev_image) + sizeof(w->names) + IMAGE_CONFIG_MAX];
	} b = { 0 };
	size_t head = (size_t)snprintf(b.bytes + sizeof(b.ev), sizeof(w->names), "%s", name) + 1 + sizeof(b.ev), n;

	n = image_info_config(i, b.bytes + head);
	if (!n)
		return 0;
	b.ev.h = (struct zt_ev){ .kind = ZT_image, .fixed = sizeof(b.ev), .size = (zt_u32)(head + n), .cgroup = w->cgroup,
				 .ts_ns = evbuf_clock_ns(CLOCK_BOOTTIME) };
	return sink(ctx, &b.ev.h);
}

/* Of the docker whose layer it is: …/overlay2/ID/diff is in its data root. */
static int images_answer(const struct want *w, sink_fn sink, void *ctx)
{
	const char *at = strstr(w->path, "/overlay2/");
	struct image_info i;
	char root[PATH_MAX];
	int err = 0;

	if (!at)
		return 0;
	snprintf(root, sizeof(root), "%.*s", (int)(at - w->path), w->path);
	for (const char *name = w->names; *name && !err; name += strlen(name) + 1) {
		if (docker_store_image(root, name, &i))
			continue; /* BuildKit may have it from a registry: then nothing is known */
		err = image_answer(&i, name, w, sink, ctx);
		image_info_done(&i);
	}
	return err;
}

static int layer_answer(struct enrich *e, const struct want *w, sink_fn sink, void *ctx)
{
	union {
		struct zt_ev_layer ev;
		char bytes[sizeof(struct zt_ev_layer) + 2 * LAYER_ID_MAX + IMAGE_NAME_MAX];
	} b;
	struct timespec ts = { 0 };
	struct layer_info l;
	size_t n = sizeof(b.ev);
	int err;

	err = images_answer(w, sink, ctx); /* before the layer: what it says is matched at once */
	if (err || docker_store_layer(e->store, w->path, w->context, &l))
		return err; /* no layer we know of: nothing to say */
	if (!l.parent[0] && strstr(w->path, "/snapshots/"))
		ask_mountinfo(e, &w->who, &l);
	clock_gettime(CLOCK_BOOTTIME, &ts);
	b.ev = (struct zt_ev_layer){
		.h = { .kind = ZT_layer,
		       .fixed = sizeof(b.ev),
		       .cgroup = w->cgroup,
		       .who = w->who,
		       .ts_ns = (zt_u64)ts.tv_sec * 1000000000 + (zt_u64)ts.tv_nsec },
		.number = l.number,
		.base_layers = l.base_layers,
	};
	n += strlen(strcpy(b.bytes + n, l.snapshot)) + 1;
	n += strlen(strcpy(b.bytes + n, l.parent)) + 1;
	n += strlen(strcpy(b.bytes + n, l.base)) + 1;
	b.ev.h.size = (zt_u32)n;
	return sink(ctx, &b.ev.h);
}

static int space_of(struct enrich *e, const struct want *w, sink_fn sink, void *ctx)
{
	char name[32];
	ssize_t n;

	snprintf(name, sizeof(name), "%d/mountinfo", getpid());
	n = safeio_read_below(e->proc, name, e->mountinfo, sizeof(e->mountinfo) - 1);
	e->mountinfo[n > 0 ? n : 0] = 0;
	return space_answer(e->mountinfo, w, sink, ctx);
}

int enrich_environ(struct enrich *e, const struct want *w, sink_fn sink, void *ctx)
{
	return environ_answer(e->proc, e->mountinfo, sizeof(e->mountinfo), w, sink, ctx);
}

int enrich_ci(struct enrich *e, const struct want *w, sink_fn sink, void *ctx)
{
	return environ_ci(e->proc, e->mountinfo, sizeof(e->mountinfo), w, sink, ctx);
}

int enrich_answer(struct enrich *e, const struct want *w, sink_fn sink, void *ctx)
{
	switch (w->kind) {
	case WANT_DOCKERFILE:
		return dockerfile_answer(&e->file, e->proc, e->cwd, w, sink, ctx);
	case WANT_LAYER:
		return layer_answer(e, w, sink, ctx);
	case WANT_SPACE:
		return space_of(e, w, sink, ctx);
	case WANT_ENV:
		return enrich_environ(e, w, sink, ctx);
	case WANT_PROJECT:
	case WANT_TARGETS:
		return project_answer(&e->file, e->proc, e->cwd, e->mountinfo, sizeof(e->mountinfo), w, sink, ctx);
	case WANT_REF:
		return buildx_refs_answer(e->proc, e->mountinfo, sizeof(e->mountinfo), w, sink, ctx);
	default:
		return -EOPNOTSUPP;
	}
}
