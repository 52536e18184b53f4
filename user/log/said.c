/* SPDX-License-Identifier: GPL-2.0 */
/* What a line of output says: recognisers, asked in this order. A family of them is a file of its own (said_NAME.c). */
#include "log/said.h"

static const log_said_fn recognisers[] = {
	said_memory,
	said_disk,
	said_network,
};

bool log_said_find(const char *line, size_t len, struct log_said *ret)
{
	for (size_t i = 0; i < sizeof(recognisers) / sizeof(recognisers[0]); i++) {
		memset(ret, 0, sizeof(*ret));
		if (recognisers[i](line, len, ret))
			return true;
	}
	return false;
}
