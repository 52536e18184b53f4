/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How shells, build tools, compilers and runtimes say that something was killed, or got no memory. Each row: words that
 * must all be there, in order; where the program's name stands, if the line tells it.
 */
#include <ctype.h>
#include <stdlib.h>

#include "log/said.h"

enum name_at {
	NOBODY,	      /* the line names none */
	FIXED,	      /* it is `name` */
	BEFORE_COLON, /* "cc1plus: out of memory": up to the first colon, without its path */
	AFTER_WORDS,  /* the word behind the last of the words */
	COLLECT,      /* "collect2: fatal error: ld terminated with signal 9": the word before "terminated" */
};

static const struct row {
	const char *words[3];
	enum zt_said what;
	enum name_at at;
	const char *name;
	bool whole; /* the first of the words is all of the line */
} rows[] = {
	/* compiler drivers: gcc, clang */
	{ { "Killed signal terminated program " }, ZT_SAID_KILLED, AFTER_WORDS, NULL, false },
	{ { " terminated with signal 9" }, ZT_SAID_KILLED, COLLECT, NULL, false },
	{ { "internal compiler error: Killed (program ", "" }, ZT_SAID_KILLED, AFTER_WORDS, NULL, false },
	{ { "unable to execute command: Killed" }, ZT_SAID_KILLED, NOBODY, NULL, false },
	{ { "clang frontend command failed due to signal", "Killed" }, ZT_SAID_KILLED, FIXED, "clang", false },
	{ { "linker command failed due to signal", "Killed" }, ZT_SAID_KILLED, FIXED, "ld", false },
	/* rustc, cargo */
	{ { "process didn't exit successfully", "(signal: 9, SIGKILL: kill)" }, ZT_SAID_KILLED, FIXED, "rustc", false },
	{ { "could not compile", "signal: 9" }, ZT_SAID_KILLED, FIXED, "rustc", false },
	{ { "linking with `", "failed: signal: 9" }, ZT_SAID_KILLED, NOBODY, NULL, false },
	/* go */
	{ { "/compile: signal: killed" }, ZT_SAID_KILLED, FIXED, "compile", false },
	{ { "/link: signal: killed" }, ZT_SAID_KILLED, FIXED, "link", false },
	{ { "signal: killed" }, ZT_SAID_KILLED, NOBODY, NULL, false },
	/* npm, yarn, node */
	{ { "npm", "signal SIGKILL" }, ZT_SAID_KILLED, NOBODY, NULL, false },
	{ { "npm", " code 137" }, ZT_SAID_KILLED, NOBODY, NULL, false },
	{ { "ELIFECYCLE", "exit code 137" }, ZT_SAID_KILLED, NOBODY, NULL, false },
	{ { "error Command failed with exit code 137" }, ZT_SAID_KILLED, NOBODY, NULL, false },
	{ { "Command failed with signal \"SIGKILL\"" }, ZT_SAID_KILLED, NOBODY, NULL, false },
	{ { "A worker process has", "SIGKILL" }, ZT_SAID_KILLED, FIXED, "node", false },
	{ { "was terminated by another process: signal=SIGKILL" }, ZT_SAID_KILLED, FIXED, "node", false },
	{ { "Next.js build worker exited with code: null and signal: SIGKILL" }, ZT_SAID_KILLED, FIXED, "node", false },
	/* python, java, others that tell of a child */
	{ { "died with <Signals.SIGKILL: 9>" }, ZT_SAID_KILLED, NOBODY, NULL, false },
	{ { "A process in the process pool was terminated abruptly" }, ZT_SAID_KILLED, FIXED, "python", false },
	{ { "failed with exit code -9" }, ZT_SAID_KILLED, NOBODY, NULL, false },
	{ { " exit code: -9" }, ZT_SAID_KILLED, NOBODY, NULL, false },
	{ { "returned non-zero exit status 137" }, ZT_SAID_KILLED, NOBODY, NULL, false },
	{ { "Gradle build daemon disappeared unexpectedly" }, ZT_SAID_KILLED, FIXED, "java", false },
	{ { "The forked VM terminated without", "goodbye" }, ZT_SAID_KILLED, FIXED, "java", false },
	{ { "finished with non-zero exit value 137" }, ZT_SAID_KILLED, FIXED, "java", false },
	{ { "Process Exit Code: 137" }, ZT_SAID_KILLED, FIXED, "java", false },
	{ { "Process exited with an error: 137" }, ZT_SAID_KILLED, NOBODY, NULL, false },
	{ { "exited with exit code 137" }, ZT_SAID_KILLED, NOBODY, NULL, false },
	{ { "MSB6006", "exited with code 137" }, ZT_SAID_KILLED, NOBODY, NULL, false },
	{ { "Received \"killed\" signal" }, ZT_SAID_KILLED, NOBODY, NULL, false },
	{ { "received signal 9" }, ZT_SAID_KILLED, NOBODY, NULL, false },
	{ { "terminated by signal SIGKILL" }, ZT_SAID_KILLED, NOBODY, NULL, false },
	{ { "xargs: ", ": terminated by signal 9" }, ZT_SAID_KILLED, NOBODY, NULL, false },
	{ { "command failed due to signal 9" }, ZT_SAID_KILLED, NOBODY, NULL, false },
	/* make, ninja, bazel */
	{ { "make", ": *** [", "Killed" }, ZT_SAID_KILLED, NOBODY, NULL, false },
	{ { "make", ": *** [", "Error 137" }, ZT_SAID_KILLED, NOBODY, NULL, false },
	{ { "make", ": *** [", "\351\224\231\350\257\257 137" }, ZT_SAID_KILLED, NOBODY, NULL, false },
	{ { "make", ": *** [", "\345\267\262\346\235\200\346\255\273" }, ZT_SAID_KILLED, NOBODY, NULL, false },
	{ { "FAILED: [code=137]" }, ZT_SAID_KILLED, NOBODY, NULL, false },
	{ { "failed: (Killed): " }, ZT_SAID_KILLED, NOBODY, NULL, false },
	{ { "ninja: build stopped", "subcommand failed" }, 0, NOBODY, NULL, false },
	/* shells */
	{ { "Killed" }, ZT_SAID_KILLED, NOBODY, NULL, true },
	{ { "\345\267\262\346\235\200\346\255\273" }, ZT_SAID_KILLED, NOBODY, NULL, true }, /* the same in Chinese */
	{ { "Killed      " }, ZT_SAID_KILLED, NOBODY, NULL, false },
	/* who knows that it was for memory */
	{ { "OOMKilled" }, ZT_SAID_OOM, NOBODY, NULL, false },
	{ { "killed by the OOM killer" }, ZT_SAID_OOM, NOBODY, NULL, false },
	{ { "ResourceExhausted", "cannot allocate memory" }, ZT_SAID_OOM, FIXED, "BuildKit", false },
	{ { "did not complete successfully: cannot allocate memory" }, ZT_SAID_OOM, FIXED, "BuildKit", false },
	/* heaps */
	{ { "JavaScript heap out of memory" }, ZT_SAID_HEAP, FIXED, "node", false },
	{ { "Reached heap limit Allocation failed" }, ZT_SAID_HEAP, FIXED, "node", false },
	{ { "ERR_WORKER_OUT_OF_MEMORY" }, ZT_SAID_HEAP, FIXED, "node", false },
	{ { "java.lang.OutOfMemoryError: Java heap space" }, ZT_SAID_HEAP, FIXED, "java", false },
	{ { "java.lang.OutOfMemoryError: GC overhead limit exceeded" }, ZT_SAID_HEAP, FIXED, "java", false },
	{ { "java.lang.OutOfMemoryError: Metaspace" }, ZT_SAID_HEAP, FIXED, "java", false },
	{ { "Expiring Daemon because JVM heap space is exhausted" }, ZT_SAID_HEAP, FIXED, "java", false },
	{ { "Heap exhausted" }, ZT_SAID_HEAP, NOBODY, NULL, false },
	{ { "Allowed memory size of ", "bytes exhausted" }, ZT_SAID_HEAP, FIXED, "php", false },
	/* refused memory */
	{ { "There is insufficient memory for the Java Runtime Environment" }, ZT_SAID_NOMEM, FIXED, "java", false },
	{ { "java.lang.OutOfMemoryError: unable to create" }, ZT_SAID_NOMEM, FIXED, "java", false },
	{ { "std::bad_alloc" }, ZT_SAID_NOMEM, NOBODY, NULL, false },
	{ { "virtual memory exhausted" }, ZT_SAID_NOMEM, BEFORE_COLON, NULL, false },
	{ { "out of memory allocating " }, ZT_SAID_NOMEM, BEFORE_COLON, NULL, false },
	{ { "memory allocation of ", " bytes failed" }, ZT_SAID_NOMEM, NOBODY, NULL, false },
	{ { "LLVM ERROR: out of memory" }, ZT_SAID_NOMEM, FIXED, "clang", false },
	{ { "fatal error: runtime: out of memory" }, ZT_SAID_NOMEM, FIXED, "go", false },
	{ { "runtime: cannot allocate memory" }, ZT_SAID_NOMEM, FIXED, "go", false },
	{ { "fork/exec ", "cannot allocate memory" }, ZT_SAID_NOMEM, NOBODY, NULL, false },
	{ { "fork: Cannot allocate memory" }, ZT_SAID_NOMEM, NOBODY, NULL, false },
	{ { "Cannot allocate memory" }, ZT_SAID_NOMEM, NOBODY, NULL, false },
	{ { "cannot allocate memory" }, ZT_SAID_NOMEM, NOBODY, NULL, false },
	{ { "ENOMEM" }, ZT_SAID_NOMEM, NOBODY, NULL, false },
	{ { "memory exhausted" }, ZT_SAID_NOMEM, BEFORE_COLON, NULL, false },
	{ { "MemoryError" }, ZT_SAID_NOMEM, FIXED, "python", false },
	{ { "error: out of memory" }, ZT_SAID_NOMEM, BEFORE_COLON, NULL, false },
	{ { "Out of memory!" }, ZT_SAID_NOMEM, FIXED, "perl", false },
	{ { "ld: final link failed: memory exhausted" }, ZT_SAID_NOMEM, FIXED, "ld", false },
};

