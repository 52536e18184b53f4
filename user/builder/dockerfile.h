/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A Dockerfile as the builders understand it: stages, instructions, the names they print for them,
 * and the argv a RUN starts, so that a running process can be matched to its line.
 * Pure: text in, tree out. Everything is bounded by the text's length; nothing here trusts the text.
 *
 * Follows moby/buildkit frontend/dockerfile (v0.8 … v0.32); differences are named where they exist.
 */
#ifndef BUILDER_DOCKERFILE_H
#define BUILDER_DOCKERFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DF_TEXT_MAX (1024 * 1024)    /* longer texts are refused */
#define DF_INSTR_MAX 20000		  /* more instructions are refused */
#define DF_OUTPUT_MAX (32u * 1024 * 1024) /* all strings of one dockerfile together, after expansion */
#define DF_VALUE_MAX (256 * 1024)	  /* a longer expansion is not made: the name stays unexpanded */
#define DF_WORK_MAX (32ul * 1024 * 1024)  /* steps spent on expansion per file, then names stay unexpanded */

/* What is known about one base image; every field may be absent. */
struct df_base {
	const char *env;     /* K=V NUL-separated, empty string at the end; NULL: not known */
	const char *shell;   /* words NUL-separated, empty string at the end; NULL: none */
	const char *onbuild; /* triggers ("RUN make") NUL-separated, empty string at the end; NULL: none */
	const char *workdir; /* NULL: "/" */
};

struct df_opts {
	const char *target;	/* --target; NULL: the last stage */
	const char *build_args; /* K=V NUL-separated, empty string at the end; NULL: none */
	/* --label: all builders but BuildKit end the target with so many LABEL instructions, and count them */
	unsigned int labels;
	/*
	 * BuildKit 0.N that prints the names, 0: newest known. Differences, read in each tag's source:
	 *   N < 10 no heredocs (Docker 20.10 has 0.8; the legacy builder has none either)
	 *   N < 12 no ${v-w} ${v+w}; N < 13 no ${v#p} ${v%p} ${v/p/r}: such a RUN is printed unexpanded
	 *   N < 14 all values of one ARG line are expanded at once, before any takes effect
	 *   N < 15 RUN ["a"] may be followed by rubbish and is still the exec form
	 *   N < 17 ONBUILD triggers are numbered but not counted in n, and carry no "ONBUILD "
	 *   N < 22 a heredoc needs its word right after <<
	 *   N < 27 a body of <<- that starts with tabs and #! is no file of its own
	 * A `# syntax=` line brings a newer frontend than the daemon's own: pass 0 then (dockerfile.syntax).
	 */
	unsigned int buildkit_minor;
	const char *platform;	/* "linux/amd64": values of TARGETPLATFORM, BUILDPLATFORM …; NULL: that */
	/* Asked once for each stage built from an external image. false: nothing known. NULL: never asked. */
	bool (*base)(void *ctx, const char *image, struct df_base *out);
	void *base_ctx;
};

struct df_stage {
	const char *name;     /* lower case as BuildKit compares it; NULL: unnamed */
	char label[20];	      /* "stage-1" as BuildKit calls one without a name among several; "": not so */
	const char *base;     /* image or stage, global ARGs expanded */
	const char *platform; /* --platform, expanded; NULL: none */
	unsigned int number;  /* from 0 */
	unsigned int line;    /* of FROM */
	int base_stage;	      /* number of the earlier stage it continues; -1: an image or scratch */
	bool is_scratch;
	bool in_build;	      /* the target needs it (FROM, COPY --from, RUN --mount=from) */
	unsigned int total;   /* n of "[i/n]" */
};

