/* SPDX-License-Identifier: GPL-2.0 */
/*
 * bake's HCL files as JSON of the same meaning: groups and targets with what variables, functions, conditions, for and
 * matrix make of them. What cannot be worked out (a function we have not) is left out; a target of which that was to say
 * where its Dockerfile is has the key HCL_UNKNOWN.
 */
#ifndef SOURCE_HCL_H
#define SOURCE_HCL_H

#include <stddef.h>

#define HCL_UNKNOWN "?"

/*
 * The groups and targets between the offsets from and to of a text that may hold several files, one behind the other: of
 * variables and functions each knows all. environment: NULL when a variable is not set; its answer is copied. To be freed;
 * NULL: out of memory
 */
char *hcl_to_json(const char *text, size_t len, size_t from, size_t to, const char *(*environment)(void *ctx, const char *name),
		  void *ctx);

#endif
