/* SPDX-License-Identifier: GPL-2.0 */
/* Connections that processes ask for, and which system calls may tell of them. */
#ifndef ZTRACE_NET_H
#define ZTRACE_NET_H

#include "emit.h"

enum { ENETUNREACH = 101, ECONNRESET = 104, ETIMEDOUT = 110, ECONNREFUSED = 111, EHOSTUNREACH = 113, EPERM = 1, EACCES = 13 };

/* x86-64's numbers */
enum {
	NR_read = 0, NR_write = 1, NR_readv = 19, NR_writev = 20, NR_connect = 42, NR_sendto = 44, NR_recvfrom = 45,
	NR_sendmsg = 46, NR_recvmsg = 47, NR_getsockopt = 55, NR_recvmmsg = 299, NR_sendmmsg = 307,
};

/* Processes that have a connection, by pid: others' reads and writes cost no more than a look here. */
#define TALKERS 32768
extern zt_u8 talker[TALKERS];

struct net_calls_map {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32); /* the loader puts on_net_call in */
};
extern struct net_calls_map net_calls SEC(".maps");

/* Before anything is read: has such a result anything to do with a network? */
static __always_inline bool net_may_tell(long ret)
{
	return ret >= 0 || ret == -ECONNREFUSED || ret == -ENETUNREACH || ret == -EHOSTUNREACH || ret == -EPERM ||
	       ret == -EACCES;
}

static __always_inline bool net_call_matters(u64 nr, long ret)
{
	switch (nr) {
	case NR_connect:
		return true;
	case NR_sendto:
	case NR_sendmsg:
	case NR_sendmmsg:
		return ret != 0;
	case NR_getsockopt:
		return !ret && talker[(bpf_get_current_pid_tgid() >> 32) & (TALKERS - 1)];
	case NR_read:
	case NR_write:
	case NR_readv:
	case NR_writev:
	case NR_recvfrom:
	case NR_recvmsg:
	case NR_recvmmsg:
		return ret != 0 && talker[(bpf_get_current_pid_tgid() >> 32) & (TALKERS - 1)];
	default:
		return false;
	}
}

#endif
