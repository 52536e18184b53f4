// SPDX-License-Identifier: GPL-2.0
/*
 * What becomes of connections. TCP's states are told by a tracepoint; who asked whom for which name stands in the first
 * bytes that the calls of the network move, of which names and status codes are kept and nothing else.
 */
#include "conn.h"
#include "parse.h"

zt_u8 talker[TALKERS];
struct net_calls_map net_calls SEC(".maps");
struct conns_map conns SEC(".maps");
struct net_rates_map net_rates SEC(".maps");
struct bytes_map net_bytes SEC(".maps");

enum { TCP_ESTABLISHED = 1, TCP_SYN_SENT = 2, TCP_FIN_WAIT1 = 4, TCP_CLOSE = 7, TCP_CLOSE_WAIT = 8, TCP_LAST_ACK = 9 };
enum { SOL_SOCKET = 1, SO_ERROR = 4 };

/* In connect(), by whoever called it */
static __always_inline void conn_begin(struct sock *sk)
{
	u64 key = (u64)sk;
	struct address to;
	struct conn c;

	address_of(&to, sk);
	conn_init(&c, current_task(), &to);
	if (to.port == DNS_PORT)
		c.state = CONN_DNS;
	bpf_map_update_elem(&conns, &key, &c, BPF_ANY);
}

static __always_inline bool in_handshake(const struct conn *c)
{
	return (c->state & (CONN_TLS | CONN_TLS_DONE)) == CONN_TLS;
}

#define STALL_NS 3000000000ull
struct rb_root {
	struct rb_node *rb_node;
} __core;
struct inet_connection_sock {
	u8 icsk_retransmits;
} __core;
struct tcp_sock {
	struct inet_connection_sock inet_conn;
	struct rb_root out_of_order_queue;
} __core;

/*
 * The program closes what has been silent for seconds. What came out of order, or was sent again and again, says that the
 * packets in between are lost: large ones, mostly.
 */
static __always_inline void conn_left_silent(u64 key, struct conn *c, struct sock *sk)
{
	struct tcp_sock *tp = (void *)sk;

	if (c->state & CONN_DNS || !c->moved_ns || bpf_ktime_get_boot_ns() - c->moved_ns < STALL_NS)
		return;
	if (BPF_CORE_READ(tp, out_of_order_queue.rb_node) || BPF_CORE_READ(tp, inet_conn.icsk_retransmits))
		c->state |= CONN_GAPS;
	c->state |= CONN_ENDED; /* what the other end makes of that is no news */
	conn_tell(key, ZT_NET_STALLED, 0, 0, 0);
}

static __always_inline void conn_end(u64 key, struct conn *c, struct sock *sk)
{
	s32 error = BPF_CORE_READ(sk, sk_err);

	if (!error)
		error = c->error;
	if (!error && !(c->state & CONN_UP))
		error = BPF_CORE_READ(sk, sk_err_soft);
	if (c->state & CONN_ENDED)
		return;
	c->state |= CONN_ENDED;
	if (!(c->state & CONN_UP))
		conn_tell(key, ZT_NET_FAILED, error, 0, 0);
	else if (error)
		conn_tell(key, ZT_NET_BROKEN, error, 0, 0);
	else if (in_handshake(c) && (c->state & CONN_SERVER)) /* with something left unread */
		conn_tell(key, ZT_NET_LEFT, 0, 0, 0);
	else if (!(c->state & CONN_CLOSING))
		conn_left_silent(key, c, sk);
}

/* args: sock, old state, new state */
SEC("raw_tp/inet_sock_set_state")
int on_sock_state(struct bpf_raw_tracepoint_args *ctx)
{
	struct sock *sk = (void *)ctx->args[0];
	int from = ctx->args[1], to = ctx->args[2];
	u64 key = (u64)sk;
	struct conn *c;

	if (!gate)
		return 0;
	if (to == TCP_SYN_SENT) {
		conn_begin(sk);
		return 0;
	}
	if (to < TCP_FIN_WAIT1 && from != TCP_SYN_SENT)
		return 0;
	c = bpf_map_lookup_elem(&conns, &key);
	if (!c)
		return 0;
	if (from == TCP_SYN_SENT && to == TCP_ESTABLISHED) {
		c->state |= CONN_UP;
		c->moved_ns = bpf_ktime_get_boot_ns();
		conn_tell(key, ZT_NET_UP, 0, 0, 0);
	} else if (to == TCP_CLOSE_WAIT && in_handshake(c) && !(c->state & CONN_SERVER)) {
		c->state |= CONN_TLS_DONE;
		conn_tell(key, ZT_NET_CUT, 0, 0, 0);
	} else if ((to == TCP_FIN_WAIT1 || to == TCP_LAST_ACK) && in_handshake(c) && (c->state & CONN_SERVER)) {
		c->state |= CONN_TLS_DONE;
		conn_tell(key, ZT_NET_LEFT, 0, 0, 0);
	} else if (to == TCP_FIN_WAIT1) {
		c->state |= CONN_CLOSING;
		conn_left_silent(key, c, sk);
	} else if (to == TCP_CLOSE) {
		conn_end(key, c, sk);
	}
	return 0;
}

