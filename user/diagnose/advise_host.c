/* SPDX-License-Identifier: GPL-2.0 */
/* What the host itself can give: room for a limit, swap, other memory nodes; and where it cannot, another machine. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diagnose/advice.h"
#include "diagnose/swap.h"

typedef unsigned long long ull;

#define SWAP_MIN (64 * MIB)
#define DISK_SPARE ((zt_u64)256 << 20) /* what is left on the disk besides */

zt_u64 host_room(const struct advice *a)
{
	const struct zt_ev_host *h = a->k->host.h.kind ? &a->k->host : &a->m->host;
	zt_u64 gone = 0, used = a->i->limit.usage_bytes;

	if (!h->h.kind || !h->total_bytes || a->i->limit.kind != LIMIT_CGROUP)
		return ZT_NO_LIMIT;
	/* after the kill the victims' memory is counted as available, perhaps */
	for (unsigned int n = 0; a->k->host.h.kind && n < a->i->nvictims; n++)
		gone += a->i->victims[n].rss.anon_bytes + a->i->victims[n].rss.shmem_bytes;
	return (used > gone ? used - gone : 0) + h->available_bytes / 20 * 19;
}

/* "ext4 123456": of the file system there */
static bool disk(const char *fact, const char *types, zt_u64 bytes, bool *fallocate)
{
	size_t n = fact ? strcspn(fact, " ") : 0;
	char type[32];

	if (!n || n + 3 > sizeof(type))
		return false;
	type[0] = ' ';
	memcpy(type + 1, fact, n);
	strcpy(type + 1 + n, " ");
	/* swapon wants no holes; these two allocate without them */
	*fallocate = !strcmp(type, " ext4 ") || !strcmp(type, " xfs ");
	return strstr(types, type) && strtoull(fact + n, NULL, 10) >= bytes + DISK_SPARE;
}

/* A name of its own for each size, so that a swap file in use is never touched. */
static void make_swap(const char *dir, bool fallocate, ull mib, char *buf, size_t size)
{
	char file[64], fill[128];

	snprintf(file, sizeof(file), "%s/swap-%llum", dir, mib);
	if (fallocate)
		snprintf(fill, sizeof(fill), "fallocate -l %lluM %s", mib, file);
	else
		snprintf(fill, sizeof(fill), "dd if=/dev/zero of=%s bs=1M count=%llu", file, mib);
	snprintf(buf, size, "sudo %s && sudo chmod 600 %s && sudo mkswap %s && sudo swapon %s", fill, file, file, file);
}

/*
 * Swap files do not work on overlay, tmpfs, zfs and network file systems, and on btrfs only with commands that depend
 * on its version.
 */
bool swap_place(const struct swap_disks *d, zt_u64 bytes, char *buf, size_t size)
{
	static const char types[] = " ext2 ext3 ext4 xfs jfs reiserfs ";
	const char *const places[][2] = { { d->root, "" }, { d->var_lib, "/var/lib" } };
	bool fallocate = false;

	for (size_t n = 0; n < sizeof(places) / sizeof(places[0]); n++)
		if (disk(places[n][0], types, bytes, &fallocate)) {
			make_swap(places[n][1], fallocate, bytes / MIB, buf, size);
			return true;
		}
	if (d->root)
		return false;
	make_swap("", false, bytes / MIB, buf, size); /* not known: what works nearly everywhere */
	return true;
}

const char *swap_command(const struct model *m, struct report *r, zt_u64 bytes)
{
	const struct swap_disks d = { model_fact(m, "disk./"), model_fact(m, "disk./var/lib") };
	char buf[SWAP_COMMAND_BYTES];

	return swap_place(&d, bytes, buf, sizeof(buf)) ? say(r, "%s", buf) : NULL;
}

/* RAM was full, and swap: what is missing beyond them. Unknown: half as much as there is, but a GiB at least. */
static zt_u64 missing(const struct advice *a)
{
	const struct zt_ev_host *h = host_of_kill(a->k);
	zt_u64 have = h->total_bytes + h->swap_total_bytes;
	zt_u64 more = a->need.bytes > a->need.used_bytes ? a->need.bytes - a->need.used_bytes : 0;

	if (a->need.confidence == CONF_UNKNOWN)
		return have / 2 > 1024 * MIB ? have / 2 : 1024 * MIB;
	/* some MiB are the kernel's reserve, which was free at the kill and is not to be had */
	return more + 16 * MIB;
}

zt_u64 host_swap_want(const struct advice *a)
{
	zt_u64 want = with_headroom(missing(a));

	return want < SWAP_MIN ? SWAP_MIN : want;
}

bool advise_host_swap(const struct advice *a, struct help *h)
{
	const char *free = model_fact(a->m, "disk./");
	zt_u64 want = host_swap_want(a);

	h->id = "add-swap";
	h->bytes = want;
	h->confidence = a->need.confidence;
	h->command = swap_command(a->m, a->r, want);
	h->how = h->command ? HELP_RUN : HELP_WORDS;
	if (!h->command)
		h->confidence = CONF_UNKNOWN;
	if (a->need.confidence == CONF_UNKNOWN)
		h->text = say(a->r, _("add swap, %s to begin with: the build gets slower instead of being killed"),
			      say_bytes(a->r, want));
	else
		h->text = say(a->r, _("add %1$s of swap: %2$s more were asked for than there is"), say_bytes(a->r, want),
			      say_bytes(a->r, a->need.bytes - a->need.used_bytes));
	if (!h->command && free)
		h->text = say(a->r, _("add %1$s of swap on another disk: / is %2$s, with %3$s free"),
			      say_bytes(a->r, want), say(a->r, "%.*s", (int)strcspn(free, " "), free),
			      say_bytes(a->r, strtoull(free + strcspn(free, " "), NULL, 10)));
	return true;
}

bool advise_nodes(const struct advice *a, struct help *h)
{
	const struct cgroup *cg = model_cgroup(a->m, a->k->ev.victim_cgroup);
	/* a step's own goes with it, and has what the one above has */
	const char *path = cg ? model_cgroup_path(a->m, cg->step && cg->parent ? cg->parent : cg->id) : NULL;

	h->id = "more-nodes";
	h->how = HELP_WORDS;
	if (a->i->limit.kind == LIMIT_MEMPOLICY) {
		h->text = _("let it use more memory nodes: drop numactl --membind, or use --preferred");
		h->command = "numactl --hardware";
		return true;
	}
	h->text = _("let it use more memory nodes: widen cpuset.mems of its cgroup or of one above");
	if (a->m->start.cgroup_version == 2 && path && !strpbrk(path, " '\"$`\\;&|<>()*?[]\n"))
		h->command = say(a->r, "cat /sys/fs/cgroup%s/cpuset.mems.effective", path);
	return true;
}

/* Last: nothing that this machine has is enough. */
bool advise_elsewhere(const struct advice *a, struct help *h)
{
	const struct zt_ev_host *host = host_of_kill(a->k);
	zt_u64 have = host->h.kind ? host->total_bytes + host->swap_total_bytes : ZT_NO_LIMIT;

	if (a->need.confidence == CONF_UNKNOWN || a->need.bytes <= have)
		return false;
	h->id = "elsewhere";
	h->how = HELP_WORDS;
	h->bytes = with_headroom(a->need.bytes);
	h->text = say(a->r, _("or build it on a machine with %s of memory"), say_bytes(a->r, h->bytes));
	return true;
}
