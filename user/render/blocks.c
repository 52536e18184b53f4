/* SPDX-License-Identifier: GPL-2.0 */
#include "render/blocks.h"

#include <string.h>

#define HEIGHTS 8

/* Quick growth gets fewer blocks: a column for each quarter of a second, in which there is but one sample. */
static unsigned int columns_for(zt_u64 span_ns)
{
	zt_u64 n = span_ns / 250000000 + 1;

	return n > BLOCKS_COLUMNS ? BLOCKS_COLUMNS : n < 3 ? 3 : (unsigned int)n;
}

/* What is not sampled has not changed (much), so a column without a point is as high as the one before. */
static void resample(const struct growth *g, zt_u64 *column, unsigned int columns)
{
	zt_u64 start = g->ts_ns[0], span = g->ts_ns[g->n - 1] - start, last = g->bytes[0];
	unsigned int at = 0;

	for (unsigned int c = 0; c < columns; c++) {
		zt_u64 end = c + 1 == columns ? span : span / columns * (c + 1), most = at ? last : 0;

		for (; at < g->n && g->ts_ns[at] - start <= end; at++) {
			last = g->bytes[at];
			most = last > most ? last : most;
		}
		column[c] = most;
	}
	column[0] = g->bytes[0]; /* the ends are those that the words beside them name */
	column[columns - 1] = last;
}

const char *blocks_draw(char buf[static BLOCKS_BYTES], const struct growth *g, bool ascii)
{
	static const char *const blocks[HEIGHTS] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	static const char *const marks[HEIGHTS] = { "_", ".", ":", "-", "=", "+", "*", "#" };
	zt_u64 column[BLOCKS_COLUMNS], top = 1;
	unsigned int columns;
	char *p = buf;

	*p = 0;
	if (!g->n)
		return buf;
	columns = columns_for(g->ts_ns[g->n - 1] - g->ts_ns[0]);
	resample(g, column, columns);
	for (unsigned int c = 0; c < columns; c++)
		top = column[c] > top ? column[c] : top;
	for (unsigned int c = 0; c < columns; c++) {
		zt_u64 part = top / HEIGHTS ?: 1, height = column[c] / part;

		height = height >= HEIGHTS ? HEIGHTS - 1 : height;
		p = stpcpy(p, (ascii ? marks : blocks)[height]);
	}
	return buf;
}
