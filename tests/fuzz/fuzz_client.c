// SPDX-License-Identifier: GPL-2.0
/* Any argv of any process passes through these. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "builder/client.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(const char *s, const char *argv, size_t len)
{
	assert(!s || (s >= argv && s + strlen(s) <= argv + len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *argv = malloc(size + 1);
	struct client_cmd c;
	struct runtime_cmd r;
	struct daemon_cmd d;
	struct timeout_cmd t;

	if (!argv)
		return 0;
	memcpy(argv, data, size);
	argv[size] = 0;
	client_parse(argv, size, size & 1, &c);
	inside(c.file, argv, size);
	if (c.context && strcmp(c.context, ".") != 0 && strcmp(c.context, "/workspace") != 0) /* defaults */
		inside(c.context, argv, size);
	inside(c.target, argv, size);
	assert(memchr(c.dockerfile, 0, sizeof(c.dockerfile)));
	assert(c.build_args_bytes < sizeof(c.build_args) && !c.build_args[c.build_args_bytes]);
	runtime_parse(argv, size, &r);
	inside(r.id, argv, size);
	inside(r.bundle, argv, size);
	daemon_parse(argv, size, &d);
	inside(d.id, argv, size);
	timeout_parse(argv, size, &t);
	inside(t.command, argv, size);
	free(argv);
	return 0;
}
