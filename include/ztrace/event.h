/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The one list of events. What a BPF program submits is what is written to the trace
 * file is what the model reads: there is no second struct and no converter.
 *
 * Growth: append fields to a struct, never reorder. A reader zero-extends a short fixed
 * part, so zero always means "not known". Numbers are forever; retire one by leaving a hole.
 * Memory is bytes and time is nanoseconds of CLOCK_BOOTTIME, always.
 */
#ifndef ZTRACE_EVENT_H
#define ZTRACE_EVENT_H

#include "types.h"

#define ZT_EVENTS(X)                                                                           \
	X(1, fork) X(2, exec) X(3, exit) X(4, signal) X(5, proc) X(6, rootfs)                  \
	X(7, refuse) X(8, space) X(9, env)                                                     \
	X(10, cgroup) X(11, attach) X(12, rmdir)                                               \
	X(20, kill) X(21, level) X(22, task) X(23, kill_end)                                   \
	X(30, host) X(31, memstat) X(32, sample) X(34, lift)                                   \
	X(40, start) X(41, fact) X(42, child) X(43, file) X(44, layer) X(45, past) X(46, service) \
	X(47, scope) X(48, ref) X(49, image)                                                                        \
	X(50, connect) X(51, dns) X(52, peer)                                                 \
	X(60, log) X(61, logstep) X(62, logline) X(63, logsource)                             \
	X(90, hook) X(91, lost) X(92, note) X(99, end)

enum zt_kind {
#define ZT_X(nr, name) ZT_##name = nr,
	ZT_EVENTS(ZT_X)
#undef ZT_X
	ZT_KIND_MAX = 100,
};

/* A process is {pid, start}: pids are recycled within minutes by a busy build. */
struct zt_id {
	zt_u32 tgid;
	zt_u32 tid;
	zt_u64 start_ns; /* start_boottime of the group leader; /proc gives it only to 10 ms */
};

/*
 * Head of every event. `fixed` is the size of the struct as its writer knew it; what lies
 * between `fixed` and `size` is the tail (strings or bytes, described at each struct).
 */
struct zt_ev {
	zt_u32 size;
	zt_u16 kind;
	zt_u16 fixed;
	zt_u32 flags; /* ZT_F_*: per kind */
	zt_u32 cpu;
	zt_u64 ts_ns;
	zt_u64 cgroup; /* memory cgroup of `who` (kernfs id in the hierarchy of the controller) */
	struct zt_id who;
};

/* In h.flags of any kind: read from a log. Its time is the log's (enum zt_log_clock of the `log` event before it); 0: none */
#define ZT_F_FROM_LOG (1u << 30)
/* Of any kind: told by the traced program's own side, or put together from files. Never confirmed. */
#define ZT_F_CLAIMED (1u << 31)

#define ZT_EV_SIZE_MAX (64 * 1024)
#define ZT_NO_LIMIT (~(zt_u64)0)

/* who = parent */
struct zt_ev_fork {
	struct zt_ev h;
	struct zt_id child;
};

#define ZT_F_EXEC_CUT (1u << 0)	      /* argv_total_bytes > what the tail holds */
#define ZT_F_EXEC_UNREADABLE (1u << 1) /* argv could not be read at all */
#define ZT_F_EXEC_ENTRY (1u << 2)      /* root file system differs from the parent's: enters a container */
#define ZT_F_EXEC_NEW_CGROUP (1u << 3) /* memory cgroup differs from the parent's */
#define ZT_F_EXEC_MASKED (1u << 4)     /* secrets in the tail were replaced by ***** */
#define ZT_ARGV_MAX (32 * 1024)

/* who = the new program. Tail: argv, NUL-separated, argv_bytes long. */
struct zt_ev_exec {
	struct zt_ev h;
	struct zt_id parent;
	zt_u64 parent_cgroup;
	zt_u32 uid;
	zt_u32 argv_bytes;	 /* in the tail, before masking shortened it */
	zt_u32 argv_total_bytes; /* as the program got it */
	zt_s32 oom_score_adj;
	zt_u64 argv_hash;	 /* zt_hash of the first argv_hashed_bytes; only when cut, else 0 */
	zt_u32 argv_hashed_bytes;
	zt_u32 pad;
	char comm[ZT_COMM_LEN];
};

#define ZT_F_EXIT_OOM_VICTIM (1u << 0)	/* signal->oom_mm was set: the OOM killer marked it */
#define ZT_F_EXIT_PEAK_BOUND (1u << 1)	/* peak is an upper bound inherited across exec (signal->maxrss) */

