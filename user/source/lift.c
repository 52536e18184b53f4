/* SPDX-License-Identifier: GPL-2.0 */
#include "source/lift.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "source/readfile.h"
#include "source/swapfile.h"

#define FILES_MAX (LIFT_LEVELS_MAX * 3)
#define MIB ((zt_u64)1 << 20)

/* --- the helper --- */

struct order {
	char path[1024]; /* of the cgroup, from the mount point; of the swap file */
	char file[40];	 /* "": swap */
	char value[24];
	zt_u64 bytes;
};

struct kept {
	char path[1024];
	char file[40];
	char was[24];
	char now[24]; /* as it reads after the write: the kernel rounds */
};

static int open_dir(int mount, const char *path)
{
	while (*path == '/')
		path++;
	return openat(mount, *path ? path : ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int read_value(int dir, const char *file, char *buf, size_t size)
{
	ssize_t n = readfile_at(dir, file, buf, size);

	if (n < 0)
		return (int)n;
	buf[strcspn(buf, "\n")] = 0;
	return 0;
}

static int write_value(int dir, const char *file, const char *value)
{
	int fd __close = openat(dir, file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return -errno;
	return write(fd, value, strlen(value)) < 0 ? -errno : 0;
}

static int obey(int mount, const struct order *o, struct kept *kept, unsigned int *n)
{
	int dir __close = open_dir(mount, o->path), err;
	struct kept *k = NULL;

	if (dir < 0)
		return -errno;
	for (unsigned int i = 0; i < *n; i++)
		if (!strcmp(kept[i].path, o->path) && !strcmp(kept[i].file, o->file))
			k = &kept[i];
	if (!k) {
		if (*n == FILES_MAX)
			return -ENOSPC;
		k = &kept[*n];
		memset(k, 0, sizeof(*k));
		strcpy(k->path, o->path);
		strcpy(k->file, o->file);
		err = read_value(dir, o->file, k->was, sizeof(k->was));
		if (err < 0)
			return err;
		(*n)++;
	}
	err = write_value(dir, o->file, o->value);
	if (!err)
		err = read_value(dir, o->file, k->now, sizeof(k->now));
	return err;
}

/*
 * In reverse, as v1 wants (memory before memory+swap). What somebody else has written meanwhile is theirs and stays;
 * a cgroup that has gone needs nothing.
 */
static int restore(int mount, const struct kept *kept, unsigned int n)
{
	int ret = 0;

	while (n--) {
		const struct kept *k = &kept[n];
		int dir __close = open_dir(mount, k->path), err;
		char now[24];

		if (dir < 0 || !k->now[0] || read_value(dir, k->file, now, sizeof(now)) < 0 || strcmp(now, k->now))
			continue;
		err = write_value(dir, k->file, k->was);
		/* v1 and a limit below what is still charged: the pages of a build that just ended go in a moment */
		for (int tries = 0; err == -EBUSY && tries < 50; tries++) {
			usleep(20000);
			err = write_value(dir, k->file, k->was);
		}
		if (err && err != -ENODEV) {
			dprintf(2, "ztrace: %s of %s could not be set back to %s: %s\n", k->file, k->path, k->was,
				strerror(-err));
			ret = err;
		}
	}
	return ret;
}

static int obey_swap(const struct order *o, char *swap, size_t len)
{
	int err;

	if (*swap || strlen(o->path) >= len)
		return -EEXIST;
	err = swapfile_on(o->path, o->bytes);
	if (!err)
		strcpy(swap, o->path);
	return err;
}

/* What is in it must fit into memory, and the build that filled it is about to end. */
static int restore_swap(const char *swap)
{
	int err = *swap ? swapfile_off(swap) : 0;

	for (int tries = 0; err == -ENOMEM && tries < 100; tries++) {
		usleep(100000);
		err = swapfile_off(swap);
	}
	if (err)
		dprintf(2, "ztrace: %s is still in use as swap: %s; swapoff and remove it\n", swap, strerror(-err));
	return err;
}

/* Never returns. Dies of nothing that ends ztrace: not of the terminal, not of its process group. */
static void __attribute__((noreturn)) helper(int fd, int mount)
{
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE };
	struct kept *kept = calloc(FILES_MAX, sizeof(*kept));
	char swap[sizeof(((struct order *)0)->path)] = "";
	unsigned int n = 0;
	struct order o;
	ssize_t len;
	int ret, left;

	setsid();
	prctl(PR_SET_NAME, "ztrace-limits");
	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
		signal(ignored[i], SIG_IGN);
	ret = kept ? 0 : -ENOMEM;
	if (write(fd, &ret, sizeof(ret)) != sizeof(ret))
		_exit(1);
	while (kept && (len = read(fd, &o, sizeof(o))) != 0) {
		if (len < 0 && errno == EINTR)
			continue;
		if (len != sizeof(o))
			break;
		o.path[sizeof(o.path) - 1] = o.file[sizeof(o.file) - 1] = o.value[sizeof(o.value) - 1] = 0;
		ret = *o.file ? obey(mount, &o, kept, &n) : obey_swap(&o, swap, sizeof(swap));
		if (write(fd, &ret, sizeof(ret)) != sizeof(ret))
			break;
	}
	left = kept ? restore(mount, kept, n) : 0;
	_exit(restore_swap(swap) || left ? 1 : 0);
}

/* --- ztrace's side --- */

int lift_start(struct lift *l, const struct cgroupfs *cg, zt_u64 total_bytes)
{
	int sv[2], err;

	memset(l, 0, sizeof(*l));
	l->fd = -1;
	l->cg = cg;
	l->reserve_bytes = total_bytes / 20 > 128 * MIB ? total_bytes / 20 : 128 * MIB;
	if (!cg->version)
		return -ENOSYS;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) < 0)
		return -errno;
	l->pid = fork();
	if (!l->pid) {
		close(sv[0]);
		helper(sv[1], cg->dir);
	}
	err = l->pid < 0 ? -errno : 0;
	close(sv[1]);
	if (!err && read(sv[0], &err, sizeof(err)) != sizeof(err))
		err = -EPIPE;
	if (err) {
		close(sv[0]);
		return err;
	}
	l->fd = sv[0];
	return 0;
}

