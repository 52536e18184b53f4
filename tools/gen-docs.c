/* SPDX-License-Identifier: GPL-2.0 */
/* Prints the manual page or the bash completion from the tables that ztrace itself reads its arguments by. */
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "diagnose/diagnose.h"
#include "render/render.h"

/* roff: a dash that is typed is \-, a line must not begin with a control character. */
static void roff(const char *s)
{
	bool start = true;

	for (; *s; s++) {
		if (start && (*s == '.' || *s == '\''))
			fputs("\\&", stdout);
		start = *s == '\n';
		if (!strncmp(s, "…", strlen("…"))) {
			fputs("...", stdout);
			s += strlen("…") - 1;
		} else if (*s == '-') {
			fputs("\\-", stdout);
		} else if (*s == '\\') {
			fputs("\\e", stdout);
		} else {
			putchar(*s);
		}
	}
}

static void man_option(const struct opt *o)
{
	fputs(".TP\n", stdout);
	if (o->letter)
		printf("\\fB\\-%c\\fR, ", o->letter);
	fputs("\\fB\\-\\-", stdout);
	roff(o->name);
	fputs("\\fR", stdout);
	if (o->metavar) {
		fputs("=\\fI", stdout);
		roff(o->metavar);
		fputs("\\fR", stdout);
	}
	putchar('\n');
	roff(o->help);
	fputs(".\n", stdout);
}

static void man_verb(const struct command *c)
{
	fputs(".SS ztrace ", stdout);
	roff(c->args);
	putchar('\n');
	roff(c->help);
	fputs(".\n", stdout);
	for (const struct opt *const *o = c->opts; *o; o++)
		man_option(*o);
}

static void man_codes(void)
{
	for (const struct code *c = codes; c->code; c++) {
		printf(".SS \"%s ", c->code);
		roff(c->title);
		fputs("\"\n.nf\n", stdout);
		roff(c->text);
		fputs(".fi\n", stdout);
	}
}

static void man_formats(void)
{
	for (const struct renderer *const *r = renderers; *r; r++) {
		printf(".TP\n.B %s\n", (*r)->name);
		roff((*r)->help);
		fputs(".\n", stdout);
	}
}

static const char man_head[] =
	".SH NAME\nztrace \\- tell why a build step was killed\n.SH SYNOPSIS\n"
	"\\fBsudo ztrace\\fR [\\fIoptions\\fR] \\fB\\-\\-\\fR \\fICOMMAND\\fR ...\n.br\n\\fBsudo ztrace\\fR\n.br\n"
	"\\fBztrace\\fR \\fIVERB\\fR [\\fIoptions\\fR] ...\n.SH DESCRIPTION\n"
	"ztrace watches a build, or the whole machine, with eBPF, and explains what was killed: which step of which\n"
	"Dockerfile it belonged to, which memory limit was exceeded, who held the memory at that instant, or who\n"
	"else sent the SIGKILL.\nWithout a verb it runs the command after \\fB\\-\\-\\fR; without a command, it watches.\n"
	".SH VERBS\n";

static const char man_tail[] =
	".SH EXIT STATUS\nThat of the traced command, 128 + N when it died of signal N.\nztrace's own failures are\n"
	".TP\n.B 2\nmisuse, or a file that cannot be read;\n"
	".TP\n.B 125\na failure before the command was started;\n"
	".TP\n.B 126\nthe command cannot be executed;\n.TP\n.B 127\nthere is no such command.\n"
	".SH ENVIRONMENT\n.TP\n.B ZTRACE_LANG\nlanguage of the report, before LC_ALL, LC_MESSAGES and LANG.\n"
	".TP\n.B ZTRACE_LOCALEDIR\nwhere to look for translations first.\n"
	".SH FILES\n.TP\n.I /var/lib/ztrace\nthe newest traces, where \\fB\\-o\\fR was not given.\n"
	".SH NOTES\nTracing needs root, or CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH;\n"
	"\\fBreport\\fR, \\fBdump\\fR and \\fBexplain\\fR need nothing.\n"
	".SH SEE ALSO\n\\fBdocker\\-build\\fR(1), \\fBcgroups\\fR(7), \\fBproc\\fR(5)\n";

static void man(void)
{
	fputs(".\\\" Made by tools/gen-docs.c.\n.TH ZTRACE 1 \"\" \"ztrace " ZTRACE_VERSION "\"\n", stdout);
	fputs(man_head, stdout);
	for (const struct command *const *c = commands; *c; c++)
		man_verb(*c);
	fputs(".SH FORMATS\n", stdout);
	man_formats();
	fputs(".SH CODES\n", stdout);
	man_codes();
	fputs(man_tail, stdout);
}

