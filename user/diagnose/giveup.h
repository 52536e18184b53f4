/* SPDX-License-Identifier: GPL-2.0 */
/* ZT1201 and ZT3200: a program ended by itself because it got no memory, or no room on a file system. */
#ifndef DIAGNOSE_GIVEUP_H
#define DIAGNOSE_GIVEUP_H

#include "diagnose/internal.h"

/* Which limit a refusal of memory is explained by */
enum memory_wall {
	WALL_UNKNOWN,
	WALL_AS,      /* RLIMIT_AS: ulimit -v */
	WALL_DATA,    /* RLIMIT_DATA: ulimit -d */
	WALL_MAPS,    /* vm.max_map_count */
	WALL_ADDRESS, /* more than a process can address */
	WALL_COMMIT,  /* vm.overcommit_memory=2 */
	WALL_RAM,     /* more at once than RAM and swap, with vm.overcommit_memory=0 */
};
enum memory_wall memory_wall(const struct model *m, const struct refusal *f);

/* What had no room left */
enum room_wall { ROOM_UNKNOWN, ROOM_BYTES, ROOM_FILES, ROOM_QUOTA };
enum room_wall room_wall(const struct refusal *f);

/* Whose file system it was */
enum room_place { PLACE_LAYER, PLACE_SHM, PLACE_TMPFS, PLACE_OTHER };
enum room_place room_place(const struct refusal *f);

/*
 * Did p, which was refused something last at last_ns, end for that? CONF_UNKNOWN: no (it went on, or did well).
 * memory: a refusal of memory, which allocators may take lightly.
 */
enum confidence gave_up(const struct proc *p, zt_u64 last_ns, bool memory);

/* A full heap that no call tells of: how sure it is that p ended for that. limit_bytes: its heap's */
enum confidence heap_full(const struct proc *p, zt_u64 limit_bytes);
zt_u64 heap_limit(const struct model *m, const struct proc *p);

/* A limit that the text of the step sets itself: "ulimit -v 200000". NULL: none */
const char *own_ulimit(const struct incident *i, char option, char *buf, size_t size);

/* advise_giveup.c */
void giveup_memory(const struct model *m, struct report *r, const struct refusal *f, enum memory_wall wall,
		   struct incident *i);
void giveup_heap(const struct model *m, struct report *r, const struct proc *p, zt_u64 limit_bytes,
		 struct incident *i);
void giveup_room(const struct model *m, struct report *r, const struct refusal *f, struct incident *i);

#endif
