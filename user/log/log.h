/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Logs into events: pure parsers, fed with bytes as they come, in bounded memory. A line is cleaned (lines.c), loses
 * what a CI, a container runtime or syslog put before it (stamp.c), and goes to the kernel's reports (kernel*.c) or to
 * the builders' formats (build*.c); what a line of output says is recognised by the table in said.c.
 */
#ifndef LOG_LOG_H
#define LOG_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ztrace/event.h"

#define LOG_LINE_MAX 16384 /* what is longer comes in pieces */

/* Takes an event with its tail, to mask and hand on; it may write to it. 0 or -errno (stops the reader). */
typedef int (*log_put_fn)(void *ctx, struct zt_ev *ev);

struct log_opts {
	int64_t newest_s;   /* no line is newer: a year that is not told is guessed by it; CLOCK_REALTIME */
	int utc_offset_s;   /* of times without a zone */
	unsigned int number; /* of the log */
	bool kernel;	     /* it was said to be a kernel's */
	const char *name;
	log_put_fn put;
	void *ctx;
};

struct log_reader;
struct log_reader *log_reader_new(const struct log_opts *o); /* NULL: out of memory */
int log_reader_feed(struct log_reader *r, const char *bytes, size_t len); /* 0 or what put returned */
int log_reader_end(struct log_reader *r);
void log_reader_free(struct log_reader *r);

/* What a line of output says. */
struct log_said {
	enum zt_said what;
	int number;	    /* exit code, or 31xx */
	uint64_t bytes;	    /* 0: not told */
	char program[64];   /* "": not told */
	char subject[256];
};
/* false: nothing that is known. *ret is zeroed before. */
typedef bool (*log_said_fn)(const char *line, size_t len, struct log_said *ret);
/* The first of the table (said.c) that knows the line */
bool log_said_find(const char *line, size_t len, struct log_said *ret);

#endif
