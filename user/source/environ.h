/* SPDX-License-Identifier: GPL-2.0 */
/* The few environment variables that set a program's heap limit. No other is looked at. */
#ifndef SOURCE_ENVIRON_H
#define SOURCE_ENVIRON_H

#include "source/source.h"

/* Answers WANT_ENV with an `env` event a variable. proc: descriptor of /proc; buf: room for the environment. */
int environ_answer(int proc, char *buf, size_t size, const struct want *w, sink_fn sink, void *ctx);

#endif
