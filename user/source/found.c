/* SPDX-License-Identifier: GPL-2.0 */
#include "source/found.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "source/env.h"
#include "source/evbuf.h"
#include "source/probe.h"
#include "source/readfile.h"

#define SOCKET_MS 500
#define DOCKERDS_MAX 8

static void keep(struct found *f, const char *key, const char *value)
{
	if (f->n == FOUND_MAX || !value || !*value)
		return;
	f->v[f->n].key = key;
	snprintf(f->v[f->n].value, sizeof(f->v[f->n].value), "%.*s", (int)sizeof(f->v[f->n].value) - 1, value);
	f->n++;
}

/* ---- docker's own word, over its socket: the program of that name may be newer than what runs ---- */

static bool wait_for(int fd, short what, zt_u64 end_ns)
{
	struct pollfd p = { .fd = fd, .events = what };
	zt_u64 now = evbuf_clock_ns(CLOCK_MONOTONIC);

	return now < end_ns && poll(&p, 1, (int)((end_ns - now) / 1000000) + 1) == 1;
}

static int dial(const char *path, zt_u64 end_ns)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || strlen(path) >= sizeof(a.sun_path))
		goto fail;
	strcpy(a.sun_path, path);
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) && (errno != EINPROGRESS || !wait_for(fd, POLLOUT, end_ns)))
		goto fail; /* EAGAIN: its backlog is full, so nobody listens */
	return fd;
fail:
	if (fd >= 0)
		close(fd);
	return -1;
}

/* HTTP/1.0: the answer ends where the connection does. */
static ssize_t ask(int fd, char *buf, size_t size, zt_u64 end_ns)
{
	static const char request[] = "GET /version HTTP/1.0\r\nHost: docker\r\n\r\n";
	size_t len = 0;
	ssize_t n;

	if (send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) != sizeof(request) - 1)
		return -1;
	while (len + 1 < size && wait_for(fd, POLLIN, end_ns)) {
		n = recv(fd, buf + len, size - 1 - len, 0);
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	buf[len] = 0;
	return (ssize_t)len;
}

bool found_docker_version(const char *socket_path, char *buf, size_t size)
{
	zt_u64 end_ns = evbuf_clock_ns(CLOCK_MONOTONIC) + (zt_u64)SOCKET_MS * 1000000;
	int fd __close = dial(socket_path, end_ns);
	char text[16 * 1024], *body;
	json_t *j;
	bool known;

	if (fd < 0 || ask(fd, text, sizeof(text), end_ns) < 0)
		return false;
	body = strstr(text, "\r\n\r\n");
	j = body ? json_loads(body + 4, JSON_DISABLE_EOF_CHECK, NULL) : NULL;
	body = (char *)json_string_value(json_object_get(j, "Version"));
	known = body && probe_version(body, buf, size);
	json_decref(j);
	return known;
}

static const char *socket_path(const char *url)
{
	return !strncmp(url, "unix://", 7) ? url + 7 : *url == '/' ? url : NULL;
}

/* The daemon that DOCKER_HOST names, else the one at the usual place, else any. */
static const struct probe_dockerd *the_docker(const struct probe_dockerd *d, unsigned int n)
{
	const char *host = getenv("DOCKER_HOST"), *want = host && *host ? host : "unix:///var/run/docker.sock";

	for (unsigned int i = 0; i < n; i++)
		if (d[i].trusted && !strcmp(d[i].socket, want))
			return &d[i];
	for (unsigned int i = 0; i < n && !(host && *host); i++)
		if (d[i].trusted)
			return &d[i];
	return NULL;
}

static void look_docker(const struct procfs *p, struct found *f)
{
	struct probe_dockerd *d __free = calloc(DOCKERDS_MAX, sizeof(*d));
	const struct probe_dockerd *it;
	char version[64];
	const char *path;

	if (!d)
		return;
	it = the_docker(d, probe_dockerds_quiet(p, d, DOCKERDS_MAX));
	path = it ? socket_path(it->socket) : NULL;
	if (path && found_docker_version(path, version, sizeof(version)))
		keep(f, "docker.version", version);
	if (it)
		keep(f, "docker.cgroup_driver", it->cgroup_driver);
}

/* ---- the rest ---- */

static void look_plugins(struct found *f)
{
	static const char *const names[][2] = {
		{ "docker-buildx", "buildx.version" }, { "docker-compose", "compose.version" },
	};
	struct probe_tool t[PROBE_TOOLS_MAX];
	unsigned int n = probe_plugins(t);

	for (unsigned int i = 0; i < n; i++)
		for (size_t k = 0; k < ARRAY_SIZE(names); k++)
			if (!strcmp(t[i].name, names[k][0]))
				keep(f, names[k][1], t[i].version);
}

