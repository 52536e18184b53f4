/* SPDX-License-Identifier: GPL-2.0 */
#include "source/probe.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "source/evbuf.h"
#include "source/readfile.h"

/* Finds builders and asks them who they are; runs only what nobody but root (or we ourselves) could have put there. */

#define ASK_MS 2000

static _Noreturn void run_child(const char *path, char *const argv[], int out)
{
	/* No HOME of a user's: its docker contexts and plug-ins are not ours to run. */
	char *env[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/nonexistent", "LC_ALL=C", NULL };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	setpgid(0, 0);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 || dup2(null, STDERR_FILENO) < 0)
		_exit(127);
	execve(path, argv, env);
	_exit(127);
}

/* Wait for fd until end_ns of CLOCK_MONOTONIC. */
static bool wait_readable(int fd, zt_u64 end_ns)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	zt_u64 now;

	while ((now = evbuf_clock_ns(CLOCK_MONOTONIC)) < end_ns)
		if (poll(&p, 1, (int)((end_ns - now) / 1000000) + 1) > 0)
			return true;
	return false;
}

/* Output up to its end; what the buffer has no room for is thrown away. 0 or -ETIMEDOUT. */
static int read_until(int fd, char *buf, size_t size, zt_u64 end_ns)
{
	size_t len = 0;

	for (;;) {
		char rest[4096];
		ssize_t n;

		buf[len] = 0;
		if (!wait_readable(fd, end_ns))
			return -ETIMEDOUT;
		n = len + 1 < size ? read(fd, buf + len, size - 1 - len) : read(fd, rest, sizeof(rest));
		if (!n || (n < 0 && errno != EINTR))
			return 0;
		if (n > 0 && len + 1 < size)
			len += (size_t)n;
	}
}

