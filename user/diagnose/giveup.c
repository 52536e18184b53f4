/* SPDX-License-Identifier: GPL-2.0 */
/* A program that ended by itself: it was refused memory, its heap was full, or a file system was. */
#include "diagnose/giveup.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "builder/heap.h"

#define MS ((zt_u64)1000000)
#define MIB ((zt_u64)1 << 20)
#define ADDRESS_BYTES ((zt_u64)1 << 47)

static zt_u64 fact_number(const struct model *m, const char *key, zt_u64 otherwise)
{
	const char *s = model_fact(m, key);

	return s && *s ? strtoull(s, NULL, 10) : otherwise;
}

static bool over(zt_u64 have, zt_u64 more, zt_u64 limit)
{
	return limit != ZT_NO_LIMIT && (have > limit || more > limit - have);
}

enum memory_wall memory_wall(const struct model *m, const struct refusal *f)
{
	const struct zt_ev_refuse *e = &f->ev;
	const struct zt_ev_host *h = f->host.h.kind ? &f->host : &m->host;
	zt_u64 mode = fact_number(m, "vm.overcommit_memory", ~(zt_u64)0);
	zt_u64 maps = fact_number(m, "vm.max_map_count", 0);

	if (e->what != ZT_REFUSED_FORK && e->what != ZT_REFUSED_EXEC) {
		if (e->what != ZT_REFUSED_PROTECT && over(e->total_vm_bytes, e->asked_bytes, e->as_limit_bytes))
			return WALL_AS;
		if (over(e->data_bytes, e->asked_bytes, e->data_limit_bytes))
			return WALL_DATA;
		if (maps && e->map_count + 1 >= maps)
			return WALL_MAPS;
		if (e->asked_bytes >= ADDRESS_BYTES)
			return WALL_ADDRESS;
	}
	if (mode == 2 && h->commit_limit_bytes && over(h->committed_bytes, e->asked_bytes, h->commit_limit_bytes))
		return WALL_COMMIT;
	if (mode == 0 && h->h.kind && e->asked_bytes > h->total_bytes + h->swap_total_bytes)
		return WALL_RAM;
	return WALL_UNKNOWN;
}

enum room_place room_place(const struct refusal *f)
{
	if (!strcmp(f->fstype, "overlay"))
		return PLACE_LAYER;
	if (!strncmp(f->path, "/dev/shm", 8) && (f->ev.mount_bytes == 8 || !f->ev.mount_bytes))
		return PLACE_SHM;
	return strcmp(f->fstype, "tmpfs") ? PLACE_OTHER : PLACE_TMPFS;
}

/* Of a tmpfs the kernel told at once, of others the host was asked a moment later. */
enum room_wall room_wall(const struct refusal *f)
{
	const struct zt_ev_refuse *e = &f->ev;
	const struct zt_ev_space *s = &f->space;

	if (e->error == EDQUOT)
		return ROOM_QUOTA;
	if (e->fs_files && !e->fs_files_free)
		return ROOM_FILES;
	if (e->fs_total_bytes)
		return e->fs_used_bytes + e->fs_total_bytes / 16 >= e->fs_total_bytes ? ROOM_BYTES : ROOM_UNKNOWN;
	if (s->h.kind && s->files && !s->files_free)
		return ROOM_FILES;
	/* what the program took back when it failed may be free again */
	return s->h.kind && s->available_bytes > s->total_bytes / 10 ? ROOM_UNKNOWN : ROOM_BYTES;
}

/* How soon a program ends that gives up. JVMs write a report first; dpkg and the like clean up. */
static const struct {
	const char *comm; /* NULL: any */
	zt_u64 memory_ns, room_ns;
} patience[] = {
	{ "java", 10000 * MS, 10000 * MS },
	{ "tar", 1000 * MS, 60000 * MS }, /* tells of each file, and fails at its end */
	{ "rsync", 1000 * MS, 60000 * MS },
	{ NULL, 1000 * MS, 5000 * MS },
};

static bool crashed(const struct proc *p)
{
	static const int signals[] = { SIGABRT, SIGSEGV, SIGBUS, SIGTRAP, SIGILL };

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		if (died_of(p->exit_code, signals[i]))
			return true;
	return false;
}

