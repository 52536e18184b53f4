/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's types, but only those that our programs name. For each type that they name libbpf goes through all of the
 * kernel's, some hundred thousand: a third of what attaching takes.
 */
#ifndef SOURCE_FEWTYPES_H
#define SOURCE_FEWTYPES_H

struct btf;

/* A file (memfd) in BTF's format with what `kernel` has of the names in `ours`; or -errno: then do with all of it */
int fewtypes(const struct btf *kernel, const struct btf *ours);

#endif
