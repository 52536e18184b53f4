// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's decision while it is made: whom it weighs, whom it chooses, for which limit. Each program comes as
 * fentry and as kprobe; where neither is allowed, oom.bpf.c derives what it can from the victim alone.
 */
#include "emit.h"
#include "memcg.h"
#include "oom.h"
#include <bpf/bpf_tracing.h>

struct oom_decision decision;
zt_u64 oom_round;
zt_u32 oom_weighed;

/* out_of_memory(): weighs everybody anew, then kills one, or nobody while an earlier victim is still dying */
static __always_inline int new_round(void)
{
	if (gate) {
		oom_round++;
		oom_weighed = 0;
	}
	return 0;
}

SEC("fentry/out_of_memory")
int BPF_PROG(round_fentry)
{
	return new_round();
}

SEC("kprobe/out_of_memory")
int BPF_KPROBE(round_kprobe)
{
	return new_round();
}

/* As oom_badness(), which is inlined (5.10) or split by the compiler and so cannot be hooked everywhere */
static __always_inline s64 badness(struct task_struct *t, struct mm_struct *mm, u64 totalpages)
{
	s64 adj = task_oom_score_adj(t), points;

	points = mm_pages(mm, MM_ANONPAGES) + mm_pages(mm, MM_FILEPAGES) + mm_pages(mm, MM_SHMEMPAGES) +
		 mm_pages(mm, MM_SWAPENTS) + (u64)BPF_CORE_READ(mm, pgtables_bytes.counter) / page_bytes;
	return points + adj * (s64)(totalpages / 1000);
}

static __always_inline int weigh(struct task_struct *t, struct oom_control *oc)
{
	u32 tgid = BPF_CORE_READ(t, tgid);
	struct mm_struct *mm = process_mm(BPF_CORE_READ(t, group_leader));
	struct weighed v = { .round = oom_round };

	if (!gate || !mm || task_oom_score_adj(t) == OOM_SCORE_ADJ_MIN)
		return 0;
	v.points = badness(t, mm, BPF_CORE_READ(oc, totalpages));
	oom_weighed++;
	bpf_map_update_elem(&weighed, &tgid, &v, BPF_ANY);
	return 0;
}

SEC("fentry/oom_evaluate_task")
int BPF_PROG(weigh_fentry, struct task_struct *t, struct oom_control *oc)
{
	return weigh(t, oc);
}

SEC("kprobe/oom_evaluate_task")
int BPF_KPROBE(weigh_kprobe, struct task_struct *t, struct oom_control *oc)
{
	return weigh(t, oc);
}

static __always_inline int decide(struct oom_control *oc)
{
	struct task_struct *chosen = BPF_CORE_READ(oc, chosen);
	struct weighed v = { .round = oom_round, .points = BPF_CORE_READ(oc, chosen_points) };
	u32 tgid = BPF_CORE_READ(chosen, tgid);

	if (!gate)
		return 0;
	/* Newer kernels add up what the cpus have not yet accounted (some 100 pages): this one's is exact then. */
	bpf_map_update_elem(&weighed, &tgid, &v, BPF_ANY);
	decision.number++;
	decision.round = oom_round;
	decision.trigger = (u64)current_task();
	decision.domain = (u64)BPF_CORE_READ(oc, memcg); /* its css is its first member */
	decision.chosen = (u64)chosen;
	decision.chosen_tgid = tgid;
	decision.points = v.points;
	decision.totalpages = BPF_CORE_READ(oc, totalpages);
	decision.gfp = BPF_CORE_READ(oc, gfp_mask);
	decision.order = BPF_CORE_READ(oc, order);
	decision.constraint = BPF_CORE_READ(oc, constraint) + 1;
	decision.candidates = oom_weighed;
	decision.marked = 0;
	return 0;
}

SEC("fentry/oom_kill_process")
int BPF_PROG(decide_fentry, struct oom_control *oc)
{
	return decide(oc);
}

SEC("kprobe/oom_kill_process")
int BPF_KPROBE(decide_kprobe, struct oom_control *oc)
{
	return decide(oc);
}
