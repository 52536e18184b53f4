/* SPDX-License-Identifier: GPL-2.0 */
/* One verb a file; the table feeds dispatch, --help and the completion. */
#ifndef CMD_CMD_H
#define CMD_CMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/out.h"

#define FORMATS_MAX 16

/* ztrace's own failures (report.md); once the child has started, its status passes through. */
enum { EXIT_MISUSE = 2, EXIT_OURS = 125 };

struct options {
	const char *formats[FORMATS_MAX]; /* "json=PATH" */
	unsigned int nformats;
	const char *output; /* -o */
	const char *lang, *user, *hooks, *kernel_log;
	const char *publish; /* --ci, attach's --publish: auto, none or a CI; NULL: not given */
	const char *pid, *cgroup, *container, *ci; /* attach to */
	const char *state_dir, *config, *metrics_listen; /* of the daemon, with the next two lines */
	uint64_t keep_bytes, rotate_bytes;
	unsigned int keep, jobs, number;
	enum color_mode color;
	bool quiet, require_bpf, schema, no_trace, plain, no_host_check;
	bool metrics_public;
	int verbose;
	int oom_exit_code; /* 0: the child's own */
	uint64_t memory_bytes, swap_bytes; /* --memory, --swap */
	bool memory_given, swap_given;
	char **args;	   /* NULL-terminated: what is left */
	int nargs;
};

enum opt_type {
	OPT_FLAG, OPT_COUNT, OPT_STR, OPT_FORMAT, OPT_COLOR, OPT_HOOKS, OPT_CODE, OPT_SIZE, OPT_PUBLISH, OPT_NUMBER,
};

struct opt {
	const char *name;
	char letter; /* 0: none */
	enum opt_type type;
	size_t offset; /* in struct options */
	const char *metavar, *help;
};

struct command {
	const char *name, *args, *help;
	const struct opt *const *opts; /* NULL-terminated */
	bool wraps; /* its arguments are a command line: options end at the first of them */
	int (*run)(const struct options *o);
};

extern const struct command *const commands[]; /* NULL-terminated */
extern const struct command cmd_run, cmd_watch, cmd_attach, cmd_record, cmd_report, cmd_dump, cmd_explain, cmd_doctor, cmd_measure, cmd_plan, cmd_diagnose, cmd_daemon, cmd_history;

/* opt.c: the rows that several verbs share */
extern const struct opt opt_format, opt_text_json, opt_output, opt_lang, opt_color, opt_quiet, opt_verbose, opt_user,
	opt_require_bpf, opt_oom_exit_code, opt_hooks, opt_schema, opt_plain, opt_no_trace, opt_no_host_check,
	opt_pid, opt_cgroup, opt_container, opt_scope_ci, opt_publish, opt_publish_to;

/* Parse what follows the verb. 0; 1: --help was printed; -EINVAL: one line said what is wrong. */
int opt_parse(const struct command *c, int argc, char **argv, struct options *o);
/* One of the daemon's settings. 0 or -errno */
int opt_set(const struct opt *o, const char *value, struct options *ret);
void opt_usage(FILE *f); /* all verbs */
/* Open -f FORMAT[=PATH] …, or `text` on std. 0 or -errno with one line said. */
struct session;
int opt_outputs(const struct options *o, struct session *s, FILE *std);

/* "2G", "512MiB", "1048576", "0": bytes. 0 or -EINVAL */
int size_parse(const char *text, uint64_t *ret);

/* store.c: where traces are kept when no -o says otherwise */
int store_new_path(char *buf, size_t len);    /* and forget the oldest. 0 or -errno */
int store_newest(char *buf, size_t len);      /* 0 or -ENOENT */
int store_find(const char *id, char *buf, size_t len); /* one that history names. 0 or -ENOENT */
int store_name(char *buf, size_t len);	      /* where that is. 0 or -errno */
int store_dir(char *buf, size_t len);	      /* made if need be. 0 or -errno */
int store_make(char *path);		      /* that directory and those above it. 0 or -errno */
/* Every kept trace, the oldest first, until fn says other than 0. How many, or what fn said, or -errno. */
int store_each(int (*fn)(void *ctx, const char *path), void *ctx);

/* What can be had now, of /proc/meminfo. 0 or -errno */
int host_free(uint64_t *memory_bytes, uint64_t *swap_bytes);

#endif
