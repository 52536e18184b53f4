/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How tools say that they could not reach something, or were not given it. A line tells when it has words of a tool and words
 * of a reason; the host stands behind words of its own, or is the first URL's. "Retrying" alone is no failure: it counts where
 * no try is left.
 */
#include "log/said.h"

/* The first that the line has says whose it is. */
static const struct {
	const char *words, *tool;
} tools[] = {
	{ "spurious network error", NULL }, /* cargo tries again */
	{ "npm warn", NULL },
	{ "npm WARN", NULL },
	{ "failed to do request", "docker" },
	{ "failed to resolve source metadata", "docker" },
	{ "Error response from daemon: ", "docker" },
	{ "error pulling image", "docker" },
	{ "curl: (", "curl" },
	{ "Curl error (", "dnf" },
	{ "wget: ", "wget" },
	{ "Connecting to ", "wget" },
	{ "Resolving ", "wget" },
	{ "ERROR 404: Not Found", "wget" },
	{ "ERROR 403: Forbidden", "wget" },
	{ "Retry(total=0", "pip" },
	{ "Retry(total=", NULL },
	{ "ERROR: Could not install packages", "pip" },
	{ "ConnectionPool(host=", "pip" },
	{ "ERROR: HTTP error ", "pip" },
	{ "npm ERR! ", "npm" },
	{ "npm error ", "npm" },
	{ "ERR_PNPM_", "pnpm" },
	{ "error An unexpected error occurred", "yarn" },
	{ "fatal: unable to access '", "git" },
	{ "ssh: ", "git" },
	{ "failed to download from `", "cargo" },
	{ "download of ", "cargo" },
	{ "[6] ", "cargo" },
	{ "[7] ", "cargo" },
	{ "[28] ", "cargo" },
	{ "[35] ", "cargo" },
	{ "[60] ", "cargo" },
	{ "ERROR: http", "apk" },
	{ "WARNING: fetching http", "apk" },
	{ "WARNING: Ignoring http", "apk" },
	{ "UNTRUSTED signature", "apk" },
	{ "CondaHTTPError", "conda" },
	{ "CondaSSLError", "conda" },
	{ "Failed to open TCP connection to ", "gem" },
	{ "Unable to download data from ", "gem" },
	{ "Could not reach host ", "gem" },
	{ "Could not transfer ", "maven" },
	{ "Could not GET '", "gradle" },
	{ "Could not HEAD '", "gradle" },
	{ "UnknownHostException", "java" },
	{ "Failed to fetch ", "apt" },
	{ "The repository '", "apt" },
	{ "GPG error: ", "apt" },
	{ " resolving '", "apt" },
	{ "Could not resolve '", "apt" },
	{ "Could not connect to ", "apt" },
	{ "Unable to connect to ", "apt" },
	{ "Cannot initiate the connection to ", "apt" },
	{ "dial tcp", "go" },
	{ "tls: failed to verify", "go" },
	{ "reading http", "go" },
};

