/* SPDX-License-Identifier: GPL-2.0 */
/* What to do, and what the reader should know besides. Only what is known to work on what was seen here. */
#include <stdlib.h>
#include <string.h>

#include "builder/dockerfile.h"
#include "diagnose/internal.h"

#define MIB ((zt_u64)1 << 20)
#define SWAP_FULL (MIB / 2) /* swap counters lag like the others */

static zt_u64 victims_bytes(const struct incident *i, zt_u64 *swap)
{
	zt_u64 sum = 0;

	*swap = 0;
	for (unsigned int n = 0; n < i->nvictims; n++) {
		sum += i->victims[n].rss.anon_bytes + i->victims[n].rss.shmem_bytes;
		*swap += i->victims[n].rss.swap_bytes;
	}
	return sum;
}

/*
 * What a process killed on its way up still wanted is not known; half as much again is where to start. What it
 * had in swap it needs in any case.
 */
static zt_u64 try_bytes(const struct incident *i)
{
	/* more was in use than the limit allows: it was lowered */
	zt_u64 had = i->limit.usage_bytes > i->limit.bytes ? i->limit.usage_bytes : i->limit.bytes;
	zt_u64 want = had + had / 2, swap;
	zt_u64 least = had + victims_bytes(i, &swap) / 2 + swap;

	if (want < least)
		want = least;
	return (want + 64 * MIB - 1) / (64 * MIB) * (64 * MIB);
}

/* The other steps that held memory of the same level */
static const struct holder *neighbour(const struct incident *i)
{
	for (unsigned int n = 0; n < i->nholders; n++)
		if (i->holders[n].kind == HOLD_STEP && i->holders[n].step != i->step)
			return &i->holders[n];
	return NULL;
}

static void one_at_a_time(struct report *r, struct incident *i)
{
	const struct holder *h = neighbour(i);

	if (!h || !h->step)
		return;
	if (h->step->build && h->step->build != i->build)
		add_help(i, "one-at-a-time",
			 say(r, _("build one after the other: the other build held %s of the %s"),
			     say_bytes(r, h->bytes), say_bytes(r, i->limit.usage_bytes)),
			 NULL, h->bytes);
	else
		add_help(i, "serialize-stages",
			 say(r, _("let the stages wait for each other: %s held %s at the same time"),
			     say_step(r, h->step), say_bytes(r, h->bytes)),
			 NULL, h->bytes);
}

/* "make -j8" → where the 8 stands; NULL: none */
static const char *jobs_flag(const char *text, unsigned long *jobs)
{
	for (const char *p = text; p && (p = strstr(p, "-j")); p += 2) {
		char *end;

		if (p != text && p[-1] != ' ' && p[-1] != '\t')
			continue;
		*jobs = strtoul(p + 2 + (p[2] == ' '), &end, 10);
		if (*jobs > 1 && end != p + 2)
			return p;
	}
	return NULL;
}

static void fewer_jobs(struct report *r, struct incident *i)
{
	const struct holder *most = NULL;
	unsigned long jobs, fit;

	for (unsigned int n = 0; n < i->ninside; n++)
		if (i->inside[n].count > 1 && (!most || i->inside[n].bytes > most->bytes))
			most = &i->inside[n];
	if (!most || !i->step || !i->step->instr || !jobs_flag(i->step->instr->text, &jobs))
		return;
	fit = most->count * 2 / 3;
	if (!fit)
		fit = 1;
	if (fit >= jobs)
		return;
	add_help(i, "lower-jobs",
		 say(r, _("use -j%lu instead of -j%lu at line %u: %u x %s held %s"), fit, jobs,
		     i->step->instr->line, most->count, most->name, say_bytes(r, most->bytes)),
		 NULL, 0);
}

static bool plain_path(const char *p)
{
	return p && strspn(p, "/abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:@-") == strlen(p);
}

static void raise_limit(const struct model *m, struct report *r, struct incident *i)
{
	zt_u64 want = try_bytes(i);
	const char *amount = say_bytes(r, want), *command = NULL;
	bool v1 = m->start.cgroup_version == 1;

	if (!strcmp(i->limit.owner, "step") && i->step && i->step->builder == BUILDER_DOCKER_LEGACY) {
		add_help(i, "raise-limit", say(r, _("raise the step's limit to at least %s (the true need is not known)"),
					       amount),
			 say(r, "docker build -m %llum --memory-swap %llum …",
			     (unsigned long long)(want / MIB), (unsigned long long)(want / MIB)),
			 want);
		return;
	}
	if (plain_path(i->limit.path))
		command = say(r, "echo %llu | sudo tee /sys/fs/cgroup%s%s/%s", (unsigned long long)want,
			      v1 ? "/memory" : "", i->limit.path, i->limit.file);
	add_help(i, "raise-limit",
		 say(r, _("raise that limit to at least %s (the true need is not known)"),
		     amount),
		 command, want);
}

