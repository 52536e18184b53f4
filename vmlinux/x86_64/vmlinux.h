/* Kept by hand, after `bpftool btf dump file /sys/kernel/btf/vmlinux format c` of Linux 6.18.44: only what bpf/ reads. */
/* SPDX-License-Identifier: GPL-2.0 */
/*
 * CO-RE finds each field by its name in the running kernel's BTF: order, padding and offsets here
 * mean nothing. Fields that other kernels name or shape otherwise are in bpf/compat.h.
 */
#ifndef __VMLINUX_H__
#define __VMLINUX_H__

typedef signed char __s8;
typedef unsigned char __u8;
typedef short int __s16;
typedef unsigned short __u16;
typedef int __s32;
typedef unsigned int __u32;
typedef long long __s64;
typedef unsigned long long __u64;
typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s8 s8;
typedef __s32 s32;
typedef __s64 s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef _Bool bool;
typedef unsigned long size_t;
typedef int pid_t;
typedef unsigned int uid_t;

enum {
	false = 0,
	true = 1,
};

enum bpf_map_type {
	BPF_MAP_TYPE_PROG_ARRAY = 3,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_RINGBUF = 27,
};

enum {
	BPF_ANY = 0,
};

enum bpf_func_id {
	BPF_FUNC_kallsyms_lookup_name = 179,
};

enum {
	BPF_RB_NO_WAKEUP = 1,
	BPF_RB_FORCE_WAKEUP = 2,
};

enum {
	BPF_RB_AVAIL_DATA = 0,
};

/* uapi, not relocated */
struct bpf_raw_tracepoint_args {
	__u64 args[0];
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	s64 counter;
} atomic64_t;

typedef struct {
	long counter;
} atomic_long_t;

typedef struct {
	uid_t val;
} kuid_t;

struct list_head {
	struct list_head *next, *prev;
};

struct pt_regs {
	unsigned long r8;
	unsigned long r10;
	unsigned long orig_ax;
	unsigned long cx;
	unsigned long dx;
	unsigned long si;
	unsigned long di;
};

typedef struct {
	unsigned long bits[16];
} nodemask_t;

struct mempolicy {
	unsigned short mode;
};

struct percpu_counter {
	s64 count;
};

enum {
	MM_FILEPAGES = 0,
	MM_ANONPAGES = 1,
	MM_SWAPENTS = 2,
	MM_SHMEMPAGES = 3,
	NR_MM_COUNTERS = 4,
};

struct mm_struct {
	atomic_long_t pgtables_bytes;
	unsigned long hiwater_rss;
	unsigned long total_vm;
	unsigned long data_vm;
	int map_count;
	unsigned long arg_start;
	unsigned long arg_end;
	struct percpu_counter rss_stat[NR_MM_COUNTERS];
};

struct file_system_type {
	const char *name;
};

struct dentry;

struct qstr {
	const unsigned char *name;
};

struct dentry {
	struct dentry *d_parent;
	struct qstr d_name;
};

struct super_block {
	u32 s_dev;
	struct file_system_type *s_type;
	unsigned long s_magic;
	void *s_fs_info;
};