static int send_order(struct lift *l, const struct order *o)
{
	int err;

	if (l->fd < 0 || send(l->fd, o, sizeof(*o), MSG_NOSIGNAL) != sizeof(*o) ||
	    read(l->fd, &err, sizeof(err)) != sizeof(err))
		return -EPIPE;
	return err;
}

static int tell(struct lift *l, const char *path, const char *file, const char *value)
{
	struct order o = { 0 };

	if (strlen(path) >= sizeof(o.path))
		return -ENAMETOOLONG;
	strcpy(o.path, path);
	snprintf(o.file, sizeof(o.file), "%s", file);
	snprintf(o.value, sizeof(o.value), "%s", value);
	return send_order(l, &o);
}

int lift_swap(struct lift *l, const char *path, zt_u64 bytes)
{
	struct order o = { .bytes = bytes };
	int err;

	if (strlen(path) >= sizeof(o.path))
		return -ENAMETOOLONG;
	strcpy(o.path, path);
	err = send_order(l, &o);
	if (!err)
		l->swap_bytes = bytes;
	return err;
}

static struct lift_level *level_at(struct lift *l, const char *path)
{
	for (unsigned int i = 0; i < l->n; i++)
		if (!strcmp(l->levels[i].use.path, path))
			return &l->levels[i];
	return NULL;
}

static int set_limits(struct lift *l, const char *path, const struct zt_memcg *m, zt_u64 want)
{
	char value[24];
	int err = 0, e;

	if (l->cg->version == 1) {
		/* memory+swap may not be less than memory */
		snprintf(value, sizeof(value), "%llu", (unsigned long long)(want + l->swap_bytes));
		if (m->swap_limit_bytes != ZT_NO_LIMIT && m->swap_limit_bytes < want + l->swap_bytes)
			err = tell(l, path, "memory.memsw.limit_in_bytes", value);
		snprintf(value, sizeof(value), "%llu", (unsigned long long)want);
		if (m->limit_bytes < want) {
			e = tell(l, path, "memory.limit_in_bytes", value);
			err = err ? err : e;
		}
		return err;
	}
	snprintf(value, sizeof(value), "%llu", (unsigned long long)want);
	if (m->limit_bytes < want)
		err = tell(l, path, "memory.max", value);
	if (l->swap_bytes && m->swap_limit_bytes != ZT_NO_LIMIT) {
		e = tell(l, path, "memory.swap.max", "max");
		err = err ? err : e;
	}
	if (m->high_bytes && m->high_bytes < want) {
		e = tell(l, path, "memory.high", "max");
		err = err ? err : e;
	}
	return err;
}

