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
