/* SPDX-License-Identifier: GPL-2.0 */
#include "base/slab.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

static char *reserve(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	madvise(p, bytes, MADV_NOHUGEPAGE); /* the first element would cost 2 MB; best effort */
	return p;
}

int slab_init(struct slab *s, size_t elem_bytes, size_t cap)
{
	elem_bytes = (elem_bytes + 15) & ~(size_t)15;
	*s = (struct slab){ .elem_bytes = elem_bytes, .cap = cap };
	s->base = reserve(elem_bytes * cap);
	return s->base ? 0 : -ENOMEM;
}

void *slab_get(struct slab *s)
{
	void *p = s->free_list;

	if (p)
		s->free_list = *(void **)p;
	else if (s->used < s->cap)
		p = s->base + s->elem_bytes * s->used++;
	if (p)
		memset(p, 0, s->elem_bytes);
	return p;
}

void slab_put(struct slab *s, void *elem)
{
	if (!elem)
		return;
	*(void **)elem = s->free_list;
	s->free_list = elem;
}

void slab_done(struct slab *s)
{
	if (s->base)
		munmap(s->base, s->elem_bytes * s->cap);
	*s = (struct slab){ 0 };
}

void *slab_spare(const struct slab *s, size_t n, size_t *ret_bytes)
{
	size_t left = s->cap - s->used;

	*ret_bytes = (n < left ? n : left) * s->elem_bytes;
	return *ret_bytes ? s->base + s->used * s->elem_bytes : NULL;
}

int arena_init(struct arena *a, size_t cap_bytes)
{
	*a = (struct arena){ .cap = cap_bytes, .base = reserve(cap_bytes) };
	return a->base ? 0 : -ENOMEM;
}

void *arena_zalloc(struct arena *a, size_t bytes)
{
	size_t at = (a->used + 7) & ~(size_t)7;

	if (bytes > a->cap || at > a->cap - bytes)
		return NULL;
	a->used = at + bytes;
	return memset(a->base + at, 0, bytes);
}

char *arena_dup(struct arena *a, const void *bytes, size_t len)
{
	char *p;

	if (len >= a->cap || a->used > a->cap - len - 1)
		return NULL;
	p = a->base + a->used;
	a->used += len + 1;
	memcpy(p, bytes, len);
	return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return s ? arena_dup(a, s, strlen(s)) : NULL;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	size_t room = a->cap - a->used;
	char *p = a->base + a->used;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(p, room, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= room) {
		if (room)
			*p = 0;
		return NULL;
	}
	a->used += (size_t)n + 1;
	return p;
}

void *arena_spare(const struct arena *a, size_t bytes, size_t *ret_bytes)
{
	size_t left = a->cap - a->used;

	*ret_bytes = bytes < left ? bytes : left;
	return *ret_bytes ? a->base + a->used : NULL;
}

void arena_done(struct arena *a)
{
	if (a->base)
		munmap(a->base, a->cap);
	*a = (struct arena){ 0 };
}
