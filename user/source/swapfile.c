/* SPDX-License-Identifier: GPL-2.0 */
#include "source/swapfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/swap.h>
#include <unistd.h>

#include "base/cleanup.h"

/* What mkswap writes: include/linux/swap.h, union swap_header, version 1 */
struct swap_info {
	char boot[1024];
	zt_u32 version, last_page, nr_bad;
};

static int write_header(int fd, zt_u64 bytes)
{
	static const char magic[] = "SWAPSPACE2";
	zt_u64 page = (zt_u64)sysconf(_SC_PAGESIZE);
	struct swap_info info = { .version = 1, .last_page = (zt_u32)(bytes / page - 1) };

	if (pwrite(fd, &info, sizeof(info), 0) != sizeof(info) ||
	    pwrite(fd, magic, 10, (off_t)page - 10) != 10 || fsync(fd))
		return errno ? -errno : -EIO;
	return 0;
}

static int check_space(int fd, zt_u64 bytes)
{
	struct statvfs s;

	if (fstatvfs(fd, &s))
		return -errno;
	return (zt_u64)s.f_bavail * s.f_frsize < bytes + SWAPFILE_SPARE_BYTES ? -ENOSPC : 0;
}

static int fill(int fd, zt_u64 bytes)
{
	int flags, err;

	err = check_space(fd, bytes);
	if (err)
		return err;
	/* btrfs swaps to no file that it may copy elsewhere; others do not know the flag, and need not */
	if (!ioctl(fd, FS_IOC_GETFLAGS, &flags)) {
		flags |= FS_NOCOW_FL;
		ioctl(fd, FS_IOC_SETFLAGS, &flags);
	}
	if (fallocate(fd, 0, 0, (off_t)bytes))
		return -errno;
	return write_header(fd, bytes);
}

int swapfile_on(const char *path, zt_u64 bytes)
{
	zt_u64 page = (zt_u64)sysconf(_SC_PAGESIZE);
	int fd __close = -1, err;

	bytes = bytes / page * page;
	if (bytes < 16 * page)
		return -EINVAL;
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	err = fill(fd, bytes);
	if (!err && swapon(path, 0))
		err = -errno;
	if (err)
		unlink(path);
	return err;
}

int swapfile_off(const char *path)
{
	if (swapoff(path) && errno != EINVAL && errno != ENOENT) /* EINVAL: nobody swaps there */
		return -errno;
	return unlink(path) && errno != ENOENT ? -errno : 0;
}

void swapfile_sweep(const char *dir)
{
	DIR *d __closedir = opendir(dir);
	char path[4096], end;
	struct dirent *e;
	int pid;

	while (d && (e = readdir(d)))
		if (sscanf(e->d_name, "swap-%d%c", &pid, &end) == 1 && pid > 0 && kill(pid, 0) && errno == ESRCH &&
		    snprintf(path, sizeof(path), "%s/%s", dir, e->d_name) < (int)sizeof(path))
			swapfile_off(path);
}
