/* SPDX-License-Identifier: GPL-2.0 */
#include "source/protect.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/cleanup.h"
#include "source/readfile.h"

/* Makes this process hard to kill by accident and not worth taking over. */

#define HOLD_MAX_BYTES (4ul << 20) /* of one file: a locale archive is not what recording needs */

#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#define CAP_BPF 39
#endif

static int read_adj(const char *proc, int *ret)
{
	char path[256], text[16];
	ssize_t n;

	snprintf(path, sizeof(path), "%s/self/oom_score_adj", proc);
	n = readfile_at(AT_FDCWD, path, text, sizeof(text));
	if (n < 0)
		return (int)n;
	return sscanf(text, "%d", ret) == 1 ? 0 : -EINVAL;
}

void protect_save(const char *proc, struct protect_saved *ret)
{
	*ret = (struct protect_saved){ 0 };
	ret->oom_known = !read_adj(proc, &ret->oom_score_adj);
	getrlimit(RLIMIT_MEMLOCK, &ret->memlock);
}

static int write_adj(const char *proc, int adj)
{
	char path[256], text[16];
	int fd __close = -1, len;

	snprintf(path, sizeof(path), "%s/self/oom_score_adj", proc);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	len = snprintf(text, sizeof(text), "%d", adj);
	return write(fd, text, (size_t)len) < 0 ? -errno : 0;
}

/*
 * Without CAP_SYS_RESOURCE one may go down to where somebody with it has been (signal->oom_score_adj_min): a CI
 * runner's +500 can be taken back to 0. *adj: where we are; what is refused lies at `refused`.
 */
static void go_down(const char *proc, int refused, int *adj)
{
	while (*adj - refused > 1) {
		int mid = refused + (*adj - refused) / 2;

		if (write_adj(proc, mid))
			refused = mid;
		else
			*adj = mid;
	}
}

int protect_oom(const char *proc, int *ret_adj)
{
	int err = read_adj(proc, ret_adj);

	if (err || *ret_adj <= PROTECT_OOM_SCORE_ADJ)
		return err;
	err = write_adj(proc, PROTECT_OOM_SCORE_ADJ);
	if (!err)
		*ret_adj = PROTECT_OOM_SCORE_ADJ;
	else if (err == -EACCES)
		go_down(proc, PROTECT_OOM_SCORE_ADJ, ret_adj);
	return err;
}

void protect_priority(void)
{
	setpriority(PRIO_PROCESS, 0, -20);
}

int protect_lock(void)
{
	/* MCL_ONFAULT is Linux 4.4; without it CURRENT would fault in all that slab.c has reserved. */
	return mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) ? -errno : 0;
}

/* In memory at least, for as long as nobody throws it out. */
static void touch(const char *p, size_t bytes, bool write)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	for (size_t at = 0; at < bytes; at += page) {
		volatile char *c = (volatile char *)(uintptr_t)(p + at);
		char was = *c;

		if (write)
			*c = was;
	}
}

/* mlock() itself faults in, and writable pages so that they are our own. */
static int hold(const char *p, size_t bytes, bool write)
{
	if (!bytes || !mlock(p, bytes))
		return 0;
	touch(p, bytes, write);
	return -errno;
}

int protect_hold(const void *p, size_t bytes)
{
	return hold(p, bytes, true);
}

/* The stack grows by what is used of it: be there once, and it stays. */
static __attribute__((noinline)) void grow_stack(void)
{
	char room[PROTECT_STACK_BYTES];

	touch(room, sizeof(room), true);
}

/* Free memory on top of the heap, never given back: from now on malloc asks the kernel for none but the largest. */
static void grow_heap(void)
{
	void *p;

	mallopt(M_MMAP_THRESHOLD, 2 * PROTECT_HEAP_BYTES);
	mallopt(M_TRIM_THRESHOLD, 1 << 30);
	p = malloc(PROTECT_HEAP_BYTES);
	if (p)
		touch(p, PROTECT_HEAP_BYTES, true);
	free(p);
}

/* What loads, draws, reads project files or writes reports: not between ring and file. 8 MB, the usual RLIMIT_MEMLOCK, are soon full. */
static bool is_for_later(const char *line)
{
	static const char *const libraries[] = { "/libncursesw.", "/libtinfo.", "/libyaml-", "/libjansson.", "/libcap-ng.",
						 "/libelf-", "/libelf.", "/ld-linux" };

	for (size_t i = 0; i < ARRAY_SIZE(libraries); i++)
		if (strstr(line, libraries[i]))
			return true;
	return false;
}

/* Of a line of /proc/PID/maps: is it code or data of a program, heap or stack? What slab.c reserved and rings are not. */
static bool is_wanted(const char *line, unsigned long *from, unsigned long *to, bool *write)
{
	char rights[8] = "", name[16] = "";

	if (sscanf(line, "%lx-%lx %7s %*s %*s %*s %15s", from, to, rights, name) < 4 || rights[0] != 'r')
		return false;
	*write = rights[1] == 'w';
	if (is_for_later(line))
		return false;
	return (name[0] == '/' && *to - *from <= HOLD_MAX_BYTES) || !strcmp(name, "[heap]") ||
	       !strcmp(name, "[stack]");
}

/* Locked memory stays where it is once it is the heap's: what is large is mapped by itself and goes back when it is freed. */
void protect_give_back(void)
{
	mallopt(M_MMAP_THRESHOLD, 64 * 1024);
	mallopt(M_TOP_PAD, PROTECT_HEAP_BYTES);
	mallopt(M_TRIM_THRESHOLD, 2 * PROTECT_HEAP_BYTES);
}

int protect_hold_program(const char *proc)
{
	char path[256], line[512];
	unsigned long from, to;
	FILE *f __fclose = NULL;
	bool write;
	int err = 0;

	malloc_trim(0); /* of what loading took, nothing is locked */
	grow_stack();
	grow_heap();
	snprintf(path, sizeof(path), "%s/self/maps", proc);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f)) {
		int e = is_wanted(line, &from, &to, &write) ? hold((char *)from, to - from, write) : 0;

		err = err ? err : e;
	}
	return err;
}

int protect_no_new_privs(void)
{
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	return 0;
}

int protect_drop_caps(bool keep_bpf)
{
	/* IPC_LOCK: with MCL_FUTURE in force every later mmap would fail at RLIMIT_MEMLOCK without it. */
	static const unsigned int kept[] = { CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH, CAP_IPC_LOCK, CAP_KILL,
					     CAP_BPF, CAP_PERFMON };
	size_t n = keep_bpf ? ARRAY_SIZE(kept) : ARRAY_SIZE(kept) - 2;
	bool have[ARRAY_SIZE(kept)], bounds;

	if (capng_get_caps_process())
		return -EPERM;
	bounds = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP);
	for (size_t i = 0; i < n; i++)
		have[i] = capng_have_capability(CAPNG_PERMITTED, kept[i]);
	capng_clear(CAPNG_SELECT_BOTH);
	for (size_t i = 0; i < n; i++)
		if (have[i] && capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, kept[i]))
			return -EINVAL;
	/* The bounding set can only be emptied while SETPCAP is still there: libcap-ng does it first. */
	return capng_apply(bounds ? CAPNG_SELECT_BOTH : CAPNG_SELECT_CAPS) ? -EPERM : 0;
}
