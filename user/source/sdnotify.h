/* SPDX-License-Identifier: GPL-2.0 */
/* systemd's notification protocol: one datagram a message, to the socket that $NOTIFY_SOCKET names. */
#ifndef SOURCE_SDNOTIFY_H
#define SOURCE_SDNOTIFY_H

#include "ztrace/types.h"

/* "READY=1\nSTATUS=…". 0, also when nobody asked to be notified; -errno. Never waits. */
int sdnotify(const char *state);
/* RELOADING=1 with the time that systemd wants to see in it */
int sdnotify_reloading(void);
/* How often WATCHDOG=1 has to come at least; 0: it is not asked for */
zt_u64 sdnotify_watchdog_ns(void);

#endif
