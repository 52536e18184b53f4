/* SPDX-License-Identifier: GPL-2.0 */
/* How much a step has written so far: what lies in its layer's directory. */
#ifndef SOURCE_LAYER_SIZE_H
#define SOURCE_LAYER_SIZE_H

#include "source/source.h"

/*
 * w->names: the overlay upperdir; answered by a `layer` event of w->victim. A large tree is not read to its end, since
 * a kill waits meanwhile. 0 or -errno
 */
int layer_size_answer(const struct want *w, sink_fn sink, void *ctx);

#endif
