/* SPDX-License-Identifier: GPL-2.0 */
/* Where a line says how many jobs run at once; and the words of commands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "diagnose/advice.h"

/* Lines, and the same with 3 jobs; NULL: nothing is said there. */
static const char *const lines[][2] = {
	{ "RUN make -j8", "RUN make -j3" },
	{ "RUN make -j 8 all", "RUN make -j 3 all" },
	{ "RUN cd /src && make -j8 && tar -xjf x", "RUN cd /src && make -j3 && tar -xjf x" },
	{ "RUN make --jobs=16", "RUN make --jobs=3" },
	{ "RUN make --jobs 16", "RUN make --jobs 3" },
	{ "RUN make -j", "RUN make -j3" },
	{ "RUN make -j && make install", "RUN make -j3 && make install" },
	{ "RUN make -j$(nproc)", "RUN make -j3" },
	{ "RUN make -j$(nproc --all) V=1", "RUN make -j3 V=1" },
	{ "RUN make -j\"$(nproc)\"", "RUN make -j\"3\"" },
	{ "RUN make -j `nproc`", "RUN make -j 3" },
	{ "RUN make -j$(($(nproc)+1))", "RUN make -j3" },
	{ "RUN make -j${JOBS:-8}", "RUN make -j3" },
	{ "RUN make -j$JOBS test", "RUN make -j3 test" },
	{ "RUN /usr/bin/make -j8", "RUN /usr/bin/make -j3" },
	{ "RUN [\"make\", \"-j8\"]", "RUN [\"make\", \"-j3\"]" },
	{ "RUN [\"make\",\"-j\",\"8\"]", "RUN [\"make\",\"-j\",\"3\"]" },
	{ "RUN bash -c 'make -j8'", "RUN bash -c 'make -j3'" },
	{ "RUN time nice -n 5 make -j8", "RUN time nice -n 5 make -j3" },
	{ "    && make -j8 \\", "    && make -j3 \\" },
	{ "RUN MAKEFLAGS=-j8 make", "RUN MAKEFLAGS=-j3 make" },
	{ "RUN MAKEFLAGS=\"-j8\" ./build.sh", "RUN MAKEFLAGS=\"-j3\" ./build.sh" },
	{ "ENV MAKEFLAGS=-j$(nproc)", "ENV MAKEFLAGS=-j3" },
	{ "ENV MAKEFLAGS -j8", "ENV MAKEFLAGS -j3" },
	{ "ENV CMAKE_BUILD_PARALLEL_LEVEL=8 FOO=1", "ENV CMAKE_BUILD_PARALLEL_LEVEL=3 FOO=1" },
	{ "ARG JOBS=8", "ARG JOBS=3" },
	{ "ENV CARGO_BUILD_JOBS 16", "ENV CARGO_BUILD_JOBS 3" },
	{ "ENV npm_config_jobs=max", "ENV npm_config_jobs=3" },
	{ "RUN cmake --build build -j 8", "RUN cmake --build build -j 3" },
	{ "RUN cmake --build build --parallel", "RUN cmake --build build --parallel 3" },
	{ "RUN cmake --build build --parallel 8", "RUN cmake --build build --parallel 3" },
	{ "RUN cmake --build . -- -j8", "RUN cmake --build . -- -j3" },
	{ "RUN ninja", "RUN ninja -j3" },
	{ "RUN ninja -C out", "RUN ninja -j3 -C out" },
	{ "RUN ninja -j8 -C out", "RUN ninja -j3 -C out" },
	{ "RUN cargo build --release", "RUN cargo build -j 3 --release" },
	{ "RUN cargo build -j8", "RUN cargo build -j3" },
	{ "RUN cargo +nightly build --jobs 8", "RUN cargo +nightly build --jobs 3" },
	{ "RUN ./gradlew assemble", "RUN ./gradlew --max-workers=3 assemble" },
	{ "RUN gradle build --max-workers=8", "RUN gradle build --max-workers=3" },
	{ "RUN npx jest --maxWorkers=50%", "RUN npx jest --maxWorkers=3" },
	{ "RUN npx jest -w 8", "RUN npx jest -w 3" },
	{ "RUN pytest -n auto tests", "RUN pytest -n 3 tests" },
	{ "RUN python -m pytest -n8", "RUN python -m pytest -n3" },
	{ "RUN go build ./...", "RUN go build -p 3 ./..." },
	{ "RUN go build -p 8 ./...", "RUN go build -p 3 ./..." },
	{ "RUN ls | xargs -P8 -n1 gzip", "RUN ls | xargs -P3 -n1 gzip" },
	{ "RUN ls | xargs -P 8 gzip", "RUN ls | xargs -P 3 gzip" },
	{ "RUN make", NULL },
	{ "RUN cargo --version", NULL },
	{ "RUN go version", NULL },
	{ "RUN tar -j8", NULL },
	{ "RUN echo -j8", NULL },
	{ "RUN make && echo -j8", NULL },
	{ "RUN make -jx", NULL },
	{ "RUN pytest tests", NULL },
	{ "RUN make -j$(", NULL },
	{ "RUN make -j`", NULL },
	{ "", NULL },
	{ "RUN xmake -j8", NULL },
};

