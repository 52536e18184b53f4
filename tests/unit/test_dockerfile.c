// SPDX-License-Identifier: GPL-2.0
/*
 * Names, numbers and argvs against what the builders themselves printed.
 * data/dockerfile/N.dockerfile was built by dockerd 20.10.24: N.buildkit08 is its plain progress
 * (RUNs print their own /proc/1/cmdline), N.legacy its Step lines; N.buildkit13 is what
 * dockerd 26.1.5 with buildx 0.13.1 printed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "builder/dockerfile.h"

#define DIR "tests/unit/data/dockerfile/"

static char *slurp(const char *name, const char *suffix, size_t *len)
{
	char path[256];
	size_t cap = 1 << 20;
	char *text = malloc(cap);
	FILE *f;

	snprintf(path, sizeof(path), DIR "%s%s", name, suffix);
	f = fopen(path, "r");
	if (!f || !text)
		fail_msg("%s: cannot be read", path);
	*len = fread(text, 1, cap - 1, f);
	text[*len] = 0;
	fclose(f);
	return text;
}

static struct dockerfile *parse(const char *text, const struct df_opts *o)
{
	char err[100] = "";
	struct dockerfile *df = dockerfile_parse(text, strlen(text), o, err, sizeof(err));

	if (!df)
		fail_msg("%s", err);
	return df;
}

/* base:2 of the fixtures: base2.dockerfile */
static bool base(void *ctx, const char *image, struct df_base *out)
{
	(void)ctx;
	if (strcmp(image, "base:2"))
		return false;
	out->env = "PATH=/bin:/sbin\0FROMBASE=b v\0";
	out->shell = "/bin/busybox\0sh\0-c\0";
	out->onbuild =
		"ENV TRIG=1\0RUN tr '\\0' '|' </proc/1/cmdline; echo $TRIG onbuild\0COPY . /trig\0";
	out->workdir = "/base/wd";
	return true;
}

static size_t rtrim(const char *s, size_t len)
{
	while (len && strchr(" \t\r", s[len - 1]))
		len--;
	return len;
}

static bool has_vertex(const struct dockerfile *df, const char *name, size_t len)
{
	for (size_t i = 0; i < df->ninstrs; i++) {
		const char *v = df->instrs[i].vertex;

		if (v && df->instrs[i].in_build && rtrim(v, strlen(v)) == len &&
		    !memcmp(v, name, len))
			return true;
	}
	return false;
}

/* A process wrote its words with | behind each and ~ for a newline. */
static char shown(char c)
{
	return c == 0 ? '|' : c == '\n' ? '~' : c;
}

static bool has_argv(const struct dockerfile *df, const char *barred)
{
	for (size_t i = 0; i < df->ninstrs; i++) {
		const struct df_instr *in = &df->instrs[i];
		size_t k = 0;

		while (k < in->argv_bytes &&
		       (barred[k] == shown(in->argv[k]) || barred[k] == in->argv[k]))
			k++;
		if (in->is_run && in->argv_bytes && k == in->argv_bytes)
			return true;
	}
	return false;
}

/* Every name and argv in the log is ours, and the log has as many as we have. */
static void check_log(const char *name, const struct dockerfile *df, char *log)
{
	size_t printed = 0, ours = 0, from = 0;

	for (char *l = strtok(log, "\n"); l; l = strtok(NULL, "\n")) {
		char *p = strchr(l, ' ');

		if (l[0] != '#' || !p)
			continue;
		p++;
		if (p[0] == '[') {
			printed++;
			from += strstr(p, "] FROM ") != NULL;
			if (!has_vertex(df, p, rtrim(p, strlen(p))))
				fail_msg("%s: BuildKit printed %s", name, p);
		} else if ((p = strchr(p, ' ')) && p[1] == '/' && strchr(p, '|') &&
			   !strstr(p, "|#!")) {
			/* (what has #! goes on in the next lines: test_tabs has it) */
			if (!has_argv(df, p + 1))
				fail_msg("%s: a process was %s", name, p + 1);
		}
	}
	/* Stages from one image share a FROM. */
	for (size_t i = 0; i < df->ninstrs; i++)
		ours += df->instrs[i].in_build && df->instrs[i].index &&
			strcmp(df->instrs[i].keyword, "FROM");
	assert_int_equal(printed - from, ours);
	assert_true(ours > 0);
}

