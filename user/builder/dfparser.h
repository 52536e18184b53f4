/* SPDX-License-Identifier: GPL-2.0 */
/* State of one dockerfile_parse(): shared by dockerfile.c (structure) and dfeval.c (values and names). */
#ifndef BUILDER_DFPARSER_H
#define BUILDER_DFPARSER_H

#include "builder/dflines.h"
#include "builder/dockerfile.h"

enum df_kw {
	DF_UNKNOWN, DF_ADD, DF_ARG, DF_CMD, DF_COPY, DF_ENTRYPOINT, DF_ENV, DF_EXPOSE, DF_FROM, DF_HEALTHCHECK,
	DF_LABEL, DF_MAINTAINER, DF_ONBUILD, DF_RUN, DF_SHELL, DF_STOPSIGNAL, DF_USER, DF_VOLUME, DF_WORKDIR,
	DF_KW_MAX,
};

/* Variables, newest first. Never changed once made, so that a stage can go on where another ended. */
struct df_env {
	const struct df_env *next;
	const struct df_env *all_of; /* set: stands for this whole list */
	struct df_str key, value;
};

struct df_item {
	const struct df_line *line;
	struct df_split split;
	enum df_kw kw;
	int stage;
};

struct df_trigger {
	struct df_trigger *next;
	struct df_str text;
};

struct df_stage_state {
	const struct df_env *env;	/* what RUN sees: ENV and ARG */
	const struct df_env *image_env; /* ENV only: what a stage continuing this one starts with again */
	struct df_str shell;		/* words NUL-ended; len 0: default */
	const char *workdir;
	struct df_trigger *onbuild, **onbuild_tail; /* of this stage's ONBUILD instructions */
	unsigned int counted; /* FROM, ADD, COPY, RUN, WORKDIR */
	unsigned int index;   /* i of the newest name */
	bool external;	      /* FROM an image, not scratch nor a stage */
};

struct df_parser {
	struct dockerfile *df;
	struct df_mem *mem;
	const struct df_opts *opts;
	unsigned int minor;
	unsigned long work;
	struct df_lines lines;
	struct df_item *items;
	struct df_stage_state *states;
	const struct df_env *globals;
	size_t instr_cap, warning_cap;
	bool named;	      /* stage names are printed */
	unsigned int steps;   /* legacy builder: instructions so far */
	unsigned int nsteps;
	int err;	      /* sticky: -ENOMEM, -E2BIG */
};

void df_warn(struct df_parser *p, unsigned int line, const char *text);
struct df_instr *df_new_instr(struct df_parser *p);

enum df_kw df_keyword(struct df_str word);
const char *df_keyword_name(enum df_kw kw);

/* Value of build argument name; p NULL: not given. */
struct df_str df_build_arg(const struct df_parser *p, struct df_str name);
void df_env_push(struct df_parser *p, const struct df_env **env, struct df_str key, struct df_str value);
/* text expanded the way values are (quotes go); text itself when it cannot be. Lives in p->mem. */
struct df_str df_value(struct df_parser *p, const struct df_env *env, struct df_str text);
void df_global_defaults(struct df_parser *p, const char *target);
void df_global_arg(struct df_parser *p, const struct df_item *it);

/* First flag --name=VALUE at or after *at (an offset into flags); p NULL: none left. */
struct df_str df_flag(const struct df_split *s, const char *name, size_t *at);
/* Value of key in a comma-separated k=v list; p NULL: not there */
struct df_str df_mount_field(struct df_str mount, const char *key, const char *alias);

/* A RUN sees secrets given as variables masked: only their names are in the Dockerfile. */
struct df_view {
	struct df_parser *p;
	const struct df_env *env;
	const struct df_split *masked; /* --mount flags to look for type=secret,env=NAME in; NULL: none */
};

struct df_str df_view_get(void *view, struct df_str name); /* a struct shlex's get */
struct df_str df_env_get(const struct df_env *env, struct df_str name, unsigned long *work);
void df_env_push_all(struct df_parser *p, const struct df_env **env, const struct df_env *all);
struct df_str df_keep(struct df_parser *p, struct df_str s); /* copy in p->mem; sets p->err */
bool df_may_expand(const struct df_parser *p);
struct df_str df_key_value(struct df_str word, struct df_str *value); /* value->p NULL: no '=' */
void df_eval_arg(struct df_parser *p, struct df_stage_state *st, const struct df_item *it);
void df_eval_env(struct df_parser *p, struct df_stage_state *st, const struct df_item *it);
void df_eval_shell(struct df_parser *p, struct df_stage_state *st, const struct df_item *it);

void df_eval_from(struct df_parser *p, const struct df_item *it);
void df_eval(struct df_parser *p, const struct df_item *it, bool from_onbuild);

#endif
