/* SPDX-License-Identifier: GPL-2.0 */
/* Which ways there are to learn of a build here, with BPF and without, and what each cannot see. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/i18n.h"
#include "cmd/doctor.h"
#include "cmd/fallback.h"
#include "source/oomwatch.h"
#include "source/probe.h"
#include "source/procconn.h"

static void ask_counts(struct doctor_sources *s, const struct cgroupfs *cg, const char *own_path)
{
	struct oomwatch *w __free = malloc(sizeof(*w));

	if (!w)
		return;
	oomwatch_init(w, cg, "/proc", probe_in_namespace("cgroup"));
	if (*own_path)
		oomwatch_add(w, own_path);
	s->counts = oomwatch_counts(w);
	s->sees_root = w->sees_root;
	s->host_counts = w->vmstat >= 0;
	oomwatch_done(w);
}

static int ask_connector(void)
{
	struct procconn *c __free = calloc(1, sizeof(*c));
	int err = c ? geteuid() ? -EPERM : procconn_open(c, NULL) : -ENOMEM;

	if (!err)
		procconn_close(c);
	return err;
}

void doctor_sources_find(struct doctor_sources *s, const struct cgroupfs *cg, const char *own_path, bool bpf)
{
	s->bpf = bpf;
	s->cgroup_version = cg->version;
	s->connector = ask_connector();
	if (shim_find(s->shim, sizeof(s->shim)))
		s->shim[0] = 0;
	ask_counts(s, cg, own_path);
}

bool doctor_sources_any(const struct doctor_sources *s)
{
	return s->shim[0] || s->counts || s->host_counts;
}

static void say_counts(const struct doctor_sources *s, char *buf, size_t size)
{
	const char *file = s->cgroup_version == 2 ? "memory.events" : "memory.oom_control";

	if (s->counts)
		snprintf(buf, size, s->sees_root ?
			 _("cgroup files: %s counts OOM kills and tells whose limit; not which process") :
			 _("cgroup files: %s counts OOM kills; not which process, nor whose limit above what is seen here"),
			 file);
	else
		snprintf(buf, size, "%s", s->host_counts ? _("cgroup files: none that counts; /proc/vmstat counts the machine's OOM kills") :
							   _("cgroup files: none that counts OOM kills"));
}

/* The n-th of those that a build is seen by, best first */
static void say_line(const struct doctor_sources *s, unsigned int n, char *buf, size_t size)
{
	switch (n) {
	case 0:
		snprintf(buf, size, "%s", s->bpf ? _("eBPF: everything, confirmed") : _("eBPF: none, so what is said is likely at best"));
		return;
	case 1:
		snprintf(buf, size, s->connector ?
			 _("process connector: none (%s)") :
			 _("process connector: every start and end, those in a daemon's containers, too; not who sent a "
			   "signal, nor the network"), strerror(-s->connector));
		return;
	case 2:
		snprintf(buf, size, "%s", s->shim[0] ?
			 _("preloaded library: what the programs of `ztrace run` tell of themselves; not static ones, Go's and "
			   "set-user-id ones") :
			 _("preloaded library: none here (libztrace-shim.so)"));
		return;
	case 3:
		snprintf(buf, size, "%s", _("/proc: what runs for a quarter of a second or more; not how it ended"));
		return;
	default:
		say_counts(s, buf, size);
	}
}

void doctor_sources_print(const struct doctor_sources *s, size_t indent, FILE *f)
{
	char line[512];

	for (unsigned int n = 0; n < 5; n++) {
		say_line(s, n, line, sizeof(line));
		doctor_fold(f, indent, n ? "" : _("sources"), line);
	}
}

json_t *doctor_sources_json(const struct doctor_sources *s)
{
	return json_pack("{s:b, s:b, s:s*, s:b, s:b}", "bpf", s->bpf, "process_connector", !s->connector, "shim", s->shim[0] ? s->shim : NULL, "cgroup_counts", s->counts,
			 "host_counts", s->host_counts);
}
