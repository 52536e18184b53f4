/* SPDX-License-Identifier: GPL-2.0 */
/* What is known of a failure on the network: where it came from, live or from a log, is told by its certainty alone. */
#ifndef DIAGNOSE_NET_H
#define DIAGNOSE_NET_H

#include "diagnose/internal.h"

enum net_kind {
	NET_NO_ANSWER, /* of DNS: none, or none that is of use */
	NET_NO_NAME,
	NET_UNREACHABLE,
	NET_REFUSED,
	NET_TIMEOUT,
	NET_TLS,
	NET_PROXY,
	NET_STATUS,
	NET_RESET,
	NET_SIGNATURE,
	NET_KINDS,
};

/* Which tool it was whose download failed; what can be changed about that depends on it. */
enum net_tool { TOOL_OTHER, TOOL_APT, TOOL_CURL, TOOL_WGET, TOOL_GIT, TOOL_PIP, TOOL_NPM, TOOL_APK, TOOL_GO, TOOL_CARGO,
		TOOL_DNF, TOOL_GEM, TOOL_CONDA, TOOL_JVM, TOOL_DOCKER };

struct trouble {
	enum net_kind kind;
	enum net_tool tool;
	const char *comm;    /* of the program that failed */
	const char *host;    /* NULL: not known */
	const char *address; /* "10.0.0.1:443" */
	const char *url;     /* that was asked for; NULL: not known */
	zt_u64 addr_hi, addr_lo;
	zt_u32 port, status, alert, rcode;
	bool alert_sent, cut, no_tls, left; /* of TLS: the program sent it; the other end closed; it speaks something else;
						 * the program closed */
	bool from_log;	     /* of its words: details are not known */
	bool gave_up;	     /* of a timeout: the program did not wait for the kernel's */
	bool stalled, gaps;  /* it was connected, then came nothing; what is missing had come in part */
	int error;
	unsigned int tries;
	zt_u64 took_ns;
};

const struct proc *net_proc(const struct model *m, const struct net *n); /* who tried; NULL: not known */
void net_fill(const struct model *m, struct report *r, const struct unit *u, const struct net *n, const struct proc *p,
	      struct trouble *t); /* p: who failed for it */
void net_tell(const struct model *m, struct report *r, const struct net *n, const struct trouble *t, struct incident *i);
enum net_kind net_kind(const struct net *n);
enum net_tool net_tool(const struct proc *p);
enum net_tool net_tool_named(const char *name);
/* net_words.c */
const char *net_code(enum net_kind kind); /* "ZT3100" */
const char *net_reason(enum net_kind kind);
bool net_kind_of_code(int number, enum net_kind *ret); /* 3100 … */
const char *net_headline(struct report *r, const char *who, const struct trouble *t);
const char *net_words(struct report *r, const struct trouble *t);
/* net_said.c: what else a line of a log tells of it; host and kind are there already */
void net_said(struct report *r, const char *line, struct trouble *t);
/* advise_net.c */
void advise_net(const struct model *m, struct report *r, const struct trouble *t, struct incident *i);

#endif
