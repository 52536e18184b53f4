/* SPDX-License-Identifier: GPL-2.0 */
/* Between ring and everybody else: command lines lose their secrets before anybody sees them. */
#ifndef SOURCE_MASK_H
#define SOURCE_MASK_H

#include "source/evbuf.h"

struct mask {
	union evbuf copy; /* the ring is not ours to write to */
};

/* ev itself, or a masked copy that holds until the next call. Allocates nothing. */
const struct zt_ev *mask_event(struct mask *m, const struct zt_ev *ev);

#endif
