/* SPDX-License-Identifier: GPL-2.0 */
/* Watch the whole machine: each incident is explained as it closes; on a terminal, a live view. */
#include "base/i18n.h"
#include "base/log.h"
#include "cmd/tracing.h"

static int run(const struct options *o)
{
	static const struct tracing t = { .explain = true, .as_closed = true, .live = true };

	if (o->nargs) {
		log_error(_("watch takes no command; to trace one: ztrace -- %s …"), o->args[0]);
		return EXIT_MISUSE;
	}
	return tracing_run(o, &t);
}

static const struct opt *const opts[] = {
	&opt_format, &opt_publish, &opt_output, &opt_no_trace, &opt_no_host_check, &opt_lang, &opt_color, &opt_require_bpf, &opt_hooks, &opt_quiet, &opt_verbose, &opt_plain, NULL,
};
const struct command cmd_watch = { "watch", "[watch] [options]",
				   N_("watch the whole machine until Ctrl-C"), opts, false, run };
