/* SPDX-License-Identifier: GPL-2.0 */
/* Traces kept without being asked: /var/lib/ztrace for root, the state directory of anybody else; newest 20, 256 MiB. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cmd/cmd.h"

#define KEEP 20
#define KEEP_BYTES (256ll << 20)

int store_name(char *buf, size_t len)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME"), *given = getenv("STATE_DIRECTORY");
	int n;

	if (given && *given == '/' && !strchr(given, ':')) /* as systemd gives it */
		n = snprintf(buf, len, "%s", given);
	else if (geteuid() == 0)
		n = snprintf(buf, len, "/var/lib/ztrace");
	else if (state && *state == '/')
		n = snprintf(buf, len, "%s/ztrace", state);
	else if (home && *home == '/')
		n = snprintf(buf, len, "%s/.local/state/ztrace", home);
	else
		return -ENOENT;
	return n < 0 || (size_t)n >= len ? -ENAMETOOLONG : 0;
}

int store_make(char *path)
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

int store_dir(char *buf, size_t len)
{
	int err = store_name(buf, len);

	return err ? err : store_make(buf);
}

/* Names begin with the time, so their order is theirs; only names of our own making count. */
static int is_trace(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return n > 3 && d->d_name[0] >= '0' && d->d_name[0] <= '9' && !strcmp(d->d_name + n - 3, ".zt");
}

/* What the daemon keeps in the same place is its own to forget. */
static int is_ours(const struct dirent *d)
{
	return is_trace(d) && !strstr(d->d_name, "Z-d");
}

static void prune(const char *dir)
{
	struct dirent **names;
	int n = scandir(dir, &names, is_ours, alphasort);
	long long sum = 0;

	for (int i = n - 1; i >= 0; i--) {
		char path[4096];
		struct stat st;

		if (snprintf(path, sizeof(path), "%s/%s", dir, names[i]->d_name) < (int)sizeof(path) &&
		    lstat(path, &st) == 0) {
			sum += st.st_size;
			if (i < n - KEEP + 1 || sum > KEEP_BYTES)
				unlink(path);
		}
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
	int err = store_name(dir, sizeof(dir)), n, r = -ENOENT;

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

int store_find(const char *id, char *buf, size_t len)
{
	char dir[3072];

	if (strchr(id, '/') || store_name(dir, sizeof(dir)) < 0 || snprintf(buf, len, "%s/%s.zt", dir, id) >= (int)len)
		return -ENOENT;
	return access(buf, F_OK) ? -ENOENT : 0;
}

int store_each(int (*fn)(void *ctx, const char *path), void *ctx)
{
	char dir[3072], path[4096];
	struct dirent **names;
	int r = store_name(dir, sizeof(dir)), n = r < 0 ? r : scandir(dir, &names, is_trace, alphasort);

	if (n < 0)
		return r < 0 ? r : -ENOENT;
	for (int i = 0; i < n; i++) {
		if (!r && snprintf(path, sizeof(path), "%s/%s", dir, names[i]->d_name) < (int)sizeof(path))
			r = fn(ctx, path);
		free(names[i]);
	}
	free(names);
	return r ? r : n;
}