/* connect() that failed before anything was sent, or of a UDP socket that is to ask a DNS server */
static __always_inline void on_connect(struct task_struct *t, struct sock *sk, u32 proto, u64 sockaddr, long ret)
{
	u64 key = (u64)sk;
	struct address to;
	struct conn c, *seen;

	address_named(&to, sockaddr);
	if (!to.family || (proto == IPPROTO_UDP && to.port != DNS_PORT))
		return;
	if (proto == IPPROTO_UDP && !ret) {
		conn_init(&c, t, &to);
		c.state = CONN_DNS;
		bpf_map_update_elem(&conns, &key, &c, BPF_ANY);
	}
	if (ret >= 0)
		return;
	seen = bpf_map_lookup_elem(&conns, &key);
	if (seen && seen->to.lo == to.lo && seen->to.hi == to.hi && seen->to.port == to.port)
		return; /* told as its state changed */
	conn_init(&c, t, &to);
	bpf_map_update_elem(&conns, &key, &c, BPF_ANY);
	conn_tell(key, ZT_NET_FAILED, -ret, 0, 0);
}

/* What became of connect() that did not wait: asked for once, then forgotten */
static __always_inline void on_getsockopt(struct sock *sk, struct pt_regs *regs)
{
	u64 key = (u64)sk;
	struct conn *c = conn_of(key);
	s32 error = 0;

	if (!c || (c->state & (CONN_UP | CONN_ENDED)) || syscall_arg(regs, 1) != SOL_SOCKET ||
	    syscall_arg(regs, 2) != SO_ERROR)
		return;
	bpf_probe_read_user(&error, sizeof(error), (void *)syscall_arg(regs, 3));
	c->error = error;
}

/* What a process sends on a connection */
ONCE int on_sent(u64 key, u32 len)
{
	struct conn *c = conn_of(key);
	struct bytes *b = bytes_here();

	if (!b || !c)
		return 0;
	if (in_handshake(c)) {
		tls_sent(key, c, b, len);
		return 0;
	}
	if (c->state & CONN_TLS)
		return 0;
	if (b->data[0] == TLS_HANDSHAKE && b->data[1] == 3 && len > 5) {
		c->state |= CONN_TLS;
		c->state &= ~(CONN_TLS_DONE | CONN_SERVER);
		if (!(c->state & CONN_PROXY))
			tls_server_name(key, len);
		return 0;
	}
	http_sent(key, c, b, len);
	return 0;
}

ONCE int on_received(u64 key, u32 len)
{
	struct conn *c = conn_of(key);
	struct bytes *b = bytes_here();

	if (!b || !c)
		return 0;
	if (in_handshake(c))
		tls_received(key, c, b, len);
	else if (c->state & CONN_HTTP)
		http_received(key, c, b, len);
	return 0;
}

/* Where the bytes are that a call moved: of several buffers the first, of a DNS message over TCP what is behind its length */
struct moved {
	u64 at, name; /* name: the address it was sent to; 0: the socket's */
	u64 len;
};

static __always_inline void moved_vector(struct moved *m, u64 iov, u64 len, bool dns)
{
	u64 v[4] = { 0 };

	bpf_probe_read_user(v, sizeof(v[0]) * 2, (void *)iov);
	if (dns && v[1] == 2 && len > 2) {
		bpf_probe_read_user(v, sizeof(v[0]) * 2, (void *)(iov + 16));
		len -= 2;
	}
	m->at = v[0];
	m->len = v[1] < len ? v[1] : len;
}

/* struct user_msghdr: name, its length, vector */
static __always_inline void moved_message(struct moved *m, u64 msg, u64 len, bool dns)
{
	u64 head[3] = { 0 };

	bpf_probe_read_user(head, sizeof(head), (void *)msg);
	m->name = head[0];
	moved_vector(m, head[2], len, dns);
}

