/* SPDX-License-Identifier: GPL-2.0 */
/* A report of the kernel's OOM killer while its lines come. */
#ifndef LOG_KERNEL_H
#define LOG_KERNEL_H

#include "log/internal.h"

#define REPORTS_MAX 4	/* that are open at once: of several hosts, or printed by several CPUs */
#define TASKS_MAX 2048
#define PATH_LEN 1024
#define UNSET (~(uint64_t)0)

struct kernel_task {
	uint32_t pid, uid;
	int32_t adj;
	uint64_t total_vm, rss, anon, file, shmem, swap; /* pages; UNSET: no such column */
	uint64_t pgtables_bytes;
	char comm[ZT_COMM_LEN];
};

enum column { COL_OTHER, COL_UID, COL_TGID, COL_TOTAL_VM, COL_RSS, COL_ANON, COL_FILE, COL_SHMEM, COL_PGTABLES, COL_PTES,
	      COL_SWAP, COL_ADJ, COL_NAME };
#define COLUMNS_MAX 16

struct kernel_counter {
	uint64_t usage, limit; /* bytes; UNSET: not told */
};

struct kernel_host {
	bool told;
	uint64_t free, shmem, slab, pagetables, file, anon;  /* pages */
	uint64_t cached, ram, reserved;			    /* pages */
	uint64_t stack, swap_free, swap_total;		    /* bytes */
};

struct kernel_report {
	bool open, headed; /* headed: an "invoked oom-killer" line began it */
	uint32_t key;	   /* who printed it, where */
	uint64_t wall_ns, boot_ns, age;
	char trigger[ZT_COMM_LEN];
	uint32_t trigger_pid;
	uint32_t gfp;
	int32_t order;
	uint32_t constraint; /* enum zt_constraint */
	bool group, killed;
	char domain[PATH_LEN], victim_path[PATH_LEN]; /* "": not told */
	char victim[ZT_COMM_LEN];
	uint32_t victim_pid, victim_uid, chosen_pid, killed_pid;
	struct kernel_counter memory, memsw, swap;
	uint64_t anon, file, shmem, kernel, slab, sock;
	bool stats, in_stats, in_tasks;
	enum column columns[COLUMNS_MAX];
	unsigned int ncolumns;
	struct kernel_host host;
	struct kernel_task *tasks;
	unsigned int ntasks, tasks_cap;
	bool cut;
	uint64_t decision;
};

struct log_kernel {
	struct log_emit *e;
	struct kernel_report reports[REPORTS_MAX];
	uint64_t seq, decisions, age;
	unsigned int suppressed, kills;
	int version;
	uint32_t page_bytes;
	bool page_told; /* by this log */
	char release[80];
	bool release_told;
};

/* The victim of a "Killed process" line. */
struct kernel_victim {
	uint32_t pid, uid;
	char comm[ZT_COMM_LEN];
	uint64_t total_vm, anon, file, shmem, pgtables; /* bytes */
	int32_t adj;
	bool adj_told;
};

/* kernel_emit.c */
void kernel_emit(struct log_kernel *k, struct kernel_report *r, const struct kernel_victim *v);
/* kernel_tasks.c */
bool kernel_header(struct kernel_report *r, const char *s);
bool kernel_task_row(struct kernel_report *r, const char *s);
/* kernel_memory.c: counters, statistics and Mem-Info */
bool kernel_memory(struct kernel_report *r, const char *s, int *version);

static inline void comm_copy(char *dst, const char *s, size_t len)
{
	len = len < ZT_COMM_LEN - 1 ? len : ZT_COMM_LEN - 1;
	memcpy(dst, s, len);
	dst[len] = 0;
}

#endif
