/* SPDX-License-Identifier: GPL-2.0 */
/* Compose and bake files on literal text, and the command lines that name them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "builder/compose_cmd.h"
#include "source/compose.h"
#include "source/hcl.h"

static const char *variable(void *ctx, const char *name)
{
	(void)ctx;
	return !strcmp(name, "STAGE") ? "final" : !strcmp(name, "EMPTY") ? "" : NULL;
}

static int read_file(void *ctx, const char *path, char **text, size_t *len)
{
	(void)ctx;
	if (!strcmp(path, "/p/sub/base.yaml"))
		*text = strdup("services:\n  base:\n    build: {context: ctx, target: t, args: {A: 1, B: 2}}\n");
	else if (!strcmp(path, "/p/loop.yaml"))
		*text = strdup("include: [loop.yaml]\nservices: {l: {build: .}}\n");
	else
		return -ENOENT;
	*len = strlen(*text);
	return 0;
}

static struct project *project(const char *text)
{
	struct project *p = calloc(1, sizeof(*p));
	char err[256] = "";

	assert_non_null(p);
	p->io = (struct project_io){ variable, read_file, NULL };
	if (project_add(p, text, strlen(text), "/p", err, sizeof(err)))
		fail_msg("%s", err);
	return p;
}

static const struct service *find(const struct project *p, const char *name)
{
	for (unsigned int n = 0; n < p->n; n++)
		if (!strcmp(p->services[n].name, name))
			return &p->services[n];
	fail_msg("no service %s", name);
	return NULL;
}

static void end(struct project *p)
{
	project_done(p);
	free(p);
}

/* "A=1\0B=2\0" as "A=1 B=2" */
static void has_args(const struct service *v, const char *expected)
{
	char buf[256] = "";

	for (const char *a = v->args; a && *a; a += strlen(a) + 1)
		snprintf(buf + strlen(buf), sizeof(buf) - strlen(buf), "%s%s", buf[0] ? " " : "", a);
	assert_string_equal(buf, expected);
}

static void test_short_and_long(void **state)
{
	struct project *p = project("services:\n"
				    "  web:\n    build: ./web\n"
				    "  api:\n    build:\n      context: /abs\n      dockerfile: Dockerfile.api\n"
				    "      target: ${STAGE:-dev}\n      args: [\"JOBS=2\", FROM_ENV]\n"
				    "  far:\n    build: https://example.org/x.git\n"
				    "  db:\n    image: postgres\n");

	(void)state;
	assert_int_equal(p->n, 4);
	assert_string_equal(find(p, "web")->context, "/p/./web");
	assert_null(find(p, "web")->dockerfile);
	assert_string_equal(find(p, "api")->context, "/abs");
	assert_string_equal(find(p, "api")->dockerfile, "Dockerfile.api");
	assert_string_equal(find(p, "api")->target, "final");
	has_args(find(p, "api"), "JOBS=2 FROM_ENV");
	assert_string_equal(find(p, "web")->labels ?: "", "");
	assert_string_equal(find(p, "far")->context, "https://example.org/x.git");
	assert_false(find(p, "db")->builds);
	end(p);
}

static void test_anchors_and_variables(void **state)
{
	struct project *p = project("x-b: &b\n  context: .\n  args: &a {N: \"${N:-7}\", M: $EMPTY, D: $$x, U: \"${U-u${STAGE}}\"}\n"
				    "services:\n"
				    "  one:\n    build:\n      <<: *b\n      target: one\n"
				    "  two:\n    build:\n      <<: [*b]\n      target: \"${STAGE:+two}\"\n");

	(void)state;
	assert_string_equal(find(p, "one")->context, "/p/.");
	has_args(find(p, "one"), "N=7 M= D=$x U=ufinal");
	assert_string_equal(find(p, "two")->context, "/p/.");
	assert_string_equal(find(p, "two")->target, "two");
	end(p);
}

static void test_override(void **state)
{
	static const char more[] = "services: {web: {build: {target: debug, args: {B: 3}}}, db: {build: db}}";
	struct project *p = project("services:\n  web: {build: {context: web, args: {A: 1, B: 2}}}\n  db: {image: x}\n");
	char err[256];

	(void)state;
	assert_int_equal(project_add(p, more, strlen(more), "/p", err, sizeof(err)), 0);
	assert_string_equal(find(p, "web")->context, "/p/web");
	assert_string_equal(find(p, "web")->target, "debug");
	has_args(find(p, "web"), "A=1 B=3");
	assert_true(find(p, "db")->builds);
	end(p);
}

