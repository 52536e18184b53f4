/* SPDX-License-Identifier: GPL-2.0 */
/* Renderers arrange and escape; they judge nothing and open nothing. */
#ifndef RENDER_RENDER_H
#define RENDER_RENDER_H

#include "base/out.h"
#include "diagnose/report.h"

struct renderer {
	const char *name, *help; /* help is translated where it is shown */
	bool shared; /* its file is for others to read, at any time: base/out.h */
	/* Each may be NULL. 0 or -errno. */
	int (*start)(struct out *o, const struct report *r);
	int (*incident)(struct out *o, const struct report *r, const struct incident *i); /* as each closes */
	int (*finish)(struct out *o, const struct report *r);
};

extern const struct renderer *const renderers[]; /* NULL-terminated; table.c */
const struct renderer *renderer_find(const char *name);

/* JSON Schema (2020-12) of the json renderer's object; `ztrace report --schema` prints it. */
const char *render_schema(void);

#endif
