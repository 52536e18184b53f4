// SPDX-License-Identifier: GPL-2.0
/* The laboratory's shapes: what runs where, which limit is hit, who is killed. Sizes in MB. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "oombox.h"

#define EATER "oombox", "eat"

static int meminfo_mb(const char *key)
{
	return (int)(counter("/proc", "meminfo", key) / 1024);
}

/* v2 without counted swap: what is swapped out escapes every limit (v1 is kept from swapping then). */
static int free_swap_mb(const struct lab *lab)
{
	char text[64];
	bool counted = lab->h.version == 1 || take(lab->dir[0], "memory.swap.max", text, sizeof(text)) >= 0;

	return counted ? 0 : meminfo_mb("SwapTotal:");
}

static const char *word(char *ret, long n)
{
	snprintf(ret, 24, "%ld", n);
	return ret;
}

static bool swap_is_a_way_out(const struct lab *lab)
{
	if (!free_swap_mb(lab))
		return false;
	fprintf(stderr, "oombox: cgroup v2 does not count swap here (swapaccount=0): it is a way out of every limit\n");
	return true;
}

/* Far more than LIMIT_MB, so that it is hit; nobody gets that much */
static const char *enough(const struct lab *lab, char *ret, long limit_mb)
{
	return word(ret, 2 * limit_mb + 100 + free_swap_mb(lab));
}

/* One process in DIR, nothing else there; the limit is at DOMAIN. */
static int one_victim(struct lab *lab, int dir, int domain, long mb, struct spec spec)
{
	struct truth t = {
		.domain = lab->dir[domain], .victim_dir = lab->dir[dir], .limit_bytes = mb * MB,
		.code = dir == domain ? "ZT1001" : "ZT1002",
	};
	int ret;

	spec.dir = lab->dir[dir];
	t.trigger = t.victim = lab_start(lab, &spec);
	ret = lab_wait(lab, t.victim);
	if (ret >= 0 && ret != EXIT_SKIP)
		lab_tell(lab, &t);
	return ret;
}

/* One limit at the top and one at its child, 0: none. The victim is in the child. */
static int two_levels(struct lab *lab, long parent_mb, long own_mb)
{
	bool parent_hit = parent_mb && (!own_mb || parent_mb < own_mb);
	int step = lab_dir(lab, 0, "step"), ret = step < 0 ? step : 0;
	long mb = parent_hit ? parent_mb : own_mb;
	char more[24];

	if (!ret && parent_mb)
		ret = lab_limit(lab, 0, parent_mb, 0);
	if (!ret && own_mb)
		ret = lab_limit(lab, step, own_mb, 0);
	if (ret)
		return ret;
	return one_victim(lab, step, parent_hit ? 0 : step, mb,
			  (struct spec){.argv = {EATER, enough(lab, more, mb)}});
}

static int run_own(struct lab *lab, int argc, char **argv)
{
	return two_levels(lab, 0, arg(argc, argv, 1, 64));
}

static int run_parent(struct lab *lab, int argc, char **argv)
{
	return two_levels(lab, arg(argc, argv, 1, 64), 0);
}

static int run_nested(struct lab *lab, int argc, char **argv)
{
	return two_levels(lab, arg(argc, argv, 1, 96), arg(argc, argv, 2, 64));
}

static int in_top(struct lab *lab, long mb, struct spec spec)
{
	int ret = lab_limit(lab, 0, mb, 0);

	return ret ? ret : one_victim(lab, 0, 0, mb, spec);
}

/* The pages are the file's: the one that is killed is small. */
static int run_tmpfs(struct lab *lab, int argc, char **argv)
{
	long mb = arg(argc, argv, 1, 64);
	char more[24];

	return in_top(lab, mb, (struct spec){.private_shm = true, .argv = {"oombox", "tmpfs", enough(lab, more, mb)}});
}

static int run_leak(struct lab *lab, int argc, char **argv)
{
	if (swap_is_a_way_out(lab))
		return EXIT_SKIP;
	return in_top(lab, arg(argc, argv, 1, 48),
		      (struct spec){.argv = {"oombox", "leak", argc > 2 ? argv[2] : "50"}});
}

static int run_threads(struct lab *lab, int argc, char **argv)
{
	long mb = arg(argc, argv, 1, 64);
	char more[24];

	return in_top(lab, mb, (struct spec){.argv = {"oombox", "threads", "4", enough(lab, more, mb)}});
}

