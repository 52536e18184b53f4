/* SPDX-License-Identifier: GPL-2.0 */
/* What happened on the network, in words. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "diagnose/net.h"

static const char *const codes_of[NET_KINDS] = {
	[NET_NO_ANSWER] = "ZT3100", [NET_UNREACHABLE] = "ZT3101", [NET_REFUSED] = "ZT3102", [NET_TIMEOUT] = "ZT3103",
	[NET_TLS] = "ZT3104", [NET_PROXY] = "ZT3105", [NET_STATUS] = "ZT3106", [NET_RESET] = "ZT3108",
	[NET_NO_NAME] = "ZT3109", [NET_SIGNATURE] = "ZT3107",
};
static const char *const reasons[NET_KINDS] = {
	[NET_NO_ANSWER] = "no-answer", [NET_UNREACHABLE] = "unreachable", [NET_REFUSED] = "refused",
	[NET_TIMEOUT] = "timeout", [NET_TLS] = "tls", [NET_PROXY] = "proxy", [NET_STATUS] = "status",
	[NET_RESET] = "reset", [NET_NO_NAME] = "no-such-name",
	[NET_SIGNATURE] = "signature",
};

const char *net_code(enum net_kind kind)
{
	return codes_of[kind];
}

const char *net_reason(enum net_kind kind)
{
	return reasons[kind];
}

bool net_kind_of_code(int number, enum net_kind *ret)
{
	for (int kind = 0; kind < NET_KINDS; kind++)
		if (atoi(codes_of[kind] + 2) == number) {
			*ret = (enum net_kind)kind;
			return true;
		}
	return false;
}

static const char *place(const struct trouble *t)
{
	return t->host ? t->host : t->address ? t->address : _("a server");
}

const char *net_headline(struct report *r, const char *who, const struct trouble *t)
{
	const char *to = place(t);

	switch (t->kind) {
	case NET_NO_ANSWER:
		return t->rcode ? say(r, _("%s: %s could not look up %s, the DNS server failed"), who, t->comm, to) :
				  say(r, _("%s: %s could not look up %s, no DNS server answered"), who, t->comm, to);
	case NET_NO_NAME:
		return say(r, _("%s: %s found no address of %s, DNS has no such name"), who, t->comm, to);
	case NET_UNREACHABLE:
		return say(r, _("%s: %s found no way to %s"), who, t->comm, to);
	case NET_REFUSED:
		return say(r, _("%s: %s was refused by %s"), who, t->comm, to);
	case NET_TIMEOUT:
		return t->stalled ? say(r, _("%s: %s got no more bytes from %s"), who, t->comm, to) :
				    say(r, _("%s: %s got no answer from %s"), who, t->comm, to);
	case NET_TLS:
		return say(r, _("%s: %s had no TLS connection with %s"), who, t->comm, to);
	case NET_PROXY:
		return t->status ? say(r, _("%s: %s was turned away by the proxy %s, HTTP %u"), who, t->comm,
				       t->address ? t->address : to, t->status) :
				   say(r, _("%s: %s was turned away by a proxy"), who, t->comm);
	case NET_STATUS:
		return t->status ? say(r, _("%s: %s got HTTP %u from %s"), who, t->comm, t->status, to) :
				   say(r, _("%s: %s did not find on %s what it asked for"), who, t->comm, to);
	case NET_SIGNATURE:
		return say(r, _("%s: %s did not accept the signature of %s"), who, t->comm, to);
	case NET_RESET:
	default:
		return say(r, _("%s: %s lost its connection with %s"), who, t->comm, to);
	}
}

static const char *tls_words(struct report *r, const struct trouble *t)
{
	static const struct {
		unsigned int alert;
		const char *text;
	} alerts[] = {
		{ 40, N_("it found no cipher or version in common") },
		{ 42, N_("the certificate is bad") },
		{ 45, N_("the certificate has expired") },
		{ 46, N_("the certificate was not accepted") },
		{ 48, N_("the certificate's issuer is not known") },
		{ 70, N_("the TLS version is not supported") },
		{ 112, N_("the server does not know that name") },
	};
	const char *text = NULL;

	if (t->from_log)
		return _("the TLS handshake failed");
	if (t->left)
		return say(r, _("%s ended the TLS handshake: mostly the certificate was not accepted"), t->comm);
	if (t->no_tls)
		return _("the other end does not speak TLS");
	if (t->cut)
		return _("the connection was ended during the TLS handshake");
	for (size_t n = 0; n < ARRAY_SIZE(alerts); n++)
		if (alerts[n].alert == t->alert)
			text = _(alerts[n].text);
	if (t->alert_sent && !t->alert)
		return say(r, _("%s ended the handshake by an alert: mostly the certificate was not accepted"), t->comm);
	if (!text)
		text = say(r, _("alert %u"), t->alert);
	return t->alert_sent ? say(r, _("%s ended the TLS handshake: %s"), t->comm, text) :
			       say(r, _("the server ended the TLS handshake: %s"), text);
}

static const char *timeout_words(struct report *r, const struct trouble *t)
{
	const char *took = say_duration(r, t->took_ns);

	if (t->from_log)
		return t->took_ns ? say(r, _("no answer within %s"), took) : _("no answer in time");
	if (t->gaps)
		return say(r, _("connected, then nothing for %s with packets missing: mostly large ones that are dropped on the way (MTU)"),
			   took);
	if (t->stalled)
		return say(r, _("connected, then not a byte for %s; %s gave up"), took, t->comm);
	return t->gave_up ? say(r, _("no answer; %s gave up after %s"), t->comm, took) : say(r, _("no answer within %s"), took);
}

static const char *what_happened(struct report *r, const struct trouble *t)
{
	switch (t->kind) {
	case NET_SIGNATURE:
		return t->status == 404 ? _("the index has no signature") : _("the index's signature was not accepted");
	case NET_NO_ANSWER:
		return t->from_log ? _("the name could not be looked up") : t->error ? say(r, _("DNS: %s"), strerror(t->error)) : t->rcode == 2 ? _("DNS: SERVFAIL") :
		       t->rcode == 5 ? _("DNS: REFUSED") : t->rcode ? say(r, _("DNS: error %u"), t->rcode) :
								      _("DNS: no answer");
	case NET_NO_NAME:
		return t->rcode || t->from_log ? _("DNS: NXDOMAIN, no such name") : _("DNS: the name has no address");
	case NET_UNREACHABLE:
		return t->from_log ? _("unreachable") : t->error == EPERM || t->error == EACCES ? _("not allowed to connect (a firewall)") :
								 say(r, "%s", strerror(t->error));
	case NET_REFUSED:
		return _("connection refused");
	case NET_TIMEOUT:
		return timeout_words(r, t);
	case NET_TLS:
		return tls_words(r, t);
	case NET_PROXY:
		return !t->status ? _("the proxy refused") : t->status == 407 ? _("HTTP 407, the proxy wants a name and password") :
					  say(r, _("HTTP %u from the proxy"), t->status);
	case NET_STATUS:
		return !t->status ? _("the server has no such file") : t->status == 404 ? _("HTTP 404, there is no such file") : say(r, _("HTTP %u"), t->status);
	case NET_RESET:
	default:
		return t->from_log ? _("the connection was lost") : say(r, "%s", strerror(t->error));
	}
}

const char *net_words(struct report *r, const struct trouble *t)
{
	bool dns = t->kind == NET_NO_ANSWER || t->kind == NET_NO_NAME;
	const char *at = !t->address ? "" : dns ? say(r, _(" (server %s)"), t->address) : say(r, " (%s)", t->address);
	const char *happened = what_happened(r, t);

	/* TRANSLATORS: host, (address), what happened, how often */
	if (t->tries > 1)
		return say(r, zt_ngettext("%s%s: %s, %u time", "%s%s: %s, %u times", t->tries), t->host ? t->host : "", at,
			   happened, t->tries);
	if (!t->host && !*at)
		return happened;
	return say(r, _("%s%s: %s"), t->host ? t->host : "", at, happened);
}
