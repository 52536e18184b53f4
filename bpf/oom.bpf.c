// SPDX-License-Identifier: GPL-2.0
/*
 * The OOM killer's decision: victim, the chain of its cgroups, the level whose limit was hit, every
 * cgroup and process below that level. One look, while the victim still has all of its memory.
 */
#include "emit.h"
#include "host.h"
#include "memcg.h"
#include "oom.h"
#include <bpf/bpf_tracing.h>

zt_u64 oom_sigkill_task[OOM_SIGKILL_SLOTS];
zt_u64 oom_sigkill_ids[OOM_SIGKILL_SLOTS];

/* Half of the seats go to whoever comes first, the rest to who holds a good part of the domain. */
#define SEATS_FREE(max) ((max) / 2)
/* What stays free in kill_ring for the kill events themselves while walks fill it */
#define RING_KEEP (ZT_KILL_RING_BYTES / 4)
#define GROUP_KILL_NS (20 * 1000000ULL)
/* Bounds of a walk, in moves. The loops nest through global functions: the verifier gives up at 8192 jumps. */
#define STEPS_A_CALL 64
#define LEVEL_CALLS 32
#define TASK_CALLS 128

/*
 * The walk under way. mark_victim runs under the kernel's oom_lock mutex: one at a time. The steps are
 * global functions with their state here: the verifier looks at each once, so that a plain loop can
 * drive thousands (bpf_loop came with 5.17).
 */
static struct walk {
	u64 seq;
	u64 trigger, domain, ended_ns; /* of the newest walk */
	u64 root, pos;		       /* css */
	u64 set_head, set_pos;	       /* css_sets of pos */
	u64 list_head, list_pos;       /* tasks of a css_set */
	u64 small_bytes;	       /* below this no seat once they get rare */
	u32 depth, climbing, dying_list, busy;
	u32 levels, members, tasks, cut;
	u64 hit;
	u32 group, group_below;
	u32 decided; /* `decision` tells of this kill */
	u64 walked;  /* number of the decision whose walk was the newest */
} w;

static __always_inline bool ring_has_room(void)
{
	return bpf_ringbuf_query(&kill_ring, BPF_RB_AVAIL_DATA) < ZT_KILL_RING_BYTES - RING_KEEP;
}

/* Is there a seat for one more of this size? */
static __always_inline bool seat(u32 taken, u32 max, u64 bytes)
{
	if (taken < max && ring_has_room() &&
	    (taken < SEATS_FREE(max) || bytes >= w.small_bytes))
		return true;
	w.cut = 1;
	return false;
}

#define NAME_SHORT 72 /* 64 hex digits, mostly */
#define NAME_LONG 256

/* false: the name wants more than name_bytes (a constant) */
static __always_inline bool put_level(struct cgroup_subsys_state *css, u32 depth, u32 flags,
				      const u32 name_bytes)
{
	struct cgroup *cg = BPF_CORE_READ(css, cgroup);
	struct zt_ev_level *e = KILL_NEW(level, sizeof(*e) + name_bytes, current_task());
	long n;

	if (!e)
		return true;
	n = bpf_probe_read_kernel_str(e + 1, name_bytes, BPF_CORE_READ(cg, kn, name));
	if (n >= name_bytes && name_bytes < NAME_LONG) {
		bpf_ringbuf_discard(e, BPF_RB_NO_WAKEUP);
		return false;
	}
	e->h.size += n > 0 ? n : 0;
	e->h.flags = flags;
	e->seq = w.seq;
	e->depth = depth;
	memcg_read(&e->mem, cg, css);
	w.levels++;
	EMIT(e);
	return true;
}

__attribute__((noinline)) int oom_level(u64 css, u32 depth, u32 flags)
{
	if (!put_level((struct cgroup_subsys_state *)css, depth, flags, NAME_SHORT))
		put_level((struct cgroup_subsys_state *)css, depth, flags, NAME_LONG);
	return 0;
}

/* A removed cgroup stays among its siblings until its last page is gone. */
static __always_inline void visit_member(struct cgroup_subsys_state *css)
{
	struct mem_cgroup *m = (void *)css;
	u64 usage = BPF_CORE_READ(m, memory.usage.counter) * page_bytes;

	if (!usage && !(BPF_CORE_READ(css, flags) & CSS_ONLINE))
		return;
	if (!seat(w.members, ZT_MEMBERS_MAX, usage))
		return;
	w.members++;
	oom_level((u64)css, w.depth, ZT_F_LEVEL_MEMBER);
}

