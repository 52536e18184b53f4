/* SPDX-License-Identifier: GPL-2.0 */
/* The catalogues that the binary carries, for when none is installed where gettext could find it. */
#ifndef BASE_BUILTIN_H
#define BASE_BUILTIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A compiled catalogue (.mo) in memory, in this machine's byte order, sorted as msgfmt leaves it. */
struct catalogue {
	const char *lang;
	const uint8_t *bytes;
	size_t len;
};

/* NULL: none of that language */
const struct catalogue *builtin_find(const char *lang);
/*
 * The translation of a sentence, of two for a number the only form: builtin languages have one plural form (tests/po).
 * NULL: none, or the catalogue makes no sense.
 */
const char *catalogue_text(const struct catalogue *c, const char *msgid);

#endif
