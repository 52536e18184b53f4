// SPDX-License-Identifier: GPL-2.0
#include "source/space.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "source/evbuf.h"

#define MINOR_BITS 20 /* the kernel's own dev_t, which is not glibc's */

/* statfs() of these may hang for as long as their server does. */
static bool remote(const char *fstype)
{
	static const char *const kinds[] = { "nfs", "cifs", "smb", "fuse", "9p", "ceph", "afs", "autofs" };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strncmp(fstype, kinds[i], strlen(kinds[i])))
			return true;
	return false;
}

/* Blanks and the like are \ooo there. false: does not fit */
static bool unescape(const char *from, size_t len, char *to, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++, n++) {
		unsigned int c;

		if (n + 1 >= size)
			return false;
		to[n] = from[i];
		if (from[i] == '\\' && i + 3 < len && sscanf(from + i + 1, "%3o", &c) == 1) {
			to[n] = (char)c;
			i += 3;
		}
	}
	to[n] = 0;
	return true;
}

/* "36 35 98:0 /root /mount/point options … - fstype source options" */
bool space_mount_of(const char *mountinfo, zt_u32 dev, char *ret, size_t size)
{
	const char *next;

	for (const char *line = mountinfo; *line; line = next) {
		unsigned int major, minor;
		char fstype[64];
		const char *dash;
		int at = 0, end = 0;

		next = line + strcspn(line, "\n");
		next += *next == '\n';
		if (sscanf(line, "%*u %*u %u:%u %*s %n%*s%n", &major, &minor, &at, &end) != 2 || !end ||
		    (major << MINOR_BITS | minor) != dev)
			continue;
		dash = strstr(line + end, " - ");
		if (!dash || dash > next || sscanf(dash, " - %63s", fstype) != 1 || remote(fstype))
			continue;
		if (unescape(line + at, (size_t)(end - at), ret, size))
			return true;
	}
	return false;
}

static int tell(const struct want *w, const char *path, const struct statfs *st, sink_fn sink, void *ctx)
{
	struct {
		struct zt_ev_space ev;
		char path[4096];
	} e = { 0 };
	size_t len = strnlen(path, sizeof(e.path) - 1);
	zt_u64 unit = st->f_frsize ? (zt_u64)st->f_frsize : (zt_u64)st->f_bsize;

	e.ev = (struct zt_ev_space){
		.h = { .size = (zt_u32)(sizeof(e.ev) + len + 1), .fixed = sizeof(e.ev), .kind = ZT_space,
		       .cgroup = w->cgroup, .who = w->who, .ts_ns = evbuf_clock_ns(CLOCK_BOOTTIME) },
		.dev = w->dev,
		.total_bytes = st->f_blocks * unit,
		.free_bytes = st->f_bfree * unit,
		.available_bytes = st->f_bavail * unit,
		.files = st->f_files,
		.files_free = st->f_ffree,
	};
	memcpy(e.path, path, len);
	return sink(ctx, &e.ev.h);
}

int space_answer(const char *mountinfo, const struct want *w, sink_fn sink, void *ctx)
{
	const char *path = w->path;
	char found[4096];
	struct statfs st;
	int fd __close = -1;

	if (!*path) {
		if (!space_mount_of(mountinfo, w->dev, found, sizeof(found)))
			return -ENOENT;
		path = found;
	}
	fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstatfs(fd, &st) < 0)
		return -errno;
	return tell(w, path, &st, sink, ctx);
}