static void set_name(char *dst, size_t cap, const char *s, size_t len)
{
	for (size_t i = len; i-- > 0;)
		if (s[i] == '/') {
			s += i + 1;
			len -= i + 1;
			break;
		}
	len = len < cap - 1 ? len : cap - 1;
	memcpy(dst, s, len);
	dst[len] = 0;
}

static size_t name_len(const char *s)
{
	size_t n = 0;

	while (isalnum((unsigned char)s[n]) || (s[n] && strchr("+-_./", s[n])))
		n++;
	return n;
}

static void name_program(const struct row *r, const char *line, const char *words, const char *behind, struct log_said *ret)
{
	const char *p;

	switch (r->at) {
	case FIXED:
		set_name(ret->program, sizeof(ret->program), r->name, strlen(r->name));
		break;
	case BEFORE_COLON:
		p = strchr(line, ':');
		if (p && name_len(line) == (size_t)(p - line))
			set_name(ret->program, sizeof(ret->program), line, (size_t)(p - line));
		break;
	case AFTER_WORDS:
		set_name(ret->program, sizeof(ret->program), behind, name_len(behind));
		break;
	case COLLECT:
		for (p = words; p > line && p[-1] != ' '; p--)
			;
		set_name(ret->program, sizeof(ret->program), p, (size_t)(words - p));
		break;
	default:
		break;
	}
}

