/* SPDX-License-Identifier: GPL-2.0 */
/* A step that failed because something could not be reached. A failure that was followed by a success is none. */
#include "diagnose/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"

#define S ((zt_u64)1000000000)
#define NXDOMAIN 3
/* How soon a program ends whose last try failed; after a question that nobody answers it waits some more. */
#define PATIENCE_NS (15 * S)
#define PATIENCE_DNS_NS (60 * S)
/* A race of IPv6 and IPv4 closes the slower one sooner. */
#define GAVE_UP_NS (S / 2)

enum net_kind net_kind(const struct net *n)
{
	if (n->dns)
		return n->answers && (n->rcode == NXDOMAIN || !n->rcode) ? NET_NO_NAME : NET_NO_ANSWER;
	switch (n->state) {
	case ZT_NET_FAILED:
		return n->error == ECONNREFUSED ? NET_REFUSED : n->error == ETIMEDOUT || !n->error ? NET_TIMEOUT :
													 NET_UNREACHABLE;
	case ZT_NET_BROKEN:
		/* during the handshake that is what a firewall does that looks at names */
		return n->flags & ZT_F_NET_TLS ? NET_TLS : n->error == ETIMEDOUT ? NET_TIMEOUT : NET_RESET;
	case ZT_NET_STATUS:
		if (!(n->flags & ZT_F_NET_PROXY) || (n->flags & ZT_F_NET_TUNNEL) || n->status == 404)
			return NET_STATUS;
		return NET_PROXY;
	case ZT_NET_STALLED:
		return NET_TIMEOUT;
	default:
		return NET_TLS;
	}
}

/* The exit codes with which they say that it was the network. 0: any */
static const struct {
	const char *comm;
	enum net_tool tool;
	unsigned char codes[10];
} tools[] = {
	{ "apt-get", TOOL_APT, { 100 } },
	{ "apt", TOOL_APT, { 100 } },
	{ "aptitude", TOOL_APT, { 0 } },
	{ "curl", TOOL_CURL, { 5, 6, 7, 22, 28, 35, 52, 56, 60, 97 } },
	{ "wget", TOOL_WGET, { 4, 5, 8 } },
	{ "git", TOOL_GIT, { 128, 1 } },
	{ "pip", TOOL_PIP, { 1, 2 } },
	{ "pip3", TOOL_PIP, { 1, 2 } },
	{ "uv", TOOL_PIP, { 1, 2 } },
	{ "poetry", TOOL_PIP, { 1 } },
	{ "npm", TOOL_NPM, { 0 } },
	{ "yarn", TOOL_NPM, { 1 } },
	{ "pnpm", TOOL_NPM, { 1 } },
	{ "apk", TOOL_APK, { 0 } },
	{ "go", TOOL_GO, { 1 } },
	{ "cargo", TOOL_CARGO, { 101 } },
	{ "rustup", TOOL_CARGO, { 1 } },
	{ "dnf", TOOL_DNF, { 1 } },
	{ "yum", TOOL_DNF, { 1 } },
	{ "gem", TOOL_GEM, { 0 } },
	{ "bundle", TOOL_GEM, { 0 } },
	{ "conda", TOOL_CONDA, { 1 } },
	{ "mvn", TOOL_JVM, { 1 } },
	{ "gradle", TOOL_JVM, { 1 } },
	{ "java", TOOL_JVM, { 1 } },
};

static bool is_word(const char *word, size_t len, const char *name)
{
	const char *base = memrchr(word, '/', len);

	base = base ? base + 1 : word;
	len -= (size_t)(base - word);
	return len == strlen(name) && !memcmp(base, name, len);
}

/* pip is python3 /usr/bin/pip or python3 -m pip, npm is node /usr/bin/npm; busybox wget, too. */
static bool runs(const struct proc *p, const char *name)
{
	const char *end = p->argv + p->argv_bytes;

	if (!strcmp(p->comm, name) || (!strncmp(p->comm, name, strlen(name)) && p->comm[strlen(name)] == ' '))
		return true;
	for (const char *w = p->argv; w < end && w < p->argv + PROC_ARGV_SHORT;) {
		size_t len = strnlen(w, (size_t)(end - w));

		if (is_word(w, len, name))
			return true;
		if (w != p->argv && *w != '-' && strcmp(w, "pip") != 0)
			break;
		w += len + 1;
	}
	return false;
}

static size_t tool_row(const struct proc *p)
{
	size_t i = 0;

	while (i < ARRAY_SIZE(tools) && !runs(p, tools[i].comm))
		i++;
	return i;
}

