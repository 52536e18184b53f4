/* SPDX-License-Identifier: GPL-2.0 */
/* Raise the limit that was hit, at the place where it is set; or let the level use the host's swap. */
#include <stdlib.h>
#include <string.h>

#include "base/fmt.h"
#include "builder/cgpath.h"
#include "diagnose/advice.h"

#define SWAP_FULL (MIB / 2) /* swap counters lag like the others */
#define ID_SHOWN 12	    /* digits of a container's id */

typedef unsigned long long ull;

static bool plain_path(const char *p)
{
	return p && strspn(p, "/abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:@-") == strlen(p);
}

static bool ends(const char *s, const char *with)
{
	size_t n = strlen(s), w = strlen(with);

	return n > w && !strcmp(s + n - w, with);
}

/* The unit that a cgroup is, for systemctl; NULL: it is none, or systemd is not what runs here, or is a user's. */
static const char *unit_of(const struct model *m, const char *path)
{
	const char *init = model_fact(m, "init"), *name = strrchr(path, '/');

	if (!name || !plain_path(path) || (init && strcmp(init, "systemd")) || strstr(path, "/user@") ||
	    m->start.cgroup_version != 2)
		return NULL;
	return ends(++name, ".slice") || ends(name, ".scope") || ends(name, ".service") ? name : NULL;
}

/* Of docker's containers, builders among them, but not of what is below one. */
static const char *container_of_level(struct report *r, const char *path)
{
	struct cgpath p = cgpath_level(path);

	if (p.kind != CGPATH_DOCKER_CONTAINER && p.kind != CGPATH_BUILDX_BUILDER)
		return NULL;
	return p.id && p.id_len >= ID_SHOWN ? say(r, "%.*s", ID_SHOWN, p.id) : NULL;
}

static const char *mount_of(const struct model *m)
{
	const char *dir = model_fact(m, "cgroup.mount");

	return dir && plain_path(dir) ? dir : m->start.cgroup_version == 1 ? "/sys/fs/cgroup/memory" : "/sys/fs/cgroup";
}

/* New limits of both counters, as the level's own files take them. swap: alone on v2, both together on v1. */
struct limits {
	zt_u64 memory, swap; /* ZT_NO_LIMIT: none */
	bool swap_changes;
};

static struct limits new_limits(const struct advice *a, const struct kill_level *l, zt_u64 want)
{
	struct limits n = { .memory = want, .swap = l ? l->mem.swap_limit_bytes : ZT_NO_LIMIT };

	if (!l || !(l->mem.flags & ZT_F_MEMCG_SWAP_INCLUSIVE) || n.swap == ZT_NO_LIMIT)
		return n;
	if (a->i->limit.swap_inclusive && l->mem.id == a->i->limit.cgroup && l->mem.limit_bytes < want && l->mem.limit_bytes < l->mem.swap_limit_bytes) {
		/* of the two it was memory and swap together that was full: only that has to grow */
		n.memory = l->mem.limit_bytes;
		n.swap = want;
	} else if (n.swap < want) {
		n.swap = want;
	}
	n.swap_changes = n.swap != l->mem.swap_limit_bytes;
	return n;
}

static const char *by_file(const struct advice *a, const char *path, const struct limits *n)
{
	const char *dir = mount_of(a->m);
	const char *file = a->m->start.cgroup_version == 1 ? "memory.limit_in_bytes" : "memory.max";

	if (!plain_path(path))
		return NULL;
	if (!n->swap_changes)
		return say(a->r, "echo %llu | sudo tee %s%s/%s", (ull)n->memory, dir, path, file);
	if (n->memory != n->swap)
		return say(a->r, "echo %llu | sudo tee %s%s/memory.memsw.limit_in_bytes", (ull)n->swap, dir, path);
	/* the limit of both may never be less than that of memory; in a shell of its own, for the user stays where he is */
	return say(a->r, "(cd %s%s && echo %llu | sudo tee memory.memsw.limit_in_bytes memory.limit_in_bytes)", dir, path,
		   (ull)n->memory);
}

static const char *swap_word(struct report *r, const struct limits *n, unsigned int version)
{
	if (n->swap == ZT_NO_LIMIT)
		return "-1";
	return say(r, "%llum", (ull)((version == 1 ? n->swap : n->memory + n->swap) / MIB));
}