/* who = the process, all of its threads gone */
struct zt_ev_exit {
	struct zt_ev h;
	zt_s32 exit_code; /* raw wait status word: (code << 8) | signal */
	zt_u32 pad;
	zt_u64 peak_rss_bytes;
	char comm[ZT_COMM_LEN];
};

#define ZT_F_SIGNAL_KERNEL (1u << 0)  /* SEND_SIG_PRIV: sent by the kernel itself */
#define ZT_F_SIGNAL_GROUP (1u << 1)
#define ZT_F_SIGNAL_IGNORED (1u << 2) /* not delivered: result IGNORED or ALREADY_PENDING */

/* who = current task = sender (for a kernel-sent signal: whoever was running). HUP INT QUIT KILL TERM only. */
struct zt_ev_signal {
	struct zt_ev h;
	zt_s32 sig;
	zt_s32 code; /* si_code */
	zt_s32 result;
	zt_u32 pad;
	struct zt_id target;
	zt_u64 target_cgroup;
	struct zt_id sender_parent;
	char comm[ZT_COMM_LEN]; /* sender's group leader */
	char target_comm[ZT_COMM_LEN];
};

/* A process that ran before the trace did. who = it; start_ns rounded to the clock tick.
 * flags: ZT_F_EXEC_CUT, _UNREADABLE, _MASKED. Tail: argv. */
struct zt_ev_proc {
	struct zt_ev h;
	struct zt_id parent;
	zt_u32 uid;
	zt_u32 argv_bytes;
	zt_s32 oom_score_adj;
	zt_u32 pad;
	char comm[ZT_COMM_LEN];
};

/* After an exec whose root file system is not its parent's. Tail: fstype, upperdir ("" when not an overlay). */
struct zt_ev_rootfs {
	struct zt_ev h;
	zt_u32 nlower; /* number of lower layers; 0: not known */
	zt_u32 pad;
};

/* What was asked for when the kernel said no */
enum zt_refused {
	ZT_REFUSED_MAP = 1, /* mmap */
	ZT_REFUSED_REMAP = 2, /* mremap */
	ZT_REFUSED_PROTECT = 3, /* mprotect: pages that become writable count as asked for */
	ZT_REFUSED_FORK = 4,
	ZT_REFUSED_EXEC = 5,
	ZT_REFUSED_WRITE = 6,
	ZT_REFUSED_ALLOCATE = 7, /* fallocate, ftruncate */
	ZT_REFUSED_CREATE = 8, /* a name: open, mkdir, rename, link … */
	ZT_REFUSED_SYNC = 9,
	ZT_REFUSED_FAULT = 10, /* no call: a page of a file could not be had, SIGBUS */
};

#define ZT_F_REFUSE_PATH_GIVEN (1u << 0) /* path is what the program named, and the file system that of its root or cwd */
#define ZT_F_REFUSE_PATH_CUT (1u << 1)	 /* the front of the path is missing */

/*
 * The kernel refused memory (ENOMEM) or room on a file system (ENOSPC, EDQUOT). who = the process. At most some ten a
 * second and process; `untold` counts those in between. Tail: fstype, path, both "" for memory.
 */
struct zt_ev_refuse {
	struct zt_ev h;
	zt_s32 error;
	zt_u32 what; /* enum zt_refused */
	zt_u32 nr;   /* number of the system call on this machine */
	zt_u32 untold;
	zt_u64 asked_bytes; /* 0: not known */
	zt_u64 total_vm_bytes;
	zt_u64 data_bytes; /* private writable mappings */
	zt_u64 as_limit_bytes, data_limit_bytes; /* RLIMIT_AS, RLIMIT_DATA; ZT_NO_LIMIT: none */
	zt_u32 map_count;
	zt_u32 mount_bytes; /* so much of path is where its file system is mounted; 0: the root */
	zt_u32 dev;	    /* major << 20 | minor of the file system */
	zt_u32 pad;
	zt_u64 fs_total_bytes, fs_used_bytes; /* of a tmpfs with a size; 0: not known */
	zt_u64 fs_files, fs_files_free;	      /* likewise */
	char comm[ZT_COMM_LEN];
};

/*
 * statfs() of what refused room, some ms later. who = the process; h.cgroup its cgroup. Tail: the place on the host that
 * was looked at.
 */
struct zt_ev_space {
	struct zt_ev h;
	zt_u32 dev; /* as asked for; 0: by path */
	zt_u32 pad;
	zt_u64 total_bytes, free_bytes, available_bytes; /* free: with what is kept for root */
	zt_u64 files, files_free;
};

