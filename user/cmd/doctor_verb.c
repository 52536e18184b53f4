/* SPDX-License-Identifier: GPL-2.0 */
/* The verb around doctor_main: options, and a trial attach to learn which hooks would serve. */
#include <string.h>

#include "base/i18n.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/doctor.h"
#include "source/bpf.h"

struct trial {
	sink_fn sink;
	void *ctx;
};

static int only_hooks(void *ctx, const struct zt_ev *ev)
{
	struct trial *t = ctx;

	return ev->kind == ZT_hook ? t->sink(t->ctx, ev) : 0;
}

static int trial_attach(void *kind, sink_fn sink, void *ctx)
{
	struct bpf_options bo = { .hooks = kind };
	struct trial t = { sink, ctx };
	struct source *s;
	char err[512];
	int r = bpf_source_open(&s, &bo, only_hooks, &t, err, sizeof(err));

	if (r < 0)
		return r;
	s->close(s);
	return 0;
}

static int run(const struct options *o)
{
	struct doctor_opts d = { .out = stdout };

	for (unsigned int i = 0; i < o->nformats; i++) {
		d.json = !strcmp(o->formats[i], "json");
		if (!d.json && strcmp(o->formats[i], "text") != 0) {
			log_error(_("doctor speaks text and json, not %s"), o->formats[i]);
			return EXIT_MISUSE;
		}
	}
	if (o->verbose) {
		d.hooks = trial_attach;
		d.hooks_ctx = (void *)o->hooks;
	}
	return doctor_main(d);
}

static const struct opt *const opts[] = { &opt_text_json, &opt_lang, &opt_hooks, &opt_verbose, NULL };
const struct command cmd_doctor = { "doctor", "doctor [options]",
				    N_("what this host can tell, and what is missing for more"), opts, false, run };
