/* SPDX-License-Identifier: GPL-2.0 */
/* Answers WANT_DOCKERFILE: the Dockerfile that a build client names, masked, as `file` events. */
#ifndef SOURCE_DOCKERFILE_WANT_H
#define SOURCE_DOCKERFILE_WANT_H

#include "source/source.h"

/* Room it works in, made before the recording starts. */
struct dockerfile_buf {
	char text[ZT_FILE_MAX];
	union {
		struct zt_ev_file ev;
		char bytes[sizeof(struct zt_ev_file) + 4096 + ZT_FILE_CHUNK];
	};
};

/* proc: descriptor of /proc; cwd: ztrace's own working directory, "" when not known. 0 or -errno of
 * the sink. */
int dockerfile_answer(struct dockerfile_buf *b, int proc, const char *cwd, const struct want *w,
		      sink_fn sink, void *ctx);

/* There is one, and which is not known. */
int dockerfile_unknown(struct dockerfile_buf *b, const struct want *w, sink_fn sink, void *ctx);

/* As dockerfile_answer, of a text that stands in a compose file, `path`. */
int dockerfile_tell(struct dockerfile_buf *b, const struct want *w, const char *path, const char *text, sink_fn sink,
		    void *ctx);

#endif
