/* SPDX-License-Identifier: GPL-2.0 */
/* Which ways there are to learn of a build here, with BPF and without, and what each cannot see. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/i18n.h"
#include "cmd/doctor.h"
#include "cmd/fallback.h"
#include "source/oomwatch.h"
#include "source/probe.h"

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

void doctor_sources_find(struct doctor_sources *s, const struct cgroupfs *cg, const char *own_path, bool bpf)
{
	s->bpf = bpf;
	s->cgroup_version = cg->version;
	if (shim_find(s->shim, sizeof(s->shim)))
		s->shim[0] = 0;
	ask_counts(s, cg, own_path);
}

bool doctor_sources_any(const struct doctor_sources *s)
{
	return s->shim[0] || s->counts || s->host_counts;
}

/* The n-th of three */
static void say_line(const struct doctor_sources *s, unsigned int n, char *buf, size_t size)
{
	const char *file = s->cgroup_version == 2 ? "memory.events" : "memory.oom_control";

	*buf = 0;
	if (n == 0)
		snprintf(buf, size, "%s", s->bpf ? _("eBPF: everything, confirmed") : _("eBPF: none"));
	if (n == 1 && s->shim[0])
		snprintf(buf, size, _("without it, preloaded into what `ztrace run` starts: %s; not static programs, Go's, "
				      "set-user-id ones, and what a daemon starts"), s->shim);
	if (n == 1 && !s->shim[0])
		snprintf(buf, size, _("without it, preloaded: no %s here; processes are only looked for in /proc"),
			 "libztrace-shim.so");
	if (n == 2 && s->counts)
		snprintf(buf, size, s->sees_root ?
			 _("cgroup files: %s counts OOM kills and tells whose limit; not which process") :
			 _("cgroup files: %s counts OOM kills; not which process, nor whose limit above what is seen here"),
			 file);
	if (n == 2 && !s->counts)
		snprintf(buf, size, "%s", s->host_counts ? _("cgroup files: none that counts; /proc/vmstat counts the machine's OOM kills") :
							   _("cgroup files: none that counts OOM kills"));
}

void doctor_sources_print(const struct doctor_sources *s, size_t indent, FILE *f)
{
	char line[sizeof(s->shim) + 256];

	for (unsigned int n = 0; n < 3; n++) {
		say_line(s, n, line, sizeof(line));
		doctor_fold(f, indent, n ? "" : _("sources"), line);
	}
}

json_t *doctor_sources_json(const struct doctor_sources *s)
{
	return json_pack("{s:b, s:s*, s:b, s:b}", "bpf", s->bpf, "shim", s->shim[0] ? s->shim : NULL, "cgroup_counts", s->counts,
			 "host_counts", s->host_counts);
}
