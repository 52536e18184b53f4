/* SPDX-License-Identifier: GPL-2.0 */
/* Scope-bound release of the few things every function opens. */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_free(void *p)
{
	free(*(void **)p);
}
static inline void cleanup_close(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}
static inline void cleanup_fclose(FILE **f)
{
	if (*f)
		fclose(*f);
}
static inline void cleanup_closedir(DIR **d)
{
	if (*d)
		closedir(*d);
}

#define __free __attribute__((cleanup(cleanup_free)))
#define __close __attribute__((cleanup(cleanup_close)))
#define __fclose __attribute__((cleanup(cleanup_fclose)))
#define __closedir __attribute__((cleanup(cleanup_closedir)))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define container_of(p, type, member) ((type *)((char *)(p) - offsetof(type, member)))

#endif
