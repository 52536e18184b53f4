/* SPDX-License-Identifier: GPL-2.0 */
#include "source/env.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/cleanup.h"
#include "source/evbuf.h"
#include "source/readfile.h"

/* Tells where and when a trace was taken, and of what. */

static zt_s32 utc_offset_s(void)
{
	time_t now = time(NULL);
	struct tm tm;

	return localtime_r(&now, &tm) ? (zt_s32)tm.tm_gmtoff : 0;
}

int env_start_at(const struct env *e, zt_u64 ts_ns, sink_fn sink, void *ctx)
{
	struct zt_ev_start ev = {
		.h = { .size = sizeof(ev), .fixed = sizeof(ev), .kind = ZT_start },
		.utc_offset_s = utc_offset_s(),
		.cgroup_version = e->cgroup_version,
		.page_bytes = (zt_u32)sysconf(_SC_PAGESIZE),
		.cpus = (zt_u32)sysconf(_SC_NPROCESSORS_ONLN),
	};
	struct procfs_stat st;
	zt_u64 before, after;

	ev.h.who = (struct zt_id){ .tgid = (zt_u32)getpid(), .tid = (zt_u32)getpid() };
	if (e->proc && !procfs_stat(e->proc, ev.h.who.tgid, &st))
		ev.h.who = st.id;
	/* The two clocks cannot be read at once: the middle of two readings is half a call off at most. */
	before = evbuf_clock_ns(CLOCK_BOOTTIME);
	ev.realtime_ns = evbuf_clock_ns(CLOCK_REALTIME);
	after = evbuf_clock_ns(CLOCK_BOOTTIME);
	ev.h.ts_ns = before + (after - before) / 2;
	if (ts_ns && ts_ns < ev.h.ts_ns) { /* the clocks then, had nobody set them since */
		ev.realtime_ns -= ev.h.ts_ns - ts_ns;
		ev.h.ts_ns = ts_ns;
	}
	return sink(ctx, &ev.h);
}

int env_start(const struct env *e, sink_fn sink, void *ctx)
{
	return env_start_at(e, 0, sink, ctx);
}

/* Of the form key NUL value[0..len) NUL */
static int fact_bytes(sink_fn sink, void *ctx, const char *key, const char *value, size_t len)
{
	union evbuf *b __free = malloc(sizeof(*b));

	if (!b)
		return -ENOMEM;
	evbuf_start(b, ZT_fact, sizeof(b->fact));
	if (!evbuf_add_str(b, key))
		return -EINVAL;
	if (len > evbuf_room(b) - 1)
		len = evbuf_room(b) - 1;
	evbuf_add(b, value, len);
	evbuf_add(b, "", 1);
	return sink(ctx, &b->h);
}

int env_fact(sink_fn sink, void *ctx, const char *key, const char *value)
{
	return fact_bytes(sink, ctx, key, value, strlen(value));
}

bool env_pretty_name(const char *text, char *buf, size_t size)
{
	static const char key[] = "PRETTY_NAME=";
	const char *p = text;
	char quote = 0;
	size_t n = 0;

	while (strncmp(p, key, sizeof(key) - 1)) {
		p = strchr(p, '\n');
		if (!p++)
			return false;
	}
	p += sizeof(key) - 1;
	if (*p == '"' || *p == '\'')
		quote = *p++;
	for (; *p && *p != '\n' && *p != quote && n + 1 < size; p++) {
		if (*p == '\\' && quote == '"' && p[1] && p[1] != '\n')
			p++;
		buf[n++] = *p;
	}
	buf[n] = 0;
	return n;
}

/* os-release may be a symlink (Debian: to /usr/lib), so this one read follows it. */
static int os_name(const char *root, sink_fn sink, void *ctx)
{
	char path[512], text[8192], name[256];
	int fd __close = -1;

	snprintf(path, sizeof(path), "%s/etc/os-release", root);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		snprintf(path, sizeof(path), "%s/usr/lib/os-release", root);
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	}
	if (fd < 0 || readfile_fd(fd, text, sizeof(text)) < 0 || !env_pretty_name(text, name, sizeof(name)))
		return 0;
	return env_fact(sink, ctx, "os.pretty_name", name);
}

