/* SPDX-License-Identifier: GPL-2.0 */
/* The lexical half of a Dockerfile: logical lines, parser directives, heredocs, words, JSON arrays. */
#ifndef BUILDER_DFLINES_H
#define BUILDER_DFLINES_H

#include "builder/dfmem.h"

struct df_heredoc {
	struct df_str name; /* unquoted word */
	struct df_str body; /* lines with their ends, as in the file */
	bool chomp;	    /* <<- */
};

struct df_line {
	unsigned int line, end_line;
	struct df_str text; /* continuation lines joined, both ends trimmed */
	struct df_heredoc *heredocs;
	unsigned int nheredocs;
};

struct df_lines {
	struct df_line *v;
	size_t n, cap;
	char escape;
	struct df_str syntax; /* p NULL: none */
	/* What BuildKit would refuse but we read on past: called with a line number. */
	void (*warn)(void *ctx, unsigned int line, const char *text);
	void *ctx;
	unsigned int minor; /* BuildKit 0.N, 0: newest */
	unsigned long *work;
};

/* 0; -ENOMEM: m is full; -E2BIG: too many lines. l->v is malloced, everything in it lies in m or text. */
int df_read_lines(struct df_mem *m, struct df_str text, struct df_lines *l);

/* "RUN --mount=… make": keyword, flags (NUL-separated in *flags), the rest trimmed. */
struct df_split {
	struct df_str keyword, args;
	struct df_buf flags;
	unsigned int nflags;
};

void df_split(struct df_str line, char escape, struct df_split *out);
void df_split_free(struct df_split *s);

/* Words of ENV and ARG: quotes and escapes kept. Each ended by NUL; returns their number. */
int df_words(struct df_str args, char escape, struct df_buf *out);

/*
 * ["a","b"]: strings NUL-ended into out, returns their number. -EINVAL: no JSON array of strings.
 * lax: what follows the array does not matter.
 */
int df_json_strings(struct df_str args, bool lax, struct df_buf *out);

/* "<<EOF", "3<<-'EOF'", nothing else: the heredoc it opens (body unset). */
bool df_heredoc_word(struct df_mem *m, struct df_str word, unsigned int minor, struct df_heredoc *out);

#endif
