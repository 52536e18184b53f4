/* SPDX-License-Identifier: GPL-2.0 */
/* Render recorded traces; no root. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/i18n.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/post.h"
#include "cmd/publish.h"
#include "render/render.h"
#include "session.h"
#include "source/file.h"

static int report_one(const struct options *o, const char *path)
{
	const char *ci;
	struct session s;
	char err[512];
	int r, ret = EXIT_MISUSE;

	if (session_init(&s, o->quiet, o->verbose > 0) < 0) {
		log_error(_("out of memory"));
		return EXIT_OURS;
	}
	r = source_file_open(&s.src, path, err, sizeof(err));
	if (r < 0) {
		log_error("%s", err);
		goto out;
	}
	if (opt_outputs(o, &s, stdout) < 0 || publish_open(o, &s, &ci) < 0)
		goto out;
	while (session_pump(&s, 0) >= 0)
		;
	ret = session_finish(&s) < 0 ? EXIT_OURS : 0;
	post_outputs(&s);
	publish_finish(ci);
out:
	session_done(&s);
	return ret;
}

static int run(const struct options *o)
{
	char kept[4096];
	int ret = 0;

	if (o->schema)
		return fputs(render_schema(), stdout) < 0 ? EXIT_OURS : 0;
	if (!o->nargs) {
		if (store_newest(kept, sizeof(kept)) < 0) {
			log_error(_("no trace has been recorded yet by this user; name a FILE, or record one with "
				    "sudo ztrace -- COMMAND"));
			return EXIT_MISUSE;
		}
		return report_one(o, kept);
	}
	for (int i = 0; i < o->nargs; i++) {
		const char *name = o->args[i];
		int r = report_one(o, access(name, F_OK) && !store_find(name, kept, sizeof(kept)) ? kept : name);

		if (r > ret)
			ret = r;
	}
	return ret;
}

static const struct opt *const opts[] = {
	&opt_format, &opt_publish, &opt_lang, &opt_color, &opt_quiet, &opt_verbose, &opt_schema, NULL,
};
const struct command cmd_report = { "report", "report [options] [FILE|ID …]",
				    N_("explain recorded traces (default: the newest)"), opts, false, run };
