/* SPDX-License-Identifier: GPL-2.0 */
/* Programs that ended by themselves: which limit a refusal speaks of, and whether they ended for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "builder/heap.h"
#include "diagnose/giveup.h"
#include "source/space.h"

#define MIB ((zt_u64)1 << 20)
#define GIB ((zt_u64)1 << 30)
#define MS ((zt_u64)1000000)
#define CODE(n) ((n) << 8)

/* A machine of 8 GiB and 2 of swap with these two knobs */
struct machine {
	struct model m;
	struct fact overcommit, maps;
};

static void machine(struct machine *x, const char *overcommit, zt_u64 commit_limit, zt_u64 committed)
{
	memset(x, 0, sizeof(*x));
	x->overcommit = (struct fact){ .next = &x->maps, .key = (char *)"vm.overcommit_memory", .value = (char *)overcommit };
	x->maps = (struct fact){ .key = (char *)"vm.max_map_count", .value = (char *)"65530" };
	x->m.facts = &x->overcommit;
	x->m.host = (struct zt_ev_host){ .h.kind = ZT_host, .total_bytes = 8 * GIB, .swap_total_bytes = 2 * GIB,
					 .commit_limit_bytes = commit_limit, .committed_bytes = committed };
}

static struct refusal no_memory(zt_u64 asked, zt_u64 mapped)
{
	return (struct refusal){ .ev = { .error = ENOMEM, .what = ZT_REFUSED_MAP, .asked_bytes = asked,
					 .total_vm_bytes = mapped, .data_bytes = mapped / 2, .map_count = 40,
					 .as_limit_bytes = ZT_NO_LIMIT, .data_limit_bytes = ZT_NO_LIMIT } };
}

static void which_wall(void **state)
{
	struct refusal f = no_memory(500 * MIB, 100 * MIB);
	struct machine x;

	(void)state;
	machine(&x, "0", 0, 0);
	assert_int_equal(memory_wall(&x.m, &f), WALL_UNKNOWN);
	f.ev.as_limit_bytes = 599 * MIB;
	assert_int_equal(memory_wall(&x.m, &f), WALL_AS);
	f.ev.as_limit_bytes = 600 * MIB; /* that fits */
	assert_int_equal(memory_wall(&x.m, &f), WALL_UNKNOWN);
	f.ev.data_limit_bytes = 540 * MIB;
	assert_int_equal(memory_wall(&x.m, &f), WALL_DATA);
	f = no_memory(4096, 100 * MIB);
	f.ev.map_count = 65529;
	assert_int_equal(memory_wall(&x.m, &f), WALL_MAPS);
	f = no_memory((zt_u64)200 << 40, 100 * MIB);
	assert_int_equal(memory_wall(&x.m, &f), WALL_ADDRESS);
}

static void which_promise(void **state)
{
	struct refusal f = no_memory(11 * GIB, 100 * MIB);
	struct machine x;

	(void)state;
	machine(&x, "0", 0, 0);
	assert_int_equal(memory_wall(&x.m, &f), WALL_RAM);
	f.ev.asked_bytes = 10 * GIB; /* RAM and swap: allowed */
	assert_int_equal(memory_wall(&x.m, &f), WALL_UNKNOWN);
	machine(&x, "1", 0, 0);
	f.ev.asked_bytes = 11 * GIB;
	assert_int_equal(memory_wall(&x.m, &f), WALL_UNKNOWN);
	machine(&x, "2", 6 * GIB, 5 * GIB);
	f.ev.asked_bytes = 2 * GIB;
	assert_int_equal(memory_wall(&x.m, &f), WALL_COMMIT);
	f.ev.asked_bytes = GIB / 2;
	assert_int_equal(memory_wall(&x.m, &f), WALL_UNKNOWN);
	/* what the host promised then counts, not what it promises now */
	f.host = x.m.host;
	f.host.committed_bytes = 6 * GIB;
	assert_int_equal(memory_wall(&x.m, &f), WALL_COMMIT);
	/* a process limit does not explain a fork that failed */
	f = no_memory(0, 700 * MIB);
	f.ev.what = ZT_REFUSED_FORK;
	f.ev.as_limit_bytes = 600 * MIB;
	assert_int_equal(memory_wall(&x.m, &f), WALL_UNKNOWN);
}

static struct proc ended(const char *comm, int raw, zt_u64 exit_ns)
{
	struct proc p = { .exit_ns = exit_ns, .exit_code = raw };

