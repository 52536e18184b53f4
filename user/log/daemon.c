/* SPDX-License-Identifier: GPL-2.0 */
/* Daemons that end processes before the kernel has to, in their own words: earlyoom, systemd-oomd, nohang. */
#include <stdlib.h>

#include "log/internal.h"

struct log_daemon {
	struct log_emit *e;
	uint32_t told_pid; /* it is told twice when it does not go at once */
	uint32_t pid;	   /* nohang's, of the last victim that it looked at */
	char name[64];
};

struct victim {
	const char *daemon;
	char name[256]; /* a command, or a cgroup's path; "": not told */
	uint32_t pid;	/* 0: not told */
	uint64_t bytes; /* likewise */
};

struct log_daemon *daemon_new(struct log_emit *e)
{
	struct log_daemon *d = calloc(1, sizeof(*d));

	if (d)
		d->e = e;
	return d;
}

void daemon_free(struct log_daemon *d)
{
	free(d);
}

static void copy(char *dst, size_t cap, const char *s, size_t len)
{
	len = len < cap - 1 ? len : cap - 1;
	memcpy(dst, s, len);
	dst[len] = 0;
}

static bool signalled(const char *s, const char **rest)
{
	return begins(s, "SIGTERM to ", rest) || begins(s, "SIGKILL to ", rest);
}

/* sending SIGTERM to process 3170 uid 1000 "cc1plus": badness 812, VmRSS 2871 MiB      (oom_score …, cmdline "…" since 1.8) */
static bool earlyoom(const char *s, struct victim *v)
{
	const char *p, *name, *end, *rss;
	char *num;

	if (!begins(s, "sending ", &p) || !signalled(p, &p) || !begins(p, "process ", &p))
		return false;
	v->pid = (uint32_t)strtoul(p, &num, 10);
	name = num > p ? strchr(num, '"') : NULL;
	end = name ? strstr(++name, "\": ") : NULL;
	rss = end ? strstr(end, ", VmRSS ") : NULL;
	if (!rss)
		return false;
	v->daemon = "earlyoom";
	copy(v->name, sizeof(v->name), name, (size_t)(end - name));
	v->bytes = strtoull(rss + 8, NULL, 10) << 20;
	return true;
}

/* Killed /system.slice/docker-….scope due to memory pressure for /system.slice being 84.71% > 50.00% for > 20s … */
static bool oomd(const char *s, struct victim *v)
{
	const char *p, *end;

	if (!begins(s, "Killed /", &p) || !(end = strstr(p, " due to memory ")))
		return false;
	v->daemon = "systemd-oomd";
	copy(v->name, sizeof(v->name), p - 1, (size_t)(end - p + 1));
	return true;
}

/* "  PID: 3170, Name: cc1plus, badness: 812", then "Implementing a corrective action:", "  Sending SIGTERM to the victim" */
static bool nohang(struct log_daemon *d, const char *s, struct victim *v)
{
	const char *p = strstr(s, "PID: "), *name = p ? strstr(p, ", Name: ") : NULL;

	if (name) {
		d->pid = (uint32_t)strtoul(p + 5, NULL, 10);
		copy(d->name, sizeof(d->name), name + 8, strcspn(name + 8, ","));
		return false;
	}
	s += strspn(s, " ");
	if (!begins(s, "Sending ", &p) || !signalled(p, &p) || strcmp(p, "the victim"))
		return false;
	v->daemon = "nohang";
	v->pid = d->pid;
	copy(v->name, sizeof(v->name), d->name, strlen(d->name));
	d->pid = 0;
	d->name[0] = 0;
	return true;
}

/* The program that logged it; where there is no syslog, its own words have to do */
static bool is_of(const struct logline *l, const char *name)
{
	return !l->tag || begins(l->tag, name, NULL);
}

static void tell(struct log_daemon *d, const struct logline *l, const struct victim *v)
{
	struct zt_ev_logline *e = emit_start(d->e, ZT_logline, sizeof(*e), l->wall_ns);

	e->what = ZT_SAID_DAEMON;
	e->number = (zt_s32)v->pid;
	e->bytes = v->bytes;
	emit_str(d->e, v->name);
	emit_str(d->e, v->daemon);
	emit_strn(d->e, l->text, l->len < 512 ? l->len : 512);
	emit_done(d->e);
}

bool daemon_line(struct log_daemon *d, const struct logline *l)
{
	struct victim v = { 0 };

	if (!((is_of(l, "earlyoom") && earlyoom(l->text, &v)) || (is_of(l, "systemd-oomd") && oomd(l->text, &v)) ||
	      (l->tag && is_of(l, "nohang") && nohang(d, l->text, &v))))
		return false;
	if (!v.pid || v.pid != d->told_pid)
		tell(d, l, &v);
	d->told_pid = v.pid;
	return true;
}
