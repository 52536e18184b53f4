/* SPDX-License-Identifier: GPL-2.0 */
#include "base/remote.h"

#include <string.h>
#include <strings.h>

bool is_remote(const char *s)
{
	static const char *const begins[] = { "http://", "https://", "git://", "ssh://", "git@", "github.com/", NULL };

	for (const char *const *b = begins; *b; b++)
		if (!strncasecmp(s, *b, strlen(*b)))
			return true;
	return false;
}
