// SPDX-License-Identifier: GPL-2.0
#include "source/traceparent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static bool hex_part(const char *s, size_t len, char end, bool may_be_zero)
{
	size_t n = strspn(s, "0123456789abcdef");

	return n == len && s[len] == end && (may_be_zero || strspn(s, "0") < len);
}

bool traceparent_valid(const char *text)
{
	return strlen(text) == TRACEPARENT_LEN - 1 && !strncmp(text, "00-", 3) && hex_part(text + 3, 32, '-', false) &&
	       hex_part(text + 36, 16, '-', false) && hex_part(text + 53, 2, 0, true);
}

void traceparent_get(struct traceparent *ret)
{
	const char *given = getenv("TRACEPARENT");
	unsigned char id[24];
	size_t n;

	*ret = (struct traceparent){ .made = !given || !traceparent_valid(given) };
	if (!ret->made) {
		memcpy(ret->text, given, TRACEPARENT_LEN);
		return;
	}
	if (getrandom(id, sizeof(id), GRND_NONBLOCK) != sizeof(id))
		return;
	id[0] |= 1; /* none may be zero */
	id[16] |= 1;
	n = (size_t)sprintf(ret->text, "00-");
	for (size_t i = 0; i < sizeof(id); i++)
		n += (size_t)sprintf(ret->text + n, i == 15 ? "%02x-" : "%02x", id[i]);
	sprintf(ret->text + n, "-01");
}
