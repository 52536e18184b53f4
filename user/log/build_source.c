/* SPDX-License-Identifier: GPL-2.0 */
/* The lines of the Dockerfile that BuildKit (0.9 and newer) quotes: "Dockerfile:3", dashes, "   3 | >>> RUN make". */
#include <ctype.h>
#include <stdlib.h>

#include "log/build.h"

enum { NOTHING, NAMED, QUOTING };

static bool is_dashes(const char *s)
{
	size_t n = strspn(s, "-");

	return n >= 12 && !s[n];
}

/* "backend/Dockerfile:12" */
static bool named(struct log_build *b, const char *s)
{
	const char *colon = strrchr(s, ':');
	size_t n = colon ? (size_t)(colon - s) : 0;

	if (!n || n >= sizeof(b->source_path) || !isdigit((unsigned char)colon[1]) || strspn(colon + 1, "0123456789") != strlen(colon + 1) ||
	    memchr(s, ' ', n) || memchr(s, ':', n))
		return false;
	memcpy(b->source_path, s, n);
	b->source_path[n] = 0;
	return true;
}

static bool quoted(struct log_build *b, const char *s)
{
	char *end;
	unsigned long line = strtoul(s, &end, 10);
	const struct build_step *st = b->failed >= 0 ? &b->steps[b->failed] : NULL;
	struct zt_ev_logsource *e;
	bool here;

	if (end == s || !begins(end, " |", NULL) || line < 1 || line > 100000)
		return false;
	end += 2;
	here = begins(end, " >>> ", NULL);
	end += strlen(end) >= 5 ? 5 : strlen(end);
	e = emit_start(b->e, ZT_logsource, sizeof(*e), b->wall_ns);
	e->build = st ? st->build : b->build;
	e->step = st ? st->step : 0;
	e->line = (zt_u32)line;
	e->h.flags |= here ? ZT_F_LOGSOURCE_HERE : 0;
	emit_str(b->e, b->source_path);
	emit_bytes(b->e, end, strlen(end));
	emit_done(b->e);
	return true;
}

bool quote_line(struct log_build *b, const struct logline *l)
{
	switch (b->source_state) {
	case NAMED:
		b->source_state = is_dashes(l->text) ? QUOTING : NOTHING;
		return b->source_state == QUOTING;
	case QUOTING:
		if (quoted(b, l->text))
			return true;
		b->source_state = NOTHING;
		return is_dashes(l->text);
	default:
		if (b->build && named(b, l->text))
			b->source_state = NAMED;
		return false;
	}
}
