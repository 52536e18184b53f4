/* SPDX-License-Identifier: GPL-2.0 */
/* How tools report that something they ran was killed, as they print it, and lines that only look so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "log/said.h"

static const struct {
	const char *line;
	enum zt_said what; /* 0: says nothing */
	const char *program;
} lines[] = {
	{ "make: *** [Makefile:2: all] Error 137", ZT_SAID_KILLED, "" },
	{ "make[1]: *** [Makefile:1: x] Killed", ZT_SAID_KILLED, "" },
	{ "make: *** [Makefile:2：all] 错误 137", ZT_SAID_KILLED, "" },
	{ "make: *** [Makefile:137: all] Error 2", 0, "" },
	{ "make: *** [Makefile:137：all] 错误 2", 0, "" },
	{ "已杀死", ZT_SAID_KILLED, "" },
	{ "xargs: sh: terminated by signal 9", ZT_SAID_KILLED, "" },
	{ "FAILED: [code=137] src/a.o ", ZT_SAID_KILLED, "" },
	{ "FAILED: [code=1] src/code137.o ", 0, "" },
	{ "ninja: build stopped: subcommand failed.", 0, "" },
	{ "ERROR: /w/BUILD:3:10: Compiling a.cc failed: (Killed): gcc failed: error executing command /usr/bin/gcc -c", ZT_SAID_KILLED, "" },
	{ "  process didn't exit successfully: `rustc --crate-name syn --edition=2021 lib.rs` (signal: 9, SIGKILL: kill)", ZT_SAID_KILLED, "rustc" },
	{ "error: could not compile `syn` (lib) due to signal: 9", ZT_SAID_KILLED, "rustc" },
	{ "error: linking with `cc` failed: signal: 9 (SIGKILL)", ZT_SAID_KILLED, "" },
	{ "go build k8s.io/api: /usr/lib/go-1.19/pkg/tool/linux_amd64/compile: signal: killed", ZT_SAID_KILLED, "compile" },
	{ "npm ERR! code 137", ZT_SAID_KILLED, "" },
	{ "npm error signal SIGKILL", ZT_SAID_KILLED, "" },
	{ "npm error code 1", 0, "" },
	{ "error Command failed with exit code 137.", ZT_SAID_KILLED, "" },
	{ "ELIFECYCLE  Command failed with exit code 137.", ZT_SAID_KILLED, "" },
	{ "error: command '/usr/bin/x86_64-linux-gnu-gcc' failed with exit code -9", ZT_SAID_KILLED, "" },
	{ "error: command '/usr/bin/x86_64-linux-gnu-gcc' failed with exit code 1", 0, "" },
	{ "  \xe2\x94\x82 exit code: -9", ZT_SAID_KILLED, "" },
	{ "  \xe2\x95\xb0\xe2\x94\x80> [12 lines of output]", 0, "" },
	{ "subprocess.CalledProcessError: Command '['make']' died with <Signals.SIGKILL: 9>.", ZT_SAID_KILLED, "" },
	{ "subprocess.CalledProcessError: Command '['make']' returned non-zero exit status 137.", ZT_SAID_KILLED, "" },
	{ "   > Process 'Gradle Worker Daemon 1' finished with non-zero exit value 137", ZT_SAID_KILLED, "java" },
	{ "Gradle build daemon disappeared unexpectedly (it may have been killed or may have crashed)", ZT_SAID_KILLED, "java" },
	{ "[ERROR] The forked VM terminated without properly saying goodbye. VM crash or System.exit called?", ZT_SAID_KILLED, "java" },
	{ "[ERROR] Process Exit Code: 137", ZT_SAID_KILLED, "java" },
	{ "[ERROR] Failed to execute goal org.codehaus.mojo:exec-maven-plugin:3.1.0:exec (default) on project web: Command execution failed.: Process exited with an error: 137 (Exit value: 137)", ZT_SAID_KILLED, "" },
	{ "error MSB6006: \"dotnet\" exited with code 137.", ZT_SAID_KILLED, "" },
	{ "error: compile command failed due to signal 9 (use -v to see invocation)", ZT_SAID_KILLED, "" },
	{ "137 tests passed, 0 failed", 0, "" },
	{ "Killed 3 stray workers", 0, "" },
	{ "", 0, "" },
};

static void test_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct log_said s = { 0 };
		bool says = said_memory(lines[i].line, strlen(lines[i].line), &s);

		if (says != (lines[i].what != 0) || s.what != lines[i].what || strcmp(s.program, lines[i].program) != 0)
			fail_msg("%s: %d by '%s'", lines[i].line, says ? (int)s.what : 0, s.program);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_lines) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
