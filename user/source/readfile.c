/* SPDX-License-Identifier: GPL-2.0 */
#include "source/readfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* Reads small files whole, with a bound. */

ssize_t readfile_fd(int fd, char *buf, size_t size)
{
	size_t len = 0;

	while (len + 1 < size) {
		ssize_t n = pread(fd, buf + len, size - 1 - len, (off_t)len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		len += (size_t)n;
	}
	buf[len] = 0;
	return (ssize_t)len;
}

ssize_t readfile_at(int dir, const char *path, char *buf, size_t size)
{
	int fd __close = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);

	return fd < 0 ? -errno : readfile_fd(fd, buf, size);
}

ssize_t readfile_line(int dir, const char *path, char *buf, size_t size)
{
	ssize_t n = readfile_at(dir, path, buf, size);

	if (n < 0)
		return n;
	n = (ssize_t)strcspn(buf, "\n");
	buf[n] = 0;
	return n;
}

static int parse_u64(const char *s, zt_u64 *ret, const char **end)
{
	unsigned long long v;
	char *e;

	if (*s < '0' || *s > '9')
		return -EINVAL;
	errno = 0;
	v = strtoull(s, &e, 10);
	if (errno)
		return -errno;
	*ret = v;
	*end = e;
	return 0;
}

/* text: of n bytes, or the error of reading it */
static int only_u64(const char *text, ssize_t n, zt_u64 *ret)
{
	const char *end = NULL;
	zt_u64 v = 0;
	int err = n < 0 ? (int)n : parse_u64(text, &v, &end);

	if (err)
		return err;
	if (end[strspn(end, " \n")])
		return -EINVAL;
	*ret = v;
	return 0;
}

int readfile_u64(int dir, const char *path, zt_u64 *ret)
{
	char buf[64];

	return only_u64(buf, readfile_at(dir, path, buf, sizeof(buf)), ret);
}

int readfile_fd_u64(int fd, zt_u64 *ret)
{
	char buf[64];

	return only_u64(buf, readfile_fd(fd, buf, sizeof(buf)), ret);
}

bool readfile_find_u64(const char *text, const char *key, zt_u64 *ret)
{
	size_t len = strlen(key);
	const char *end;

	for (const char *p = text; p && *p; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (!strncmp(p, key, len) && (p[len] == ' ' || p[len] == '\t'))
			return !parse_u64(p + len + strspn(p + len, " \t"), ret, &end);
	}
	return false;
}
