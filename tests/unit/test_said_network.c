/* SPDX-License-Identifier: GPL-2.0 */
/* Lines of tools that did not reach something, as they print them, and lines that only look so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "log/said.h"

static const struct {
	const char *line;
	int code; /* 0: no network's; -1: says nothing */
	const char *program, *host;
} lines[] = {
	{ "  Temporary failure resolving 'deb.debian.org'", 3100, "apt", "deb.debian.org" },
	{ "W: Failed to fetch http://deb.debian.org/debian/dists/bookworm/InRelease  Temporary failure resolving 'deb.debian.org'", 3100, "apt", "deb.debian.org" },
	{ "E: Failed to fetch http://nx.test/debian/dists/stable/InRelease  Could not resolve 'nx.test'", 3109, "apt", "nx.test" },
	{ "  Could not connect to mirror.test:81 (10.213.0.1). - connect (111: Connection refused)", 3102, "apt", "mirror.test" },
	{ "  Could not connect to deb.debian.org:80 (151.101.2.132), connection timed out", 3103, "apt", "deb.debian.org" },
	{ "  Could not connect to a.test:80 (10.0.0.1). - connect (113: No route to host)", 3101, "apt", "a.test" },
	{ "  Cannot initiate the connection to deb.debian.org:80 (2a04:4e42::644). - connect (101: Network is unreachable)", 3101, "apt", "deb.debian.org" },
	{ "E: Failed to fetch https://secure.test/debian/dists/stable/InRelease  Certificate verification failed: The certificate is NOT trusted.", 3104, "apt", "secure.test" },
	{ "E: Failed to fetch http://deb.debian.org/debian/pool/main/c/curl/curl_7.88.1-10_amd64.deb  404  Not Found [IP: 151.101.2.132 80]", 3106, "apt", "deb.debian.org" },
	{ "E: Failed to fetch http://user:secret@host.test/x.deb  404  Not Found", 3106, "apt", "host.test" },
	{ "E: The repository 'http://deb.debian.org/debian buster Release' does not have a Release file.", 3106, "apt", "deb.debian.org" },
	{ "E: Failed to fetch http://mirror.test/debian/dists/stable/InRelease  407  Proxy Authentication Required", 3105, "apt", "mirror.test" },
	{ "W: GPG error: http://archive.ubuntu.com/ubuntu jammy InRelease: The following signatures couldn't be verified because the public key is not available: NO_PUBKEY 871920D1991BC93C", 3107, "apt", "archive.ubuntu.com" },
	{ "E: The repository 'http://a.test/debian stable InRelease' is not signed.", 3107, "apt", "a.test" },
	{ "curl: (6) Could not resolve host: example.com", 3100, "curl", "example.com" },
	{ "curl: (7) Failed to connect to mirror.test port 81 after 41 ms: Couldn't connect to server", 3102, "curl", "mirror.test" },
	{ "curl: (28) Failed to connect to dropped.test port 80 after 2002 ms: Timeout was reached", 3103, "curl", "dropped.test" },
	{ "curl: (35) OpenSSL SSL_connect: SSL_ERROR_SYSCALL in connection to github.com:443 ", 3104, "curl", "github.com" },
	{ "curl: (60) SSL certificate problem: unable to get local issuer certificate", 3104, "curl", "" },
	{ "curl: (56) CONNECT tunnel failed, response 407", 3105, "curl", "" },
	{ "curl: (56) Recv failure: Connection reset by peer", 3108, "curl", "" },
	{ "curl: (22) The requested URL returned error: 404", 3106, "curl", "" },
	{ "wget: unable to resolve host address \xe2\x80\x98nx.test\xe2\x80\x99", 3100, "wget", "nx.test" },
	{ "Connecting to mirror.test (mirror.test)|10.0.0.1|:81... failed: Connection refused.", 3102, "wget", "mirror.test" },
	{ "2026-11-28 19:00:00 ERROR 404: Not Found.", 3106, "wget", "" },
	{ "wget: bad address 'nx.test'", 3109, "wget", "nx.test" },
	{ "wget: can't connect to remote host (10.213.0.1): Connection refused", 3102, "wget", "10.213.0.1" },
	{ "WARNING: Retrying (Retry(total=4, connect=None, read=None, redirect=None, status=None)) after connection broken by 'NewConnectionError('<pip._vendor.urllib3.connection.HTTPSConnection object at 0x7f>: Failed to establish a new connection: [Errno -3] Temporary failure in name resolution')': /simple/flask/", -1, "", "" },
	{ "WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, status=None)) after connection broken by 'NewConnectionError(...): [Errno -3] Temporary failure in name resolution')': /simple/flask/", 3100, "pip", "" },
	{ "ERROR: Could not install packages due to an OSError: HTTPSConnectionPool(host='pypi.org', port=443): Max retries exceeded with url: /simple/ (Caused by SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed')))", 3104, "pip", "pypi.org" },
	{ "pip._vendor.urllib3.exceptions.ReadTimeoutError: HTTPSConnectionPool(host='files.pythonhosted.org', port=443): Read timed out.", 3103, "pip", "files.pythonhosted.org" },
	{ "npm ERR! network request to https://registry.npmjs.org/react failed, reason: getaddrinfo EAI_AGAIN registry.npmjs.org", 3100, "npm", "registry.npmjs.org" },
	{ "npm error network request to https://registry.npmjs.org/react failed, reason: connect ECONNREFUSED 127.0.0.1:7890", 3102, "npm", "registry.npmjs.org" },
	{ "npm ERR! 404 Not Found - GET https://registry.npmjs.org/no-such-thing - Not found", 3106, "npm", "registry.npmjs.org" },
	{ "error An unexpected error occurred: \"https://registry.yarnpkg.com/react: getaddrinfo ENOTFOUND registry.yarnpkg.com\".", 3109, "yarn", "registry.yarnpkg.com" },
	{ "fatal: unable to access 'https://github.com/a/b.git/': Could not resolve host: github.com", 3100, "git", "github.com" },
	{ "fatal: unable to access 'https://github.com/a/b.git/': Failed to connect to github.com port 443 after 130000 ms: Couldn't connect to server", 3102, "git", "github.com" },
	{ "ssh: connect to host github.com port 22: Connection timed out", 3103, "git", "github.com" },
	{ "go: github.com/pkg/errors@v0.9.1: Get \"https://proxy.golang.org/github.com/pkg/errors/@v/v0.9.1.mod\": dial tcp: lookup proxy.golang.org on 10.0.0.1:53: no such host", 3109, "go", "proxy.golang.org" },
	{ "go: a.test/b: Get \"https://proxy.golang.org/a\": dial tcp 142.250.1.1:443: i/o timeout", 3103, "go", "proxy.golang.org" },
	{ "warning: spurious network error (3 tries remaining): [6] Couldn't resolve host name (Could not resolve host: index.crates.io)", -1, "", "" },
	{ "  [6] Could not resolve hostname (Could not resolve host: index.crates.io)", 3100, "cargo", "index.crates.io" },
	{ "WARNING: fetching https://dl-cdn.alpinelinux.org/alpine/v3.20/main: DNS: transient error (try again later)", 3100, "apk", "dl-cdn.alpinelinux.org" },
	{ "CondaHTTPError: HTTP 000 CONNECTION FAILED for url <https://repo.anaconda.com/pkgs/main/linux-64/repodata.json>", 3101, "conda", "repo.anaconda.com" },
	{ "[ERROR] Could not transfer artifact a:b:pom:1 from/to central (https://repo.maven.apache.org/maven2): repo.maven.apache.org: Temporary failure in name resolution", 3100, "maven", "repo.maven.apache.org" },
	{ "> java.net.UnknownHostException: services.gradle.org", 3109, "java", "services.gradle.org" },
	{ "ERROR: failed to solve: alpine:3: failed to resolve source metadata for docker.io/library/alpine:3: failed to do request: Head \"https://registry-1.docker.io/v2/library/alpine/manifests/3\": dial tcp: lookup registry-1.docker.io on 127.0.0.53:53: server misbehaving", 3100, "docker", "registry-1.docker.io" },
	{ "Error response from daemon: Get \"https://registry-1.docker.io/v2/\": net/http: TLS handshake timeout", 3104, "docker", "registry-1.docker.io" },
	{ "E: Sub-process /usr/bin/dpkg returned an error code (1)", 0, "dpkg", "" },
	/* of other things */
	{ "E: Unable to locate package no-such-package", -1, "", "" },
	{ "test_refuses_bad_address (tests.net) ... Connection refused is handled ... ok", -1, "", "" },
	{ "Get:1 http://deb.debian.org/debian bookworm InRelease [151 kB]", -1, "", "" },
	{ "ConnectionPool: 404 items", -1, "", "" },
	{ "", -1, "", "" },
};

static void test_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct log_said s = { 0 };
		bool says = said_network(lines[i].line, strlen(lines[i].line), &s);

		if (says != (lines[i].code >= 0) || (says && (s.number != lines[i].code || s.what != ZT_SAID_NETWORK ||
		    strcmp(s.program, lines[i].program) != 0 || strcmp(s.subject, lines[i].host) != 0)))
			fail_msg("%s: %d %s '%s'", lines[i].line, says ? s.number : -1, s.program, s.subject);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_lines) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
