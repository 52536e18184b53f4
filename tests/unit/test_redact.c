// SPDX-License-Identifier: GPL-2.0
/* What is masked, what is not, and that a RUN line and its argv mask alike. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "source/redact.h"

struct pair {
	const char *in, *out; /* out NULL: unchanged */
};

/* Shell text: checked as a RUN instruction of a Dockerfile and as the argument of sh -c. */
static const struct pair shell[] = {
	/* names */
	{ "PASSWORD=hunter2 ./configure", "PASSWORD=***** ./configure" },
	{ "export DB_PASSWORD=hunter2", "export DB_PASSWORD=*****" },
	{ "PASSWORD='two words' make", "PASSWORD='*****' make" },
	{ "PASSWORD=\"two \\\"words\\\"\" make", "PASSWORD=\"*****\" make" },
	{ "PASSWORD=ab make", "PASSWORD=** make" },
	{ "PASSWORD=a\\ b make", "PASSWORD=**** make" },
	{ "PASSWORD=ab\"c d\"ef make", "PASSWORD=**\"***\"** make" },
	{ "api_key=abcdef x", "api_key=***** x" },
	{ "NPM_TOKEN=abcdef npm ci", "NPM_TOKEN=***** npm ci" },
	{ "AWS_SECRET_ACCESS_KEY=abc/def+g aws s3 ls", "AWS_SECRET_ACCESS_KEY=***** aws s3 ls" },
	{ "mvn -DaccessToken=abcdef package", "mvn -DaccessToken=***** package" },
	{ "make MY_AUTH=abcdef;ls", "make MY_AUTH=*****;ls" },
	{ "PGPASSWORD=hunter2 psql", "PGPASSWORD=***** psql" },
	{ "MYSQL_PWD=hunter2 mysql", "MYSQL_PWD=***** mysql" },
	{ "DB_PASS=hunter2 x", "DB_PASS=***** x" },
	{ "docker build --build-arg TOKEN=abcdef .", "docker build --build-arg TOKEN=***** ." },
	{ "docker build --build-arg=TOKEN=abcdef .", "docker build --build-arg=TOKEN=***** ." },
	{ "docker run -e SECRET=abcdef img", "docker run -e SECRET=***** img" },
	{ "docker run -e \"SECRET=abc def\" img", "docker run -e \"SECRET=*****\" img" },
	{ "kubectl create secret generic s --from-literal=password=abcdef",
	  "kubectl create secret generic s --from-literal=password=*****" },
	{ "curl 'https://h/x?token=abcdef&page=2'", "curl 'https://h/x?token=*****&page=2'" },
	{ "curl https://h/x?api_key=abcdef", "curl https://h/x?api_key=*****" },
	{ "npm config set //registry/:_authToken=abcdef",
	  "npm config set //registry/:_authToken=*****" },
	{ "npm config set //registry/:_authToken abcdef",
	  "npm config set //registry/:_authToken *****" },
	{ "echo \"//r/:_authToken=abcdef\" > .npmrc", "echo \"//r/:_authToken=*****\" > .npmrc" },
	{ "sh -c 'PASSWORD=hunter2 x'", "sh -c 'PASSWORD=***** x'" },
	{ "sh -c \"mysql -phunter2\" && PASSWORD=x", "sh -c \"mysql -p*****\" && PASSWORD=*" },
	{ "bash -lc \"echo \\\"PASSWORD=hunter2 x\\\"\"",
	  "bash -lc \"echo \\\"PASSWORD=*****\\\"\"" },
	{ "echo '{\"auth\":\"abcdef\",\"x\":\"y\"}' > c",
	  "echo '{\"auth\":\"*****\",\"x\":\"y\"}' > c" },
	{ "echo '{\"auth\": \"ab cd\", \"x\": 1}' > c",
	  "echo '{\"auth\": \"*****\", \"x\": 1}' > c" },
	{ "echo \"{\\\"password\\\": \\\"abcdef\\\"}\"",
	  "echo \"{\\\"password\\\": \\\"*****\\\"}\"" },
	{ "echo \"password: hunter2\" > c", "echo \"password: *****\" > c" },
	/* options */
	{ "x --password hunter2 y", "x --password ***** y" },
	{ "x --password=hunter2 y", "x --password=***** y" },
	{ "x --password 'hun ter' y", "x --password '*****' y" },
	{ "x --token abcdef", "x --token *****" },
	{ "x --api-key abcdef y", "x --api-key ***** y" },
	{ "wget --http-password=abcdef https://h", "wget --http-password=***** https://h" },
	{ "mysql -uroot -phunter2 db", "mysql -uroot -p***** db" },
	{ "mysqldump -p'hunter2' db", "mysqldump -p'*****' db" },
	{ "docker login -u me -p hunter2 reg", "docker login -u me -p ***** reg" },
	{ "sudo docker login -phunter2", "sudo docker login -p*****" },
	{ "sshpass -p hunter2 ssh h", "sshpass -p ***** ssh h" },
	{ "sshpass -phunter2 ssh h", "sshpass -p***** ssh h" },
	{ "curl -u user:hunter2 https://h", "curl -u user:***** https://h" },
	{ "curl -uuser:hunter2 https://h", "curl -uuser:***** https://h" },
	{ "curl -fsSLu user:hunter2 https://h", "curl -fsSLu user:***** https://h" },
	{ "curl --user 'user:hun ter' https://h", "curl --user 'user:*****' https://h" },
	{ "/usr/bin/curl --proxy-user u:hunter2 https://h",
	  "/usr/bin/curl --proxy-user u:***** https://h" },
	{ "true && curl -u u:hunter2 h", "true && curl -u u:***** h" },
	{ "X=$(curl -u u:hunter2 h)", "X=$(curl -u u:***** h)" },
	{ "X=\"$(curl -u u:hunter2 h)\"", "X=\"$(curl -u u:***** h)\"" },
	{ "curl -H \"Authorization: Bearer abcdef\" h",
	  "curl -H \"Authorization: Bearer *****\" h" },
	{ "curl -H 'Authorization: token abcdef' h", "curl -H 'Authorization: token *****' h" },
	{ "curl -H Authorization:abcdef h", "curl -H Authorization:***** h" },
	{ "curl -H 'PRIVATE-TOKEN: abcdef' h", "curl -H 'PRIVATE-TOKEN: *****' h" },
	{ "curl -H X-Api-Key:abcdef h", "curl -H X-Api-Key:***** h" },
	{ "git clone https://me:hunter2@h/r.git", "git clone https://me:*****@h/r.git" },
	{ "git clone https://me:hu@nter2@h/r.git", "git clone https://me:*****@h/r.git" },
	{ "psql postgresql://me:hunter2@h:5432/db", "psql postgresql://me:*****@h:5432/db" },
	{ "git clone https://abcdefghij0123456789ab@h/r", "git clone https://*****@h/r" },
	{ "unzip -P hunter2 x.zip", "unzip -P ***** x.zip" },
	{ "7z x -phunter2 x.7z", "7z x -p***** x.7z" },
	{ "openssl enc -d -pass pass:hunter2", "openssl enc -d -pass *****" },
	{ "openssl rsa -passin pass:hunter2", "openssl rsa -passin pass:*****" },
	{ "redis-cli -a hunter2 ping", "redis-cli -a ***** ping" },
	{ "echo 'root:hunter2' | chpasswd", "echo 'root:*****' | chpasswd" },
	{ "echo hunter2 | docker login --password-stdin",
	  "echo ***** | docker login --password-stdin" },
	/* shapes */
	{ "aws configure AKIAIOSFODNN7EXAMPLE", "aws configure *****" },
	{ "x LTAI4GAbCdEfGhIjKlMnOpQr", "x *****" },
	{ "x ghp_0123456789abcdefghijABCDEFGHIJ012345", "x *****" },
	{ "x gho_0123456789abcdefghijABCDEFGHIJ012345;y", "x *****;y" },
	{ "x github_pat_0123456789abcdefghij_ABCDEFG", "x *****" },
	{ "x 'glpat-0123456789abcdefghij'", "x '*****'" },
	{ "x xoxb-0123456789-abcdef", "x *****" },
	{ "x sk-proj-0123456789abcdefghij", "x *****" },
	{ "x=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc-def_ghi", "x=*****" },
	{ "git clone https://ghp_0123456789abcdefghijABCDEFGHIJ012345@github.com/r",
	  "git clone https://*****@github.com/r" },
	/* harmless */
	{ "PASSWORD=$PASS make", NULL },
	{ "PASSWORD=\"${PASS}\" make", NULL },
	{ "PASSWORD=${PASS:-$OTHER} make", NULL },
	{ "PASSWORD=${PASS:-hunter2} make", "PASSWORD=***** make" },
	{ "TOKEN=$(cat /run/secrets/token) make", NULL },
	{ "TOKEN=\"$(cat /run/secrets/token)\" make", NULL },
	{ "TOKEN=`cat /run/secrets/token` make", NULL },
	{ "x --password $PASSWORD y", NULL },
	{ "x --password \"$PASSWORD\" y", NULL },
	{ "curl -u \"$USER:$PASS\" h", NULL },
	{ "curl -H \"Authorization: Bearer $TOKEN\" h", NULL },
	{ "git clone https://$USER:$TOKEN@h/r", NULL },
	{ "git clone https://oauth2:${TOKEN}@h/r", NULL },
	{ "docker login -u me --password-stdin reg", NULL },
	{ "apt-key add x.gpg && apt-key adv --keyserver k --recv-keys 0xABCD", NULL },
	{ "echo deb [signed-by=/usr/share/keyrings/x.gpg] https://h/d stable main", NULL },
	{ "x keyring=/usr/share/keyrings/x.gpg", NULL },
	{ "x --key-file=path/to/key.pem --key=/etc/ssl/k.pem", NULL },
	{ "curl --key client.pem --cert c.pem https://h", NULL },
	{ "SSH_AUTH_SOCK=/tmp/agent/sock ssh h", NULL },
	{ "sort --key=2,3 f", NULL },
	{ "docker build --secret id=token,src=t .", NULL },
	{ "ENABLE_AUTH=true PUBLIC_KEY=abcdef x", NULL },
	{ "if [ \"$TOKEN\" = abcdef ]; then x; fi", NULL },
	{ "test $KEY=abcdef", NULL },
	{ "pip install token==1.2.3 sk-learn-contrib-lightning", NULL },
	{ "docker pull my-token:1.2", NULL },
	{ "git clone git@github.com:a/b.git", NULL },
	{ "mysql -p db", NULL },
	{ "mkdir -p /opt/x && cp -u a:b c", NULL },
	{ "PWD=/x OLDPWD=/y KEYBOARD=us author=me", NULL },
	{ "echo user:group | tee f", NULL },
	{ "echo can't open PASSWORD=hunter2", "echo can't open PASSWORD=*****" },
	{ "", NULL },
};

