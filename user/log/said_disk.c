/* SPDX-License-Identifier: GPL-2.0 */
/* A file system is full. */
#include "log/said.h"

bool said_disk(const char *line, size_t len, struct log_said *ret)
{
	static const char *const signs[] = { "No space left on device", "no space left on device", "ENOSPC", "Disk quota exceeded",
					     "disk quota exceeded", "You don't have enough free space in" };

	(void)len;
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (strstr(line, signs[i])) {
			ret->what = ZT_SAID_DISK;
			return true;
		}
	return false;
}
