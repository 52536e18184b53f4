/* SPDX-License-Identifier: GPL-2.0 */
/* What is read of a process that was refused memory, and of the file system that refused it room. */
#ifndef ZTRACE_REFUSE_H
#define ZTRACE_REFUSE_H

#include "emit.h"

#define FSTYPE_BYTES 32
#define PATH_BYTES 1024
#define NAME_BYTES 256
#define DEPTH_MAX 10
#define REFUSE_TAIL (FSTYPE_BYTES + PATH_BYTES + NAME_BYTES)

/*
 * The names from the root of its mounts down to a file. It stands behind the tail, in the ring's memory, where the
 * verifier does not follow each value; h.size leaves it out.
 */
struct names {
	u64 dentry[DEPTH_MAX]; /* leaf first */
	u32 below;	       /* so many are of its own mount; the next one is where that is mounted */
	u32 cut, crossed;
	u32 path, at; /* of the tail: where the path begins, and how far it is written */
	u32 pad;
};
#define REFUSE_BYTES (sizeof(struct zt_ev_refuse) + REFUSE_TAIL + sizeof(struct names))

#define TMPFS_MAGIC 0x01021994
enum { RLIMIT_DATA = 2, RLIMIT_AS = 9 };

/* A process may be refused a thousand times a second and live on: the first few are told, then one in 100 ms. */
#define REFUSE_FIRST 4
#define REFUSE_EVERY_NS 100000000ull
struct refused {
	u64 start_ns; /* of the process: its pid may have been another's */
	u64 told_ns;
	u32 told, untold;
};
struct refused_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, struct refused);
};
struct refused_map refused SEC(".maps");

static __always_inline bool refuse_due(struct task_struct *t, u32 *untold)
{
	u64 now = bpf_ktime_get_boot_ns(), start = BPF_CORE_READ(t, group_leader, start_boottime);
	u32 tgid = BPF_CORE_READ(t, tgid);
	struct refused *r = bpf_map_lookup_elem(&refused, &tgid), first = { start, now, 1, 0 };

	*untold = 0;
	if (!r || r->start_ns != start) {
		bpf_map_update_elem(&refused, &tgid, &first, BPF_ANY);
		return true;
	}
	if (r->told >= REFUSE_FIRST && now - r->told_ns < REFUSE_EVERY_NS) {
		r->untold++;
		return false;
	}
	*untold = r->untold;
	r->untold = 0;
	r->told++;
	r->told_ns = now;
	return true;
}

static __always_inline u64 task_rlimit_bytes(struct task_struct *t, u32 which)
{
	struct signal_struct *sig = BPF_CORE_READ(t, signal);
	unsigned long n = ~0UL;

	bpf_probe_read_kernel(&n, sizeof(n), (void *)sig + bpf_core_field_offset(sig->rlim) +
		bpf_core_type_size(struct rlimit) * which);
	return n == ~0UL ? ZT_NO_LIMIT : n;
}

static __always_inline void refuse_memory(struct zt_ev_refuse *e, struct task_struct *t)
{
	struct mm_struct *mm = BPF_CORE_READ(t, mm);

	e->total_vm_bytes = BPF_CORE_READ(mm, total_vm) * page_bytes;
	e->data_bytes = BPF_CORE_READ(mm, data_vm) * page_bytes;
	e->map_count = BPF_CORE_READ(mm, map_count);
	e->as_limit_bytes = task_rlimit_bytes(t, RLIMIT_AS);
	e->data_limit_bytes = task_rlimit_bytes(t, RLIMIT_DATA);
	task_comm(e->comm, t);
}

/* Not a device (/dev/full), a pipe or a socket */
static __always_inline bool has_room_to_lack(struct file *f)
{
	u32 kind = BPF_CORE_READ(f, f_inode, i_mode) & 0170000;

	return kind == 0100000 || kind == 0040000;
}

static __always_inline bool tmpfs_full(struct super_block *sb)
{
	struct shmem_sb_info *s = BPF_CORE_READ(sb, s_fs_info);
	u64 max;

	if (BPF_CORE_READ(sb, s_magic) != TMPFS_MAGIC)
		return false;
	max = BPF_CORE_READ(s, max_blocks);
	/* the count lags behind by a batch a cpu */
	return max && BPF_CORE_READ(s, used_blocks.count) + max / 16 >= max;
}

static __always_inline void refuse_fs(struct zt_ev_refuse *e, struct super_block *sb)
{
	struct shmem_sb_info *s = BPF_CORE_READ(sb, s_fs_info);
	s64 used;

	e->dev = BPF_CORE_READ(sb, s_dev);
	if (BPF_CORE_READ(sb, s_magic) != TMPFS_MAGIC)
		return;
	used = BPF_CORE_READ(s, used_blocks.count);
	e->fs_total_bytes = BPF_CORE_READ(s, max_blocks) * page_bytes;
	e->fs_used_bytes = used > 0 ? used * page_bytes : 0;
	e->fs_files = BPF_CORE_READ(s, max_inodes);
	if (e->fs_files)
		e->fs_files_free = tmpfs_free_inodes(s);
}

