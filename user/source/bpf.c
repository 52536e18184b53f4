/* SPDX-License-Identifier: GPL-2.0 */
#include "source/bpf.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/i18n.h"
#include "base/log.h"
#include "source/bpferr.h"
#include "source/fewtypes.h"
#include "source/hooks.h"
#include "source/readfile.h"
#include "source/ring.h"
#include "ztrace/bpf.h"

#include "ztrace.skel.h" /* uses its structs */

/* A record of the main ring still being written holds back a kill for at most so many looks (some 10 us). */
#define BUSY_LOOKS 1000
/* Events a pump delivers at most, and for how long, so that its caller gets its turn in a storm. */
#define PUMP_MAX 65536
#define PUMP_NS 300000000ull
#define PUMP_LOOK 256 /* events between two looks at the clock */

struct bpf_source {
	struct source s;
	struct ztrace_bpf *skel;
	struct hooks hooks;
	struct ring main, kill;
	int kill_fd; /* borrowed from skel; readable once a kill is complete */
	int wake_fd; /* likewise waited for, and left alone */
	zt_u64 lost_told[ZT_LOST_CAUSES];
	zt_u64 corrupt;
};

static zt_u64 boot_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (zt_u64)ts.tv_sec * 1000000000u + (zt_u64)ts.tv_nsec;
}

/* Which ring has the next event in time? NULL: none has. */
static struct ring *next_event(struct bpf_source *b, const struct zt_ev **ev, size_t *len)
{
	const struct zt_ev *kill, *other;
	size_t kill_len, other_len;
	/* The kill first: what the main ring shows after that includes all that was complete before it. */
	bool have_kill = ring_peek(&b->kill, &kill, &kill_len) == RING_READY;
	enum ring_state st = ring_peek(&b->main, &other, &other_len);

	for (int i = 0; have_kill && st == RING_BUSY && i < BUSY_LOOKS; i++)
		st = ring_peek(&b->main, &other, &other_len);
	if (st == RING_READY && (!have_kill || other->ts_ns <= kill->ts_ns)) {
		*ev = other;
		*len = other_len;
		return &b->main;
	}
	if (!have_kill)
		return NULL;
	*ev = kill;
	*len = kill_len;
	return &b->kill;
}

/* Nothing but our own programs writes there; still, a bad length must not become an overrun. */
static bool sound(const struct zt_ev *ev, size_t room)
{
	return room >= sizeof(*ev) && ev->size <= room && ev->fixed >= sizeof(*ev) &&
	       ev->fixed <= ev->size && ev->size <= ZT_EV_SIZE_MAX;
}

static int drain(struct bpf_source *b, sink_fn sink, void *ctx)
{
	const struct zt_ev *ev;
	struct ring *r;
	zt_u64 until = boot_ns() + PUMP_NS;
	size_t room;
	int n = 0;

	while (n < PUMP_MAX && (n % PUMP_LOOK || boot_ns() < until) && (r = next_event(b, &ev, &room))) {
		int err = 0;

		if (sound(ev, room))
			err = sink(ctx, ev);
		else
			b->corrupt++;
		ring_take(r);
		if (err < 0)
			return err;
		n++;
	}
	return n;
}

static int tell_lost(zt_u32 cause, zt_u64 count, sink_fn sink, void *ctx)
{
	struct zt_ev_lost e = {
		.h = { .size = sizeof(e), .fixed = sizeof(e), .kind = ZT_lost, .ts_ns = boot_ns() },
		.cause = cause,
		.count = count,
	};

	return sink(ctx, &e.h);
}

/* The programs count drops in .bss, which is mapped here. Number of events told, or what the sink said. */
static int tell_new_losses(struct bpf_source *b, sink_fn sink, void *ctx)
{
	int n = 0;

	for (zt_u32 i = 0; i < ZT_LOST_CAUSES; i++) {
		zt_u64 now = __atomic_load_n(&b->skel->bss->lost[i], __ATOMIC_RELAXED);
		int err;

		if (i == ZT_LOST_CORRUPT)
			now += b->corrupt;
		if (now == b->lost_told[i])
			continue;
		err = tell_lost(i, now - b->lost_told[i], sink, ctx);
		if (err < 0)
			return err;
		b->lost_told[i] = now;
		n++;
	}
	return n;
}

