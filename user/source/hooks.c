/* SPDX-License-Identifier: GPL-2.0 */
#include "source/hooks.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

/*
 * Rows of one fact stand together, best first. Raw tracepoints alone tell who was killed, on every kernel since
 * 5.8; the rows above them tell what the kernel decided and why. Where a tracepoint has all there is to know,
 * there is no other row.
 */
const struct hook hook_table[] = {
	{ "victim", "fentry/mark_oom_victim", "mark_fentry", true },
	{ "victim", "kprobe/mark_oom_victim", "mark_kprobe", true },
	{ "victim", "raw_tp/mark_victim", "on_mark_victim", true },
	/* derived from the victim's cgroups where no program sees it: raw_tp rows without a program of their own */
	{ "decision", "fentry/oom_kill_process", "decide_fentry", false },
	{ "decision", "kprobe/oom_kill_process", "decide_kprobe", false },
	{ "decision", "raw_tp/mark_victim", NULL, false },
	{ "candidates", "fentry/oom_evaluate_task", "weigh_fentry", false },
	{ "candidates", "kprobe/oom_evaluate_task", "weigh_kprobe", false },
	{ "candidates", "raw_tp/mark_victim", NULL, false },
	{ "round", "fentry/out_of_memory", "round_fentry", false },
	{ "round", "kprobe/out_of_memory", "round_kprobe", false },
	{ "round", "raw_tp/mark_victim", NULL, false },
	{ "exec", "raw_tp/sched_process_exec", "on_exec", true },
	{ "fork", "raw_tp/sched_process_fork", "on_fork", false },
	{ "exit", "raw_tp/sched_process_exit", "on_exit", false },
	{ "peak", "fentry/taskstats_exit", "peak_fentry", false },
	{ "peak", "kprobe/taskstats_exit", "peak_kprobe", false },
	{ "peak", "raw_tp/sched_process_exit", NULL, false },
	{ "signal", "raw_tp/signal_generate", "on_signal", false },
	{ "refused", "raw_tp/sys_exit", "on_sys_exit", false },
	{ "fault", "raw_tp/signal_generate", "on_sigbus", false },
	{ "network", "raw_tp/inet_sock_set_state", "on_sock_state", false },
	{ "cgroup", "raw_tp/cgroup_mkdir", "on_cgroup_mkdir", false },
	{ "attach", "raw_tp/cgroup_attach_task", "on_cgroup_attach", false },
	{ "rmdir", "raw_tp/cgroup_rmdir", "on_cgroup_rmdir", false },
};
const size_t hook_count = ARRAY_SIZE(hook_table);
_Static_assert(ARRAY_SIZE(hook_table) <= HOOKS_MAX, "struct hooks");

static const char *const kinds[HOOK_KINDS] = { "fentry", "kprobe", "raw_tp" };

static bool is_kind(const struct hook *h, const char *kind)
{
	size_t len = strcspn(h->via, "/");

	return strlen(kind) == len && !strncmp(h->via, kind, len);
}

static const char *function(const struct hook *h)
{
	return h->via + strcspn(h->via, "/") + 1;
}

/* A program that does nothing, at a function that is there: 0 or -errno */
static int try_fentry(int btf_id)
{
	static const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_TRACE_FENTRY,
		    .attach_btf_id = (zt_u32)btf_id);
	int prog __close = bpf_prog_load(BPF_PROG_TYPE_TRACING, "ztrace_try", "GPL", insns, ARRAY_SIZE(insns),
					 &opts);
	int link __close = -1;

	if (prog < 0)
		return prog;
	link = bpf_raw_tracepoint_open(NULL, prog);
	return link < 0 ? link : 0;
}

static bool same_fact(size_t a, size_t b)
{
	return !strcmp(hook_table[a].fact, hook_table[b].fact);
}

static bool fact_is(size_t row, const char *fact)
{
	return !strcmp(hook_table[row].fact, fact);
}

/* Since 6.16 sched_process_exit comes while the memory is still there, and has a second argument. */
static bool exit_has_memory(const struct btf *btf)
{
	int id = btf ? btf__find_by_name_kind(btf, "btf_trace_sched_process_exit", BTF_KIND_TYPEDEF) : -1;
	const struct btf_type *t = id < 0 ? NULL : btf__type_by_id(btf, btf__type_by_id(btf, (zt_u32)id)->type);

	t = t && btf_is_ptr(t) ? btf__type_by_id(btf, t->type) : NULL;
	return t && btf_is_func_proto(t) && btf_vlen(t) > 2; /* the first is not the tracepoint's */
}