static void test_extends_and_include(void **state)
{
	struct project *p = project("include:\n  - path: sub/base.yaml\n  - loop.yaml\n  - missing.yaml\n"
				    "services:\n"
				    "  a: {extends: {file: sub/base.yaml, service: base}, build: {target: mine}}\n"
				    "  b: {extends: a}\n"
				    "  c: {extends: {service: c}, build: c}\n");

	(void)state;
	assert_string_equal(find(p, "base")->context, "/p/sub/ctx");
	assert_string_equal(find(p, "a")->context, "/p/sub/ctx");
	assert_string_equal(find(p, "a")->target, "mine");
	assert_string_equal(find(p, "b")->target, "mine");
	has_args(find(p, "b"), "A=1 B=2");
	assert_string_equal(find(p, "c")->context, "/p/c");
	assert_true(find(p, "l")->builds);
	end(p);
}

static void test_select(void **state)
{
	struct project *p = project("services:\n  a: {build: a}\n  b: {build: b, profiles: [dev]}\n  c: {build: c}\n");

	(void)state;
	project_select(p, "", "");
	assert_true(find(p, "a")->wanted && !find(p, "b")->wanted && find(p, "c")->wanted);
	end(p);
	p = project("services:\n  a: {build: a}\n  b: {build: b, profiles: [dev]}\n  c: {build: c}\n");
	project_select(p, "b\0", "");
	assert_true(!find(p, "a")->wanted && find(p, "b")->wanted && !find(p, "c")->wanted);
	end(p);
	p = project("services:\n  a: {build: a}\n  b: {build: b, profiles: [dev]}\n");
	project_select(p, "", "dev\0");
	assert_true(find(p, "a")->wanted && find(p, "b")->wanted);
	end(p);
}

static void test_bake(void **state)
{
	struct project *p = project("{\"group\":{\"default\":{\"targets\":[\"web\",\"more\"]},\"more\":{\"targets\":[\"api\"]}},"
				    "\"target\":{\"_b\":{\"context\":\".\",\"args\":{\"A\":\"1\"}},"
				    "\"_c\":{\"args\":{\"A\":\"0\",\"C\":\"3\"}},"
				    "\"web\":{\"inherits\":[\"_c\",\"_b\"],\"dockerfile\":\"W\"},"
				    "\"api\":{\"inherits\":[\"_b\"],\"target\":\"api\",\"args\":{\"A\":\"2\"}},"
				    "\"old\":{\"context\":\"old\"}}}");

	(void)state;
	project_select(p, "", "");
	assert_true(find(p, "web")->wanted && find(p, "api")->wanted);
	assert_true(!find(p, "old")->wanted && !find(p, "_b")->wanted);
	assert_string_equal(find(p, "web")->context, "/p/.");
	has_args(find(p, "web"), "A=1 C=3");
	has_args(find(p, "api"), "A=2");
	end(p);
}

/* Of a bake file as it is alone */
static struct project *hcl_project(const char *text)
{
	char *json = hcl_to_json(text, strlen(text), 0, strlen(text), variable, NULL);
	struct project *p;

	assert_non_null(json);
	assert_true(strlen(json) < 1000);
	p = project(json);
	free(json);
	return p;
}

