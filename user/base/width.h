/* SPDX-License-Identifier: GPL-2.0 */
/* How many terminal columns text takes, without asking the locale: it may not be generated. */
#ifndef BASE_WIDTH_H
#define BASE_WIDTH_H

#include <stddef.h>
#include <stdint.h>

/* Next code point of UTF-8. Bytes it takes (1 for a byte that begins none, *cp is then UTF8_BAD); 0 at len 0. */
#define UTF8_BAD UINT32_MAX
size_t utf8_next(const char *s, size_t len, uint32_t *cp);
size_t utf8_put(char *dst, uint32_t cp); /* at most 4 bytes */

/* 1 or 2; 0 for a combining mark; -1 for what must not reach a terminal (controls, bidi, zero-width …). */
int width_of(uint32_t cp);
/* Columns of text that went through esc_term. */
size_t width_text(const char *s, size_t len);

/*
 * Where to break s (escaped text) so that the first line takes at most `columns`: the bytes of that line, blanks
 * before the break left out; *next is where the following line begins (len: nothing is left). Breaks at blanks and
 * around wide characters, inside a word only if the word is longer than a line.
 */
size_t width_break(const char *s, size_t len, size_t columns, size_t *next);
/* Bytes of s that fit into `columns`. */
size_t width_fit(const char *s, size_t len, size_t columns);

#endif