/*
 * An allocator that gets no memory may free some, or ask for less; a program that was refused and then fails of
 * something else at once looks the same as one that fails of that. So memory is confirmed only by a crash.
 */
enum confidence gave_up(const struct proc *p, zt_u64 last_ns, bool memory)
{
	size_t i = 0;
	zt_u64 took;

	if (!p->exit_ns || p->exit_ns < last_ns || !exit_status(p->exit_code) || p->exec_ns > last_ns)
		return CONF_UNKNOWN;
	if ((p->exit_code & 0x7f) && !crashed(p))
		return CONF_UNKNOWN; /* somebody ended it */
	while (patience[i].comm && strcmp(patience[i].comm, p->comm) != 0)
		i++;
	took = p->exit_ns - last_ns;
	if (took > (memory ? patience[i].memory_ns : patience[i].room_ns))
		return CONF_UNKNOWN;
	return memory && !crashed(p) ? CONF_LIKELY : CONF_CONFIRMED;
}

zt_u64 heap_limit(const struct model *m, const struct proc *p)
{
	const struct step *s = model_step_of(m, p->cgroup, p);
	zt_u64 memory = m->host.total_bytes;

	if (p->heap.limit_bytes)
		return p->heap.limit_bytes;
	if (s && s->limit_bytes && s->limit_bytes < memory)
		memory = s->limit_bytes;
	if (!memory || p->heap.runtime != HEAP_V8)
		return memory / 4; /* a JVM's default */
	return heap_v8_default(memory);
}

/*
 * V8 aborts (node) or traps (electron, deno) when its heap is full, and rarely for anything else; its heap is most of
 * what it has then. A container's first process cannot be aborted by itself and ends with SIGSEGV instead. A JVM's exit code 1 says nothing, and it fills its heap as a habit: only one that was told to end
 * counts.
 */
enum confidence heap_full(const struct proc *p, zt_u64 limit_bytes)
{
	int sig = p->exit_code & 0x7f;

	/* pages that a heap has but never touched are not in the peak: large objects end on such */
	zt_u64 least = p->heap.runtime == HEAP_JVM ? limit_bytes / 2 : limit_bytes - limit_bytes / 5;

	if (!p->exit_ns || !limit_bytes || p->peak_rss_bytes < least)
		return CONF_UNKNOWN;
	if (p->heap.runtime == HEAP_V8)
		return crashed(p) && sig != SIGBUS ? CONF_LIKELY : CONF_UNKNOWN;
	if (p->heap.runtime == HEAP_JVM && p->heap.exits)
		return exit_status(p->exit_code) == 3 || sig == SIGABRT ? CONF_LIKELY : CONF_UNKNOWN;
	return CONF_UNKNOWN;
}

static bool in_unit(const struct model *m, const struct proc *p, const struct unit *u)
{
	return u->step ? model_step_of(m, p->cgroup, p) == u->step : model_is_below(p, u->entry);
}

/* The newest refusal that a process of the unit ended for, and the unit with it. */
static const struct refusal *decisive(const struct model *m, const struct unit *u, enum confidence *sure)
{
	const struct refusal *best = NULL;

	*sure = CONF_UNKNOWN;
	for (const struct refusal *f = m->refusals; f; f = f->next) {
		enum confidence c = in_unit(m, f->proc, u) ? gave_up(f->proc, f->last_ns, f->ev.error == ENOMEM) :
							     CONF_UNKNOWN;

		/* `|| true; exit 3` may not be told from `|| exit 3`: say nothing of either */
		if (c == CONF_UNKNOWN || cause_of_failure(m, f->proc, u) != TRI_YES)
			continue;
		if ((f->ev.error == ENOMEM && memory_wall(m, f) == WALL_UNKNOWN) ||
		    (f->ev.error != ENOMEM && (room_wall(f) == ROOM_UNKNOWN || (f->ev.h.flags & ZT_F_REFUSE_PATH_GIVEN))))
			c = CONF_LIKELY;
		if (best && (c < *sure || (c == *sure && f->last_ns < best->last_ns)))
			continue;
		best = f;
		*sure = c;
	}
	return best;
}