static __always_inline void moved_by(struct moved *m, struct pt_regs *regs, u64 nr, long ret, bool dns)
{
	u64 arg = syscall_arg(regs, 1);
	u32 len = 0;

	m->name = 0;
	m->at = arg;
	m->len = ret;
	if (nr == NR_readv || nr == NR_writev)
		moved_vector(m, arg, ret, dns);
	if (nr == NR_sendto)
		m->name = syscall_arg(regs, 4);
	if (nr == NR_sendmsg || nr == NR_recvmsg)
		moved_message(m, arg, ret, dns);
	if (nr == NR_sendmmsg || nr == NR_recvmmsg) {
		bpf_probe_read_user(&len, sizeof(len), (void *)(arg + 56));
		moved_message(m, arg, len, dns);
	}
}

static __always_inline bool is_send(u64 nr)
{
	return nr == NR_write || nr == NR_writev || nr == NR_sendto || nr == NR_sendmsg || nr == NR_sendmmsg;
}

/* glibc sends the questions for IPv4 and IPv6 in one call. */
static __always_inline void dns_sent_second(u64 key, struct bytes *b, struct pt_regs *regs, u64 nr, long ret)
{
	u64 second = syscall_arg(regs, 1) + 64;
	struct moved m = { 0 };
	u32 len = 0;

	if (nr != NR_sendmmsg || ret < 2)
		return;
	bpf_probe_read_user(&len, sizeof(len), (void *)(second + 56));
	moved_message(&m, second, len, true);
	if (bytes_read(b, m.at, m.len) > DNS_HEAD)
		dns_sent(key, b);
}

static __always_inline struct conn *dns_conn(struct task_struct *t, struct sock *sk, u64 key, const struct moved *m)
{
	struct address to;
	struct conn c;

	if (m->name)
		address_named(&to, m->name);
	else
		address_of(&to, sk);
	if (!to.family || to.port != DNS_PORT)
		return NULL;
	conn_init(&c, t, &to);
	c.state = CONN_DNS;
	bpf_map_update_elem(&conns, &key, &c, BPF_ANY);
	return bpf_map_lookup_elem(&conns, &key);
}

static __always_inline void on_moved(struct task_struct *t, struct sock *sk, u32 proto, struct pt_regs *regs, u64 nr,
				     long ret)
{
	u64 key = (u64)sk;
	struct conn *c = bpf_map_lookup_elem(&conns, &key);
	struct bytes *b = bytes_here();
	struct moved m;
	u32 len;

	if (!b || (proto == IPPROTO_TCP && (!c || !(c->state & CONN_UP))))
		return;
	moved_by(&m, regs, nr, ret, proto == IPPROTO_UDP || (c && (c->state & CONN_DNS)));
	if (proto == IPPROTO_UDP && is_send(nr)) /* each may go elsewhere */
		c = dns_conn(t, sk, key, &m);
	if (!c)
		return;
	if (ret < 0) {
		if (proto == IPPROTO_UDP)
			dns_tell(key, ZT_DNS_ERROR, -ret, 0, 0);
		return;
	}
	if (is_send(nr))
		c->state |= CONN_WAITS;
	else
		c->state &= ~CONN_WAITS;
	c->moved_ns = bpf_ktime_get_boot_ns();
	len = bytes_read(b, m.at, m.len);
	if (c->state & CONN_DNS) {
		if (proto == IPPROTO_TCP && dns_skip_length(b, len))
			len = bytes_read(b, m.at + 2, m.len - 2);
		if (len <= DNS_HEAD)
			return;
		if (is_send(nr)) {
			dns_sent(key, b);
			dns_sent_second(key, b, regs, nr, ret);
		} else {
			dns_received(key, len);
		}
	} else if (len && is_send(nr)) {
		on_sent(key, len);
	} else if (len) {
		on_received(key, len);
	}
}

/* Reached by a tail call from where every system call ends. args: regs, return value */
SEC("raw_tp")
int on_net_call(struct bpf_raw_tracepoint_args *ctx)
{
	struct pt_regs *regs = (void *)ctx->args[0];
	struct task_struct *t = current_task();
	u64 nr = syscall_nr(regs);
	long ret = ctx->args[1];
	struct socket *socket;
	struct file *f;
	struct sock *sk;
	u32 proto;

	if (task_in_compat_call(t))
		return 0;
	f = file_of(t, syscall_arg(regs, 0));
	if (!f || (BPF_CORE_READ(f, f_inode, i_mode) & 0170000) != 0140000)
		return 0;
	socket = BPF_CORE_READ(f, private_data);
	sk = BPF_CORE_READ(socket, sk);
	proto = BPF_CORE_READ(sk, sk_protocol);
	if (proto != IPPROTO_TCP && proto != IPPROTO_UDP)
		return 0;
	if (nr == NR_connect)
		on_connect(t, sk, proto, syscall_arg(regs, 1), ret);
	else if (nr == NR_getsockopt)
		on_getsockopt(sk, regs);
	else
		on_moved(t, sk, proto, regs, nr, ret);
	return 0;
}
