// SPDX-License-Identifier: GPL-2.0
/* Cgroup hierarchies and files, both versions. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "oombox.h"

void join(char *ret, size_t size, const char *dir, const char *name)
{
	snprintf(ret, size, "%s%s%s", dir, *dir && dir[strlen(dir) - 1] == '/' ? "" : "/", name);
}

int put(const char *dir, const char *file, const char *fmt, ...)
{
	char path[PATH_MAX], value[64];
	va_list ap;
	int fd, n, ret;

	join(path, sizeof(path), dir, file);
	va_start(ap, fmt);
	n = vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = write(fd, value, (size_t)n) == n ? 0 : -errno;
	close(fd);
	return ret;
}

int take(const char *dir, const char *file, char *ret, size_t size)
{
	char path[PATH_MAX];
	ssize_t n;
	int fd;

	join(path, sizeof(path), dir, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, ret, size - 1);
	ret[n > 0 ? n : 0] = '\0';
	n = n < 0 ? -errno : n;
	close(fd);
	return (int)n;
}

/* "KEY N" on a line of its own */
long counter(const char *dir, const char *file, const char *key)
{
	char text[8192];
	size_t len = strlen(key);

	if (take(dir, file, text, sizeof(text)) < 0)
		return 0;
	for (char *s = text; s; s = strchr(s, '\n')) {
		s += *s == '\n';
		if (!strncmp(s, key, len) && s[len] == ' ')
			return strtol(s + len, NULL, 10);
	}
	return 0;
}

/* WORD in a list that is separated by any of SEPARATORS */
static bool listed(const char *list, const char *word, const char *separators)
{
	size_t len;

	for (; *list; list += len + (list[len] != '\0')) {
		len = strcspn(list, separators);
		if (len == strlen(word) && !strncmp(list, word, len))
			return true;
	}
	return false;
}

/*
 * A line of mountinfo: "31 23 0:29 ROOT MOUNT options… - TYPE source OPTIONS". On a hybrid system a controller is
 * in either version, wherever the other is mounted.
 */
static int has_controller(const char *line, const char *controller, struct hierarchy *h)
{
	const char *tail = strstr(line, " - ");
	char type[32], opts[512], controllers[512];

	if (!tail || sscanf(line, "%*s %*s %*s %4095s %4095s", h->root, h->mount) != 2 ||
	    sscanf(tail, " - %31s %*s %511s", type, opts) != 2)
		return 0;
	if (!strcmp(type, "cgroup") && listed(opts, controller, ",\n"))
		return 1;
	if (!strcmp(type, "cgroup2") && take(h->mount, "cgroup.controllers", controllers, sizeof(controllers)) > 0 &&
	    listed(controllers, controller, " \n"))
		return 2;
	return 0;
}

int hierarchy_find(struct hierarchy *h, const char *controller)
{
	static const char mountinfo[] = "/proc/self/mountinfo";
	FILE *f = fopen(mountinfo, "re");
	char line[3 * PATH_MAX];

	*h = (struct hierarchy){0};
	while (f && fgets(line, sizeof(line), f)) {
		struct hierarchy found;

		found.version = has_controller(line, controller, &found);
		if (found.version && (!h->version || (strcmp(h->root, "/") && !strcmp(found.root, "/"))))
			*h = found;
	}
	if (f)
		fclose(f);
	return h->version ? 0 : -ENOENT;
}

/* A cgroup whose last process has just died is busy for a moment. */
int remove_dir(const char *dir, long ms)
{
	for (; rmdir(dir); ms -= 20) {
		if (errno == ENOENT)
			return 0;
		if (errno != EBUSY || ms <= 0)
			return -errno;
		sleep_ms(20);
	}
	return 0;
}

int kill_all_in(const char *dir)
{
	char path[PATH_MAX];
	int met = 0;
	FILE *f;
	long pid;

	join(path, sizeof(path), dir, "cgroup.procs");
	f = fopen(path, "re");
	while (f && fscanf(f, "%ld", &pid) == 1) {
		met++;
		if (pid > 1 && pid != getpid())
			kill((pid_t)pid, SIGKILL);
	}
	if (f)
		fclose(f);
	return met;
}
