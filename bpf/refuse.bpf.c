// SPDX-License-Identifier: GPL-2.0
/*
 * Memory or room that the kernel did not give: ENOMEM, ENOSPC, EDQUOT. Seen where every system call ends (some 25 ns
 * each), the one place that all kernels have and no file system is missing from. What the network's calls return is looked
 * at by a program of its own, which few calls get to.
 */
#include "emit.h"
#include "net.h"
#include "refuse.h"

enum { ENOMEM = 12, ENOSPC = 28, EDQUOT = 122 };

/* x86-64's numbers. Each argument by its place + 1; 0: it has none such. */
static const struct call {
	u8 what;
	u8 fd, path, len;
} calls[] = {
	[1] = { ZT_REFUSED_WRITE, .fd = 1, .len = 3 },	 /* write */
	[2] = { ZT_REFUSED_CREATE, .path = 1 },		 /* open */
	[9] = { ZT_REFUSED_MAP, .len = 2 },		 /* mmap */
	[10] = { ZT_REFUSED_PROTECT, .len = 2 },	 /* mprotect */
	[18] = { ZT_REFUSED_WRITE, .fd = 1, .len = 3 },	 /* pwrite64 */
	[20] = { ZT_REFUSED_WRITE, .fd = 1 },		 /* writev */
	[25] = { ZT_REFUSED_REMAP, .len = 3 },		 /* mremap */
	[40] = { ZT_REFUSED_WRITE, .fd = 1, .len = 4 },	 /* sendfile */
	[56] = { ZT_REFUSED_FORK },			 /* clone */
	[57] = { ZT_REFUSED_FORK },			 /* fork */
	[58] = { ZT_REFUSED_FORK },			 /* vfork */
	[59] = { ZT_REFUSED_EXEC, .path = 1 },		 /* execve */
	[74] = { ZT_REFUSED_SYNC, .fd = 1 },		 /* fsync */
	[75] = { ZT_REFUSED_SYNC, .fd = 1 },		 /* fdatasync */
	[77] = { ZT_REFUSED_ALLOCATE, .fd = 1 },	 /* ftruncate */
	[82] = { ZT_REFUSED_CREATE, .path = 2 },	 /* rename */
	[83] = { ZT_REFUSED_CREATE, .path = 1 },	 /* mkdir */
	[85] = { ZT_REFUSED_CREATE, .path = 1 },	 /* creat */
	[86] = { ZT_REFUSED_CREATE, .path = 2 },	 /* link */
	[88] = { ZT_REFUSED_CREATE, .path = 2 },	 /* symlink */
	[133] = { ZT_REFUSED_CREATE, .path = 1 },	 /* mknod */
	[257] = { ZT_REFUSED_CREATE, .path = 2 },	 /* openat */
	[258] = { ZT_REFUSED_CREATE, .path = 2 },	 /* mkdirat */
	[259] = { ZT_REFUSED_CREATE, .path = 2 },	 /* mknodat */
	[264] = { ZT_REFUSED_CREATE, .path = 4 },	 /* renameat */
	[265] = { ZT_REFUSED_CREATE, .path = 4 },	 /* linkat */
	[266] = { ZT_REFUSED_CREATE, .path = 3 },	 /* symlinkat */
	[275] = { ZT_REFUSED_WRITE, .fd = 3 },		 /* splice */
	[285] = { ZT_REFUSED_ALLOCATE, .fd = 1, .len = 4 }, /* fallocate */
	[296] = { ZT_REFUSED_WRITE, .fd = 1 },		 /* pwritev */
	[316] = { ZT_REFUSED_CREATE, .path = 4 },	 /* renameat2 */
	[322] = { ZT_REFUSED_EXEC, .path = 2 },		 /* execveat */
	[326] = { ZT_REFUSED_WRITE, .fd = 3 },		 /* copy_file_range */
	[328] = { ZT_REFUSED_WRITE, .fd = 1 },		 /* pwritev2 */
	[435] = { ZT_REFUSED_FORK },			 /* clone3 */
	[437] = { ZT_REFUSED_CREATE, .path = 2 },	 /* openat2 */
};
#define CALLS (sizeof(calls) / sizeof(calls[0]))

