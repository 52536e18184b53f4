/* SPDX-License-Identifier: GPL-2.0 */
/* Traces kept without being asked: /var/lib/ztrace for root, the state directory of anybody else; newest 20. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cmd/cmd.h"

#define KEEP 20

static int store_dir(char *buf, size_t len)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	int n;

	if (geteuid() == 0)
		n = snprintf(buf, len, "/var/lib/ztrace");
	else if (state && *state == '/')
		n = snprintf(buf, len, "%s/ztrace", state);
	else if (home && *home == '/')
		n = snprintf(buf, len, "%s/.local/state/ztrace", home);
	else
		return -ENOENT;
	return n < 0 || (size_t)n >= len ? -ENAMETOOLONG : 0;
}

static int make_dirs(char *path)
{
	for (char *p = path + 1; (p = strchr(p, '/')); p++) {
		int err;

		*p = 0;
		err = mkdir(path, 0755) < 0 && errno != EEXIST ? -errno : 0;
		*p = '/';
		if (err < 0)
			return err;
	}
	return mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

/* Names begin with the time, so their order is theirs; only names of our own making count. */
static int is_trace(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return n > 3 && d->d_name[0] >= '0' && d->d_name[0] <= '9' && !strcmp(d->d_name + n - 3, ".zt");
}

static void prune(const char *dir)
{
	struct dirent **names;
	int n = scandir(dir, &names, is_trace, alphasort);

	for (int i = 0; i < n; i++) {
		char path[4096];

		if (i < n - KEEP + 1 &&
		    snprintf(path, sizeof(path), "%s/%s", dir, names[i]->d_name) < (int)sizeof(path))
			unlink(path);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
}

int store_new_path(char *buf, size_t len)
{
	char dir[3072], stamp[32];
	time_t now = time(NULL);
	struct tm tm;
	int err = store_dir(dir, sizeof(dir)), n;

	if (!err)
		err = make_dirs(dir);
	if (err < 0)
		return err;
	prune(dir);
	gmtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm);
	n = snprintf(buf, len, "%s/%s-%d.zt", dir, stamp, (int)getpid());
	return n < 0 || (size_t)n >= len ? -ENAMETOOLONG : 0;
}

int store_newest(char *buf, size_t len)
{
	char dir[3072];
	struct dirent **names;
	int err = store_dir(dir, sizeof(dir)), n, r = -ENOENT;

	if (err < 0)
		return err;
	n = scandir(dir, &names, is_trace, alphasort);
	for (int i = 0; i < n; i++) {
		if (i == n - 1)
			r = snprintf(buf, len, "%s/%s", dir, names[i]->d_name) < (int)len ? 0 : -ENAMETOOLONG;
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	return r;
}