#define ZT_F_ENV_CI (1u << 0) /* one of those by which a CI's jobs tell themselves */
/*
 * An environment variable of a program: of the few that set a heap limit, a build arg's of a step, or a CI's. who = it.
 * Tail: name, value (masked).
 */
struct zt_ev_env {
	struct zt_ev h;
};

#define ZT_F_MEMCG_SWAP_INCLUSIVE (1u << 0) /* swap_* count memory+swap (cgroup v1), not swap alone (v2) */
#define ZT_F_MEMCG_OOM_GROUP (1u << 1)	    /* memory.oom.group */
#define ZT_F_MEMCG_OOM_LOCKED (1u << 2)	    /* oom_lock: inside the domain of the OOM under way */
#define ZT_F_MEMCG_STATS (1u << 3)	    /* anon/file/shmem below were readable */
#define ZT_F_MEMCG_DYING (1u << 4)	    /* removed already, pages still charged */

/* A memory cgroup's counters. Usage can pass a limit by a batch of 64 pages per cpu. */
struct zt_memcg {
	zt_u64 id;
	zt_u64 parent; /* 0: none */
	zt_u64 usage_bytes;
	zt_u64 limit_bytes; /* ZT_NO_LIMIT: none */
	zt_u64 swap_usage_bytes;
	zt_u64 swap_limit_bytes;
	zt_u64 peak_bytes; /* page_counter watermark */
	zt_u64 events_oom;
	zt_u64 events_oom_kill;
	zt_u64 anon_bytes;
	zt_u64 file_bytes;
	zt_u64 shmem_bytes;
	zt_u64 kernel_bytes;
	zt_u32 flags;
	zt_u32 pad;
	zt_u64 high_bytes;	 /* memory.high: throttled above it; 0 or ZT_NO_LIMIT: none */
	zt_u64 events_high;	 /* how often it throttled, here and below */
	zt_u64 events_oom_local; /* events_oom of this level's own limits; 0: none or not readable */
	zt_u64 pressure_ns;	 /* PSI: time in which some task here stalled for memory */
	zt_u64 slab_bytes;	 /* these two with ZT_F_MEMCG_STATS only */
	zt_u64 sock_bytes;
};

#define ZT_F_CGROUP_SNAPSHOT (1u << 0) /* was there before the trace; no counters */
#define ZT_F_CGROUP_PATH_CUT (1u << 1)

/* A memory cgroup came into being (who = maker) or was found at the start. Tail: path from the hierarchy's root. */
struct zt_ev_cgroup {
	struct zt_ev h;
	struct zt_memcg mem;
};

/* who = whoever moved it */
struct zt_ev_attach {
	struct zt_ev h;
	struct zt_id target;
	zt_u64 target_cgroup;
};

/* Last look at a memory cgroup: exact peak, limit and events. who = remover. */
struct zt_ev_rmdir {
	struct zt_ev h;
	struct zt_memcg mem;
};

struct zt_rss {
	zt_u64 anon_bytes;
	zt_u64 file_bytes;
	zt_u64 shmem_bytes;
	zt_u64 swap_bytes;
	zt_u64 pgtable_bytes;
};

#define ZT_F_KILL_GROUP (1u << 0)  /* a level between victim and domain has memory.oom.group */
#define ZT_F_KILL_NO_WALK (1u << 1) /* same decision as the kill before: its levels and tasks serve this one too */
#define ZT_F_KILL_HOST (1u << 2)   /* no cgroup of the victim's was locked for OOM: a host-wide (or cpuset) OOM */
#define ZT_F_KILL_WAS_DYING (1u << 3) /* got no SIGKILL: was exiting already and only got leave to finish */
#define ZT_F_KILL_OUTSIDE (1u << 5) /* no limit that can be seen was hit: one above those, or the host */
#define ZT_F_KILL_DECIDED (1u << 4) /* domain and the fields from `decision` on are the kernel's own (oom_control) */

/* enum oom_constraint + 1 */
enum zt_constraint {
	ZT_CONSTRAINT_UNKNOWN = 0,
	ZT_CONSTRAINT_NONE = 1, /* the host */
	ZT_CONSTRAINT_CPUSET = 2,
	ZT_CONSTRAINT_MEMPOLICY = 3,
	ZT_CONSTRAINT_MEMCG = 4,
};
#define ZT_ORDER_SYSRQ (-1) /* order of a kill asked for with SysRq-f */