/* A process that itself starts others; who of them dies is the kernel's choice. */
static int family(struct lab *lab, long mb, struct spec spec)
{
	struct truth t = {.domain = lab->dir[0], .victim_dir = lab->dir[0], .limit_bytes = mb * MB, .code = "ZT1001"};
	int ret = swap_is_a_way_out(lab) ? EXIT_SKIP : lab_limit(lab, 0, mb, 0), rest;

	if (ret)
		return ret;
	spec.dir = lab->dir[0];
	ret = lab_wait(lab, lab_start(lab, &spec));
	rest = ret < 0 ? ret : lab_wait_all(lab);
	if (!rest && ret != EXIT_SKIP)
		lab_tell(lab, &t);
	return rest ? rest : ret;
}

/* Three of 40 do not fit into 100, two do. */
static int run_jstorm(struct lab *lab, int argc, char **argv)
{
	long mb = arg(argc, argv, 1, 100);
	char each[24];

	return family(lab, mb, (struct spec){.argv = {"oombox", "jstorm", "3", word(each, mb * 2 / 5), "2000"}});
}

/* Each is small, no single one is to blame; what every process costs beside its 2 MB makes it too much. */
static int run_bomb(struct lab *lab, int argc, char **argv)
{
	long mb = arg(argc, argv, 1, 48);
	char n[24];

	return family(lab, mb, (struct spec){.argv = {"oombox", "bomb", word(n, mb / 2), "2", "3000"}});
}

/*
 * HOLDER has most of what top allows and sits still; another asks for the rest and more. The victim is the holder,
 * unless it may not be chosen.
 */
static int held_and_asked(struct lab *lab, struct spec holder, struct spec asker, long mb, bool asker_dies)
{
	struct truth t = {.domain = lab->dir[0], .limit_bytes = mb * MB};
	int ret = swap_is_a_way_out(lab) ? EXIT_SKIP : lab_limit(lab, 0, mb, 0);
	pid_t held;

	if (ret)
		return ret;
	holder.leash = true;
	held = lab_start(lab, &holder);
	ret = held < 0 ? held : lab_until(lab, 0, strtol(holder.argv[2], NULL, 10));
	if (ret == -ESRCH)
		return lab_wait(lab, held); /* it could not start, and said why */
	if (ret)
		return ret;
	t.trigger = lab_start(lab, &asker);
	t.victim = asker_dies ? t.trigger : held;
	t.victim_dir = asker_dies ? asker.dir : holder.dir;
	t.code = strcmp(t.victim_dir, t.domain) ? "ZT1002" : "ZT1001";
	ret = lab_wait(lab, t.victim);
	if (ret < 0 || ret == EXIT_SKIP)
		return ret;
	lab_let_go(lab);
	lab_wait_all(lab);
	lab_tell(lab, &t);
	return ret;
}

static int run_neighbour(struct lab *lab, int argc, char **argv)
{
	long mb = arg(argc, argv, 1, 96);
	int holder = lab_dir(lab, 0, "holder"), asker = holder < 0 ? holder : lab_dir(lab, 0, "asker");
	char has[24], wants[24];

	if (asker < 0)
		return asker;
	return held_and_asked(lab, (struct spec){.dir = lab->dir[holder], .argv = {EATER, word(has, mb * 3 / 4), "-"}},
			      (struct spec){.dir = lab->dir[asker], .argv = {EATER, word(wants, mb / 2)}}, mb, false);
}

/* v2 has processes in leaves only: there the outsider is in a cgroup beside the step's. */
static int run_outside(struct lab *lab, int argc, char **argv)
{
	long mb = arg(argc, argv, 1, 96);
	int step = lab_dir(lab, 0, "step"), outside = step < 0 || lab->h.version == 1 ? 0 : lab_dir(lab, 0, "daemon");
	char has[24], wants[24];

	if (step < 0 || outside < 0)
		return step < 0 ? step : outside;
	return held_and_asked(lab, (struct spec){.dir = lab->dir[outside], .argv = {EATER, word(has, mb * 3 / 4), "-"}},
			      (struct spec){.dir = lab->dir[step], .argv = {EATER, word(wants, mb / 2)}}, mb, false);
}

/* Lowering it takes CAP_SYS_RESOURCE in the first user namespace: only the kernel can tell. */
static bool may_exempt(void)
{
	char was[24];

	if (take("/proc/self", "oom_score_adj", was, sizeof(was)) <= 0 || put("/proc/self", "oom_score_adj", "-1000"))
		return false;
	return !put("/proc/self", "oom_score_adj", "%s", was);
}