/* memory.max was hit with swap to spare on the host, because the cgroup may have none of it, or no more. */
static void allow_swap(const struct model *m, struct report *r, const struct kill *k, struct incident *i)
{
	const struct kill_level *l = level_of(k->walk, i->limit.cgroup);
	const struct zt_ev_host *h = k->host.h.kind ? &k->host : &m->host;
	const char *command = NULL;

	if (!l || m->start.cgroup_version != 2 || l->mem.swap_limit_bytes == ZT_NO_LIMIT || !h->swap_free_bytes ||
	    l->mem.swap_usage_bytes + SWAP_FULL < l->mem.swap_limit_bytes)
		return;
	if (plain_path(i->limit.path))
		command = say(r, "echo max | sudo tee /sys/fs/cgroup%s/memory.swap.max", i->limit.path);
	add_help(i, "allow-swap", l->mem.swap_limit_bytes ?
		 say(r, _("or allow it more swap than %s: the host has %s free"),
		     say_bytes(r, l->mem.swap_limit_bytes), say_bytes(r, h->swap_free_bytes)) :
		 say(r, _("or allow it swap: the host has %s free"), say_bytes(r, h->swap_free_bytes)),
		 command, h->swap_free_bytes);
}

static void more_nodes(const struct model *m, struct report *r, const struct kill *k, struct incident *i)
{
	const struct cgroup *cg = model_cgroup(m, k->ev.victim_cgroup);
	/* a step's own goes with it, and has what the one above has */
	const char *path = cg ? model_cgroup_path(m, cg->step && cg->parent ? cg->parent : cg->id) : NULL;

	if (i->limit.kind == LIMIT_MEMPOLICY) {
		add_help(i, "more-nodes", _("let it use more memory nodes: drop numactl --membind, or use --preferred"),
			 "numactl --hardware", 0);
		return;
	}
	add_help(i, "more-nodes", _("let it use more memory nodes: widen cpuset.mems of its cgroup or of one above"),
		 m->start.cgroup_version == 2 && plain_path(path) ?
			 say(r, "cat /sys/fs/cgroup%s/cpuset.mems.effective", path) : NULL, 0);
}

void advise_oom(const struct model *m, struct report *r, const struct kill *k, struct incident *i)
{
	if (i->decision.sysrq)
		return; /* nobody was short of memory */
	one_at_a_time(r, i);
	fewer_jobs(r, i);
	if (i->limit.kind == LIMIT_CGROUP) {
		raise_limit(m, r, i);
		allow_swap(m, r, k, i);
	}
	if (i->limit.kind == LIMIT_CPUSET || i->limit.kind == LIMIT_MEMPOLICY)
		more_nodes(m, r, k, i);
	if (i->limit.kind == LIMIT_HOST)
		add_help(i, "add-swap", _("add swap: the build gets slower instead of being killed"),
			 "sudo fallocate -l 2G /swapfile && sudo chmod 600 /swapfile && "
			 "sudo mkswap /swapfile && sudo swapon /swapfile", (zt_u64)2 << 30);
}

void advise_signal(struct report *r, struct incident *i)
{
	if (!strcmp(i->code, "ZT2003"))
		add_help(i, "find-exit", i->step && i->step->instr ?
			 say(r, _("look for `exit 137`, or a program that returns 137, at line %u"),
			     i->step->instr->line) :
			 _("look for `exit 137`, or a program that returns 137, in the command"), NULL, 0);
	else if (i->killer.comm && !strcmp(i->killer.comm, "timeout") && i->step && i->step->pressure_ns >= STALL_NS)
		add_help(i, "raise-memory", say(r, _("give it more memory (or time): it waited %s for memory"),
						say_duration(r, i->step->pressure_ns)), NULL, 0);
	else if (i->killer.comm && !strcmp(i->killer.comm, "timeout"))
		add_help(i, "raise-timeout", _("raise the time limit, or find out what became slow"), NULL, 0);
}

/* BuildKit takes docker build -m for granted and does nothing with it. */
static void note_memory_flag(struct report *r, const struct unit *u, struct incident *i)
{
	const struct build *b = u->build;

	if (b && b->memory_flag && u->step && u->step->builder == BUILDER_BUILDKIT)
		add_note(i, say(r, _("docker build -m %.20s has no effect here: BuildKit ignores it"),
				b->memory_flag));
}

static void note_dockerfile(struct report *r, const struct unit *u, struct incident *i)
{
	const struct build *b = u->build;

	if (!b || !u->step || u->step->instr || u->step->container)
		return;
	switch (b->file_seen ? b->file_status : ZT_FILE_GONE) {
	case ZT_FILE_STDIN:
		add_note(i, _("the Dockerfile came over a pipe, so the step has no line number here"));
		break;
	case ZT_FILE_REMOTE:
		add_note(i, _("the Dockerfile is remote, so the step has no line number here"));
		break;
	case ZT_FILE_OK:
		add_note(i, b->parse_error ? say(r, _("the Dockerfile could not be read: %.100s"), b->parse_error) :
			 _("no RUN in the Dockerfile has this step's text; the file may have changed"));
		break;
	case ZT_FILE_ERRNO:
		add_note(i, say(r, _("the Dockerfile could not be read: %s"), strerror(b->file_error)));
		break;
	default:
		add_note(i, _("the Dockerfile was gone before it could be read"));
	}
}

static void note_tie(struct report *r, const struct unit *u, struct incident *i)
{
	const struct step *s = u->step;

	if (s && s->instr && s->candidates > 1)
		add_note(i, say(r, _("%u instructions have this same text; it may have been another of them"),
				s->candidates));
}

void note_context(const struct model *m, struct report *r, const struct unit *u, struct incident *i)
{
	(void)m;
	note_tie(r, u, i);
	note_dockerfile(r, u, i);
	note_memory_flag(r, u, i);
}