static const struct fixture {
	const char *name, *log, *args, *target;
} fixtures[] = {
	{ "n1", "n1", "GIVEN=given\0", NULL },
	{ "n2", "n2", NULL, NULL },
	{ "n3", "n3", NULL, NULL },
	{ "n4", "n4", NULL, NULL },
	{ "n5", "n5", NULL, NULL },
	{ "n6", "n6", NULL, NULL },
	{ "n7", "n7", NULL, NULL },
	{ "n8", "n8", NULL, NULL },
	{ "n9", "n9", NULL, NULL },
	{ "n10", "n10", NULL, NULL },
	{ "n7", "n7-target-c", NULL, "C" },
};

static struct dockerfile *parse_fixture(const struct fixture *f, unsigned int minor)
{
	struct df_opts o = {
		.buildkit_minor = minor, .build_args = f->args, .target = f->target, .base = base
	};
	char err[100] = "", *text;
	struct dockerfile *df;
	size_t len;

	text = slurp(f->name, ".dockerfile", &len);
	df = dockerfile_parse(text, len, &o, err, sizeof(err));
	free(text);
	if (!df)
		fail_msg("%s: %s", f->name, err);
	return df;
}

static void check_fixture(const struct fixture *f, unsigned int minor, const char *suffix)
{
	struct dockerfile *df = parse_fixture(f, minor);
	size_t len;
	char *log = slurp(f->log, suffix, &len);

	check_log(f->log, df, log);
	dockerfile_free(df);
	free(log);
}

static void test_buildkit08(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(fixtures) / sizeof(fixtures[0]); i++)
		check_fixture(&fixtures[i], 8, ".buildkit08");
}

static void test_buildkit13(void **state)
{
	static const struct fixture newer[] = { { "n11", "n11", NULL, NULL },
						{ "n12", "n12", NULL, NULL } };

	(void)state;
	for (size_t i = 0; i < sizeof(newer) / sizeof(newer[0]); i++)
		check_fixture(&newer[i], 13, ".buildkit13");
	for (size_t i = 0; i < sizeof(fixtures) / sizeof(fixtures[0]); i++)
		if (!fixtures[i].target)
			check_fixture(&fixtures[i], 13, ".buildkit13");
}

static void check_step(const char *name, const struct dockerfile *df, const char *l)
{
	unsigned int i, n;
	int at = 0;

	if (sscanf(l, "Step %u/%u : %n", &i, &n, &at) < 2 || !at)
		fail_msg("%s: %s", name, l);
	for (size_t k = 0; k < df->ninstrs; k++) {
		const struct df_instr *in = &df->instrs[k];
		size_t kw = strlen(in->keyword), len = rtrim(l + at, strlen(l + at));

		if (in->legacy_index != i)
			continue;
		assert_int_equal(in->legacy_total, n);
		if (strlen(in->text) != len || strncmp(in->text + kw, l + at + kw, len - kw))
			fail_msg("%s: step %u is %s, we say %s", name, i, l + at, in->text);
		return;
	}
	fail_msg("%s: no step %u", name, i);
}

