/* SPDX-License-Identifier: GPL-2.0 */
/* The long text of a diagnosis code. */
#include <string.h>
#include <strings.h>

#include "base/i18n.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "diagnose/diagnose.h"

static int list(void)
{
	for (const struct code *c = codes; c->code; c++)
		printf("%s  %s\n", c->code, _(c->title));
	return 0;
}

static int run(const struct options *o)
{
	if (!o->nargs)
		return list();
	for (const struct code *c = codes; c->code; c++)
		if (!strcasecmp(c->code, o->args[0])) {
			printf("%s: %s\n\n%s", c->code, _(c->title), _(c->text));
			return 0;
		}
	log_error(_("%s: no such code; ztrace explain lists them all"), o->args[0]);
	return EXIT_MISUSE;
}

static const struct opt *const opts[] = { &opt_lang, NULL };
const struct command cmd_explain = { "explain", "explain [CODE]", N_("what a diagnosis code means, at length"),
				     opts, false, run };