static const struct pair dockerfile[] = {
	{ "ENV PASSWORD hunter 2\nRUN x\n", "ENV PASSWORD ***** *\nRUN x\n" },
	{ "env PASSWORD=hunter;2 B=c\n", "env PASSWORD=***** B=c\n" },
	{ "ARG TOKEN=abcdef\nARG TOKEN\n", "ARG TOKEN=*****\nARG TOKEN\n" },
	{ "ENV API_KEY=\"ab cd\" \\\n  SECRET=abcdef\n",
	  "ENV API_KEY=\"*****\" \\\n  SECRET=*****\n" },
	{ "ENV PATH /usr/bin:$PATH\n", NULL },
	{ "# PASSWORD=hunter2 \\\nENV PASSWORD hunter2\n",
	  "# PASSWORD=***** \\\nENV PASSWORD *****\n" },
	{ "RUN a \\\n# PASSWORD=hunter2\n  b\n", "RUN a \\\n# PASSWORD=*****\n  b\n" },
	{ "FROM my-key:1.2 AS x\nUSER a:b\nEXPOSE 80\n", NULL },
	{ "RUN [\"mysql\", \"-phun\\\"ter2\"]\n", "RUN [\"mysql\", \"-p*****\"]\n" },
	{ "RUN [\"a\", \"--password\", \"hun ter2\"]\n",
	  "RUN [\"a\", \"--password\", \"*****\"]\n" },
	{ "RUN [\"sh\", \"-c\", \"PASSWORD=\\\"a b\\\" x\"]\n",
	  "RUN [\"sh\", \"-c\", \"PASSWORD=\\\"***\\\" x\"]\n" },
	{ "ONBUILD RUN [\"a\", \"--token\", \"abcdef\"]\n",
	  "ONBUILD RUN [\"a\", \"--token\", \"*****\"]\n" },
	{ "HEALTHCHECK --interval=5s CMD curl -u u:hunter2 h\n",
	  "HEALTHCHECK --interval=5s CMD curl -u u:***** h\n" },
	{ "RUN --mount=type=secret,id=token --network=none x\n", NULL },
	{ "RUN <<EOF\nx --password \\\nEOF\nENV PASSWORD hunter2\n",
	  "RUN <<EOF\nx --password \\\nEOF\nENV PASSWORD *****\n" },
	{ "RUN <<EOF\nenv PASSWORD foo\nEOF\n", NULL },
	{ "RUN x <<EOF\nfoo\n", NULL },
	{ "RUN echo \"-----BEGIN RSA PRIVATE "
	  "KEY-----\\n\\\nMIIEpAIBAAKCAQEA0123456789abcdefghijABCDEFGHIJ\\n\\\n"
	  "abcd==\\n-----END RSA PRIVATE KEY-----\" > k\nRUN x\n",
	  "RUN echo \"-----BEGIN RSA PRIVATE KEY-----\\n\\\n*****\\n\\\n"
	  "*****\\n-----END RSA PRIVATE KEY-----\" > k\nRUN x\n" },
	{ "RUN grep -q -- '-----BEGIN PRIVATE KEY-----' f && x\nRUN y\n", NULL },
	{ "> Authorization: Basic dXNlcjpwYXNz\n", "> Authorization: Basic *****\n" },
};

