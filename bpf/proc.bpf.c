// SPDX-License-Identifier: GPL-2.0
/* Processes: fork, exec (whole argv, entered root file system), exit (raw code, peak rss). */
#include "emit.h"
#include "net.h"
#include <bpf/bpf_tracing.h>

/* args: parent, child. Threads are left out. CLONE_PARENT makes the child a sibling: its real parent counts. */
SEC("raw_tp/sched_process_fork")
int on_fork(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *child = (void *)ctx->args[1];
	struct zt_ev_fork *e;

	if (!gate || BPF_CORE_READ(child, pid) != BPF_CORE_READ(child, tgid))
		return 0;
	e = EMIT_NEW(fork, sizeof(*e), BPF_CORE_READ(child, real_parent));
	if (!e)
		return 0;
	task_id(&e->child, child);
	EMIT(e);
	return 0;
}

#define HASH_CALL_BYTES 4096
#define HASH_BUF_WORDS 16
#define HASH_BUF_BYTES (HASH_BUF_WORDS * sizeof(u64))

/*
 * zt_hash of at most HASH_BUF_BYTES at addr, going on from h. These are global functions: the verifier
 * looks at each once, not once per call.
 */
__attribute__((noinline)) u64 hash_some(u64 h, u64 addr, u32 bytes)
{
	u64 buf[HASH_BUF_WORDS] = {}, len = bytes;

	asm volatile("" : "+r"(len)); /* compare what is passed on, not a copy of it */
	if (len > HASH_BUF_BYTES)
		len = HASH_BUF_BYTES;
	bpf_probe_read_user(buf, len, (void *)addr);
	for (u32 i = 0; i < HASH_BUF_WORDS; i++) {
		if (i * sizeof(u64) >= len)
			break;
		h = (h ^ buf[i]) * ZT_HASH_PRIME;
	}
	return h;
}

/* The same for at most HASH_CALL_BYTES */
__attribute__((noinline)) u64 hash_more(u64 h, u64 addr, u32 bytes)
{
	for (u32 at = 0; at < HASH_CALL_BYTES && at < bytes; at += HASH_BUF_BYTES)
		h = hash_some(h, addr + at, bytes - at);
	return h;
}

static __always_inline void hash_argv(struct zt_ev_exec *e, u64 addr)
{
	u32 total = min64(e->argv_total_bytes, ZT_HASH_MAX);
	u64 h = ZT_HASH_SEED;

	for (u32 at = 0; at < ZT_HASH_MAX && at < total; at += HASH_CALL_BYTES)
		h = hash_more(h, addr + at, total - at);
	e->argv_hash = h;
	e->argv_hashed_bytes = total;
}

static __always_inline bool begins(const char *comm, const char *with)
{
	for (int i = 0; i < ZT_COMM_LEN && with[i]; i++)
		if (comm[i] != with[i])
			return false;
	return true;
}

/* docker, podman, buildah, buildctl …: they may live for less than the reader sleeps, and it wants their Dockerfile. */
static __always_inline bool is_client(const char *comm)
{
	return begins(comm, "docker") || begins(comm, "podman") || begins(comm, "build");
}

/*
 * It sleeps on the kills' ring; a record that is taken back wakes it, and is skipped. Where something is in there it is
 * awake already: programs of such names, thousands a second, must not fill what kills are for.
 */
static __always_inline void wake_reader(void)
{
	void *nothing = bpf_ringbuf_query(&kill_ring, BPF_RB_AVAIL_DATA) ? NULL :
									    bpf_ringbuf_reserve(&kill_ring, sizeof(u64), 0);

	if (nothing)
		bpf_ringbuf_discard(nothing, BPF_RB_FORCE_WAKEUP);
}

/*
 * Reserve `bytes` (a constant) and read argv straight into the ring. h.size tells the true length, what
 * lies behind it never reaches the disk. Those pages have just been written by exec: no fault.
 */
