/* SPDX-License-Identifier: GPL-2.0 */
/* Every event of a trace, one JSON object a line. */
#include <errno.h>
#include <string.h>

#include "base/i18n.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "source/file.h"
#include "trace/text.h"

static int print(void *ctx, const struct zt_ev *ev)
{
	return text_print(ctx, ev);
}

static int run(const struct options *o)
{
	struct source *s;
	char err[512];

	if (o->nargs != 1) {
		log_error(_("dump wants one FILE; see ztrace dump --help"));
		return EXIT_MISUSE;
	}
	if (source_file_open(&s, o->args[0], err, sizeof(err)) < 0) {
		log_error("%s", err);
		return EXIT_MISUSE;
	}
	while (s->pump(s, 0, print, stdout) >= 0)
		;
	s->close(s);
	if (fflush(stdout) == EOF && errno != EPIPE) {
		log_error(_("cannot write: %s"), strerror(errno));
		return EXIT_OURS;
	}
	return 0;
}

static const struct opt *const opts[] = { &opt_lang, NULL };
const struct command cmd_dump = { "dump", "dump FILE", N_("print every event of a trace as JSON lines"),
				  opts, false, run };
