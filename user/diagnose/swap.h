/* SPDX-License-Identifier: GPL-2.0 */
/* Where a swap file can be made, and how. */
#ifndef DIAGNOSE_SWAP_H
#define DIAGNOSE_SWAP_H

#include <stdbool.h>
#include <stddef.h>

#include "ztrace/event.h"

/* The facts "disk./" and "disk./var/lib": type of the file system and free bytes; NULL: not known */
struct swap_disks {
	const char *root, *var_lib;
};

/* Shell commands that make so much swap. false: no place for it is known. */
#define SWAP_COMMAND_BYTES 512
bool swap_place(const struct swap_disks *d, zt_u64 bytes, char *buf, size_t size);

#endif
