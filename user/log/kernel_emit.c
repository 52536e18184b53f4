/* SPDX-License-Identifier: GPL-2.0 */
/* A report's victim as the events that a live trace would have had: kill, levels, tasks, the host's memory. */
#include "log/kernel.h"

static uint64_t hash_path(const char *s, size_t len)
{
	uint64_t h = 0xcbf29ce484222325ull;

	while (len--)
		h = (h ^ (unsigned char)*s++) * 0x100000001b3ull;
	return h | 1ull << 63; /* no kernfs id is that large */
}

/* Length of the path of the level above; 0: that is the root, which has no name */
static size_t parent_len(const char *path, size_t len)
{
	while (len && path[len - 1] != '/')
		len--;
	return len ? len - 1 : 0;
}

static size_t path_len(const char *path)
{
	size_t n = strlen(path);

	return n == 1 && *path == '/' ? 0 : n;
}

static uint64_t cgroup_id(const char *path)
{
	return *path ? hash_path(path, path_len(path)) : 0;
}

static uint64_t told(uint64_t v)
{
	return v == UNSET ? 0 : v;
}

static const struct kernel_task *row_of(const struct kernel_report *r, uint32_t pid)
{
	for (unsigned int i = 0; i < r->ntasks; i++)
		if (r->tasks[i].pid == pid)
			return &r->tasks[i];
	return NULL;
}

/*
 * The victim's own line is in kB, the table in pages: together they tell how large a page is, also when some were mapped in
 * between. Else some kernels' names do: those of x86, which has but one size, and of those with large ones. 0: not told
 */
static uint32_t page_size(const struct log_kernel *k, const struct kernel_report *r, const struct kernel_victim *v)
{
	static const uint32_t sizes[] = { 4096, 16384, 65536 };
	const struct kernel_task *t = row_of(r, v->pid);

	for (size_t i = 0; t && t->total_vm && i < sizeof(sizes) / sizeof(sizes[0]); i++)
		if (v->total_vm > t->total_vm * sizes[i] / 2 && v->total_vm < t->total_vm * sizes[i] * 2)
			return sizes[i];
	if (strstr(k->release, "64k"))
		return 65536;
	return strstr(k->release, "amd64") || strstr(k->release, "x86_64") ? 4096 : 0;
}

static struct zt_rss rss_of(const struct log_kernel *k, const struct kernel_task *t)
{
	uint64_t page = k->page_bytes;
	bool split = t->anon != UNSET;

	return (struct zt_rss){ .anon_bytes = (split ? t->anon : told(t->rss)) * page,
				.file_bytes = split ? told(t->file) * page : 0,
				.shmem_bytes = split ? told(t->shmem) * page : 0,
				.swap_bytes = t->swap * page, .pgtable_bytes = t->pgtables_bytes };
}

static void emit_start_again(struct log_kernel *k)
{
	struct zt_ev_start *s = emit_start(k->e, ZT_start, sizeof(*s), 1);

	s->realtime_ns = 1; /* the time of these events is that of day */
	s->cgroup_version = (zt_u32)k->version;
	s->page_bytes = k->page_bytes;
	emit_done(k->e);
	if (k->release[0] && !k->release_told) {
		emit_start(k->e, ZT_fact, sizeof(struct zt_ev_fact), 0);
		emit_str(k->e, "kernel.release");
		emit_str(k->e, k->release);
		emit_done(k->e);
		k->release_told = true;
	}
}

static void emit_kill(struct log_kernel *k, const struct kernel_report *r, const struct kernel_victim *v, uint64_t ts_ns)
{
	const struct kernel_task *t = row_of(r, v->pid);
	struct zt_ev_kill *e = emit_start(k->e, ZT_kill, sizeof(*e), ts_ns);

	e->h.who.tgid = e->h.who.tid = r->trigger_pid;
	e->seq = k->seq;
	e->victim.tgid = e->victim.tid = v->pid;
	e->victim_cgroup = cgroup_id(r->victim_path);
	e->domain = r->constraint == ZT_CONSTRAINT_MEMCG ? cgroup_id(r->domain) : 0;
	if (v->total_vm)
		e->rss = (struct zt_rss){ .anon_bytes = v->anon, .file_bytes = v->file, .shmem_bytes = v->shmem };
	else if (t)
		e->rss = rss_of(k, t);
	e->rss.swap_bytes = t ? t->swap * k->page_bytes : 0;
	e->rss.pgtable_bytes = v->pgtables ? v->pgtables : t ? t->pgtables_bytes : 0;
	e->total_vm_bytes = v->total_vm;
	e->uid = v->uid ? v->uid : r->victim_pid == v->pid ? r->victim_uid : t ? t->uid : 0;
	e->oom_score_adj = v->adj_told ? v->adj : t ? t->adj : 0;
	memcpy(e->comm, r->trigger, sizeof(e->comm));
	memcpy(e->victim_comm, v->comm, sizeof(e->victim_comm));
	e->decision = r->decision;
	e->chosen.tgid = e->chosen.tid = r->chosen_pid ? r->chosen_pid : r->victim_pid ? r->victim_pid : v->pid;
	e->gfp = r->gfp;
	e->order = r->order;
	e->constraint = r->constraint;
	e->candidates = r->ntasks;
	if (r->constraint)
		e->h.flags |= ZT_F_KILL_DECIDED;
	if (r->constraint && r->constraint != ZT_CONSTRAINT_MEMCG)
		e->h.flags |= ZT_F_KILL_HOST;
	if (r->group)
		e->h.flags |= ZT_F_KILL_GROUP;
	emit_done(k->e);
}

