/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hostile text for what other programs parse: one function for each. Each writes one line's worth: controls and invisible
 * characters become visible first, bytes that are no UTF-8 become U+FFFD, and what is longer than SINK_MAX bytes is cut.
 */
#ifndef BASE_ESC_SINK_H
#define BASE_ESC_SINK_H

#include <stdio.h>

#define SINK_MAX 4096

/* HTML and XML, between tags and inside of quotes. */
void esc_markup(FILE *f, const char *s);
/* GitHub flavoured Markdown: nothing of it is a mark, a link, an emoji or a table's cell border. */
void esc_gfm(FILE *f, const char *s);
/* A workflow command's message or (property) value: actions/toolkit packages/core/src/command.ts. */
void esc_github(FILE *f, const char *s, int property);
/* A logging command's message or (property) value: azure-pipelines-task-lib node/taskcommand.ts, the agent's Command.cs. */
void esc_azure(FILE *f, const char *s, int property);
/* A service message's value, between its quotes: TeamCity's documentation, Service Messages. */
void esc_teamcity(FILE *f, const char *s);
/* A label's value of Prometheus' text format. */
void esc_prom(FILE *f, const char *s);
/* A path as a URI reference of SARIF: RFC 3986. */
void esc_uri(FILE *f, const char *s);

#endif