static const char *by_update(const struct advice *a, const char *id, const struct limits *n)
{
	return say(a->r, "sudo docker update --memory %llum --memory-swap %s %s", (ull)(n->memory / MIB),
		   swap_word(a->r, n, a->m->start.cgroup_version), id);
}

/* Puts a new value in place of an option's; -m X, -m=X, --memory X, --memory=X. Words changed. */
static unsigned int replace(struct report *r, const char **words, unsigned int n, const char *name, const char *value)
{
	size_t len = strlen(name);
	unsigned int changed = 0;

	for (unsigned int at = 1; at < n; at++) {
		if (!strcmp(words[at], name) && at + 1 < n) {
			words[++at] = value;
			changed++;
		} else if (!strncmp(words[at], name, len) && words[at][len] == '=') {
			words[at] = say(r, "%s=%s", name, value);
			changed++;
		}
	}
	return changed;
}

/* buildx: --resource memory=2g[,memory-swap=…]. Only the plain form is taken. */
static unsigned int replace_resource(struct report *r, const char **words, unsigned int n, zt_u64 want)
{
	const char *value = say(r, "memory=%llum", (ull)(want / MIB));
	unsigned int changed = 0;

	for (unsigned int at = 1; at < n; at++) {
		if (!strcmp(words[at], "--resource") && at + 1 < n && !strncmp(words[at + 1], "memory=", 7) &&
		    !strchr(words[at + 1], ',')) {
			words[++at] = value;
			changed++;
		} else if (!strncmp(words[at], "--resource=memory=", 18) && !strchr(words[at], ',')) {
			words[at] = say(r, "--resource=%s", value);
			changed++;
		}
	}
	return changed;
}

/* systemd-run: -p MemoryMax=1G, --property=MemoryMax=1G */
static unsigned int replace_property(struct report *r, const char **words, unsigned int n, zt_u64 want)
{
	static const char name[] = "MemoryMax=";
	unsigned int changed = 0;

	for (unsigned int at = 1; at < n; at++) {
		const char *p = strstr(words[at], name);

		if (!p || (p != words[at] && strncmp(words[at], "-p", 2) && strncmp(words[at], "--property=", 11)))
			continue;
		words[at] = say(r, "%.*s%s%llu", (int)(p - words[at]), words[at], name, (ull)want);
		changed++;
	}
	return changed;
}

/* What the words set to a limit, set to another; swap: --memory-swap's new value, NULL: as it is. NULL: they set none. */
static const char *with_option(const struct model *m, struct report *r, const char **words, unsigned int n, zt_u64 want,
			       const char *swap)
{
	const char *value = say(r, "%llum", (ull)(want / MIB)), *line;
	unsigned int changed = replace(r, words, n, "-m", value) + replace(r, words, n, "--memory", value);

	changed += replace_resource(r, words, n, want) + replace_property(r, words, n, want);
	if (!changed)
		return NULL;
	if (swap)
		replace(r, words, n, "--memory-swap", swap);
	line = quoted(r, words, n);
	return line ? arena_printf(&r->arena, "%s%s", shell_setting(m, line), line) : NULL;
}

/* A log knows its builder, and not the command line: where that one takes a limit for its steps. NULL: it takes none */
static const char *by_builder(const struct advice *a, zt_u64 want)
{
	ull mib = (ull)(want / MIB);

	switch (a->k->log && a->i->build ? a->i->build->builder : BUILDER_HOST) {
	case BUILDER_DOCKER_LEGACY:
		return say(a->r, "DOCKER_BUILDKIT=0 docker build -m %llum --memory-swap %llum .", mib, mib);
	case BUILDER_PODMAN:
		return say(a->r, "podman build --memory %llum --memory-swap %llum .", mib, mib);
	default:
		return NULL;
	}
}

/* The limit of a step, or of another cgroup that is gone, came from a command line: the same one again, with more. */
static bool by_option(const struct advice *a, zt_u64 want, struct help *h)
{
	const struct build *b = a->i->build;
	const char *words[COMMAND_WORDS];
	unsigned int n = traced_command(a->m, words);
	const struct limits lim = new_limits(a, level_of(a->k->walk, a->i->limit.cgroup), want);

	h->how = can_repeat(a) ? HELP_INSTEAD : HELP_WORDS;
	if (!n) {
		n = b && b->client && !a->m->child ? proc_words(b->client, words) : 0;
		h->how = HELP_WORDS; /* nobody knows where it was run */
	}
	if (n)
		h->command = with_option(a->m, a->r, words, n, lim.memory, lim.swap == ZT_NO_LIMIT ? NULL :
					 swap_word(a->r, &lim, a->m->start.cgroup_version));
	else if (!h->command)
		h->command = by_builder(a, lim.memory);
	return h->command;
}

