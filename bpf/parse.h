/* SPDX-License-Identifier: GPL-2.0 */
/* Names and status codes in the first bytes of DNS, TLS and HTTP. Whoever wrote those bytes may mean ill. */
#ifndef ZTRACE_PARSE_H
#define ZTRACE_PARSE_H

#include "conn.h"

/* A power of two; a read at a masked place may go a little beyond. */
#define BYTES_MAX 1024
#define BYTES_SPARE 32
struct bytes {
	u8 data[BYTES_MAX + BYTES_SPARE];
	u32 mark, told; /* a place, and a number, that the verifier is not to follow */
};
struct bytes_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct bytes);
};
extern struct bytes_map net_bytes SEC(".maps");

static __always_inline struct bytes *bytes_here(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&net_bytes, &zero);
}

/* What a program has at that address; how many there are, 0: none can be read */
static __always_inline u32 bytes_read(struct bytes *b, u64 at, u64 len)
{
	KEEP(len);
	if (len > BYTES_MAX)
		len = BYTES_MAX;
	if (!len || bpf_probe_read_user(b->data, len, (void *)at))
		return 0;
	if (len < BYTES_MAX)
		b->data[len] = 0;
	return len;
}

static __always_inline u32 u8_at(const struct bytes *b, u32 at)
{
	at &= BYTES_MAX - 1;
	KEEP(at);
	return at < BYTES_MAX ? b->data[at] : 0;
}

static __always_inline u32 u16_at(const struct bytes *b, u32 at)
{
	return u8_at(b, at) << 8 | u8_at(b, at + 1);
}

static __always_inline void words_at(const struct bytes *b, u32 at, void *to, const u32 n)
{
	at &= BYTES_MAX - 1;
	KEEP(at);
	if (at < BYTES_MAX)
		bpf_probe_read_kernel(to, n, &b->data[at]);
}

/* DNS: id, flags, counts; then the name that is asked for */
#define DNS_HEAD 12
#define DNS_NAME_MAX 256
#define DNS_RECORDS 16
#define DNS_TOLD 4
enum { DNS_A = 1, DNS_AAAA = 28 };

static __always_inline bool dns_skip_length(const struct bytes *b, u32 len)
{
	return len > 2 && u16_at(b, 0) == len - 2;
}

ONCE int dns_tell(u64 key, u32 what, s32 error, u64 addr_hi, u64 addr_lo)
{
	struct conn *c = conn_of(key);
	struct bytes *b = bytes_here();
	struct zt_ev_dns *e;
	u32 untold;
	u64 n;

	if (!c || !b || !net_due(c->cgroup, &untold))
		return 0;
	e = EMIT_NEW(dns, sizeof(*e) + DNS_NAME_MAX, current_task());
	if (!e)
		return 0;
	e->what = what;
	e->error = error;
	e->untold = untold;
	e->server_hi = c->to.hi;
	e->server_lo = c->to.lo;
	e->addr_hi = addr_hi;
	e->addr_lo = addr_lo;
	__builtin_memcpy(e->comm, c->comm, sizeof(e->comm));
	n = 0;
	if (!error) {
		n = put_str((char *)(e + 1), 0, DNS_NAME_MAX, b->data + DNS_HEAD);
		e->id = b->data[0] << 8 | b->data[1];
		e->rcode = what == ZT_DNS_ANSWER ? b->data[3] & 15 : 0;
		e->qtype = n ? u16_at(b, DNS_HEAD + n) : 0;
	}
	if (!n) {
		*(char *)(e + 1) = 0;
		n = 1;
	}
	e->h.size = sizeof(*e) + n;
	EMIT(e);
	return 0;
}

/* One question, and it is one */
static __always_inline bool dns_sound(const struct bytes *b, bool answer)
{
	return (b->data[2] >> 7) == answer && b->data[4] == 0 && b->data[5] == 1 && b->data[DNS_HEAD] < 64;
}

static __always_inline void dns_sent(u64 key, const struct bytes *b)
{
	if (dns_sound(b, false))
		dns_tell(key, ZT_DNS_QUERY, 0, 0, 0);
}

/* The address that the record at `at` holds; false: it holds another thing */
static __always_inline bool dns_address(const struct bytes *b, u32 at, struct address *is)
{
	u32 type = u16_at(b, at), len = u16_at(b, at + 8);
	u64 words[2] = { 0, 0 };

	if (type == DNS_A && len == 4) {
		words_at(b, at + 10, words, 4);
		address_v4(is, words[0]);
		return true;
	}
	if (type != DNS_AAAA || len != 16)
		return false;
	words_at(b, at + 10, words, 16);
	address_v6(is, words);
	return true;
}

