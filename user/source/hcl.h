/* SPDX-License-Identifier: GPL-2.0 */
/*
 * bake's HCL files as JSON of the same meaning, as far as literals go: blocks target, group and variable with strings,
 * lists and objects. "${NAME}" stays, with the variable's default: "${NAME-default}". What takes a function, an operator
 * or a matrix to work out is left out.
 */
#ifndef SOURCE_HCL_H
#define SOURCE_HCL_H

#include <stddef.h>

/* To be freed; NULL: out of memory, or no HCL */
char *hcl_to_json(const char *text, size_t len);

#endif
