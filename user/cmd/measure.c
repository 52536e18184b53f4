/* SPDX-License-Identifier: GPL-2.0 */
/* Run a build with its memory limits lifted, to learn what it needs. */
#include "base/i18n.h"
#include "base/log.h"
#include "cmd/tracing.h"

static int run(const struct options *o)
{
	static const struct tracing t = { .command = true, .explain = true, .measure = true };

	if (!o->nargs) {
		log_error(_("measure wants a command: ztrace measure -- COMMAND …"));
		return EXIT_MISUSE;
	}
	return tracing_run(o, &t);
}

static const struct opt opt_swap = { "swap", 0, OPT_SIZE, offsetof(struct options, swap_bytes), "SIZE",
				     N_("swap to a file of SIZE (2G) for the time of the build, too") };
static const struct opt *const opts[] = {
	&opt_swap, &opt_format, &opt_output, &opt_no_trace, &opt_lang, &opt_color, &opt_user, &opt_require_bpf, &opt_hooks, &opt_quiet,
	&opt_verbose, NULL,
};
const struct command cmd_measure = { "measure", "measure [options] -- COMMAND …",
				     N_("run a build with its memory limits lifted, and say what it needs"), opts, true,
				     run };