/*
 * The kernel's OOM killer chose a victim. who = current = the task whose allocation failed (trigger).
 * Followed by `level` events (chain leaf to root, then the domain's descendants), `task` events and kill_end,
 * all with the same seq. They come through a ring of their own.
 */
struct zt_ev_kill {
	struct zt_ev h;
	zt_u64 seq;
	struct zt_id victim;
	zt_u64 victim_cgroup;
	zt_u64 domain; /* cgroup whose limit was hit; 0 with ZT_F_KILL_HOST */
	struct zt_rss rss;
	zt_u64 total_vm_bytes;
	zt_u64 peak_rss_bytes;
	zt_u32 uid;
	zt_s32 oom_score_adj;
	struct zt_id victim_parent;
	char comm[ZT_COMM_LEN];	       /* trigger */
	char victim_comm[ZT_COMM_LEN];
	zt_u64 decision;	/* counts oom_kill_process(); the victims of one share it. 0: no hook tells it */
	struct zt_id chosen;	/* the victim the kernel picked; others of its group follow */
	zt_s64 points;		/* of chosen: pages + oom_score_adj / 1000 of total_bytes in pages */
	zt_u64 total_bytes;	/* what points are measured against: limit and swap, or RAM and swap */
	zt_u32 gfp;
	zt_s32 order;		/* 2^order pages were asked for; ZT_ORDER_SYSRQ */
	zt_u32 constraint;	/* enum zt_constraint; without ZT_F_KILL_DECIDED: as read from the trigger's memory policy */
	zt_u32 candidates;	/* processes weighed for this decision; 0: not known */
	zt_u64 data_bytes;	/* the victim's private writable mappings (mm->data_vm): what it has asked for so far */
	zt_u32 threads;		/* of the victim; each has a stack that data_bytes counts in full. 0: not known */
	zt_u32 pad;
};

#define ZT_F_LEVEL_CHAIN (1u << 0)  /* an ancestor-or-self of the victim's cgroup; depth 0 = victim's own */
#define ZT_F_LEVEL_MEMBER (1u << 1) /* a descendant of the domain; depth counts from the domain (children 1) */
#define ZT_F_LEVEL_DOMAIN (1u << 2) /* the level whose limit was hit */

/* Tail: name of the cgroup (last path component; "" for the root) */
struct zt_ev_level {
	struct zt_ev h;
	zt_u64 seq;
	zt_u32 depth;
	zt_u32 pad;
	struct zt_memcg mem;
};

#define ZT_F_TASK_CANDIDATE (1u << 0) /* the kernel weighed it: points are those of that moment */
#define ZT_F_TASK_EXEMPT (1u << 1)    /* it may not be chosen: oom_score_adj -1000 */

/* A process in the domain at the kill. who = it, h.cgroup = its cgroup. */
struct zt_ev_task {
	struct zt_ev h;
	zt_u64 seq;
	struct zt_rss rss;
	zt_s32 oom_score_adj;
	zt_u32 pad;
	char comm[ZT_COMM_LEN];
	zt_s64 points; /* in pages, with ZT_F_TASK_CANDIDATE */
	zt_u64 data_bytes; /* as in zt_ev_kill; 0: not known */
	zt_u32 threads;
	zt_u32 pad2;
};

#define ZT_F_KILL_END_CUT (1u << 0) /* more levels or tasks than the walk may visit */
#define ZT_F_KILL_END_PAGES (1u << 1) /* a log's: how large the pages are that it counts tasks in was assumed */

struct zt_ev_kill_end {
	struct zt_ev h;
	zt_u64 seq;
	zt_u32 levels;
	zt_u32 tasks;
	zt_u64 duration_ns; /* time spent in the BPF program */
};

/*
 * /proc/meminfo: sampled, and once right after each kill (AT_KILL). Where the kernel's counters can be read from
 * a program, also at the kill itself, between kill and kill_end (AT_KILL and KERNEL; available_bytes not known).
 */
#define ZT_F_HOST_AT_KILL (1u << 0)
#define ZT_F_HOST_KERNEL (1u << 1)
struct zt_ev_host {
	struct zt_ev h;
	zt_u64 total_bytes;
	zt_u64 available_bytes;
	zt_u64 free_bytes;
	zt_u64 swap_total_bytes;
	zt_u64 swap_free_bytes;
	zt_u64 shmem_bytes;
	zt_u64 cached_bytes;
	zt_u64 slab_bytes;
	zt_u64 anon_bytes;
	zt_u64 pagetable_bytes;
	zt_u64 kernel_stack_bytes;
	zt_u64 commit_limit_bytes; /* these two matter with vm.overcommit_memory=2 only; 0: not known */
	zt_u64 committed_bytes;
	zt_u64 stall_some_ns; /* PSI: so long some task has waited for memory since boot, */
	zt_u64 stall_full_ns; /* and all that could have run; 0: not known */
};

