/* SPDX-License-Identifier: GPL-2.0 */
/* The live view's pictures, each on a window of any size. All hostile text is escaped and cut to its place. */
#ifndef VIEW_DRAW_H
#define VIEW_DRAW_H

#include <curses.h>

#include "view/rows.h"

struct canvas {
	WINDOW *w;
	bool color, ascii;
	int rows, columns;
};

/* Colours of the style: once after the terminal has been opened */
void draw_init(void);
/* first: the first row that is shown, moved so that the selected one is */
void draw_list(const struct canvas *c, const struct report *r, const struct rows *rows, enum order order, unsigned int selected,
	       unsigned int *first);
/* Lines of text from line `top` on, which is moved back where it is past the end; keys: what to press */
void draw_page(const struct canvas *c, const char *title, const char *text, unsigned int *top, const char *keys);
void draw_help(const struct canvas *c);

#endif
