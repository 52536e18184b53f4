/* SPDX-License-Identifier: GPL-2.0 */
/* Memory that a program takes because it may: heaps of runtimes, files in /dev/shm. */
#include <string.h>

#include "builder/dockerfile.h"
#include "diagnose/advice.h"

/* A variable that the runtime reads, and the share of what there is that its heap may have. */
static const struct heap {
	const char *comm, *variable, *dashes, *flag, *unit; /* --max-old-space-size=1024: dashes, flag with =, unit */
	unsigned int percent;
} heaps[] = {
	/* the rest is code, buffers and threads; the JVM's share of those is larger */
	{ "node", "NODE_OPTIONS", "--", "max-old-space-size=", "", 75 },
	{ "java", "JAVA_TOOL_OPTIONS", "-", "Xmx", "m", 60 },
};

static const char *heap_flag(const struct advice *a, const struct heap *p, zt_u64 mib)
{
	return say(a->r, "%s%s%llu%s", p->dashes, p->flag, (unsigned long long)mib, p->unit);
}

/* The first such flag on a line of the instruction, to be lowered there. */
static bool lower_flag(const struct advice *a, const struct heap *p, zt_u64 mib, struct help *h)
{
	const struct df_instr *in = a->i->step->instr;

	for (unsigned int line = in->line; line <= in->end_line; line++) {
		size_t len, at, digits;
		const char *s = dockerfile_line(a->i->step->build, line, &len), *f;

		f = s ? memmem(s, len, p->flag, strlen(p->flag)) : NULL;
		if (!f)
			continue;
		at = (size_t)(f - s) + strlen(p->flag);
		for (digits = 0; at + digits < len && strchr("0123456789kKmMgG", s[at + digits]); digits++)
			;
		return digits && edit_line(a, a->i->step->build, line, (size_t)(f - s), at + digits - (size_t)(f - s),
					   say(a->r, p->comm[0] == 'j' ? "Xmx%llum" : "max-old-space-size=%llu",
					       (unsigned long long)mib), h);
	}
	return false;
}

/* ENV before the RUN works with every form of it. */
static bool add_env(const struct advice *a, const struct heap *p, zt_u64 mib, struct help *h)
{
	const struct df_instr *in = a->i->step->instr;
	size_t len, at = 0;
	const char *s = dockerfile_line(a->i->step->build, in->line, &len), *value;

	while (s && at < len && (s[at] == ' ' || s[at] == '\t'))
		at++;
	if (!s || at + 3 > len || strncasecmp(s + at, "RUN", 3))
		return false;
	value = heap_flag(a, p, mib);
	return edit_line(a, a->i->step->build, in->line, at, 3, say(a->r, "ENV %s=%s\n%.3s", p->variable, value, s + at), h);
}

bool advise_heap(const struct advice *a, struct help *h)
{
	const struct incident *i = a->i;
	const struct victim *v = &i->victims[0];
	const struct zt_ev_host *host = host_of_kill(a->k);
	zt_u64 have = i->limit.kind == LIMIT_CGROUP ? i->limit.bytes : host->h.kind ? host->total_bytes : 0, own, mib;
	zt_u64 mine = v->rss.anon_bytes + v->rss.swap_bytes;
	const struct heap *p = NULL;

	for (size_t n = 0; n < sizeof(heaps) / sizeof(heaps[0]); n++)
		if (v->comm && !strcmp(v->comm, heaps[n].comm))
			p = &heaps[n];
	if (!p || mine < have / 2 || !i->step || i->step != a->k->step || !i->step->instr || !i->step->build ||
	    i->step->instr->from_onbuild)
		return false;
	own = have - (a->need.used_bytes > mine ? a->need.used_bytes - mine : 0);
	mib = (own > have ? have : own) / 100 * p->percent / MIB;
	if (mib < 64)
		return false;
	h->id = "smaller-heap";
	h->bytes = mib * MIB;
	if (!lower_flag(a, p, mib, h) && !add_env(a, p, mib, h))
		return false;
	h->text = say(a->r, _("or keep the heap of %1$s below %2$s: %3$s at line %4$u"), p->comm, say_bytes(a->r, h->bytes),
		      heap_flag(a, p, mib), h->edit.line);
	return true;
}

static const struct holder *tmpfs_of(const struct incident *i)
{
	for (unsigned int n = 0; n < i->nholders; n++)
		if (i->holders[n].kind == HOLD_TMPFS)
			return &i->holders[n];
	return NULL;
}

/* What is left without the files. They may grow further, but not in memory then. */
static enum confidence fits_without(const struct advice *a, zt_u64 files)
{
	zt_u64 have = a->i->limit.kind == LIMIT_CGROUP ? a->i->limit.bytes : host_of_kill(a->k)->total_bytes;
	zt_u64 rest = a->need.bytes > files ? a->need.bytes - files : 0;

	if (a->need.confidence != CONF_UNKNOWN)
		return rest <= have / 20 * 19 ? CONF_LIKELY : CONF_UNKNOWN;
	return rest <= have / 2 ? CONF_LIKELY : CONF_UNKNOWN;
}

/* All of /dev/shm on the one line that names it: a disk's /tmp instead. */
static bool edit_shm(const struct advice *a, struct help *h)
{
	static const char shm[] = "/dev/shm";
	const struct df_instr *in = a->i->step->instr;
	unsigned int line = 0;
	size_t len = 0, n, from, to, out = 0;
	const char *s;
	char text[1024];

	for (unsigned int at = in->line; at <= in->end_line; at++) {
		s = dockerfile_line(a->i->step->build, at, &len);
		if (!s || !memmem(s, len, shm, sizeof(shm) - 1))
			continue;
		if (line)
			return false; /* one edit is not enough */
		line = at;
	}
	s = line ? dockerfile_line(a->i->step->build, line, &len) : NULL;
	if (!s)
		return false;
	from = (size_t)((const char *)memmem(s, len, shm, sizeof(shm) - 1) - s);
	for (to = n = from; n + sizeof(shm) - 1 <= len; n++)
		if (!memcmp(s + n, shm, sizeof(shm) - 1))
			to = n + sizeof(shm) - 1;
	for (n = from; n < to && out + 8 < sizeof(text);) {
		bool here = n + sizeof(shm) - 1 <= to && !memcmp(s + n, shm, sizeof(shm) - 1);

		if (here)
			memcpy(text + out, "/tmp", 4);
		else
			text[out] = s[n];
		out += here ? 4 : 1;
		n += here ? sizeof(shm) - 1 : 1;
	}
	text[out] = 0;
	return n == to && edit_line(a, a->i->step->build, line, from, to - from, text, h);
}

bool advise_tmpfs(const struct advice *a, struct help *h)
{
	const struct holder *files = tmpfs_of(a->i);
	const struct step *s = a->i->step;

	if (!files || files->bytes < a->need.used_bytes / 8 || !s || s != a->k->step)
		return false;
	h->id = "no-tmpfs";
	h->bytes = files->bytes;
	if (s->instr && s->build && !s->instr->from_onbuild && edit_shm(a, h)) {
		h->text = say(a->r, _("write to /tmp at line %1$u: files in /dev/shm took %2$s of the memory"), h->edit.line,
			      say_bytes(a->r, files->bytes));
		h->confidence = sure_of_step(a) ? fits_without(a, files->bytes) : CONF_UNKNOWN;
		return true;
	}
	h->how = HELP_WORDS;
	h->text = say(a->r, _("write to disk: files in tmpfs or /dev/shm took %s of the memory"),
		      say_bytes(a->r, files->bytes));
	return true;
}
