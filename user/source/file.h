/* SPDX-License-Identifier: GPL-2.0 */
/* A recorded trace as a source: report, dump and every golden test come through here. */
#ifndef SOURCE_FILE_H
#define SOURCE_FILE_H

#include "source/source.h"

/*
 * path "-": stdin. 0, or -errno with one line in err. pump() delivers some events a call; when the file is used
 * up it adds what only the reader can know, then says -ENODATA:
 *   lost  ZT_LOST_CORRUPT, ZT_LOST_UNKNOWN_KIND  when there were such,
 *   note  ZT9004  when there was no `end` event: the trace was cut short.
 * Their ts_ns is that of the newest event.
 */
int source_file_open(struct source **ret, const char *path, char *err, size_t errlen);

#endif