struct vfsmount {
	struct dentry *mnt_root;
	struct super_block *mnt_sb;
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct fs_struct {
	struct path root;
	struct path pwd;
};

struct inode {
	unsigned short i_mode;
};

struct in6_addr {
	__u8 bytes[16];
};

struct sock_common {
	__be32 skc_daddr;
	__be16 skc_dport;
	unsigned short skc_family;
	struct in6_addr skc_v6_daddr;
};

struct sock {
	struct sock_common __sk_common;
	unsigned short sk_protocol;
	int sk_err;
	int sk_err_soft;
};

struct socket {
	struct sock *sk;
};

struct file {
	struct inode *f_inode;
	void *private_data;
	struct path f_path;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct shmem_sb_info {
	unsigned long max_blocks;
	struct percpu_counter used_blocks;
	unsigned long max_inodes;
	unsigned long free_ispace;
};

struct ovl_config {
	char *upperdir;
};

struct ovl_fs {
	unsigned int numlayer;
	struct ovl_config config;
};

struct cred {
	kuid_t uid;
};

struct kernel_siginfo {
	int si_code;
};

struct rlimit {
	unsigned long rlim_cur;
};

enum {
	RLIM_NLIMITS = 16,
};

struct signal_struct {
	struct rlimit rlim[RLIM_NLIMITS];
	int nr_threads;
	atomic_t live;
	struct list_head thread_head;
	int group_exit_code;
	unsigned int flags;
	unsigned long maxrss;
	short oom_score_adj;
	struct mm_struct *oom_mm;
};

struct css_set;

struct thread_info {
	u32 status;
};

struct task_struct {
	struct thread_info thread_info;
	struct files_struct *files;
	struct mm_struct *mm;
	int exit_code;
	pid_t pid;
	pid_t tgid;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct list_head thread_node;
	u64 start_boottime;
	const struct cred *cred;
	char comm[16];
	struct fs_struct *fs;
	struct signal_struct *signal;
	struct mempolicy *mempolicy;
	nodemask_t mems_allowed;
	struct css_set *cgroups;
	struct list_head cg_list;
};

enum cgroup_subsys_id {
	memory_cgrp_id = 4,
	CGROUP_SUBSYS_COUNT = 12,
};

enum {
	CSS_ONLINE = 1 << 1,
};

struct cgroup;

struct cgroup_subsys_state {
	struct cgroup *cgroup;
	struct list_head sibling;
	struct list_head children;
	unsigned int flags;
	struct cgroup_subsys_state *parent;
};

struct kernfs_node {
	const char *name;
	u64 id;
};

struct cgroup_root {
	int hierarchy_id;
};

enum psi_states {
	PSI_MEM_SOME = 2,
};

struct psi_group {
	u64 total[12];
};

struct cgroup {
	struct cgroup_subsys_state self;
	struct kernfs_node *kn;
	struct cgroup_subsys_state *subsys[CGROUP_SUBSYS_COUNT];
	struct cgroup_root *root;
	struct list_head e_csets[CGROUP_SUBSYS_COUNT];
	struct psi_group *psi;
};

struct css_set {
	struct cgroup_subsys_state *subsys[CGROUP_SUBSYS_COUNT];
	struct list_head tasks;
	struct list_head dying_tasks;
	struct list_head e_cset_node[CGROUP_SUBSYS_COUNT];
};

struct page_counter {
	atomic_long_t usage;
	unsigned long watermark;
	unsigned long high;
	unsigned long max;
};

enum memcg_memory_event {
	MEMCG_HIGH = 1,
	MEMCG_OOM = 3,
	MEMCG_OOM_KILL = 4,
	MEMCG_NR_MEMORY_EVENTS = 9,
};

enum zone_stat_item {
	NR_FREE_PAGES = 0,
};

enum node_stat_item {
	NR_INACTIVE_ANON = 0,
	NR_SLAB_RECLAIMABLE_B = 5,
	NR_SLAB_UNRECLAIMABLE_B = 6,
	NR_ANON_MAPPED = 17,
	NR_FILE_PAGES = 19,
	NR_SHMEM = 22,
	NR_KERNEL_STACK_KB = 36,
	NR_PAGETABLE = 37,
	NR_SWAPCACHE = 40,
};

enum memcg_stat_item {
	MEMCG_SOCK = 52,
	MEMCG_KMEM = 55,
	MEMCG_NR_STAT = 58,
};

struct memcg_vmstats {
	long state[40];
};

struct mem_cgroup {
	struct cgroup_subsys_state css;
	struct page_counter memory;
	struct page_counter swap;
	struct page_counter memsw;
	struct page_counter kmem;
	bool oom_group;
	bool oom_lock;
	struct memcg_vmstats *vmstats;
	atomic_long_t memory_events[MEMCG_NR_MEMORY_EVENTS];
	atomic_long_t memory_events_local[MEMCG_NR_MEMORY_EVENTS];
};

enum oom_constraint {
	CONSTRAINT_NONE = 0,
	CONSTRAINT_CPUSET = 1,
	CONSTRAINT_MEMORY_POLICY = 2,
	CONSTRAINT_MEMCG = 3,
};

struct oom_control {
	struct mem_cgroup *memcg;
	unsigned int gfp_mask;
	int order;
	unsigned long totalpages;
	struct task_struct *chosen;
	long chosen_points;
	enum oom_constraint constraint;
};

#pragma clang attribute pop

#endif