enum step { STEP_MORE, STEP_NEW, STEP_DONE };

/* One move of a pre-order walk below w.root, without a stack. STEP_NEW: w.pos was not seen before. */
static __always_inline enum step next_css(void)
{
	struct cgroup_subsys_state *pos = (struct cgroup_subsys_state *)w.pos, *parent;
	u64 next;

	if (!w.climbing) {
		next = list_next(w.pos + bpf_core_field_offset(pos->children));
		if (next && next != w.pos + bpf_core_field_offset(pos->children)) {
			w.pos = next - bpf_core_field_offset(pos->sibling);
			w.depth++;
			return STEP_NEW;
		}
	}
	if (w.pos == w.root)
		return STEP_DONE;
	parent = BPF_CORE_READ(pos, parent);
	next = list_next(w.pos + bpf_core_field_offset(pos->sibling));
	if (!parent || !next)
		return STEP_DONE;
	w.climbing = next == (u64)parent + bpf_core_field_offset(parent->children);
	if (!w.climbing) {
		w.pos = next - bpf_core_field_offset(pos->sibling);
		return STEP_NEW;
	}
	w.pos = (u64)parent;
	w.depth--;
	return STEP_MORE;
}

static __always_inline void start_walk(u64 root)
{
	w.root = w.pos = root;
	w.depth = w.climbing = 0;
}

/* One move; 1: the walk is over. */
__attribute__((noinline)) int oom_level_step(void)
{
	enum step s = next_css();

	if (s == STEP_NEW)
		visit_member((struct cgroup_subsys_state *)w.pos);
	return s == STEP_DONE;
}

__attribute__((noinline)) int oom_level_steps(void)
{
	for (int i = 0; i < STEPS_A_CALL; i++) {
		if (oom_level_step())
			return 1;
	}
	return 0;
}

static __always_inline void task_points(struct zt_ev_task *e)
{
	u32 tgid = e->h.who.tgid;
	struct weighed *v = w.decided ? bpf_map_lookup_elem(&weighed, &tgid) : NULL;

	if (!v || v->round != decision.round)
		return;
	e->h.flags |= ZT_F_TASK_CANDIDATE;
	e->points = v->points;
}

__attribute__((noinline)) int oom_task(u64 task)
{
	struct task_struct *t = (void *)task;
	struct mm_struct *mm;
	struct zt_ev_task *e;

	if (BPF_CORE_READ(t, pid) != BPF_CORE_READ(t, tgid))
		return 0;
	mm = process_mm(t);
	/* kernel threads have none, a vfork child has its parent's */
	if (!mm || mm == BPF_CORE_READ(t, real_parent, mm))
		return 0;
	if (!seat(w.tasks, ZT_TASKS_MAX, mm_rss_bytes(mm) + mm_pages(mm, MM_SWAPENTS) * page_bytes))
		return 0;
	e = KILL_NEW(task, sizeof(*e), t);
	if (!e)
		return 0;
	e->seq = w.seq;
	mm_rss(&e->rss, mm);
	e->data_bytes = mm_data_bytes(mm);
	e->threads = task_threads(t);
	e->oom_score_adj = task_oom_score_adj(t);
	if (e->oom_score_adj == OOM_SCORE_ADJ_MIN)
		e->h.flags |= ZT_F_TASK_EXEMPT;
	task_points(e);
	task_comm(e->comm, t);
	w.tasks++;
	EMIT(e);
	return 0;
}

/* The css_sets whose tasks are charged to w.pos, on v1 and v2 alike */
static __always_inline void start_sets(void)
{
	u32 memory = bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id);
	struct cgroup_subsys_state *css = (struct cgroup_subsys_state *)w.pos;
	struct cgroup *cg = BPF_CORE_READ(css, cgroup);

	w.set_head = (u64)cg + bpf_core_field_offset(cg->e_csets) + sizeof(struct list_head) * memory;
	w.set_pos = list_next(w.set_head);
	w.list_head = 0;
}

static __always_inline u64 set_of(u64 node)
{
	u32 memory = bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id);

	return node - sizeof(struct list_head) * memory - bpf_core_field_offset(struct css_set, e_cset_node);
}

