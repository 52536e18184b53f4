// SPDX-License-Identifier: GPL-2.0
/* Signals that kill or ask to, with their sender. */
#include "emit.h"
#include "oom.h"

enum { SIGHUP = 1, SIGINT = 2, SIGQUIT = 3, SIGKILL = 9, SIGTERM = 15 };
enum { SI_USER = 0, SI_KERNEL = 0x80 };
/* enum of the tracepoint's `result` */
enum { SIGNAL_IGNORED = 1, SIGNAL_ALREADY_PENDING = 2 };
/* A struct kernel_siginfo * below this is no pointer: 0 SEND_SIG_NOINFO, 1 SEND_SIG_PRIV */
#define SEND_SIG_PRIV 1

/* What stays free in kill_ring for OOM kills when other SIGKILLs take refuge there */
#define KILL_RING_KEEP (ZT_KILL_RING_BYTES / 2)

static __always_inline bool wanted(int sig)
{
	return sig == SIGKILL || sig == SIGTERM || sig == SIGINT || sig == SIGQUIT || sig == SIGHUP;
}

static __always_inline s32 info_code(u64 info)
{
	struct kernel_siginfo *si = (void *)info;

	if (info > SEND_SIG_PRIV)
		return BPF_CORE_READ(si, si_code);
	return info == SEND_SIG_PRIV ? SI_KERNEL : SI_USER;
}

/* A SIGKILL that finds the main ring full may use the kills' ring, as long as that is half empty. */
static __always_inline struct zt_ev_signal *reserve(int sig)
{
	struct zt_ev_signal *e = bpf_ringbuf_reserve(&ring, sizeof(*e), 0);

	if (!e && sig == SIGKILL && bpf_ringbuf_query(&kill_ring, BPF_RB_AVAIL_DATA) < KILL_RING_KEEP)
		e = bpf_ringbuf_reserve(&kill_ring, sizeof(*e), 0);
	if (!e)
		count_lost(ZT_LOST_RING);
	return e;
}

/* args: sig, info, task, group, result */
SEC("raw_tp/signal_generate")
int on_signal(struct bpf_raw_tracepoint_args *ctx)
{
	int sig = ctx->args[0], result = ctx->args[4];
	struct task_struct *t = (void *)ctx->args[2], *me = current_task();
	struct zt_ev_signal *e;
	u32 flags = 0;

	if (!gate || !wanted(sig))
		return 0;
	if (sig == SIGKILL && ctx->args[1] == SEND_SIG_PRIV)
		oom_remember_sigkill(t);
	e = reserve(sig);
	if (!e)
		return 0;
	__builtin_memset(e, 0, sizeof(*e));
	stamp(&e->h, ZT_signal, sizeof(*e), me);
	if (ctx->args[1] == SEND_SIG_PRIV)
		flags |= ZT_F_SIGNAL_KERNEL;
	if (ctx->args[3])
		flags |= ZT_F_SIGNAL_GROUP;
	if (result == SIGNAL_IGNORED || result == SIGNAL_ALREADY_PENDING)
		flags |= ZT_F_SIGNAL_IGNORED;
	e->h.flags = flags;
	e->sig = sig;
	e->code = info_code(ctx->args[1]);
	e->result = result;
	task_id(&e->target, t);
	e->target_cgroup = task_cgroup_id(t);
	task_id(&e->sender_parent, task_parent(me));
	task_comm(e->comm, me);
	task_comm(e->target_comm, t);
	EMIT(e);
	return 0;
}
