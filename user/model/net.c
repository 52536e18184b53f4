/* SPDX-License-Identifier: GPL-2.0 */
/* What processes tried to reach, and how that went. */
#include <stdio.h>
#include <string.h>

#include "model/apply.h"
#include "trace/event.h"

#define RCODE_OK 0

static bool same_id(const struct zt_id *a, const struct zt_id *b)
{
	return a->tgid == b->tgid && a->start_ns == b->start_ns;
}

/* One that went well, else the oldest */
static struct net *recycled(struct model *m)
{
	struct net **at = &m->nets, *n;

	for (struct net **p = at; *p; p = &(*p)->next)
		if (!net_in_trouble(*p)) {
			at = p;
			break;
		}
	n = *at;
	*at = n->next;
	if (m->nets_tail == &n->next)
		m->nets_tail = at;
	memset(n, 0, sizeof(*n));
	return n;
}

static struct net *net_new(struct model *m, const struct zt_ev *ev, bool dns)
{
	struct net *n = m->nnets == NETS_MAX ? recycled(m) : arena_zalloc(&m->arena, sizeof(*n));

	if (!n) {
		model_lose(m);
		return NULL;
	}
	if (m->nnets < NETS_MAX)
		m->nnets++;
	n->who = ev->who;
	n->cgroup = ev->cgroup;
	n->dns = dns;
	n->first_ns = ev->ts_ns;
	TAIL_APPEND(m->nets_tail, n);
	return n;
}

static void fail(struct model *m, struct net *n, const struct zt_ev *ev)
{
	n->bad_ns = ev->ts_ns;
	n->bad++;
	n->in_a_row++;
	if (n->proc)
		return;
	n->proc = proc_get(m, &ev->who);
	if (n->proc)
		proc_pin(n->proc);
}

static const char *name_of(const struct model *m, zt_u64 cgroup, zt_u64 hi, zt_u64 lo)
{
	unsigned int have = m->nnet_names < NET_NAMES_MAX ? m->nnet_names : NET_NAMES_MAX;

	for (unsigned int i = 0; i < have; i++) {
		const struct net_name *n = &m->net_names[(m->nnet_names - 1 - i) % NET_NAMES_MAX];

		if (n->cgroup == cgroup && n->addr_hi == hi && n->addr_lo == lo)
			return n->name;
	}
	return "";
}

static void name_keep(struct model *m, zt_u64 cgroup, zt_u64 hi, zt_u64 lo, const char *name)
{
	struct net_name *n;

	if (!m->net_names)
		m->net_names = arena_zalloc(&m->arena, NET_NAMES_MAX * sizeof(*m->net_names));
	if (!m->net_names) {
		model_lose(m);
		return;
	}
	n = &m->net_names[m->nnet_names++ % NET_NAMES_MAX];
	*n = (struct net_name){ .cgroup = cgroup, .addr_hi = hi, .addr_lo = lo };
	snprintf(n->name, sizeof(n->name), "%s", name);
}

/* Of one address there are several names when names are virtual hosts, and a proxy is asked for many. */
static struct net *connection(struct model *m, const struct zt_ev_connect *e, const char *host)
{
	struct net *found = NULL;

	for (struct net *n = m->nets; n; n = n->next)
		if (!n->dns && same_id(&n->who, &e->h.who) && n->addr_hi == e->addr_hi && n->addr_lo == e->addr_lo &&
		    n->port == e->port && (!*host || !n->host[0] || !strcmp(n->host, host)))
			found = n;
	if (found)
		return found;
	found = net_new(m, &e->h, false);
	if (!found)
		return NULL;
	found->addr_hi = e->addr_hi;
	found->addr_lo = e->addr_lo;
	found->port = e->port;
	return found;
}

static bool is_good(const struct zt_ev_connect *e)
{
	return e->state == ZT_NET_UP || e->state == ZT_NET_ASKED || (e->state == ZT_NET_STATUS && e->status < 400);
}