/* The larger of two is exempt; where that is not allowed, the smaller is offered first. */
static int run_score(struct lab *lab, int argc, char **argv)
{
	long mb = arg(argc, argv, 1, 96);
	char has[24], wants[24];
	struct spec large = {.dir = lab->dir[0], .argv = {EATER, word(has, mb * 5 / 8), "-"}};
	struct spec small = {.dir = lab->dir[0], .argv = {EATER, word(wants, mb / 2)}};

	if (may_exempt())
		large.score = -1000;
	else
		small.score = 900;
	return held_and_asked(lab, large, small, mb, true);
}

/* memory.oom.group: all of a cgroup's processes go at once. */
static int run_group(struct lab *lab, int argc, char **argv)
{
	long mb = arg(argc, argv, 1, 64);
	struct truth t = {.domain = lab->dir[0], .victim_dir = lab->dir[0], .limit_bytes = mb * MB, .code = "ZT1001"};
	struct spec sleeper = {.dir = lab->dir[0], .leash = true, .argv = {EATER, "8", "-"}};
	char more[24];
	struct spec eater = {.dir = lab->dir[0], .argv = {EATER, enough(lab, more, mb)}};
	int ret = lab->h.version == 2 ? put(lab->dir[0], "memory.oom.group", "1") : -EOPNOTSUPP;
	pid_t other;

	if (!ret)
		ret = lab_limit(lab, 0, mb, 0);
	if (ret)
		return ret;
	other = lab_start(lab, &sleeper);
	ret = other < 0 ? other : lab_until(lab, 0, 8);
	if (ret)
		return ret;
	t.trigger = t.victim = lab_start(lab, &eater);
	ret = lab_wait(lab, t.victim);
	if (ret < 0 || lab_wait(lab, other) < 0)
		return ret < 0 ? ret : -ETIMEDOUT;
	return lab_tell(lab, &t) == 2 ? ret : 1;
}

/* Memory and swap are both limited and both full. */
static int run_swap(struct lab *lab, int argc, char **argv)
{
	long mb = arg(argc, argv, 1, 32), swap_mb = arg(argc, argv, 2, 32);
	bool v2 = lab->h.version == 2;
	const char *file = v2 ? "memory.swap.max" : "memory.memsw.limit_in_bytes";
	struct truth t = {.domain = lab->dir[0], .victim_dir = lab->dir[0], .limit_bytes = mb * MB, .code = "ZT1001"};
	char more[24], text[64];
	struct spec eater = {.dir = lab->dir[0], .argv = {EATER, enough(lab, more, mb + swap_mb)}};
	int ret;

	if (meminfo_mb("SwapFree:") <= swap_mb || take(lab->dir[0], file, text, sizeof(text)) < 0) {
		fprintf(stderr, "oombox: less than %ld MB of swap here, or cgroups do not count it\n", swap_mb + 1);
		return EXIT_SKIP;
	}
	ret = lab_limit(lab, 0, mb, swap_mb);
	if (ret)
		return ret;
	t.trigger = t.victim = lab_start(lab, &eater);
	ret = lab_wait(lab, t.victim);
	snprintf(t.more, sizeof(t.more), " %s=%ld", v2 ? "swap_limit_bytes" : "memsw_limit_bytes",
		 (v2 ? swap_mb : mb + swap_mb) * MB);
	if (ret >= 0 && ret != EXIT_SKIP)
		lab_tell(lab, &t);
	return ret;
}

/* The limit goes below what is used. v2 kills for that, in the context of the writer: us. */
static int run_lowered(struct lab *lab, int argc, char **argv)
{
	long mb = arg(argc, argv, 1, 80), to_mb = arg(argc, argv, 2, 32);
	struct truth t = {.domain = lab->dir[0], .victim_dir = lab->dir[0], .limit_bytes = to_mb * MB, .code = "ZT1001"};
	char has[24];
	struct spec holder = {.dir = lab->dir[0], .leash = true, .argv = {EATER, word(has, mb), "-"}};
	int ret = swap_is_a_way_out(lab) ? EXIT_SKIP : lab_limit(lab, 0, 2 * mb, 0);

	if (ret)
		return ret;
	t.trigger = getpid();
	t.victim = lab_start(lab, &holder);
	ret = t.victim < 0 ? t.victim : lab_until(lab, 0, mb);
	if (!ret)
		ret = lab_limit(lab, 0, to_mb, 0);
	if (ret == -EBUSY) {
		fprintf(stderr, "oombox: cgroup v1 does not lower a limit below what is used\n");
		return EXIT_SKIP;
	}
	if (!ret)
		ret = lab_wait(lab, t.victim);
	if (ret >= 0 && ret != EXIT_SKIP)
		lab_tell(lab, &t);
	return ret;
}

