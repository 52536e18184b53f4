/* SPDX-License-Identifier: GPL-2.0 */
#include "source/hooks.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

/*
 * Rows of one fact stand together, best first. Raw tracepoints alone give every fact, on every kernel
 * since 5.8; a row above them (fentry/oom_kill_process, …) only has to be entered here.
 */
const struct hook hook_table[] = {
	{ "victim", "raw_tp/mark_victim", "on_mark_victim", true },
	{ "exec", "raw_tp/sched_process_exec", "on_exec", true },
	{ "fork", "raw_tp/sched_process_fork", "on_fork", false },
	{ "exit", "raw_tp/sched_process_exit", "on_exit", false },
	{ "signal", "raw_tp/signal_generate", "on_signal", false },
	{ "cgroup", "raw_tp/cgroup_mkdir", "on_cgroup_mkdir", false },
	{ "attach", "raw_tp/cgroup_attach_task", "on_cgroup_attach", false },
	{ "rmdir", "raw_tp/cgroup_rmdir", "on_cgroup_rmdir", false },
};
const size_t hook_count = ARRAY_SIZE(hook_table);
_Static_assert(ARRAY_SIZE(hook_table) <= HOOKS_MAX, "struct hooks");

static bool is_kind(const struct hook *h, const char *kind)
{
	size_t len = strcspn(h->via, "/");

	return !kind || (strlen(kind) == len && !strncmp(h->via, kind, len));
}

void hooks_choose(struct bpf_object *obj, const char *kind)
{
	for (size_t i = 0; i < hook_count; i++) {
		struct bpf_program *p = bpf_object__find_program_by_name(obj, hook_table[i].prog);

		if (p && !is_kind(&hook_table[i], kind))
			bpf_program__set_autoload(p, false);
	}
}

static bool same_fact(size_t a, size_t b)
{
	return !strcmp(hook_table[a].fact, hook_table[b].fact);
}

static int attach_row(struct hook_state *s, struct bpf_object *obj, const struct hook *h)
{
	struct bpf_program *p = bpf_object__find_program_by_name(obj, h->prog);

	if (!p)
		return -ENOENT;
	if (!bpf_program__autoload(p))
		return 0; /* not wanted: skipped */
	s->link = bpf_program__attach(p);
	return s->link ? 0 : -errno;
}

int hooks_attach(struct hooks *h, struct bpf_object *obj, const struct hook **failed)
{
	for (size_t i = 0; i < hook_count;) {
		bool served = false;
		size_t row = i;

		for (; i < hook_count && same_fact(i, row); i++) {
			if (served)
				continue;
			h->state[i].error = attach_row(&h->state[i], obj, &hook_table[i]);
			served = h->state[i].link;
		}
		if (!served && hook_table[row].needed) {
			*failed = &hook_table[i - 1];
			return h->state[i - 1].error ? h->state[i - 1].error : -ENOENT;
		}
	}
	return 0;
}

void hooks_detach(struct hooks *h)
{
	for (size_t i = 0; i < hook_count; i++) {
		bpf_link__destroy(h->state[i].link);
		h->state[i].link = NULL;
	}
}

/* Strings one after the other, each with its NUL. Length, or 0 when they do not fit. */
static size_t put_strings(char *to, size_t room, const char *a, const char *b, const char *c)
{
	int n = snprintf(to, room, "%s%c%s%c%s", a, 0, b, 0, c);

	return n < 0 || (size_t)n >= room ? 0 : (size_t)n + 1;
}

static int tell_row(const struct hook_state *s, const struct hook *h, zt_u64 now_ns, sink_fn sink,
		    void *ctx)
{
	struct {
		struct zt_ev_hook ev;
		char tail[256];
	} e = { 0 };
	const char *reason = "";
	size_t len;

	e.ev.state = s->link ? ZT_HOOK_USED : s->error ? ZT_HOOK_FAILED : ZT_HOOK_SKIPPED;
	e.ev.error = -s->error;
	if (e.ev.state == ZT_HOOK_FAILED)
		reason = strerror(-s->error);
	else if (e.ev.state == ZT_HOOK_SKIPPED)
		reason = "not asked for, or a better one is in use";
	len = put_strings(e.tail, sizeof(e.tail), h->fact, h->via, reason);
	e.ev.h = (struct zt_ev){ .size = (zt_u32)(sizeof(e.ev) + len), .kind = ZT_hook,
				 .fixed = sizeof(e.ev), .ts_ns = now_ns };
	return sink(ctx, &e.ev.h);
}

int hooks_tell(const struct hooks *h, zt_u64 now_ns, sink_fn sink, void *ctx)
{
	int err = 0;

	for (size_t i = 0; i < hook_count && !err; i++)
		err = tell_row(&h->state[i], &hook_table[i], now_ns, sink, ctx);
	return err;
}