#define NOT_NEEDED (-EALREADY) /* the raw tracepoint tells as much here */

static void probe_types(struct hooks *h, const struct btf *btf)
{
	int refused = btf ? 0 : -ENOENT;
	bool tried = false;

	for (size_t i = 0; i < hook_count; i++) {
		int id;

		if (!is_kind(&hook_table[i], kinds[HOOK_FENTRY]))
			continue;
		id = btf ? btf__find_by_name_kind(btf, function(&hook_table[i]), BTF_KIND_FUNC) : 0;
		if (id > 0 && !tried) {
			refused = try_fentry(id);
			tried = true;
		}
		h->state[i].error = refused ? refused : id < 0 ? -ENOENT : 0;
	}
	if (exit_has_memory(btf))
		for (size_t i = 0; i < hook_count; i++)
			if (fact_is(i, "peak") && hook_table[i].prog)
				h->state[i].error = NOT_NEEDED;
}

void hooks_probe(struct hooks *h, const struct btf *btf)
{
	bool kprobes = !access("/sys/bus/event_source/devices/kprobe/type", R_OK);

	probe_types(h, btf);
	for (size_t i = 0; i < hook_count && !kprobes; i++)
		if (is_kind(&hook_table[i], kinds[HOOK_KPROBE]) && !h->state[i].error)
			h->state[i].error = -ENOTSUP;
}

/* Is there a row of that kind, of use on this kernel? */
static bool fact_has_kind(const struct hooks *h, size_t row, const char *kind)
{
	for (size_t i = 0; i < hook_count; i++)
		if (same_fact(i, row) && is_kind(&hook_table[i], kind) && h->state[i].error != NOT_NEEDED)
			return true;
	return false;
}

static bool forced_out(const struct hooks *h, size_t row, const char *force)
{
	return force && fact_has_kind(h, row, force) && !is_kind(&hook_table[row], force);
}

void hooks_choose(struct hooks *h, struct bpf_object *obj, const char *force)
{
	for (size_t i = 0; i < hook_count;) {
		bool served = false;
		size_t first = i;

		for (; i < hook_count && same_fact(i, first); i++) {
			struct bpf_program *p = hook_table[i].prog ?
				bpf_object__find_program_by_name(obj, hook_table[i].prog) : NULL;

			h->state[i].chosen = !served && !h->state[i].error && !forced_out(h, i, force);
			served |= h->state[i].chosen;
			if (p)
				bpf_program__set_autoload(p, h->state[i].chosen);
		}
	}
}

bool hooks_give_up(struct hooks *h, int err)
{
	for (int kind = 0; kind < HOOK_RAW_TP; kind++) {
		bool any = false;

		for (size_t i = 0; i < hook_count; i++) {
			if (!h->state[i].chosen || !is_kind(&hook_table[i], kinds[kind]))
				continue;
			h->state[i].error = err;
			any = true;
		}
		if (any)
			return true;
	}
	return false;
}

static int attach_row(struct hook_state *s, struct bpf_object *obj, const struct hook *h)
{
	struct bpf_program *p = bpf_object__find_program_by_name(obj, h->prog);

	if (!p)
		return -ENOENT;
	s->link = bpf_program__attach(p);
	return s->link ? 0 : -errno;
}

int hooks_attach(struct hooks *h, struct bpf_object *obj, const struct hook **failed)
{
	for (size_t i = 0; i < hook_count; i++) {
		struct hook_state *s = &h->state[i];

		if (!s->chosen || !hook_table[i].prog)
			continue;
		s->error = attach_row(s, obj, &hook_table[i]);
		if (s->error) {
			*failed = &hook_table[i];
			return s->error;
		}
	}
	return 0;
}

const struct hook *hooks_missing(const struct hooks *h, const char *force)
{
	for (size_t i = 0; i < hook_count;) {
		size_t first = i;
		bool served = false;

		for (; i < hook_count && same_fact(i, first); i++)
			served |= h->state[i].chosen;
		if (!served && (hook_table[first].needed || (force && fact_has_kind(h, first, force))))
			return &hook_table[i - 1];
	}
	return NULL;
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

	e.ev.state = s->chosen ? ZT_HOOK_USED : s->error && s->error != NOT_NEEDED ? ZT_HOOK_FAILED : ZT_HOOK_SKIPPED;
	e.ev.error = e.ev.state == ZT_HOOK_FAILED ? -s->error : 0;
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