enum net_tool net_tool(const struct proc *p)
{
	size_t i = tool_row(p);

	return i < ARRAY_SIZE(tools) ? tools[i].tool : TOOL_OTHER;
}

enum net_tool net_tool_named(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(tools); i++)
		if (!strcmp(tools[i].comm, name))
			return tools[i].tool;
	return !strcmp(name, "maven") ? TOOL_JVM : !strcmp(name, "docker") ? TOOL_DOCKER : TOOL_OTHER;
}

/* Does the tool say by its exit code that something could not be had? */
static bool says_so(const struct proc *p)
{
	size_t i = tool_row(p);

	if (i == ARRAY_SIZE(tools))
		return false;
	for (size_t n = 0; n < sizeof(tools[i].codes) && tools[i].codes[n]; n++)
		if (exit_status(p->exit_code) == tools[i].codes[n])
			return true;
	return !tools[i].codes[0];
}

const struct proc *net_proc(const struct model *m, const struct net *n)
{
	return n->proc ? n->proc : model_proc(m, &n->who);
}

static bool in_unit(const struct model *m, const struct net *n, const struct unit *u)
{
	const struct proc *p = net_proc(m, n);

	if (u->step)
		return model_step_of(m, n->cgroup, p) == u->step;
	return p && u->entry && model_is_below(p, u->entry) && !model_step_of(m, n->cgroup, p);
}

static bool loopback(const struct net *n)
{
	return (!n->addr_hi && n->addr_lo >> 24 == 0xffff7f) || (!n->addr_hi && n->addr_lo == 1);
}

static bool is_v4(const struct net *n)
{
	return !n->addr_hi && n->addr_lo >> 32 == 0xffff;
}

/* apt goes on to the next file; what it did not get is missing all the same. */
static bool is_apt_download(const struct model *m, const struct net *n)
{
	const struct proc *p = net_proc(m, n);

	for (int depth = 0; p && depth < 4; p = p->parent, depth++)
		if (net_tool(p) == TOOL_APT)
			return !memmem(p->argv, p->argv_bytes, "update", 6);
	return false;
}

static bool same_host(const struct net *a, const struct net *b)
{
	if (a->host[0] && b->host[0])
		return !strcasecmp(a->host, b->host);
	return a->addr_hi == b->addr_hi && a->addr_lo == b->addr_lo && a->port == b->port;
}

/* It came right: later, or at another address of the host's, here or by another process of the unit. */
static bool came_right(const struct model *m, const struct unit *u, const struct net *n)
{
	bool file = n->state == ZT_NET_STATUS && !n->dns && is_apt_download(m, n);

	if (!net_in_trouble(n))
		return true;
	for (const struct net *o = m->nets; o; o = o->next) {
		if (o == n || !in_unit(m, o, u) || !same_host(o, n))
			continue;
		if (n->dns ? o->ok_ns != 0 : !o->dns && !file && o->ok_ns > n->first_ns && !net_in_trouble(o) &&
						     o->ok_ns + GAVE_UP_NS > n->bad_ns)
			return true;
	}
	return false;
}

/* "deb.debian.org.lan" is what the resolver tries after "deb.debian.org". */
static bool is_search_name(const struct model *m, const struct net *n)
{
	for (const struct net *o = m->nets; o; o = o->next) {
		size_t len = strlen(o->host);

		if (o->dns && o != n && o->who.tgid == n->who.tgid && len < strlen(n->host) &&
		    !strncasecmp(o->host, n->host, len) && n->host[len] == '.')
			return true;
	}
	return false;
}

/* There is mostly no IPv6: what the same program met over IPv4 says more. */
static bool is_only_v6(const struct model *m, const struct net *n)
{
	if (n->dns || is_v4(n) || n->state != ZT_NET_FAILED)
		return false;
	for (const struct net *o = m->nets; o; o = o->next)
		if (!o->dns && o != n && o->who.tgid == n->who.tgid && is_v4(o) && net_in_trouble(o) &&
		    (!o->host[0] || !n->host[0] || !strcasecmp(o->host, n->host)))
			return true;
	return false;
}

/* dpkg at work: all was downloaded by then. (It is asked for the architecture before.) */
static bool dpkg_after(const struct model *m, const struct proc *apt, zt_u64 after_ns)
{
	for (const struct proc *p = m->procs; p; p = p->hh.next)
		if (p->parent == apt && p->exec_ns > after_ns && !strcmp(p->comm, "dpkg") &&
		    !memmem(p->argv, p->argv_bytes, "architecture", 12))
			return true;
	return false;
}

