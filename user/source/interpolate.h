/* SPDX-License-Identifier: GPL-2.0 */
/* Variables in a compose file's strings: $VAR, ${VAR}, ${VAR:-default}, ${VAR-default}, ${VAR:+other}, $$. */
#ifndef SOURCE_INTERPOLATE_H
#define SOURCE_INTERPOLATE_H

#define INTERPOLATE_MAX 4095 /* bytes; the rest is cut off */

/* variable: a value or NULL; NULL itself: there are none. To be freed; NULL: out of memory */
char *interpolate(const char *s, const char *(*variable)(void *ctx, const char *name), void *ctx);

#endif