static void test_hcl(void **state)
{
	static const char hcl[] =
		"# bake\nvariable \"MB\" { default = \"7\" }\nvariable \"STAGE\" {\n  default = \"x\"\n}\n"
		"function \"f\" {\n params = [a]\n result = a + 1\n}\n"
		"group \"default\" { targets = [\"web\", \"api\"] }\n"
		"target \"_c\" { context = \".\" /* here */ }\n"
		"target \"web\" {\n  inherits = [\"_c\"]\n  dockerfile = \"W-${STAGE}\"\n  target = STAGE\n"
		"  args = {\n    MB = \"${MB}\"\n    N = 5\n    \"Q\" : \"a\\\"b\",\n    F = f(1)\n    E = MB == 7 ? \"y\" : \"n\"\n  }\n"
		"  tags = [\"a\", \"b${f(\"}\")}\"]\n}\n"
		"target \"api\" {\n  inherits = [\"_c\"]\n  contexts = { x = \"y\" }\n}\n";
	struct project *p = hcl_project(hcl);
	char *json;

	(void)state;
	project_select(p, "", "");
	assert_true(find(p, "web")->wanted && find(p, "api")->wanted && !find(p, "_c")->wanted);
	assert_string_equal(find(p, "web")->context, "/p/.");
	assert_string_equal(find(p, "web")->dockerfile, "W-final");
	assert_string_equal(find(p, "web")->target, "final");
	has_args(find(p, "web"), "MB=7 N=5 Q=a\"b F=2 E=n");
	end(p);
	json = hcl_to_json("}]\"${", 5, 0, 5, NULL, NULL);
	assert_non_null(json);
	free(json);
}

/* What the command line changes */
static void test_command_line(void **state)
{
	struct project *p = project("target:\n  web: {context: w, dockerfile: A, args: {X: 1, Y: 2}}\n  web-2: {context: w}\n"
				    "  api: {dockerfile: B}\n");

	(void)state;
	project_override(p, "web*.args.X=7=8", "/cwd");
	project_override(p, "web.dockerfile=C", "/cwd");
	project_override(p, "api.context=./sub", "/cwd");
	project_override(p, "*.target=last", "/cwd");
	project_override(p, "api.platform=linux/arm64", "/cwd");
	project_override(p, "no equals sign", "/cwd");
	project_override(p, "=", "/cwd");
	project_argument(p, "Y=9");
	has_args(find(p, "web"), "X=7=8 Y=9");
	has_args(find(p, "web-2"), "X=7=8 Y=9");
	has_args(find(p, "api"), "Y=9");
	assert_string_equal(find(p, "web")->dockerfile, "C");
	assert_null(find(p, "web-2")->dockerfile);
	assert_string_equal(find(p, "api")->dockerfile, "B");
	assert_string_equal(find(p, "api")->context, "/cwd/./sub");
	assert_string_equal(find(p, "web")->target, "last");
	end(p);
}

/* What an expression of bake's comes to, as an argument of the target; NULL: it is not known */
static void has_value(const char *expression, const char *want)
{
	static const char before[] =
		"variable \"STAGE\" { default = \"x\" }\nvariable \"N\" { default = 7 }\nvariable \"LIST\" { default = [\"a\", \"b\"] }\n"
		"variable \"LATE\" { default = \"${EARLY}!\" }\nvariable \"EARLY\" { default = \"e\" }\n"
		"variable \"TEXT\" {\n  type = string\n  default = 5\n}\nvariable \"AMOUNT\" {\n  type = number\n}\n"
		"variable \"COUNT\" {\n  type = number\n  default = \"5\"\n}\n"
		"variable \"LOOP\" { default = LOOP }\nvariable \"NONE\" {}\nplain = \"p\"\n"
		"function \"twice\" {\n  params = [a]\n  result = \"${a}${a}\"\n}\n"
		"function \"all\" {\n  params = [first]\n  variadic_params = rest\n  result = join(first, rest)\n}\n"
		"function \"ever\" {\n  params = [a]\n  result = ever(a)\n}\n";
	char text[4096];
	struct project *p;

	snprintf(text, sizeof(text), "%starget \"t\" {\n  args = {\n    V = %s\n    AFTER = 1\n  }\n}\n", before, expression);
	p = hcl_project(text);
	snprintf(text, sizeof(text), "%s%s%sAFTER=1", want ? "V=" : "", want ?: "", want ? " " : "");
	print_message("%s\n", expression);
	has_args(find(p, "t"), text);
	end(p);
}

