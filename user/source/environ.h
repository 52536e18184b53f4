/* SPDX-License-Identifier: GPL-2.0 */
/* The few environment variables that set a program's heap limit, or that are build args of a step. No other is told. */
#ifndef SOURCE_ENVIRON_H
#define SOURCE_ENVIRON_H

#include "source/source.h"

/* Answers w->names with an `env` event a variable. proc: descriptor of /proc; buf: room for the environment. */
int environ_answer(int proc, char *buf, size_t size, const struct want *w, sink_fn sink, void *ctx);

/*
 * The same of this process and those above it, for what ztrace was started with: names NUL-separated, an empty one at
 * the end. 0 or -errno
 */
struct procfs;
int environ_own(const struct procfs *p, const char *names, sink_fn sink, void *ctx);

/* Answers w->ci_names likewise, of the first of w->ci_who that has some of them. */
int environ_ci(int proc, char *buf, size_t size, const struct want *w, sink_fn sink, void *ctx);

#endif