static ssize_t boot_id_text(const char *root, char *buf, size_t size)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/proc/sys/kernel/random/boot_id", root);
	return readfile_line(AT_FDCWD, path, buf, size);
}

int env_boot_id(const char *root, zt_u8 ret[16])
{
	char text[64], *p = text;
	ssize_t n = boot_id_text(root, text, sizeof(text));
	zt_u8 id[16];

	if (n < 0)
		return (int)n;
	for (int i = 0; i < 16; i++, p += 2) {
		p += *p == '-';
		if (sscanf(p, "%2hhx", &id[i]) != 1 || !p[1])
			return -EINVAL;
	}
	memcpy(ret, id, sizeof(id));
	return 0;
}

/* What decides whether a process gets the address space that it asks for */
static int vm_facts(const struct env *e, sink_fn sink, void *ctx)
{
	static const char *const names[] = { "overcommit_memory", "max_map_count" };
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(names) && !err; i++) {
		char path[512], key[64], text[64];

		snprintf(path, sizeof(path), "%s/proc/sys/vm/%s", e->root, names[i]);
		snprintf(key, sizeof(key), "vm.%s", names[i]);
		if (readfile_line(AT_FDCWD, path, text, sizeof(text)) > 0)
			err = env_fact(sink, ctx, key, text);
	}
	return err;
}

static int host_facts(const struct env *e, sink_fn sink, void *ctx)
{
	struct utsname u;
	char id[64];
	int err = 0;

	if (!uname(&u)) {
		err = env_fact(sink, ctx, "kernel.release", u.release);
		err = err ? err : env_fact(sink, ctx, "arch", u.machine);
		err = err ? err : env_fact(sink, ctx, "hostname", u.nodename);
	}
	err = err ? err : os_name(e->root, sink, ctx);
	if (!err && boot_id_text(e->root, id, sizeof(id)) > 0)
		err = env_fact(sink, ctx, "boot.id", id);
	return err ? err : vm_facts(e, sink, ctx);
}

/* The command is masked as a whole: what is secret may depend on the argument before. */
static int command_args(const struct env *e, sink_fn sink, void *ctx)
{
	char *buf __free = malloc(ZT_ARGV_MAX);
	bool masked = false;
	size_t len = 0;
	int err = 0;

	if (!buf)
		return -ENOMEM;
	for (char *const *a = e->argv; *a && len < ZT_ARGV_MAX; a++) {
		size_t n = strnlen(*a, ZT_ARGV_MAX - len - 1);

		memcpy(buf + len, *a, n);
		len += n;
		buf[len++] = 0;
	}
	if (e->redact)
		len = e->redact(buf, len, &masked); /* the ***** say it for themselves */
	for (size_t at = 0; at < len && !err;) {
		size_t n = strnlen(buf + at, len - at);

		err = fact_bytes(sink, ctx, "command.arg", buf + at, n);
		at += n + 1;
	}
	return err;
}

int env_facts(const struct env *e, sink_fn sink, void *ctx)
{
	const char *user = getenv("SUDO_USER");
	char cwd[PATH_MAX];
	int err = host_facts(e, sink, ctx);

	if (!err && e->argv)
		err = command_args(e, sink, ctx);
	if (!err && e->argv && e->trace && *e->trace->text)
		err = env_fact(sink, ctx, e->trace->made ? "command.traceparent.made" : "command.traceparent", e->trace->text);
	if (!err && e->argv && getcwd(cwd, sizeof(cwd)))
		err = env_fact(sink, ctx, "command.cwd", cwd);
	if (!err && user && *user)
		err = env_fact(sink, ctx, "sudo.user", user);
	return err;
}
