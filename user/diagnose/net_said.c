/* SPDX-License-Identifier: GPL-2.0 */
/* Address, time and URL in the words of a tool that did not reach something. Whoever wrote the log may mean ill. */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "diagnose/net.h"

#define MS ((zt_u64)1000000)
#define LONGEST_MS (24ul * 3600 * 1000)

/* ":81", " port 81", "|:81", ", 81" or, as apt has it, " 81]"; 0: none */
static zt_u32 port_after(const char *at)
{
	static const char *const before[] = { ":", "|:", " port ", ", port ", " " };
	char *end;

	for (size_t i = 0; i < ARRAY_SIZE(before); i++) {
		size_t len = strlen(before[i]);
		unsigned long port;

		if (strncmp(at, before[i], len) != 0 || !isdigit((unsigned char)at[len]))
			continue;
		port = strtoul(at + len, &end, 10);
		if (port && port < 65536 && (i + 1 < ARRAY_SIZE(before) || *end == ']'))
			return (zt_u32)port;
	}
	return 0;
}

/* Does a number that stands there begin an address, and no version or file's name? */
static bool may_begin(const char *line, const char *at)
{
	return at == line || strchr(" ([|'\"=>", at[-1]) || (at - line > 2 && at[-1] == '/' && at[-2] == '/');
}

static bool address_at(struct report *r, const char *at, struct trouble *t)
{
	size_t len = strspn(at, "0123456789.");
	char text[INET_ADDRSTRLEN];
	struct in_addr a;
	zt_u32 port;

	if (len < 7 || len >= sizeof(text))
		return false;
	memcpy(text, at, len);
	text[len] = 0;
	if (inet_pton(AF_INET, text, &a) != 1)
		return false;
	port = port_after(at + len);
	t->addr_lo = 0xffff00000000ull | ntohl(a.s_addr);
	t->port = port;
	t->address = port ? say(r, "%s:%u", text, port) : say(r, "%s", text);
	return true;
}

static void take_address(struct report *r, const char *line, struct trouble *t)
{
	for (const char *p = line; *p; p++)
		if (isdigit((unsigned char)*p) && may_begin(line, p) && address_at(r, p, t))
			return;
}

/* "after 2002 ms", "5001 milliseconds", "timed out after 30 seconds", "(read timeout=15)" */
static void take_time(const char *line, struct trouble *t)
{
	static const struct {
		const char *before, *after;
		unsigned int ms;
	} forms[] = {
		{ "after ", " ms", 1 }, { "after ", " milliseconds", 1 }, { "after ", " seconds", 1000 }, { "after ", "s", 1000 },
		{ "timeout=", "", 1000 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		const char *p = strstr(line, forms[i].before);
		unsigned long n;
		char *end;

		if (!p || !isdigit((unsigned char)p[strlen(forms[i].before)]))
			continue;
		n = strtoul(p + strlen(forms[i].before), &end, 10);
		if (strncmp(end, forms[i].after, strlen(forms[i].after)) != 0 || n > LONGEST_MS / forms[i].ms)
			continue;
		t->took_ns = n * forms[i].ms * MS;
		return;
	}
}

/* Without a name and password, and without what follows a '?', which may be as secret */
static void take_url(struct report *r, const char *line, struct trouble *t)
{
	const char *sep = strstr(line, "://"), *from = sep, *end, *at, *host;

	if (!sep)
		return;
	while (from > line && isalpha((unsigned char)from[-1]))
		from--;
	host = sep + 3;
	end = host + strcspn(host, " \t'\"<>|`)?#");
	while (end > host && strchr(".,:;", end[-1]))
		end--;
	at = memrchr(host, '@', strcspn(host, "/ '\"?"));
	host = at && at < end ? at + 1 : host;
	if (from < sep && end > host)
		t->url = say(r, "%.*s%.*s", (int)(sep + 3 - from), from, (int)(end - host > 300 ? 300 : end - host), host);
}

void net_said(struct report *r, const char *line, struct trouble *t)
{
	take_address(r, line, t);
	if (t->kind == NET_TIMEOUT)
		take_time(line, t);
	take_url(r, line, t);
}