/*
 * memory.stat of the cgroup h.cgroup with all below it, read right after a kill: the domain's, or the victim's own
 * where the domain's sums were stale. 0: not there or none.
 */
struct zt_ev_memstat {
	struct zt_ev h;
	zt_u64 anon_bytes;
	zt_u64 file_bytes; /* page cache, shmem not counted */
	zt_u64 shmem_bytes; /* tmpfs, /dev/shm, shared anonymous memory */
	zt_u64 kernel_bytes; /* v2, 5.18 on */
	zt_u64 slab_bytes;
	zt_u64 sock_bytes;
};

/* What a memory cgroup (h.cgroup) used at that moment, at most four times a second and cgroup; who = ztrace. */
struct zt_ev_sample {
	struct zt_ev h;
	zt_u64 usage_bytes;
	zt_u64 swap_bytes; /* v2 only; 0: none or not known */
};

/*
 * A limit that `ztrace measure` lifted for the time of the build, told at its end; h.cgroup = the level. Tail: path from
 * the hierarchy's root, the file. set_bytes 0: nothing was lifted there, it was only looked at: a step. Path "swap",
 * cgroup 0: swap that was lent to the host; was_bytes: what it has without, need_bytes: the most that was in use.
 */
struct zt_ev_lift {
	struct zt_ev h;
	zt_u64 was_bytes;  /* the limit, which is in force again */
	zt_u64 was_swap_bytes; /* that of swap (v2), of memory and swap (v1); ZT_NO_LIMIT: none */
	zt_u64 set_bytes;  /* what it was lifted to */
	zt_u64 need_bytes; /* the most that was used at once and could not be given back */
	zt_u64 peak_bytes; /* likewise with page cache */
};

/* First event of a trace. who = ztrace. */
struct zt_ev_start {
	struct zt_ev h;
	zt_u64 realtime_ns; /* CLOCK_REALTIME at h.ts_ns */
	zt_s32 utc_offset_s; /* of the machine's zone then */
	zt_u32 cgroup_version; /* where the memory controller is: 1, 2; 0 none */
	zt_u32 page_bytes;
	zt_u32 cpus;
};

/* Tail: key, value. Keys: kernel.release arch hostname command.arg (once an argument) command.cwd docker.version … */
struct zt_ev_fact {
	struct zt_ev h;
};

#define ZT_F_CHILD_STARTED (1u << 0)
#define ZT_F_CHILD_EXITED (1u << 1)
/* The traced command. who = it. */
struct zt_ev_child {
	struct zt_ev h;
	zt_s32 status; /* raw wait status */
	zt_u32 pad;
};

#define ZT_F_FILE_LAST (1u << 0)   /* last chunk */
#define ZT_F_FILE_CUT (1u << 1)    /* longer than we read */
#define ZT_F_FILE_MASKED (1u << 2)
enum zt_file_role {
	ZT_FILE_DOCKERFILE = 1,
	ZT_FILE_PROJECT = 2, /* compose or bake file; told only when it could not be read, without content */
};
enum zt_file_status {
	ZT_FILE_OK = 0,
	ZT_FILE_ERRNO = 1,	/* error = errno */
	ZT_FILE_STDIN = 2,	/* came over a pipe: nobody can read it again */
	ZT_FILE_REMOTE = 3,	/* URL or git context */
	ZT_FILE_NOT_REGULAR = 4,
	ZT_FILE_GONE = 5,	/* the process that named it was gone */
	ZT_FILE_UNKNOWN = 6,	/* bake's file names it by an expression that ztrace does not work out */
};
#define ZT_FILE_CHUNK (32 * 1024)
#define ZT_FILE_MAX (1024 * 1024)

/*
 * What a Dockerfile inherits from an image. cgroup = the step at whose start it was looked at. Tail: the image as the FROM
 * names it, then "onbuild=TRIGGER" and "shell=WORD" in order, NUL-separated.
 */
struct zt_ev_image {
	struct zt_ev h;
};

/*
 * One of what a client builds at once: a compose service, a target of bake. who = the client. Tail: name, target stage
 * ("": the last), then build args K=V, NUL-separated; K alone: its value is not in the file.
 */
struct zt_ev_service {
	struct zt_ev h;
	zt_u32 number; /* from 1 */
	zt_u32 labels; /* so many labels its file gives the image */
};

