/* SPDX-License-Identifier: GPL-2.0 */
/* Record a trace and explain nothing: `ztrace report` does that later, elsewhere, without root. */
#include "base/i18n.h"
#include "base/log.h"
#include "cmd/tracing.h"

static int run(const struct options *o)
{
	struct tracing t = { .command = o->nargs > 0 };

	if (!o->output) {
		log_error(_("record wants -o FILE"));
		return EXIT_MISUSE;
	}
	return tracing_run(o, &t);
}

static const struct opt *const opts[] = {
	&opt_output, &opt_lang, &opt_user, &opt_require_bpf, &opt_hooks, &opt_quiet, &opt_verbose, NULL,
};
const struct command cmd_record = { "record", "record -o FILE [options] [-- COMMAND …]",
				    N_("record a trace without explaining it"), opts, true, run };
