/* SPDX-License-Identifier: GPL-2.0 */
/* Commands that a CI job or a shell shows before it runs them, and what it says of how they ended. */
#include <ctype.h>
#include <stdlib.h>

#include "log/build.h"

static void command(struct log_build *b, const char *text, const struct logline *l)
{
	struct build_step *s = b->command >= 0 ? &b->steps[b->command] : NULL;

	if (!*text || strlen(text) > TEXT_MAX)
		return;
	if (s && s->state == ZT_STEP_RUNNING)
		step_end(b, s, ZT_STEP_DONE, l);
	if (!b->command_build)
		b->command_build = ++b->builds;
	s = step_new(b, ZT_LOG_COMMAND, b->command_build, text, strlen(text), l);
	b->command = s ? (int)(s - b->steps) : -1;
	b->current = -1;
	if (s)
		step_tell(b, s);
}

/*
 * GitHub "##[group]Run make", Azure "##[section]Starting: …" and the script's lines, GitLab and Buildkite "$ make",
 * Jenkins "+ make" of sh -x, TeamCity. The prompt of a shell is "$ " as well, and so is a pasted one.
 */
static bool shows_command(struct log_build *b, const struct logline *l)
{
	const char *p;

	if (b->current >= 0)
		return false; /* output of a builder's step */
	if (begins(l->text, "##[group]Run ", &p) || begins(l->text, "$ ", &p) || begins(l->text, "+ ", &p) ||
	    begins(l->text, "Starting: ", &p)) {
		if (*p && !isspace((unsigned char)*p))
			command(b, p, l);
		return true;
	}
	return begins(l->text, "##[group]", NULL) || begins(l->text, "##[endgroup]", NULL) ||
	       begins(l->text, "section_start:", NULL) || begins(l->text, "section_end:", NULL);
}

/* How a CI says that a command failed, up to the number */
static const char *const ends[] = {
	"##[error]Process completed with exit code ", /* GitHub */
	"ERROR: Job failed: exit code ", "ERROR: Job failed: exit status ", "ERROR: Job failed: command terminated with exit code ",
	"ERROR: script returned exit code ",	      /* Jenkins */
	"##[error]Bash exited with code '", "##[error]The process '", "##[error]Cmd.exe exited with code '", /* Azure */
	"Error: The command exited with status ", "Exited with code exit status ", "Exited with code ", /* Buildkite, CircleCI */
	"Process exited with code ",		      /* TeamCity */
	"The command \"", "exit=", "command terminated with exit code ", "Build step 'Execute shell' marked build as failure",
};

static bool says_end(struct log_build *b, const struct logline *l)
{
	struct build_step *s = b->command >= 0 ? &b->steps[b->command] : NULL;
	struct log_said said = { .what = ZT_SAID_EXIT };
	const char *p = NULL;
	char *end;

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]) && !p; i++) {
		const char *at = strstr(l->text, ends[i]);

		if (at && at - l->text < 12)
			p = at + strlen(ends[i]);
	}
	if (!p)
		return false;
	said.number = (int)strtol(p, &end, 10);
	if (end == p)
		said.number = exit_code_in(l->text);
	if (said.number < 0 || said.number > 255)
		return false;
	if (s && s->state == ZT_STEP_RUNNING) {
		step_status(s, said.number);
		if (said.number)
			step_end(b, s, ZT_STEP_FAILED, l);
		else
			step_end(b, s, ZT_STEP_DONE, l);
	}
	if (said.number)
		build_say_as(b, s, &said, l->text, l);
	return true;
}

bool ci_line(struct log_build *b, const struct logline *l)
{
	return says_end(b, l) || shows_command(b, l);
}
