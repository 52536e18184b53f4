/* SPDX-License-Identifier: GPL-2.0 */
/* Address, seconds and URL out of a tool's words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "diagnose/net.h"

static const struct {
	const char *line, *address;
	unsigned int ms;
	const char *url;
} lines[] = {
	{ "curl: (28) Failed to connect to dropped.test port 80 after 2002 ms: Timeout was reached", "", 2002, "" },
	{ "curl: (28) Connection timed out after 5001 milliseconds", "", 5001, "" },
	{ "urllib3.exceptions.ReadTimeoutError: HTTPSConnectionPool(host='a.test', port=443): Read timed out. (read timeout=15)", "", 15000, "" },
	{ "  Could not connect to mirror.test:81 (10.213.0.1). - connect (111: Connection refused)", "10.213.0.1", 0, "" },
	{ "E: Failed to fetch http://a.test/debian/curl_7.88.1.2-10_amd64.deb  404  Not Found [IP: 151.101.2.132 80]",
	  "151.101.2.132:80", 0, "http://a.test/debian/curl_7.88.1.2-10_amd64.deb" },
	{ "Connecting to mirror.test (mirror.test)|10.0.0.1|:81... failed: Connection refused.", "10.0.0.1:81", 0, "" },
	{ "go: a.test/b: Get \"https://p.test/a/@v/v1.mod\": dial tcp 142.250.1.1:443: i/o timeout", "142.250.1.1:443", 0, "https://p.test/a/@v/v1.mod" },
	{ "Head \"https://r.test/v2/x\": dial tcp: lookup r.test on 10.0.0.53:53: no such host", "10.0.0.53:53", 0, "https://r.test/v2/x" },
	{ "npm error network request to https://n.test/react failed, reason: connect ECONNREFUSED 127.0.0.1:7890", "127.0.0.1:7890", 0, "https://n.test/react" },
	{ "fatal: unable to access 'https://user:secret@g.test/a.git/': Could not resolve host: g.test", "", 0, "https://g.test/a.git/" },
	{ "error: https://a.test/x?token=secret#y (404)", "", 0, "https://a.test/x" },
	{ "ssh: connect to host 10.1.2.3 port 22: Connection timed out", "10.1.2.3:22", 0, "" },
	{ "http://10.0.0.1:8080/x: refused", "10.0.0.1:8080", 0, "http://10.0.0.1:8080/x" },
	/* no addresses, no times, no URLs */
	{ "version 1.2.3.4.5 of 300.1.1.1 and 1.2.3", "", 0, "" },
	{ "timed out after 99999999999999999999 ms", "", 0, "" },
	{ "://", "", 0, "" },
	{ "https://", "", 0, "" },
	{ "https://@/:", "", 0, "https:///" },
	{ "", "", 0, "" },
};

static void test_lines(void **state)
{
	struct model *m = model_new();
	struct report *r = m ? report_new(m) : NULL;
	unsigned int wrong = 0;

	(void)state;
	assert_non_null(r);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct trouble t = { .kind = NET_TIMEOUT, .from_log = true };

		net_said(r, lines[i].line, &t);
		if (strcmp(t.address ? t.address : "", lines[i].address) || t.took_ns != lines[i].ms * 1000000ull ||
		    strcmp(t.url ? t.url : "", lines[i].url)) {
			printf("%s\n  address %s, took %llu, url %s\n", lines[i].line, t.address, (unsigned long long)t.took_ns, t.url);
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
	report_free(r);
	model_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_lines) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
