/* SPDX-License-Identifier: GPL-2.0 */
/* Images of podman and buildah (containers/storage). */
#ifndef SOURCE_STORE_CONTAINERS_H
#define SOURCE_STORE_CONTAINERS_H

#include "source/store_chain.h"

/* Which named image is at the bottom of the chain? Fills base, base_layers and number when that is
 * clear. */
void containers_find_base(int root, const struct chain *c, const char *from,
			  struct layer_info *ret);

#endif
