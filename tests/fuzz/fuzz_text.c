/* SPDX-License-Identifier: GPL-2.0 */
/* The text form on any line: never a crash; what parses is well-formed and prints to a line that parses the same. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace/event.h"
#include "trace/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static zt_u64 ev[ZT_EV_SIZE_MAX / 8], back[ZT_EV_SIZE_MAX / 8];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct zt_ev *a = (struct zt_ev *)ev, *b = (struct zt_ev *)back;
	char *text = NULL, err[64] = "";
	size_t n;
	FILE *f;

	if (text_parse((const char *)data, len, a, sizeof(ev), err, sizeof(err))) {
		for (const char *p = err; *p; p++)
			if (*p < 0x20 || *p > 0x7e)
				abort();
		if (!*err)
			abort();
		return 0;
	}
	if (ev_check(a))
		abort();
	f = open_memstream(&text, &n);
	if (text_print(f, a))
		abort();
	fclose(f);
	if (text_parse(text, n, b, sizeof(back), err, sizeof(err)) || memcmp(a, b, a->size))
		abort();
	free(text);
	return 0;
}
