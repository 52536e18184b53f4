/* SPDX-License-Identifier: GPL-2.0 */
/* Explain a build that is over, from its log and the kernel's; no root, no trace. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/i18n.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "session.h"
#include "source/logs.h"

/* The kernel's first: what is joined with it comes after. */
static const char **log_names(const struct options *o)
{
	const char **names = calloc((size_t)o->nargs + 3, sizeof(*names));
	int n = 0;

	if (!names)
		return NULL;
	if (o->kernel_log)
		names[n++] = o->kernel_log;
	for (int i = 0; i < o->nargs; i++)
		names[n++] = o->args[i];
	if (!n)
		names[n] = "-";
	return names;
}

static int nothing_found(const struct model *m)
{
	for (const struct log *l = m->logs; l; l = l->next)
		if (l->kinds)
			return 0;
	log_error(_("neither a build log nor a kernel log that tells of a kill: name what the builder printed, and what "
		    "sudo dmesg or journalctl -k prints"));
	return EXIT_MISUSE;
}

static int diagnose_logs(const struct options *o, struct session *s)
{
	const char **names __free = log_names(o);
	char err[512];
	int r, ret;

	if (!names || session_init(s, o->quiet, o->verbose > 0) < 0) {
		log_error(_("out of memory"));
		return EXIT_OURS;
	}
	r = source_logs_open(&s->src, names, o->kernel_log != NULL, err, sizeof(err));
	if (r < 0) {
		log_error("%s", err);
		return EXIT_MISUSE;
	}
	if (opt_outputs(o, s, stdout) < 0)
		return EXIT_MISUSE;
	while ((r = session_pump(s, 0)) >= 0)
		;
	if (r != -ENODATA) {
		log_error(_("a log could not be read to its end: %s"), strerror(-r));
		return EXIT_MISUSE;
	}
	ret = nothing_found(s->model);
	if (ret)
		return ret;
	return session_finish(s) < 0 ? EXIT_OURS : 0;
}

static int run(const struct options *o)
{
	struct session *s __free = calloc(1, sizeof(*s));
	int ret;

	if (!s) {
		log_error(_("out of memory"));
		return EXIT_OURS;
	}
	ret = diagnose_logs(o, s);
	session_done(s);
	return ret;
}

static const struct opt opt_kernel_log = { "kernel-log", 'k', OPT_STR, offsetof(struct options, kernel_log), "FILE",
					   N_("the kernel log: of dmesg, journalctl -k, kern.log") };
static const struct opt *const opts[] = {
	&opt_kernel_log, &opt_format, &opt_lang, &opt_color, &opt_quiet, &opt_verbose, NULL,
};
const struct command cmd_diagnose = { "diagnose", "diagnose [options] [LOG …]",
				      N_("explain from a build log and the kernel log, afterwards"), opts, false, run };