static void emit_host(struct log_kernel *k, const struct kernel_host *h, uint64_t ts_ns)
{
	struct zt_ev_host *e;
	uint64_t page = k->page_bytes;

	if (!h->told || !h->ram)
		return;
	e = emit_start(k->e, ZT_host, sizeof(*e), ts_ns);
	e->h.flags |= ZT_F_HOST_AT_KILL | ZT_F_HOST_KERNEL;
	e->total_bytes = (h->ram - (h->reserved < h->ram ? h->reserved : 0)) * page;
	e->free_bytes = h->free * page;
	e->swap_total_bytes = h->swap_total;
	e->swap_free_bytes = h->swap_free;
	e->shmem_bytes = h->shmem * page;
	e->cached_bytes = (h->cached ? h->cached : h->file + h->shmem) * page;
	e->slab_bytes = h->slab * page;
	e->anon_bytes = h->anon * page;
	e->pagetable_bytes = h->pagetables * page;
	e->kernel_stack_bytes = h->stack;
	emit_done(k->e);
}

static void fill_level(const struct log_kernel *k, const struct kernel_report *r, struct zt_memcg *m)
{
	m->usage_bytes = told(r->memory.usage);
	m->limit_bytes = told(r->memory.limit);
	m->swap_usage_bytes = told(k->version == 1 ? r->memsw.usage : r->swap.usage);
	m->swap_limit_bytes = k->version == 1 ? r->memsw.limit : r->swap.limit;
	if (m->swap_limit_bytes == UNSET)
		m->swap_limit_bytes = ZT_NO_LIMIT;
	if (k->version == 1)
		m->flags |= ZT_F_MEMCG_SWAP_INCLUSIVE;
	if (!r->stats)
		return;
	m->flags |= ZT_F_MEMCG_STATS;
	m->anon_bytes = r->anon;
	m->file_bytes = r->file;
	m->shmem_bytes = r->shmem;
	m->kernel_bytes = r->kernel;
	m->slab_bytes = r->slab;
	m->sock_bytes = r->sock;
}

/* From the victim's own level, or the domain where that is not told, up to the root */
static unsigned int emit_levels(struct log_kernel *k, const struct kernel_report *r, uint64_t ts_ns)
{
	bool memcg = r->constraint == ZT_CONSTRAINT_MEMCG;
	const char *leaf = r->victim_path[0] ? r->victim_path : memcg ? r->domain : "";
	size_t len = path_len(leaf), domain_len = path_len(r->domain);
	unsigned int depth = 0;

	if (!*leaf)
		return 0;
	for (;; len = parent_len(leaf, len)) {
		struct zt_ev_level *e = emit_start(k->e, ZT_level, sizeof(*e), ts_ns);
		size_t up = parent_len(leaf, len);

		e->h.flags |= ZT_F_LEVEL_CHAIN;
		e->seq = k->seq;
		e->depth = depth++;
		e->mem.id = hash_path(leaf, len);
		e->mem.parent = len ? hash_path(leaf, up) : 0;
		if (memcg && r->domain[0] && len == domain_len && !strncmp(leaf, r->domain, len)) {
			e->h.flags |= ZT_F_LEVEL_DOMAIN;
			fill_level(k, r, &e->mem);
		}
		emit_strn(k->e, len ? leaf + up + 1 : "", len ? len - up - 1 : 0);
		emit_done(k->e);
		if (!len || depth > 32)
			return depth;
	}
}

static void emit_tasks(struct log_kernel *k, const struct kernel_report *r, uint64_t ts_ns)
{
	for (unsigned int i = 0; i < r->ntasks; i++) {
		const struct kernel_task *t = &r->tasks[i];
		struct zt_ev_task *e = emit_start(k->e, ZT_task, sizeof(*e), ts_ns);

		e->h.who.tgid = e->h.who.tid = t->pid;
		e->h.cgroup = r->constraint == ZT_CONSTRAINT_MEMCG ? cgroup_id(r->domain) : 0;
		e->seq = k->seq;
		e->rss = rss_of(k, t);
		e->oom_score_adj = t->adj;
		memcpy(e->comm, t->comm, sizeof(e->comm));
		emit_done(k->e);
	}
}

void kernel_emit(struct log_kernel *k, struct kernel_report *r, const struct kernel_victim *v)
{
	uint64_t ts_ns = r->wall_ns ? r->wall_ns : r->boot_ns;
	struct zt_ev_kill_end *end;
	bool walk = !r->killed;
	uint32_t page = page_size(k, r, v);

	k->page_bytes = page ? page : k->page_bytes;
	k->page_told |= page != 0;
	k->kills++;
	k->seq++;
	if (walk)
		emit_start_again(k);
	emit_kill(k, r, v, ts_ns);
	if (!walk)
		return;
	emit_host(k, &r->host, ts_ns);
	emit_levels(k, r, ts_ns);
	emit_tasks(k, r, ts_ns);
	end = emit_start(k->e, ZT_kill_end, sizeof(*end), ts_ns);
	end->seq = k->seq;
	end->tasks = r->ntasks;
	end->h.flags |= (r->cut ? ZT_F_KILL_END_CUT : 0) | (r->ntasks && !k->page_told ? ZT_F_KILL_END_PAGES : 0);
	emit_done(k->e);
}
