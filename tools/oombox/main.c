// SPDX-License-Identifier: GPL-2.0
/*
 * The failure laboratory: programs that run out of memory, or die otherwise, in a known way.
 * `oombox -l` lists the shapes. Static and without ztrace's library: it runs inside build steps.
 */
#include <stdio.h>
#include <string.h>

#include "oombox.h"

static int usage(FILE *to, int ret)
{
	fprintf(to, "usage: oombox -l | oombox SHAPE [ARG...] | oombox lab SHAPE [ARG...]\n"
		    "Shapes that take the machine as it is:\n");
	for (const struct shape *s = plain_shapes; s->name; s++)
		fprintf(to, "  %-12s %-26s %s\n", s->name, s->args, s->help);
	fprintf(to, "Laboratory: each in memory cgroups of its own, v1 or v2, removed at the end. One line on stdout\n"
		    "says what is true: shape, domain, limit_bytes, victim, victims, code. The exit status is the\n"
		    "victim's (137); 77: not possible here, 124: it took too long. `lab` may be left out where no\n"
		    "shape above has that name.\n");
	for (const struct lab_shape *s = lab_shapes; s->name; s++)
		fprintf(to, "  %-12s %-26s %s\n", s->name, s->args, s->help);
	return ret;
}

int run_shape(int argc, char **argv)
{
	int ret;

	for (const struct shape *s = plain_shapes; argc > 0 && s->name; s++)
		if (!strcmp(argv[0], s->name))
			return s->run(argc, argv);
	if (argc > 1 && !strcmp(argv[0], "lab"))
		argc--, argv++;
	ret = argc > 0 ? lab_run(argc, argv) : -1;
	return ret < 0 ? usage(stderr, EXIT_USAGE) : ret;
}

int main(int argc, char **argv)
{
	if (argc > 1 && (!strcmp(argv[1], "-l") || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")))
		return usage(stdout, 0);
	return run_shape(argc - 1, argv + 1);
}