struct argv_case {
	const char *in, *out;
	size_t in_len, out_len;
};
#define A(i, o)                            \
	{                                  \
		i, o, sizeof(i), sizeof(o) \
	}
#define SAME(i) A(i, i)

static const struct argv_case argvs[] = {
	A("env\0PASSWORD=two words\0x", "env\0PASSWORD=*****\0x"),
	A("x\0--password\0two words\0y", "x\0--password\0*****\0y"),
	A("docker\0login\0-p\0hunter2", "docker\0login\0-p\0*****"),
	A("docker\0build\0--build-arg\0TOKEN=abcdef\0.",
	  "docker\0build\0--build-arg\0TOKEN=*****\0."),
	A("curl\0-u\0me:hunter2\0h", "curl\0-u\0me:*****\0h"),
	A("curl\0-H\0Authorization: Bearer abcdef\0h", "curl\0-H\0Authorization: Bearer *****\0h"),
	A("/bin/busybox\0sh\0-e\0-c\0PASSWORD=a x", "/bin/busybox\0sh\0-e\0-c\0PASSWORD=* x"),
	A("git\0-c\0http.extraheader=AUTHORIZATION: bearer abcdef",
	  "git\0-c\0http.extraheader=AUTHORIZATION: bearer *****"),
	SAME("gcc\0-c\0foo.c\0-o\0foo.o"),
	SAME("\0\0"),
};

