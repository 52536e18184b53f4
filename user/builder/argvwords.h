/* SPDX-License-Identifier: GPL-2.0 */
/* Walk over the words of an argv, NUL-separated, with a NUL behind its last byte. */
#ifndef BUILDER_ARGVWORDS_H
#define BUILDER_ARGVWORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct words {
	const char *at, *end;
};

/* NULL: no more. Words may be empty. */
static inline const char *word_next(struct words *w)
{
	const char *s = w->at;

	if (s >= w->end)
		return NULL;
	w->at += strlen(s) + 1;
	return s;
}

static inline const char *word_peek(const struct words *w)
{
	return w->at < w->end ? w->at : NULL;
}

static inline const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* NULL-ended list */
static inline bool one_of(const char *s, const char *const list[])
{
	for (; *list; list++)
		if (!strcmp(s, *list))
			return true;
	return false;
}

#endif