static void test_legacy(void **state)
{
	static const struct fixture legacy[] = {
		{ "n1", "n1", "GIVEN=given\0", NULL },
		{ "n3l", "n3l", NULL, NULL },
		{ "n4", "n4", NULL, NULL },
		{ "n5", "n5", NULL, NULL },
		{ "n6", "n6", NULL, NULL },
		{ "n7", "n7", NULL, NULL },
		{ "n8", "n8", NULL, NULL },
		{ "n7", "n7-target-c", NULL, "c" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(legacy) / sizeof(legacy[0]); i++) {
		struct dockerfile *df = parse_fixture(&legacy[i], 8);
		size_t len;
		char *log = slurp(legacy[i].log, ".legacy", &len);

		for (char *l = strtok(log, "\n"); l; l = strtok(NULL, "\n"))
			check_step(legacy[i].log, df, l);
		dockerfile_free(df);
		free(log);
	}
}

/* What newer versions print; each line from dockerfile2llb at the tag. "-": no name. */
static void names_are(const char *text, unsigned int minor, const char *const *want)
{
	struct df_opts o = { .buildkit_minor = minor, .base = base };
	struct dockerfile *df = parse(text, &o);
	size_t k = 0;

	for (size_t i = 0; i < df->ninstrs; i++) {
		const char *v = df->instrs[i].vertex ? df->instrs[i].vertex : "-";

		if (!want[k] || strcmp(v, want[k]))
			fail_msg("instruction %zu: %s, want %s", i, v,
				 want[k] ? want[k] : "(nothing)");
		k++;
	}
	assert_null(want[k]);
	dockerfile_free(df);
}
#define NAMES(text, minor, ...) names_are(text, minor, (const char *const[]){ __VA_ARGS__, NULL })

static void test_samples(void **state)
{
	(void)state;
	/* samples/buildkit-26.1-plain-oom.txt, -survived-oom.txt */
	NAMES("FROM base:local\nCOPY eat /eat\nRUN echo before the memory hog && cat "
	      "/proc/self/cgroup && /eat 400\n"
	      "RUN echo never reached\n",
	      13, "[1/4] FROM docker.io/library/base:local", "[2/4] COPY eat /eat",
	      "[3/4] RUN echo before the memory hog && cat /proc/self/cgroup && /eat 400",
	      "[4/4] RUN echo never reached");
	NAMES("FROM base:local\nCOPY eat /eat\nRUN (/eat 400; echo \"child got $?\"); echo goes on "
	      "anyway",
	      13, "[1/3] FROM docker.io/library/base:local", "[2/3] COPY eat /eat",
	      "[3/3] RUN (/eat 400; echo \"child got $?\"); echo goes on anyway");
	/* samples/buildkit-20.10-plain-*.txt */
	NAMES("FROM base:1\nRUN [\"/bin/eat\",\"200\"]", 8, "[1/2] FROM docker.io/library/base:1",
	      "[2/2] RUN [\"/bin/eat\",\"200\"]");
}

static void test_versions(void **state)
{
	static const char onbuild[] = "FROM base:2\nRUN x";

	(void)state;
	NAMES(onbuild, 16, "[1/2] FROM docker.io/library/base:2", "-",
	      "[2/2] RUN tr '\\0' '|' </proc/1/cmdline; echo 1 onbuild", "[3/2] COPY . /trig",
	      "[4/2] RUN x");
	NAMES(onbuild, 17, "[1/5] FROM docker.io/library/base:2", "-",
	      "[2/5] ONBUILD RUN tr '\\0' '|' </proc/1/cmdline; echo 1 onbuild",
	      "[3/5] ONBUILD COPY . /trig", "[4/5] RUN x");
	NAMES("FROM a\nRUN echo ${PATH#/usr} x", 12, "[1/2] FROM docker.io/library/a:latest",
	      "[2/2] RUN echo ${PATH#/usr} x");
	NAMES("FROM a\nENV V=abc\nRUN echo ${V#a} ${V/b/x}", 0,
	      "[1/2] FROM docker.io/library/a:latest", "-", "[2/2] RUN echo bc axc");
	NAMES("FROM a\nARG A=1 B=$A\nRUN $A$B", 13, "[1/2] FROM docker.io/library/a:latest", "-",
	      "[2/2] RUN 1");
	NAMES("FROM a\nARG A=1 B=$A\nRUN $A$B", 14, "[1/2] FROM docker.io/library/a:latest", "-",
	      "[2/2] RUN 11");
	/* A mount without a source makes the only stage one of two. */
	NAMES("FROM a\nRUN --mount=type=ssh x", 8, "[1/2] FROM docker.io/library/a:latest",
	      "[2/2] RUN --mount=type=ssh x");
	NAMES("FROM a AS n\nRUN --mount=type=ssh x", 9, "[n 1/2] FROM docker.io/library/a:latest",
	      "[n 2/2] RUN --mount=type=ssh x");
	NAMES("FROM a\nRUN --mount=type=secret,id=x,env=TOK curl $TOK", 0,
	      "[stage-0 1/2] FROM docker.io/library/a:latest",
	      "[stage-0 2/2] RUN --mount=type=secret,id=x,env=TOK curl ****");
}

static void test_from(void **state)
{
	struct df_opts o = { .target = "final", .build_args = "V=7\0" };
	struct dockerfile *df;

	(void)state;
	df = parse("ARG V=1\nARG IMG=reg.io:5000/x/y\nFROM --platform=$TARGETPLATFORM $IMG:v$V AS "
		   "Base\nFROM BASE AS notbase\n"
		   "FROM scratch AS empty\nFROM base AS final\nCOPY --from=empty / /\nCOPY "
		   "--from=1 / /\nFROM x@sha256:00\n",
		   &o);
	assert_int_equal(df->nstages, 5);
	assert_int_equal(df->target, 3);
	assert_string_equal(df->stages[0].base, "reg.io:5000/x/y:v7");
	assert_string_equal(df->stages[0].platform, "linux/amd64");
	assert_string_equal(df->stages[0].name, "base");
	assert_int_equal(df->stages[1].base_stage, -1);
	assert_true(df->stages[2].is_scratch);
	assert_int_equal(df->stages[3].base_stage, 0);
	assert_true(df->stages[0].in_build && df->stages[1].in_build && df->stages[2].in_build);
	assert_false(df->stages[4].in_build);
	assert_string_equal(df->instrs[2].vertex, "[base 1/1] FROM reg.io:5000/x/y:v7");
	assert_null(df->instrs[5].vertex);
	assert_string_equal(df->instrs[8].vertex,
			    "[stage-4 1/1] FROM docker.io/library/x@sha256:00");
	dockerfile_free(df);
	o.target = "nosuch";
	df = parse("FROM a\nRUN x", &o);
	assert_int_equal(df->target, -1);
	assert_true(df->instrs[1].in_build);
	dockerfile_free(df);
}

static void argv_is(const struct df_instr *in, const char *want, size_t len)
{
	assert_true(in->is_run);
	assert_int_equal(in->argv_bytes, len);
	assert_memory_equal(in->argv, want, len);
}
#define ARGV(in, want) argv_is(in, want, sizeof(want))

static const char heredocs[] = "FROM a\n"
			       "RUN <<EOF\nset -e\nmake $X\nEOF\n"
			       "RUN <<-'EOF'\n\t#!/usr/bin/env python3 -u\n\tprint()\n\tEOF\n"
			       "RUN cat <<A 3<<B >x\none\nA\ntwo\r\nB\n"
			       "RUN cat << EOF\nx\nEOF\n"
			       "COPY <<f /f\nRUN not me\nf\n"
			       "RUN [\"echo\", \"<<EOF\"]\n"
			       "RUN echo $((1 << 2)) 'a<<b'\n"
			       "RUN last\n";

static void test_heredoc(void **state)
{
	struct dockerfile *df = parse(heredocs, NULL);
	static const char argv2[] = "/usr/bin/env\0python3 -u\0/dev/pipes/EOF";

	(void)state;
	assert_int_equal(df->ninstrs, 9);
	ARGV(&df->instrs[1], "/bin/sh\0-c\0set -e\nmake $X\n");
	assert_string_equal(df->instrs[1].vertex, "[2/9] RUN <<EOF (set -e...)");
	assert_true(df->instrs[1].line == 2 && df->instrs[1].end_line == 5 &&
		    df->instrs[1].has_heredoc);
	ARGV(&df->instrs[2], "/bin/sh\0-c\0/dev/pipes/EOF");
	assert_int_equal(df->instrs[2].argv2_bytes, sizeof(argv2));
	assert_memory_equal(df->instrs[2].argv2, argv2, sizeof(argv2));
	assert_string_equal(df->instrs[2].vertex,
			    "[3/9] RUN <<-'EOF' (#!/usr/bin/env python3 -u...)");
	ARGV(&df->instrs[3], "/bin/sh\0-c\0cat <<A 3<<B >x\none\nA\ntwo\r\nB");
	assert_string_equal(df->instrs[3].vertex, "[4/9] RUN cat <<A 3<<B >x");
	ARGV(&df->instrs[4], "/bin/sh\0-c\0cat << EOF\nx\nEOF");
	assert_string_equal(df->instrs[5].vertex, "[6/9] COPY <<f /f");
	ARGV(&df->instrs[6], "echo\0<<EOF");
	/* One that is never closed: BuildKit refuses the file, we take the line as it stands. */
	ARGV(&df->instrs[7], "/bin/sh\0-c\0echo $((1 << 2)) 'a<<b'");
	assert_false(df->instrs[7].has_heredoc);
	assert_int_equal(df->nwarnings, 1);
	ARGV(&df->instrs[8], "/bin/sh\0-c\0last");
	dockerfile_free(df);
}

/* As dockerd 26.1.5 started it in n11, and as the source says since 0.27. */
static void test_tabs(void **state)
{
	struct df_opts o = { .buildkit_minor = 13 };
	static const char text[] = "FROM a\nRUN <<-EOF\n\t#!/bin/sh -e\n\ttr x\n\t:\n\tEOF\n";
	struct dockerfile *df = parse(text, &o);

	(void)state;
	ARGV(&df->instrs[1], "/bin/sh\0-c\0#!/bin/sh -e\ntr x\n:\n");
	assert_null(df->instrs[1].argv2);
	dockerfile_free(df);
	o.buildkit_minor = 27;
	df = parse(text, &o);
	ARGV(&df->instrs[1], "/bin/sh\0-c\0/dev/pipes/EOF");
	assert_string_equal(df->instrs[1].argv2, "/bin/sh");
	dockerfile_free(df);
}

static void test_no_heredoc(void **state)
{
	struct df_opts o = { .buildkit_minor = 8 };
	struct dockerfile *df = parse("FROM a\nRUN <<EOF\nRUN inner\nEOF\n", &o);

	(void)state;
	assert_int_equal(df->ninstrs, 3);
	ARGV(&df->instrs[1], "/bin/sh\0-c\0<<EOF");
	ARGV(&df->instrs[2], "/bin/sh\0-c\0inner");
	assert_int_equal(df->nwarnings, 1);
	assert_int_equal(df->warnings[0].line, 4);
	dockerfile_free(df);
}

static void test_argv(void **state)
{
	struct dockerfile *df = parse(
		"FROM a\n"
		"RUN --mount=type=cache,target=/x --network=none --security=insecure make -j8  \n"
		"RUN\n"
		"RUN [ \"a\\tb\" , \"\\u00e9\\ud83d\\ude00\", \"\" ]\n"
		"RUN ['a']\n"
		"RUN [\"a\", 1]\n"
		"RUN [\"a\"] b\n"
		"RUN echo a\\\\\\\n"
		"RUN echo b\n"
		"RUN -- x\n"
		"SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]\n"
		"RUN a | b\n",
		NULL);

	(void)state;
	ARGV(&df->instrs[1], "/bin/sh\0-c\0make -j8");
	assert_string_equal(
		df->instrs[1].text,
		"RUN --mount=type=cache,target=/x --network=none --security=insecure make -j8");
	ARGV(&df->instrs[2], "/bin/sh\0-c\0");
	ARGV(&df->instrs[3], "a\tb\0\xc3\xa9\xf0\x9f\x98\x80\0");
	assert_true(df->instrs[3].exec_form);
	ARGV(&df->instrs[4], "/bin/sh\0-c\0['a']");
	ARGV(&df->instrs[5], "/bin/sh\0-c\0[\"a\", 1]");
	ARGV(&df->instrs[6], "/bin/sh\0-c\0[\"a\"] b");
	/* An escape in front of the escape: no continuation. */
	ARGV(&df->instrs[7], "/bin/sh\0-c\0echo a\\\\\\");
	ARGV(&df->instrs[8], "/bin/sh\0-c\0echo b");
	ARGV(&df->instrs[9], "/bin/sh\0-c\0x");
	ARGV(&df->instrs[11], "/bin/bash\0-o\0pipefail\0-c\0a | b");
	dockerfile_free(df);
}

static void test_onbuild_in_file(void **state)
{
	struct dockerfile *df =
		parse("FROM a AS p\nONBUILD RUN <<E\nbody\nE\nFROM p\nRUN x\n", NULL);

	(void)state;
	assert_int_equal(df->ninstrs, 5);
	assert_true(df->instrs[3].from_onbuild && df->instrs[3].line == 5 &&
		    !df->instrs[3].legacy_index);
	assert_string_equal(df->instrs[3].vertex, "[stage-1 1/2] ONBUILD RUN <<E (body)");
	ARGV(&df->instrs[3], "/bin/sh\0-c\0body\n");
	assert_int_equal(df->instrs[4].legacy_index, 4);
	dockerfile_free(df);
}

/* ENV of a stage counts again in one that continues it, over an ARG of the same name. */
static void test_scope(void **state)
{
	(void)state;
	NAMES("ARG G=g\nFROM a AS x\nENV A=env\nARG A=arg G\nRUN $A $G\nFROM x\nRUN $A $G\nFROM "
	      "a\nRUN $A $G",
	      0, "-", "[x 1/2] FROM docker.io/library/a:latest", "-", "-", "[x 2/2] RUN arg g", "-",
	      "[stage-1 1/1] RUN env g", "[stage-2 1/2] FROM docker.io/library/a:latest",
	      "[stage-2 2/2] RUN $A $G");
	NAMES("FROM a\nENV K one  two \"x\"\nENV A=1 \\\n  # no\n  B=$A C='$K' D=\"$K\"\nRUN "
	      "$K|$A|$B|$C|$D",
	      0, "[1/2] FROM docker.io/library/a:latest", "-", "-",
	      "[2/2] RUN one  two x|1||$K|one  two x");
}

static void test_refused(void **state)
{
	static const char *const bad[] = { "", "\n\n", "# only a comment", "ARG A=1", "hello" };
	char err[64];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		err[0] = 0;
		assert_null(dockerfile_parse(bad[i], strlen(bad[i]), NULL, err, sizeof(err)));
		assert_true(err[0]);
	}
	assert_null(dockerfile_parse("FROM a", DF_TEXT_MAX + 1, NULL, err, sizeof(err)));
	assert_null(dockerfile_parse("", 0, NULL, NULL, 0));
	dockerfile_free(NULL);
}

