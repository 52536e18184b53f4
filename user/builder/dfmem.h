/* SPDX-License-Identifier: GPL-2.0 */
/* Memory of one parsed Dockerfile: freed at once, capped in total; and a growing byte buffer. */
#ifndef BUILDER_DFMEM_H
#define BUILDER_DFMEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct df_chunk;
struct df_mem {
	struct df_chunk *chunks;
	size_t used_bytes, max_bytes;
};

void *df_alloc(struct df_mem *m, size_t bytes); /* zeroed, 8-aligned; NULL: full */
char *df_dup(struct df_mem *m, const char *s, size_t len); /* NUL appended */
void df_mem_free(struct df_mem *m);

/* failed stays set once an append found no room, so callers check once at the end. */
struct df_buf {
	char *p; /* NUL-terminated once anything was appended */
	size_t len, cap, max;
	bool failed;
};

void df_buf_add(struct df_buf *b, const char *s, size_t len);
void df_buf_str(struct df_buf *b, const char *s);
void df_buf_char(struct df_buf *b, char c);
void df_buf_rune(struct df_buf *b, uint32_t rune);
void df_buf_free(struct df_buf *b);

/* A piece of text that is not NUL-terminated. */
struct df_str {
	const char *p;
	size_t len;
};

#define DF_STR(lit) ((struct df_str){ lit, sizeof(lit) - 1 })

/* One code point at p; a byte that is no UTF-8 is its own value with *len 1 and *bad set. */
uint32_t df_rune(const char *p, size_t len, size_t *width, bool *bad);
bool df_is_space(uint32_t rune);  /* Unicode White_Space, as Go's unicode.IsSpace */
bool df_is_letter(uint32_t rune); /* letters of the scripts in common use; used for variable names only */

struct df_str df_ltrim(struct df_str s);
struct df_str df_trim(struct df_str s);
bool df_str_is(struct df_str s, const char *lit);
bool df_str_is_nocase(struct df_str s, const char *lit);
bool df_str_eq(struct df_str a, struct df_str b);

#endif
