/* SPDX-License-Identifier: GPL-2.0 */
/* Why BPF programs cannot be had on a machine, in words that help. */
#ifndef SOURCE_BPFERR_H
#define SOURCE_BPFERR_H

#include <stddef.h>

enum bpf_why {
	BPF_WHY_OTHER,
	BPF_WHY_NO_BTF,	    /* kernel built without type information */
	BPF_WHY_OLD_KERNEL, /* no ring buffer */
	BPF_WHY_NO_CAP,	    /* not root, or root of a user namespace only */
	BPF_WHY_LOCKDOWN,
	BPF_WHY_MEMLOCK,    /* before 5.11 maps count against RLIMIT_MEMLOCK */
};

/* What is known of the machine; bpf_machine_read fills it. */
struct bpf_machine {
	char release[65];
	int btf;	  /* /sys/kernel/btf/vmlinux is there */
	int cap;	  /* CAP_SYS_ADMIN, or CAP_BPF and CAP_PERFMON */
	int user_ns;	  /* not in the initial user namespace */
	int lockdown;	  /* confidentiality */
	int memlock_low;  /* RLIMIT_MEMLOCK is finite */
};

void bpf_machine_read(struct bpf_machine *m);

/* Before trying: what must fail anyway. BPF_WHY_OTHER: nothing known against it. */
enum bpf_why bpf_hopeless(const struct bpf_machine *m);
/* After -errno `err`: the likeliest reason. */
enum bpf_why bpf_reason(const struct bpf_machine *m, int err);
/* One line for the user. detail: what libbpf said last, or "" */
void bpf_explain(enum bpf_why why, const struct bpf_machine *m, int err, const char *detail,
		 char *buf, size_t len);

#endif
