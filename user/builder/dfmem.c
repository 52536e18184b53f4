/* SPDX-License-Identifier: GPL-2.0 */
#include "builder/dfmem.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CHUNK_MIN_BYTES ((size_t)4 * 1024) /* most files are small, and many are kept */
#define CHUNK_BYTES ((size_t)64 * 1024)

struct df_chunk {
	struct df_chunk *next;
	size_t used, cap;
	max_align_t data[];
};

static struct df_chunk *chunk_new(struct df_mem *m, size_t bytes)
{
	size_t usual = m->used_bytes < CHUNK_MIN_BYTES ? CHUNK_MIN_BYTES : m->used_bytes < CHUNK_BYTES ? m->used_bytes : CHUNK_BYTES;
	size_t cap = bytes > usual ? bytes : usual;
	struct df_chunk *c;

	if (m->used_bytes > m->max_bytes || bytes > m->max_bytes - m->used_bytes)
		return NULL;
	c = calloc(1, sizeof(*c) + cap);
	if (!c)
		return NULL;
	c->cap = cap;
	/* A chunk for one big string goes behind the head: the head's room stays in use. */
	if (m->chunks && cap > usual) {
		c->next = m->chunks->next;
		m->chunks->next = c;
	} else {
		c->next = m->chunks;
		m->chunks = c;
	}
	return c;
}

void *df_alloc(struct df_mem *m, size_t bytes)
{
	struct df_chunk *c = m->chunks;
	void *p;

	if (bytes > m->max_bytes)
		return NULL;
	bytes = (bytes + 7) & ~(size_t)7;
	if (!c || bytes > c->cap - c->used)
		c = chunk_new(m, bytes);
	if (!c)
		return NULL;
	p = (char *)c->data + c->used;
	c->used += bytes;
	m->used_bytes += bytes;
	return p;
}

char *df_dup(struct df_mem *m, const char *s, size_t len)
{
	char *p = df_alloc(m, len + 1);

	if (p && len)
		memcpy(p, s, len);
	return p;
}

void df_mem_free(struct df_mem *m)
{
	struct df_chunk *next;

	for (struct df_chunk *c = m->chunks; c; c = next) {
		next = c->next;
		free(c);
	}
	*m = (struct df_mem){ 0 };
}

void df_buf_add(struct df_buf *b, const char *s, size_t len)
{
	size_t cap = b->cap ? b->cap : 64;
	char *p;

	if (b->failed || (b->max && len > b->max - b->len)) {
		b->failed = true;
		return;
	}
	while (cap - b->len <= len)
		cap *= 2;
	if (cap != b->cap) {
		p = realloc(b->p, cap);
		if (!p) {
			b->failed = true;
			return;
		}
		b->p = p;
		b->cap = cap;
	}
	if (len)
		memcpy(b->p + b->len, s, len);
	b->len += len;
	b->p[b->len] = 0;
}

void df_buf_str(struct df_buf *b, const char *s)
{
	df_buf_add(b, s, strlen(s));
}

void df_buf_char(struct df_buf *b, char c)
{
	df_buf_add(b, &c, 1);
}

void df_buf_rune(struct df_buf *b, uint32_t r)
{
	char s[4];
	size_t n;

	if (r < 0x80) {
		s[0] = (char)r;
		n = 1;
	} else if (r < 0x800) {
		s[0] = (char)(0xc0 | r >> 6);
		s[1] = (char)(0x80 | (r & 0x3f));
		n = 2;
	} else if (r < 0x10000) {
		s[0] = (char)(0xe0 | r >> 12);
		s[1] = (char)(0x80 | (r >> 6 & 0x3f));
		s[2] = (char)(0x80 | (r & 0x3f));
		n = 3;
	} else {
		s[0] = (char)(0xf0 | r >> 18);
		s[1] = (char)(0x80 | (r >> 12 & 0x3f));
		s[2] = (char)(0x80 | (r >> 6 & 0x3f));
		s[3] = (char)(0x80 | (r & 0x3f));
		n = 4;
	}
	df_buf_add(b, s, n);
}

