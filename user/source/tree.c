/* SPDX-License-Identifier: GPL-2.0 */
#include "source/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "source/evbuf.h"
#include "source/readfile.h"

#define PERIOD_NS 250000000ull
#define SLACK_NS 20000000ull /* /proc knows start times to 10 ms */
#define COST 50		     /* a look takes at most one part in so many of a CPU's time */
#define DEPTH_MAX 64
#define MISSED_MAX 4

void tree_done(struct tree *t)
{
	struct tree_proc *p, *tmp;

	HASH_ITER(hh, t->procs, p, tmp)
		tree_forget(t, p);
}

struct tree_proc *tree_find(const struct tree *t, zt_u32 pid)
{
	struct tree_proc *p;

	HASH_FIND(hh, t->procs, &pid, sizeof(pid), p);
	return p;
}

void tree_forget(struct tree *t, struct tree_proc *p)
{
	HASH_DEL(t->procs, p);
	t->n--;
	free(p);
}

static bool same(const struct zt_id *a, const struct zt_id *b)
{
	zt_u64 x = a->start_ns, y = b->start_ns;

	return !x || !y || (x > y ? x - y : y - x) <= SLACK_NS;
}

struct tree_proc *tree_get(struct tree *t, const struct zt_id *id, zt_u32 ppid)
{
	struct tree_proc *p = tree_find(t, id->tgid);

	if (p && !same(&p->id, id)) {
		tree_forget(t, p);
		p = NULL;
	}
	if (p || t->n >= TREE_MAX || !id->tgid)
		return p;
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->id = *id;
	p->id.tid = id->tgid;
	p->ppid = ppid;
	HASH_ADD(hh, t->procs, id.tgid, sizeof(p->id.tgid), p);
	if (!p->hh.tbl) { /* uthash had no memory */
		free(p);
		return NULL;
	}
	t->n++;
	return p;
}

void tree_look_cgroup(struct tree *t, struct tree_proc *p)
{
	char name[32], text[4096], *path;

	snprintf(name, sizeof(name), "%u/cgroup", p->id.tgid);
	if (!t->cg->version || readfile_at(t->proc->dir, name, text, sizeof(text)) <= 0)
		return;
	path = cgroupfs_own_path(t->cg, text);
	if (!path)
		return;
	if (!strcmp(path, "/")) { /* one that is ending is said to be there, wherever it was */
		const struct tree_proc *parent = p->cgroup ? NULL : tree_find(t, p->ppid);

		if (parent)
			p->cgroup = parent->cgroup;
		if (p->cgroup)
			return;
	}
	p->cgroup = cgroupfs_id(t->cg, path);
	if (t->seen_cgroup)
		t->seen_cgroup(t->ctx, p->cgroup, path);
}

static void look_memory(struct tree *t, struct tree_proc *p)
{
	unsigned long long all, resident, shared;
	char name[32], text[256];
	zt_u64 page = (zt_u64)sysconf(_SC_PAGESIZE);

	snprintf(name, sizeof(name), "%u/statm", p->id.tgid);
	if (readfile_at(t->proc->dir, name, text, sizeof(text)) <= 0 ||
	    sscanf(text, "%llu %llu %llu", &all, &resident, &shared) != 3 || !resident)
		return; /* dying: what it held last is what tells */
	p->shared_bytes = shared * page;
	p->anon_bytes = resident > shared ? (resident - shared) * page : 0;
}