static void say_raise(const struct advice *a, zt_u64 want, bool own, struct help *h)
{
	const char *amount = say_bytes(a->r, want), *had = say_bytes(a->r, a->need.bytes);

	switch (a->need.confidence == CONF_UNKNOWN ? NEED_USED : a->need.from) {
	case NEED_PAST:
		h->text = say(a->r, own ? _("raise the step's limit to %s: it took %s in an earlier run that passed") :
					  _("raise that limit to %s: it took %s in an earlier run that passed"), amount, had);
		return;
	case NEED_ASKED:
		h->text = say(a->r, own ? _("raise the step's limit to %s: its processes had asked for %s") :
					  _("raise that limit to %s: its processes had asked for %s"), amount, had);
		return;
	case NEED_JOBS:
		h->text = say(a->r, own ? _("raise the step's limit to %s: %u x %s take up to %s each") :
					  _("raise that limit to %s: %u x %s take up to %s each"), amount,
			      a->gang.count, a->gang.comm, say_bytes(a->r, a->gang.each_bytes));
		return;
	default:
		h->text = say(a->r, own ? _("raise the step's limit to at least %s (the true need is not known)") :
					  _("raise that limit to at least %s (the true need is not known)"), amount);
	}
}

/* Where a level's limit is set, most particular first. NULL: nowhere that a command could reach. */
static const char *by_level(const struct advice *a, const char *path, const struct kill_level *l, zt_u64 want)
{
	const char *id = container_of_level(a->r, path), *unit = unit_of(a->m, path);
	const struct limits n = new_limits(a, l, want);
	enum cgpath_kind kind = cgpath_level(path).kind;

	if (kind == CGPATH_POD || kind == CGPATH_POD_CONTAINER)
		return NULL;
	if (id)
		return by_update(a, id, &n);
	if (unit && !n.swap_changes)
		return say(a->r, "sudo systemctl set-property --runtime %s MemoryMax=%llu", unit, (ull)n.memory);
	return by_file(a, path, &n);
}

const char *raise_command(const struct model *m, struct report *r, const struct lifted *l, zt_u64 want)
{
	const struct incident none = { 0 };
	const struct advice a = { .m = m, .r = r, .i = &none };
	const struct cgroup *cg = model_cgroup(m, l->cgroup);
	struct kill_level level = { .mem = { .id = l->cgroup, .limit_bytes = l->was_bytes,
					     .swap_limit_bytes = ZT_NO_LIMIT } };

	if (cg && (cg->mem.flags & ZT_F_MEMCG_SWAP_INCLUSIVE)) {
		level.mem.flags = ZT_F_MEMCG_SWAP_INCLUSIVE;
		level.mem.swap_limit_bytes = l->was_swap_bytes;
	}
	if (cg && cg->removed_ns) {
		const char *words[COMMAND_WORDS];
		const struct limits n = new_limits(&a, &level, want);

		return with_option(m, r, words, traced_command(m, words), n.memory, n.swap == ZT_NO_LIMIT ? NULL :
				   swap_word(r, &n, m->start.cgroup_version));
	}
	return by_level(&a, l->path, &level, want);
}

/* Made for the build, or a container of it, and removed since: the next one has a limit of its own. */
static bool is_gone(const struct advice *a)
{
	const struct cgroup *cg = model_cgroup(a->m, a->i->limit.cgroup);

	return (a->i->step && !strcmp(a->i->limit.owner, "step")) || (cg && cg->removed_ns);
}

/*
 * Other limits above and below that would be the next to be hit: what was missing at the one is missing at them as well.
 * Commands put before the one for the limit itself. false: there is one that no command reaches.
 */