static char *mask_text(const char *in, bool *masked)
{
	size_t len = strlen(in), n;
	char *t = strdup(in);

	n = redact_text(t, len, masked);
	assert_true(n <= len);
	t[n] = 0;
	return t;
}

static void check_text(const char *in, const char *out)
{
	bool masked, again;
	char *t = mask_text(in, &masked), *u = mask_text(t, &again);

	assert_string_equal(t, out ? out : in);
	assert_string_equal(u, t);
	assert_int_equal(masked, out && strcmp(in, out));
	assert_false(again);
	free(t);
	free(u);
}

static void test_run_lines(void **state)
{
	char in[1024], out[1024];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(shell); i++) {
		snprintf(in, sizeof(in), "RUN %s\n", shell[i].in);
		snprintf(out, sizeof(out), "RUN %s\n", shell[i].out ? shell[i].out : shell[i].in);
		check_text(in, out);
	}
}

static void test_shell_arguments(void **state)
{
	char buf[1024];
	bool masked;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(shell); i++) {
		const char *want = shell[i].out ? shell[i].out : shell[i].in;
		size_t len = 11 + strlen(shell[i].in) + 1, n;

		memcpy(buf, "/bin/sh\0-c", 11);
		strcpy(buf + 11, shell[i].in);
		n = redact_argv(buf, len, &masked);
		assert_int_equal(n, 11 + strlen(want) + 1);
		assert_string_equal(buf + 11, want);
		assert_int_equal(masked, shell[i].out != NULL);
	}
}

static void test_dockerfiles(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(dockerfile); i++)
		check_text(dockerfile[i].in, dockerfile[i].out);
}

static void test_argv(void **state)
{
	char buf[256];
	bool masked;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(argvs); i++) {
		const struct argv_case *c = &argvs[i];

		memcpy(buf, c->in, c->in_len);
		assert_int_equal(redact_argv(buf, c->in_len, &masked), c->out_len);
		assert_memory_equal(buf, c->out, c->out_len);
		assert_int_equal(masked,
				 c->in_len != c->out_len || memcmp(c->in, c->out, c->in_len));
		assert_int_equal(redact_argv(buf, c->out_len, &masked), c->out_len);
		assert_false(masked);
	}
}

