/* SPDX-License-Identifier: GPL-2.0 */
#include "source/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/i18n.h"
#include "trace/reader.h"

/* Replays one trace file. */

#define EVENTS_PER_PUMP 1024 /* so that renderers get their turn */

struct source_file {
	struct source s;
	struct reader *r;
	zt_u64 newest_ns;
	bool saw_end;
	bool done;
};

static int tell_lost(struct source_file *f, enum zt_lost_cause cause, zt_u64 count, sink_fn sink, void *ctx)
{
	struct zt_ev_lost ev = {
		.h = { .size = sizeof(ev), .kind = ZT_lost, .fixed = sizeof(ev), .ts_ns = f->newest_ns },
		.cause = cause,
		.count = count,
	};

	return count ? sink(ctx, &ev.h) : 0;
}

static int tell_cut(struct source_file *f, int error, sink_fn sink, void *ctx)
{
	static const char code[] = "ZT9004";
	struct {
		struct zt_ev_note n;
		char tail[512];
	} ev = { .n.h = { .kind = ZT_note, .fixed = sizeof(ev.n), .ts_ns = f->newest_ns } };
	char *text = ev.tail + sizeof(code);
	size_t room = sizeof(ev.tail) - sizeof(code);

	if (f->saw_end)
		return 0;
	memcpy(ev.tail, code, sizeof(code));
	if (error)
		snprintf(text, room, _("the trace was cut short, cannot read further: %s: what happened after its last "
				       "event is not known"), strerror(error));
	else
		snprintf(text, room, "%s", _("the trace was cut short: what happened after its last event is not known"));
	ev.n.h.size = (zt_u32)(sizeof(ev.n) + sizeof(code) + strlen(text) + 1);
	return sink(ctx, &ev.n.h);
}

/* What the file does not say of itself */
static int finish(struct source_file *f, sink_fn sink, void *ctx)
{
	struct reader_state st;
	int r;

	f->done = true;
	reader_state(f->r, &st);
	r = tell_lost(f, ZT_LOST_CORRUPT, st.bad, sink, ctx);
	if (!r)
		r = tell_lost(f, ZT_LOST_UNKNOWN_KIND, st.unknown_kind, sink, ctx);
	if (!r)
		r = tell_cut(f, st.error, sink, ctx);
	return r;
}

static int pump(struct source *s, int timeout_ms, sink_fn sink, void *ctx)
{
	struct source_file *f = container_of(s, struct source_file, s);
	int n = 0, r;

	(void)timeout_ms; /* a file never keeps us waiting */
	if (f->done)
		return -ENODATA;
	while (n < EVENTS_PER_PUMP) {
		const struct zt_ev *ev = reader_next(f->r);

		if (!ev)
			break;
		if (ev->ts_ns > f->newest_ns)
			f->newest_ns = ev->ts_ns;
		f->saw_end = f->saw_end || ev->kind == ZT_end;
		r = sink(ctx, ev);
		if (r < 0)
			return r;
		n++;
	}
	if (n == EVENTS_PER_PUMP)
		return n;
	r = finish(f, sink, ctx);
	return r < 0 ? r : n;
}

static void close_file(struct source *s)
{
	struct source_file *f = container_of(s, struct source_file, s);

	reader_close(f->r);
	free(f);
}

int source_file_open(struct source **ret, const char *path, char *err, size_t errlen)
{
	struct source_file *f = calloc(1, sizeof(*f));
	int r;

	if (!f) {
		snprintf(err, errlen, _("cannot read %s: out of memory"), path);
		return -ENOMEM;
	}
	f->s = (struct source){ .name = "file", .pump = pump, .close = close_file };
	r = reader_open(&f->r, path, err, errlen);
	if (r) {
		free(f);
		return r;
	}
	*ret = &f->s;
	return 0;
}