static const struct proc *full_heap(const struct model *m, const struct unit *u)
{
	for (const struct proc *p = m->procs; p; p = p->hh.next)
		if (p->heap.runtime && p->exit_ns && in_unit(m, p, u) &&
		    heap_full(p, heap_limit(m, p)) != CONF_UNKNOWN && cause_of_failure(m, p, u) == TRI_YES)
			return p;
	return NULL;
}

static struct incident *begin(struct report *r, const char *code, const struct unit *u, const struct proc *p,
			      enum confidence sure)
{
	struct incident *i = incident_new(r, code, u);
	struct victim *v;

	if (!i)
		return NULL;
	v = &i->victims[0];
	i->nvictims = 1;
	v->id = p->id;
	v->comm = p->comm;
	v->oom_score_adj = p->oom_score_adj;
	if (p->argv_bytes) {
		v->argv = p->argv;
		v->argv_bytes = p->argv_bytes;
	}
	if (p->fork_ns)
		v->runtime_ns = p->exit_ns - p->fork_ns;
	set_lineage(p, v->lineage, &v->nlineage);
	i->ts_ns = p->exit_ns;
	i->confidence = sure;
	i->causal = TRI_YES;
	i->limit.kind = LIMIT_NONE;
	i->limit.bytes = i->limit.swap_limit_bytes = ZT_NO_LIMIT; /* as far as is known */
	return i;
}

static void finish(const struct model *m, struct report *r, const struct unit *u, struct incident *i)
{
	fill_host(m, &m->host, r, i);
	note_context(m, r, u, i);
	i->summary = say(r, _("%s. Ended: %s. Limit: %s. Used: %s. Host: %s."), i->headline, i->killed, i->limit_text,
			 i->used_text, i->host_text);
}

static const char *ended_how(struct report *r, const struct proc *p)
{
	if (p->exit_code & 0x7f)
		return say(r, _("%s, pid %u, ended itself: %s"), p->comm, p->id.tgid,
			   died_of(p->exit_code, SIGABRT) ? "SIGABRT" : died_of(p->exit_code, SIGSEGV) ? "SIGSEGV" :
			   died_of(p->exit_code, SIGBUS) ? "SIGBUS" : died_of(p->exit_code, SIGTRAP) ? "SIGTRAP" :
			   "SIGILL");
	return say(r, _("nothing; %s (pid %u) ended by itself with exit code %d"), p->comm, p->id.tgid,
		   exit_status(p->exit_code));
}

static const char *after(struct report *r, const struct refusal *f)
{
	return say(r, _("%s, %s after it was refused"), ended_how(r, f->proc),
		   say_duration(r, f->proc->exit_ns - f->last_ns));
}

