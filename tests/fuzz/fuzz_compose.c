// SPDX-License-Identifier: GPL-2.0
/* Compose and bake files are strangers' text; a file may include and extend itself. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "builder/compose_cmd.h"
#include "source/compose.h"
#include "source/hcl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct text {
	const uint8_t *data;
	size_t size;
};

static const char *variable(void *ctx, const char *name)
{
	(void)ctx;
	return name[0] == 'A' ? "value" : NULL;
}

static int read_again(void *ctx, const char *path, char **text, size_t *len)
{
	const struct text *t = ctx;

	(void)path;
	*text = malloc(t->size + 1);
	if (!*text)
		return -ENOMEM;
	memcpy(*text, t->data, t->size);
	*len = t->size;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct project *p = calloc(1, sizeof(*p));
	struct text t = { data, size };
	struct compose_cmd c;
	char err[128], *argv = malloc(size + 1);

	if (p && argv) {
		memcpy(argv, data, size);
		argv[size] = 0;
		compose_cmd_parse(argv, size, &c);
		p->io = (struct project_io){ variable, read_again, &t };
		if (!project_add(p, (const char *)data, size, "/p", err, sizeof(err)))
			project_add(p, (const char *)data, size, "/q", err, sizeof(err));
		free(hcl_to_json((const char *)data, size, size / 3, size, variable, NULL));
		project_select(p, "web\0", "dev\0");
		project_select(p, "", "");
		project_done(p);
	}
	free(argv);
	free(p);
	return 0;
}