void df_buf_free(struct df_buf *b)
{
	free(b->p);
	*b = (struct df_buf){ .max = b->max };
}

static size_t rune_width(unsigned char lead)
{
	if (lead < 0x80)
		return 1;
	if (lead >= 0xc2 && lead < 0xe0)
		return 2;
	if (lead >= 0xe0 && lead < 0xf0)
		return 3;
	return lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
}

uint32_t df_rune(const char *p, size_t len, size_t *width, bool *bad)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char lead = (unsigned char)*p;
	size_t n = rune_width(lead);
	uint32_t r = lead;

	*width = 1;
	*bad = false;
	if (n == 1)
		return r;
	*bad = true;
	if (!n || n > len)
		return lead;
	r = lead & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if (((unsigned char)p[i] & 0xc0) != 0x80)
			return lead;
		r = r << 6 | ((unsigned char)p[i] & 0x3f);
	}
	if (r < least[n] || r > 0x10ffff || (r >= 0xd800 && r < 0xe000))
		return lead;
	*bad = false;
	*width = n;
	return r;
}

bool df_is_space(uint32_t r)
{
	return (r >= 9 && r <= 13) || r == ' ' || r == 0x85 || r == 0xa0 || r == 0x1680 ||
	       (r >= 0x2000 && r <= 0x200a) || r == 0x2028 || r == 0x2029 || r == 0x202f ||
	       r == 0x205f || r == 0x3000;
}

bool df_is_letter(uint32_t r)
{
	static const uint32_t range[][2] = {
		{ 'A', 'Z' },	    { 'a', 'z' },	  { 0xaa, 0xaa },     { 0xb5, 0xb5 },
		{ 0xba, 0xba },	    { 0xc0, 0xd6 },	  { 0xd8, 0xf6 },     { 0xf8, 0x2c1 },
		{ 0x370, 0x373 },   { 0x376, 0x377 },	  { 0x37b, 0x37d },   { 0x388, 0x3ff },
		{ 0x400, 0x481 },   { 0x48a, 0x52f },	  { 0x531, 0x556 },   { 0x561, 0x587 },
		{ 0x5d0, 0x5ea },   { 0x620, 0x64a },	  { 0x904, 0x939 },   { 0xe01, 0xe30 },
		{ 0x1e00, 0x1fbc }, { 0x3041, 0x3096 },	  { 0x30a1, 0x30fa }, { 0x3400, 0x4dbf },
		{ 0x4e00, 0x9fff }, { 0xac00, 0xd7a3 },	  { 0xff21, 0xff3a }, { 0xff41, 0xff5a },
		{ 0xff66, 0xff9d }, { 0x20000, 0x323af },
	};

	for (size_t i = 0; i < sizeof(range) / sizeof(range[0]); i++)
		if (r >= range[i][0] && r <= range[i][1])
			return true;
	return false;
}

struct df_str df_ltrim(struct df_str s)
{
	size_t w;
	bool bad;

	while (s.len) {
		uint32_t r = df_rune(s.p, s.len, &w, &bad);

		if (bad || !df_is_space(r))
			break;
		s.p += w;
		s.len -= w;
	}
	return s;
}

struct df_str df_trim(struct df_str s)
{
	size_t w, at;
	bool bad;

	s = df_ltrim(s);
	while (s.len) {
		at = s.len - 1;
		while (at && s.len - at < 4 && ((unsigned char)s.p[at] & 0xc0) == 0x80)
			at--;
		if (!df_is_space(df_rune(s.p + at, s.len - at, &w, &bad)) || bad || w != s.len - at)
			break;
		s.len = at;
	}
	return s;
}

bool df_str_is(struct df_str s, const char *lit)
{
	return strlen(lit) == s.len && !memcmp(s.p, lit, s.len);
}

bool df_str_is_nocase(struct df_str s, const char *lit)
{
	return strlen(lit) == s.len && !strncasecmp(s.p, lit, s.len);
}

bool df_str_eq(struct df_str a, struct df_str b)
{
	return a.len == b.len && (!a.len || !memcmp(a.p, b.p, a.len));
}
