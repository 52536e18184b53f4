/* SPDX-License-Identifier: GPL-2.0 */
/* Finds the verb in the table; nothing else. */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/i18n.h"
#include "base/log.h"
#include "cmd/cmd.h"

static const struct command *find(const char *name)
{
	for (const struct command *const *c = commands; *c; c++)
		if (!strcmp((*c)->name, name))
			return *c;
	return NULL;
}

static bool is(const char *arg, const char *a, const char *b)
{
	return arg && (!strcmp(arg, a) || !strcmp(arg, b));
}

/* `ztrace` watches; `ztrace -- CMD` and `ztrace -f json -- CMD` run; else the first word is a verb. */
static const struct command *verb(int argc, char **argv)
{
	if (argc > 1 && argv[1][0] != '-')
		return find(argv[1]);
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--"))
			return &cmd_run;
	return &cmd_watch;
}

int main(int argc, char **argv)
{
	struct options o = { 0 };
	const struct command *c;
	int r, shift;

	i18n_init(NULL);
	if (argc > 1 && (is(argv[1], "-h", "--help") || !strcmp(argv[1], "help"))) {
		opt_usage(stdout);
		return 0;
	}
	if (argc > 1 && is(argv[1], "--version", "-V")) {
		printf("ztrace %s\n", ZTRACE_VERSION);
		return 0;
	}
	c = verb(argc, argv);
	if (!c) {
		log_error(_("%s: no such verb; to trace a command: ztrace -- %s …; see ztrace --help"), argv[1],
			  argv[1]);
		return EXIT_MISUSE;
	}
	shift = argc > 1 && argv[1][0] != '-';
	r = opt_parse(c, argc - shift, argv + shift, &o);
	if (r)
		return r < 0 ? EXIT_MISUSE : 0;
	if (o.lang && i18n_init(o.lang) == -EINVAL) {
		log_error(_("--lang %s: there are en and zh_CN"), o.lang);
		return EXIT_MISUSE;
	}
	if (!c->wraps) /* a traced command gets its dispositions as they were */
		signal(SIGPIPE, SIG_IGN);
	log_set_level(o.quiet ? 0 : 1 + o.verbose);
	return c->run(&o);
}
