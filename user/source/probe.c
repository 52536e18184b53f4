/* SPDX-License-Identifier: GPL-2.0 */
#include "source/probe.h"

#include <bpf/bpf.h>
#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "source/readfile.h"

/* Asks the kernel what it lets us do, by doing it. */

static void probe_program(struct probe_bpf *ret)
{
	/* r0 = 0; exit */
	static const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int prog __close = bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "ztrace_probe", "GPL", insns,
					 ARRAY_SIZE(insns), NULL);
	int link __close = -1;

	ret->load_err = prog < 0 ? prog : 0;
	if (prog < 0) {
		ret->attach_err = prog;
		return;
	}
	link = bpf_raw_tracepoint_open("mark_victim", prog);
	ret->attach_err = link < 0 ? link : 0;
}

static void probe_ring(struct probe_bpf *ret)
{
	int map __close = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "ztrace_probe", 0, 0, 64 * 1024, NULL);

	ret->ring_err = map < 0 ? map : 0;
}

/* "none [integrity] confidentiality": the one in brackets is in force. */
static void probe_lockdown(struct probe_bpf *ret)
{
	char text[128], *from, *to;

	if (readfile_at(AT_FDCWD, "/sys/kernel/security/lockdown", text, sizeof(text)) <= 0)
		return;
	from = strchr(text, '[');
	to = from ? strchr(from, ']') : NULL;
	if (to)
		snprintf(ret->lockdown, sizeof(ret->lockdown), "%.*s", (int)(to - from - 1), from + 1);
}

void probe_bpf(struct probe_bpf *ret)
{
	*ret = (struct probe_bpf){ .btf = !access("/sys/kernel/btf/vmlinux", R_OK) };
	probe_program(ret);
	probe_ring(ret);
	probe_lockdown(ret);
}

bool probe_in_namespace(const char *kind)
{
	/* PROC_*_INIT_INO, include/linux/proc_ns.h: the first namespaces have fixed numbers. */
	const char *first = !strcmp(kind, "pid") ? "pid:[4026531836]" : "cgroup:[4026531835]";
	char path[64], name[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/ns/%s", kind);
	n = readlink(path, name, sizeof(name) - 1);
	if (n <= 0)
		return false;
	name[n] = 0;
	return strcmp(name, first);
}

void probe_caps(char *buf, size_t size)
{
	static const struct {
		unsigned int cap;
		const char *name;
	} caps[] = {
		{ 39, "BPF" }, { 38, "PERFMON" }, { CAP_SYS_ADMIN, "SYS_ADMIN" }, { CAP_SYS_PTRACE, "SYS_PTRACE" },
		{ CAP_DAC_READ_SEARCH, "DAC_READ_SEARCH" }, { CAP_SYS_RESOURCE, "SYS_RESOURCE" },
		{ CAP_IPC_LOCK, "IPC_LOCK" }, { CAP_KILL, "KILL" },
	};
	size_t len = 0;

	buf[0] = 0;
	if (capng_get_caps_process())
		return;
	for (size_t i = 0; i < ARRAY_SIZE(caps); i++)
		if (capng_have_capability(CAPNG_EFFECTIVE, caps[i].cap) && len + 20 < size)
			len += (size_t)snprintf(buf + len, size - len, "%s%s", len ? " " : "", caps[i].name);
}