int probe_run(const char *path, char *const argv[], char *buf, size_t size, int timeout_ms)
{
	zt_u64 end_ns = evbuf_clock_ns(CLOCK_MONOTONIC) + (zt_u64)timeout_ms * 1000000;
	int out[2], pidfd __close = -1, status, err;
	pid_t pid;

	buf[0] = 0;
	if (pipe2(out, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (pid < 0) {
		err = -errno;
		close(out[0]);
		close(out[1]);
		return err;
	}
	if (!pid)
		run_child(path, argv, out[1]);
	setpgid(pid, pid); /* whoever comes first: the kill below must find the group */
	close(out[1]);
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	err = read_until(out[0], buf, size, end_ns);
	close(out[0]);
	/* A program may close its output and stay. */
	if (!err && (pidfd < 0 || !wait_readable(pidfd, end_ns)))
		err = -ETIMEDOUT;
	if (err)
		kill(-pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return err ? err : status;
}

bool probe_version(const char *text, char *buf, size_t size)
{
	for (const char *p = text; *p; p++) {
		size_t n = 0;

		if (!isdigit((unsigned char)*p) || (p > text && (isalnum((unsigned char)p[-1]) && p[-1] != 'v')))
			continue;
		while (isalnum((unsigned char)p[n]) || (p[n] && strchr(".+~-", p[n])))
			n++;
		if (!memchr(p, '.', n))
			continue;
		snprintf(buf, size, "%.*s", (int)n, p);
		return true;
	}
	return false;
}

/* Would running it as ourselves give somebody else our rights? NULL: no. */
static const char *why_not_run(const char *path)
{
	char dir[256], *slash;
	struct stat st;

	if (stat(path, &st) || !S_ISREG(st.st_mode))
		return "not a regular file";
	if ((st.st_uid && st.st_uid != geteuid()) || st.st_mode & 022)
		return "others may write to it";
	snprintf(dir, sizeof(dir), "%s", path);
	slash = strrchr(dir, '/');
	*slash = 0;
	if (stat(*dir ? dir : "/", &st) || (st.st_uid && st.st_uid != geteuid()) || st.st_mode & 022)
		return "others may write to its directory";
	return NULL;
}

struct kind {
	const char *name, *arg;
};

static const struct kind programs[] = {
	{ "dockerd", "--version" }, { "docker", "--version" },	{ "docker-compose", "--version" },
	{ "podman", "--version" },  { "buildah", "--version" }, { "buildkitd", "--version" },
};

/* Every CLI plug-in answers this with JSON (docker/cli, cli-plugins/manager/metadata.go). */
static const struct kind plugins[] = {
	{ "docker-buildx", "docker-cli-plugin-metadata" }, { "docker-compose", "docker-cli-plugin-metadata" },
};

static const char plugin_dirs[] = "/usr/local/lib/docker/cli-plugins:/usr/local/libexec/docker/cli-plugins:"
				  "/usr/lib/docker/cli-plugins:/usr/libexec/docker/cli-plugins";

static void ask(struct probe_tool *t, const struct kind *k)
{
	char out[4096], *version, *argv[] = { (char *)k->name, (char *)k->arg, NULL };
	int status;

	t->not_run = why_not_run(t->path);
	if (t->not_run)
		return;
	status = probe_run(t->path, argv, out, sizeof(out), ASK_MS);
	if (status)
		return;
	version = strstr(out, "\"Version\""); /* a plug-in's; "SchemaVersion" comes before it */
	probe_version(version ? version : out, t->version, sizeof(t->version));
}

/* The first directory that has an executable of that name. */
static bool find_tool(const char *dirs, const char *name, char *buf, size_t size)
{
	struct stat st;
	size_t n;

	for (const char *p = dirs; *p; p += n + !!p[n]) {
		n = strcspn(p, ":");
		if (*p != '/' || (size_t)snprintf(buf, size, "%.*s/%s", (int)n, p, name) >= size)
			continue;
		if (!stat(buf, &st) && S_ISREG(st.st_mode) && !access(buf, X_OK))
			return true;
	}
	return false;
}

static unsigned int find_all(const char *dirs, const struct kind *kinds, size_t n, struct probe_tool *tools)
{
	unsigned int found = 0;

	for (size_t i = 0; i < n; i++) {
		struct probe_tool *t = &tools[found];

		*t = (struct probe_tool){ .name = kinds[i].name };
		if (!find_tool(dirs, kinds[i].name, t->path, sizeof(t->path)))
			continue;
		ask(t, &kinds[i]);
		found++;
	}
	return found;
}

_Static_assert(ARRAY_SIZE(programs) + ARRAY_SIZE(plugins) <= PROBE_TOOLS_MAX, "room for all");

unsigned int probe_tools(const char *path, struct probe_tool tools[PROBE_TOOLS_MAX])
{
	unsigned int n = find_all(path, programs, ARRAY_SIZE(programs), tools);

	return n + find_all(plugin_dirs, plugins, ARRAY_SIZE(plugins), tools + n);
}

unsigned int probe_plugins(struct probe_tool tools[PROBE_TOOLS_MAX])
{
	return find_all(plugin_dirs, plugins, ARRAY_SIZE(plugins), tools);
}

static void set(char *to, size_t size, const char *value)
{
	if (value && !*to)
		snprintf(to, size, "%s", value);
}

static void set_exec_opt(struct probe_dockerd *d, const char *opt)
{
	static const char key[] = "native.cgroupdriver=";

	if (opt && !strncmp(opt, key, sizeof(key) - 1))
		set(d->cgroup_driver, sizeof(d->cgroup_driver), opt + sizeof(key) - 1);
}

static void set_option(struct probe_dockerd *d, const char *name, const char *value)
{
	if (!strcmp(name, "--data-root") || !strcmp(name, "-g") || !strcmp(name, "--graph"))
		set(d->data_root, sizeof(d->data_root), value);
	else if (!strcmp(name, "--host") || !strcmp(name, "-H"))
		set(d->socket, sizeof(d->socket), value);
	else if (!strcmp(name, "--exec-opt"))
		set_exec_opt(d, value);
	else if (!strcmp(name, "--cgroup-parent"))
		set(d->cgroup_parent, sizeof(d->cgroup_parent), value);
	else if (!strcmp(name, "--storage-driver") || !strcmp(name, "-s"))
		set(d->storage_driver, sizeof(d->storage_driver), value);
	else if (!strcmp(name, "--config-file"))
		set(d->config, sizeof(d->config), value);
}

/* "--name value" and "--name=value" */
void probe_dockerd_args(const char *argv, size_t len, struct probe_dockerd *d)
{
	const char *end = argv + len, *next;

	for (const char *p = argv; p < end; p = next) {
		size_t n = strnlen(p, (size_t)(end - p)), name_len;
		char name[32];

		next = p + n + 1;
		if (p + n >= end)
			return; /* no NUL: not an argument */
		name_len = strcspn(p, "=");
		if (*p != '-' || name_len >= sizeof(name))
			continue;
		memcpy(name, p, name_len);
		name[name_len] = 0;
		if (p[name_len])
			set_option(d, name, p + name_len + 1);
		else if (next < end && *next != '-' && memchr(next, 0, (size_t)(end - next)))
			set_option(d, name, next);
	}
}

int probe_dockerd_config(const char *path, struct probe_dockerd *d)
{
	char text[64 * 1024];
	ssize_t n = readfile_at(AT_FDCWD, path, text, sizeof(text));
	json_t *j, *v;
	size_t i;

	if (n < 0)
		return (int)n;
	j = json_loadb(text, (size_t)n, 0, NULL);
	if (!j)
		return -EINVAL;
	set(d->data_root, sizeof(d->data_root), json_string_value(json_object_get(j, "data-root")));
	set(d->cgroup_parent, sizeof(d->cgroup_parent), json_string_value(json_object_get(j, "cgroup-parent")));
	set(d->storage_driver, sizeof(d->storage_driver), json_string_value(json_object_get(j, "storage-driver")));
	set(d->socket, sizeof(d->socket), json_string_value(json_array_get(json_object_get(j, "hosts"), 0)));
	json_array_foreach(json_object_get(j, "exec-opts"), i, v)
		set_exec_opt(d, json_string_value(v));
	json_decref(j);
	return 0;
}

/* The running daemon's own version: it may be older than the binary on disk. */
static void ask_daemon(struct probe_dockerd *d)
{
	char docker[256], out[512];
	char *argv[] = { "docker", "-H", d->socket, "version", "--format", "{{.Server.Version}}", NULL };

	if (strncmp(d->socket, "unix://", 7) && strncmp(d->socket, "/", 1))
		return; /* "fd://", a TCP address that may want keys */
	if (!find_tool("/usr/local/bin:/usr/bin", "docker", docker, sizeof(docker)) || why_not_run(docker))
		return;
	if (!probe_run(docker, argv, out, sizeof(out), ASK_MS))
		probe_version(out, d->version, sizeof(d->version));
}

struct daemons {
	struct probe_dockerd *d;
	unsigned int n, max;
};

static int on_proc(void *ctx, const struct zt_ev *ev)
{
	const struct zt_ev_proc *p = (const struct zt_ev_proc *)ev;
	struct daemons *s = ctx;
	struct probe_dockerd *d = &s->d[s->n];

	if (strcmp(p->comm, "dockerd") || s->n == s->max)
		return 0;
	*d = (struct probe_dockerd){ .pid = ev->who.tgid, .trusted = !p->uid || p->uid == geteuid() };
	probe_dockerd_args((const char *)ev + ev->fixed, p->argv_bytes, d);
	s->n++;
	return 0;
}

unsigned int probe_dockerds_quiet(const struct procfs *p, struct probe_dockerd *d, unsigned int max)
{
	struct daemons s = { .d = d, .max = max };

	procfs_snapshot(p, NULL, on_proc, &s);
	for (unsigned int i = 0; i < s.n; i++) {
		if (!d[i].trusted)
			continue;
		probe_dockerd_config(d[i].config[0] ? d[i].config : "/etc/docker/daemon.json", &d[i]);
		if (!d[i].socket[0] || !strcmp(d[i].socket, "fd://")) /* systemd's socket unit listens there */
			strcpy(d[i].socket, "unix:///var/run/docker.sock");
		set(d[i].data_root, sizeof(d[i].data_root), "/var/lib/docker");
	}
	return s.n;
}

unsigned int probe_dockerds(const struct procfs *p, struct probe_dockerd *d, unsigned int max)
{
	unsigned int n = probe_dockerds_quiet(p, d, max);

	for (unsigned int i = 0; i < n; i++)
		if (d[i].trusted)
			ask_daemon(&d[i]);
	return n;
}
