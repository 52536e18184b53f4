/* SPDX-License-Identifier: GPL-2.0 */
/* What to do about something that could not be reached. A mirror is named only where the default host is what failed. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "builder/dockerfile.h"
#include "diagnose/advice.h"
#include "diagnose/net.h"

#define OF(x) (1u << (x))
#define DNS (OF(NET_NO_ANSWER) | OF(NET_NO_NAME))
#define FAR (OF(NET_UNREACHABLE) | OF(NET_REFUSED) | OF(NET_TIMEOUT) | OF(NET_RESET))

struct ask {
	const struct trouble *t;
	struct advice a;
	bool reached; /* the host itself reaches it */
};

/*
 * Each in front of what the RUN does already. For apt both forms of its lists, one line each and deb822, of Debian and
 * Ubuntu; what is not there is passed over.
 */
static const struct mirror {
	const char *hosts[6];
	const char *name;
	const char *before;
} mirrors[] = {
	{ { "deb.debian.org", "security.debian.org", "archive.ubuntu.com", "security.ubuntu.com", "ports.ubuntu.com" }, "apt",
	  "sed -i -E 's#//(deb|security)\\.debian\\.org|//([a-z.]*archive|security|ports)\\.ubuntu\\.com#//mirrors.aliyun.com#' "
	  "/etc/apt/sources.list /etc/apt/sources.list.d/*.sources 2>/dev/null; " },
	{ { "pypi.org", "files.pythonhosted.org" }, "pip",
	  "export PIP_INDEX_URL=https://mirrors.aliyun.com/pypi/simple/; " },
	{ { "registry.npmjs.org", "registry.yarnpkg.com" }, "npm",
	  "export npm_config_registry=https://registry.npmmirror.com; " },
	{ { "proxy.golang.org", "sum.golang.org" }, "go",
	  "export GOPROXY=https://goproxy.cn,direct GOSUMDB=sum.golang.google.cn; " },
	{ { "index.crates.io", "static.crates.io", "crates.io" }, "cargo",
	  "mkdir -p ~/.cargo; printf '[source.crates-io]\\nreplace-with=\"m\"\\n[source.m]\\n"
	  "registry=\"sparse+https://mirrors.ustc.edu.cn/crates.io-index/\"\\n' >> ${CARGO_HOME:-~/.cargo}/config.toml; " },
	{ { "dl-cdn.alpinelinux.org" }, "apk",
	  "sed -i s/dl-cdn.alpinelinux.org/mirrors.aliyun.com/ /etc/apk/repositories; " },
	{ { "rubygems.org", "index.rubygems.org" }, "gem",
	  "gem sources --remove https://rubygems.org/ -a https://mirrors.aliyun.com/rubygems/; " },
};

static const struct mirror *mirror_for(const char *host)
{
	for (size_t i = 0; host && i < ARRAY_SIZE(mirrors); i++)
		for (size_t n = 0; n < ARRAY_SIZE(mirrors[i].hosts) && mirrors[i].hosts[n]; n++) {
			const char *h = mirrors[i].hosts[n];
			size_t len = strlen(host), tail = strlen(h);

			/* cn.archive.ubuntu.com, too */
			if (len >= tail && !strcasecmp(host + len - tail, h) && (len == tail || host[len - tail - 1] == '.'))
				return &mirrors[i];
		}
	return NULL;
}

/* Where a shell's RUN has its command; 0: it is none, or cannot be edited */
static size_t run_command(const char *line, size_t len)
{
	size_t at = 0;

	while (at < len && (line[at] == ' ' || line[at] == '\t'))
		at++;
	if (len - at < 4 || strncasecmp(line + at, "RUN", 3) != 0)
		return 0;
	for (at += 3; at < len && (line[at] == ' ' || line[at] == '\t');) {
		while (at < len && (line[at] == ' ' || line[at] == '\t'))
			at++;
		if (at + 2 >= len || line[at] != '-' || line[at + 1] != '-')
			break;
		while (at < len && line[at] != ' ' && line[at] != '\t')
			at++;
	}
	return at < len && line[at] != '[' && line[at] != '<' && line[at] != '\\' ? at : 0;
}