static void fill(char *text, size_t len, const char *head, const char *unit)
{
	size_t n = strlen(head), u = strlen(unit);

	memcpy(text, head, n);
	while (n < len) {
		size_t k = len - n < u ? len - n : u;

		memcpy(text + n, unit, k);
		n += k;
	}
}

/* As large and as mean as it may get: an answer or an error, in bounded time and memory. */
static void test_hostile(void **state)
{
	static const char *const units[] = {
		"\0",
		"x",
		"\\\n",
		"RUN x\n",
		"RUN <<E\n",
		"ENV A=$A$A$A$A\n",
		"RUN ${A:-",
		"FROM a AS b\n",
		"FROM b\nONBUILD RUN x\n",
		"RUN \"$A$B$C$D$E\" \\\n",
		"ENV A=${A//?/AAAA}\n",
		"RUN [\"a\",",
		"ARG A\n",
		"RUN ${A##*a*b*c*d*}\n",
		"'",
		"<<a ",
		"SHELL [\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"]\nRUN x\n",
		"\xff\xc2\xe0",
		"RUN --mount=from=b,",
	};
	char *text = malloc(DF_TEXT_MAX), err[100];
	size_t parsed = 0;

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		struct dockerfile *df;

		if (units[i][0])
			fill(text, DF_TEXT_MAX, "FROM a AS b\nENV A=abcabc\n", units[i]);
		else
			memset(text, 0, DF_TEXT_MAX);
		err[0] = 0;
		df = dockerfile_parse(text, DF_TEXT_MAX, NULL, err, sizeof(err));
		assert_true(df || err[0]);
		parsed += df != NULL;
		dockerfile_free(df);
	}
	assert_true(parsed > 5);
	free(text);
}

