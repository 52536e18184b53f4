/* SPDX-License-Identifier: GPL-2.0 */
/* What is kept of a connection while it lives, and how it is told of. */
#ifndef ZTRACE_CONN_H
#define ZTRACE_CONN_H

#include "net.h"

enum { AF_INET = 2, AF_INET6 = 10, IPPROTO_TCP = 6, IPPROTO_UDP = 17, DNS_PORT = 53 };

#define CONN_UP (1u << 0)
#define CONN_ENDED (1u << 1)
#define CONN_DNS (1u << 2)
#define CONN_HTTP (1u << 3)
#define CONN_PROXY (1u << 4)
#define CONN_TUNNEL (1u << 5)	  /* the proxy agreed: what comes next is as on a connection of its own */
#define CONN_TLS (1u << 6)	  /* a ClientHello was sent */
#define CONN_SERVER (1u << 7)	  /* and answered */
#define CONN_TLS_DONE (1u << 8)	  /* data flows, or its trouble has been told */
#define CONN_ALERT_NEXT (1u << 9) /* the head of an alert was read, what it says is read next */
#define CONN_ASKED (1u << 12)	  /* CONNECT was sent to a proxy */
#define CONN_BAD (1u << 10)	  /* the last status told was an error */
#define CONN_GOOD (1u << 11)	  /* a status was told that was none */
#define CONN_FINISHED (1u << 13)  /* TLS 1.3: the handshake is over; the program may still not like the certificate */
#define CONN_WAITS (1u << 14)	  /* the last that moved was sent */
#define CONN_GAPS (1u << 15)	  /* packets are missing in between */
#define CONN_CLOSING (1u << 16)

struct address {
	u64 hi, lo;
	u32 port, family;
};

struct conn {
	struct zt_id who;
	u64 cgroup, start_ns;
	u64 moved_ns; /* the last byte, of either side */
	struct address to;
	u32 state; /* CONN_* */
	s32 error; /* that the program was told of (SO_ERROR) and the kernel then forgot */
	u16 head, status; /* of a response that is read byte by byte: how many, and the status so far */
	u32 pad;
	char comm[ZT_COMM_LEN];
	char host[ZT_NET_HOST_MAX];
};
struct conns_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, u64); /* struct sock */
	__type(value, struct conn);
};
extern struct conns_map conns SEC(".maps");

/* A cgroup may open thousands a second; so many of its events are told in that time. */
#define NET_EVENTS 256
#define NET_EVERY_NS 1000000000ull
struct net_rate {
	u64 since_ns;
	u32 told, untold;
};
struct net_rates_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, u64); /* cgroup */
	__type(value, struct net_rate);
};
extern struct net_rates_map net_rates SEC(".maps");

/* A function that the verifier looks at once, and not again at each place that calls it. 5.10 gives it numbers only. */
#define ONCE __attribute__((noinline))

static __always_inline struct conn *conn_of(u64 key)
{
	return bpf_map_lookup_elem(&conns, &key);
}

static __always_inline bool net_due(u64 cgroup, u32 *untold)
{
	u64 now = bpf_ktime_get_boot_ns();
	struct net_rate *r = bpf_map_lookup_elem(&net_rates, &cgroup), first = { now, 1, 0 };

	*untold = 0;
	if (!r) {
		bpf_map_update_elem(&net_rates, &cgroup, &first, BPF_ANY);
		return true;
	}
	if (now - r->since_ns > NET_EVERY_NS) {
		r->since_ns = now;
		r->told = 0;
	}
	if (r->told >= NET_EVENTS) {
		__sync_fetch_and_add(&r->untold, 1);
		return false;
	}
	r->told++;
	*untold = r->untold;
	r->untold = 0;
	return true;
}

/* ::ffff:a.b.c.d */
static __always_inline void address_v4(struct address *a, __be32 ip)
{
	a->hi = 0;
	a->lo = 0xffff00000000ull | __builtin_bswap32(ip);
	a->family = AF_INET;
}