static void every_form(void **state)
{
	(void)state;
	for (size_t n = 0; n < sizeof(lines) / sizeof(lines[0]); n++) {
		const char *s = lines[n][0];
		struct jobs_at at;
		char text[256] = "";
		bool there = jobs_find(s, strlen(s), &at);

		if (there)
			snprintf(text, sizeof(text), "%.*s%s3%s%s", (int)at.at, s, at.before, at.after, s + at.at + at.len);
		if (there != (lines[n][1] != NULL) || (there && strcmp(text, lines[n][1])))
			fail_msg("%s: %s", s, there ? text : "nothing found");
	}
}

static void the_number_now(void **state)
{
	struct jobs_at at;

	(void)state;
	assert_true(jobs_find("make -j12", 9, &at));
	assert_int_equal(at.now, 12);
	assert_string_equal(at.tool, "make");
	assert_true(jobs_find("make -j", 7, &at));
	assert_true(at.unlimited);
	assert_true(jobs_find("ninja", 5, &at));
	assert_int_equal(at.now, 0);
	assert_false(at.unlimited);
}

/* Any bytes: no place outside the line */
static void rubbish(void **state)
{
	static const char alphabet[] = "make-j8 $(){}`\"'&;|=,ninjacargo build\\";
	unsigned int seed = 1;
	char s[48];

	(void)state;
	for (int round = 0; round < 20000; round++) {
		size_t len = (unsigned int)rand_r(&seed) % sizeof(s);
		struct jobs_at at;

		for (size_t n = 0; n < len; n++)
			s[n] = alphabet[(unsigned int)rand_r(&seed) % (sizeof(alphabet) - 1)];
		if (jobs_find(s, len, &at))
			assert_true(at.at <= len && at.len <= len - at.at && at.before && at.after && at.tool);
	}
}

static void words_for_a_shell(void **state)
{
	struct model *m = model_new();
	struct report *r = report_new(m);
	const char *plain[] = { "docker", "build", "--build-arg", "A=it's $HOME", "" }, *big[COMMAND_WORDS];
	static char kilobyte[1025];

	(void)state;
	assert_string_equal(quoted(r, plain, 5), "docker build --build-arg 'A=it'\\''s $HOME' ''");
	assert_null(quoted(r, plain, 0));
	memset(kilobyte, '\'', 1024);
	for (int n = 0; n < COMMAND_WORDS; n++)
		big[n] = kilobyte;
	assert_null(quoted(r, big, COMMAND_WORDS));
	report_free(r);
	model_free(m);
}

static void a_command_with_a_secret_is_none(void **state)
{
	struct fact b = { .key = (char *)"command.arg", .value = (char *)"TOKEN=*****" };
	struct fact a = { .next = &b, .key = (char *)"command.arg", .value = (char *)"docker" };
	struct model m = { .facts = &a };
	const char *words[COMMAND_WORDS];

	(void)state;
	assert_int_equal(traced_command(&m, words), 0);
	b.value = (char *)"build";
	assert_int_equal(traced_command(&m, words), 2);
	assert_string_equal(words[1], "build");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form), cmocka_unit_test(the_number_now), cmocka_unit_test(rubbish),
		cmocka_unit_test(words_for_a_shell), cmocka_unit_test(a_command_with_a_secret_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
