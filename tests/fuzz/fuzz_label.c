// SPDX-License-Identifier: GPL-2.0
/* Any argv of any process passes through the recognisers, cut anywhere. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "label/label.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *argv = malloc(size ? size : 1), words[LABEL_TEXT_MAX], few[7];
	struct label l;
	size_t n;

	if (!argv)
		return 0;
	memcpy(argv, data, size); /* its own allocation: a read beyond it is seen */
	memset(&l, 0xff, sizeof(l));
	if (label_find(argv, size, &l, NULL))
		assert(l.verb > LABEL_NONE && l.verb < LABEL_VERBS);
	else
		assert(l.verb == LABEL_NONE);
	assert(memchr(l.object, 0, sizeof(l.object)));
	for (n = 0; l.object[n]; n++)
		assert((unsigned char)l.object[n] >= ' ' && l.object[n] != 0x7f);
	n = label_words(words, sizeof(words), l.verb, l.object);
	assert(n < sizeof(words) && strlen(words) == n);
	n = label_words(few, sizeof(few), l.verb, l.object);
	assert(n < sizeof(few) && strlen(few) == n);
	free(argv);
	return 0;
}
