/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the pods of this node are called, without asking the API: the kubelet names directories and links after them,
 * /var/log/pods/NAMESPACE_POD_UID and /var/log/containers/POD_NAMESPACE_CONTAINER-ID.log.
 */
#ifndef SOURCE_PODS_H
#define SOURCE_PODS_H

#include "source/source.h"

/*
 * Facts "pod.UID" = "NAMESPACE/POD" and "container.ID" = "NAMESPACE/POD/CONTAINER"; none where there is no kubelet.
 * root: "/" or a test's. 0 or the sink's -errno.
 */
int pods_tell(const char *root, sink_fn sink, void *ctx);

#endif
