/* SPDX-License-Identifier: GPL-2.0 */
/* RUN instructions that did not run: found in the builder's cache, or not reached. */
#ifndef RENDER_UNRUN_H
#define RENDER_UNRUN_H

#include <stdbool.h>
#include <stddef.h>

#include "model/model.h"

enum unrun {
	UNRUN_CACHED, /* a later one ran, or all is well */
	UNRUN_SHARED, /* likewise, but another build ran the same, maybe for both */
	UNRUN_MAYBE,  /* may not have been reached */
};
/*
 * The next of b from *at (0: the first) on, as a step that has no more than its place and text. false: no more, or nothing
 * can be said, for not all of the build was seen.
 */
bool unrun_next(const struct model *m, const struct build *b, size_t *at, struct step *ret, enum unrun *why);

#endif
