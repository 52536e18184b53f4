/* SPDX-License-Identifier: GPL-2.0 */
#include "cmd/fallback.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "source/env.h"
#include "ztrace/shim.h"

/* $O/ztrace has it beside itself, bin/ztrace in ../lib/ztrace, a moved binary where it was installed to. */
int shim_find(char *buf, size_t len)
{
	static const char *const places[] = { "", "/../lib/ztrace" };
	char self[2048];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	self[n > 0 ? n : 0] = 0;
	slash = strrchr(self, '/');
	for (size_t i = 0; slash && i < sizeof(places) / sizeof(places[0]); i++) {
		*slash = 0;
		snprintf(buf, len, "%s%s/" ZT_SHIM_LIB_DIR "/" ZT_SHIM_LIB, self, places[i]);
		if (!access(buf, R_OK))
			return 0;
	}
	snprintf(buf, len, "%s/" ZT_SHIM_LIB_DIR "/" ZT_SHIM_LIB, ZTRACE_LIBDIR);
	return access(buf, R_OK) ? -ENOENT : 0;
}

void fallback_prepare(struct fallback *f, struct child_opts *co)
{
	/* LD_PRELOAD is a list: a path with blanks or colons in it cannot be one of its items */
	if (shim_find(f->lib, sizeof(f->lib)) || strpbrk(f->lib, " :\t\n") || plain_fifo_name(f->fifo, sizeof(f->fifo)))
		f->lib[0] = 0;
	if (!f->lib[0])
		return;
	co->preload = f->lib;
	co->fifo = f->fifo;
}

const struct plain_opts *fallback_opts(struct fallback *f, const struct options *o, const struct child *c,
				       const struct procfs *proc, struct cgroupfs *cg)
{
	f->plain = (struct plain_opts){ .fifo = f->lib[0] ? f->fifo : NULL, .uid = geteuid(), .gid = getegid(),
					.child = c->pid ? c->id.tgid : 0, .command = c, .proc = proc, .cg = cg };
	if (o->user)
		child_user(o->user, &f->plain.uid, &f->plain.gid);
	return &f->plain;
}

int fallback_go(const struct fallback *f, struct child *c)
{
	return f->used && f->lib[0] ? child_go_preloaded(c) : child_go(c);
}
