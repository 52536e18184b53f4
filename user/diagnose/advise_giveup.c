/* SPDX-License-Identifier: GPL-2.0 */
/* What to do about a program that gave up for memory, or for room. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "builder/dockerfile.h"
#include "builder/heap.h"
#include "diagnose/giveup.h"

#define MIB ((zt_u64)1 << 20)

static zt_u64 rounded(zt_u64 bytes, zt_u64 unit)
{
	return (bytes + unit - 1) / unit * unit;
}

static bool can_edit(const struct incident *i)
{
	return i->step && i->step->instr && i->step->build && i->step->build->dockerfile_path &&
	       i->step->build->file_text && !i->step->instr->from_onbuild;
}

/* Line `number` (from 1) of the Dockerfile has that text? */
static bool line_has(const struct build *b, unsigned int number, const char *text)
{
	const char *at = b->file_text, *end = at + b->file_len, *nl;

	for (; at < end; at = nl + 1) {
		nl = memchr(at, '\n', (size_t)(end - at));
		nl = nl ? nl : end;
		if (!--number)
			return memmem(at, (size_t)(nl - at), text, strlen(text)) != NULL;
		if (nl == end)
			break;
	}
	return false;
}

/* The first line of the step's instruction that has it; 0: none */
static unsigned int line_of(const struct incident *i, const char *text)
{
	if (!can_edit(i))
		return 0;
	for (unsigned int n = i->step->instr->line; n <= i->step->instr->end_line; n++)
		if (line_has(i->step->build, n, text))
			return n;
	return 0;
}

static void edit_help(struct incident *i, const char *id, const char *text, zt_u64 bytes, unsigned int line,
		      const char *from, const char *to)
{
	struct help *h = &i->help[i->nhelp];

	if (i->nhelp >= HELP_MAX)
		return;
	add_help(i, id, text, NULL, bytes);
	h->how = HELP_EDIT;
	h->edit.file = i->step->build->dockerfile_path;
	h->edit.line = line;
	h->edit.from = from;
	h->edit.to = to;
}

const char *own_ulimit(const struct incident *i, char option, char *buf, size_t size)
{
	const char *text = i->step && i->step->instr ? i->step->instr->text : NULL;

	for (const char *p = text; p && (p = strstr(p, "ulimit ")); p += 7) {
		const char *q = p + 7;
		size_t digits;

		if (q[0] == '-' && (q[1] == 'S' || q[1] == 'H') && q[2] == option)
			q += 3;
		else if (q[0] == '-' && q[1] == option)
			q += 2;
		else
			continue;
		q += strspn(q, " ");
		digits = strspn(q, "0123456789");
		if (!digits || (size_t)(q - p) + digits >= size)
			continue;
		memcpy(buf, p, (size_t)(q - p) + digits);
		buf[(size_t)(q - p) + digits] = 0;
		return buf;
	}
	return NULL;
}

static void raise_ulimit(struct report *r, const struct refusal *f, char option, zt_u64 had, zt_u64 limit,
			 struct incident *i)
{
	/* what it goes on to ask for is not known: half as much again at least */
	zt_u64 need = had + f->ev.asked_bytes, want = rounded(need + need / 4 > limit + limit / 2 ? need + need / 4 :
							     limit + limit / 2, MIB);
	char from[64];
	const char *set = own_ulimit(i, option, from, sizeof(from));
	unsigned int line = set ? line_of(i, set) : 0;

	if (line) {
		size_t keep = strlen(set);

		while (keep && isdigit((unsigned char)set[keep - 1]))
			keep--;
		edit_help(i, "raise-ulimit",
			  say(r, _("raise `ulimit -%c` at line %u to at least %llu (%s), or drop it"), option, line,
			      (unsigned long long)(want / 1024), say_bytes(r, want)),
			  want, line, say(r, "%s", set),
			  say(r, "%.*s%llu", (int)keep, set, (unsigned long long)(want / 1024)));
		return;
	}
	add_help(i, "raise-ulimit",
		 say(r, _("raise that limit to at least %s where it is set: `ulimit -%c`, --ulimit, LimitAS= of a unit"),
		     say_bytes(r, want), option), NULL, want);
}

void giveup_memory(const struct model *m, struct report *r, const struct refusal *f, enum memory_wall wall,
		   struct incident *i)
{
	const struct zt_ev_refuse *e = &f->ev;

