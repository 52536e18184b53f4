/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the pods of this node are called, without asking the API: the kubelet names directories and links after them,
 * /var/log/pods/NAMESPACE_POD_UID and /var/log/containers/POD_NAMESPACE_CONTAINER-ID.log; where none can be seen, the
 * container runtime's config.json says it.
 */
#ifndef SOURCE_PODS_H
#define SOURCE_PODS_H

#include "source/procfs.h"
#include "source/source.h"

/*
 * Facts "pod.UID" = "NAMESPACE/POD" and "container.ID" = "NAMESPACE/POD/CONTAINER"; none where there is no kubelet.
 * root: "/" or a test's; then likewise what each kubelet of p (NULL: none is looked for) has as its root, which is another
 * one when ztrace is in a container, or the node is. 0 or the sink's -errno.
 */
int pods_tell(const char *root, const struct procfs *p, sink_fn sink, void *ctx);

#endif