static __always_inline void start_list(u64 head)
{
	w.list_head = head;
	w.list_pos = list_next(head);
}

/* Dead leaders with live threads are kept in a list of their own. */
static __always_inline void end_list(void)
{
	struct css_set *set = (void *)set_of(w.set_pos);

	if (!w.dying_list && bpf_core_field_exists(set->dying_tasks)) {
		w.dying_list = 1;
		start_list((u64)set + bpf_core_field_offset(set->dying_tasks));
		return;
	}
	w.list_head = 0;
	w.set_pos = list_next(w.set_pos);
}

/* One move: the next task of a list, the next list, the next css_set or the next css. */
__attribute__((noinline)) int oom_task_step(void)
{
	struct css_set *set;
	struct task_struct *t;
	u64 pos, next;
	enum step s;

	if (w.list_head) {
		pos = w.list_pos;
		if (!pos || pos == w.list_head) {
			end_list();
			return 0;
		}
		t = (void *)(pos - bpf_core_field_offset(struct task_struct, cg_list));
		oom_task((u64)t);
		next = list_next(pos);
		if (next == pos) { /* it was taken off the list just now: the rest is out of reach */
			w.cut = 1;
			next = 0;
		}
		w.list_pos = next;
		return 0;
	}
	if (w.set_pos && w.set_pos != w.set_head) {
		set = (void *)set_of(w.set_pos);
		w.dying_list = 0;
		start_list((u64)set + bpf_core_field_offset(set->tasks));
		return 0;
	}
	s = next_css();
	if (s == STEP_NEW)
		start_sets();
	else
		w.set_pos = 0;
	return s == STEP_DONE;
}

__attribute__((noinline)) int oom_task_steps(void)
{
	for (int i = 0; i < STEPS_A_CALL; i++) {
		if (oom_task_step())
			return 1;
	}
	return 0;
}

/* Is css `top` or below it? */
__attribute__((noinline)) int oom_is_below(u64 css, u64 top)
{
	for (int i = 0; i < ZT_CHAIN_MAX; i++) {
		struct cgroup_subsys_state *c = (struct cgroup_subsys_state *)css;

		if (!css || css == top)
			break;
		css = (u64)BPF_CORE_READ(c, parent);
	}
	return css == top;
}

/*
 * The level whose limit was hit: the one of the kernel's decision, if that was seen. Otherwise the topmost with
 * oom_lock, as the kernel locks the whole subtree of the OOM. Kernels built without cgroup v1 (6.11 on) have no such
 * field: there it is the lowest full level that trigger and victim share, which is a guess; user space sees that no
 * level is OOM_LOCKED.
 * One level a call; returns the next one up.
 */
__attribute__((noinline)) u64 oom_domain_step(u64 css, u64 trigger)
{
	struct mem_cgroup *m = (void *)css;
	bool hit;

	if (BPF_CORE_READ(m, oom_group))
		w.group_below = 1;
	if (w.decided)
		hit = css == decision.domain;
	else if (bpf_core_field_exists(m->oom_lock))
		/* a write to memory.max locks nothing; an OOM of a level above locks that one too, and it comes later */
		hit = BPF_CORE_READ(m, oom_lock) || (!w.hit && memcg_was_lowered(m));
	else
		hit = !w.hit && memcg_is_full(m) && (oom_is_below(trigger, css) || memcg_was_lowered(m));
	if (hit) {
		w.hit = css;
		w.group = w.group_below;
	}
	return (u64)BPF_CORE_READ(m, css.parent);
}

/* Sets w.hit (0: a host-wide OOM) and w.group: a level up to it has memory.oom.group */
static __always_inline void find_domain(u64 css, u64 trigger)
{
	w.hit = w.group = w.group_below = 0;
	for (int i = 0; i < ZT_CHAIN_MAX && css; i++)
		css = oom_domain_step(css, trigger);
	if (!w.hit)
		w.group = w.group_below;
}

static __always_inline u64 emit_chain(struct cgroup_subsys_state *css, u64 domain)
{
	u64 top = 0;

	for (u32 i = 0; i < ZT_CHAIN_MAX; i++) {
		if (!css)
			return top;
		top = (u64)css;
		oom_level(top, i, ZT_F_LEVEL_CHAIN | (top == domain ? ZT_F_LEVEL_DOMAIN : 0));
		css = BPF_CORE_READ(css, parent);
	}
	w.cut = 1;
	return top;
}

