/* SPDX-License-Identifier: GPL-2.0 */
#include "source/protect.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "base/cleanup.h"
#include "source/readfile.h"

/* Makes this process hard to kill by accident and not worth taking over. */

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

int protect_oom(const char *proc, int *ret_adj)
{
	int err = read_adj(proc, ret_adj);

	if (err || *ret_adj <= PROTECT_OOM_SCORE_ADJ)
		return err;
	err = write_adj(proc, PROTECT_OOM_SCORE_ADJ);
	if (!err)
		*ret_adj = PROTECT_OOM_SCORE_ADJ;
	return err;
}

int protect_lock(void)
{
	/* MCL_ONFAULT is Linux 4.4; without it CURRENT would fault in all that slab.c has reserved. */
	return mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) ? -errno : 0;
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
