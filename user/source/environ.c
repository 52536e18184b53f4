// SPDX-License-Identifier: GPL-2.0
#include "source/environ.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "source/evbuf.h"
#include "source/redact.h"
#include "source/safeio.h"

#define VALUE_MAX 1024

/* In w->names, NUL-separated; an empty one ends them. */
static bool listed(const struct want *w, const char *var, size_t name_len)
{
	for (const char *name = w->names; *name; name += strlen(name) + 1)
		if (strlen(name) == name_len && !memcmp(name, var, name_len))
			return true;
	return false;
}

/* "NAME=value"; a value may hold more than a heap's size, so it is masked like an argument. */
static int tell(const struct want *w, const char *var, size_t name_len, sink_fn sink, void *ctx)
{
	struct {
		struct zt_ev_env ev;
		char tail[64 + VALUE_MAX];
	} e = { 0 };
	size_t len = strnlen(var, sizeof(e.tail) - 1);
	bool masked;

	memcpy(e.tail, var, len);
	len = redact_argv(e.tail, len + 1, &masked);
	if (len <= name_len || e.tail[name_len] != '=')
		return 0;
	e.tail[name_len] = 0;
	e.ev.h = (struct zt_ev){ .size = (zt_u32)(sizeof(e.ev) + len), .fixed = sizeof(e.ev), .kind = ZT_env,
				 .who = w->who, .cgroup = w->cgroup, .ts_ns = evbuf_clock_ns(CLOCK_BOOTTIME) };
	return sink(ctx, &e.ev.h);
}

int environ_answer(int proc, char *buf, size_t size, const struct want *w, sink_fn sink, void *ctx)
{
	struct safeio_proc p;
	char name[32];
	ssize_t n;
	int err;

	snprintf(name, sizeof(name), "%u/environ", w->who.tgid);
	n = safeio_read_below(proc, name, buf, size - 1);
	if (n < 0)
		return (int)n;
	err = safeio_open(&p, proc, &w->who); /* afterwards: still the same process? */
	if (err)
		return err;
	safeio_close(&p);
	buf[n] = 0;
	for (const char *var = buf; var < buf + n && !err; var += strlen(var) + 1) {
		const char *eq = strchr(var, '=');

		if (eq && eq - var < 64 && listed(w, var, (size_t)(eq - var)))
			err = tell(w, var, (size_t)(eq - var), sink, ctx);
	}
	return err;
}