static uint64_t sum(const void *bytes, size_t len)
{
	const unsigned char *p = bytes;
	uint64_t h = 7;

	while (len--)
		h = h * 31 + *p++;
	return h;
}

static struct df_argv argv_of(const char *bytes, size_t len)
{
	return (struct df_argv){ .bytes = bytes, .len = len };
}
#define A(lit) argv_of(lit, sizeof(lit))

struct match_case {
	struct df_argv v;
	unsigned int line; /* 0: no match */
};

/* With what `more` has set, each is of that kind; without it, of none. */
static void match_cases(const struct dockerfile *df, const struct match_case *cases, size_t n, struct df_argv more, enum df_match_kind kind)
{
	struct df_match m[4];

	for (size_t i = 0; i < n; i++) {
		struct df_argv v = cases[i].v;

		assert_int_equal(dockerfile_match(df, &v, m, 4), 0);
		v.other_shell = more.other_shell;
		v.late = more.late;
		assert_int_equal(dockerfile_match(df, &v, m, 4), cases[i].line != 0);
		if (cases[i].line)
			assert_true(m[0].kind == kind && m[0].instr->line == cases[i].line);
	}
}

/* BuildKit with a base image that has a SHELL */
static void test_match_other_shell(void **state)
{
	struct dockerfile *df = parse("FROM a\nRUN make all\nRUN [\"/bin/sh\",\"-c\",\"x y\"]\n"
				      "SHELL [\"/bin/ash\",\"-c\"]\nRUN make some\n", NULL);
	const struct match_case cases[] = {
		{ A("/bin/bash\0-c\0make all"), 2 },
		{ A("/bin/bash\0-o\0pipefail\0-c\0make all"), 2 },
		{ A("pwsh\0-Command\0make all"), 2 },
		{ A("/bin/bash\0make all"), 0 },
		{ A("make all"), 0 },
		{ A("/bin/bash\0-c\0xmake all"), 0 },
		{ A("/bin/bash\0-c\0make all more"), 0 },
		{ A("/bin/bash\0-c\0x y"), 0 },
		{ A("/bin/bash\0-c\0make some"), 0 },
	};

	(void)state;
	match_cases(df, cases, sizeof(cases) / sizeof(cases[0]), (struct df_argv){ .other_shell = true }, DF_MATCH_SHELL);
	dockerfile_free(df);
}