/* "RUN make" → "RUN PUT make" */
static bool edit_run(const struct ask *q, const char *put, struct help *h)
{
	const struct step *s = q->a.i->step;
	size_t len, at, end;
	const char *line;

	if (!s || !s->instr || !s->build || s->instr->exec_form || s->instr->has_heredoc || s->instr->from_onbuild ||
	    !sure_of_step(&q->a))
		return false;
	line = dockerfile_line(s->build, s->instr->line, &len);
	at = line ? run_command(line, len) : 0;
	if (!at)
		return false;
	for (end = at; end < len && line[end] != ' ';)
		end++;
	return edit_line(&q->a, s->build, s->instr->line, at, end - at,
			 say(q->a.r, "%s%.*s", put, (int)(end - at), line + at), h);
}

static bool make_mirror(const struct ask *q, struct help *h)
{
	const struct mirror *m = mirror_for(q->t->host);

	if (!m)
		return false;
	h->id = "use-mirror";
	if (edit_run(q, m->before, h)) {
		h->text = say(q->a.r, _("take a mirror nearby (this one is in China): at line %u, after RUN, put"), h->edit.line);
		h->command = m->before;
		return true;
	}
	h->text = say(q->a.r, _("take a mirror nearby (this one is in China): in the step, before %s runs, have"), m->name);
	h->command = m->before;
	return true;
}

/* The traced `docker build` once more, with an option behind `build` */
static const char *build_with(const struct ask *q, const char *option)
{
	const char *words[COMMAND_WORDS], *all[COMMAND_WORDS + 1];
	unsigned int n = traced_command(q->a.m, words), at = 0, build = 0;
	const char *line;

	for (unsigned int w = 0; w < n; w++) {
		if (strstr(words[w], "compose") || strstr(words[w], "bake") || !strncmp(words[w], "--network", 9))
			return NULL;
		all[at++] = words[w];
		if (!build && !strcmp(words[w], "build")) {
			build = at;
			all[at++] = option;
		}
	}
	line = build && can_repeat(&q->a) && n < COMMAND_WORDS ? quoted(q->a.r, all, at) : NULL;
	return line ? say(q->a.r, "%s%s", shell_setting(q->a.m, line), line) : NULL;
}

static bool make_host_network(const struct ask *q, struct help *h)
{
	if (!q->reached || !q->a.i->step)
		return false;
	h->id = "host-network";
	h->text = _("the host itself gets there: build in the host's network");
	h->command = build_with(q, "--network=host");
	h->how = h->command ? HELP_INSTEAD : HELP_WORDS;
	return true;
}

static bool make_dns(const struct ask *q, struct help *h)
{
	if (!q->a.i->step)
		return false;
	h->id = "set-dns";
	h->text = _("give docker a DNS server that answers here: \"dns\": [\"223.5.5.5\"] (or your company's) in "
		    "/etc/docker/daemon.json, then");
	h->command = "sudo systemctl restart docker";
	return true;
}

static bool make_name(const struct ask *q, struct help *h)
{
	h->id = "check-name";
	h->text = q->t->host ? say(q->a.r, _("is %s spelt right? If only your own DNS server knows it, name that one to docker"),
				   q->t->host) : NULL;
	return h->text != NULL;
}

static bool is_loopback(const struct trouble *t)
{
	return !t->addr_hi && (t->addr_lo >> 24 == 0xffff7f || t->addr_lo == 1);
}

/* A proxy on the host, mostly. */
static bool make_loopback(const struct ask *q, struct help *h)
{
	if (!is_loopback(q->t) || !q->a.i->step)
		return false;
	h->id = "not-loopback";
	h->text = _("127.0.0.1 in a step is the step itself: for a proxy on the host name the host's own "
		    "address, or build in the host's network");
	h->command = build_with(q, "--network=host");
	h->how = h->command ? HELP_INSTEAD : HELP_WORDS;
	return true;
}

static bool make_firewall(const struct ask *q, struct help *h)
{
	if (!q->a.i->step || is_loopback(q->t) || q->t->stalled)
		return false;
	h->id = "check-forward";
	h->text = _("a firewall that was loaded after docker? Docker puts its rules back when it starts:");
	h->command = "sudo systemctl restart docker; sudo iptables -nL FORWARD | head -3";
	return true;
}

