/* SPDX-License-Identifier: GPL-2.0 */
/* The objects that json and jsonl share. Each returns a new reference; NULL: out of memory. */
#ifndef RENDER_JSON_COMMON_H
#define RENDER_JSON_COMMON_H

#include <jansson.h>

#include "base/out.h"
#include "diagnose/report.h"

#define JSON_FORMAT_VERSION "1.0"

json_t *json_tool(void);
json_t *json_host(const struct model *m);
json_t *json_command(const struct model *m); /* null: no command was traced */
json_t *json_build(const struct report *r, const struct build *b, bool with_steps);
json_t *json_builds(const struct report *r);
json_t *json_step(const struct model *m, const struct step *st);
json_t *json_incident(const struct model *m, const struct incident *i);
json_t *json_notes(const struct report *r);
json_t *json_events_lost(const struct model *m);

/* Write and release; flags of json_dumps. 0 or -errno. j NULL: -ENOMEM. */
int json_print(struct out *o, json_t *j, size_t flags);

/* What `ztrace measure` learnt of the limited levels */
json_t *json_measured(const struct report *r);

/* json_network.c: what could not be reached; the machine's memory then */
json_t *json_network(const struct incident *i);
json_t *json_host_memory(const struct incident *i);

/* json_past.c: what the step took in earlier builds, newest first */
json_t *json_past(const struct step *st);

json_t *json_pod(const struct pod *p);
/* Of a CI; NULL: null */
json_t *json_job(const struct ci_job *j);
/* "scope", where the report is about a part of the machine. 0 or -1 */
int json_set_scope(json_t *j, const struct model *m);
int json_set_job(json_t *o, const struct report *r); /* "ci": that all of it is of; none: nothing */

#endif
