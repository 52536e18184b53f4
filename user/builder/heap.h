/* SPDX-License-Identifier: GPL-2.0 */
/* Programs with a heap of their own and its limit: what their command line and environment say. Pure. */
#ifndef BUILDER_HEAP_H
#define BUILDER_HEAP_H

#include <stdbool.h>
#include <stddef.h>

#include "ztrace/types.h"

enum heap_runtime { HEAP_NONE, HEAP_V8, HEAP_JVM };

struct heap_cmd {
	enum heap_runtime runtime;
	zt_u64 limit_bytes; /* 0: not set, the runtime's default holds */
	bool from_env;	    /* it came from an environment variable */
	bool exits;	    /* a JVM told to exit (3) or to abort when its heap is full */
};

/* argv as in client.h. false: no such program. */
bool heap_parse(const char *argv, size_t len, struct heap_cmd *ret);
/* A variable that the program has; the command line has been parsed. */
void heap_env(struct heap_cmd *h, const char *name, const char *value);
/* The variables that are looked at; ends with NULL. */
extern const char *const heap_env_names[];

/* What V8 takes when nothing is set, of so much memory (RAM, or the cgroup's limit) */
zt_u64 heap_v8_default(zt_u64 memory_bytes);

#endif
