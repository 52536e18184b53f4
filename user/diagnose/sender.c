/* SPDX-License-Identifier: GPL-2.0 */
/* Who is known to send SIGKILL, or SIGTERM before it, for lack of memory or for something else. One row each. */
#include "diagnose/sender.h"

#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "builder/argvwords.h"

static const struct sender senders[] = {
	/* comm is cut to 15 bytes */
	{ .comm = "systemd-oomd", .code = "ZT1101", .help = "oomd-limits",
	  .text = N_("see what it watches and where its limits are, or take the build out of it"),
	  .command = "oomctl; systemctl show -p ManagedOOMMemoryPressure -p ManagedOOMSwap '*'" },
	{ .comm = "earlyoom", .code = "ZT1102", .help = "earlyoom-limits",
	  .text = N_("give the host more memory or swap, or let earlyoom wait longer (-m, -s) in its settings"),
	  .command = "sudoedit /etc/default/earlyoom && sudo systemctl restart earlyoom" },
	{ .comm = "nohang", .code = "ZT1103", .help = "oom-daemon",
	  .text = N_("give the host more memory or swap, or change its thresholds"),
	  .command = "sudoedit /etc/nohang/nohang.conf" },
	{ .script = "nohang", .code = "ZT1103", .name = "nohang", .help = "oom-daemon",
	  .text = N_("give the host more memory or swap, or change its thresholds"),
	  .command = "sudoedit /etc/nohang/nohang.conf" },
	{ .comm = "oomd", .code = "ZT1103", .help = "oom-daemon", .text = N_("see its rules: /etc/oomd.json") },
	{ .comm = "bustd", .code = "ZT1103" },
	{ .comm = "low-memory-moni", .code = "ZT1103", .name = "low-memory-monitor" },
	{ .comm = "psi-by-example", .code = "ZT1103" },
	{ .comm = "uresourced", .code = "ZT1103" },
	{ .comm = "kubelet", .code = "ZT1103", .name = N_("kubelet (eviction)"), .help = "eviction",
	  .text = N_("see why the pod was evicted, and what it requests"),
	  .command = "kubectl get events --field-selector reason=Evicted -A" },
	/* not for memory */
	{ .comm = "systemd", .first = true, .name = N_("systemd (a unit was stopped, or took too long)"),
	  .help = "unit", .text = N_("see why systemd ended the unit: TimeoutStopSec, RuntimeMaxSec, or a stop"),
	  .command = "journalctl -u '*' -g 'SIGKILL|timed out' -n 20" },
	{ .comm = "Runner.Worker", .name = N_("the GitHub Actions runner (the job was cancelled or timed out)") },
	{ .comm = "Runner.Listener", .name = N_("the GitHub Actions runner (the job was cancelled or timed out)") },
	{ .comm = "gitlab-runner", .name = N_("gitlab-runner (the job was cancelled or timed out)") },
	{ .comm = "buildkite-agent", .name = N_("buildkite-agent (the job was cancelled or timed out)") },
	{ .comm = "supervisord", .name = "supervisord" },
	{ .comm = "pkill", .name = "pkill" },
	{ .comm = "killall", .name = "killall" },
	{ 0 },
};

/* An interpreter's script, by its base name: python3 /usr/bin/nohang */
static bool is_script(const struct proc *p, const char *name)
{
	struct words w = { p->argv, p->argv + p->argv_bytes };
	const char *word = word_next(&w);

	for (int n = 0; n < 4 && (word = word_next(&w)); n++)
		if (*word != '-')
			return !strcmp(base_name(word), name);
	return false;
}

const struct sender *sender_named(const char *comm)
{
	for (const struct sender *row = senders; row->comm || row->script; row++)
		if (row->comm && !strcmp(row->comm, comm))
			return row;
	return NULL;
}

const struct sender *sender_find(const struct sig *s)
{
	for (const struct sender *row = senders; row->comm || row->script; row++) {
		if (row->comm ? strcmp(s->ev.comm, row->comm) : !s->sender || !is_script(s->sender, row->script))
			continue;
		if (!row->first || s->ev.h.who.tgid == 1)
			return row;
	}
	return NULL;
}