static void test_hcl_expressions(void **state)
{
	static const char *const cases[][2] = {
		{ "1 + 2 * 3", "7" }, { "(1 + 2) * 3", "9" }, { "7 / 2", "3.5" }, { "-N + 10 % 4", "-5" }, { "0.5", "0.5" },
		{ "N > 6 && !(N == 8) ? \"yes\" : \"no\"", "yes" }, { "N == \"7\" ? 1 : 2", "2" }, { "1 <= 1 || false", "true" },
		{ "STAGE", "final" }, { "\"${STAGE}-${N}\"", "final-7" }, { "\"$${STAGE}\"", "${STAGE}" }, { "\"a$b\"", "a$b" },
		{ "TEXT == \"5\" ? 1 : 2", "1" }, { "AMOUNT == null ? 1 : 2", "1" }, { "COUNT == 5 ? 1 : 2", "1" }, { "LATE", "e!" }, { "NONE", "" }, { "plain", "p" }, { "LOOP", NULL }, { "ELSEWHERE", NULL }, { "\"x${ELSEWHERE}\"", NULL },
		{ "\"\\u00e9\\t\"", "\u00e9\t" }, { "\"%%{x}\"", "%{x}" }, { "\"%{if true}a%{endif}\"", NULL },
		{ "LIST[1]", "b" }, { "LIST[9]", NULL }, { "{a = {b = \"deep\"}}.a.b", "deep" }, { "{a = 1}[\"a\"]", "1" },
		{ "join(\",\", [for x in LIST : upper(x)])", "A,B" }, { "join(\",\", [for i, x in LIST : \"${i}${x}\" if x != \"a\"])", "1b" },
		{ "{for x in LIST : x => \"${x}!\"}.b", "b!" }, { "length([for x in [] : x])", "0" },
		{ "join(\",\", [for k, v in {b = 2, a = 1} : \"${k}${v}\"])", "a1,b2" }, { "length([for x in \"text\" : x])", NULL },
		{ "modulo(7, 4)", "3" }, { "and(true, false) || not(false)", "true" },
		{ "twice(\"ab\")", "abab" }, { "all(\"-\", \"x\", \"y\")", "x-y" }, { "all(\"+\", LIST...)", "a+b" }, { "ever(1)", NULL },
		{ "no_such(1)", NULL }, { "notequal(\"\", STAGE) ? \"set\" : \"empty\"", "set" },
		{ "lower(replace(\"A-B\", \"-\", \"_\"))", "a_b" }, { "join(\"|\", split(\".\", \"1.2.3\"))", "1|2|3" },
		{ "format(\"%s:%v%%\", \"a\", 5)", "a:5%" }, { "format(\"%5d\", 5)", NULL }, { "substr(\"abcdef\", 2, 3)", "cde" },
		{ "trimprefix(\"v1.2\", \"v\")", "1.2" }, { "trimsuffix(\"a.b\", \".b\")", "a" }, { "trimspace(\"  x \")", "x" },
		{ "coalesce(\"\", null, \"z\")", "z" }, { "element(concat(LIST, [\"c\"]), 2)", "c" }, { "lookup({a = 1}, \"b\", \"none\")", "none" },
		{ "contains(LIST, \"b\")", "true" }, { "join(\"\", distinct([\"a\", \"a\", \"b\"]))", "ab" }, { "add(N, 1)", "8" },
		{ "join(\"\", keys(merge({b = 1}, {a = 2})))", "ab" }, { "join(\"\", flatten([[\"a\"], [[\"b\"]]]))", "ab" },
		{ "sanitize(\"a.b/c\")", "a_b_c" }, { "1 # one", "1" }, { "\"a\" /* one */", "a" }, { "<<EOT\nline ${N}\nEOT", "line 7\n" },
		{ "<<-EOT\n      in\n        deeper\n    EOT", "in\n  deeper\n" }, { "null", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		has_value(cases[i][0], cases[i][1]);
}

/* From docker's own examples (docs.docker.com/build/bake/matrices) */
static void test_hcl_matrix(void **state)
{
	static const char hcl[] =
		"group \"default\" { targets = [\"app\"] }\n"
		"target \"app\" {\n  name = \"app-${tgt}-${replace(item.version, \".\", \"-\")}\"\n"
		"  matrix = {\n    tgt = [\"lint\", \"build\"]\n    item = [{ version = \"1.0\" }, { version = \"2.0\" }]\n  }\n"
		"  dockerfile = \"${item.version}.Dockerfile\"\n  target = tgt\n}\n"
		"target \"odd\" {\n  dockerfile = uuidv4()\n}\ntarget \"heir\" {\n  inherits = [\"odd\"]\n}\n"
		"target \"dyn\" {\n  name = \"d-${timestamp()}\"\n  matrix = { a = [1] }\n}\n";
	struct project *p = hcl_project(hcl);

	(void)state;
	project_select(p, "", "");
	assert_string_equal(find(p, "app-lint-1-0")->target, "lint");
	assert_string_equal(find(p, "app-build-2-0")->dockerfile, "2.0.Dockerfile");
	assert_true(find(p, "app-lint-2-0")->wanted && find(p, "app-build-1-0")->wanted);
	assert_false(find(p, "app-lint-1-0")->unplaced);
	for (unsigned int n = 0; n < p->n; n++) /* the latter has a name that nobody can tell */
		assert_true(strcmp(p->services[n].name, "app") && strncmp(p->services[n].name, "d", 1));
	assert_true(find(p, "odd")->unplaced && find(p, "heir")->unplaced);
	end(p);
}

/* Two files, one behind the other */
static void test_hcl_two_files(void **state)
{
	static const char hcl[] = "variable \"V\" { default = \"one\" }\ntarget \"a\" { target = twice(V) }\n"
				  "\nvariable \"V\" { default = \"two\" }\nfunction \"twice\" {\n  params = [x]\n  result = \"${x}${x}\"\n}\n"
				  "target \"b\" { target = V }\n";
	size_t second = (size_t)(strstr(hcl, "\n\n") - hcl) + 1;
	char *first_json = hcl_to_json(hcl, sizeof(hcl) - 1, 0, second - 1, variable, NULL),
	     *second_json = hcl_to_json(hcl, sizeof(hcl) - 1, second, sizeof(hcl) - 1, variable, NULL);

	(void)state;
	assert_string_equal(first_json, "{\"group\": {}, \"target\": {\"a\": {\"target\": \"twotwo\"}}}");
	assert_string_equal(second_json, "{\"group\": {}, \"target\": {\"b\": {\"target\": \"two\"}}}");
	free(first_json);
	free(second_json);
}

/* An expression that would copy gigabytes is not worked out; what stands before it is. */
static void test_hcl_cost(void **state)
{
	static const char hcl[] =
		"function \"d\" {\n  params = [a]\n  result = \"${a}${a}${a}${a}${a}${a}${a}${a}\"\n}\n"
		"target \"first\" { args = { A = 1 } }\n"
		"variable \"L\" { default = [for i in [1, 2, 3, 4, 5, 6, 7, 8] : [for j in [1, 2, 3, 4, 5, 6, 7, 8] : "
		"[for k in [1, 2, 3, 4, 5, 6, 7, 8] : replace(d(d(d(d(d(\"x\"))))), \"x\", \"y\")]]] }\n"
		"target \"last\" { args = { A = join(\",\", flatten(L)) } }\n";
	struct project *p = hcl_project(hcl);

	(void)state;
	has_args(find(p, "first"), "A=1");
	has_args(find(p, "last"), "");
	end(p);
}

/* What a stranger may write: nothing of it takes long. */
static void test_fan_out(void **state)
{
	size_t size = 1 << 20, n = 0;
	char *text = malloc(size), err[256];
	struct project *p = calloc(1, sizeof(*p));

	(void)state;
	n += (size_t)snprintf(text + n, size - n, "a0: &a0 {x: y}\n");
	for (int i = 1; i < 9; i++) {
		n += (size_t)snprintf(text + n, size - n, "a%d: &a%d\n  <<: [", i, i);
		for (int k = 0; k < 200; k++)
			n += (size_t)snprintf(text + n, size - n, "*a%d,", i - 1);
		n += (size_t)snprintf(text + n, size - n, "]\n");
	}
	n += (size_t)snprintf(text + n, size - n, "services: {s: {build: *a8}}\ntarget: {t: {inherits: [");
	for (int k = 0; k < 500; k++)
		n += (size_t)snprintf(text + n, size - n, "t,");
	n += (size_t)snprintf(text + n, size - n, "]}}\n");
	assert_int_equal(project_add(p, text, n, "/p", err, sizeof(err)), 0);
	assert_true(find(p, "s")->builds);
	assert_int_equal(*p->work, 0);
	free(text);
	end(p);
}

static void test_not_ours(void **state)
{
	struct project *p = calloc(1, sizeof(*p));
	char err[256];

	(void)state;
	assert_int_equal(project_add(p, "a: [", 4, "/p", err, sizeof(err)), -EBADMSG);
	assert_non_null(strstr(err, "line "));
	assert_int_equal(project_add(p, "", 0, "/p", err, sizeof(err)), 0);
	assert_int_equal(project_add(p, "- 1", 3, "/p", err, sizeof(err)), 0);
	assert_int_equal(project_add(p, "services: &s {a: *s, <<: *s}", 28, "/p", err, sizeof(err)), 0);
	end(p);
}

#define CMD(s) compose_cmd_parse(s, sizeof(s) - 1, &c)

static void test_commands(void **state)
{
	struct compose_cmd c;

	(void)state;
	assert_true(CMD("docker\0compose\0-f\0a.yaml\0--file=b.yaml\0--profile\0dev\0build\0--no-cache\0-m\0002g\0web\0api"));
	assert_int_equal(c.kind, COMPOSE_PLUGIN);
	assert_int_equal(c.nfiles, 2);
	assert_string_equal(c.files[1], "b.yaml");
	assert_string_equal(c.profiles[0], "dev");
	assert_int_equal(c.nnames, 2);
	assert_string_equal(c.names[1], "api");
	assert_true(CMD("/usr/libexec/docker/cli-plugins/docker-compose\0compose\0up\0--build\0-d\0web"));
	assert_int_equal(c.nnames, 0);
	assert_true(CMD("/usr/bin/python3\0/usr/bin/docker-compose\0--project-directory\0/x\0build\0--parallel\0web"));
	assert_int_equal(c.kind, COMPOSE_V1);
	assert_string_equal(c.project_dir, "/x");
	assert_string_equal(c.names[0], "web");
	assert_true(CMD("docker\0buildx\0bake\0--set\0*.args.A=1\0-f\0x.json\0web"));
	assert_int_equal(c.kind, COMPOSE_BAKE);
	assert_string_equal(c.files[0], "x.json");
	assert_int_equal(c.nnames, 1);
	assert_int_equal(c.nsets, 1);
	assert_string_equal(c.sets[0], "*.args.A=1");
	assert_true(CMD("docker\0buildx\0bake\0--var=V=2\0https://example.org/x.git#main\0-f\0cwd://a.hcl\0web"));
	assert_string_equal(c.remote, "https://example.org/x.git#main");
	assert_string_equal(c.files[0], "a.hcl");
	assert_string_equal(c.vars[0], "V=2");
	assert_int_equal(c.nnames, 1);
	assert_true(CMD("docker\0compose\0build\0--build-arg\0A=1\0--build-arg=B\0web"));
	assert_int_equal(c.nargs, 2);
	assert_true(CMD("docker\0compose\0--env-file\0one\0--env-file=two\0build"));
	assert_int_equal(c.nenv_files, 2);
	assert_string_equal(c.env_files[1], "two");
	assert_true(CMD("docker\0compose\0build\0--build-arg\0A=1\0--build-arg=B\0web"));
	assert_string_equal(c.args[1], "B");
	assert_int_equal(c.nnames, 1);
	assert_true(CMD("docker-buildx\0buildx\0bake\0--file\0-\0--progress\0rawjson"));
	assert_false(CMD("docker-compose\0docker-cli-plugin-metadata"));
	assert_false(CMD("docker\0compose\0ps"));
	assert_false(CMD("docker\0build\0."));
	assert_false(CMD("python3"));
	assert_false(CMD(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_short_and_long),
		cmocka_unit_test(test_anchors_and_variables),
		cmocka_unit_test(test_override),
		cmocka_unit_test(test_extends_and_include),
		cmocka_unit_test(test_select),
		cmocka_unit_test(test_bake),
		cmocka_unit_test(test_hcl),
		cmocka_unit_test(test_hcl_expressions),
		cmocka_unit_test(test_hcl_matrix),
		cmocka_unit_test(test_hcl_two_files),
		cmocka_unit_test(test_hcl_cost),
		cmocka_unit_test(test_command_line),
		cmocka_unit_test(test_fan_out),
		cmocka_unit_test(test_not_ours),
		cmocka_unit_test(test_commands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