/*
 * apt-get update ends well when a server was not reached ("they have been ignored, or old ones used instead"); then
 * apt-get install finds no package and ends with 100.
 */
static const struct proc *apt_later(const struct model *m, const struct unit *u, const struct proc *apt, const struct net *n)
{
	const struct proc *later = NULL;

	if (exit_status(apt->exit_code) || !apt->exit_ns || (!n->dns && n->state == ZT_NET_STATUS))
		return NULL;
	for (const struct proc *p = m->procs; p; p = p->hh.next)
		if (p->exec_ns > apt->exit_ns && p->exit_ns && exit_status(p->exit_code) == 100 && net_tool(p) == TOOL_APT &&
		    model_is_below(p, u->entry) && !dpkg_after(m, p, p->exec_ns))
			later = p;
	return later;
}

/*
 * The program that failed for it: the one that tried, or the nearest above it that did not end well. A tool that people know
 * by name goes before its helpers (apt's http, git's git-remote-http).
 */
static const struct proc *failed_for(const struct model *m, const struct unit *u, const struct net *n)
{
	const struct proc *p = net_proc(m, n), *later, *failed = NULL;

	for (int depth = 0; p && depth < 8; p = p->parent, depth++) {
		if (net_tool(p) == TOOL_APT) {
			later = apt_later(m, u, p, n);
			if (later)
				return later;
			if (dpkg_after(m, p, n->bad_ns))
				return NULL;
		}
		if (p->exit_ns && exit_status(p->exit_code) && net_tool(p) != TOOL_OTHER)
			return p;
		if (p->exit_ns && exit_status(p->exit_code) && !failed)
			failed = p;
		if (p == u->entry)
			break;
	}
	return failed;
}

/* A shell that went on after it and then ended in another way had its own reason. */
static bool went_on(const struct proc *p, const struct unit *u)
{
	for (const struct proc *q = p; q && q != u->entry; q = q->parent)
		if (q->parent && q->parent->last_fork_ns > p->exit_ns)
			return true;
	return false;
}

/* What came before it may be the reason. */
static bool likely_at_best(enum zt_net_state state)
{
	return state == ZT_NET_BROKEN || state == ZT_NET_LEFT || state == ZT_NET_STALLED;
}

static enum confidence sure_of(const struct model *m, const struct unit *u, const struct net *n, const struct proc *p)
{
	enum tristate cause = cause_of_failure(m, p, u);
	zt_u64 patience = n->dns ? PATIENCE_DNS_NS : PATIENCE_NS;
	bool known = says_so(p);

	if (cause == TRI_NO || (cause == TRI_UNKNOWN && went_on(p, u)) || (p->exit_code & 0x7f) || p->exit_ns < n->first_ns)
		return CONF_UNKNOWN;
	/* apt that was not let down itself (above) has nothing to do with how long that is ago */
	if (p->exec_ns < n->bad_ns && p->exit_ns > n->bad_ns + patience)
		return CONF_UNKNOWN;
	if (loopback(n) && !n->dns && !known)
		return CONF_UNKNOWN; /* a test's own server, a daemon that may be there */
	if (cause == TRI_UNKNOWN || !known || n->untold || (!n->dns && likely_at_best(n->state)))
		return CONF_LIKELY;
	return CONF_CONFIRMED;
}

/*
 * A connection kept for later is silent, too: it counts where an answer was due or packets are missing, or where its program
 * says that it waited too long and had nothing else to wait for.
 */
static bool stall_counts(const struct net *n, const struct proc *p)
{
	int code = exit_status(p->exit_code);
	enum net_tool tool = net_tool(p);

	return n->state != ZT_NET_STALLED || (n->flags & (ZT_F_NET_WAITED | ZT_F_NET_GAPS)) ||
	       (tool == TOOL_CURL && code == 28) || (tool == TOOL_WGET && code == 4);
}

static bool told_well(const struct net *n)
{
	return n->dns || n->state != ZT_NET_FAILED || n->error || n->took_ns >= GAVE_UP_NS;
}

static const struct net *decisive(const struct model *m, const struct unit *u, const struct proc **who, enum confidence *sure)
{
	const struct net *best = NULL;

	for (const struct net *n = m->nets; n; n = n->next) {
		const struct proc *p;
		enum confidence c;

		if (!net_in_trouble(n) || !in_unit(m, n, u) || !told_well(n) || came_right(m, u, n) ||
		    (n->dns && is_search_name(m, n)) || is_only_v6(m, n))
			continue;
		p = failed_for(m, u, n);
		c = p && stall_counts(n, p) ? sure_of(m, u, n, p) : CONF_UNKNOWN;
		if (c == CONF_UNKNOWN || (best && (c < *sure || (c == *sure && n->bad_ns < best->bad_ns))))
			continue;
		best = n;
		*who = p;
		*sure = c;
	}
	return best;
}