/* Records name their owner by a pointer (two bytes), as all servers do; where one does not, no more are read. */
ONCE int dns_received(u64 key, u32 len)
{
	struct bytes *b = bytes_here();
	struct address is = { 0 };
	u32 records;
	u64 name;

	if (!b || !dns_sound(b, true))
		return 0;
	records = b->data[6] << 8 | b->data[7];
	name = bpf_probe_read_kernel_str(b->data + BYTES_MAX - DNS_NAME_MAX, DNS_NAME_MAX, b->data + DNS_HEAD);
	b->mark = DNS_HEAD + name + 4;
	b->told = 0;
	for (u32 i = 0; i < DNS_RECORDS; i++) {
		u32 at = b->mark;

		if (i >= records || b->told >= DNS_TOLD || at + 12 > len || at > BYTES_MAX - DNS_NAME_MAX - 32 || u8_at(b, at) < 0xc0)
			break;
		if (dns_address(b, at + 2, &is)) {
			dns_tell(key, ZT_DNS_ANSWER, 0, is.hi, is.lo);
			b->told++;
		}
		b->mark = at + 12 + u16_at(b, at + 10);
	}
	if (!b->told)
		dns_tell(key, ZT_DNS_ANSWER, 0, 0, 0);
	return 0;
}

/* To the end of a host's name */
ONCE int host_keep(u64 key, u32 from)
{
	struct bytes *b = bytes_here();
	struct conn *c = conn_of(key);
	u32 i;

	if (!b || !c)
		return 0;
	for (i = 0; i < ZT_NET_HOST_MAX - 1; i++) {
		u32 ch = u8_at(b, from + i);

		if (ch <= ' ' || ch == ':' || ch == '/' || ch > '~')
			break;
		c->host[i] = ch;
	}
	c->host[i] = 0;
	return 0;
}

/* TLS records: type, version (2), length (2). A handshake's: kind, length (3), … */
enum { TLS_CCS = 20, TLS_ALERT = 21, TLS_HANDSHAKE = 22, TLS_DATA = 23 };
#define TLS_HELLO_SESSION 43 /* record, handshake, version (2), random (32) */
#define TLS_EXTENSIONS 24
#define TLS_SEALED_ALERT 19 /* of TLS 1.3: two bytes, the real type, a tag of 16 */
#define TLS_FINISHED_256 53 /* likewise a handshake's last record: four bytes, a hash of 32, the real type, a tag */
#define TLS_FINISHED_384 69

ONCE int tls_server_name(u64 key, u32 len)
{
	struct bytes *b = bytes_here();
	u32 at = TLS_HELLO_SESSION;

	if (!b)
		return 0;
	at += 1 + u8_at(b, at);
	at += 2 + u16_at(b, at);
	at += 1 + u8_at(b, at);
	b->mark = at + 2;
	for (u32 i = 0; i < TLS_EXTENSIONS; i++) {
		at = b->mark;
		if (at + 9 >= len || at >= BYTES_MAX)
			return 0;
		if (!u16_at(b, at)) /* the name ends where the next extension's number begins: with a zero, mostly */
			return host_keep(key, at + 9);
		b->mark = at + 4 + u16_at(b, at + 2);
	}
	return 0;
}

static __always_inline void tls_sent(u64 key, struct conn *c, const struct bytes *b, u32 len)
{
	u32 at = b->data[0] == TLS_CCS ? 6 : 0, type = u8_at(b, at), size = u16_at(b, at + 3);

	if (len < at + 5 || type == TLS_HANDSHAKE)
		return;
	if (type == TLS_ALERT && size == 2) {
		c->state |= CONN_TLS_DONE;
		if (u8_at(b, at + 6)) /* 0: a plain good-bye */
			conn_tell(key, ZT_NET_ALERT_OUT, 0, 0, u8_at(b, at + 6));
	} else if (type == TLS_DATA && !(c->state & CONN_FINISHED) && len == at + 5 + size &&
		   (size == TLS_FINISHED_256 || size == TLS_FINISHED_384)) {
		c->state |= CONN_FINISHED;
	} else if (size == TLS_SEALED_ALERT && (c->state & CONN_FINISHED)) {
		/* a good-bye or an alert, nobody knows: that it is left without a question says enough */
	} else if (type == TLS_DATA) {
		c->state |= CONN_TLS_DONE;
		conn_tell(key, size == TLS_SEALED_ALERT ? ZT_NET_ALERT_OUT : ZT_NET_ASKED, 0, 0, 0);
	}
}

static __always_inline void tls_alert_in(u64 key, struct conn *c, u32 alert)
{
	c->state |= CONN_TLS_DONE;
	if (alert)
		conn_tell(key, ZT_NET_ALERT_IN, 0, 0, alert);
}

