/* SPDX-License-Identifier: GPL-2.0 */
/* What programs call: the next library's function first, then a word about what it did. */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shim/raw.h"
#include "shim/shim.h"

#define EXPORT __attribute__((visibility("default")))
#define NEXT(ret, name, ...) ret (*real)(__VA_ARGS__) = (ret(*)(__VA_ARGS__))shim_next(HOOK_##name)

EXPORT pid_t wait(int *status)
{
	NEXT(pid_t, wait, int *);
	int s = 0, *st = status ? status : &s;
	pid_t pid;

	if (!real)
		return errno = ENOSYS, -1;
	pid = real(st);
	if (pid > 0)
		shim_tell_child(pid, *st, NULL);
	return pid;
}

EXPORT pid_t waitpid(pid_t which, int *status, int options)
{
	NEXT(pid_t, waitpid, pid_t, int *, int);
	int s = 0, *st = status ? status : &s;
	pid_t pid;

	if (!real)
		return errno = ENOSYS, -1;
	pid = real(which, st, options);
	if (pid > 0)
		shim_tell_child(pid, *st, NULL);
	return pid;
}

EXPORT pid_t wait3(int *status, int options, struct rusage *usage)
{
	NEXT(pid_t, wait3, int *, int, struct rusage *);
	struct rusage u, *ru = usage ? usage : &u;
	int s = 0, *st = status ? status : &s;
	pid_t pid;

	if (!real)
		return errno = ENOSYS, -1;
	pid = real(st, options, ru);
	if (pid > 0)
		shim_tell_child(pid, *st, ru);
	return pid;
}

EXPORT pid_t wait4(pid_t which, int *status, int options, struct rusage *usage)
{
	NEXT(pid_t, wait4, pid_t, int *, int, struct rusage *);
	struct rusage u, *ru = usage ? usage : &u;
	int s = 0, *st = status ? status : &s;
	pid_t pid;

	if (!real)
		return errno = ENOSYS, -1;
	pid = real(which, st, options, ru);
	if (pid > 0)
		shim_tell_child(pid, *st, ru);
	return pid;
}

EXPORT int waitid(idtype_t type, id_t id, siginfo_t *info, int options)
{
	NEXT(int, waitid, idtype_t, id_t, siginfo_t *, int);
	siginfo_t mine = { 0 }, *si = info ? info : &mine;
	int r;

	if (!real)
		return errno = ENOSYS, -1;
	r = real(type, id, si, options);
	if (!r && (options & WEXITED) && !(options & WNOWAIT) && si->si_pid > 0)
		shim_tell_child(si->si_pid, si->si_code == CLD_EXITED ? (si->si_status & 0xff) << 8 :
								  si->si_status & 0x7f, NULL);
	return r;
}

EXPORT _Noreturn void _exit(int code)
{
	NEXT(void, _exit, int);

	shim_tell_exit(code);
	if (real)
		real(code);
	for (;;)
		raw1(SYS_exit_group, code);
}

EXPORT _Noreturn void _Exit(int code)
{
	NEXT(void, _Exit, int);

	shim_tell_exit(code);
	if (real)
		real(code);
	for (;;)
		raw1(SYS_exit_group, code);
}

EXPORT void *malloc(size_t size)
{
	NEXT(void *, malloc, size_t);
	void *p;

	if (!real)
		return errno = ENOMEM, NULL;
	p = real(size);
	if (__builtin_expect(!p && size, 0))
		shim_tell_refused(ZT_REFUSED_MAP, size, SYS_mmap);
	return p;
}

EXPORT void *calloc(size_t n, size_t size)
{
	NEXT(void *, calloc, size_t, size_t);
	size_t bytes;
	void *p;

	if (!real)
		return errno = ENOMEM, NULL;
	p = real(n, size);
	if (__builtin_expect(!p && n && size, 0))
		shim_tell_refused(ZT_REFUSED_MAP, __builtin_mul_overflow(n, size, &bytes) ? ~(zt_u64)0 : bytes, SYS_mmap);
	return p;
}

EXPORT void *realloc(void *old, size_t size)
{
	NEXT(void *, realloc, void *, size_t);
	void *p;

	if (!real)
		return errno = ENOMEM, NULL;
	p = real(old, size);
	if (__builtin_expect(!p && size, 0))
		shim_tell_refused(ZT_REFUSED_REMAP, size, SYS_mremap);
	return p;
}

EXPORT int posix_memalign(void **ret, size_t align, size_t size)
{
	NEXT(int, posix_memalign, void **, size_t, size_t);
	int r = real ? real(ret, align, size) : ENOMEM, e = errno;

	if (__builtin_expect(r == ENOMEM, 0)) {
		errno = r;
		shim_tell_refused(ZT_REFUSED_MAP, size, SYS_mmap);
		errno = e;
	}
	return r;
}

EXPORT void *aligned_alloc(size_t align, size_t size)
{
	NEXT(void *, aligned_alloc, size_t, size_t);
	void *p;

	if (!real)
		return errno = ENOMEM, NULL;
	p = real(align, size);
	if (__builtin_expect(!p && size, 0))
		shim_tell_refused(ZT_REFUSED_MAP, size, SYS_mmap);
	return p;
}

EXPORT void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset)
{
	NEXT(void *, mmap, void *, size_t, int, int, int, off_t);
	void *p;

	if (!real)
		return errno = ENOMEM, MAP_FAILED;
	p = real(addr, len, prot, flags, fd, offset);
	if (__builtin_expect(p == MAP_FAILED, 0))
		shim_tell_refused(ZT_REFUSED_MAP, len, SYS_mmap);
	return p;
}

EXPORT void *mmap64(void *addr, size_t len, int prot, int flags, int fd, off64_t offset)
{
	NEXT(void *, mmap64, void *, size_t, int, int, int, off64_t);
	void *p;

	if (!real)
		return errno = ENOMEM, MAP_FAILED;
	p = real(addr, len, prot, flags, fd, offset);
	if (__builtin_expect(p == MAP_FAILED, 0))
		shim_tell_refused(ZT_REFUSED_MAP, len, SYS_mmap);
	return p;
}

EXPORT int prctl(int option, ...)
{
	NEXT(int, prctl, int, unsigned long, unsigned long, unsigned long, unsigned long);
	unsigned long a[4];
	va_list ap;

	va_start(ap, option);
	for (int i = 0; i < 4; i++)
		a[i] = va_arg(ap, unsigned long);
	va_end(ap);
	if (option == PR_SET_SECCOMP)
		shim_keep_quiet();
	return real ? real(option, a[0], a[1], a[2], a[3]) : (errno = ENOSYS, -1);
}

EXPORT long syscall(long nr, ...)
{
	NEXT(long, syscall, long, long, long, long, long, long, long);
	long a[6];
	va_list ap;

	va_start(ap, nr);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (nr == SYS_seccomp)
		shim_keep_quiet();
	return real ? real(nr, a[0], a[1], a[2], a[3], a[4], a[5]) : (errno = ENOSYS, -1);
}