static const char *say_address(struct report *r, zt_u64 hi, zt_u64 lo, zt_u32 port)
{
	unsigned char bytes[16];
	char text[INET6_ADDRSTRLEN] = "";

	if (!hi && !lo)
		return NULL;
	for (int i = 0; i < 8; i++) {
		bytes[i] = (unsigned char)(hi >> (56 - 8 * i));
		bytes[8 + i] = (unsigned char)(lo >> (56 - 8 * i));
	}
	if (!hi && lo >> 32 == 0xffff) {
		inet_ntop(AF_INET, bytes + 12, text, sizeof(text));
		return say(r, "%s:%u", text, port);
	}
	inet_ntop(AF_INET6, bytes, text, sizeof(text));
	return say(r, "[%s]:%u", text, port);
}

void net_fill(const struct model *m, struct report *r, const struct unit *u, const struct net *n, const struct proc *p,
	      struct trouble *t)
{
	const struct proc *tried = net_proc(m, n);

	*t = (struct trouble){ .kind = net_kind(n), .tool = net_tool(p), .comm = p->comm, .addr_hi = n->addr_hi,
			       .addr_lo = n->addr_lo, .port = n->port, .status = n->status, .alert = n->alert,
			       .rcode = n->rcode, .error = n->error, .took_ns = n->took_ns };
	t->host = n->host[0] ? say(r, "%s", n->host) : NULL;
	t->address = say_address(r, n->addr_hi, n->addr_lo, n->port);
	t->alert_sent = n->state == ZT_NET_ALERT_OUT;
	t->cut = n->state == ZT_NET_CUT || n->state == ZT_NET_BROKEN;
	t->no_tls = n->state == ZT_NET_NO_TLS;
	t->left = n->state == ZT_NET_LEFT;
	t->gave_up = n->state == ZT_NET_FAILED && !n->error;
	t->stalled = n->state == ZT_NET_STALLED;
	t->gaps = t->stalled && n->flags & ZT_F_NET_GAPS;
	for (; tried && tried != u->entry && t->tool == TOOL_OTHER; tried = tried->parent)
		t->tool = net_tool(tried);
	if (n->dns)
		t->took_ns = p->exit_ns > n->first_ns && p->exec_ns < n->first_ns ? p->exit_ns - n->first_ns : 0;
	for (const struct net *o = m->nets; o; o = o->next)
		if (in_unit(m, o, u) && o->dns == n->dns && same_host(o, n))
			t->tries += o->dns ? o->queries : o->bad;
}

static void victim(const struct proc *p, struct incident *i)
{
	struct victim *v = &i->victims[0];

	i->nvictims = 1;
	v->id = p->id;
	v->comm = p->comm;
	v->oom_score_adj = p->oom_score_adj;
	if (p->argv_bytes) {
		v->argv = p->argv;
		v->argv_bytes = p->argv_bytes;
	}
	if (p->fork_ns)
		v->runtime_ns = p->exit_ns - p->fork_ns;
	set_lineage(p, v->lineage, &v->nlineage);
}

static const struct net_peer *peer_of(const struct model *m, const struct net *n)
{
	const struct net_peer *found = NULL;

	for (const struct net_peer *p = m->peers; p; p = p->next)
		if (p->ev.h.cgroup == n->cgroup && !strcasecmp(p->host, n->host) &&
		    !(p->ev.h.flags & ZT_F_PEER_NOT_ASKED))
			found = p;
	return found;
}

static const char *host_words(const struct net_peer *p, const struct trouble *t)
{
	if (p->ev.h.flags & ZT_F_PEER_CONNECTED)
		return _("reaches it: it is the step's network, not the other end");
	if (!(p->ev.h.flags & ZT_F_PEER_RESOLVED))
		return _("cannot look it up either");
	if (t->kind == NET_NO_ANSWER || t->kind == NET_NO_NAME)
		return _("can look it up: it is the step's DNS");
	return _("does not reach it either");
}

