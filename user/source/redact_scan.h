/* SPDX-License-Identifier: GPL-2.0 */
/* Masks the secrets of one line, one word or one argv element. */
#ifndef SOURCE_REDACT_SCAN_H
#define SOURCE_REDACT_SCAN_H

#include "source/redact_read.h"

#define HEAD_MAX 128

/* What the next word is. */
enum expect {
	EXPECT_NOTHING,
	EXPECT_VALUE,
	EXPECT_USERPASS,
	EXPECT_HEADER, /* all words that follow, a scheme left out */
	EXPECT_LINE,   /* all words that follow */
	EXPECT_JSON,
};
enum feed { FEED_NOTHING, FEED_CHPASSWD, FEED_PASSWORD };

/* What the words so far say about the next one. */
struct state {
	enum expect expect;
	bool weak;    /* EXPECT_VALUE, EXPECT_JSON: only a "key" */
	bool command; /* its name was seen */
	enum tool tool;
	bool login, set; /* a word "login" was seen; the word before is "set" */
	bool script;	 /* the word before is -c */
	bool secret_opt; /* the word before is --secret: id=NAME is no secret */
	enum feed feed;
};

/* The beginning of a word, quotes taken off, and where it ends. */
struct word {
	char head[HEAD_MAX];
	size_t len;
	bool cut;
	size_t end;
};

void red_word_read(const struct scan *s, struct walk w, struct word *ret);
/* The word that begins at w.pos; where it ends. */
size_t red_word(const struct scan *s, struct state *st, struct walk w);
/* Up to the end of the logical line; where the next one begins. */
size_t red_scan_line(const struct scan *s, struct state *st, size_t pos);
/* Shell text, line by line. */
void red_scan_text(const struct scan *s, size_t pos);

#endif