static void tell_wall(const struct model *m, struct report *r, const struct refusal *f, enum memory_wall wall,
		      const char *who, struct incident *i)
{
	const struct zt_ev_host *h = f->host.h.kind ? &f->host : &m->host;
	const struct zt_ev_refuse *e = &f->ev;
	const char *comm = f->proc->comm;

	switch (wall) {
	case WALL_AS:
		i->headline = say(r, _("%s: %s gave up, ulimit -v allows it %s of address space"), who, comm,
				  say_bytes(r, e->as_limit_bytes));
		i->limit_text = say(r, _("RLIMIT_AS (ulimit -v) %s, of each process"), say_bytes(r, e->as_limit_bytes));
		i->limit.kind = LIMIT_RLIMIT;
		i->limit.file = "RLIMIT_AS";
		i->limit.bytes = e->as_limit_bytes;
		i->limit.usage_bytes = e->total_vm_bytes;
		break;
	case WALL_DATA:
		i->headline = say(r, _("%s: %s gave up, ulimit -d allows it %s of data"), who, comm,
				  say_bytes(r, e->data_limit_bytes));
		i->limit_text = say(r, _("RLIMIT_DATA (ulimit -d) %s, of each process"),
				    say_bytes(r, e->data_limit_bytes));
		i->limit.kind = LIMIT_RLIMIT;
		i->limit.file = "RLIMIT_DATA";
		i->limit.bytes = e->data_limit_bytes;
		i->limit.usage_bytes = e->data_bytes;
		break;
	case WALL_MAPS:
		i->headline = say(r, _("%s: %s gave up, it has as many mappings as vm.max_map_count allows"), who, comm);
		i->limit_text = say(r, _("vm.max_map_count %s; it had %u mappings"), model_fact(m, "vm.max_map_count"),
				    e->map_count);
		break;
	case WALL_COMMIT:
		i->headline = say(r, _("%s: %s gave up, the host promises no more memory (vm.overcommit_memory=2)"), who,
				  comm);
		i->limit_text = say(r, _("CommitLimit %s, of which %s were promised"),
				    say_bytes(r, h->commit_limit_bytes), say_bytes(r, h->committed_bytes));
		i->limit.kind = LIMIT_OVERCOMMIT;
		i->limit.bytes = h->commit_limit_bytes;
		i->limit.usage_bytes = h->committed_bytes;
		break;
	case WALL_RAM:
	case WALL_ADDRESS:
		i->headline = say(r, _("%s: %s gave up, it asked for %s at once"), who, comm,
				  say_bytes(r, e->asked_bytes));
		i->limit_text = wall == WALL_RAM ?
			say(r, _("none was set; the host has %s of RAM and swap"),
			    say_bytes(r, h->total_bytes + h->swap_total_bytes)) :
			_("a process can address 128 TiB");
		break;
	default:
		i->headline = e->what == ZT_REFUSED_FORK ?
			say(r, _("%s: %s gave up, the kernel had no memory for another process"), who, comm) :
			say(r, _("%s: %s gave up, the kernel refused it memory"), who, comm);
		i->limit_text = _("not known: the kernel said ENOMEM, and no limit that was looked at explains it");
	}
}

static struct incident *memory_incident(const struct model *m, struct report *r, const struct unit *u,
					const struct refusal *f, enum confidence sure)
{
	struct incident *i = begin(r, "ZT1201", u, f->proc, sure);
	enum memory_wall wall = memory_wall(m, f);
	const struct zt_ev_refuse *e = &f->ev;

	if (!i)
		return NULL;
	i->ts_ns = e->h.ts_ns;
	tell_wall(m, r, f, wall, say_unit(r, u), i);
	i->killed = after(r, f);
	i->used_text = e->asked_bytes ?
		say(r, _("%s mapped, %s of it data, when it asked for %s more"), say_bytes(r, e->total_vm_bytes),
		    say_bytes(r, e->data_bytes), say_bytes(r, e->asked_bytes)) :
		say(r, _("%s mapped, %s of it data"), say_bytes(r, e->total_vm_bytes), say_bytes(r, e->data_bytes));
	i->basis = sure == CONF_CONFIRMED ? _("confirmed: it was refused memory and crashed on that") :
					    _("likely: it was refused memory right before it ended");
	giveup_memory(m, r, f, wall, i);
	finish(m, r, u, i);
	return i;
}

static struct incident *heap_incident(const struct model *m, struct report *r, const struct unit *u,
				      const struct proc *p)
{
	zt_u64 limit = heap_limit(m, p);
	struct incident *i = begin(r, "ZT1201", u, p, heap_full(p, limit));
	const char *runtime = p->heap.runtime == HEAP_V8 ? "V8" : "JVM";

	if (!i)
		return NULL;
	i->headline = say(r, _("%s: the %s heap of %s was full, at some %s"), say_unit(r, u), runtime, p->comm,
			  say_bytes(r, limit));
	i->limit_text = !p->heap.limit_bytes ?
		say(r, _("%s, what %s takes by default here"), say_bytes(r, limit), runtime) :
		say(r, p->heap.from_env ? _("%s, set in the environment") : _("%s, set on its command line"),
		    say_bytes(r, limit));
	i->limit.kind = LIMIT_HEAP;
	i->limit.bytes = limit;
	i->killed = ended_how(r, p);
	i->used_text = say(r, _("peak %s of %s, heap and all else"), say_bytes(r, p->peak_rss_bytes), p->comm);
	i->basis = _("likely: by how it ended and by its peak");
	giveup_heap(m, r, p, limit, i);
	finish(m, r, u, i);
	return i;
}

