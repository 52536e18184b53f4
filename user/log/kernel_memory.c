/* SPDX-License-Identifier: GPL-2.0 */
/* What a report says of memory: the level's counters and statistics (both cgroup versions), and the host's Mem-Info. */
#include <ctype.h>
#include <stdlib.h>

#include "log/kernel.h"

/* PAGE_COUNTER_MAX in kB, of any page size: 2^63 and 2^44 pages before */
#define NO_LIMIT_KB 9007199254000000ull

static uint64_t kb(const char *s)
{
	uint64_t v = strtoull(s, NULL, 10);

	return v >= NO_LIMIT_KB ? ZT_NO_LIMIT : v * 1024;
}

/* "memory: usage 524288kB, limit 524288kB, failcnt 123" */
static bool counter(const char *s, const char *name, struct kernel_counter *c)
{
	const char *p, *limit;

	if (!begins(s, name, &p) || !begins(p, ": usage ", &p))
		return false;
	limit = strstr(p, "limit ");
	c->usage = kb(p);
	c->limit = limit ? kb(limit + 6) : UNSET;
	return true;
}

/* " name:123KB" of one line, the value in KB */
static uint64_t inline_stat(const char *s, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = s; (p = strstr(p, name)); p += n)
		if ((p == s || p[-1] == ' ') && p[n] == ':')
			return strtoull(p + n + 1, NULL, 10) * 1024;
	return 0;
}

/* Of cgroup v1 before 5.2, one line each level below, the domain itself first. */
static void old_stats(struct kernel_report *r, const char *s)
{
	uint64_t cache = inline_stat(s, "cache");

	r->stats = true;
	r->anon = inline_stat(s, "rss");
	r->shmem = inline_stat(s, "shmem");
	r->file = cache;
}

static bool stats_head(struct kernel_report *r, const char *s)
{
	const char *path, *colon;

	if (!begins(s, "Memory cgroup stats for ", &path) && !begins(s, "Memory cgroup stats", &path))
		return false;
	colon = strstr(path, ": cache:");
	if (colon && !r->stats)
		old_stats(r, colon + 2);
	r->in_stats = !colon;
	return true;
}

static const struct stat {
	const char *name;
	size_t at;
} stats[] = {
	{ "anon ", offsetof(struct kernel_report, anon) },
	{ "file ", offsetof(struct kernel_report, file) },
	{ "shmem ", offsetof(struct kernel_report, shmem) },
	{ "kernel ", offsetof(struct kernel_report, kernel) },
	{ "slab ", offsetof(struct kernel_report, slab) },
	{ "sock ", offsetof(struct kernel_report, sock) },
	/* cgroup v1 from 5.2 to 6.x prints memory.stat of v1 */
	{ "rss ", offsetof(struct kernel_report, anon) },
	{ "cache ", offsetof(struct kernel_report, file) },
	/* … and then with all below it */
	{ "total_rss ", offsetof(struct kernel_report, anon) },
	{ "total_cache ", offsetof(struct kernel_report, file) },
	{ "total_shmem ", offsetof(struct kernel_report, shmem) },
};

/* "anon 536870912", a line each */
static bool stat_line(struct kernel_report *r, const char *s)
{
	const char *p;

	if (!r->in_stats)
		return false;
	s += strspn(s, " ");
	for (size_t i = 0; i < sizeof(stats) / sizeof(stats[0]); i++)
		if (begins(s, stats[i].name, &p) && isdigit((unsigned char)*p)) {
			*(uint64_t *)((char *)r + stats[i].at) = strtoull(p, NULL, 10);
			r->stats = true;
			return true;
		}
	for (p = s; islower((unsigned char)*p) || *p == '_' || isdigit((unsigned char)*p); p++)
		;
	if (p > s && *p == ' ' && isdigit((unsigned char)p[1]))
		return true;
	r->in_stats = false;
	return false;
}

/* " name:123" in pages: no unit behind it */
static void pages(const char *s, const char *name, uint64_t *ret)
{
	size_t n = strlen(name);
	char *end;
	uint64_t v;

	for (const char *p = s; (p = strstr(p, name)); p += n) {
		if ((p != s && p[-1] != ' ') || p[n] != ':')
			continue;
		v = strtoull(p + n + 1, &end, 10);
		if (end > p + n + 1 && (!*end || *end == ' '))
			*ret += v;
	}
}

static void node_line(struct kernel_host *h, const char *s)
{
	const char *p = strstr(s, "kernel_stack:");

	if (p)
		h->stack += strtoull(p + 13, NULL, 10) * 1024;
}

static bool host_line(struct kernel_host *h, const char *s)
{
	const char *p;
	char *end;
	uint64_t v;

	if (begins(s, "Mem-Info:", NULL)) {
		*h = (struct kernel_host){ .told = true };
		return true;
	}
	if (!h->told)
		return false;
	if (begins(s, "Node ", NULL)) {
		node_line(h, s);
		return true;
	}
	p = s + strspn(s, " ");
	if (begins(p, "Free swap ", &p) || begins(p, "Total swap ", &p)) {
		bool total = s[strspn(s, " ")] == 'T';

		p += strspn(p, " =");
		*(total ? &h->swap_total : &h->swap_free) = strtoull(p, NULL, 10) * 1024;
		return true;
	}
	if (begins(p, "active_anon:", NULL) || begins(p, "active_file:", NULL) || begins(p, "unevictable:", NULL) ||
	    begins(p, "slab_reclaimable:", NULL) || begins(p, "mapped:", NULL) || begins(p, "free:", NULL) ||
	    begins(p, "kernel_misc_reclaimable:", NULL)) {
		pages(p, "active_anon", &h->anon);
		pages(p, "inactive_anon", &h->anon);
		pages(p, "active_file", &h->file);
		pages(p, "inactive_file", &h->file);
		pages(p, "slab_reclaimable", &h->slab);
		pages(p, "slab_unreclaimable", &h->slab);
		pages(p, "shmem", &h->shmem);
		pages(p, "pagetables", &h->pagetables);
		pages(p, "free", &h->free);
		return true;
	}
	v = strtoull(p, &end, 10);
	if (end == p)
		return false;
	if (begins(end, " total pagecache pages", NULL))
		h->cached = v;
	else if (begins(end, " pages RAM", NULL))
		h->ram = v;
	else if (begins(end, " pages reserved", NULL))
		h->reserved = v;
	else
		return begins(end, " pages ", NULL);
	return true;
}

bool kernel_memory(struct kernel_report *r, const char *s, int *version)
{
	struct kernel_counter kmem;

	if (counter(s, "memory", &r->memory))
		return true;
	if (counter(s, "memory+swap", &r->memsw)) {
		*version = 1;
		return true;
	}
	if (counter(s, "swap", &r->swap)) {
		*version = 2;
		return true;
	}
	return counter(s, "kmem", &kmem) || stats_head(r, s) || stat_line(r, s) || host_line(&r->host, s);
}