/* Seen when the shell had become its last command */
static void test_match_late(void **state)
{
	struct dockerfile *df = parse("FROM a\nRUN oombox eat 200\nRUN echo a && make  all\nRUN make all; true\nRUN exec ls\n"
				      "RUN [\"make\",\"some\"]\nRUN echo x | cat\nRUN \\\n  set -e; \\\n  go build ./...\nRUN echo $X\n", NULL);
	const struct match_case cases[] = {
		{ A("oombox\0eat\000200"), 2 }, { A("oombox\0eat"), 0 },	   { A("oombox\0eat\000200\0more"), 0 },
		{ A("make\0all"), 3 },	       { A("true"), 4 },		   { A("ls"), 5 },
		{ A("cat"), 7 },	       { A("go\0build\0./..."), 8 },	   { A("echo\0$X"), 0 },
		{ A("echo\0a"), 0 },	       { A("make all"), 0 },		   { A(""), 0 },
	};

	(void)state;
	match_cases(df, cases, sizeof(cases) / sizeof(cases[0]), (struct df_argv){ .late = true }, DF_MATCH_BECAME);
	dockerfile_free(df);
}

/* podman, buildah and kaniko */
static void test_match_looked_up(void **state)
{
	struct dockerfile *df = parse("FROM a\nRUN [\"make\",\"all\"]\nRUN [\"./x\"]\nRUN [\"true\"]\nRUN make all\n"
				      "SHELL [\"/bin/bash\",\"-o\",\"pipefail\",\"-c\"]\nRUN make | tee\nRUN [\"sh\",\"-c\",\"z\"]\n",
				      NULL);
	struct df_match m[4];
	struct df_argv v;

	(void)state;
	v = A("/usr/bin/make\0all");
	assert_int_equal(dockerfile_match(df, &v, m, 4), 0);
	v.looked_up = true;
	assert_int_equal(dockerfile_match(df, &v, m, 4), 1);
	assert_true(m[0].kind == DF_MATCH_EXACT && m[0].instr->line == 2);
	v.len--;
	assert_int_equal(dockerfile_match(df, &v, m, 4), 1);
	v = A("/bin/true");
	v.looked_up = true;
	assert_int_equal(dockerfile_match(df, &v, m, 4), 1);
	assert_int_equal(m[0].instr->line, 4);
	v = A("/bin/untrue");
	v.looked_up = true;
	assert_int_equal(dockerfile_match(df, &v, m, 4), 0);
	v = A("/usr/bin/make\0all\0more");
	v.looked_up = true;
	assert_int_equal(dockerfile_match(df, &v, m, 4), 0);
	v = A("/opt/./x");
	v.looked_up = true;
	assert_int_equal(dockerfile_match(df, &v, m, 4), 0);
	v = A("/bin/sh\0-c\0make | tee");
	assert_int_equal(dockerfile_match(df, &v, m, 4), 0);
	v.looked_up = true;
	assert_int_equal(dockerfile_match(df, &v, m, 4), 1);
	assert_true(m[0].kind == DF_MATCH_EXACT && m[0].instr->line == 7);
	v = A("/bin/bash\0-o\0pipefail\0-c\0make | tee");
	v.looked_up = true;
	assert_int_equal(dockerfile_match(df, &v, m, 4), 1);
	/* an exec form of a shell is no SHELL */
	v = A("/bin/sh\0-c\0z");
	v.looked_up = true;
	assert_int_equal(dockerfile_match(df, &v, m, 4), 1);
	assert_int_equal(m[0].instr->line, 8);
	v = A("/bin/sh\0-c\0make *");
	v.total = v.len + 30;
	v.len = sizeof("/bin/sh\0-c\0make |") - 1;
	v.looked_up = true;
	assert_int_equal(dockerfile_match(df, &v, m, 4), 0);
	v.total = sizeof("/bin/sh\0-c\0make | tee");
	v.bytes = "/bin/sh\0-c\0make | ";
	assert_int_equal(dockerfile_match(df, &v, m, 4), 1);
	assert_true(m[0].kind == DF_MATCH_PREFIX && m[0].instr->line == 7);
	dockerfile_free(df);
}