static __always_inline void address_v6(struct address *a, const u64 words[2])
{
	a->hi = __builtin_bswap64(words[0]);
	a->lo = __builtin_bswap64(words[1]);
	a->family = AF_INET6;
}

/* Where the socket is connected to; family 0: not IP */
static __always_inline void address_of(struct address *a, struct sock *sk)
{
	u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);
	u64 words[2] = { 0, 0 };

	a->hi = a->lo = 0;
	a->family = 0;
	a->port = __builtin_bswap16(BPF_CORE_READ(sk, __sk_common.skc_dport));
	if (family == AF_INET)
		address_v4(a, BPF_CORE_READ(sk, __sk_common.skc_daddr));
	if (family != AF_INET6)
		return;
	bpf_probe_read_kernel(words, sizeof(words), &sk->__sk_common.skc_v6_daddr);
	address_v6(a, words);
}

/* What a program named; family 0: not IP */
static __always_inline void address_named(struct address *a, u64 sockaddr)
{
	struct {
		u16 family, port;
		u32 v4;
		u64 v6[2];
	} s = { 0 };

	bpf_probe_read_user(&s, 8, (void *)sockaddr);
	a->hi = a->lo = 0;
	a->family = 0;
	a->port = __builtin_bswap16(s.port);
	if (s.family == AF_INET)
		address_v4(a, s.v4);
	if (s.family != AF_INET6 || bpf_probe_read_user(s.v6, sizeof(s.v6), (void *)(sockaddr + 8)))
		return;
	address_v6(a, s.v6);
}

static __always_inline void conn_init(struct conn *c, struct task_struct *t, const struct address *to)
{
	__builtin_memset(c, 0, sizeof(*c));
	task_id(&c->who, t);
	task_comm(c->comm, t);
	c->cgroup = task_cgroup_id(t);
	c->start_ns = bpf_ktime_get_boot_ns();
	c->to = *to;
	talker[c->who.tgid & (TALKERS - 1)] = 1;
}

ONCE int conn_tell(u64 key, u32 state, s32 error, u32 status, u32 alert)
{
	struct conn *c = conn_of(key);
	struct zt_ev_connect *e;
	u32 untold;
	u64 n;

	if (!c || !net_due(c->cgroup, &untold))
		return 0;
	e = EMIT_NEW(connect, sizeof(*e) + ZT_NET_HOST_MAX, current_task());
	if (!e)
		return 0;
	e->h.who = c->who; /* current is whoever a packet interrupted */
	e->h.cgroup = c->cgroup;
	e->state = state;
	e->error = error;
	e->status = status;
	e->alert = alert;
	e->untold = untold;
	e->port = c->to.port;
	e->addr_hi = c->to.hi;
	e->addr_lo = c->to.lo;
	e->took_ns = e->h.ts_ns - (state == ZT_NET_STALLED ? c->moved_ns : c->start_ns);
	__builtin_memcpy(e->comm, c->comm, sizeof(e->comm));
	if (c->state & CONN_TLS)
		e->h.flags |= ZT_F_NET_TLS;
	if (c->state & CONN_PROXY)
		e->h.flags |= ZT_F_NET_PROXY;
	if (c->state & CONN_TUNNEL)
		e->h.flags |= ZT_F_NET_TUNNEL;
	if (state == ZT_NET_STALLED && (c->state & CONN_WAITS))
		e->h.flags |= ZT_F_NET_WAITED;
	if (state == ZT_NET_STALLED && (c->state & CONN_GAPS))
		e->h.flags |= ZT_F_NET_GAPS;
	n = put_str((char *)(e + 1), 0, ZT_NET_HOST_MAX, c->host);
	if (!n) {
		*(char *)(e + 1) = 0;
		n = 1;
	}
	e->h.size = sizeof(*e) + n;
	EMIT(e);
	return 0;
}

#endif
