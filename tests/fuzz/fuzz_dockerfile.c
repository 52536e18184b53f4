// SPDX-License-Identifier: GPL-2.0
/* Any bytes as a Dockerfile. First byte: options; a part behind "\n\n\n\n" is matched as an argv. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "builder/dockerfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool base(void *ctx, const char *image, struct df_base *out)
{
	(void)ctx;
	*out = (struct df_base){ .env = "PATH=/bin\0A=$A\0", .onbuild = "RUN x $A\0COPY . .\0", .workdir = "/w" };
	return *image != 'n';
}

static void check(const struct dockerfile *df)
{
	for (size_t i = 0; i < df->ninstrs; i++) {
		const struct df_instr *in = &df->instrs[i];

		assert(in->line && in->line <= in->end_line);
		assert(in->stage < (int)df->nstages && in->text && in->keyword[0]);
		assert(!in->is_run || in->argv);
		assert(!in->argv_bytes || !in->argv[in->argv_bytes - 1]);
		assert(!in->index || in->vertex);
		/* What it starts is what it matches. */
		if (in->argv_bytes) {
			struct df_argv v = { .bytes = in->argv, .len = in->argv_bytes };

			assert(df_match_instr(in, &v) == DF_MATCH_EXACT);
			v.len--;
			v.total = v.len + 1;
			assert(!v.len || df_match_instr(in, &v) == DF_MATCH_PREFIX);
		}
	}
	for (size_t i = 0; i < df->nstages; i++)
		assert(df->stages[i].base && df->stages[i].base_stage < (int)i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned int minors[] = { 0, 8, 10, 13, 16, 21, 0, 32 };
	struct df_opts o = { .build_args = "A=1\0B=two words\0" };
	struct df_match out[4];
	struct dockerfile *df;
	const char *text, *sep;
	char err[80];
	size_t len;

	if (!size)
		return 0;
	o.buildkit_minor = minors[*data & 7];
	o.base = *data & 8 ? base : NULL;
	o.target = *data & 16 ? "a" : NULL;
	text = (const char *)data + 1;
	sep = memmem(text, size - 1, "\n\n\n\n", 4);
	len = sep ? (size_t)(sep - text) : size - 1;
	df = dockerfile_parse(text, len, &o, err, sizeof(err));
	if (!df) {
		assert(memchr(err, 0, sizeof(err)) && err[0]);
		return 0;
	}
	check(df);
	if (sep) {
		struct df_argv v = { .bytes = sep + 4, .len = size - 1 - len - 4 };

		dockerfile_match(df, &v, out, 4);
		v.total = v.len + 7;
		dockerfile_match(df, &v, out, 4);
	}
	dockerfile_free(df);
	return 0;
}