	strncpy(p.comm, comm, sizeof(p.comm) - 1);
	return p;
}

static void ends_for_it(void **state)
{
	struct proc p = ended("cc1plus", CODE(1), 1000 * MS);

	(void)state;
	assert_int_equal(gave_up(&p, 990 * MS, true), CONF_LIKELY);
	assert_int_equal(gave_up(&p, 990 * MS, false), CONF_CONFIRMED);
	p.exit_code = SIGABRT;
	assert_int_equal(gave_up(&p, 990 * MS, true), CONF_CONFIRMED);
	p.exit_code = SIGSEGV | 0x80; /* with a core */
	assert_int_equal(gave_up(&p, 990 * MS, true), CONF_CONFIRMED);
}

static void lives_on(void **state)
{
	struct proc p = ended("cc1plus", 0, 1000 * MS);

	(void)state;
	assert_int_equal(gave_up(&p, 999 * MS, true), CONF_UNKNOWN);
	p = ended("cc1plus", CODE(1), 5000 * MS); /* four seconds of work lie between */
	assert_int_equal(gave_up(&p, 1000 * MS, true), CONF_UNKNOWN);
	p = ended("java", CODE(1), 5000 * MS); /* writes a report first */
	assert_int_equal(gave_up(&p, 1000 * MS, true), CONF_LIKELY);
	p = ended("sh", SIGKILL, 1000 * MS); /* somebody's doing */
	assert_int_equal(gave_up(&p, 999 * MS, true), CONF_UNKNOWN);
	p = ended("sh", SIGTERM, 1000 * MS);
	assert_int_equal(gave_up(&p, 999 * MS, false), CONF_UNKNOWN);
	p = ended("python3", CODE(1), 1000 * MS); /* another program was refused, and became this one */
	p.exec_ns = 995 * MS;
	assert_int_equal(gave_up(&p, 990 * MS, true), CONF_UNKNOWN);
	p = ended("sh", CODE(1), 0); /* still there */
	assert_int_equal(gave_up(&p, 990 * MS, true), CONF_UNKNOWN);
}

static void full_heaps(void **state)
{
	struct proc p = ended("node", SIGABRT, 1000 * MS);

	(void)state;
	p.heap.runtime = HEAP_V8;
	p.peak_rss_bytes = 500 * MIB;
	assert_int_equal(heap_full(&p, 512 * MIB), CONF_LIKELY);
	assert_int_equal(heap_full(&p, 2048 * MIB), CONF_UNKNOWN); /* aborted long before */
	p.exit_code = CODE(1);
	assert_int_equal(heap_full(&p, 512 * MIB), CONF_UNKNOWN);
	p.exit_code = SIGKILL;
	assert_int_equal(heap_full(&p, 512 * MIB), CONF_UNKNOWN);
	p.exit_code = SIGTRAP;
	p.peak_rss_bytes = 0; /* not known */
	assert_int_equal(heap_full(&p, 512 * MIB), CONF_UNKNOWN);
	p = ended("java", CODE(3), 1000 * MS);
	p.heap.runtime = HEAP_JVM;
	p.peak_rss_bytes = 600 * MIB;
	assert_int_equal(heap_full(&p, 512 * MIB), CONF_UNKNOWN);
	p.heap.exits = true;
	assert_int_equal(heap_full(&p, 512 * MIB), CONF_LIKELY);
	p.exit_code = CODE(1); /* a test that failed */
	assert_int_equal(heap_full(&p, 512 * MIB), CONF_UNKNOWN);
}