struct df_instr {
	int stage; /* -1: before the first FROM */
	unsigned int line, end_line; /* 1-based, of the whole instruction, heredoc bodies included */
	const char *keyword;	     /* upper case: "RUN" */
	const char *text;	     /* "RUN make -j8": as written, continuation lines joined, keyword upper case */
	const char *vertex;	     /* "[builder 3/9] RUN make -j8" as BuildKit prints it; NULL: prints none */
	unsigned int index, total;   /* i/n of BuildKit; 0: not counted */
	unsigned int legacy_index, legacy_total; /* "Step i/n" of the legacy builder; 0: from a trigger, or another target */
	bool is_run;
	bool exec_form;	   /* RUN ["a","b"]: no shell */
	bool from_onbuild; /* a trigger of the base image; line is the FROM's */
	bool in_build;	   /* its stage's in_build */
	bool has_heredoc;
	/* The first process of a RUN: words NUL-separated, as in /proc/PID/cmdline. NULL unless is_run. */
	const char *argv;
	size_t argv_bytes;
	/*
	 * A heredoc body that starts with #! is a file run through the shell (argv "/bin/sh -c /dev/pipes/EOF"); the
	 * kernel then runs its interpreter, and this is what that process shows. NULL: none.
	 */
	const char *argv2;
	size_t argv2_bytes;
};

struct df_warning {
	unsigned int line;
	const char *text;
};

/* Owns all strings. */
struct dockerfile {
	struct df_stage *stages;
	size_t nstages;
	struct df_instr *instrs; /* in the file's order; triggers come after their FROM */
	size_t ninstrs;
	struct df_warning *warnings;
	size_t nwarnings;
	int target; /* stage number; -1: opts.target names none (then every stage is in_build) */
	unsigned int labels; /* of df_opts */
	const char *syntax; /* "docker/dockerfile:1": value of the syntax directive; NULL: none */
	void *priv;
};

/* NULL: not a Dockerfile (err says why, with the line), or out of memory. */
struct dockerfile *dockerfile_parse(const char *text, size_t len, const struct df_opts *opts, char *err,
				    size_t errlen);
void dockerfile_free(struct dockerfile *df);

/* "STEP i/n": of all instructions of its stage, FROM being 1. 0: from a trigger */
void dockerfile_place(const struct dockerfile *df, const struct df_instr *in, unsigned int *index, unsigned int *total);

/* How an argv and an instruction agree, best first. */
enum df_match_kind {
	DF_MATCH_NONE,
	DF_MATCH_EXACT,	 /* the same bytes; or, for a cut argv, same length, prefix and hash */
	DF_MATCH_PREFIX, /* cut argv: same length and prefix, no hash to compare */
	DF_MATCH_SECOND, /* equals argv2 (or ends like it): the interpreter of a #! heredoc */
	DF_MATCH_SPACE,	 /* the same words, blanks differ */
	DF_MATCH_MASKED, /* the same but for values that redaction replaced by ***** on one side */
	DF_MATCH_SHELL,	 /* the same text behind another shell: its base image may have a SHELL */
	DF_MATCH_BECAME, /* the text's last command, which a shell runs in its own place */
};

struct df_argv {
	const char *bytes;   /* words NUL-separated; the last NUL may be missing */
	size_t len;	     /* of bytes */
	size_t total;	     /* as the program got it; 0: len. More than len: bytes are cut */
	uint64_t hash;	     /* of the first hashed bytes of the whole argv */
	size_t hashed;	     /* 0: no hash known */
	uint64_t (*hash_fn)(const void *bytes, size_t len); /* called only if the rest agrees; NULL: never */
	/* podman, buildah, kaniko: the first word was looked up in PATH, SHELL may be ignored (it is for OCI images) */
	bool looked_up;
	bool other_shell; /* a step of a build for sure: the text alone says much */
	bool late;	  /* seen some time after it started: DF_MATCH_BECAME */
};

struct df_match {
	const struct df_instr *instr;
	enum df_match_kind kind;
};

/*
 * All RUN instructions that could have started argv: only those of the best kind found, in the file's order.
 * Returns how many there are, which may be more than max; out gets the first max.
 */
size_t dockerfile_match(const struct dockerfile *df, const struct df_argv *argv, struct df_match *out, size_t max);
enum df_match_kind df_match_instr(const struct df_instr *instr, const struct df_argv *argv);

#endif