static __always_inline void walk_domain(u64 top)
{
	bool done = false;

	start_walk(top);
	for (int i = 0; i < LEVEL_CALLS && !done; i++)
		done = oom_level_steps();
	if (!done)
		w.cut = 1;
	start_walk(top);
	start_sets();
	done = false;
	for (int i = 0; i < TASK_CALLS && !done; i++)
		done = oom_task_steps();
	if (!done)
		w.cut = 1;
}

/*
 * Is `decision` about this victim? It is the one that was chosen, or another of its group. A dying task that
 * asks for memory is marked without any decision (out_of_memory()): an older one must not be taken for its.
 */
static __always_inline bool is_decided(struct task_struct *v)
{
	bool chosen = v && BPF_CORE_READ(v, tgid) == decision.chosen_tgid;

	if (!v || decision.trigger != (u64)current_task() || decision.round != oom_round)
		return false;
	if (chosen == !!decision.marked)
		return false;
	decision.marked = 1;
	return true;
}

#define MPOL_BIND 2

/* As constrained_alloc(), as far as the task tells: a policy of one mapping (mbind()) is not seen. */
static __always_inline u32 task_constraint(void)
{
	struct task_struct *me = current_task();
	struct mempolicy *policy = BPF_CORE_READ(me, mempolicy);

	if (policy && BPF_CORE_READ(policy, mode) == MPOL_BIND && memory_nodes & ~mempolicy_nodes(policy))
		return ZT_CONSTRAINT_MEMPOLICY;
	return memory_nodes & ~BPF_CORE_READ(me, mems_allowed.bits[0]) ? ZT_CONSTRAINT_CPUSET :
									 ZT_CONSTRAINT_NONE;
}

static __always_inline void put_decision(struct zt_ev_kill *e, u64 domain)
{
	if (!w.decided) {
		e->constraint = domain ? ZT_CONSTRAINT_MEMCG : task_constraint();
		return;
	}
	e->h.flags |= ZT_F_KILL_DECIDED;
	e->decision = decision.number;
	task_id(&e->chosen, (struct task_struct *)decision.chosen);
	e->points = decision.points;
	e->total_bytes = decision.totalpages * page_bytes;
	e->gfp = decision.gfp;
	e->order = decision.order;
	e->constraint = decision.constraint;
	e->candidates = decision.candidates;
}

static __always_inline void emit_kill(struct task_struct *v, u32 pid, u32 flags, u64 domain)
{
	struct task_struct *me = current_task();
	struct zt_ev_kill *e = KILL_NEW(kill, sizeof(*e), me);
	struct cgroup_subsys_state *dom = (struct cgroup_subsys_state *)domain;
	struct mm_struct *mm;

	if (!e)
		return;
	e->h.flags = flags;
	e->seq = w.seq;
	if (domain)
		e->domain = BPF_CORE_READ(dom, cgroup, kn, id);
	put_decision(e, domain);
	task_comm(e->comm, me);
	if (!v) { /* all that is known */
		e->victim.tgid = e->victim.tid = pid;
		count_lost(ZT_LOST_READ);
		EMIT(e);
		return;
	}
	task_id(&e->victim, v);
	e->victim_cgroup = task_cgroup_id(v);
	mm = BPF_CORE_READ(v, mm);
	if (!mm)
		mm = BPF_CORE_READ(v, signal, oom_mm);
	mm_rss(&e->rss, mm);
	e->total_vm_bytes = BPF_CORE_READ(mm, total_vm) * page_bytes;
	e->peak_rss_bytes = mm_peak_bytes(mm);
	e->data_bytes = mm_data_bytes(mm);
	e->threads = task_threads(v);
	e->uid = task_uid(v);
	e->oom_score_adj = task_oom_score_adj(v);
	task_id(&e->victim_parent, task_parent(v));
	task_comm(e->victim_comm, v);
	EMIT(e);
}

/* The last record of a kill: the only one that wakes the reader. */
static __always_inline void emit_kill_end(u64 started_ns)
{
	struct zt_ev_kill_end *e = KILL_NEW(kill_end, sizeof(*e), current_task());

	if (!e)
		return;
	if (w.cut)
		e->h.flags = ZT_F_KILL_END_CUT;
	e->seq = w.seq;
	e->levels = w.levels;
	e->tasks = w.tasks;
	e->duration_ns = bpf_ktime_get_ns() - started_ns;
	bpf_ringbuf_submit(e, BPF_RB_FORCE_WAKEUP);
}