/* "/dev/shm", "the layer's file system (/var/lib/docker/…)" */
static const char *place_words(struct report *r, const struct refusal *f)
{
	switch (room_place(f)) {
	case PLACE_LAYER:
		return _("the disk that image layers are on");
	case PLACE_SHM:
		return "/dev/shm";
	case PLACE_TMPFS:
	case PLACE_OTHER:
	default:
		break;
	}
	if (f->ev.mount_bytes)
		return say(r, "%.*s", (int)f->ev.mount_bytes, f->path);
	return f->space_path[0] ? say(r, "%s", f->space_path) : say(r, _("the %s file system"), f->fstype);
}

static void tell_room(struct report *r, const struct refusal *f, struct incident *i)
{
	const struct zt_ev_refuse *e = &f->ev;
	const struct zt_ev_space *s = &f->space;
	const char *place = place_words(r, f);

	i->limit.kind = LIMIT_FILESYSTEM;
	i->limit.path = place;
	if (e->fs_total_bytes) {
		i->limit_text = say(r, _("%s is a tmpfs of %s"), place, say_bytes(r, e->fs_total_bytes));
		i->used_text = say(r, _("%s; %llu of %llu inodes"), say_bytes(r, e->fs_used_bytes),
				   (unsigned long long)(e->fs_files - e->fs_files_free), (unsigned long long)e->fs_files);
		i->limit.bytes = e->fs_total_bytes;
		i->limit.usage_bytes = e->fs_used_bytes;
	} else if (s->h.kind) {
		i->limit_text = say(r, _("%s on %s, %llu inodes"), say_bytes(r, s->total_bytes), f->space_path,
				    (unsigned long long)s->files);
		i->used_text = say(r, _("%s available right after, %llu inodes free"), say_bytes(r, s->available_bytes),
				   (unsigned long long)s->files_free);
		i->limit.bytes = s->total_bytes;
		i->limit.usage_bytes = s->total_bytes - s->free_bytes;
	} else {
		i->limit_text = say(r, _("the size of %s is not known"), place);
		i->used_text = _("all of it: the kernel said that no room was left");
	}
}

static struct incident *room_incident(const struct model *m, struct report *r, const struct unit *u,
				      const struct refusal *f, enum confidence sure)
{
	struct incident *i = begin(r, "ZT3200", u, f->proc, sure);
	enum room_wall wall = room_wall(f);
	const char *place = place_words(r, f), *who = say_unit(r, u), *comm = f->proc->comm;

	if (!i)
		return NULL;
	i->ts_ns = f->ev.h.ts_ns;
	i->headline = wall == ROOM_QUOTA ? say(r, _("%s: %s had used up its quota on %s"), who, comm, place) :
		      wall == ROOM_FILES ? say(r, _("%s: %s found no inode left on %s"), who, comm, place) :
					   say(r, _("%s: %s found no room left on %s"), who, comm, place);
	tell_room(r, f, i);
	i->killed = after(r, f);
	i->basis = sure == CONF_CONFIRMED ? _("confirmed: it was refused room and ended on that") :
					    _("likely: it was refused room before it ended");
	if (f->path[0])
		add_note(i, say(r, f->ev.what == ZT_REFUSED_FAULT ? _("an open file there: %.200s") :
								    _("what it could not write: %.200s"), f->path));
	giveup_room(m, r, f, i);
	finish(m, r, u, i);
	return i;
}

struct incident *giveup_incident(const struct model *m, struct report *r, const struct unit *u)
{
	enum confidence sure;
	const struct refusal *f;
	const struct proc *p;

	if (!u->entry || !u->entry->exit_ns || !exit_status(u->entry->exit_code))
		return NULL;
	f = decisive(m, u, &sure);
	if (f)
		return f->ev.error == ENOMEM ? memory_incident(m, r, u, f, sure) : room_incident(m, r, u, f, sure);
	p = full_heap(m, u);
	return p ? heap_incident(m, r, u, p) : NULL;
}
