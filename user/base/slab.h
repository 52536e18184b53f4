/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Capped storage reserved up front: address space is taken at start, pages only when used, so the
 * recording path never asks malloc for anything while the machine is out of memory.
 */
#ifndef BASE_SLAB_H
#define BASE_SLAB_H

#include <stddef.h>

struct slab {
	char *base;
	size_t elem_bytes, cap, used; /* used: high-water mark */
	void *free_list;
};

/* 0 or -errno. Elements are zeroed when handed out and never move. */
int slab_init(struct slab *s, size_t elem_bytes, size_t cap);
void *slab_get(struct slab *s); /* NULL when full */
void slab_put(struct slab *s, void *elem);
void slab_done(struct slab *s);
/* Where the next n elements will be: memory to have ready. NULL and 0 bytes when it is full. */
void *slab_spare(const struct slab *s, size_t n, size_t *ret_bytes);

struct arena {
	char *base;
	size_t cap, used;
};

int arena_init(struct arena *a, size_t cap_bytes);
/* Copies of bytes (NUL appended) and of strings; NULL when full. Freed all at once. */
char *arena_dup(struct arena *a, const void *bytes, size_t len);
char *arena_strdup(struct arena *a, const char *s);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void *arena_zalloc(struct arena *a, size_t bytes); /* 8-aligned */
void arena_done(struct arena *a);
void *arena_spare(const struct arena *a, size_t bytes, size_t *ret_bytes); /* as slab_spare */

#endif