bool found_fs_type(const char *mounts, const char *dir, char *buf, size_t size)
{
	size_t best = 0;

	for (const char *p = mounts; p && *p; p = strchr(p, '\n'), p += p != NULL) {
		char at[256], type[32];
		size_t n;

		if (sscanf(p, "%*s %255s %31s", at, type) != 2)
			continue;
		n = strlen(at);
		if (n < best || strncmp(dir, at, n) || (n > 1 && dir[n] && dir[n] != '/'))
			continue; /* equal: mounted over the one before */
		best = n;
		snprintf(buf, size, "%s", type);
	}
	return best;
}

/* Only local ones are asked how full they are: a network's may not answer. */
static void look_disk(const char *mounts, const char *dir, const char *key, struct found *f)
{
	char type[32], value[96];
	struct statvfs s;

	if (!found_fs_type(mounts, dir, type, sizeof(type)) || !strncmp(type, "nfs", 3) || !strncmp(type, "fuse", 4) ||
	    !strcmp(type, "cifs") || !strcmp(type, "9p") || !strcmp(type, "ceph") || statvfs(dir, &s))
		return;
	snprintf(value, sizeof(value), "%s %llu", type, (unsigned long long)s.f_bavail * s.f_frsize);
	keep(f, key, s.f_flag & ST_RDONLY ? "read-only 0" : value);
}

/* A setting's value, no more of it than a number or a word takes; a list of options is only told to be there. */
static void look_env(struct found *f)
{
	static const char *const names[][2] = {
		{ "DOCKER_BUILDKIT", "env.DOCKER_BUILDKIT" },
		{ "COMPOSE_BAKE", "env.COMPOSE_BAKE" },
		{ "COMPOSE_PARALLEL_LIMIT", "env.COMPOSE_PARALLEL_LIMIT" },
		{ "BUILDKIT_STEP_LOG_MAX_SIZE", "env.BUILDKIT_STEP_LOG_MAX_SIZE" },
		{ "BUILDKIT_STEP_LOG_MAX_SPEED", "env.BUILDKIT_STEP_LOG_MAX_SPEED" },
		{ "NODE_OPTIONS", "env.NODE_OPTIONS" },
	};

	for (size_t n = 0; n < ARRAY_SIZE(names); n++) {
		const char *value = getenv(names[n][0]);

		if (value && *value)
			keep(f, names[n][1], strlen(value) < 12 && strspn(value, "0123456789abcdefghijklmnopqrstuvwxyz-") ==
								   strlen(value) ? value : "set");
	}
}

static void look_init(struct found *f)
{
	char comm[32];

	if (!access("/run/systemd/system", F_OK))
		keep(f, "init", "systemd"); /* what sd_booted() asks */
	else if (readfile_line(AT_FDCWD, "/proc/1/comm", comm, sizeof(comm)) > 0)
		keep(f, "init", comm);
}

/* Commands are printed with sudo, unless there is none. */
static void look_sudo(struct found *f)
{
	static const char *const dirs[] = { "/usr/bin", "/usr/local/bin", "/bin", "/run/wrappers/bin" };
	const char *path = getenv("PATH"), *end;
	char file[512];

	for (size_t n = 0; n < ARRAY_SIZE(dirs); n++) {
		snprintf(file, sizeof(file), "%s/sudo", dirs[n]);
		if (!access(file, X_OK))
			return;
	}
	for (const char *p = path; p && *p; p = *end ? end + 1 : end) {
		end = p + strcspn(p, ":");
		if (*p == '/' && (size_t)snprintf(file, sizeof(file), "%.*s/sudo", (int)(end - p), p) < sizeof(file) &&
		    !access(file, X_OK))
			return;
	}
	keep(f, "sudo", "none");
}

void found_look(const struct procfs *p, const struct cgroupfs *cg, struct found *f)
{
	char *mounts __free = malloc(256 * 1024);

	f->n = 0;
	look_docker(p, f);
	look_plugins(f);
	look_init(f);
	look_sudo(f);
	keep(f, "cgroup.mount", cg->mount);
	if (mounts && readfile_at(AT_FDCWD, "/proc/self/mounts", mounts, 256 * 1024) > 0) {
		look_disk(mounts, "/", "disk./", f);
		look_disk(mounts, "/var/lib", "disk./var/lib", f);
	}
	look_env(f);
}

int found_tell(const struct found *f, sink_fn sink, void *ctx)
{
	int err = 0;

	for (unsigned int n = 0; n < f->n && !err; n++)
		err = env_fact(sink, ctx, f->v[n].key, f->v[n].value);
	return err;
}