/* What follows an option: one of a list, a user, a file, or nothing we know. */
static void bash_values(const struct opt *o)
{
	fputs("\t", stdout);
	if (o->letter)
		printf("-%c | ", o->letter);
	printf("--%s) ", o->name);
	if (o->type == OPT_FORMAT) {
		fputs("mapfile -t COMPREPLY < <(compgen -W '", stdout);
		for (const struct renderer *const *r = renderers; *r; r++)
			printf("%s%s", r == renderers ? "" : " ", (*r)->name);
		fputs("' -- \"$cur\"); ", stdout);
	}
	if (strchr(o->metavar, '|')) {
		fputs("mapfile -t COMPREPLY < <(compgen -W '", stdout);
		for (const char *p = o->metavar; *p; p++)
			putchar(*p == '|' ? ' ' : *p);
		fputs("' -- \"$cur\"); ", stdout);
	} else if (!strcmp(o->metavar, "FILE"))
		fputs("mapfile -t COMPREPLY < <(compgen -f -- \"$cur\"); ", stdout);
	else if (!strcmp(o->metavar, "NAME"))
		fputs("mapfile -t COMPREPLY < <(compgen -u -- \"$cur\"); ", stdout);
	fputs("return ;;\n", stdout);
}

static bool seen_before(const struct command *const *until, const struct opt *o)
{
	for (const struct command *const *c = commands; c != until; c++)
		for (const struct opt *const *p = (*c)->opts; *p; p++)
			if (!strcmp((*p)->name, o->name))
				return true;
	return false;
}

static void bash_verb(const struct command *c)
{
	printf("\t%s) opts='--help", c->name);
	for (const struct opt *const *o = c->opts; *o; o++)
		printf(" --%s", (*o)->name);
	fputs("' ;;\n", stdout);
}

static const char bash_head[] =
	"# Made by tools/gen-docs.c.\n"
	"# shellcheck shell=bash\n"
	"_ztrace()\n{\n"
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} verb=${COMP_WORDS[1]} opts='' i\n\n"
	"\tCOMPREPLY=()\n"
	"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	"\t\t[[ ${COMP_WORDS[i]} == -- ]] || continue\n"
	"\t\t! declare -F _command_offset >/dev/null || _command_offset $((i + 1))\n"
	"\t\treturn\n\tdone\n"
	"\t[[ $cur != = ]] || cur=''\n"
	"\t[[ $prev != = ]] || prev=${COMP_WORDS[COMP_CWORD-2]}\n"
	"\tcase $prev in\n";

static void bash(void)
{
	fputs(bash_head, stdout);
	for (const struct command *const *c = commands; *c; c++)
		for (const struct opt *const *o = (*c)->opts; *o; o++)
			if ((*o)->metavar && !seen_before(c, *o))
				bash_values(*o);
	fputs("\tesac\n\tif ((COMP_CWORD == 1)) && [[ $cur != -* ]]; then\n"
	      "\t\tmapfile -t COMPREPLY < <(compgen -W '", stdout);
	for (const struct command *const *c = commands; *c; c++)
		printf("%s%s", c == commands ? "" : " ", (*c)->name);
	fputs("' -- \"$cur\")\n\t\treturn\n\tfi\n\t[[ $verb != -* ]] || verb=run\n\tcase $verb in\n", stdout);
	for (const struct command *const *c = commands; *c; c++)
		bash_verb(*c);
	fputs("\tesac\n\tif [[ $cur == -* ]]; then\n"
	      "\t\tmapfile -t COMPREPLY < <(compgen -W \"$opts\" -- \"$cur\")\n"
	      "\telif [[ $verb == explain ]]; then\n\t\tmapfile -t COMPREPLY < <(compgen -W '", stdout);
	for (const struct code *c = codes; c->code; c++)
		printf("%s%s", c == codes ? "" : " ", c->code);
	fputs("' -- \"$cur\")\n\telif [[ $verb == report || $verb == dump ]]; then\n"
	      "\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n\tfi\n}\n"
	      "complete -o filenames -F _ztrace ztrace\n", stdout);
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "man"))
		man();
	else if (argc == 2 && !strcmp(argv[1], "bash"))
		bash();
	else
		return fputs("usage: gen-docs man|bash\n", stderr), 2;
	return fflush(stdout) || ferror(stdout) ? 1 : 0;
}
