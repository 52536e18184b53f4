/* SPDX-License-Identifier: GPL-2.0 */
/* What is known of the builds in a log while its lines come. One file a format, one row in build.c's table. */
#ifndef LOG_BUILD_H
#define LOG_BUILD_H

#include "log/internal.h"

#define STEPS_MAX 4096
#define TEXT_MAX 8192
#define NAME_LEN 64
#define SAID_KINDS 16
#define SAID_EACH 6 /* lines of one kind that are told of a step */

struct build_step {
	uint32_t key;  /* #7 of BuildKit; hash of a name; 0: none */
	uint32_t build, step;
	uint32_t builder, state;
	uint32_t index, total;
	bool status_known, told, internal;
	int32_t status; /* exit code */
	uint64_t started_ns, ended_ns, duration_ns;
	char *text;
	char stage[NAME_LEN], service[NAME_LEN], container[72];
	char *error;
	unsigned char said[SAID_KINDS];
};

struct log_build {
	struct log_emit *e;
	struct build_step *steps; /* of the build that is at work now, and the commands around it */
	unsigned int nsteps, cap, total_steps, lines_told;
	uint32_t builds;	  /* so many so far */
	uint32_t build, command_build; /* numbers; 0: none now */
	int current, failed, command; /* indices in steps; -1: none */
	uint64_t wall_ns;	  /* of the newest line that has a time */
	/* BuildKit */
	char services[32][NAME_LEN]; /* prefixes that are services: seen as "[web internal]" */
	unsigned int nservices;
	bool in_block, tty;	  /* between ------ lines; a terminal's output */
	/* "Dockerfile:3", then a line of dashes, then lines of it */
	char source_path[256];
	int source_state;
	char service[NAME_LEN];	  /* compose 1.x: "Building web" */
	bool expect_command;	  /* a CI's next line is a command */
	unsigned char said[SAID_KINDS]; /* of the build as a whole */
	unsigned int seen_formats;
};

/* A new step; its text is kept. NULL: no room */
struct build_step *step_new(struct log_build *b, uint32_t builder, uint32_t build, const char *text, size_t len,
			    const struct logline *l);
void step_tell(struct log_build *b, struct build_step *s);
void step_end(struct log_build *b, struct build_step *s, uint32_t state, const struct logline *l);
void step_status(struct build_step *s, int status);
void build_fresh(struct log_build *b); /* the next steps are another build's */
void step_set_text(struct build_step *s, const char *text, size_t len);
struct build_step *step_by_key(struct log_build *b, uint32_t key);
/* What a line says, if it says something: of that step, or of the build (s NULL) */
void build_say(struct log_build *b, struct build_step *s, const char *line, size_t len, const struct logline *l);
void build_say_as(struct log_build *b, struct build_step *s, const struct log_said *said, const char *line,
		  const struct logline *l);
/* What a builder says went wrong with a step: its exit code, for memory, cancelled, something else */
void build_error(struct log_build *b, struct build_step *s, const char *error, const struct logline *l);

/* "exit code: 137", "exit status 2", "exited with code 137", "non-zero code: 1"; -1: none */
int exit_code_in(const char *s);
/* "[web build 3/9] RUN make": parts into s, the rest is its text */
bool vertex_name(struct log_build *b, struct build_step *s, const char *name, const char **text);

/* build_buildkit.c */
bool plain_line(struct log_build *b, const struct logline *l);
bool tty_line(struct log_build *b, const struct logline *l);
bool solve_line(struct log_build *b, const struct logline *l);
/* build_source.c */
bool quote_line(struct log_build *b, const struct logline *l);
/* build_legacy.c */
bool legacy_line(struct log_build *b, const struct logline *l);
bool podman_line(struct log_build *b, const struct logline *l);
bool kaniko_line(struct log_build *b, const struct logline *l);
/* build_ci.c */
bool ci_line(struct log_build *b, const struct logline *l);

#endif