static bool make_proxy(const struct ask *q, struct help *h)
{
	if (!q->a.i->step || is_loopback(q->t) || q->t->stalled)
		return false;
	h->id = "use-proxy";
	h->text = _("if a proxy is needed here, hand yours to the build: --build-arg HTTP_PROXY --build-arg HTTPS_PROXY");
	return true;
}

static bool make_proxy_password(const struct ask *q, struct help *h)
{
	if (q->t->status != 407 || q->t->tool == TOOL_DOCKER)
		return false;
	h->id = "proxy-password";
	h->text = say(q->a.r, _("give the proxy its name and password: HTTP_PROXY and HTTPS_PROXY as "
				"http://USER:PASSWORD@%s, handed on with --build-arg (which keeps them out of the image)"),
		      q->t->address ? q->t->address : "PROXY:PORT");
	return true;
}

static bool make_no_proxy(const struct ask *q, struct help *h)
{
	h->id = "no-proxy";
	h->text = q->t->host ? say(q->a.r, _("if %s is inside your network, go past the proxy: --build-arg NO_PROXY=%s"),
				   q->t->host, q->t->host) : NULL;
	return h->text != NULL;
}

/* The program did not like what it saw. */
static bool make_certificate(const struct ask *q, struct help *h)
{
	const struct trouble *t = q->t;

	if (t->tool == TOOL_DOCKER || (!t->alert_sent && !t->left))
		return false;
	h->id = "trust-certificate";
	h->text = t->tool == TOOL_APT ?
		_("the image does not know the issuer: take http:// for apt, which checks signatures of its own") :
		_("have ca-certificates in the image; for a company's own issuer COPY its .crt file to "
		  "/usr/local/share/ca-certificates/ and RUN update-ca-certificates");
	return true;
}

static bool make_tls_other(const struct ask *q, struct help *h)
{
	if (!q->t->no_tls || !q->t->host)
		return false;
	h->id = "use-http";
	h->text = say(q->a.r, _("port %u of %s speaks plain HTTP: is it http:// instead of https://, or another port?"),
		      q->t->port, q->t->host);
	return true;
}

/* What the cache kept of `apt-get update` is older than the mirror. */
static bool make_update(const struct ask *q, struct help *h)
{
	const struct step *s = q->a.i->step;

	if (q->t->tool != TOOL_APT || !s || !s->instr || strstr(s->instr->text, "update"))
		return false;
	h->id = "apt-update";
	if (!edit_run(q, "apt-get update && ", h))
		return false;
	h->text = say(q->a.r, _("the package list is from a cached layer: at line %u, after RUN, put"), h->edit.line);
	h->command = "apt-get update && ";
	return true;
}

static bool make_key(const struct ask *q, struct help *h)
{
	if (q->t->tool != TOOL_APT)
		return false;
	h->id = "trust-key";
	h->text = q->t->status == 404 ?
		_("that repository is not signed: is its address right? If it is your own, name it with [trusted=yes]") :
		_("the image does not have the key of that repository, or an expired one: take a newer tag of the image, or "
		  "put the key into /etc/apt/keyrings and name it with [signed-by=…]");
	return true;
}

static bool make_address(const struct ask *q, struct help *h)
{
	h->id = "check-address";
	h->text = q->t->tool == TOOL_APT ?
		_("does that server still have this release? Old ones move to archive.debian.org, old-releases.ubuntu.com") :
		_("is the address still right? Ask for it with `curl -fI URL`");
	return q->t->status == 404 || q->t->status == 403;
}

static bool make_retries(const struct ask *q, struct help *h)
{
	if (q->t->tool != TOOL_APT && q->t->tool != TOOL_CURL)
		return false;
	h->id = "retry";
	h->text = q->t->tool == TOOL_APT ? _("let it try again: apt-get -o Acquire::Retries=5") :
					   _("let it try again: curl --retry 5 --retry-all-errors");
	return true;
}