void net_tell(const struct model *m, struct report *r, const struct net *n, const struct trouble *t, struct incident *i)
{
	struct unreached *x = arena_zalloc(&r->arena, sizeof(*x));
	/* what it did reach is not in question */
	const struct net_peer *p = n->dns || n->state == ZT_NET_FAILED ? peer_of(m, n) : NULL;

	if (p)
		i->host_text = host_words(p, t);
	if (!x)
		return;
	*x = (struct unreached){ .host = t->host, .address = t->address, .reason = net_reason(t->kind), .status = t->status,
				 .tries = t->tries, .took_ns = t->took_ns, .from_host = TRI_UNKNOWN };
	if (p)
		x->from_host = p->ev.h.flags & (n->dns ? ZT_F_PEER_RESOLVED : ZT_F_PEER_CONNECTED) ? TRI_YES : TRI_NO;
	i->unreached = x;
}

/* What checks signatures for apt; *failed: it did not accept one */
static bool has_checked(const struct model *m, const struct proc *apt, bool *failed)
{
	static const char *const names[] = { "apt-key", "gpgv", "sqv" };
	bool ran = false;

	*failed = false;
	for (const struct proc *p = m->procs; p; p = p->hh.next)
		for (size_t i = 0; i < ARRAY_SIZE(names) && model_is_below(p, apt); i++)
			if (runs(p, names[i])) {
				ran = true;
				*failed |= p->exit_ns && exit_status(p->exit_code);
			}
	return ran;
}

/* An index that is there (200) between files that are not (404): those are what it would be signed by. */
static bool is_unsigned(const struct model *m, const struct net *n, const struct proc *apt)
{
	bool failed;

	return !n->dns && n->state == ZT_NET_STATUS && n->status == 404 && n->bad > n->in_a_row && net_tool(apt) == TOOL_APT &&
	       memmem(apt->argv, apt->argv_bytes, "update", 6) && !has_checked(m, apt, &failed);
}

/* apt that had all it asked for and did not accept the signature: where it had that from, newest; NULL: not so */
static const struct net *refused_signature(const struct model *m, const struct unit *u, const struct proc **apt)
{
	const struct net *best = NULL;
	bool failed;

	for (const struct net *n = m->nets; n; n = n->next) {
		const struct proc *p = net_proc(m, n);

		if (n->dns || !n->ok_ns || !in_unit(m, n, u) || (best && n->ok_ns < best->ok_ns))
			continue;
		while (p && p != u->entry && net_tool(p) != TOOL_APT)
			p = p->parent;
		if (!p || net_tool(p) != TOOL_APT || exit_status(p->exit_code) != 100 || cause_of_failure(m, p, u) == TRI_NO ||
		    !has_checked(m, p, &failed) || !failed || dpkg_after(m, p, n->ok_ns))
			continue;
		best = n;
		*apt = p;
	}
	return best;
}

struct incident *net_incident(const struct model *m, struct report *r, const struct unit *u)
{
	enum confidence sure = CONF_UNKNOWN;
	const struct proc *p = NULL;
	bool signature = false;
	const struct net *n;
	struct incident *i;
	struct trouble t;

	if (!u->entry || !u->entry->exit_ns || !exit_status(u->entry->exit_code))
		return NULL;
	n = decisive(m, u, &p, &sure);
	if (n)
		signature = is_unsigned(m, n, p);
	else
		signature = (n = refused_signature(m, u, &p)) != NULL;
	if (!n)
		return NULL;
	net_fill(m, r, u, n, p, &t);
	if (signature) {
		t.kind = NET_SIGNATURE;
		t.tries = 0;
		sure = CONF_LIKELY;
	}
	i = incident_new(r, net_code(t.kind), u);
	if (!i)
		return NULL;
	victim(p, i);
	i->ts_ns = n->bad_ns ? n->bad_ns : n->ok_ns;
	i->confidence = sure;
	i->causal = TRI_YES;
	i->limit.kind = LIMIT_NONE;
	i->limit.bytes = i->limit.swap_limit_bytes = ZT_NO_LIMIT;
	i->headline = net_headline(r, say_unit(r, u), &t);
	i->net_text = net_words(r, &t);
	i->killed = say(r, _("nothing; %s (pid %u) ended by itself with exit code %d"), p->comm, p->id.tgid,
			exit_status(p->exit_code));
	net_tell(m, r, n, &t, i);
	i->basis = sure == CONF_CONFIRMED ? _("confirmed: seen on its sockets, and it ended on that") :
					    _("likely: seen on its sockets before it ended");
	advise_net(m, r, &t, i);
	note_context(m, r, u, i);
	i->summary = say(r, _("%s. Ended: %s. Network: %s."), i->headline, i->killed, i->net_text);
	return i;
}
