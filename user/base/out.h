/* SPDX-License-Identifier: GPL-2.0 */
/* Where a renderer writes: a stream, whether it may use colour and draw. */
#ifndef BASE_OUT_H
#define BASE_OUT_H

#include <stdbool.h>
#include <stdio.h>

enum color_mode { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct out {
	FILE *f;
	bool color;
	bool ascii; /* no drawing with characters that the terminal may not have */
	bool close; /* f is ours */
	char *path; /* NULL: stdout or stderr */
	char *temp; /* what becomes path when all is written; NULL: path is written itself */
	void *priv; /* a renderer's own state */
};

/* path NULL or "-": `std`. A file is made anew, 0600. 0 or -errno. */
int out_open(struct out *o, const char *path, FILE *std, enum color_mode mode);
/* The same, for others to read at any time: 0644, and it takes the place of the old one when it is complete. */
int out_open_shared(struct out *o, const char *path, FILE *std, enum color_mode mode);
/*
 * To the end of a regular file that is there already and not behind a link, opened with that user's rights, as long as
 * it holds less than max_bytes. 0, -EFBIG, or another -errno.
 */
int out_open_append(struct out *o, const char *path, long max_bytes, unsigned int uid, unsigned int gid);
/* Flush and report what went wrong on the way: 0 or -errno. */
int out_close(struct out *o);
/* Close what is not complete: a shared file stays as it was. */
void out_drop(struct out *o);

#endif
