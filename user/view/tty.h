/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The terminal, taken over and given back in every way that there is out. ncurses writes into memory and what it wrote is
 * handed to the terminal as far as that takes it: a terminal that has stopped reading stops the picture, never ztrace.
 */
#ifndef VIEW_TTY_H
#define VIEW_TTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <termios.h>

struct tty {
	int fd;	    /* opened anew: it does not block, whatever others do with theirs */
	int mem_fd; /* where ncurses writes to */
	FILE *in, *out;
	void *screen;
	struct termios saved;
	char *pending; /* not yet taken by the terminal */
	size_t pending_bytes, pending_at;
	char *locale; /* LC_CTYPE as it was */
};

/* 0 or -errno: stdin or stdout is none, or one that ncurses knows nothing of */
int tty_open(struct tty *t);
void tty_close(struct tty *t);
void tty_size(const struct tty *t, int *rows, int *columns);
/* Hand on what is pending; true: it is all out, a new picture may be drawn. */
bool tty_flush(struct tty *t);

#endif