static void lift_one(struct lift *l, const char *path, zt_u64 available_bytes)
{
	struct lift_level *v = level_at(l, path);
	struct zt_memcg m;
	zt_u64 want, swap = ZT_NO_LIMIT;
	int err;

	if (cgroupfs_memcg(l->cg, path, &m) < 0)
		return;
	if (l->cg->version == 1)
		swap = m.swap_limit_bytes;
	want = m.usage_bytes + (available_bytes > l->reserve_bytes ? available_bytes - l->reserve_bytes : 0);
	if (m.limit_bytes >= want && swap >= want && (!m.high_bytes || m.high_bytes >= want))
		return;
	if (v && m.limit_bytes == v->set_bytes && swap >= v->set_bytes)
		return; /* as we left it; the host has got more since */
	if (!v && l->n == LIFT_LEVELS_MAX)
		return;
	err = set_limits(l, path, &m, want);
	if (err) {
		l->error = l->error ? l->error : err;
		l->refused++;
		return;
	}
	if (!v) {
		v = &l->levels[l->n++];
		snprintf(v->use.path, sizeof(v->use.path), "%s", path);
		v->use.cgroup = m.id;
		v->was_bytes = m.limit_bytes;
		v->was_swap_bytes = m.swap_limit_bytes;
		v->use.mark_bytes = m.peak_bytes;
	}
	if (cgroupfs_memcg(l->cg, path, &m) == 0)
		v->set_bytes = m.limit_bytes;
}

void lift_chain(struct lift *l, const char *path, zt_u64 available_bytes)
{
	char level[1024];
	size_t len = strlen(path);

	if (l->fd < 0 || len >= sizeof(level) || strstr(path, ".."))
		return;
	memcpy(level, path, len + 1);
	for (char *slash; level[0] == '/' && level[1]; *slash = 0) {
		lift_one(l, level, available_bytes);
		slash = strrchr(level, '/');
	}
}

/* What came and went between two looks is in the kernel's mark; at most so much of it was page cache. */
static void take_mark(struct lift_use *u, zt_u64 mark)
{
	if (mark > u->mark_bytes && mark > u->file_bytes && mark - u->file_bytes > u->need_bytes)
		u->need_bytes = mark - u->file_bytes;
}

static void look(const struct cgroupfs *cg, struct lift_use *u)
{
	struct zt_ev_memstat s;
	struct zt_memcg m;
	zt_u64 used, need;

	if (cgroupfs_memcg(cg, u->path, &m) < 0)
		return;
	used = m.usage_bytes;
	if (cg->version == 2)
		used += m.swap_usage_bytes;
	else if (m.swap_usage_bytes > used) /* memory and swap */
		used = m.swap_usage_bytes;
	need = used;
	/* page cache would be given back; what is the kernel's would not, and is in no sum of v1's */
	if (cgroupfs_memstat(cg, u->path, &s) == 0)
		need -= s.file_bytes < need ? s.file_bytes : need;
	else
		s.file_bytes = 0;
	u->file_bytes = s.file_bytes > u->file_bytes ? s.file_bytes : u->file_bytes;
	u->need_bytes = need > u->need_bytes ? need : u->need_bytes;
	u->peak_bytes = used > u->peak_bytes ? used : u->peak_bytes;
	take_mark(u, m.peak_bytes);
}

void lift_sample(struct lift *l)
{
	for (unsigned int i = 0; i < l->n; i++)
		look(l->cg, &l->levels[i].use);
	for (unsigned int i = 0; i < LIFT_STEPS_MAX; i++)
		if (*l->steps[i].path)
			look(l->cg, &l->steps[i]);
}

void lift_watch(struct lift *l, const char *path, zt_u64 cgroup)
{
	struct lift_use *place = NULL;

	for (unsigned int i = 0; i < LIFT_STEPS_MAX; i++) {
		if (*l->steps[i].path && l->steps[i].cgroup == cgroup)
			return;
		if (!*l->steps[i].path && !place)
			place = &l->steps[i];
	}
	if (!place || strlen(path) >= sizeof(place->path))
		return;
	memset(place, 0, sizeof(*place));
	strcpy(place->path, path);
	place->cgroup = cgroup;
}

void lift_gone(struct lift_use *u, zt_u64 mark_bytes)
{
	take_mark(u, mark_bytes);
	u->peak_bytes = mark_bytes > u->peak_bytes ? mark_bytes : u->peak_bytes;
}

int lift_stop(struct lift *l)
{
	int status = 0;

	if (l->fd < 0)
		return 0;
	close(l->fd);
	l->fd = -1;
	while (waitpid(l->pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -EIO;
}
