/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What buildx calls a build: for each it keeps a small file, refs/BUILDER/NODE/ID below ~/.docker/buildx, with the build's
 * context, Dockerfile and target (localstate/localstate.go, 0.11 and later). Only looked at; nothing is run.
 */
#ifndef SOURCE_BUILDX_REFS_H
#define SOURCE_BUILDX_REFS_H

#include "source/source.h"

/* Answers WANT_REF with a `ref` event a file that can be of this client. proc: descriptor of /proc; env: room for the environment. */
int buildx_refs_answer(int proc, char *env, size_t size, const struct want *w, sink_fn sink, void *ctx);

#endif