static __always_inline void tls_received(u64 key, struct conn *c, const struct bytes *b, u32 len)
{
	u32 type = b->data[0];

	if (c->state & CONN_ALERT_NEXT) {
		c->state &= ~CONN_ALERT_NEXT;
		tls_alert_in(key, c, b->data[1]);
		return;
	}
	if (c->state & CONN_SERVER && type != TLS_ALERT)
		return;
	if (len >= 5 && type == TLS_ALERT && b->data[1] == 3 && u16_at(b, 3) == 2) {
		if (len == 5)
			c->state |= CONN_ALERT_NEXT;
		else
			tls_alert_in(key, c, b->data[6]);
		return;
	}
	if (c->state & CONN_SERVER)
		return;
	c->state |= CONN_SERVER;
	if (type != TLS_HANDSHAKE && len >= 5) {
		c->state |= CONN_TLS_DONE;
		conn_tell(key, ZT_NET_NO_TLS, 0, 0, 0);
	}
}

static __always_inline bool bytes_are(const struct bytes *b, const char *word, const u32 n)
{
	u64 have = 0, want = 0;

	__builtin_memcpy(&have, b->data, 8);
	__builtin_memcpy(&want, word, n);
	return n == 8 ? have == want : (have & ((1ull << 8 * n) - 1)) == want;
}

#define URI_MAX 256
#define HEADERS_MAX 500

/* GET http://user:password@host/: to a proxy. What stands before @ is not kept. */
ONCE int http_uri(u64 key, u32 from)
{
	struct bytes *b = bytes_here();

	if (!b)
		return 0;
	b->mark = from;
	for (u32 i = 0; i < URI_MAX; i++) {
		u32 ch = u8_at(b, from + i);

		if (ch == '/' || ch <= ' ')
			break;
		if (ch == '@')
			b->mark = from + i + 1;
	}
	return host_keep(key, b->mark);
}

ONCE int http_host(u64 key, u32 len)
{
	const u64 mask = 0x00ffffffffffffffull;
	struct bytes *b = bytes_here();
	u64 want = 0, have;

	if (!b)
		return 0;
	__builtin_memcpy(&want, "\nhost: ", 7);
	for (u32 i = 0; i < HEADERS_MAX; i++) {
		if (i >= len)
			break;
		__builtin_memcpy(&have, b->data + i, 8);
		if (((have | 0x0000002020202000ull) & mask) == want) {
			b->mark = i + 7;
			return host_keep(key, b->mark);
		}
	}
	return 0;
}

static __always_inline void http_sent(u64 key, struct conn *c, struct bytes *b, u32 len)
{
	u32 at = bytes_are(b, "GET ", 4) ? 4 : bytes_are(b, "HEAD ", 5) || bytes_are(b, "POST ", 5) ? 5 : 0;

	if (len < 16)
		return;
	if (bytes_are(b, "CONNECT ", 8)) {
		c->state |= CONN_HTTP | CONN_PROXY | CONN_ASKED;
		c->head = c->status = 0;
		host_keep(key, 8);
	} else if (at && u8_at(b, at) == '/') {
		c->state |= CONN_HTTP;
		http_host(key, len);
	} else if (at && u8_at(b, at) == 'h' && u8_at(b, at + 4) == ':') {
		c->state |= CONN_HTTP | CONN_PROXY;
		http_uri(key, at + 7);
	}
}

static __always_inline bool is_digit(u32 c)
{
	return c >= '0' && c <= '9';
}

/* "HTTP/1.1 407 …"; 0: not the begin of a response */
static __always_inline u32 http_status(const struct bytes *b, u32 len)
{
	if (len < 12 || !bytes_are(b, "HTTP/1.", 7) || !is_digit(b->data[9]) || !is_digit(b->data[10]) ||
	    !is_digit(b->data[11]))
		return 0;
	return (b->data[9] - '0') * 100 + (b->data[10] - '0') * 10 + b->data[11] - '0';
}

/* curl reads a proxy's response byte by byte, so as to leave alone what follows. */
static __always_inline u32 http_status_bytewise(struct conn *c, const struct bytes *b)
{
	u32 at = c->head;

	if (at > 11)
		return 0;
	c->head = at + 1;
	if (at < 9)
		return 0;
	c->status = c->status * 10 + b->data[0] - '0';
	return at == 11 ? c->status : 0;
}

static __always_inline void http_received(u64 key, struct conn *c, const struct bytes *b, u32 len)
{
	u32 status = len == 1 && (c->state & CONN_ASKED) ? http_status_bytewise(c, b) : http_status(b, len);

	if (status < 200 || status > 599)
		return;
	if (status < 300 && (c->state & CONN_ASKED)) {
		c->state = (c->state & ~(CONN_HTTP | CONN_ASKED)) | CONN_TUNNEL;
		return;
	}
	if (status < 400 && ((c->state & CONN_ENDED) || (c->state & (CONN_GOOD | CONN_BAD)) == CONN_GOOD))
		return;
	c->state &= ~CONN_BAD;
	c->state |= status < 400 ? CONN_GOOD : CONN_BAD;
	conn_tell(key, ZT_NET_STATUS, 0, status, 0);
}

#endif