/* From the special to the general. without: it is no such thing where the line has that, too. */
static const struct {
	const char *words, *without;
	int code;
} reasons[] = {
	/* signatures */
	{ "NO_PUBKEY", NULL, 3107 },
	{ "EXPKEYSIG", NULL, 3107 },
	{ "signatures were invalid", NULL, 3107 },
	{ "signatures couldn't be verified", NULL, 3107 },
	{ "UNTRUSTED signature", NULL, 3107 },
	{ "BAD signature", NULL, 3107 },
	{ "is expired (invalid since", NULL, 3107 },
	{ "is not valid yet", NULL, 3107 },
	{ "is not signed", NULL, 3107 },
	/* proxies */
	{ "407 ", NULL, 3105 },
	{ "status code: 407", NULL, 3105 },
	{ "response 407", NULL, 3105 },
	{ "Proxy Authentication Required", NULL, 3105 },
	{ "CONNECT tunnel failed", NULL, 3105 },
	{ "from proxy after CONNECT", NULL, 3105 },
	{ "proxyconnect ", NULL, 3105 },
	{ "Cannot connect to proxy", NULL, 3105 },
	{ "ProxyError", NULL, 3105 },
	{ "Invalid response from proxy", NULL, 3105 },
	{ "code E407", NULL, 3105 },
	/* DNS */
	{ "no such host", NULL, 3109 },
	{ "Name or service not known", NULL, 3109 },
	{ "name does not exist", NULL, 3109 },
	{ "ENOTFOUND", NULL, 3109 },
	{ "bad address '", NULL, 3109 },
	{ "No address associated with hostname", NULL, 3109 },
	{ "nodename nor servname", NULL, 3109 },
	{ "Could not resolve '", NULL, 3109 },
	{ "EAI_AGAIN", NULL, 3100 },
	{ "Temporary failure", NULL, 3100 },
	{ "Something wicked happened resolving", NULL, 3100 },
	{ "server misbehaving", NULL, 3100 },
	{ "Could not resolve host", NULL, 3100 },
	{ "Couldn't resolve host", NULL, 3100 },
	{ "Could not resolve proxy", NULL, 3100 },
	{ "unable to resolve host address", NULL, 3100 },
	{ "DNS lookup error", NULL, 3100 },
	{ "DNS: transient error", NULL, 3100 },
	{ "temporary error (try again later)", NULL, 3100 },
	{ "Unknown host ", NULL, 3109 },
	{ "UnknownHostException", NULL, 3109 },
	{ "dial tcp: lookup ", "no such host", 3100 },
	/* TLS */
	{ "certificate", NULL, 3104 },
	{ "CERTIFICATE_VERIFY_FAILED", NULL, 3104 },
	{ "CERT_HAS_EXPIRED", NULL, 3104 },
	{ "SELF_SIGNED_CERT", NULL, 3104 },
	{ "UNABLE_TO_VERIFY_LEAF", NULL, 3104 },
	{ "UNABLE_TO_GET_ISSUER", NULL, 3104 },
	{ "PKIX path building failed", NULL, 3104 },
	{ "x509: ", NULL, 3104 },
	{ "TLS handshake timeout", NULL, 3104 },
	{ "Could not handshake", NULL, 3104 },
	{ "SSL connect error", NULL, 3104 },
	{ "SSL_ERROR_", NULL, 3104 },
	{ "SSL routines", NULL, 3104 },
	{ "SSLError", NULL, 3104 },
	{ "curl: (35)", NULL, 3104 },
	/* connections */
	{ "Connection refused", NULL, 3102 },
	{ "connection refused", NULL, 3102 },
	{ "ECONNREFUSED", NULL, 3102 },
	{ "No route to host", NULL, 3101 },
	{ "no route to host", NULL, 3101 },
	{ "etwork is unreachable", NULL, 3101 },
	{ "Host is unreachable", NULL, 3101 },
	{ "EHOSTUNREACH", NULL, 3101 },
	{ "ENETUNREACH", NULL, 3101 },
	{ "network error (check Internet connection and firewall)", NULL, 3101 },
	{ "Could not reach host ", NULL, 3101 },
	{ "CONNECTION FAILED", NULL, 3101 },
	{ "timed out", NULL, 3103 },
	{ "Timed out", NULL, 3103 },
	{ "i/o timeout", NULL, 3103 },
	{ "deadline exceeded", NULL, 3103 },
	{ "Timeout was reached", NULL, 3103 },
	{ "ETIMEDOUT", NULL, 3103 },
	{ "Connection timeout", NULL, 3103 },
	{ "curl: (28)", NULL, 3103 },
	{ "onnection reset", NULL, 3108 },
	{ "ECONNRESET", NULL, 3108 },
	{ "Empty reply from server", NULL, 3108 },
	{ "transfer closed", NULL, 3108 },
	{ "unexpected EOF", NULL, 3108 },
	{ "Connection failed", NULL, 3108 },
	{ "Couldn't connect to server", NULL, 3102 },
	{ "Could not connect to server", NULL, 3102 },
	{ "curl: (7)", NULL, 3102 },
	{ "Unable to connect to ", NULL, 3101 },
	/* what the server has not, or not any more */
	{ "does not have a Release file", NULL, 3106 },
	{ "no longer has a Release file", NULL, 3106 },
	{ "Hash Sum mismatch", NULL, 3106 },
	{ "File has unexpected size", NULL, 3106 },
	{ "404 ", NULL, 3106 },
	{ "ERROR 404", NULL, 3106 },
	{ "error: 404", NULL, 3106 },
	{ "error: 403", NULL, 3106 },
	{ "ERROR 403", NULL, 3106 },
	{ "403  Forbidden", NULL, 3106 },
	{ "E404", NULL, 3106 },
	{ "410 Gone", NULL, 3106 },
	{ "status code 404", NULL, 3106 },
};