static int bpf_pump(struct source *s, int timeout_ms, sink_fn sink, void *ctx)
{
	struct bpf_source *b = container_of(s, struct bpf_source, s);
	struct pollfd pfds[] = { { .fd = b->kill_fd, .events = POLLIN }, { .fd = b->wake_fd, .events = POLLIN } };
	int n, lost;

	/* Events wake nobody: look now and then, at once only when behind or when a kill is complete. */
	if (timeout_ms > 0 && ring_fill(&b->main) < ZT_RING_BYTES / 4)
		poll(pfds, ARRAY_SIZE(pfds), timeout_ms);
	n = drain(b, sink, ctx);
	if (n < 0)
		return n;
	lost = tell_new_losses(b, sink, ctx);
	return lost < 0 ? lost : n + lost;
}

static void unload(struct bpf_source *b)
{
	hooks_detach(&b->hooks);
	ring_close(&b->main);
	ring_close(&b->kill);
	ztrace_bpf__destroy(b->skel);
	b->skel = NULL;
}

static void bpf_close(struct source *s)
{
	struct bpf_source *b = container_of(s, struct bpf_source, s);

	unload(b);
	free(b);
}

/* What libbpf prints while we open and load. Its callback has no context: hence a variable of the file. */
struct said {
	char last[400]; /* last line of substance */
};
static _Thread_local struct said *listener;

/* The verifier's log ends with its verdict, then statistics. */
static void keep_verdict(struct said *to, char *text)
{
	char *line, *next = text;

	while ((line = strsep(&next, "\n")))
		if (*line && !strstr(line, "-- BEGIN") && !strstr(line, "-- END") &&
		    strncmp(line, "processed ", 10))
			snprintf(to->last, sizeof(to->last), "%s", line);
}

static int listen_to_libbpf(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	char *text = NULL;

	if (level == LIBBPF_DEBUG || vasprintf(&text, fmt, ap) < 0)
		return 0;
	text[strcspn(text, "\n")] = strchr(text, '\n') && strchr(text, '\n')[1] ? '\n' : 0;
	log_debug("%s", text);
	/* what libbpf says of the whole after that is less to the point */
	if (listener && level == LIBBPF_WARN && !strstr(text, "failed to load"))
		keep_verdict(listener, text);
	free(text);
	return 0;
}

/* "0-1,4" → 0x13; what cannot be read is taken to be one node */
static zt_u64 memory_nodes(void)
{
	char text[256];
	zt_u64 mask = 0;

	if (readfile_at(AT_FDCWD, "/sys/devices/system/node/has_memory", text, sizeof(text)) <= 0)
		return 1;
	for (char *p = text; *p >= '0' && *p <= '9';) {
		unsigned long from = strtoul(p, &p, 10), to = *p == '-' ? strtoul(p + 1, &p, 10) : from;

		for (; from <= to && from < 64; from++)
			mask |= (zt_u64)1 << from;
		p += *p == ',';
	}
	return mask;
}

static void set_knobs(struct ztrace_bpf *skel)
{
	unsigned long page = (unsigned long)sysconf(_SC_PAGESIZE);

	skel->rodata->page_bytes = (zt_u32)page;
	skel->rodata->page_counter_max = LONG_MAX / page; /* PAGE_COUNTER_MAX of the kernel */
	skel->rodata->ram_bytes = (zt_u64)sysconf(_SC_PHYS_PAGES) * page;
	skel->rodata->memory_nodes = memory_nodes();
}

static int map_rings(struct bpf_source *b)
{
	int err = ring_open(&b->main, bpf_map__fd(b->skel->maps.ring), ZT_RING_BYTES);

	b->kill_fd = bpf_map__fd(b->skel->maps.kill_ring);
	return err ? err : ring_open(&b->kill, b->kill_fd, ZT_KILL_RING_BYTES);
}

/* Kernel variables for more exact numbers; where they cannot be had, files of /proc and /sys are read instead. */
static void find_symbols(struct ztrace_bpf *skel)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	int fd = bpf_program__fd(skel->progs.find_symbols);

	if (fd >= 0)
		bpf_prog_test_run_opts(fd, &opts);
}

/* What the refusals' program hands calls of the network to; where it is not put in, only TCP's states are seen. */
static void link_net_calls(struct ztrace_bpf *skel)
{
	int prog = bpf_program__fd(skel->progs.on_net_call), map = bpf_map__fd(skel->maps.net_calls);
	zt_u32 at = 0;

	if (prog >= 0)
		bpf_map_update_elem(map, &at, &prog, BPF_ANY);
}

