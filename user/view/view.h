/* SPDX-License-Identifier: GPL-2.0 */
/*
 * `ztrace watch` on a terminal: builds and steps with their memory, incidents as they happen. It reads the report between
 * pumps and changes nothing but the screen; what is drawn, and how often, is bounded.
 */
#ifndef VIEW_VIEW_H
#define VIEW_VIEW_H

#include "base/out.h"
#include "diagnose/report.h"

struct view;
/* o: how text would go to stdout. NULL: no terminal that can (or no memory): plain lines, then. */
struct view *view_new(const struct out *o);
/* Looks for keys, then draws if it is time to. true: the user wants to quit. */
bool view_tick(struct view *v, const struct report *r, zt_u64 now_ns);
void view_free(struct view *v); /* gives the terminal back; what was said meanwhile goes to stderr */

#endif
