/* SPDX-License-Identifier: GPL-2.0 */
/* The trace that this run belongs to: W3C Trace Context, handed on in the environment (TRACEPARENT). */
#ifndef SOURCE_TRACEPARENT_H
#define SOURCE_TRACEPARENT_H

#include <stdbool.h>

#define TRACEPARENT_LEN 56

struct traceparent {
	char text[TRACEPARENT_LEN]; /* "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"; "": none could be made */
	bool made;		    /* nobody handed one in: the traced command gets this, so that BuildKit's own spans join */
};

/* Is that one? Anything else is nobody's. */
bool traceparent_valid(const char *text);
void traceparent_get(struct traceparent *ret);

#endif
