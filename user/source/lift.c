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

#define FILES_MAX (LIFT_LEVELS_MAX * 3)
#define MIB ((zt_u64)1 << 20)

/* --- the helper --- */

struct order {
	char path[1024]; /* of the cgroup, from the mount point */
	char file[40];
	char value[24];
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

/* Never returns. Dies of nothing that ends ztrace: not of the terminal, not of its process group. */
static void __attribute__((noreturn)) helper(int fd, int mount)
{
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE };
	struct kept *kept = calloc(FILES_MAX, sizeof(*kept));
	unsigned int n = 0;
	struct order o;
	ssize_t len;
	int ret;

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
		ret = obey(mount, &o, kept, &n);
		if (write(fd, &ret, sizeof(ret)) != sizeof(ret))
			break;
	}
	_exit(kept && restore(mount, kept, n) ? 1 : 0);
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

static int tell(struct lift *l, const char *path, const char *file, const char *value)
{
	struct order o = { 0 };
	int err;

	if (strlen(path) >= sizeof(o.path))
		return -ENAMETOOLONG;
	strcpy(o.path, path);
	snprintf(o.file, sizeof(o.file), "%s", file);
	snprintf(o.value, sizeof(o.value), "%s", value);
	if (write(l->fd, &o, sizeof(o)) != sizeof(o) || read(l->fd, &err, sizeof(err)) != sizeof(err))
		return -EPIPE;
	return err;
}

static struct lift_level *level_at(struct lift *l, const char *path)
{
	for (unsigned int i = 0; i < l->n; i++)
		if (!strcmp(l->levels[i].path, path))
			return &l->levels[i];
	return NULL;
}

static int set_limits(struct lift *l, const char *path, const struct zt_memcg *m, zt_u64 want)
{
	char value[24];
	int err = 0, e;

	snprintf(value, sizeof(value), "%llu", (unsigned long long)want);
	if (l->cg->version == 1) {
		/* memory+swap may not be less than memory */
		if (m->swap_limit_bytes != ZT_NO_LIMIT && m->swap_limit_bytes < want)
			err = tell(l, path, "memory.memsw.limit_in_bytes", value);
		if (m->limit_bytes < want) {
			e = tell(l, path, "memory.limit_in_bytes", value);
			err = err ? err : e;
		}
		return err;
	}
	if (m->limit_bytes < want)
		err = tell(l, path, "memory.max", value);
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
		snprintf(v->path, sizeof(v->path), "%s", path);
		v->cgroup = m.id;
		v->was_bytes = m.limit_bytes;
		v->was_swap_bytes = m.swap_limit_bytes;
		v->mark_bytes = m.peak_bytes;
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

void lift_sample(struct lift *l)
{
	for (unsigned int i = 0; i < l->n; i++) {
		struct lift_level *v = &l->levels[i];
		struct zt_ev_memstat s;
		struct zt_memcg m;
		zt_u64 need, mark;

		if (cgroupfs_memcg(l->cg, v->path, &m) < 0)
			continue;
		need = m.usage_bytes;
		/* page cache would be given back; what is the kernel's would not, and is in no sum of v1's */
		if (cgroupfs_memstat(l->cg, v->path, &s) == 0)
			need -= s.file_bytes < need ? s.file_bytes : need;
		else
			s.file_bytes = 0;
		v->file_bytes = s.file_bytes > v->file_bytes ? s.file_bytes : v->file_bytes;
		/* what came and went between two looks is in the kernel's mark; at most so much of it was page cache */
		mark = m.peak_bytes > v->mark_bytes ? m.peak_bytes : 0;
		if (mark > v->file_bytes && mark - v->file_bytes > need)
			need = mark - v->file_bytes;
		v->need_bytes = need > v->need_bytes ? need : v->need_bytes;
		v->peak_bytes = m.usage_bytes > v->peak_bytes ? m.usage_bytes : v->peak_bytes;
	}
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
