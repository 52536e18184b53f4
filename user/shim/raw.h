/* SPDX-License-Identifier: GPL-2.0 */
/* System calls without libc: they touch no errno, are no cancellation points and pass no other library's hook. */
#ifndef SHIM_RAW_H
#define SHIM_RAW_H

#if defined(__x86_64__)
static inline long raw4(long nr, long a, long b, long c, long d)
{
	register long r10 __asm__("r10") = d;
	long ret;

	__asm__ volatile("syscall" : "=a"(ret) : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
	return ret;
}
#elif defined(__aarch64__)
static inline long raw4(long nr, long a, long b, long c, long d)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
	return x0;
}
#else
#error "the shim knows the system calls of x86-64 and aarch64"
#endif

static inline long raw3(long nr, long a, long b, long c)
{
	return raw4(nr, a, b, c, 0);
}

static inline long raw2(long nr, long a, long b)
{
	return raw4(nr, a, b, 0, 0);
}

static inline long raw1(long nr, long a)
{
	return raw4(nr, a, 0, 0, 0);
}

static inline long raw0(long nr)
{
	return raw4(nr, 0, 0, 0, 0);
}

#endif