static __always_inline bool emit_exec(const struct zt_ev_exec *fixed, u64 addr, const u32 bytes)
{
	const u32 cap = bytes - sizeof(*fixed);
	u32 len = min64(fixed->argv_total_bytes, cap);
	struct zt_ev_exec *e = bpf_ringbuf_reserve(&ring, bytes, 0);

	if (!e)
		return false;
	__builtin_memcpy(e, fixed, sizeof(*e));
	if (len > cap) /* known to be false; tells the verifier */
		len = cap;
	if (bpf_probe_read_user(e + 1, len, (void *)addr)) {
		e->h.flags |= ZT_F_EXEC_UNREADABLE;
		len = 0;
	} else if (len < fixed->argv_total_bytes) {
		e->h.flags |= ZT_F_EXEC_CUT;
	}
	e->argv_bytes = len;
	e->h.size += len;
	EMIT(e);
	if (is_client(fixed->comm))
		wake_reader();
	return true;
}

/* Sizes of a record. A long argv that finds no room is cut rather than lost. */
#define EXEC_SMALL 512
#define EXEC_MIDDLE 2048
#define EXEC_LARGE 8192
#define EXEC_HUGE (sizeof(struct zt_ev_exec) + ZT_ARGV_MAX)

static __always_inline void emit_exec_sized(const struct zt_ev_exec *e, u64 addr)
{
	u64 need = sizeof(*e) + e->argv_total_bytes;
	bool done = false;

	if (need > EXEC_LARGE)
		done = emit_exec(e, addr, EXEC_HUGE);
	else if (need > EXEC_MIDDLE)
		done = emit_exec(e, addr, EXEC_LARGE);
	else if (need > EXEC_SMALL)
		done = emit_exec(e, addr, EXEC_MIDDLE);
	if (!done && !emit_exec(e, addr, EXEC_SMALL))
		count_lost(ZT_LOST_RING);
}

#define FSTYPE_TAIL 32
#define UPPER_TAIL 4096
#define OVERLAYFS_MAGIC 0x794c7630

/* The writable directory of an overlay: names the image layer that this process writes. */
static __always_inline long read_upper(void *to, struct zt_ev_rootfs *e, struct super_block *sb)
{
	struct ovl_fs *ovl = BPF_CORE_READ(sb, s_fs_info);

	/* overlay as a module that is not loaded: nothing is known of it */
	if (!bpf_core_field_exists(ovl->config.upperdir))
		return 0;
	if (BPF_CORE_READ(sb, s_magic) != OVERLAYFS_MAGIC)
		return 0;
	if (bpf_core_field_exists(ovl->numlayer)) {
		u32 n = BPF_CORE_READ(ovl, numlayer); /* the upper one is counted, even when there is none */

		e->nlower = n ? n - 1 : 0;
	}
	return bpf_probe_read_kernel_str(to, UPPER_TAIL, BPF_CORE_READ(ovl, config.upperdir));
}

static __always_inline void emit_rootfs(struct task_struct *t, struct super_block *sb)
{
	struct zt_ev_rootfs *e = EMIT_NEW(rootfs, sizeof(*e) + FSTYPE_TAIL + UPPER_TAIL, t);
	char *tail = (char *)(e + 1);
	long type, upper;

	if (!e)
		return;
	type = bpf_probe_read_kernel_str(tail, FSTYPE_TAIL, BPF_CORE_READ(sb, s_type, name));
	if (type < 1 || type > FSTYPE_TAIL) {
		tail[0] = 0;
		type = 1;
	}
	upper = read_upper(tail + type, e, sb);
	if (upper < 1 || upper > UPPER_TAIL) {
		tail[type] = 0;
		upper = 1;
	}
	e->h.size += type + upper;
	EMIT(e);
}

/* args: task, old pid, bprm */
SEC("raw_tp/sched_process_exec")
int on_exec(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *t = (void *)ctx->args[0], *parent;
	struct super_block *sb, *parent_sb;
	struct zt_ev_exec e = {};
	struct mm_struct *mm;
	u64 addr, end;

	if (!gate)
		return 0;
	stamp(&e.h, ZT_exec, sizeof(e), t);
	parent = task_parent(t);
	task_id(&e.parent, parent);
	e.parent_cgroup = task_cgroup_id(parent);
	e.uid = task_uid(t);
	e.oom_score_adj = task_oom_score_adj(t);
	task_comm(e.comm, t);
	mm = BPF_CORE_READ(t, mm);
	addr = BPF_CORE_READ(mm, arg_start);
	end = BPF_CORE_READ(mm, arg_end);
	e.argv_total_bytes = end > addr ? end - addr : 0;
	sb = task_root_sb(t);
	parent_sb = task_root_sb(parent);
	if (sb && parent_sb && sb != parent_sb)
		e.h.flags |= ZT_F_EXEC_ENTRY;
	if (e.h.cgroup != e.parent_cgroup)
		e.h.flags |= ZT_F_EXEC_NEW_CGROUP;
	if (e.argv_total_bytes > ZT_ARGV_MAX)
		hash_argv(&e, addr);
	emit_exec_sized(&e, addr);
	if (e.h.flags & ZT_F_EXEC_ENTRY)
		emit_rootfs(t, sb);
	return 0;
}