/* A path libbpf reads them at; "": do with all of the kernel's types */
static void find_types(struct btf *kernel, char *path, size_t size, int *fd)
{
	size_t bytes;
	const void *elf = ztrace_bpf__elf_bytes(&bytes);
	struct bpf_object *obj = kernel ? bpf_object__open_mem(elf, bytes, NULL) : NULL;
	/* overlay mostly is a module: its types, and the kernel's. With a file of types libbpf looks at no module itself */
	struct btf *module = obj ? btf__load_module_btf("overlay", kernel) : NULL;

	*path = 0;
	*fd = obj ? fewtypes(module ?: kernel, bpf_object__btf(obj)) : -1;
	btf__free(module);
	bpf_object__close(obj);
	if (*fd < 0)
		return;
	snprintf(path, size, "/proc/self/fd/%d", *fd);
	if (access(path, R_OK))
		*path = 0;
}

static int open_and_load(struct bpf_source *b, const char *types, const char *force)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .btf_custom_path = types);

	b->skel = ztrace_bpf__open_opts(&opts);
	if (!b->skel)
		return -errno;
	set_knobs(b->skel);
	hooks_choose(&b->hooks, b->skel->obj, force);
	if (libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_SYSCALL, NULL) != 1) /* 5.14 */
		bpf_program__set_autoload(b->skel->progs.find_symbols, false);
	return ztrace_bpf__load(b->skel);
}

/* *again: a row has failed that another can stand in for */
static int load_chosen(struct bpf_source *b, const char *types, const char *force, struct said *said, bool *again)
{
	const struct hook *failed = NULL;
	int err = open_and_load(b, *types ? types : NULL, force);

	if (err && *types) { /* should something be missing among them */
		unload(b);
		err = open_and_load(b, NULL, force);
	}
	if (err) {
		*again = hooks_give_up(&b->hooks, err);
		return err;
	}
	find_symbols(b->skel);
	link_net_calls(b->skel);
	err = map_rings(b);
	if (!err)
		err = hooks_attach(&b->hooks, b->skel->obj, &failed);
	if (failed) {
		snprintf(said->last, sizeof(said->last), _("%s cannot be attached"), failed->via);
		*again = true;
	}
	return err;
}

static int load(struct bpf_source *b, const char *force, struct said *said)
{
	struct btf *kernel = btf__load_vmlinux_btf();
	const struct hook *none;
	int err, fd __close = -1;
	char types[64];
	bool again;

	hooks_probe(&b->hooks, kernel);
	find_types(kernel, types, sizeof(types), &fd);
	btf__free(kernel);
	do {
		again = false;
		err = load_chosen(b, types, force, said, &again);
		if (err)
			unload(b);
		none = hooks_missing(&b->hooks, force);
	} while (err && again && !none);
	if (none)
		snprintf(said->last, sizeof(said->last), _("no way to see %s: %s"), none->fact,
			 force ? _("this kernel does not allow the hooks asked for") : none->via);
	return none && !err ? -ENOTSUP : err;
}

static int load_quietly(struct bpf_source *b, const char *kind, struct said *said)
{
	libbpf_print_fn_t before;
	int err;

	listener = said;
	before = libbpf_set_print(listen_to_libbpf);
	err = load(b, kind, said);
	libbpf_set_print(before);
	listener = NULL;
	malloc_trim(0); /* the kernel's types were parsed: some 10 MB */
	return err;
}

int bpf_source_open(struct source **ret, const struct bpf_options *opts, sink_fn sink, void *ctx,
		    char *err, size_t errlen)
{
	struct bpf_source *b = calloc(1, sizeof(*b));
	struct said said = { 0 };
	struct bpf_machine m;
	enum bpf_why why;
	int r;

	if (!b)
		return -ENOMEM;
	b->s = (struct source){ .name = "bpf", .pump = bpf_pump, .close = bpf_close };
	b->wake_fd = opts->wake_fd ? opts->wake_fd : -1;
	bpf_machine_read(&m);
	why = bpf_hopeless(&m);
	r = why == BPF_WHY_OTHER ? load_quietly(b, opts->hooks, &said) : -ENOTSUP;
	if (why == BPF_WHY_NO_CAP)
		r = -EPERM;
	if (r < 0) {
		bpf_explain(bpf_reason(&m, r), &m, r, said.last, err, errlen);
		bpf_close(&b->s);
		return r;
	}
	b->skel->bss->gate = true;
	r = hooks_tell(&b->hooks, boot_ns(), sink, ctx);
	if (r < 0) {
		bpf_close(&b->s);
		return r;
	}
	*ret = &b->s;
	return 0;
}