/* memory.high: nobody is killed, the process is made slow. After some seconds we take it away and it ends well. */
static int run_high(struct lab *lab, int argc, char **argv)
{
	long mb = arg(argc, argv, 1, 32), slow_ms = arg(argc, argv, 2, 5000), start = now_ms();
	struct truth t = {.domain = "none", .limit_bytes = 0, .code = "none"};
	char wants[24];
	struct spec eater = {.dir = lab->dir[0], .argv = {EATER, word(wants, mb + mb / 2)}};
	int ret = lab->h.version == 2 ? put(lab->dir[0], "memory.high", "%ld", mb * MB) : -EOPNOTSUPP;
	pid_t pid;

	if (ret)
		return ret;
	put(lab->dir[0], "memory.swap.max", "0");
	pid = lab_start(lab, &eater);
	ret = pid < 0 ? pid : lab_pause(lab, slow_ms);
	if (!ret)
		ret = put(lab->dir[0], "memory.high", "max");
	if (!ret)
		ret = lab_wait(lab, pid);
	snprintf(t.more, sizeof(t.more), " high_bytes=%ld high_events=%ld took_ms=%ld", mb * MB,
		 counter(lab->dir[0], "memory.events", "high"), now_ms() - start);
	if (ret >= 0 && ret != EXIT_SKIP)
		lab_tell(lab, &t);
	return ret;
}

/* What takes a whole machine's memory, or a whole node's, is for small or throw-away machines. */
static bool allowed_to_fill(int argc, char **argv)
{
	char cmdline[4096] = "";
	bool yes = false;

	for (int i = 1; i < argc; i++)
		yes |= !strcmp(argv[i], "--yes-host");
	take("/proc", "cmdline", cmdline, sizeof(cmdline));
	if (strstr(cmdline, "vmtest") || (yes && meminfo_mb("MemTotal:") < 2048))
		return true;
	fprintf(stderr, "oombox: this would fill all of this machine's memory and have processes killed that are not\n"
			"oombox: ours: only in a vmtest guest, or with --yes-host and less than 2 GiB of memory\n");
	return false;
}

static int fill(struct lab *lab, struct truth t, struct spec spec)
{
	long before = counter("/proc", "vmstat", "oom_kill"); /* also of processes that are not ours */
	size_t n = strlen(t.more);
	int ret;

	spec.dir = lab->dir[0];
	t.victim_dir = lab->dir[0];
	t.trigger = 0; /* whoever asked at that moment */
	t.victim = lab_start(lab, &spec);
	ret = lab_wait(lab, t.victim);
	snprintf(t.more + n, sizeof(t.more) - n, " host_oom_kill=%ld", counter("/proc", "vmstat", "oom_kill") - before);
	if (ret >= 0 && ret != EXIT_SKIP)
		lab_tell(lab, &t);
	return ret;
}

static int run_host(struct lab *lab, int argc, char **argv)
{
	if (!allowed_to_fill(argc, argv))
		return EXIT_SKIP;
	return fill(lab, (struct truth){
		.domain = "host", .code = "ZT1003",
		.limit_bytes = counter("/proc", "meminfo", "MemTotal:") * 1024,
	}, (struct spec){.argv = {"oombox", "leak", "0"}});
}

/* The first memory node and how many there are; swap is no way out of one: it is filled too. */
static int first_node(int argc, char **argv)
{
	char text[256];
	long node;

	if (take("/sys/devices/system/node", "has_memory", text, sizeof(text)) <= 0 || !strpbrk(text, ",-")) {
		fprintf(stderr, "oombox: fewer than two memory nodes here\n");
		return -ENODEV;
	}
	node = strtol(text, NULL, 10);
	return allowed_to_fill(argc, argv) && node < 1024 ? (int)node : -EPERM;
}

