// SPDX-License-Identifier: GPL-2.0
#include "source/safeio.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/cleanup.h"

#define NS_PER_S 1000000000ULL
#define TRIES 4 /* RESOLVE_IN_ROOT says EAGAIN when a rename races with ".." */

static int openat2_path(int dir, const char *path, zt_u64 resolve, int flags)
{
	struct open_how how = {
		.flags = (zt_u64)(O_PATH | O_CLOEXEC | flags),
		.resolve = RESOLVE_NO_MAGICLINKS | resolve,
	};
	long fd = -1;

	for (int i = 0; i < TRIES; i++) {
		fd = syscall(SYS_openat2, dir, path, &how, sizeof(how));
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	return fd >= 0 ? (int)fd : -errno;
}

static ssize_t pread_all(int fd, char *buf, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = pread(fd, buf + done, size - done, (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

/* Field 22 of /proc/PID/stat; comm (field 2) may hold blanks and parentheses. */
static int start_time(int pid_dir, zt_u64 *ret_ns)
{
	unsigned long long ticks;
	char buf[1024], *p;
	int fd __close = openat(pid_dir, "stat", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -errno : pread_all(fd, buf, sizeof(buf) - 1);

	if (n < 0)
		return (int)n;
	buf[n] = 0;
	p = strrchr(buf, ')');
	if (!p || sscanf(p + 1,
			 " %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
			 "%*s %llu",
			 &ticks) != 1)
		return -EINVAL;
	*ret_ns = ticks * (NS_PER_S / (zt_u64)sysconf(_SC_CLK_TCK));
	return 0;
}

static bool same_file(int a, int b)
{
	struct stat sa, sb;

	return !fstat(a, &sa) && !fstat(b, &sb) && sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

static bool leads_to_cwd(const struct safeio_proc *p, const char *dir)
{
	int fd __close = openat2_path(p->root, dir, RESOLVE_IN_ROOT, O_DIRECTORY);

	return fd >= 0 && same_file(fd, p->cwd);
}

/* The links show paths from our root: for a process in a chroot the part in front is taken off. */
static void find_dir(struct safeio_proc *p, int pid_dir)
{
	char cwd[PATH_MAX], root[PATH_MAX];
	ssize_t n = readlinkat(pid_dir, "cwd", cwd, sizeof(cwd) - 1);
	ssize_t m = readlinkat(pid_dir, "root", root, sizeof(root) - 1);

	p->dir[0] = 0;
	if (n <= 0 || m <= 0 || cwd[0] != '/')
		return;
	cwd[n] = root[m] = 0;
	if (leads_to_cwd(p, cwd))
		strcpy(p->dir, cwd);
	else if (m > 1 && n > m && !memcmp(cwd, root, (size_t)m) && cwd[m] == '/' &&
		 leads_to_cwd(p, cwd + m))
		strcpy(p->dir, cwd + m);
}

int safeio_open(struct safeio_proc *p, int proc, const struct zt_id *id)
{
	zt_u64 start_ns, tick_ns = NS_PER_S / (zt_u64)sysconf(_SC_CLK_TCK);
	int err;
	char name[16];
	int dir __close = -1, ours __close = -1;

	*p = (struct safeio_proc){ .root = -1, .cwd = -1 };
	snprintf(name, sizeof(name), "%u", id->tgid);
	dir = openat(proc, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	p->root = openat(dir, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	err = p->root < 0 ? -errno : 0;
	p->cwd = err ? -1 : openat(dir, "cwd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	err = !err && p->cwd < 0 ? -errno : err;
	if (!err)
		find_dir(p, dir);
	/* Last: `dir` is bound to one process, so what was opened before belongs to the start time
	 * read now. */
	if (!err || err == -ENOENT)
		err = start_time(dir, &start_ns) ? -ESRCH : err == -ENOENT ? -ESRCH : 0;
	if (!err && (start_ns + tick_ns < id->start_ns || id->start_ns + tick_ns < start_ns))
		err = -ESRCH;
	if (err) {
		safeio_close(p);
		return err;
	}
	ours = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	p->host_root = ours >= 0 && same_file(ours, p->root);
	return 0;
}

void safeio_close(struct safeio_proc *p)
{
	if (p->root >= 0)
		close(p->root);
	if (p->cwd >= 0)
		close(p->cwd);
	p->root = p->cwd = -1;
}

static int open_path(const struct safeio_proc *p, const char *path)
{
	char joined[PATH_MAX];

	if (path[0] == '/')
		return openat2_path(p->root, path, RESOLVE_IN_ROOT, 0);
	if (!p->dir[0]) /* nobody knows how far ".." may go: not at all */
		return openat2_path(p->cwd, path, RESOLVE_BENEATH, 0);
	if ((size_t)snprintf(joined, sizeof(joined), "%s/%s", p->dir, path) >= sizeof(joined))
		return -ENAMETOOLONG;
	return openat2_path(p->root, joined, RESOLVE_IN_ROOT, 0);
}

/* Opened twice: a path descriptor tells what the file is before opening it can do anything. fd or
 * -errno. */
static int reopen_regular(int path_fd)
{
	char self[64];
	struct stat st;
	int fd;

	if (fstat(path_fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", path_fd);
	fd = open(self, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return fd >= 0 ? fd : -errno;
}

static zt_u64 mtime_ns(const struct stat *st)
{
	return (zt_u64)st->st_mtim.tv_sec * NS_PER_S + (zt_u64)st->st_mtim.tv_nsec;
}

/* Read a file that somebody may be writing: once more when it changed meanwhile. */
static int read_stable(int fd, char *buf, size_t cap, struct safeio_file *ret)
{
	struct stat before, after;
	ssize_t n = 0;

	for (int i = 0; i < 2; i++) {
		if (fstat(fd, &before))
			return -errno;
		n = pread_all(fd, buf, cap);
		if (n < 0)
			return (int)n;
		if (fstat(fd, &after))
			return -errno;
		if (mtime_ns(&before) == mtime_ns(&after) && before.st_size == after.st_size)
			break;
	}
	ret->bytes = (size_t)n;
	ret->cut = after.st_size > (off_t)cap;
	ret->mtime_ns = mtime_ns(&after);
	return 0;
}

static void read_found(int found, char *buf, size_t cap, struct safeio_file *ret)
{
	int fd __close = -1;
	int err;

	*ret = (struct safeio_file){ .status = ZT_FILE_ERRNO, .error = -found };
	if (found < 0)
		return;
	fd = reopen_regular(found);
	if (fd == -EINVAL) {
		*ret = (struct safeio_file){ .status = ZT_FILE_NOT_REGULAR };
		return;
	}
	err = fd < 0 ? fd : read_stable(fd, buf, cap, ret);
	ret->status = err ? ZT_FILE_ERRNO : ZT_FILE_OK;
	ret->error = -err;
}

void safeio_read(const struct safeio_proc *p, const char *path, char *buf, size_t cap,
		 struct safeio_file *ret)
{
	int found __close = open_path(p, path);

	read_found(found, buf, cap, ret);
}

DIR *safeio_opendir(const struct safeio_proc *p, const char *path)
{
	int found __close = open_path(p, path);
	int fd = found < 0 ? -1 : openat(found, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (!d && fd >= 0)
		close(fd);
	return d;
}

void safeio_read_stdin(int proc, const struct zt_id *id, char *buf, size_t cap, char *name, size_t size,
		       struct safeio_file *ret)
{
	char link[32];
	struct safeio_proc p;
	int found __close = -1;
	ssize_t n;

	*ret = (struct safeio_file){ .status = ZT_FILE_GONE };
	snprintf(link, sizeof(link), "%u/fd/0", id->tgid);
	found = openat(proc, link, O_PATH | O_CLOEXEC);
	n = readlinkat(proc, link, name, size - 1);
	name[n > 0 && name[0] == '/' ? n : 0] = 0;
	if (found < 0 || safeio_open(&p, proc, id)) /* afterwards: still the same process? */
		return;
	safeio_close(&p);
	read_found(found, buf, cap, ret);
	if (n > 10 && !strcmp(name + n - 10, " (deleted)"))
		name[0] = 0;
}

/* Append the parts of `path` to the absolute path in ret, "." and ".." taken by their letters. */
static bool append_parts(char *ret, size_t size, const char *path)
{
	size_t len = strlen(ret);

	while (*path) {
		size_t n = strcspn(path, "/");

		if (n == 2 && !memcmp(path, "..", 2)) {
			while (len && ret[--len] != '/')
				;
			ret[len] = 0;
		} else if (n && !(n == 1 && *path == '.')) {
			if (len + n + 2 > size)
				return false;
			ret[len++] = '/';
			memcpy(ret + len, path, n);
			len += n;
			ret[len] = 0;
		}
		path += n + (path[n] == '/');
	}
	return true;
}

bool safeio_absolute(const struct safeio_proc *p, const char *path, char *ret, size_t size)
{
	if (size < 2 || (path[0] != '/' && !p->dir[0]))
		return false;
	ret[0] = 0;
	if ((path[0] != '/' && !append_parts(ret, size, p->dir)) || !append_parts(ret, size, path))
		return false;
	if (!ret[0])
		strcpy(ret, "/");
	return true;
}

ssize_t safeio_read_below(int dir, const char *name, char *buf, size_t size)
{
	int found __close = openat2_path(dir, name, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS, 0);
	int fd __close = found < 0 ? found : reopen_regular(found);

	return fd < 0 ? fd : pread_all(fd, buf, size);
}

int safeio_dir_below(int dir, const char *name)
{
	return openat2_path(dir, name, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS, O_DIRECTORY);
}