/* Words that a host's name follows; up to what cannot be in one */
static const char *const before_host[] = {
	"host='", "resolving '", "Could not resolve '", "Could not resolve host: ", "resolve host address '",
	"resolve host address \xe2\x80\x98", "dial tcp: lookup ", "getaddrinfo ENOTFOUND ", "getaddrinfo EAI_AGAIN ", "bad address '",
	"Could not connect to ", "Unable to connect to ", "Cannot initiate the connection to ", "Failed to connect to ",
	"connection to ", "onnect to host ", "Could not resolve hostname ", "Could not reach host ", "Unknown host ",
	"UnknownHostException: ", "Connect to ", "Connecting to ", "Resolving ", "cannot verify ", "remote host (", "dial tcp ",
};

static size_t host_length(const char *s)
{
	return strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_");
}

/* "https://user:password@host/": what stands before @ is not taken. */
static const char *url_host(const char *line)
{
	const char *s = strstr(line, "://"), *end, *at;

	if (!s)
		return NULL;
	s += 3;
	end = s + strcspn(s, "/ '\"\t");
	at = memrchr(s, '@', (size_t)(end - s));
	return at ? at + 1 : s;
}

/* A name says more; where it is that the address is of stands in the line. */
static bool is_address(const char *host)
{
	size_t len = host_length(host);

	return len && strspn(host, "0123456789.") >= len;
}

static void take_host(const char *line, struct log_said *ret)
{
	const char *host = NULL;
	size_t len;

	for (size_t i = 0; i < sizeof(before_host) / sizeof(before_host[0]) && !host; i++) {
		const char *at = strstr(line, before_host[i]);

		at = at ? at + strlen(before_host[i]) : NULL;
		len = at ? host_length(at) : 0;
		/* a word of prose is none: the host has a dot, or an end that names have */
		if (len && (memchr(at, '.', len) || strchr("':)", at[len]) || !at[len]) && strncmp(at, "http", 4) != 0)
			host = at;
	}
	if (url_host(line) && (!host || is_address(host)))
		host = url_host(line);
	len = host ? host_length(host) : 0;
	while (len && host[len - 1] == '.')
		len--;
	if (len && len < sizeof(ret->subject))
		memcpy(ret->subject, host, len);
}

bool said_network(const char *line, size_t len, struct log_said *ret)
{
	const char *tool = NULL;
	size_t i;

	(void)len;
	if (strstr(line, "Sub-process /usr/bin/dpkg returned an error code")) { /* all was downloaded by then */
		ret->what = ZT_SAID_NETWORK;
		memcpy(ret->program, "dpkg", sizeof("dpkg"));
		return true;
	}
	for (i = 0; i < sizeof(tools) / sizeof(tools[0]) && !strstr(line, tools[i].words);)
		i++;
	if (i == sizeof(tools) / sizeof(tools[0]) || !tools[i].tool)
		return false;
	tool = tools[i].tool;
	for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (strstr(line, reasons[i].words) && !(reasons[i].without && strstr(line, reasons[i].without)))
			break;
	if (i == sizeof(reasons) / sizeof(reasons[0]))
		return false;
	ret->what = ZT_SAID_NETWORK;
	ret->number = reasons[i].code;
	memcpy(ret->program, tool, strlen(tool) + 1);
	take_host(line, ret);
	return true;
}
