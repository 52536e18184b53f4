/* SPDX-License-Identifier: GPL-2.0 */
/* The hash that stands for the part of an argv that did not fit its event; bpf/proc.bpf.c computes the same. */
#ifndef TRACE_HASH_H
#define TRACE_HASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t zt_hash(const void *bytes, size_t len);

#endif
