/* SPDX-License-Identifier: GPL-2.0 */
/* OTLP/JSON (opentelemetry-proto, docs/specification.md): ids are hexadecimal, enums integers, 64-bit integers strings. */
#ifndef RENDER_OTLP_H
#define RENDER_OTLP_H

#include <jansson.h>

#include "diagnose/report.h"

/* The conventions that the keys are of. */
#define OTLP_SCHEMA_URL "https://opentelemetry.io/schemas/1.45.0"

#define OTLP_TRACE_ID_LEN 33
#define OTLP_SPAN_ID_LEN 17

/* The trace that all is part of: of what the traced command was handed, so that others' spans join it. */
struct otlp_ids {
	char trace[OTLP_TRACE_ID_LEN];
	char parent[OTLP_SPAN_ID_LEN];	/* of the span of the traced command; "": it has none */
	char command[OTLP_SPAN_ID_LEN]; /* its own id; "": no command was traced */
};
void otlp_ids(struct otlp_ids *ret, const struct model *m);
/* The same for the same trace; key: "b1", "b1.s3" … */
const char *otlp_span_id(char buf[OTLP_SPAN_ID_LEN], const struct otlp_ids *ids, const char *key);

/* A list of attributes under way; a NULL or absent value adds none. */
struct attrs {
	json_t *list;
	int failed;
};
void attr_string(struct attrs *a, const char *key, const char *value);
void attr_int(struct attrs *a, const char *key, zt_s64 value);
void attr_bytes(struct attrs *a, const char *key, zt_u64 value); /* 0 and ZT_NO_LIMIT: none */
void attr_words(struct attrs *a, const char *key, json_t *strings); /* takes an array of strings over */
/* Puts them into obj, or nothing when there are none. 0 or -1; they are released in any case. */
int attrs_done(struct attrs *a, json_t *obj);

/* ns since 1970 of a time of the boot clock */
json_t *otlp_time(const struct model *m, zt_u64 boot_ns);

/* otlp_spans.c, otlp_metrics.c: an array; NULL: out of memory */
json_t *otlp_spans(const struct report *r);
json_t *otlp_metrics(const struct report *r);

#endif
