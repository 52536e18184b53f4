/* SPDX-License-Identifier: GPL-2.0 */
/* The waist of the house: events in, facts out. Opinions are made elsewhere. */
#include "model/model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "builder/dockerfile.h"
#include "model/apply.h"
#include "trace/event.h"

/* Address space only: pages are touched as they are used. */
#define PROCS_MAX 65536
#define CGROUPS_MAX 32768
#define ARENA_BYTES ((size_t)128 << 20)

static const struct kind {
	int (*apply)(struct model *m, const struct zt_ev *ev);
} kinds[ZT_KIND_MAX] = {
#define X(nr, name) [nr] = { apply_##name },
	ZT_EVENTS(X)
#undef X
};

struct model *model_new(void)
{
	struct model *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->sigs = calloc(SIGS_MAX, sizeof(*m->sigs));
	if (!m->sigs || slab_init(&m->proc_slab, sizeof(struct proc), PROCS_MAX) < 0 ||
	    slab_init(&m->cgroup_slab, sizeof(struct cgroup), CGROUPS_MAX) < 0 ||
	    arena_init(&m->arena, ARENA_BYTES) < 0) {
		model_free(m);
		return NULL;
	}
	m->exited_tail = &m->exited;
	m->builds_tail = &m->builds;
	m->steps_tail = &m->steps;
	m->kills_tail = &m->kills;
	m->refusals_tail = &m->refusals;
	m->nets_tail = &m->nets;
	m->peers_tail = &m->peers;
	m->hooks_tail = &m->hooks;
	m->facts_tail = &m->facts;
	m->notes_tail = &m->notes;
	m->lifted_tail = &m->lifted;
	m->scopes_tail = &m->scopes;
	m->logs_tail = &m->logs;
	m->said_tail = &m->said;
	return m;
}

void model_free(struct model *m)
{
	if (!m)
		return;
	for (struct build *b = m->builds; b; b = b->next) {
		dockerfile_free(b->df);
		free(b->file_text);
	}
	HASH_CLEAR(hh, m->procs);
	HASH_CLEAR(hh, m->cgroups);
	slab_done(&m->proc_slab);
	slab_done(&m->cgroup_slab);
	arena_done(&m->arena);
	free(m->sigs);
	free(m);
}

void model_lose(struct model *m)
{
	m->lost[ZT_LOST_MODEL]++;
}

int model_apply(struct model *m, const struct zt_ev *ev)
{
	int err = ev_check(ev);

	if (err == -ENOENT) {
		m->lost[ZT_LOST_UNKNOWN_KIND]++;
		return 0;
	}
	if (err < 0) {
		m->lost[ZT_LOST_CORRUPT]++;
		return 0;
	}
	if (!m->first_ns)
		m->first_ns = ev->ts_ns;
	if (ev->ts_ns > m->now_ns)
		m->now_ns = ev->ts_ns;
	return kinds[ev->kind].apply(m, ev);
}

int apply_start(struct model *m, const struct zt_ev *ev)
{
	memcpy(&m->start, ev, sizeof(m->start));
	return 0;
}

int apply_fact(struct model *m, const struct zt_ev *ev)
{
	struct fact *f = arena_zalloc(&m->arena, sizeof(*f));
	const char *s[2];

	if (ev_tail_strings(ev, s, 2) != 2)
		return 0;
	if ((!strncmp(s[0], "pod.", 4) || !strncmp(s[0], "container.", 10)) && model_fact(m, s[0]))
		return 0; /* looked at anew, for those that are new */
	if (!f || !(f->key = arena_strdup(&m->arena, s[0])) ||
	    !(f->value = arena_strdup(&m->arena, s[1]))) {
		model_lose(m);
		return 0;
	}
	TAIL_APPEND(m->facts_tail, f);
	return 0;
}

const char *model_fact(const struct model *m, const char *key)
{
	for (const struct fact *f = m->facts; f; f = f->next)
		if (!strcmp(f->key, key))
			return f->value;
	return NULL;
}

/* A program that runs in the kernel saw the event itself; anything else (counters, files) was read afterwards. */
static enum confidence hook_confidence(const char *via)
{
	static const char *const kernel[] = { "fentry/", "fexit/", "kprobe/", "kretprobe/", "raw_tp/", "tp_btf/", "tp/" };

	for (size_t i = 0; i < sizeof(kernel) / sizeof(kernel[0]); i++)
		if (!strncmp(via, kernel[i], strlen(kernel[i])))
			return CONF_CONFIRMED;
	return CONF_LIKELY;
}

int apply_hook(struct model *m, const struct zt_ev *ev)
{
	const struct zt_ev_hook *e = (const void *)ev;
	struct hook *h = arena_zalloc(&m->arena, sizeof(*h));
	const char *s[3];

	if (ev_tail_strings(ev, s, 3) < 2)
		return 0;
	if (!h || !(h->fact = arena_strdup(&m->arena, s[0])) ||
	    !(h->via = arena_strdup(&m->arena, s[1])) ||
	    !(h->reason = arena_strdup(&m->arena, s[2]))) {
		model_lose(m);
		return 0;
	}
	h->state = e->state;
	h->error = e->error;
	h->confidence = hook_confidence(h->via);
	TAIL_APPEND(m->hooks_tail, h);
	return 0;
}

int apply_note(struct model *m, const struct zt_ev *ev)
{
	struct note *n = arena_zalloc(&m->arena, sizeof(*n));
	const char *s[2];

	if (ev_tail_strings(ev, s, 2) != 2)
		return 0;
	if (!n || !(n->code = arena_strdup(&m->arena, s[0])) ||
	    !(n->text = arena_strdup(&m->arena, s[1]))) {
		model_lose(m);
		return 0;
	}
	TAIL_APPEND(m->notes_tail, n);
	return 0;
}

int apply_lost(struct model *m, const struct zt_ev *ev)
{
	const struct zt_ev_lost *e = (const void *)ev;

	if (e->cause && e->cause < ZT_LOST_CAUSES)
		m->lost[e->cause] += e->count;
	return 0;
}

int apply_end(struct model *m, const struct zt_ev *ev)
{
	(void)ev;
	m->ended = true;
	return 0;
}