/*
 * ENOMEM of other calls mostly says that an address is not mapped, ENOSPC of others that a table of the kernel's is full
 * (inotify, epoll, semaphores): neither is about memory or a disk.
 */
static __always_inline bool fits(const struct call *c, int error)
{
	return c->what && (error == ENOMEM) == (c->what <= ZT_REFUSED_EXEC);
}

static __always_inline void submit(struct task_struct *t, int error, const struct call *c, u32 nr,
				   struct pt_regs *regs)
{
	u64 path = c->path ? syscall_arg(regs, c->path - 1) : 0;
	struct file *f = c->fd ? file_of(t, syscall_arg(regs, c->fd - 1)) : NULL;
	struct zt_ev_refuse *e;
	u32 untold;

	if ((c->fd && !has_room_to_lack(f)) || !refuse_due(t, &untold))
		return;
	e = EMIT_NEW(refuse, REFUSE_BYTES, t);
	if (!e)
		return;
	e->error = error;
	e->what = c->what;
	e->nr = nr;
	e->untold = untold;
	if (c->len)
		e->asked_bytes = syscall_arg(regs, c->len - 1);
	refuse_memory(e, t);
	if (error == ENOMEM)
		refuse_no_path(e);
	else if (c->fd)
		refuse_file(e, f);
	else
		refuse_named(e, t, path);
	EMIT(e);
}

/* args: regs, return value */
SEC("raw_tp/sys_exit")
int on_sys_exit(struct bpf_raw_tracepoint_args *ctx)
{
	long ret = ctx->args[1];
	struct task_struct *t;
	struct pt_regs *regs;
	struct call c;
	u64 nr;

	regs = (void *)ctx->args[0];
	if (ret != -ENOMEM && ret != -ENOSPC && ret != -EDQUOT) {
		if (gate && net_may_tell(ret) && net_call_matters(syscall_nr(regs), ret))
			bpf_tail_call(ctx, &net_calls, 0);
		return 0;
	}
	nr = syscall_nr(regs);
	t = current_task();
	if (!gate || task_in_compat_call(t))
		return 0;
	KEEP(nr);
	if (nr >= CALLS)
		return 0;
	c = calls[nr];
	if (fits(&c, -ret))
		submit(t, -ret, &c, nr, regs);
	return 0;
}

enum { SIGBUS = 7, BUS_ADRERR = 2 };
#define FDS_LOOKED_AT 64

/*
 * A page of a mapped file that the file system has no room for is no call's error but a SIGBUS. Which file it was is not
 * at hand; an open one on a tmpfs that is full explains it.
 */
SEC("raw_tp/signal_generate")
int on_sigbus(struct bpf_raw_tracepoint_args *ctx)
{
	struct kernel_siginfo *si = (void *)ctx->args[1];
	struct task_struct *t = current_task();
	struct file *full = NULL;
	struct zt_ev_refuse *e;
	u32 untold;

	if ((int)ctx->args[0] != SIGBUS || !gate || ctx->args[1] <= 1 || (void *)ctx->args[2] != t ||
	    BPF_CORE_READ(si, si_code) != BUS_ADRERR)
		return 0;
	for (u32 fd = 0; fd < FDS_LOOKED_AT && !full; fd++) {
		struct file *f = file_of(t, fd);

		if (f && tmpfs_full(BPF_CORE_READ(f, f_path.mnt, mnt_sb)))
			full = f;
	}
	if (!full || !refuse_due(t, &untold))
		return 0;
	e = EMIT_NEW(refuse, REFUSE_BYTES, t);
	if (!e)
		return 0;
	e->error = ENOSPC;
	e->what = ZT_REFUSED_FAULT;
	e->untold = untold;
	refuse_memory(e, t);
	refuse_file(e, full);
	EMIT(e);
	return 0;
}