static void test_match(void **state)
{
	struct dockerfile *df =
		parse("FROM a AS one\nRUN make\nRUN make  all\nFROM a\nRUN make\nRUN make all\n"
		      "RUN curl -H *****\nRUN <<EOF\n#!/usr/bin/env python3\nprint()\nEOF\n",
		      NULL);
	struct df_match m[4];
	struct df_argv v;

	(void)state;
	v = A("/bin/sh\0-c\0make");
	assert_int_equal(dockerfile_match(df, &v, m, 4), 2);
	assert_true(m[0].kind == DF_MATCH_EXACT && m[0].instr->line == 2 && m[1].instr->line == 5);
	v.len--;
	assert_int_equal(dockerfile_match(df, &v, m, 1), 2);
	v = A("/bin/sh\0-c\0make all");
	assert_int_equal(dockerfile_match(df, &v, m, 4), 1);
	assert_true(m[0].kind == DF_MATCH_EXACT && m[0].instr->line == 6);
	v = A("/bin/sh\0-c\0 make\t all ");
	assert_int_equal(dockerfile_match(df, &v, m, 4), 2);
	assert_true(m[0].kind == DF_MATCH_SPACE);
	v = A("/bin/sh\0-c\0makeall");
	assert_int_equal(dockerfile_match(df, &v, m, 4), 0);
	v = A("/bin/sh\0-c make");
	assert_int_equal(dockerfile_match(df, &v, m, 4), 0);
	v = A("/bin/sh\0-c\0curl -H secret");
	assert_int_equal(dockerfile_match(df, &v, m, 4), 1);
	assert_true(m[0].kind == DF_MATCH_MASKED);
	v = A("/bin/sh\0-c\0curl -H two words");
	assert_int_equal(dockerfile_match(df, &v, m, 4), 0);
	v = A("/bin/sh\0-c\0ma*****");
	assert_int_equal(dockerfile_match(df, &v, m, 4), 2);
	v = A("/usr/bin/env\0python3\0/dev/pipes/EOF");
	assert_int_equal(dockerfile_match(df, &v, m, 4), 1);
	assert_true(m[0].kind == DF_MATCH_SECOND && m[0].instr->line == 8);
	v = A("python3\0/dev/pipes/EOF");
	assert_int_equal(dockerfile_match(df, &v, m, 4), 1);
	v = A("");
	assert_int_equal(dockerfile_match(df, &v, m, 4), 0);
	dockerfile_free(df);
}

