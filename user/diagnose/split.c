/* SPDX-License-Identifier: GPL-2.0 */
/* What the memory of the level that was hit consisted of: anonymous, files, tmpfs, the kernel's own. */
#include "diagnose/internal.h"

/* Statistics that miss more than a quarter of the use are stale (they are summed up lazily): then they say nothing. */
static bool adds_up(const struct zt_ev_memstat *s, zt_u64 usage_bytes)
{
	zt_u64 kernel = s->kernel_bytes > s->slab_bytes ? s->kernel_bytes : s->slab_bytes;
	zt_u64 sum = s->anon_bytes + s->file_bytes + s->shmem_bytes + kernel + s->sock_bytes;
	zt_u64 off = sum > usage_bytes ? sum - usage_bytes : usage_bytes - sum;

	return off <= usage_bytes / 4;
}

static bool of_level(const struct zt_memcg *c, struct zt_ev_memstat *s)
{
	if (!(c->flags & ZT_F_MEMCG_STATS))
		return false;
	*s = (struct zt_ev_memstat){
		.anon_bytes = c->anon_bytes,
		.file_bytes = c->file_bytes > c->shmem_bytes ? c->file_bytes - c->shmem_bytes : 0,
		.shmem_bytes = c->shmem_bytes,
		.kernel_bytes = c->kernel_bytes,
		.slab_bytes = c->slab_bytes,
		.sock_bytes = c->sock_bytes,
	};
	return adds_up(s, c->usage_bytes);
}

void split_find(const struct kill *k, const struct kill_level *l, struct incident *i)
{
	struct split *s = &i->limit.split;

	if (of_level(&l->mem, &s->bytes)) {
		s->confidence = CONF_CONFIRMED;
		s->via = "counters";
		return;
	}
	if (k->memstat.h.kind && k->memstat.h.cgroup == l->mem.id && adds_up(&k->memstat, l->mem.usage_bytes)) {
		s->bytes = k->memstat;
		s->confidence = CONF_LIKELY;
		s->via = "memory.stat";
		return;
	}
	*s = (struct split){ 0 };
}

static bool has_row(const struct incident *i, enum holder_kind kind)
{
	for (unsigned int n = 0; n < i->nholders; n++)
		if (i->holders[n].kind == kind)
			return true;
	return false;
}

/* Worth a word: more than a tenth, and not told in a row of its own */
static bool matters(const struct incident *i, enum holder_kind kind, zt_u64 bytes, zt_u64 of_bytes)
{
	return bytes > of_bytes / 10 && bytes > (1u << 20) && !has_row(i, kind);
}

/* A step's number has its files in memory in it: those do not go with a process. */
void say_kinds(struct report *r, const struct kill *k, struct incident *i)
{
	const struct zt_ev_host *h = i->limit.kind == LIMIT_HOST ? host_of_kill(k) : NULL;
	const struct zt_ev_memstat *s = &i->limit.split.bytes;
	zt_u64 all = h ? h->total_bytes : i->limit.usage_bytes, shmem = h ? h->shmem_bytes : s->shmem_bytes;

	if (i->decision.sysrq || (!h && (i->limit.kind != LIMIT_CGROUP || i->limit.split.confidence == CONF_UNKNOWN)))
		return;
	if (matters(i, HOLD_TMPFS, shmem, all))
		i->used_text = say(r, _("%s; %s in tmpfs or /dev/shm"), i->used_text, say_bytes(r, shmem));
	if (h)
		return; /* of these the step's own are not known to be the cause */
	if (matters(i, HOLD_PAGE_CACHE, s->file_bytes, all))
		i->used_text = say(r, _("%s; %s page cache"), i->used_text, say_bytes(r, s->file_bytes));
	if (matters(i, HOLD_KERNEL, s->kernel_bytes, all))
		i->used_text = say(r, _("%s; %s kernel memory"), i->used_text, say_bytes(r, s->kernel_bytes));
}