static bool with_others(const struct advice *a, zt_u64 want, struct help *h)
{
	const struct kill *w = a->k->walk;
	zt_u64 more = want > a->i->limit.usage_bytes ? want - a->i->limit.usage_bytes : 0;

	for (unsigned int n = 0; n < w->nlevels; n++) {
		const struct kill_level *l = &w->levels[n];
		const char *path = model_cgroup_path(a->m, l->mem.id), *one;

		if (!(l->flags & ZT_F_LEVEL_CHAIN) || l->mem.id == a->i->limit.cgroup ||
		    l->mem.limit_bytes == ZT_NO_LIMIT || (a->k->log && !l->mem.limit_bytes) || l->mem.limit_bytes >= l->mem.usage_bytes + more)
			continue;
		one = path && !(a->i->step && step_cgroup(a->i->step) == l->mem.id) ?
			      by_level(a, path, l, with_headroom(l->mem.usage_bytes + more)) : NULL;
		if (!one)
			return false;
		h->command = say(a->r, "%s && %s", one, h->command);
	}
	return true;
}

static void where(const struct advice *a, zt_u64 want, struct help *h)
{
	const char *path = a->i->limit.path;

	if (is_gone(a)) {
		if (!by_option(a, want, h))
			h->how = HELP_WORDS; /* its cgroup is gone with it */
		return;
	}
	h->command = by_level(a, path, level_of(a->k->walk, a->i->limit.cgroup), want);
	h->how = h->command ? HELP_RUN : HELP_WORDS;
	if (!h->command && !strncmp(cgpath_owner(path), "pod", 3))
		h->text = say(a->r, _("%s (resources.limits.memory of the pod's container)"), h->text);
	else if (h->command && !with_others(a, want, h))
		h->confidence = CONF_UNKNOWN;
}

bool advise_limit(const struct advice *a, struct help *h)
{
	zt_u64 want = with_headroom(a->need.bytes), room = host_room(a), least = a->i->limit.bytes + MIB;

	if (!a->i->limit.path)
		return false;
	want = want < least ? with_headroom(least) : want;
	h->id = "raise-limit";
	h->bytes = want;
	h->confidence = a->need.confidence;
	if (want > room) {
		/* more than the host has: the next OOM would be the host's */
		h->text = say(a->r, _("raising that limit to the %s it takes is no help: the host has %s for it"),
			      say_bytes(a->r, want), say_bytes(a->r, room));
		h->confidence = CONF_UNKNOWN;
		return a->need.confidence != CONF_UNKNOWN;
	}
	say_raise(a, want, a->i->step && !strcmp(a->i->limit.owner, "step"), h);
	where(a, want, h);
	return true;
}

/* memory.max was hit with swap to spare on the host, because the cgroup may have none of it, or no more. */
bool advise_cgroup_swap(const struct advice *a, struct help *h)
{
	const struct incident *i = a->i;
	const struct kill_level *l = level_of(a->k->walk, i->limit.cgroup);
	const struct zt_ev_host *host = a->k->host.h.kind ? &a->k->host : &a->m->host;
	zt_u64 more = a->need.bytes > i->limit.bytes ? a->need.bytes - i->limit.bytes : 0;
	const char *id, *unit;

	if (!l || !i->limit.path || a->m->start.cgroup_version != 2 || l->mem.swap_limit_bytes == ZT_NO_LIMIT ||
	    !host->swap_free_bytes || l->mem.swap_usage_bytes + SWAP_FULL < l->mem.swap_limit_bytes)
		return false;
	id = container_of_level(a->r, i->limit.path);
	unit = unit_of(a->m, i->limit.path);
	if (is_gone(a))
		return false;
	h->id = "allow-swap";
	h->bytes = host->swap_free_bytes;
	h->confidence = more && more + more / 10 <= host->swap_free_bytes ? a->need.confidence : CONF_UNKNOWN;
	h->text = l->mem.swap_limit_bytes ?
		  say(a->r, _("or allow it more swap than %s: the host has %s free"),
		      say_bytes(a->r, l->mem.swap_limit_bytes), say_bytes(a->r, host->swap_free_bytes)) :
		  say(a->r, _("or allow it swap: the host has %s free"), say_bytes(a->r, host->swap_free_bytes));
	if (id)
		h->command = say(a->r, "sudo docker update --memory-swap -1 %s", id);
	else if (unit)
		h->command = say(a->r, "sudo systemctl set-property --runtime %s MemorySwapMax=infinity", unit);
	else if (plain_path(i->limit.path))
		h->command = say(a->r, "echo max | sudo tee %s%s/memory.swap.max", mount_of(a->m), i->limit.path);
	h->how = h->command ? HELP_RUN : HELP_WORDS;
	return true;
}