static void test_match_cut(void **state)
{
	struct dockerfile *df =
		parse("FROM a\nRUN echo aaaa1\nRUN echo aaaa2\nRUN echo aaaa33\n", NULL);
	static const char whole[] = "/bin/sh\0-c\0echo aaaa2";
	struct df_argv v = { .bytes = whole, .len = 18, .total = sizeof(whole) };
	struct df_match m[4];

	(void)state;
	assert_int_equal(dockerfile_match(df, &v, m, 4), 2);
	assert_int_equal(m[0].kind, DF_MATCH_PREFIX);
	v.hashed = sizeof(whole);
	v.hash = sum(whole, sizeof(whole));
	v.hash_fn = sum;
	assert_int_equal(dockerfile_match(df, &v, m, 4), 1);
	assert_true(m[0].kind == DF_MATCH_EXACT && m[0].instr->line == 3);
	v.hash++;
	assert_int_equal(dockerfile_match(df, &v, m, 4), 0);
	v.bytes = "/bin/sh\0-c\0zcho ";
	v.len = 16;
	assert_int_equal(dockerfile_match(df, &v, m, 4), 0);
	dockerfile_free(df);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buildkit08),	cmocka_unit_test(test_buildkit13),
		cmocka_unit_test(test_legacy),		cmocka_unit_test(test_samples),
		cmocka_unit_test(test_versions),	cmocka_unit_test(test_from),
		cmocka_unit_test(test_heredoc),		cmocka_unit_test(test_tabs),
		cmocka_unit_test(test_no_heredoc),	cmocka_unit_test(test_argv),
		cmocka_unit_test(test_onbuild_in_file), cmocka_unit_test(test_scope),
		cmocka_unit_test(test_refused),		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_match),		cmocka_unit_test(test_match_cut),
		cmocka_unit_test(test_match_other_shell),
		cmocka_unit_test(test_match_late),
		cmocka_unit_test(test_match_looked_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
