/* SPDX-License-Identifier: GPL-2.0 */
/* Numbers as people read them, into the caller's buffer; each returns that buffer. */
#ifndef BASE_FMT_H
#define BASE_FMT_H

#include <stddef.h>
#include <stdint.h>

#define FMT_LEN 64 /* room enough for any of these, in any language */

/* "512 B", "2.0 GiB" */
const char *fmt_bytes(char *buf, size_t len, uint64_t bytes);
/* "3 ms", "0.4 s", "4m 12s", "2h 05m", "3d 04h" */
const char *fmt_duration(char *buf, size_t len, uint64_t ns);
/* "exit code 137", "signal 9 (KILL)": of a raw wait status */
const char *fmt_status(char *buf, size_t len, int status);
/* "KILL", or "signal 42" for one that has no name */
const char *fmt_signal(char *buf, size_t len, int sig);

/* A moment seen by two clocks, and the zone people lived in then. */
struct fmt_clock {
	uint64_t boot_ns, real_ns; /* real_ns 0: not known */
	int32_t utc_offset_s;
};
/* "2026-11-23T21:02:46.123+08:00" (RFC 3339) of a boot-clock time; NULL: not known. */
const char *fmt_time(char *buf, size_t len, const struct fmt_clock *clock, uint64_t boot_ns);

#endif
