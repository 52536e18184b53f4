/* SPDX-License-Identifier: GPL-2.0 */
/* Watch a part of the machine, until it is gone, or Ctrl-C; on a terminal, a live view. */
#include <errno.h>
#include <string.h>

#include "base/i18n.h"
#include "base/log.h"
#include "cmd/scope.h"
#include "cmd/tracing.h"

static int run(const struct options *o)
{
	struct tracing t = { .explain = true, .as_closed = true, .live = true };
	struct scope_part parts[SCOPES_MAX] = { 0 };
	int n;

	if (o->nargs) {
		log_error(_("attach takes no command; to trace one: ztrace -- %s …"), o->args[0]);
		return EXIT_MISUSE;
	}
	n = scope_find(o, parts);
	if (n < 0)
		return n == -EINVAL ? EXIT_MISUSE : EXIT_OURS;
	t.scopes = parts;
	t.nscopes = (unsigned int)n;
	return tracing_run(o, &t);
}

static const struct opt *const opts[] = {
	&opt_pid, &opt_cgroup, &opt_container, &opt_scope_ci, &opt_format, &opt_publish_to, &opt_output, &opt_no_trace, &opt_no_host_check, &opt_lang, &opt_color,
	&opt_require_bpf, &opt_hooks, &opt_quiet, &opt_verbose, &opt_plain, NULL,
};
const struct command cmd_attach = { "attach", "attach --pid=P|--cgroup=PATH|--container=ID|--ci=NAME [options]",
				    N_("watch one process, cgroup, container or CI until it is gone"), opts, false, run };
