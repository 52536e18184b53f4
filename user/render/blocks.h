/* SPDX-License-Identifier: GPL-2.0 */
/* A curve in one line of text. */
#ifndef RENDER_BLOCKS_H
#define RENDER_BLOCKS_H

#include "diagnose/report.h"

#define BLOCKS_COLUMNS 16 /* where a terminal draws them two columns wide, the line still has room */
#define BLOCKS_BYTES (BLOCKS_COLUMNS * 3 + 1)

/* From the first point to the last, between them each block the most of its time; a full one is the most of all. */
const char *blocks_draw(char buf[static BLOCKS_BYTES], const struct growth *g, bool ascii);

#endif
