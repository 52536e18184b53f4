/* SPDX-License-Identifier: GPL-2.0 */
#include "source/scope.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source/evbuf.h"
#include "source/readfile.h"

/* /proc answers for a thread as well; events speak of processes. */
static zt_u64 tgid_of(const struct procfs *p, unsigned long pid)
{
	char path[32], text[4096];
	zt_u64 tgid = 0;

	snprintf(path, sizeof(path), "%lu/status", pid);
	if (readfile_at(p->dir, path, text, sizeof(text)) > 0)
		readfile_find_u64(text, "Tgid:", &tgid);
	return tgid;
}

int scope_pid(const struct procfs *p, const char *text, struct scope_part *ret)
{
	struct procfs_stat st;
	unsigned long pid;
	char *end;

	errno = 0;
	pid = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno)
		return -EINVAL;
	if (!pid || pid > INT_MAX || procfs_stat(p, (zt_u32)pid, &st) < 0 || st.kthread || st.dead ||
	    tgid_of(p, pid) != pid)
		return -ESRCH;
	ret->who = st.id;
	return 0;
}

/* "/sys/fs/cgroup/memory/docker/x", "/docker/x" and "docker/x" are the same one. */
static bool from_root(const struct cgroupfs *c, const char *text, char *path, size_t size)
{
	size_t mount = strlen(c->mount);
	const char *root = "";
	int n;

	if (!strncmp(text, c->mount, mount) && (!text[mount] || text[mount] == '/')) {
		text += mount;
		root = c->root;
	}
	text += strspn(text, "/");
	n = snprintf(path, size, "%s/%s", root, text);
	if (n < 0 || (size_t)n >= size)
		return false;
	while (n > 1 && path[n - 1] == '/')
		path[--n] = 0;
	return true;
}

int scope_cgroup(struct cgroupfs *c, const char *text, struct scope_part *ret)
{
	struct zt_memcg mem;
	int err;

	if (!c->version || !*text || !from_root(c, text, ret->path, sizeof(ret->path)))
		return -ENOENT;
	err = cgroupfs_memcg(c, ret->path, &mem);
	if (err)
		return err == -ENOTDIR ? -ENOENT : err;
	if (cgroupfs_id(c, ret->path) != mem.id)
		return -ENOTSUP;
	ret->cgroup = mem.id;
	return 0;
}

int scope_tell(const struct scope_part *s, sink_fn sink, void *ctx)
{
	struct {
		struct zt_ev_scope ev;
		char tail[1024];
	} e = { 0 };
	int n = snprintf(e.tail, sizeof(e.tail), "%s%c%s", s->kind, 0, s->name);

	if (n < 0 || (size_t)n >= sizeof(e.tail))
		n = sizeof(e.tail) - 1;
	e.ev.h = (struct zt_ev){ .size = (zt_u32)(sizeof(e.ev) + (size_t)n + 1), .fixed = sizeof(e.ev), .kind = ZT_scope,
				 .who = s->who, .cgroup = s->cgroup, .ts_ns = evbuf_clock_ns(CLOCK_BOOTTIME) };
	return sink(ctx, &e.ev.h);
}

bool scope_gone(const struct scope_part *s, const struct procfs *p, const struct cgroupfs *c)
{
	struct procfs_stat st;
	struct zt_memcg mem;

	if (s->who.tgid)
		return procfs_stat(p, s->who.tgid, &st) < 0 || st.dead || st.id.start_ns != s->who.start_ns;
	return s->cgroup && (cgroupfs_memcg(c, s->path, &mem) < 0 || mem.id != s->cgroup);
}
