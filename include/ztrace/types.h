/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Fixed-width types under one name on every side: BPF programs get them from vmlinux.h. */
#ifndef ZTRACE_TYPES_H
#define ZTRACE_TYPES_H

#ifdef __VMLINUX_H__
typedef __u8 zt_u8;
typedef __u16 zt_u16;
typedef __u32 zt_u32;
typedef __s32 zt_s32;
typedef __u64 zt_u64;
typedef __s64 zt_s64;
#else
#include <stddef.h>
#include <stdint.h>
typedef uint8_t zt_u8;
typedef uint16_t zt_u16;
typedef uint32_t zt_u32;
typedef int32_t zt_s32;
typedef uint64_t zt_u64;
typedef int64_t zt_s64;
#endif

#define ZT_COMM_LEN 16

#endif