/* The tail's two strings, both "" */
static __always_inline void refuse_no_path(struct zt_ev_refuse *e)
{
	char *tail = (char *)(e + 1);

	tail[0] = tail[1] = 0;
	e->h.size = sizeof(*e) + 2;
}

/* Length with NUL */
static __always_inline u64 put_fstype(struct zt_ev_refuse *e, struct super_block *sb)
{
	char *tail = (char *)(e + 1);
	u64 n = put_str(tail, 0, FSTYPE_BYTES, BPF_CORE_READ(sb, s_type, name));

	if (n)
		return n;
	tail[0] = 0;
	return 1;
}

static __always_inline struct names *names_of(struct zt_ev_refuse *e)
{
	return (void *)(e + 1) + REFUSE_TAIL;
}

#define STACKED_MAX 3 /* mounts on the root of another mount */

/* All mounts whose root d is. true: at the root of them all */
static __always_inline bool leave_mounts(struct names *n, u32 i, struct mount **m, struct dentry **d)
{
	for (u32 j = 0; j < STACKED_MAX; j++) {
		struct mount *up = BPF_CORE_READ(*m, mnt_parent);

		if (*d != BPF_CORE_READ(*m, mnt.mnt_root))
			return false;
		if (up == *m)
			return true;
		if (!n->crossed)
			n->below = i;
		n->crossed = 1;
		*d = BPF_CORE_READ(*m, mnt_mountpoint);
		*m = up;
	}
	return *d == BPF_CORE_READ(*m, mnt.mnt_root);
}

static __always_inline void walk_up(struct names *n, struct file *f)
{
	struct vfsmount *mnt = BPF_CORE_READ(f, f_path.mnt);
	struct mount *m = (void *)mnt - bpf_core_field_offset(struct mount, mnt);
	struct dentry *d = BPF_CORE_READ(f, f_path.dentry);

	__builtin_memset(n, 0, sizeof(*n));
	for (u32 i = 0; i < DEPTH_MAX; i++) {
		if (leave_mounts(n, i, &m, &d))
			return;
		n->dentry[i] = (u64)d;
		d = BPF_CORE_READ(d, d_parent);
	}
	n->cut = 1;
}

/* "/dev/shm/x"; what comes behind DEPTH_MAX names or PATH_BYTES is missing at the front or at the end. */
static __always_inline void refuse_file(struct zt_ev_refuse *e, struct file *f)
{
	struct super_block *sb = BPF_CORE_READ(f, f_path.mnt, mnt_sb);
	struct names *n = names_of(e);
	char *tail = (char *)(e + 1);
	u64 at;

	refuse_fs(e, sb);
	walk_up(n, f);
	if (n->cut)
		e->h.flags |= ZT_F_REFUSE_PATH_CUT;
	n->path = n->at = put_fstype(e, sb);
	for (u32 j = 0; j < DEPTH_MAX; j++) {
		const u32 i = DEPTH_MAX - 1 - j;
		struct dentry *d = (void *)n->dentry[i];

		at = n->at;
		KEEP(at);
		if (!d || at > FSTYPE_BYTES + PATH_BYTES - 2)
			continue;
		tail[at] = '/';
		/* over the NUL goes the next one's slash */
		n->at += put_str(tail, at + 1, NAME_BYTES, BPF_CORE_READ(d, d_name.name));
		if (n->crossed && i == n->below)
			e->mount_bytes = n->at - n->path;
	}
	at = n->at;
	KEEP(at);
	if (at > REFUSE_TAIL - 1) /* known to be false; tells the verifier */
		return;
	tail[at] = 0;
	e->h.size = sizeof(*e) + at + 1;
}

/* A name that was not made: what the program called it, on the file system of its root or working directory. */
static __always_inline void refuse_named(struct zt_ev_refuse *e, struct task_struct *t, u64 name)
{
	char *tail = (char *)(e + 1);
	struct super_block *sb;
	char first = 0;
	u64 at, len;

	bpf_probe_read_user(&first, 1, (void *)name);
	sb = first == '/' ? BPF_CORE_READ(t, fs, root.mnt, mnt_sb) : BPF_CORE_READ(t, fs, pwd.mnt, mnt_sb);
	e->h.flags |= ZT_F_REFUSE_PATH_GIVEN;
	refuse_fs(e, sb);
	at = put_fstype(e, sb);
	len = bpf_probe_read_user_str(tail + at, PATH_BYTES, (void *)name);
	KEEP(len);
	if (len < 1 || len > PATH_BYTES) {
		tail[at] = 0;
		len = 1;
	}
	e->h.size = sizeof(*e) + at + len;
}

#endif
