/* SPDX-License-Identifier: GPL-2.0 */
/* Answers WANT_PROJECT and WANT_TARGETS: what a compose or bake client is about to build. */
#ifndef SOURCE_PROJECT_H
#define SOURCE_PROJECT_H

#include "source/dockerfile_want.h"

/*
 * A `service` event and a Dockerfile for each; where the project cannot be read, one `file` event that says why. env:
 * room for the client's environment, of which only the variables that the files name are looked up. 0 or -errno of
 * the sink.
 */
int project_answer(struct dockerfile_buf *b, int proc, const char *cwd, char *env, size_t size, const struct want *w,
		   sink_fn sink, void *ctx);

#endif