/* Of a pull: what the daemon is told, for no step takes part. */
static bool make_registry_issuer(const struct ask *q, struct help *h)
{
	const struct trouble *t = q->t;

	if (t->tool != TOOL_DOCKER || !t->host || t->no_tls)
		return false;
	h->id = "trust-registry";
	h->text = t->port && t->port != 443 ?
		say(q->a.r, _("put the issuer's certificate where docker looks for it, without a restart: /etc/docker/certs.d/%s:%u/ca.crt"),
		    t->host, t->port) :
		say(q->a.r, _("put the issuer's certificate where docker looks for it, without a restart: /etc/docker/certs.d/%s/ca.crt"), t->host);
	return true;
}

static bool make_hub_mirror(const struct ask *q, struct help *h)
{
	const char *host = q->t->tool == TOOL_DOCKER ? q->t->host : NULL, *end = host ? strstr(host, "docker.") : NULL;

	if (!end || (strcmp(end, "docker.io") && strcmp(end, "docker.com")))
		return false;
	h->id = "hub-mirror";
	h->text = _("take a mirror of Docker Hub nearby (this one is in China): \"registry-mirrors\": "
		    "[\"https://docker.m.daocloud.io\"] in /etc/docker/daemon.json, then");
	h->command = "sudo systemctl restart docker";
	return true;
}

static bool make_daemon_proxy(const struct ask *q, struct help *h)
{
	if (q->t->tool != TOOL_DOCKER || is_loopback(q->t))
		return false;
	h->id = "daemon-proxy";
	h->text = _("the daemon pulls, not the step: a proxy for it is \"proxies\": {\"https-proxy\": \"http://HOST:PORT\"} in "
		    "/etc/docker/daemon.json (docker 23 and newer), then");
	h->command = "sudo systemctl restart docker";
	return true;
}

/* Docker's bridge has 1500 whatever the host's way out has: a VPN's or a cloud's is mostly less. */
static bool make_mtu(const struct ask *q, struct help *h)
{
	if (!q->t->gaps || !q->a.i->step)
		return false;
	h->id = "lower-mtu";
	h->text = _("let docker send smaller packets: \"mtu\": 1400 in /etc/docker/daemon.json (no more than `ip link` shows of "
		    "the host's own way out), then");
	h->command = "sudo systemctl restart docker";
	return true;
}

/* In the order in which they are said. */
static const struct rule {
	unsigned int kinds;
	bool (*make)(const struct ask *q, struct help *h);
} rules[] = {
	{ OF(NET_REFUSED), make_loopback },
	{ OF(NET_TIMEOUT), make_mtu },
	{ OF(NET_STATUS), make_update },
	{ OF(NET_PROXY), make_proxy_password },
	{ OF(NET_TLS), make_certificate },
	{ OF(NET_TLS), make_registry_issuer },
	{ FAR | DNS | OF(NET_TLS), make_hub_mirror },
	{ FAR, make_daemon_proxy },
	{ OF(NET_TLS), make_tls_other },
	{ DNS | FAR, make_host_network },
	{ FAR | OF(NET_STATUS) | OF(NET_TLS), make_mirror },
	{ OF(NET_NO_NAME), make_name },
	{ DNS, make_dns },
	{ OF(NET_STATUS), make_address },
	{ OF(NET_SIGNATURE), make_key },
	{ OF(NET_PROXY), make_no_proxy },
	{ OF(NET_RESET) | OF(NET_TIMEOUT), make_retries },
	{ OF(NET_UNREACHABLE) | OF(NET_TIMEOUT), make_firewall },
	{ OF(NET_UNREACHABLE) | OF(NET_TIMEOUT) | OF(NET_REFUSED), make_proxy },
};

#define HELPS 2 /* more than two are a list of guesses */

void advise_net(const struct model *m, struct report *r, const struct trouble *t, struct incident *i)
{
	struct ask q = { .t = t, .a = { .m = m, .r = r, .i = i } };

	q.reached = i->unreached && i->unreached->from_host == TRI_YES;
	for (size_t n = 0; n < ARRAY_SIZE(rules) && i->nhelp < HELPS; n++) {
		struct help h = { 0 };

		if (!(rules[n].kinds & OF(t->kind)) || !rules[n].make(&q, &h))
			continue;
		h.command = command_here(r, h.command);
		i->help[i->nhelp++] = h;
	}
}
