/* SPDX-License-Identifier: GPL-2.0 */
#include "diagnose/versions.h"

#include <stdlib.h>

/* What the installed builders can do, by their versions as the trace's facts have them. */

/* "28.5.2+dfsg1" */
static bool parse(const char *s, unsigned long *major, unsigned long *minor)
{
	char *end;

	*major = strtoul(s, &end, 10);
	if (end == s || *end != '.')
		return false;
	*minor = strtoul(end + 1, NULL, 10);
	return true;
}

enum tristate version_least(const struct model *m, const char *key, unsigned long major, unsigned long minor)
{
	const char *fact = model_fact(m, key);
	unsigned long have, sub;

	if (!fact || !parse(fact, &have, &sub))
		return TRI_UNKNOWN;
	return have > major || (have == major && sub >= minor) ? TRI_YES : TRI_NO;
}

/* buildx 0.35 sends it, dockerd 29.6 (BuildKit 0.31) is the first whose worker passes it on. */
enum tristate buildkit_has_limits(const struct model *m)
{
	enum tristate docker = version_least(m, "docker.version", 29, 6), buildx = version_least(m, "buildx.version", 0, 35);

	if (docker == TRI_NO || buildx == TRI_NO)
		return TRI_NO;
	return docker == TRI_YES && buildx == TRI_YES ? TRI_YES : TRI_UNKNOWN;
}

/* compose builds by bake from 2.38 on, unless told not to; from 2.32 on when told to. */
enum tristate compose_bakes(const struct model *m)
{
	const char *told = model_fact(m, "env.COMPOSE_BAKE");

	if (told)
		return *told == '1' || *told == 't' || *told == 'T' ? version_least(m, "compose.version", 2, 32) : TRI_NO;
	return version_least(m, "compose.version", 2, 38);
}
