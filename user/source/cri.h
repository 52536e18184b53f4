/* SPDX-License-Identifier: GPL-2.0 */
/* Whose container it is, by what Kubernetes' container runtimes write into its config.json. */
#ifndef SOURCE_CRI_H
#define SOURCE_CRI_H

#include <stdbool.h>

struct cri_names {
	char ns[256], pod[256], uid[64], container[256]; /* container "": the pod's own, which holds its namespaces */
};

/* path below the descriptor root. false: no such file, or not of a pod's container */
bool cri_read(int root, const char *path, struct cri_names *ret);

#endif