#define SIGNAL_GROUP_EXIT 0x4

/* What wait() will say, as wait_task_zombie() puts it together */
static __always_inline s32 exit_status(struct task_struct *leader, struct signal_struct *sig)
{
	if (BPF_CORE_READ(sig, flags) & SIGNAL_GROUP_EXIT)
		return BPF_CORE_READ(sig, group_exit_code);
	return BPF_CORE_READ(leader, exit_code);
}

/*
 * Peak rss. Before 6.16 the mm is gone at sched_process_exit. Where functions can be hooked, taskstats_exit() is
 * called a moment earlier and leaves it here, by tgid.
 */
struct peak_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, u64);
};
struct peak_map peaks SEC(".maps");

/* A vfork child that never execs has its parent's mm. */
static __always_inline bool own_mm(struct task_struct *t, struct mm_struct *mm)
{
	return mm && mm != BPF_CORE_READ(task_parent(t), mm);
}

static __always_inline int keep_peak(struct task_struct *t, int group_dead)
{
	struct mm_struct *mm = BPF_CORE_READ(t, mm);
	u32 tgid = BPF_CORE_READ(t, tgid);
	u64 peak;

	if (!gate || !group_dead || !own_mm(t, mm))
		return 0;
	peak = mm_peak_bytes(mm);
	bpf_map_update_elem(&peaks, &tgid, &peak, BPF_ANY);
	return 0;
}

SEC("fentry/taskstats_exit")
int BPF_PROG(peak_fentry, struct task_struct *t, int group_dead)
{
	return keep_peak(t, group_dead);
}

SEC("kprobe/taskstats_exit")
int BPF_KPROBE(peak_kprobe, struct task_struct *t, int group_dead)
{
	return keep_peak(t, group_dead);
}

/* Without all that signal->maxrss is left, which survives exec: a short child of a big process shows its parent's. */
static __always_inline void exit_peak(struct zt_ev_exit *e, struct task_struct *t,
				      struct signal_struct *sig)
{
	struct mm_struct *mm = BPF_CORE_READ(t, mm);
	u32 tgid = e->h.who.tgid;
	u64 *kept;

	if (mm) {
		e->peak_rss_bytes = own_mm(t, mm) ? mm_peak_bytes(mm) : 0;
		return;
	}
	kept = bpf_map_lookup_elem(&peaks, &tgid);
	if (kept) {
		e->peak_rss_bytes = *kept;
		bpf_map_delete_elem(&peaks, &tgid);
		return;
	}
	e->peak_rss_bytes = BPF_CORE_READ(sig, maxrss) * page_bytes;
	e->h.flags |= ZT_F_EXIT_PEAK_BOUND;
}

/* args: task; since 6.16 also: was it the last thread */
SEC("raw_tp/sched_process_exit")
int on_exit(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *t = (void *)ctx->args[0], *leader;
	struct signal_struct *sig;
	struct zt_ev_exit *e;

	if (!gate)
		return 0;
	sig = BPF_CORE_READ(t, signal);
	if (exit_has_group_dead()) {
		if (!(ctx->args[1] & 1))
			return 0;
	} else if (BPF_CORE_READ(sig, live.counter)) {
		return 0;
	}
	leader = BPF_CORE_READ(t, group_leader);
	talker[BPF_CORE_READ(t, tgid) & (TALKERS - 1)] = 0;
	e = EMIT_NEW(exit, sizeof(*e), leader);
	if (!e)
		return 0;
	if (BPF_CORE_READ(sig, oom_mm))
		e->h.flags |= ZT_F_EXIT_OOM_VICTIM;
	e->exit_code = exit_status(leader, sig);
	exit_peak(e, t, sig);
	task_comm(e->comm, t);
	EMIT(e);
	return 0;
}
