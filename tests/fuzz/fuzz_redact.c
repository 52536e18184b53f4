// SPDX-License-Identifier: GPL-2.0
/* Exercises: both ways in; never longer, twice is once, newlines and NULs stay, a RUN line masks
 * like its argv. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source/redact.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define INPUT_MAX (64 * 1024)

static size_t count(const char *t, size_t len, char c)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += t[i] == c;
	return n;
}

static void check(size_t (*redact)(char *, size_t, bool *), const uint8_t *data, size_t len,
		  char keep)
{
	char *a = malloc(len + 1), *b = malloc(len + 1);
	bool masked, again;
	size_t n, m;

	memcpy(a, data, len);
	n = redact(a, len, &masked);
	if (n > len || count(a, n, keep) != count((const char *)data, len, keep))
		abort();
	if (masked != (n != len || memcmp(a, data, len)))
		abort();
	memcpy(b, a, n);
	m = redact(b, n, &again);
	if (m != n || again || memcmp(a, b, n))
		abort();
	free(a);
	free(b);
}

/* As docker joins: see skip_continuation in redact_read.c. */
static size_t join(const char *in, size_t len, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < len;) {
		if (in[i] != '\\' || i + 1 >= len || in[i + 1] != '\n') {
			out[n++] = in[i++];
			continue;
		}
		for (i += 2; i < len;) {
			size_t j = i;

			while (j < len && (in[j] == ' ' || in[j] == '\t'))
				j++;
			if (j >= len || (in[j] != '#' && in[j] != '\n'))
				break;
			while (j < len && in[j] != '\n')
				j++;
			i = j < len ? j + 1 : j;
		}
	}
	return n;
}

/* Plain shell form only: one logical line, no here-document, no exec form, no option of RUN itself.
 */
static int is_plain(const char *t, size_t len)
{
	char *joined = malloc(len + 1);
	size_t n = join(t, len, joined);
	int ok = n && !memchr(joined, '\n', n) && !memmem(joined, n, "<<", 2);

	for (size_t i = 0; i < n; i++)
		ok = ok && joined[i] && joined[i] != '\r' && joined[i] != '`';
	ok = ok && joined[n - 1] != '\\' && joined[0] != '-' && joined[0] != '[' &&
	     joined[0] != '"' && joined[0] != '\'' && joined[0] != '\\' && joined[0] != ' ' &&
	     joined[0] != '\t' && joined[0] != '#' && *t != '\\';
	free(joined);
	return ok;
}

static void check_alike(const uint8_t *data, size_t len)
{
	char *file = malloc(len + 5), *arg = malloc(len + 12), *joined = malloc(len + 5);
	size_t n, m;

	if (!is_plain((const char *)data, len))
		goto out;
	memcpy(file, "RUN ", 4);
	memcpy(file + 4, data, len);
	memcpy(arg, "/bin/sh\0-c", 11);
	m = 11 + join((const char *)data, len, arg + 11);
	m = redact_argv(arg, m, NULL);
	n = redact_text(file, len + 4, NULL);
	n = join(file + 4, n - 4, joined);
	if (n != m - 11 || memcmp(joined, arg + 11, n)) {
		fprintf(stderr, "file <%.*s>\nargv <%.*s>\n", (int)n, joined, (int)(m - 11),
			arg + 11);
		abort();
	}
out:
	free(file);
	free(arg);
	free(joined);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len > INPUT_MAX)
		return 0;
	check(redact_text, data, len, '\n');
	check(redact_argv, data, len, 0);
	check_alike(data, len);
	return 0;
}
