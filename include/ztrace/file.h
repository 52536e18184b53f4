/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A .zt file: this header as it is, then one gzip stream of events (struct zt_ev …, back to back,
 * unaligned). Appended to, flushed (Z_SYNC_FLUSH) every second and at every kill: a file cut
 * anywhere is read up to its last whole event.
 */
#ifndef ZTRACE_FILE_H
#define ZTRACE_FILE_H

#include "types.h"

#define ZT_FILE_MAGIC "ZTRACE\r\n" /* \r\n: a copy in text mode is noticed */
#define ZT_FILE_VERSION 1	   /* a reader refuses a higher one; growth of structs does not raise it */
#define ZT_FILE_ENDIAN 0x01020304u

struct zt_file_header {
	char magic[8];
	zt_u32 endian;
	zt_u16 version;
	zt_u16 header_bytes; /* sizeof this struct for its writer; the gzip stream starts there */
	zt_u8 boot_id[16];
};
_Static_assert(sizeof(struct zt_file_header) == 32, "file header");

#endif