static void heap_limits(void **state)
{
	static const char node[] = "/usr/bin/node\0--max_old_space_size=512\0x.js\0";
	static const char java[] = "java\0-cp\0x.jar\0-Xmx1g\0-XX:+ExitOnOutOfMemoryError\0Main\0";
	static const char other[] = "nodemon\0--max-old-space-size=512\0";
	struct heap_cmd h;

	(void)state;
	assert_true(heap_parse(node, sizeof(node) - 1, &h));
	assert_int_equal(h.runtime, HEAP_V8);
	assert_true(h.limit_bytes == 512 * MIB);
	heap_env(&h, "NODE_OPTIONS", "--max-old-space-size=4096"); /* yields */
	assert_true(h.limit_bytes == 512 * MIB && !h.from_env);
	h.limit_bytes = 0;
	heap_env(&h, "NODE_OPTIONS", "--no-warnings  --max-old-space-size=4096");
	assert_true(h.limit_bytes == 4096 * MIB && h.from_env);
	heap_env(&h, "JAVA_TOOL_OPTIONS", "-Xmx1m");
	assert_true(h.limit_bytes == 4096 * MIB);
	assert_true(heap_parse(java, sizeof(java) - 1, &h));
	assert_true(h.runtime == HEAP_JVM && h.limit_bytes == GIB && h.exits);
	heap_env(&h, "_JAVA_OPTIONS", "-Xmx2048m"); /* has the last word */
	assert_true(h.limit_bytes == 2 * GIB);
	assert_false(heap_parse(other, sizeof(other) - 1, &h));
	assert_false(heap_parse("", 0, &h));
	assert_true(heap_v8_default(24 * GIB) == 4 * GIB);
	assert_true(heap_v8_default(2 * GIB) == GIB);
}

static void bad_sizes(void **state)
{
	static const char *const bad[] = { "-Xmx", "-Xmxm", "-Xmx12q", "-Xmx-5m", "-Xmx99999999999999999999g", "-Xmx512mm" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char argv[64] = "java";
		struct heap_cmd h;

		strcpy(argv + 5, bad[i]);
		assert_true(heap_parse(argv, 5 + strlen(bad[i]) + 1, &h));
		assert_true(h.limit_bytes == 0);
	}
}

static void no_room(void **state)
{
	struct refusal f = { .ev = { .error = ENOSPC, .fs_total_bytes = 64 * MIB, .fs_used_bytes = 64 * MIB,
				     .fs_files = 100, .fs_files_free = 90, .mount_bytes = 8 },
			     .fstype = "tmpfs", .path = "/dev/shm/x" };

	(void)state;
	assert_int_equal(room_place(&f), PLACE_SHM);
	assert_int_equal(room_wall(&f), ROOM_BYTES);
	f.ev.fs_used_bytes = MIB;
	assert_int_equal(room_wall(&f), ROOM_UNKNOWN);
	f.ev.fs_files_free = 0;
	assert_int_equal(room_wall(&f), ROOM_FILES);
	f = (struct refusal){ .ev = { .error = ENOSPC }, .fstype = "overlay", .path = "/root/x",
			      .space = { .h.kind = ZT_space, .total_bytes = GIB, .available_bytes = 4096, .files = 9 } };
	assert_int_equal(room_place(&f), PLACE_LAYER);
	assert_int_equal(room_wall(&f), ROOM_FILES);
	f.space.files_free = 5;
	assert_int_equal(room_wall(&f), ROOM_BYTES);
	f.space.available_bytes = GIB / 2; /* it was not that */
	assert_int_equal(room_wall(&f), ROOM_UNKNOWN);
	f.ev.error = EDQUOT;
	assert_int_equal(room_wall(&f), ROOM_QUOTA);
	f = (struct refusal){ .ev = { .mount_bytes = 9 }, .fstype = "tmpfs", .path = "/dev/shm2/x" };
	assert_int_equal(room_place(&f), PLACE_TMPFS);
}

static void mount_points(void **state)
{
	static const char info[] = "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
				   "30 22 7:3 / /mnt/my\\040disk rw,noatime shared:5 - ext4 /dev/loop3 rw\n"
				   "31 22 0:50 / /nfs rw - nfs4 server:/x rw\n"
				   "bad line\n";
	char path[64];

	(void)state;
	assert_true(space_mount_of(info, 7 << 20 | 3, path, sizeof(path)));
	assert_string_equal(path, "/mnt/my disk");
	assert_true(space_mount_of(info, 8 << 20 | 1, path, sizeof(path)));
	assert_string_equal(path, "/");
	assert_false(space_mount_of(info, 50, path, sizeof(path))); /* its server may never answer */
	assert_false(space_mount_of(info, 9 << 20, path, sizeof(path)));
	assert_false(space_mount_of(info, 7 << 20 | 3, path, 5));
	assert_false(space_mount_of("", 0, path, sizeof(path)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(which_wall), cmocka_unit_test(which_promise), cmocka_unit_test(ends_for_it),
		cmocka_unit_test(lives_on),   cmocka_unit_test(full_heaps),    cmocka_unit_test(heap_limits),
		cmocka_unit_test(bad_sizes),  cmocka_unit_test(no_room),       cmocka_unit_test(mount_points),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
