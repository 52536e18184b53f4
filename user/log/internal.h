/* SPDX-License-Identifier: GPL-2.0 */
/* What the parsers of logs share. */
#ifndef LOG_INTERNAL_H
#define LOG_INTERNAL_H

#include <string.h>

#include "log/log.h"

/* A line without what was put before it. */
struct logline {
	const char *text; /* NUL-terminated, len without it */
	size_t len;
	uint64_t wall_ns, boot_ns; /* 0: not told */
	bool kernel;		   /* its syslog tag says so, or it is of a form that only the kernel's lines have */
	bool zone_assumed;
	bool reckoned; /* wall_ns is dmesg's, of the time since boot */
	uint32_t caller;	   /* [T123], [C1]: who printed it; 0: not told */
	uint32_t host;		   /* hash of the host's name; 0: not told */
	const char *tag;	   /* program's name in syslog ("earlyoom"), up to [ or :; NULL: none */
	uint32_t tag_pid;
};

/* lines.c: bytes to lines */
struct log_lines {
	char buf[LOG_LINE_MAX + 1];
	size_t len;
	int (*line)(void *ctx, char *line, size_t len, bool ended); /* ended: a newline, not a carriage return or a cut */
	void *ctx;
	int state, wide; /* escape sequences; UTF-16 */
	unsigned int seen, pending; /* pending: half a UTF-16 unit, or 256 */
	char seq[64];
	size_t seq_len;
	uint64_t stamp_ns; /* Buildkite's, of this line */
	bool after_cr;
};
void lines_init(struct log_lines *l, int (*line)(void *ctx, char *line, size_t len, bool ended), void *ctx);
int lines_feed(struct log_lines *l, const char *bytes, size_t len);
int lines_end(struct log_lines *l);

/* stamp.c */
/* Peels prefixes off text; *ret points into it */
void stamp_peel(const struct log_opts *o, char *text, size_t len, struct logline *ret);
/* "2026-11-23T19:47:57.100809515Z": ns since 1970; 0: it is no time. *end: behind it */
uint64_t stamp_iso(const char *s, const struct log_opts *o, const char **end, bool *zone_assumed);

/* emit.c: one event at a time, put together here */
struct log_emit {
	log_put_fn put;
	void *ctx;
	union {
		struct zt_ev h;
		char bytes[ZT_EV_SIZE_MAX];
	} ev;
	int err; /* the first that put returned */
};
void *emit_start(struct log_emit *e, enum zt_kind kind, size_t fixed, uint64_t ts_ns);
void emit_bytes(struct log_emit *e, const void *bytes, size_t len);
void emit_str(struct log_emit *e, const char *s); /* cut where there is no room */
void emit_strn(struct log_emit *e, const char *s, size_t len);
void emit_done(struct log_emit *e);

/* kernel.c: reports of the OOM killer */
struct log_kernel;
struct log_kernel *kernel_new(struct log_emit *e);
void kernel_free(struct log_kernel *k);
/* Is it a line of such a report (or of what goes with it)? */
bool kernel_line(struct log_kernel *k, const struct logline *l);
void kernel_end(struct log_kernel *k); /* what is open is told */
unsigned int kernel_suppressed(const struct log_kernel *k);
unsigned int kernel_kills(const struct log_kernel *k);
int kernel_cgroup_version(const struct log_kernel *k); /* 0: not known */
bool kernel_open(const struct log_kernel *k); /* a report was cut */

/* daemon.c: who kills for lack of memory and is not the kernel */
struct log_daemon;
struct log_daemon *daemon_new(struct log_emit *e);
void daemon_free(struct log_daemon *d);
bool daemon_line(struct log_daemon *d, const struct logline *l); /* true: it tells of a kill */

/* build.c: builders */
struct log_build;
struct log_build *build_new(struct log_emit *e);
void build_free(struct log_build *b);
bool build_line(struct log_build *b, const struct logline *l); /* true: a builder's or a CI's own line */
bool build_object(struct log_build *b, const char *json, size_t len); /* a SolveStatus of rawjson */
void build_end(struct log_build *b);
unsigned int build_steps(const struct log_build *b); /* and lines that say something */

/* Is s so begun? *rest: behind it */
static inline bool begins(const char *s, const char *with, const char **rest)
{
	size_t n = strlen(with);

	if (strncmp(s, with, n) != 0)
		return false;
	if (rest)
		*rest = s + n;
	return true;
}

#endif