/*
 * What buildx calls a build, by a file that it wrote while that client ran. who = the client. Tail: "BUILDER/NODE/ID", the
 * target: a compose service, a target of bake, else "default". Clients that could have written the same are told it all.
 */
struct zt_ev_ref {
	struct zt_ev h;
};

/* A file that a process named. who = that process. Tail: path as a user would write it, then bytes of the chunk. */
struct zt_ev_file {
	struct zt_ev h;
	zt_u32 role;
	zt_u32 status;
	zt_s32 error;
	zt_u32 service; /* of a service event before it; 0: what the client's own command line names */
	zt_u64 offset_bytes;
	zt_u64 total_bytes;
	zt_u64 mtime_ns;
};

#define ZT_F_LAYER_SIZE (1u << 0) /* tells size_bytes and nothing else */
#define ZT_F_LAYER_CUT (1u << 1)  /* there is more than that: too much to be counted */
/*
 * The image layer a step writes. who = the step's first process, h.cgroup = the step's cgroup.
 * Tail: snapshot, parent snapshot, base image name (any may be "").
 */
struct zt_ev_layer {
	struct zt_ev h;
	zt_u32 number;	    /* 1-based, above the base image's last layer; 0: not known */
	zt_u32 base_layers; /* layers of the base image */
	zt_u64 size_bytes;  /* on disk, at the kill */
};

/*
 * What the step in cgroup h.cgroup took in an earlier traced run; newest first, at most ZT_PAST_MAX. From ztrace's own
 * history, written when the step is known, so that a report of this trace says the same on any machine.
 */
#define ZT_PAST_MAX 5
#define ZT_F_PAST_OOM (1u << 0)	   /* a process of it was killed for memory: peak_bytes is less than it needs */
#define ZT_F_PAST_FAILED (1u << 1) /* it failed, for whatever reason */
struct zt_ev_past {
	struct zt_ev h;
	zt_u64 peak_bytes;
	zt_u64 limit_bytes; /* the least limit above it then; ZT_NO_LIMIT: none; 0: not known */
	zt_u64 time_s;	    /* CLOCK_REALTIME of its end */
};

/*
 * What the report is about, where that is not the whole machine: the memory cgroup h.cgroup and all below it, who and
 * what descends from it from now on, or, with neither, what is known to be a job of that CI. Several add up. Tail: kind
 * ("pid" "cgroup" "container" "ci"), what the user gave.
 */
struct zt_ev_scope {
	struct zt_ev h;
};

/* What is told of a connection */
enum zt_net_state {
	ZT_NET_UP = 1,	      /* established; took_ns: since connect() */
	ZT_NET_FAILED = 2,    /* never was: error says why; 0: the program gave up first */
	ZT_NET_BROKEN = 3,    /* was, then ended with an error */
	ZT_NET_STATUS = 4,    /* an HTTP response's status: the first one, each from 400 on, and one that is good again */
	ZT_NET_ALERT_IN = 5,  /* TLS: the other end sent an alert */
	ZT_NET_ALERT_OUT = 6, /* TLS: the program did; alert 0: it was encrypted */
	ZT_NET_CUT = 7,	      /* the other end closed during the TLS handshake */
	ZT_NET_NO_TLS = 8,    /* the other end does not speak TLS */
	ZT_NET_LEFT = 9,      /* the program closed before it asked anything over TLS, after the other end had answered */
	ZT_NET_ASKED = 10,    /* TLS: the program sent data of its own, so it has accepted the other end */
	ZT_NET_STALLED = 11,  /* the program closed after some seconds without a byte; took_ns: since the last one */
};
#define ZT_F_NET_TLS (1u << 0)	   /* the program began a TLS handshake */
#define ZT_F_NET_PROXY (1u << 1)   /* to an HTTP proxy: host is what was asked of it */
#define ZT_F_NET_TUNNEL (1u << 2)  /* likewise, with CONNECT, and the proxy has agreed */
#define ZT_F_NET_WAITED (1u << 3)  /* it had asked, and no answer came */
#define ZT_F_NET_GAPS (1u << 4)	   /* what came later had come, or what it sent was not acknowledged */
#define ZT_NET_HOST_MAX 128

/*
 * A TCP connection that a process asked for. who = that process, h.cgroup = its cgroup. Never what is transferred, but for
 * the name of the host and the status. At most some hundred a second and cgroup; `untold` counts those in between.
 * Tail: host, of TLS (SNI), Host: or the request to a proxy; "": none was seen.
 */
