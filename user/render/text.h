/* SPDX-License-Identifier: GPL-2.0 */
/* What the parts of the text report share. */
#ifndef RENDER_TEXT_H
#define RENDER_TEXT_H

#include "diagnose/report.h"
#include "render/screen.h"

/* Lists may be longer than a screen keeps. */
void flush_full(struct screen *s, struct out *o);
/* text_services.c */
void put_services(struct screen *s, struct out *o, const struct report *r);

#endif
