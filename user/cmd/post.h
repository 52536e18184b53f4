/* SPDX-License-Identifier: GPL-2.0 */
/* Hands what -f otlp=URL rendered to a collector, once the build is over. */
#ifndef CMD_POST_H
#define CMD_POST_H

#include <stdbool.h>

/* "http://HOST:4318", "https://…" or "unix:/run/otlp.sock": no file. */
bool post_is_url(const char *path);

/*
 * Of every output of the session that has such an address, each line (a TracesData or MetricsData object) to v1/traces or
 * v1/metrics below it (OTLP/HTTP). All has been rendered. Takes half a minute at most; what fails is warned of, no more.
 */
struct session;
void post_outputs(const struct session *s);

#endif