	(void)m;
	switch (wall) {
	case WALL_AS:
		raise_ulimit(r, f, 'v', e->total_vm_bytes, e->as_limit_bytes, i);
		break;
	case WALL_DATA:
		raise_ulimit(r, f, 'd', e->data_bytes, e->data_limit_bytes, i);
		break;
	case WALL_MAPS:
		add_help(i, "raise-max-map-count", _("let processes have more mappings"),
			 say(r, "sudo sysctl vm.max_map_count=%u", e->map_count * 4), 0);
		break;
	case WALL_COMMIT:
		add_help(i, "overcommit", _("let the kernel promise memory as it does by default"),
			 "sudo sysctl vm.overcommit_memory=0", 0);
		break;
	case WALL_RAM:
		add_help(i, "ask-less", _("let it ask for less at once; if it uses but little of that, let it ask"),
			 "sudo sysctl vm.overcommit_memory=1", e->asked_bytes);
		break;
	case WALL_ADDRESS:
		add_help(i, "ask-less", _("no machine has that much: a size that was computed wrongly"), NULL,
			 e->asked_bytes);
		break;
	case WALL_UNKNOWN:
	default:
		break;
	}
}

/* What may be had: the least limit there is, or the host */
static zt_u64 room_for_heap(const struct model *m, const struct incident *i)
{
	zt_u64 most = m->host.total_bytes;

	if (i->step && i->step->limit_bytes && i->step->limit_bytes < most)
		most = i->step->limit_bytes;
	return most;
}

void giveup_heap(const struct model *m, struct report *r, const struct proc *p, zt_u64 limit_bytes,
		 struct incident *i)
{
	bool v8 = p->heap.runtime == HEAP_V8;
	zt_u64 want = rounded(limit_bytes + limit_bytes / 2, 128 * MIB);
	const char *set = say(r, v8 ? "--max-old-space-size=%llu" : "-Xmx%llum",
			      (unsigned long long)(limit_bytes / MIB));
	const char *to = say(r, v8 ? "--max-old-space-size=%llu" : "-Xmx%llum", (unsigned long long)(want / MIB));
	unsigned int line = line_of(i, set);

	if (want > room_for_heap(m, i)) {
		add_help(i, "raise-memory", say(r, _("give it more memory: a larger heap (%s) would not fit here"),
						say_bytes(r, want)), NULL, want);
		return;
	}
	if (line) {
		edit_help(i, "raise-heap", say(r, _("raise %s at line %u to at least %llu MiB"),
					       v8 ? "--max-old-space-size" : "-Xmx", line,
					       (unsigned long long)(want / MIB)), want, line, set, to);
		return;
	}
	line = line_of(i, "RUN ");
	if (line && !p->heap.limit_bytes && v8)
		edit_help(i, "raise-heap", say(r, _("give it a larger heap at line %u: NODE_OPTIONS=%s"), line, to), want,
			  line, "RUN ", say(r, "RUN export NODE_OPTIONS=%s; ", to));
	else
		add_help(i, "raise-heap", say(r, _("give it a larger heap, at least %s"), to), NULL, want);
}

static void larger_shm(struct report *r, const struct refusal *f, struct incident *i)
{
	zt_u64 want = rounded(f->ev.fs_total_bytes * 4, MIB);
	unsigned int line = line_of(i, "RUN ");

	if (i->step && i->step->builder == BUILDER_DOCKER_LEGACY) {
		add_help(i, "shm-size", _("give the build a larger /dev/shm"),
			 say(r, "docker build --shm-size=%llum …", (unsigned long long)(want / MIB)), want);
		i->help[i->nhelp - 1].how = HELP_WORDS;
		return;
	}
	if (line)
		edit_help(i, "shm-mount",
			  say(r, _("give that step a larger one at line %u: RUN %s"), line, "--mount=type=tmpfs,target=/dev/shm"),
			  want, line, "RUN ", "RUN --mount=type=tmpfs,target=/dev/shm ");
	else
		add_help(i, "shm-size", _("give it a larger /dev/shm: --shm-size"), NULL, want);
}

void giveup_room(const struct model *m, struct report *r, const struct refusal *f, struct incident *i)
{
	enum room_place place = room_place(f);

	(void)m;
	if (place == PLACE_SHM) {
		larger_shm(r, f, i);
		return;
	}
	if (place == PLACE_TMPFS) {
		add_help(i, "tmpfs-size", say(r, _("mount it with a larger size= (now %s), or write elsewhere"),
					      say_bytes(r, f->ev.fs_total_bytes)), NULL, f->ev.fs_total_bytes * 2);
		return;
	}
	if (place == PLACE_LAYER) {
		add_help(i, "prune-cache", _("drop docker's build cache (`docker system df` says how much it is)"),
			 "docker builder prune -f", 0);
		add_help(i, "prune-images", _("drop images that no container uses, if you need none of them"),
			 "docker image prune -a", 0);
	}
	if (f->space.h.kind && (place != PLACE_LAYER || room_wall(f) == ROOM_FILES))
		add_help(i, "free-space", room_wall(f) == ROOM_FILES ?
			 _("remove files there: it is their number that counts") : _("free some room there"),
			 room_wall(f) == ROOM_FILES ? say(r, "df -i %.200s", f->space_path) :
						      say(r, "df -h %.200s", f->space_path), 0);
}
