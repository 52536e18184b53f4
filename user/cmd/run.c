/* SPDX-License-Identifier: GPL-2.0 */
/* Trace one command; explain on stderr when it has exited. */
#include "base/i18n.h"
#include "base/log.h"
#include "cmd/tracing.h"

static int run(const struct options *o)
{
	static const struct tracing t = { .command = true, .explain = true };

	if (!o->nargs) {
		log_error(_("run wants a command: ztrace -- COMMAND …"));
		return EXIT_MISUSE;
	}
	return tracing_run(o, &t);
}

static const struct opt *const opts[] = {
	&opt_format, &opt_publish, &opt_output, &opt_no_trace, &opt_no_host_check, &opt_lang, &opt_color, &opt_user, &opt_require_bpf,
	&opt_oom_exit_code, &opt_hooks, &opt_quiet, &opt_verbose, NULL,
};
const struct command cmd_run = { "run", "[run] [options] -- COMMAND …",
				 N_("trace one build and explain what was killed"), opts, true, run };
