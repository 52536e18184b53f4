// SPDX-License-Identifier: GPL-2.0
#include "base/builtin.h"

#include <string.h>

#define MAGIC 0x950412deu

/* The file's head, as in gettext's manual, "The Format of GNU MO Files"; offsets from its beginning. */
struct head {
	uint32_t magic, revision, n, ids, texts;
};
struct entry {
	uint32_t len, offset;
};

#include "catalogues.inc"

const struct catalogue *builtin_find(const char *lang)
{
	for (size_t i = 0; i < sizeof(catalogues) / sizeof(catalogues[0]); i++)
		if (!strcmp(catalogues[i].lang, lang))
			return &catalogues[i];
	return NULL;
}

/* The i-th string of that table; NULL: outside of the catalogue, or without its NUL */
static const char *string(const struct catalogue *c, uint32_t table, uint32_t i)
{
	size_t at = table + (size_t)i * sizeof(struct entry);
	struct entry e;

	if (at + sizeof(e) > c->len)
		return NULL;
	memcpy(&e, c->bytes + at, sizeof(e));
	if ((size_t)e.offset + e.len >= c->len || c->bytes[(size_t)e.offset + e.len])
		return NULL;
	return (const char *)c->bytes + e.offset;
}

const char *catalogue_text(const struct catalogue *c, const char *msgid)
{
	uint32_t low = 0, high;
	struct head h;

	if (c->len < sizeof(h))
		return NULL;
	memcpy(&h, c->bytes, sizeof(h));
	if (h.magic != MAGIC)
		return NULL;
	high = h.n;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		const char *id = string(c, h.ids, mid);
		int cmp = id ? strcmp(msgid, id) : 0;

		if (!id)
			return NULL;
		if (!cmp)
			return string(c, h.texts, mid);
		if (cmp < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}