static int run_mempolicy(struct lab *lab, int argc, char **argv)
{
	int node = first_node(argc, argv);
	struct truth t = {.domain = "mempolicy", .code = "ZT1004"};

	if (node < 0)
		return EXIT_SKIP;
	snprintf(t.more, sizeof(t.more), " node=%d", node);
	return fill(lab, t, (struct spec){.bind_node = node + 1, .argv = {"oombox", "leak", "0"}});
}

static int run_cpuset(struct lab *lab, int argc, char **argv)
{
	int node = first_node(argc, argv), dir = node < 0 ? node : lab_cpuset(lab, node);
	struct truth t = {.domain = "cpuset", .code = "ZT1004"};

	if (node < 0)
		return EXIT_SKIP;
	if (dir < 0)
		return dir;
	snprintf(t.more, sizeof(t.more), " node=%d cpuset=%s", node, strrchr(lab->dir[dir], '/'));
	return fill(lab, t, (struct spec){.also = dir ? lab->dir[dir] : NULL, .argv = {"oombox", "leak", "0"}});
}

const struct lab_shape lab_shapes[] = {
	{"own", "[LIMIT]", "the limit of the process's own cgroup is hit", run_own, 60},
	{"parent", "[LIMIT]", "the limit of the parent cgroup is hit", run_parent, 60},
	{"nested", "[PARENT [OWN]]", "two limits, the smaller is hit", run_nested, 60},
	{"neighbour", "[LIMIT]", "killed for what a neighbour asked", run_neighbour, 60},
	{"outside", "[LIMIT]", "killed for what a step asked, without being in it", run_outside, 60},
	{"score", "[LIMIT]", "the larger of two has oom_score_adj -1000, the smaller dies", run_score, 60},
	{"group", "[LIMIT]", "memory.oom.group takes the whole cgroup (v2)", run_group, 60},
	{"tmpfs", "[LIMIT]", "a file in a memory file system fills the limit", run_tmpfs, 60},
	{"leak", "[LIMIT [STEP_MS]]", "a slow leak, some seconds", run_leak, 60},
	{"jstorm", "[LIMIT]", "three at once as make -j3 does, one is killed, exit 2", run_jstorm, 60},
	{"bomb", "[LIMIT]", "a bounded fork bomb: many small ones together exceed the limit", run_bomb, 60},
	{"threads", "[LIMIT]", "four threads eat after their first thread has left", run_threads, 60},
	{"swap", "[LIMIT [SWAP]]", "memory and swap are limited and full; needs swap", run_swap, 60},
	{"lowered", "[USED [LIMIT]]", "the limit is lowered below what is used (v2)", run_lowered, 60},
	{"high", "[HIGH [MS]]", "memory.high makes it slow, nobody is killed, exit 0 (v2)", run_high, 60},
	{"host", "[--yes-host]", "all of the machine's memory; small machines and guests only", run_host, 200},
	{"cpuset", "[--yes-host]", "all of a memory node, by cpuset; needs two nodes", run_cpuset, 200},
	{"mempolicy", "[--yes-host]", "all of a memory node, by set_mempolicy; needs two nodes", run_mempolicy, 200},
	{0},
};

static int conclude(const struct lab *lab, int ret)
{
	if (lab->interrupted)
		return 128 + lab->interrupted;
	if (ret == -ETIMEDOUT)
		fprintf(stderr, "oombox: lab %s did not come to its end in time\n", lab->shape);
	else if (ret < 0)
		fprintf(stderr, "oombox: lab %s is not possible here: %s\n", lab->shape, strerror(-ret));
	return ret == -ETIMEDOUT ? EXIT_TIME : ret < 0 ? EXIT_SKIP : ret;
}

static bool sensible(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--yes-host") && (arg(argc, argv, i, 0) < 1 || arg(argc, argv, i, 0) > 100000))
			return false;
	return true;
}

int lab_run(int argc, char **argv)
{
	const struct lab_shape *s = lab_shapes;
	struct lab *lab;
	int ret;

	while (s->name && strcmp(s->name, argv[0]))
		s++;
	if (!s->name || !sensible(argc, argv))
		return -EINVAL;
	lab = malloc(sizeof(*lab));
	if (!lab)
		return EXIT_SKIP;
	ret = lab_open(lab, s->name, s->seconds);
	if (ret >= 0)
		ret = s->run(lab, argc, argv);
	lab_close(lab);
	ret = conclude(lab, ret);
	free(lab);
	return ret;
}
