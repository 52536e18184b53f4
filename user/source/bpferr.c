/* SPDX-License-Identifier: GPL-2.0 */
#include "source/bpferr.h"

#include <cap-ng.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/i18n.h"

#define BTF_PATH "/sys/kernel/btf/vmlinux"

static bool file_has(const char *path, const char *word)
{
	__fclose FILE *f = fopen(path, "re");
	char line[256];

	return f && fgets(line, sizeof(line), f) && strstr(line, word);
}

/* Capabilities of a user namespace's root are worth nothing to bpf(2). */
static bool in_user_ns(void)
{
	__fclose FILE *f = fopen("/proc/self/uid_map", "re");
	unsigned int inside, outside, count;

	return f && fscanf(f, "%u %u %u", &inside, &outside, &count) == 3 &&
	       (inside || outside || count != 4294967295u);
}

static bool have_caps(void)
{
	if (capng_get_caps_process())
		return true; /* not known: let the kernel decide */
	if (capng_have_capability(CAPNG_EFFECTIVE, CAP_SYS_ADMIN))
		return true;
	return capng_have_capability(CAPNG_EFFECTIVE, CAP_BPF) &&
	       capng_have_capability(CAPNG_EFFECTIVE, CAP_PERFMON);
}

void bpf_machine_read(struct bpf_machine *m)
{
	struct utsname u;
	struct rlimit rl;

	*m = (struct bpf_machine){
		.btf = !access(BTF_PATH, R_OK),
		.cap = have_caps(),
		.user_ns = in_user_ns(),
		.lockdown = file_has("/sys/kernel/security/lockdown", "[confidentiality]"),
	};
	if (!uname(&u))
		snprintf(m->release, sizeof(m->release), "%s", u.release);
	if (!getrlimit(RLIMIT_MEMLOCK, &rl))
		m->memlock_low = rl.rlim_cur != RLIM_INFINITY;
}

static bool older_than(const char *release, int major, int minor)
{
	int a, b;

	return sscanf(release, "%d.%d", &a, &b) == 2 && (a < major || (a == major && b < minor));
}

enum bpf_why bpf_hopeless(const struct bpf_machine *m)
{
	if (!m->cap)
		return BPF_WHY_NO_CAP;
	if (older_than(m->release, 5, 8))
		return BPF_WHY_OLD_KERNEL;
	if (!m->btf)
		return BPF_WHY_NO_BTF;
	return BPF_WHY_OTHER;
}

enum bpf_why bpf_reason(const struct bpf_machine *m, int err)
{
	enum bpf_why why = bpf_hopeless(m);

	if (why != BPF_WHY_OTHER)
		return why;
	if (m->lockdown) /* the kernel says -EINVAL then: it knows no function that reads memory */
		return BPF_WHY_LOCKDOWN;
	if (err != -EPERM && err != -EACCES)
		return why;
	if (m->user_ns)
		return BPF_WHY_NO_CAP;
	if (m->memlock_low && older_than(m->release, 5, 11))
		return BPF_WHY_MEMLOCK;
	return BPF_WHY_OTHER;
}

void bpf_explain(enum bpf_why why, const struct bpf_machine *m, int err, const char *detail,
		 char *buf, size_t len)
{
	switch (why) {
	case BPF_WHY_NO_BTF:
		snprintf(buf, len, _("kernel %s has no type information (%s is missing): run a kernel "
			 "built with CONFIG_DEBUG_INFO_BTF=y"), m->release, BTF_PATH);
		return;
	case BPF_WHY_OLD_KERNEL:
		snprintf(buf, len, _("kernel %s has no BPF ring buffer: Linux 5.8 or newer is needed"),
			 m->release);
		return;
	case BPF_WHY_NO_CAP:
		snprintf(buf, len, m->user_ns ?
			 _("loading BPF programs is refused inside a user namespace: run ztrace on "
			 "the host, as root") :
			 _("loading BPF programs needs CAP_BPF and CAP_PERFMON: run ztrace as root"));
		return;
	case BPF_WHY_LOCKDOWN:
		snprintf(buf, len, _("kernel lockdown (confidentiality, see "
			 "/sys/kernel/security/lockdown) forbids BPF programs to read memory: boot "
			 "with lockdown=integrity or none"));
		return;
	case BPF_WHY_MEMLOCK:
		snprintf(buf, len, _("RLIMIT_MEMLOCK is too low for BPF maps on kernel %s: run "
			 "`ulimit -l unlimited` first"), m->release);
		return;
	case BPF_WHY_OTHER:
		snprintf(buf, len, _("cannot load BPF programs on kernel %s: %s%s%s"), m->release,
			 strerror(-err), *detail ? ": " : "", detail);
		return;
	}
}
