/* SPDX-License-Identifier: GPL-2.0 */
/* The process that answers. */
#ifndef SOURCE_SCRAPE_SERVE_H
#define SOURCE_SCRAPE_SERVE_H

#include "source/scrape.h"

struct scrape_text {
	unsigned int version; /* odd: being written */
	unsigned int len;
	char bytes[SCRAPE_BYTES];
};

/* Serves on a listening descriptor until it is killed. */
void scrape_serve(int fd, const struct scrape_text *t, const char *path);

#endif
