/* SPDX-License-Identifier: GPL-2.0 */
/* Reads logs, one after the other, as a source of events. What is in each is found by looking. */
#ifndef SOURCE_LOGS_H
#define SOURCE_LOGS_H

#include "source/source.h"

/* names: NULL-terminated, "-" is standard input; borrowed; the first nkernel are a kernel's. 0 or -errno with one line in err. */
int source_logs_open(struct source **ret, const char *const *names, unsigned int nkernel, char *err, size_t errlen);

#endif