int apply_connect(struct model *m, const struct zt_ev *ev)
{
	const struct zt_ev_connect *e = (const void *)ev;
	const char *s[1], *host;
	struct net *n;

	if (ev_tail_strings(ev, s, 1) < 0)
		return 0;
	host = s[0][0] ? s[0] : name_of(m, ev->cgroup, e->addr_hi, e->addr_lo);
	n = connection(m, e, host);
	if (!n)
		return 0;
	if (!n->host[0])
		snprintf(n->host, sizeof(n->host), "%s", host);
	n->untold += e->untold;
	n->asked |= e->state == ZT_NET_ASKED;
	if (e->state == ZT_NET_LEFT && n->asked) /* opened in advance, and not needed */
		return 0;
	if (is_good(e)) {
		n->in_a_row = e->state == ZT_NET_UP ? n->in_a_row : 0;
		n->ok_ns = ev->ts_ns;
		return 0;
	}
	n->state = e->state;
	n->error = e->error;
	n->status = e->status;
	n->alert = e->alert;
	n->flags = ev->flags;
	n->took_ns = e->took_ns;
	fail(m, n, ev);
	return 0;
}

/* 3deb6debian3org → deb.debian.org; false: no such name */
static bool dotted(const char *wire, char *to, size_t size)
{
	size_t at = 0;

	while (*wire) {
		size_t len = (unsigned char)*wire++;

		if (len > 63 || strnlen(wire, len) < len || at + len + 2 > size)
			return false;
		if (at)
			to[at++] = '.';
		memcpy(to + at, wire, len);
		at += len;
		wire += len;
	}
	to[at] = 0;
	return at > 0;
}

/* An error comes without a name: it is about what was asked last. */
static struct net *question(struct model *m, const struct zt_ev *ev, const char *name)
{
	struct net *found = NULL;

	for (struct net *n = m->nets; n; n = n->next)
		if (n->dns && same_id(&n->who, &ev->who) && (!name || !strcasecmp(n->host, name)))
			found = n;
	if (found || !name)
		return found;
	found = net_new(m, ev, true);
	if (found)
		snprintf(found->host, sizeof(found->host), "%s", name);
	return found;
}

static void answer(struct model *m, struct net *n, const struct zt_ev_dns *e)
{
	n->answers++;
	n->rcode = e->rcode;
	if (e->addr_hi || e->addr_lo) {
		n->addresses++;
		n->ok_ns = e->h.ts_ns;
		name_keep(m, e->h.cgroup, e->addr_hi, e->addr_lo, n->host);
	} else if (e->rcode != RCODE_OK || !n->addresses) {
		fail(m, n, &e->h);
	}
}

int apply_dns(struct model *m, const struct zt_ev *ev)
{
	const struct zt_ev_dns *e = (const void *)ev;
	const char *s[1];
	char name[256];
	struct net *n;

	if (ev_tail_strings(ev, s, 1) < 0 || (e->what != ZT_DNS_ERROR && !dotted(s[0], name, sizeof(name))))
		return 0;
	n = question(m, ev, e->what == ZT_DNS_ERROR ? NULL : name);
	if (!n)
		return 0;
	n->untold += e->untold;
	n->addr_hi = e->server_hi;
	n->addr_lo = e->server_lo;
	n->port = 53;
	if (e->what == ZT_DNS_QUERY) {
		n->queries++;
		n->bad_ns = ev->ts_ns; /* until it is answered */
	} else if (e->what == ZT_DNS_ERROR) {
		n->error = e->error;
		fail(m, n, ev);
	} else if (e->what == ZT_DNS_ANSWER) {
		answer(m, n, e);
	}
	return 0;
}

bool step_waits(const struct step *s)
{
	return s->peer_wanted && !s->peer_told;
}

bool net_in_trouble(const struct net *n)
{
	return n->dns ? !n->addresses : n->bad_ns > n->ok_ns;
}

int apply_peer(struct model *m, const struct zt_ev *ev)
{
	struct net_peer *p = arena_zalloc(&m->arena, sizeof(*p));
	const char *s[1];

	if (!p) {
		model_lose(m);
		return 0;
	}
	if (ev_tail_strings(ev, s, 1) != 1)
		return 0;
	if (model_step_of_cgroup(m, ev->cgroup))
		model_step_of_cgroup(m, ev->cgroup)->peer_told = true;
	memcpy(&p->ev, ev, sizeof(p->ev));
	snprintf(p->host, sizeof(p->host), "%s", s[0]);
	TAIL_APPEND(m->peers_tail, p);
	return 0;
}
