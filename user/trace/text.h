/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The text form of an event: one JSON object on one line, printed by `ztrace dump`, read by ztasm. What is
 * printed can be read back to the very same bytes.
 *
 *   {"kind":"exec","ts_ns":"1000","cpu":0,"cgroup":"42","who":{"tgid":7,"tid":7,"start_ns":"900"},
 *    "flags":["entry"],"comm":"sh","parent":{…},…,"argv":["sh","-c","make"]}
 *
 * - "kind" and the struct's fields under their names (trace/fields.c has them all), then the tail: its strings
 *   under theirs, "argv" as a list ("argv_open":true when the last one has no NUL: it was cut), "bytes".
 * - 64-bit ids and times (*_ns) are decimal strings; so are other numbers past 2^53. ZT_NO_LIMIT is "max".
 * - Strings are ASCII or valid UTF-8; control characters and those that reorder or hide text are \uXXXX.
 *   When JSON can't say the bytes (not UTF-8, something behind a comm's NUL), each bad byte is U+FFFD and
 *   NAME_hex beside it has all of them exactly. A tail that is not as its struct says is "tail_hex" instead.
 *
 * Reading takes more than printing gives, for lines written by hand: missing fields are 0, a missing tid is the
 * tgid, missing argv_bytes and argv_total_bytes are counted, sizes always are; an id is also just its tgid;
 * any number may be a string, hexadecimal ("0x1f"), with K M G T in *_bytes, with us ms s in *_ns. A field that
 * the kind does not have is an error.
 */
#ifndef TRACE_TEXT_H
#define TRACE_TEXT_H

#include <stdio.h>

#include "ztrace/event.h"

/* The event as a line, with its newline. 0, what ev_check() says of a malformed event, or -EIO. */
int text_print(FILE *f, const struct zt_ev *ev);

/*
 * A line into out, which has cap bytes and is 8-aligned. 0; -EINVAL, -EMSGSIZE (too large for cap or for an
 * event) or -ENOMEM with one line in err, which has only printable ASCII.
 */
int text_parse(const char *line, size_t len, struct zt_ev *out, size_t cap, char *err, size_t errlen);

#endif
