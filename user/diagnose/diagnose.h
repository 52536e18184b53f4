/* SPDX-License-Identifier: GPL-2.0 */
/* From facts to findings: which limit, who, why, what to do. No I/O, no clock; words are made here and only here. */
#ifndef DIAGNOSE_DIAGNOSE_H
#define DIAGNOSE_DIAGNOSE_H

#include "diagnose/report.h"

/* NULL: out of memory. Borrows the model. */
struct report *report_new(struct model *m);
void report_free(struct report *r);

/* Does this event, which the model has taken in, close an incident? Then steps want to be matched first. */
bool diagnose_due(const struct model *m, const struct zt_ev *ev);
/* Append the incidents that close with it. */
void diagnose(struct model *m, const struct zt_ev *ev, struct report *r);

#endif
