/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A build that failed because its base image could not be had. It is the engine that pulls, for all builds and long before and
 * after: what failed for it counts for a build whose FROM names that very registry.
 */
#include <string.h>
#include <strings.h>

#include "builder/dockerfile.h"
#include "diagnose/net.h"

#define HUB "docker.io"
#define UNAUTHORIZED 401 /* how each pull begins: the token is asked for after that */

/* "registry.test:5000/a/b:1" → its first part, where that is a host; else Docker Hub */
static size_t registry_of(const char *image, const char **host)
{
	size_t len = strcspn(image, "/");

	if (!image[len] || (!memchr(image, '.', len) && !memchr(image, ':', len) && strncmp(image, "localhost", len) != 0)) {
		*host = HUB;
		return strlen(HUB);
	}
	*host = image;
	return strcspn(image, ":/");
}

/* registry-1.docker.io, auth.docker.io, production.cloudflare.docker.com */
static bool is_hub(const char *host)
{
	static const char *const ends[] = { ".docker.io", ".docker.com" };
	size_t len = strlen(host);

	for (int i = 0; i < 2; i++)
		if (len > strlen(ends[i]) && !strcasecmp(host + len - strlen(ends[i]), ends[i]))
			return true;
	return false;
}

static bool is_registry(const char *host, const char *image)
{
	const char *want;
	size_t len = registry_of(image, &want);

	return (strlen(host) == len && !strncasecmp(host, want, len)) || (want != image && is_hub(host));
}

static bool pulls(const struct proc *p, const struct build *b)
{
	return p && (agent_role(p->comm, p->argv, p->argv_bytes) == AGENT_ENGINE || model_is_below(p, b->client));
}

static const struct df_instr *from_of(const struct dockerfile *df, const struct df_stage *st)
{
	for (size_t i = 0; i < df->ninstrs; i++)
		if (df->instrs[i].line == st->line && !strcmp(df->instrs[i].keyword, "FROM"))
			return &df->instrs[i];
	return NULL;
}

/* The stage whose image comes from there; NULL: none of this build does */
static const struct df_stage *stage_from(const struct build *b, const char *host)
{
	for (size_t i = 0; i < b->df->nstages; i++) {
		const struct df_stage *st = &b->df->stages[i];

		if (st->in_build && st->base && st->base_stage < 0 && !st->is_scratch && is_registry(host, st->base))
			return st;
	}
	return NULL;
}

static bool failed_alone(const struct model *m, const struct report *r, const struct build *b)
{
	if (b->log || !b->df || !b->client || !b->client->exit_ns || !exit_status(b->client->exit_code) ||
	    (b->client->exit_code & 0x7f))
		return false;
	for (const struct step *s = m->steps; s; s = s->next)
		if (s->build == b && s->exited && s->exit_code)
			return false;
	for (const struct incident *i = r->incidents; i; i = i->next)
		if (i->build == b)
			return false;
	return true;
}

static const struct net *decisive(const struct model *m, const struct build *b)
{
	const struct net *best = NULL;

	for (const struct net *n = m->nets; n; n = n->next)
		if (net_in_trouble(n) && n->bad_ns > b->started_ns && n->bad_ns < b->client->exit_ns && n->host[0] &&
		    (n->dns || n->state != ZT_NET_STATUS || n->status != UNAUTHORIZED) && pulls(net_proc(m, n), b) &&
		    stage_from(b, n->host) && (!best || n->bad_ns > best->bad_ns))
			best = n;
	return best;
}

void pull_incident(const struct model *m, struct report *r, struct build *b)
{
	const struct net *n = failed_alone(m, r, b) ? decisive(m, b) : NULL;
	const struct df_stage *st = n ? stage_from(b, n->host) : NULL;
	const struct unit u = { .entry = b->client, .build = b };
	struct incident *i;
	struct trouble t;

	if (!st)
		return;
	net_fill(m, r, &u, n, net_proc(m, n), &t);
	t.tool = TOOL_DOCKER;
	i = incident_new(r, net_code(t.kind), &u);
	if (!i)
		return;
	i->ts_ns = n->bad_ns;
	i->confidence = CONF_LIKELY;
	i->causal = TRI_YES;
	i->from = from_of(b->df, st);
	i->limit.kind = LIMIT_NONE;
	i->limit.bytes = i->limit.swap_limit_bytes = ZT_NO_LIMIT;
	i->headline = net_headline(r, say(r, "FROM %.100s", st->base), &t);
	i->net_text = net_words(r, &t);
	i->killed = say(r, _("nothing; %s (pid %u) ended by itself with exit code %d"), b->client->comm, b->client->id.tgid,
			exit_status(b->client->exit_code));
	net_tell(m, r, n, &t, i);
	i->basis = say(r, _("likely: seen on the sockets of %s"), t.comm);
	advise_net(m, r, &t, i);
	i->summary = say(r, _("%s. Ended: %s. Network: %s."), i->headline, i->killed, i->net_text);
}
