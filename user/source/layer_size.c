/* SPDX-License-Identifier: GPL-2.0 */
#include "source/layer_size.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "source/evbuf.h"

#define ENTRIES_MAX 20000 /* some 20 ms */
#define DEPTH_MAX 48

struct walk {
	zt_u64 bytes;
	dev_t dev;
	unsigned int entries;
	bool cut;
};

static void add(struct walk *w, int dir, const char *name, unsigned int depth);

/* Takes fd. */
static void add_below(struct walk *w, int fd, unsigned int depth)
{
	DIR *d __closedir = depth < DEPTH_MAX ? fdopendir(fd) : NULL;
	const struct dirent *e;

	if (!d) {
		close(fd);
		w->cut = true;
		return;
	}
	while (!w->cut && (e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			add(w, fd, e->d_name, depth);
}

/* Of a file with several names its part, so that all of them make one. */
static void add(struct walk *w, int dir, const char *name, unsigned int depth)
{
	struct stat st;
	int fd;

	if (++w->entries > ENTRIES_MAX) {
		w->cut = true;
		return;
	}
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) < 0 || st.st_dev != w->dev)
		return;
	if (!S_ISDIR(st.st_mode)) {
		w->bytes += (zt_u64)st.st_blocks * 512 / (st.st_nlink ? st.st_nlink : 1);
		return;
	}
	w->bytes += (zt_u64)st.st_blocks * 512;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0)
		add_below(w, fd, depth + 1);
}

int layer_size_answer(const struct want *w, sink_fn sink, void *ctx)
{
	struct {
		struct zt_ev_layer ev;
		char names[3]; /* no snapshot, parent, base image */
	} e = { 0 };
	struct walk walk = { 0 };
	struct stat st;
	int fd = open(w->names, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0) {
		close(fd);
		return -EIO;
	}
	walk.dev = st.st_dev;
	add_below(&walk, fd, 0);
	e.ev = (struct zt_ev_layer){
		.h = { .size = sizeof(e.ev) + sizeof(e.names), .fixed = sizeof(e.ev), .kind = ZT_layer,
		       .flags = ZT_F_LAYER_SIZE | (walk.cut ? ZT_F_LAYER_CUT : 0), .cgroup = w->victim, .who = w->who,
		       .ts_ns = evbuf_clock_ns(CLOCK_BOOTTIME) },
		.size_bytes = walk.bytes,
	};
	return sink(ctx, &e.ev.h);
}
