/* SPDX-License-Identifier: GPL-2.0 */
/* What ztrace has to say about itself, on stderr, one line each: "ztrace: warning: …". */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdarg.h>
#include <stdio.h>
#include <stdbool.h>

/* 0: errors only (-q), 1: warnings too, 2: info (-v), 3: debug (-vv) */
void log_set_level(int level);
int log_level(void);
/* Where lines go while something else has the terminal; NULL: stderr */
void log_to(FILE *f);
/* Begin lines with "<4>" …, as a journal reads them. */
void log_set_priorities(bool on);

void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_notice(const char *fmt, ...) __attribute__((format(printf, 1, 2))); /* as a warning, but nothing is wrong */
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
