/* SPDX-License-Identifier: GPL-2.0 */
/* What several formats tell of an incident, a build and a step in the same words. */
#ifndef RENDER_TOLD_H
#define RENDER_TOLD_H

#include "diagnose/report.h"

struct told {
	const char *label, *text; /* label: translated, ends in a colon */
};
#define TOLD_MAX 8
/* The facts there are, in their order; grew: text of the growth, or NULL. Number of them. */
unsigned int told_facts(struct told v[TOLD_MAX], const struct incident *i, const char *grew);

/* Said in a line, for another incident has told it in full. */
bool told_in_short(const struct incident *i);
unsigned int told_in_full(const struct report *r); /* number of the others */

/* Service, else Dockerfile, else builder. */
const char *told_build(const struct build *b);
/* The Dockerfile it happened in, as a user would write it. NULL: none, or not known */
const char *told_file(const struct incident *i);
/* "[builder 3/9] RUN make -j8", as BuildKit writes it, fit for a terminal (base/esc.h). Returns buf. */
const char *told_step(char *buf, size_t cap, const struct step *st);
#define TOLD_HASH_SEED 0xcbf29ce484222325ull
zt_u64 told_hash(zt_u64 h, const char *s); /* of h and s, with where s ends; s NULL: like "" */
/* The same for machines that compare: code, file, instruction and victim, no pid, no time. 16 digits. */
#define FINGERPRINT_LEN 17
const char *told_fingerprint(char buf[FINGERPRINT_LEN], const struct incident *i);

/* Wall clock, ns since 1970; 0: not known */
zt_u64 told_real_ns(const struct model *m, zt_u64 boot_ns);
/* When the step began and ended, or the trace did; ns of the boot clock */
zt_u64 told_start(const struct model *m, const struct step *st);
zt_u64 told_end(const struct model *m, const struct step *st);
/* A step of a build that the report is about; not an ordinary container or a frontend. */
bool told_is_step(const struct model *m, const struct step *st);
/* Did it end with another status than 0? */
bool told_failed(const struct step *st);
/* Memory ran out, by whoever's judgement (ZT1...); else it is another kind of failure. */
bool told_memory(const struct incident *i);

#endif