/* A program in another cgroup than its parent's may be a step's; anything else is told as one that was there already. */
static void tell(struct tree *t, const struct tree_proc *p, sink_fn sink, void *ctx)
{
	const struct tree_proc *parent = tree_find(t, p->ppid);
	bool moved = parent && p->cgroup && parent->cgroup && p->cgroup != parent->cgroup;
	union evbuf *b = &t->ev;

	if (p->id.start_ns < t->since_ns)
		return;
	if (moved) {
		if (procfs_exec(t->proc, p->id.tgid, b) < 0)
			return;
		b->h.flags |= ZT_F_EXEC_NEW_CGROUP;
		b->exec.parent = parent->id;
		b->exec.parent_cgroup = parent->cgroup;
	} else {
		evbuf_start(b, ZT_proc, sizeof(b->proc));
		b->h.flags = ZT_F_CLAIMED;
		b->proc.parent = parent ? parent->id : (struct zt_id){ .tgid = p->ppid, .tid = p->ppid };
		b->proc.oom_score_adj = p->oom_score_adj;
		memcpy(b->proc.comm, p->comm, sizeof(p->comm));
		b->proc.argv_bytes = procfs_argv(t->proc, p->id.tgid, b);
	}
	b->h.who = p->id;
	b->h.cgroup = p->cgroup;
	sink(ctx, &b->h);
}

static struct tree_proc *learn(struct tree *t, const struct procfs_stat *st, unsigned int depth, sink_fn sink, void *ctx)
{
	struct tree_proc *p = tree_find(t, st->id.tgid);
	struct procfs_stat up;

	if (p && same(&p->id, &st->id))
		return p;
	if (st->ppid != t->root && st->ppid > 1 && depth < DEPTH_MAX && !procfs_stat(t->proc, st->ppid, &up))
		learn(t, &up, depth + 1, sink, ctx);
	p = tree_get(t, &st->id, st->ppid);
	if (!p)
		return NULL;
	memcpy(p->comm, st->comm, sizeof(p->comm));
	tree_look_cgroup(t, p);
	tell(t, p, sink, ctx);
	return p;
}

struct tree_proc *tree_learn(struct tree *t, zt_u32 pid, sink_fn sink, void *ctx)
{
	struct procfs_stat st;

	if (pid <= 1 || pid == t->root || procfs_stat(t->proc, pid, &st) < 0)
		return NULL;
	return learn(t, &st, 0, sink, ctx);
}

/* What was not found again and told no end: nobody will tell of it any more. */
static void drop_missed(struct tree *t)
{
	struct tree_proc *p, *tmp;

	HASH_ITER(hh, t->procs, p, tmp)
		if (p->missed++ >= MISSED_MAX)
			tree_forget(t, p);
}

static int look_at(struct tree *t, zt_u32 pid, sink_fn sink, void *ctx)
{
	struct procfs_stat st;
	struct tree_proc *p;
	bool known, changed;
	zt_u64 cgroup;

	if (procfs_stat(t->proc, pid, &st) < 0 || st.kthread)
		return 0;
	p = tree_find(t, pid);
	known = p && same(&p->id, &st.id);
	if (!known && st.dead)
		return 0;
	p = known ? p : learn(t, &st, 0, sink, ctx);
	if (!p)
		return 0;
	p->missed = 0;
	if (st.dead)
		return 0;
	look_memory(t, p);
	if (!known)
		return 0;
	cgroup = p->cgroup;
	changed = memcmp(p->comm, st.comm, sizeof(p->comm)) != 0;
	memcpy(p->comm, st.comm, sizeof(p->comm));
	tree_look_cgroup(t, p);
	if ((changed || p->cgroup != cgroup) && !p->told_shim && !t->told_execs)
		tell(t, p, sink, ctx);
	return 0;
}

int tree_scan(struct tree *t, zt_u64 now_ns, sink_fn sink, void *ctx)
{
	DIR *d __closedir = NULL;
	struct dirent *e;
	int fd, err = 0;
	zt_u64 took = evbuf_clock_ns(CLOCK_THREAD_CPUTIME_ID);

	if (now_ns < t->next_ns)
		return 0;
	fd = openat(t->proc->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	d = fd < 0 ? NULL : fdopendir(fd);
	if (!d) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	while (!err && (e = readdir(d)))
		if (e->d_name[0] >= '1' && e->d_name[0] <= '9')
			err = look_at(t, (zt_u32)strtoul(e->d_name, NULL, 10), sink, ctx);
	drop_missed(t);
	took = evbuf_clock_ns(CLOCK_THREAD_CPUTIME_ID) - took;
	t->next_ns = now_ns + (took * COST > PERIOD_NS ? took * COST : PERIOD_NS);
	return err;
}
