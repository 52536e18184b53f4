// SPDX-License-Identifier: GPL-2.0
/* containers/storage keeps directories named by layer id and images that name their topmost layer's
 * id. */
#include "source/store_containers.h"

#include <stdio.h>
#include <string.h>

#include "source/store_json.h"

/* How deep in the chain the layer is, from 1; 0: not in it */
static unsigned int depth_of(const struct chain *c, const char *layer)
{
	for (unsigned int i = 0; layer && i < c->n; i++)
		if (!strcmp(c->id[i], layer))
			return i + 1;
	return 0;
}

void containers_find_base(int root, const struct chain *c, const char *from, struct layer_info *ret)
{
	json_t *images __json = store_json(root, "overlay-images/images.json"), *image, *value;
	unsigned int depth = 0, named = 0, hinted = 0;
	const char *name = NULL, *hit = NULL;
	bool unclear = false;
	size_t i, k;

	json_array_foreach (images, i, image) {
		unsigned int d = depth_of(c, json_string_value(json_object_get(image, "layer")));
		const json_t *names = json_object_get(image, "names");

		if (!d || !json_array_size(names))
			continue;
		unclear = unclear || (depth && depth != d);
		depth = d;
		json_array_foreach (names, k, value) {
			const char *s = json_string_value(value);

			if (!s)
				continue;
			name = s;
			named++;
			if (from[0] && image_name_is(s, from)) {
				hit = s;
				hinted = d;
			}
		}
	}
	if (!hit && (unclear || !depth))
		return;
	ret->base_layers = hit ? hinted : depth;
	ret->number = c->n - ret->base_layers + 1;
	if (hit || named == 1)
		snprintf(ret->base, sizeof(ret->base), "%s", hit ? hit : name);
}