/* A group kill marks one victim after the other: the first one's walk serves all. */
static __always_inline bool walked_already(void)
{
	if (w.decided)
		return w.walked == decision.number;
	return w.group && w.trigger == (u64)current_task() && w.domain == w.hit &&
	       bpf_ktime_get_boot_ns() - w.ended_ns < GROUP_KILL_NS;
}

static __always_inline u32 kill_flags(struct task_struct *v, bool again, bool was_dying)
{
	u32 flags = 0;

	if (w.group)
		flags |= ZT_F_KILL_GROUP;
	if (again)
		flags |= ZT_F_KILL_NO_WALK;
	if (v && !w.hit)
		flags |= ZT_F_KILL_HOST;
	if (was_dying)
		flags |= ZT_F_KILL_WAS_DYING;
	return flags;
}

static __always_inline void oom_victim(struct task_struct *v, u32 pid, bool was_dying)
{
	u64 started_ns = bpf_ktime_get_ns(), top, domain;
	struct cgroup_subsys_state *css = v ? task_css(v) : NULL;
	struct mem_cgroup *m;
	bool again;

	w.seq++;
	w.decided = is_decided(v);
	w.levels = w.members = w.tasks = w.cut = 0;
	find_domain((u64)css, (u64)task_css(current_task()));
	domain = w.hit;
	again = walked_already();
	emit_kill(v, pid, kill_flags(v, again, was_dying), domain);
	top = emit_chain(css, domain);
	if (!again && top) {
		m = (void *)domain;
		w.small_bytes = ram_bytes;
		if (domain)
			w.small_bytes = BPF_CORE_READ(m, memory.usage.counter) * page_bytes;
		w.small_bytes /= SEATS_FREE(ZT_TASKS_MAX);
		walk_domain(domain ? domain : top);
		w.trigger = (u64)current_task();
		w.domain = domain;
		w.walked = w.decided ? decision.number : 0;
	}
	if (!again)
		emit_host();
	w.ended_ns = bpf_ktime_get_boot_ns();
	emit_kill_end(started_ns);
}

/* Where the tracepoint has a pid only: it is the one just sent SIGKILL, or the caller itself. */
static __always_inline struct task_struct *task_by_pid(u32 pid)
{
	u32 slot = oom_sigkill_slot();

	if ((u32)bpf_get_current_pid_tgid() == pid)
		return current_task();
	return (u32)oom_sigkill_ids[slot] == pid ? (void *)oom_sigkill_task[slot] : NULL;
}

/* The marked process: its victim's SIGKILL, if it got one, came right before. */
static __always_inline int mark(struct task_struct *v, u32 pid)
{
	u32 slot = oom_sigkill_slot();
	bool was_dying;

	if (w.busy) { /* cannot be, under oom_lock; a torn walk would be worse than a counted loss */
		count_lost(ZT_LOST_READ);
		return 0;
	}
	w.busy = 1;
	was_dying = v && oom_sigkill_ids[slot] >> 32 != BPF_CORE_READ(v, tgid);
	oom_sigkill_ids[slot] = 0;
	oom_victim(v, pid, was_dying);
	w.busy = 0;
	return 0;
}

/* args: task, uid; before 6.9: pid */
SEC("raw_tp/mark_victim")
int on_mark_victim(struct bpf_raw_tracepoint_args *ctx)
{
	if (!gate)
		return 0;
	if (mark_victim_has_pid())
		return mark(task_by_pid(ctx->args[0]), ctx->args[0]);
	return mark((void *)ctx->args[0], 0);
}

/* mark_oom_victim() is called again for each thread of a victim; the tracepoint comes after it made sure. */
static __always_inline int mark_first(struct task_struct *v)
{
	return gate && !BPF_CORE_READ(v, signal, oom_mm) ? mark(v, 0) : 0;
}

SEC("fentry/mark_oom_victim")
int BPF_PROG(mark_fentry, struct task_struct *v)
{
	return mark_first(v);
}

SEC("kprobe/mark_oom_victim")
int BPF_KPROBE(mark_kprobe, struct task_struct *v)
{
	return mark_first(v);
}
