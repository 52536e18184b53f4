/* SPDX-License-Identifier: GPL-2.0 */
/*
 * BuildKit's word splitting and variable expansion (frontend/dockerfile/shell): sh-like, but not sh.
 * It decides how a RUN is named in the progress output and which heredocs a line opens.
 */
#ifndef BUILDER_SHLEX_H
#define BUILDER_SHLEX_H

#include "builder/dfmem.h"

struct shlex {
	char escape;	   /* \ or ` */
	bool raw_quotes;   /* keep quotes in the result */
	bool raw_escapes;  /* keep escape characters */
	bool skip_unset;   /* leave $UNSET as it is instead of dropping it */
	unsigned int minor; /* BuildKit 0.N whose set of ${v…} forms to know; 0: all */
	/* Value of a variable; NULL p: not set. NULL: nothing is set. */
	struct df_str (*get)(void *env, struct df_str name);
	void *env;
	unsigned long *work; /* steps left; NULL: unlimited */
};

/* Expand text as one word into out. 0; -EINVAL: not well-formed; -E2BIG: too long, too deep or too much work. */
int shlex_word(const struct shlex *lex, struct df_str text, struct df_buf *out);
/* Split as well: words NUL-separated, each ended by NUL. Returns their number or as above. */
int shlex_words(const struct shlex *lex, struct df_str text, struct df_buf *out);

/* ${value#pattern} (suffix: %), longest or shortest: what is left. 0, -EINVAL, -E2BIG. */
int shpattern_trim(struct df_str pattern, struct df_str value, bool suffix, bool longest, unsigned long *work,
		   struct df_buf *out);
/* ${value/pattern/replacement}, all: // */
int shpattern_replace(struct df_str pattern, struct df_str value, struct df_str replacement, bool all,
		      unsigned long *work, struct df_buf *out);

#endif
