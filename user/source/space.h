/* SPDX-License-Identifier: GPL-2.0 */
/* How full a file system is that had no room for a build. */
#ifndef SOURCE_SPACE_H
#define SOURCE_SPACE_H

#include "source/source.h"

/*
 * Answers WANT_SPACE with a `space` event: of the directory w->path, or else of the mount in mountinfo (the text of
 * /proc/self/mountinfo) that has the device w->dev. 0, -ENOENT, -errno, or what the sink said.
 */
int space_answer(const char *mountinfo, const struct want *w, sink_fn sink, void *ctx);

/* The mount point of a device there, unescaped; false: none, or one whose server may never answer. */
bool space_mount_of(const char *mountinfo, zt_u32 dev, char *ret, size_t size);

#endif