/* Do they all stand there in that order? *first: the first, *behind: after the last */
static bool has_words(const struct row *r, const char *line, const char **first, const char **behind)
{
	const char *p = line;

	*first = NULL;
	for (int i = 0; i < 3 && r->words[i]; i++) {
		p = strstr(p, r->words[i]);
		if (!p)
			return false;
		*first = *first ? *first : p;
		p += strlen(r->words[i]);
	}
	*behind = p;
	return true;
}

/* Every row has one of these; most lines have none. */
static bool worth_a_look(const char *line)
{
	static const char *const hints[] = { "illed", "emory", "KILL", "ignal", "OOM", "ENOMEM", "bad_alloc", "137", "eap",
					     "goodbye", "disappeared", "abruptly", "code -9", "code: -9",
					     "\345\267\262\346\235\200\346\255\273" };

	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
		if (strstr(line, hints[i]))
			return true;
	return false;
}

bool said_memory(const char *line, size_t len, struct log_said *ret)
{
	while (len && line[len - 1] == ' ')
		len--;
	if (!worth_a_look(line))
		return false;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *first, *behind;

		if (rows[i].whole ? len != strlen(rows[i].words[0]) || memcmp(line, rows[i].words[0], len) :
				    !has_words(&rows[i], line, &first, &behind))
			continue;
		if (!rows[i].what)
			return false;
		ret->what = rows[i].what;
		if (!rows[i].whole)
			name_program(&rows[i], line, first, behind, ret);
		return true;
	}
	return false;
}