/* The last element of a cut argv has no NUL. */
static void test_argv_without_nul(void **state)
{
	char buf[] = { 'x', 0, '-', '-', 't', 'o', 'k', 'e', 'n', 0, 'a', 'b', 'c', 'd', 'e', 'f' };
	bool masked;

	(void)state;
	assert_int_equal(redact_argv(buf, sizeof(buf), &masked), sizeof(buf) - 1);
	assert_memory_equal(buf + 10, "*****", 5);
	assert_int_equal(redact_argv(buf, 0, &masked), 0);
	assert_false(masked);
	assert_int_equal(redact_text(buf, 0, NULL), 0);
}

/* What docker hands to sh -c: continuations taken out with the comment and blank lines that follow.
 */
static size_t join(const char *in, size_t len, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (in[i] != '\\' || i + 1 >= len || in[i + 1] != '\n') {
			out[n++] = in[i];
			continue;
		}
		i += 2;
		for (;;) {
			size_t j = i;

			while (j < len && (in[j] == ' ' || in[j] == '\t'))
				j++;
			if (j >= len || (in[j] != '#' && in[j] != '\n'))
				break;
			while (j < len && in[j] != '\n')
				j++;
			i = j < len ? j + 1 : j;
		}
		i--;
	}
	return n;
}

/* Put line breaks at every place of every case: joined afterwards, both sides are the same. */
static void test_continuations(void **state)
{
	static const char *const breaks[] = { "\\\n", "\\\n    ", "\\\n# it's PASSWORD=x\n\n\t" };
	char file[2048], arg[2048], joined[2048];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(shell); i++) {
		size_t len = strlen(shell[i].in), n, m;

		for (size_t b = 0; b < ARRAY_SIZE(breaks); b++)
			for (size_t at = 1; at < len; at++) {
				if (shell[i].in[at - 1] == '\\' || shell[i].in[at] == '#')
					continue;
				n = (size_t)snprintf(file, sizeof(file), "RUN %.*s%s%s", (int)at,
						     shell[i].in, breaks[b], shell[i].in + at);
				memcpy(arg, "/bin/sh\0-c", 11);
				m = 11 + join(file + 4, n - 4, arg + 11);
				m = redact_argv(arg, m, NULL);
				n = redact_text(file, n, NULL);
				n = join(file + 4, n - 4, joined);
				joined[n] = 0;
				arg[m] = 0;
				assert_string_equal(joined, arg + 11);
			}
	}
}

/* Random bytes out of the alphabet that means something here. */
static void test_properties(void **state)
{
	static const char *const parts[] = {
		"PASSWORD=", "a",    " ",	 "\"",	    "'",       "\\",
		"\n",	     "\\\n", "# ",	 "$X",	    "--token", "RUN ",
		"[",	     "]",    ",",	 "ENV ",    "<<EOF\n", "EOF",
		":",	     "//",   "@",	 "curl ",   "-u ",     "|",
		"&",	     "(",    ")",	 "*",	    "eyJ",     "Authorization:",
		"=",	     "KEY",  "b",	 "`",	    "${",      "}",
		"-c ",	     "{",    "\xc3\xa9", "mysql -p"
	};
	unsigned int seed = 12345;
	char a[4096], b[4096], c[4096];

	(void)state;
	for (int round = 0; round < 20000; round++) {
		size_t len = 0, n, m;
		bool text = round & 1;

		for (int i = rand_r(&seed) % 24; i >= 0; i--) {
			const char *p = parts[(unsigned int)rand_r(&seed) % ARRAY_SIZE(parts)];

			memcpy(a + len, p, strlen(p) + 1);
			len += strlen(p) + (!text && !(rand_r(&seed) % 4));
		}
		memcpy(b, a, len);
		n = text ? redact_text(b, len, NULL) : redact_argv(b, len, NULL);
		assert_true(n <= len);
		memcpy(c, b, n);
		m = text ? redact_text(c, n, NULL) : redact_argv(c, n, NULL);
		if (m != n || memcmp(b, c, n))
			print_error("not idempotent (%s): <%.*s> -> <%.*s> -> <%.*s>\n",
				    text ? "text" : "argv", (int)len, a, (int)n, b, (int)m, c);
		assert_int_equal(m, n);
		assert_memory_equal(b, c, n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_run_lines),	 cmocka_unit_test(test_shell_arguments),
		cmocka_unit_test(test_dockerfiles),	 cmocka_unit_test(test_argv),
		cmocka_unit_test(test_argv_without_nul), cmocka_unit_test(test_continuations),
		cmocka_unit_test(test_properties),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
