/* SPDX-License-Identifier: GPL-2.0 */
/* Answers the model's wants with events: Dockerfiles and layers. */
#ifndef SOURCE_ENRICH_H
#define SOURCE_ENRICH_H

#include "source/source.h"

struct enrich;

/* Takes its memory and ztrace's working directory now. 0 or -errno. */
int enrich_new(struct enrich **ret);
void enrich_free(struct enrich *e);

/* 0, -EOPNOTSUPP: a kind of want that is answered elsewhere (WANT_KILL), or -errno of the sink. */
int enrich_answer(struct enrich *e, const struct want *w, sink_fn sink, void *ctx);
/* w->names alone, whatever the kind */
int enrich_environ(struct enrich *e, const struct want *w, sink_fn sink, void *ctx);
/* w->ci_names of w->ci_who, likewise */
int enrich_ci(struct enrich *e, const struct want *w, sink_fn sink, void *ctx);

#endif