struct zt_ev_connect {
	struct zt_ev h;
	zt_u32 state; /* enum zt_net_state */
	zt_s32 error;
	zt_u32 port;
	zt_u32 status; /* HTTP's, with ZT_NET_STATUS */
	zt_u32 alert;  /* TLS's number */
	zt_u32 untold;
	zt_u64 addr_hi, addr_lo; /* IPv6, or IPv4 as ::ffff:a.b.c.d; the first byte is the highest */
	zt_u64 took_ns;		 /* since connect() */
	char comm[ZT_COMM_LEN];
};

enum zt_dns_what {
	ZT_DNS_QUERY = 1,
	ZT_DNS_ANSWER = 2, /* one event an address, or one without */
	ZT_DNS_ERROR = 3,  /* none: error says why */
};
/* A question to a DNS server, or its answer. who, h.cgroup, untold as above. Tail: the name as DNS writes it (length, label …). */
struct zt_ev_dns {
	struct zt_ev h;
	zt_u32 what; /* enum zt_dns_what */
	zt_s32 error;
	zt_u32 rcode;
	zt_u32 qtype;
	zt_u64 server_hi, server_lo;
	zt_u64 addr_hi, addr_lo; /* what the name is; 0: the answer has no address */
	zt_u32 untold;
	zt_u32 id; /* the query's own */
	char comm[ZT_COMM_LEN];
};

#define ZT_F_PEER_NOT_ASKED (1u << 0) /* switched off, or too much asked already */
#define ZT_F_PEER_RESOLVED (1u << 1)
#define ZT_F_PEER_CONNECTED (1u << 2)
/*
 * Whether the host itself reaches what a step that failed did not, a moment later. h.cgroup = the step's cgroup, who = its
 * process. Tail: host.
 */
struct zt_ev_peer {
	struct zt_ev h;
	zt_s32 error; /* of connect(); 0: connected, or not tried */
	zt_s32 resolve_error; /* of getaddrinfo(): EAI_*; 0: none */
	zt_u32 port;
	zt_u32 pad;
	zt_u64 took_ns;
};

/* What a log's times are */
enum zt_log_clock {
	ZT_CLOCK_NONE = 0, /* it has none */
	ZT_CLOCK_BOOT = 1, /* since the boot of its machine */
	ZT_CLOCK_WALL = 2, /* of day: ns since 1970, UTC */
};

/*
 * A log that is read: at its start, when more is known of it, and at its end. Events that follow are of it until the
 * next one. All in this event and the next three is zero where the log does not tell it. Tail: name as it was given.
 */
#define ZT_LOG_KERNEL (1u << 0) /* kinds: it has lines of the kernel's */
#define ZT_LOG_BUILD (1u << 1)	/* … of a builder's */
#define ZT_F_LOG_END (1u << 0)
#define ZT_F_LOG_CUT (1u << 1)	/* it ends in the middle of something */
#define ZT_F_LOG_ZONE (1u << 2) /* its times have no zone: that of this machine was assumed */
#define ZT_F_LOG_RECKONED (1u << 3) /* dmesg made its times of day from those since boot: see BOOT_DRIFT_NS */
struct zt_ev_log {
	struct zt_ev h;
	zt_u32 number; /* from 1 */
	zt_u32 kinds;
	zt_u32 clock; /* enum zt_log_clock */
	zt_u32 suppressed; /* lines about OOM kills that the kernel says it left out */
	zt_u64 lines, bytes;
	zt_u64 first_ns, last_ns; /* of its lines that have a time */
};

enum zt_log_builder {
	ZT_LOG_BUILDKIT = 1, ZT_LOG_LEGACY = 2, ZT_LOG_PODMAN = 3, ZT_LOG_KANIKO = 4,
	ZT_LOG_COMMAND = 5, /* of a shell or a CI job */
};
enum zt_step_state {
	ZT_STEP_RUNNING = 1, ZT_STEP_DONE = 2, ZT_STEP_CACHED = 3, ZT_STEP_FAILED = 4, ZT_STEP_CANCELLED = 5,
};
#define ZT_F_LOGSTEP_STATUS (1u << 0) /* status is known */

/*
 * A step of a build as its builder printed it; again whenever more is known. Tail: instruction, stage, service, the
 * builder's error, container ("" each: not told).
 */
struct zt_ev_logstep {
	struct zt_ev h;
	zt_u32 build; /* of this log, from 1 */
	zt_u32 step;  /* of this build, from 1 */
	zt_u32 builder;
	zt_u32 state;
	zt_u32 index, total;
	zt_s32 status; /* raw wait status */
	zt_u32 pad;
	zt_u64 started_ns, ended_ns;
	zt_u64 duration_ns;
};

