/* SPDX-License-Identifier: GPL-2.0 */
/* Opens what a renderer writes to, with care: ztrace is root and the path may lie in another's directory. */
#include "base/out.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/i18n.h"

static bool is_set(const char *name)
{
	const char *value = getenv(name);

	return value && *value && strcmp(value, "0");
}

/* --color, then NO_COLOR, then CLICOLOR_FORCE and FORCE_COLOR, then what the stream is. */
static bool wants_color(FILE *f, enum color_mode mode)
{
	const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");

	if (mode != COLOR_AUTO)
		return mode == COLOR_ALWAYS;
	if (no_color && *no_color)
		return false;
	if (is_set("CLICOLOR_FORCE") || is_set("FORCE_COLOR"))
		return true;
	return isatty(fileno(f)) && term && *term && strcmp(term, "dumb");
}

/*
 * As the locale's character set says; where none is said, as the language needs it. The Linux console's font has few
 * of such characters.
 */
static bool wants_ascii(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
	const char *term = getenv("TERM");

	if (term && !strcmp(term, "linux"))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *value = getenv(names[i]);

		if (value && *value)
			return !strcasestr(value, "utf-8") && !strcasestr(value, "utf8");
	}
	return !strcmp(i18n_lang(), "en");
}

/* A device, pipe or socket that is there already, also behind a link (/dev/stdout). */
static int open_special(const char *path)
{
	struct stat st;
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || S_ISREG(st.st_mode)) {
		close(fd);
		return -ELOOP; /* became a file, or a link to one, meanwhile */
	}
	return fd;
}

/* A file is taken away and made anew, so that nobody who held the old one open (or linked it) reads on. */
static int open_file(const char *path)
{
	struct stat st;
	int fd;

	if (!lstat(path, &st)) {
		if (S_ISLNK(st.st_mode) && !stat(path, &st) && S_ISREG(st.st_mode))
			return -ELOOP;
		if (!S_ISREG(st.st_mode))
			return open_special(path);
		if (unlink(path))
			return -errno;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : fd;
}

/* Beside what it will replace. A device or a pipe is written itself. */
static int open_temp(struct out *o)
{
	struct stat st;
	int fd;

	if (!lstat(o->path, &st) && !S_ISREG(st.st_mode))
		return open_file(o->path);
	if (asprintf(&o->temp, "%s.XXXXXX", o->path) < 0) {
		o->temp = NULL;
		return -ENOMEM;
	}
	fd = mkostemp(o->temp, O_CLOEXEC);
	if (fd < 0 || fchmod(fd, 0644)) {
		int r = -errno;

		if (fd >= 0) {
			close(fd);
			unlink(o->temp);
		}
		return r;
	}
	return fd;
}

static void forget(struct out *o)
{
	free(o->path);
	free(o->temp);
	*o = (struct out){ 0 };
}

static int open_path(struct out *o, const char *path, FILE *std, enum color_mode mode, bool shared)
{
	int fd;

	*o = (struct out){ .ascii = wants_ascii() };
	if (!path || !strcmp(path, "-")) {
		o->f = std;
		o->color = wants_color(std, mode);
		return 0;
	}
	o->path = strdup(path);
	if (!o->path)
		return -ENOMEM;
	fd = shared ? open_temp(o) : open_file(path);
	if (fd >= 0)
		o->f = fdopen(fd, "w");
	if (!o->f) {
		int r = fd < 0 ? fd : -errno;

		if (fd >= 0)
			close(fd);
		forget(o);
		return r;
	}
	o->close = true;
	o->color = wants_color(o->f, mode);
	return 0;
}

int out_open(struct out *o, const char *path, FILE *std, enum color_mode mode)
{
	return open_path(o, path, std, mode, false);
}

int out_open_shared(struct out *o, const char *path, FILE *std, enum color_mode mode)
{
	return open_path(o, path, std, mode, true);
}

/* The path is what a job's environment says, and ztrace may be root. */
static int open_as(const char *path, unsigned int uid, unsigned int gid)
{
	int old_gid = setfsgid(gid), old_uid = setfsuid(uid), fd, err;

	fd = open(path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	err = errno;
	setfsuid((uid_t)old_uid);
	setfsgid((gid_t)old_gid);
	return fd < 0 ? -err : fd;
}

int out_open_append(struct out *o, const char *path, long max_bytes, unsigned int uid, unsigned int gid)
{
	int fd = open_as(path, uid, gid), err = fd < 0 ? fd : 0;
	struct stat st;

	*o = (struct out){ 0 };
	if (!err && fstat(fd, &st))
		err = -errno;
	if (!err && !S_ISREG(st.st_mode))
		err = -EINVAL;
	if (!err && st.st_size >= max_bytes)
		err = -EFBIG;
	o->path = err ? NULL : strdup(path);
	o->f = o->path ? fdopen(fd, "a") : NULL;
	if (!err && !o->f)
		err = -errno;
	o->close = true;
	if (err && fd >= 0)
		close(fd);
	if (err)
		forget(o);
	return err;
}

/* 0 or -errno: what was written is on its way to the disk. */
static int finish(struct out *o)
{
	int r = ferror(o->f) ? -EIO : 0;

	if (fflush(o->f))
		r = -errno;
	if (!r && o->temp && fsync(fileno(o->f)))
		r = -errno;
	if (o->close && fclose(o->f) && !r)
		r = -errno;
	return r;
}

int out_close(struct out *o)
{
	int r = o->f ? finish(o) : 0;

	if (o->temp && !r && rename(o->temp, o->path))
		r = -errno;
	if (o->temp && r)
		unlink(o->temp);
	forget(o);
	return r;
}

void out_drop(struct out *o)
{
	if (o->f && o->close)
		fclose(o->f);
	if (o->temp)
		unlink(o->temp);
	forget(o);
}
