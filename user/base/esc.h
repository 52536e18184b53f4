/* SPDX-License-Identifier: GPL-2.0 */
/* Hostile bytes made safe: one function for each place they go to. */
#ifndef BASE_ESC_H
#define BASE_ESC_H

#include <stddef.h>
#include <stdio.h>

/*
 * For a terminal, on one line: controls, bidi and invisible characters become visible ("\n", "\x1b", "\u202e"), bytes
 * that are no UTF-8 become U+FFFD, of a pile of combining marks four stay; a blank gets into what a CI would take for a
 * command of its own ("# #[error]", ": :set-env"). At most `columns` wide, then "…" (0: no
 * limit; what finds no room in dst ends in "…" too). Always NUL-terminated; bytes written without the NUL.
 */
size_t esc_term(char *dst, size_t cap, const char *src, size_t len, size_t columns);
size_t esc_term_str(char *dst, size_t cap, const char *src, size_t columns);

/* Valid UTF-8: what is not becomes U+FFFD. ESC_UTF8_CAP(len) bytes always suffice. Bytes written without the NUL. */
#define ESC_UTF8_CAP(len) ((len) * 3 + 1)
size_t esc_utf8(char *dst, size_t cap, const char *src, size_t len);

/*
 * JSON text as its encoder made it (valid UTF-8), written so that showing it on a terminal or in a CI job's log is harmless:
 * invisible characters and every second "#", which can only stand inside strings, are written as \uXXXX. 0 or -errno.
 */
int esc_json_write(FILE *f, const char *json, size_t len);

#endif