/* What a line of output says that is worth knowing */
enum zt_said {
	ZT_SAID_KILLED = 1,	 /* something got a SIGKILL */
	ZT_SAID_OOM = 2,	 /* … for memory: who says it knows */
	ZT_SAID_NOMEM = 3,	 /* a program was refused memory */
	ZT_SAID_HEAP = 4,	 /* a runtime's own heap is full */
	ZT_SAID_DISK = 5,	 /* no room on a file system */
	ZT_SAID_EXIT = 6,	 /* the CI or a wrapper: what ran ended with exit code `number` */
	ZT_SAID_BUILDER_GONE = 7, /* the client lost its builder */
	ZT_SAID_NETWORK = 8,	 /* number: 3100 and up, as in ZT3100 */
	ZT_SAID_DAEMON = 9,	 /* of no build: subject (earlyoom …) killed program, or a cgroup; number: its pid, 0: not told */
};

/* A line of a step's output, or of the build's (step 0). Tail: program, subject, the line. */
struct zt_ev_logline {
	struct zt_ev h;
	zt_u32 build, step;
	zt_u32 what; /* enum zt_said */
	zt_s32 number;
	zt_u64 bytes;
};

/* A line of a Dockerfile that the builder quoted. Tail: path, the line's bytes. */
#define ZT_F_LOGSOURCE_HERE (1u << 0) /* it is of the instruction that failed */
struct zt_ev_logsource {
	struct zt_ev h;
	zt_u32 build, step;
	zt_u32 line;
	zt_u32 pad;
};

enum zt_hook_state { ZT_HOOK_USED = 1, ZT_HOOK_FAILED = 2, ZT_HOOK_SKIPPED = 3 };
/* Which program serves a fact. Tail: fact, via ("raw_tp/mark_victim"), reason ("" when used). */
struct zt_ev_hook {
	struct zt_ev h;
	zt_u32 state;
	zt_s32 error;
};

enum zt_lost_cause {
	ZT_LOST_RING = 1,      /* main ring full */
	ZT_LOST_KILL_RING = 2, /* kill ring full */
	ZT_LOST_READ = 3,      /* a kernel read failed */
	ZT_LOST_MODEL = 4,     /* a table of the collector was full */
	ZT_LOST_TRACE = 5,     /* could not be written to the trace file */
	ZT_LOST_CORRUPT = 6,   /* bytes of a trace file that made no event */
	ZT_LOST_UNKNOWN_KIND = 7,
	ZT_LOST_CAUSES = 8,
};
struct zt_ev_lost {
	struct zt_ev h;
	zt_u32 cause;
	zt_u32 pad;
	zt_u64 count; /* since the last such event */
};

/* Something ztrace has to say about itself. Tail: code ("ZT9002"), text. */
struct zt_ev_note {
	struct zt_ev h;
};

/* Orderly end of the stream. */
struct zt_ev_end {
	struct zt_ev h;
};

/*
 * The hash of a cut argv: the bytes as little-endian 64-bit words, the last one padded with zeros.
 * h = ZT_HASH_SEED; for each word: h = (h ^ word) * ZT_HASH_PRIME
 */
#define ZT_HASH_SEED 0xcbf29ce484222325ULL
#define ZT_HASH_PRIME 0x100000001b3ULL
#define ZT_HASH_MAX (160 * 1024)

#define ZT_SA(cond) _Static_assert(cond, #cond)
ZT_SA(sizeof(struct zt_id) == 16);
ZT_SA(sizeof(struct zt_ev) == 48);
ZT_SA(sizeof(struct zt_ev_fork) == 64);
ZT_SA(sizeof(struct zt_ev_exec) == 120);
ZT_SA(sizeof(struct zt_ev_exit) == 80);
ZT_SA(sizeof(struct zt_ev_signal) == 136);
ZT_SA(sizeof(struct zt_ev_refuse) == 168);
ZT_SA(sizeof(struct zt_ev_space) == 96);
ZT_SA(sizeof(struct zt_memcg) == 160);
ZT_SA(sizeof(struct zt_ev_kill) == 272);
ZT_SA(sizeof(struct zt_ev_level) == 224);
ZT_SA(sizeof(struct zt_ev_task) == 144);
ZT_SA(sizeof(struct zt_ev_file) == 88);
ZT_SA(sizeof(struct zt_ev_connect) == 112);
ZT_SA(sizeof(struct zt_ev_dns) == 120);

#endif
