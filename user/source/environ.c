// SPDX-License-Identifier: GPL-2.0
#include "source/environ.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "source/evbuf.h"
#include "source/procfs.h"
#include "source/redact.h"
#include "source/safeio.h"

#define VALUE_MAX 1024
#define ENVIRON_MAX (64 * 1024)

/* In names, NUL-separated; an empty one ends them. */
static bool listed(const char *names, const char *var, size_t name_len)
{
	for (const char *name = names; *name; name += strlen(name) + 1)
		if (strlen(name) == name_len && !memcmp(name, var, name_len))
			return true;
	return false;
}

struct asked {
	struct zt_id who;
	zt_u64 cgroup;
	zt_u32 flags;
	const char *names;
};

/* "NAME=value"; a value may hold more than a heap's size, so it is masked like an argument. */
static int tell(const struct asked *a, const char *var, size_t name_len, sink_fn sink, void *ctx)
{
	struct {
		struct zt_ev_env ev;
		char tail[64 + VALUE_MAX];
	} e = { 0 };
	size_t len = strnlen(var, sizeof(e.tail) - 1);
	bool masked;

	memcpy(e.tail, var, len);
	len = redact_argv(e.tail, len + 1, &masked);
	if (len <= name_len || e.tail[name_len] != '=')
		return 0;
	e.tail[name_len] = 0;
	e.ev.h = (struct zt_ev){ .size = (zt_u32)(sizeof(e.ev) + len), .fixed = sizeof(e.ev), .kind = ZT_env,
				 .flags = a->flags, .who = a->who, .cgroup = a->cgroup, .ts_ns = evbuf_clock_ns(CLOCK_BOOTTIME) };
	return sink(ctx, &e.ev.h);
}

/* Of PWD the variable need not be true: the directory itself is told. */
static int tell_dir(const struct asked *a, const char *dir, sink_fn sink, void *ctx)
{
	char var[4 + PATH_MAX];

	if (!*dir || !listed(a->names, "PWD", 3))
		return 0;
	snprintf(var, sizeof(var), "PWD=%s", dir);
	return tell(a, var, 3, sink, ctx);
}

/* How many of the names were told, or -errno */
static int answer(int proc, char *buf, size_t size, const struct asked *a, sink_fn sink, void *ctx)
{
	int told = 0;
	struct safeio_proc p;
	char name[32];
	ssize_t n;
	int err;

	snprintf(name, sizeof(name), "%u/environ", a->who.tgid);
	n = safeio_read_below(proc, name, buf, size - 1);
	if (n < 0)
		return (int)n;
	err = safeio_open(&p, proc, &a->who); /* afterwards: still the same process? */
	if (err)
		return err;
	safeio_close(&p);
	buf[n] = 0;
	err = tell_dir(a, p.dir, sink, ctx);
	for (const char *var = buf; var < buf + n && !err; var += strlen(var) + 1) {
		const char *eq = strchr(var, '=');

		if (eq && eq - var < 64 && strncmp(var, "PWD=", 4) && listed(a->names, var, (size_t)(eq - var))) {
			err = tell(a, var, (size_t)(eq - var), sink, ctx);
			told++;
		}
	}
	return err ? err : told;
}

int environ_answer(int proc, char *buf, size_t size, const struct want *w, sink_fn sink, void *ctx)
{
	struct asked a = { .who = w->who, .cgroup = w->cgroup, .names = w->names };
	int n = answer(proc, buf, size, &a, sink, ctx);

	return n < 0 ? n : 0;
}

/* sudo takes the variables away, and GitLab's shell reads them from its script: mostly one of those above has them. */
int environ_ci(int proc, char *buf, size_t size, const struct want *w, sink_fn sink, void *ctx)
{
	for (unsigned int i = 0; i < w->nci_who; i++) {
		struct asked a = { .who = w->ci_who[i], .names = w->ci_names, .flags = ZT_F_ENV_CI };

		if (answer(proc, buf, size, &a, sink, ctx) >= 2)
			break;
	}
	return 0;
}

int environ_own(const struct procfs *p, const char *names, sink_fn sink, void *ctx)
{
	struct want *w = calloc(1, sizeof(*w));
	char *buf = malloc(ENVIRON_MAX);
	zt_u32 pid = (zt_u32)getpid();
	struct procfs_stat st;
	size_t at = 0;
	int err = w && buf ? 0 : -ENOMEM;

	for (; !err && *names && at + strlen(names) + 2 < sizeof(w->ci_names); names += strlen(names) + 1)
		at += strlen(strcpy(w->ci_names + at, names)) + 1;
	for (; !err && pid && w->nci_who < WANT_CI_MAX && !procfs_stat(p, pid, &st); pid = st.ppid)
		w->ci_who[w->nci_who++] = st.id;
	if (!err)
		err = environ_ci(p->dir, buf, ENVIRON_MAX, w, sink, ctx);
	free(buf);
	free(w);
	return err;
}
