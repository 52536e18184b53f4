// SPDX-License-Identifier: GPL-2.0
// Reports put together by hand, one a shape of incident: what diagnose will hand to the renderers.
#ifndef TESTS_RENDER_CASES_H
#define TESTS_RENDER_CASES_H

#include <string.h>

#include "builder/dockerfile.h"
#include "diagnose/report.h"

#define MIB (1024ULL * 1024)
#define GIB (1024 * MIB)
#define SEC 1000000000ULL

/* What add_help() makes of it */
#define HELP_IS(i, t, c, b)                                                                    \
	((struct help){ .id = (i), .text = (t), .command = (c), .bytes = (b),                  \
			.how = (c) ? HELP_RUN : HELP_WORDS })

struct fixture {
	struct model m;
	struct build build;
	struct dockerfile df;
	struct df_stage stages[2];
	struct df_instr instr;
	struct step step, other;
	struct cgroup cgroup;
	struct proc child;
	struct hook hooks[2];
	struct fact facts[5];
	struct note notes[2];
	struct incident inc[3];
	struct growth growth;
	struct report r;
	char big[10 * 1024 + 1];
};

static inline void fill_model(struct fixture *x)
{
	struct model *m = &x->m;

	m->start.h.ts_ns = 1000 * SEC;
	m->start.realtime_ns = 1795438966ULL * SEC;
	m->start.utc_offset_s = 8 * 3600;
	m->start.cgroup_version = 2;
	m->host.h.kind = ZT_host;
	m->host.total_bytes = 8 * GIB;
	m->ended = true;
	x->hooks[0] = (struct hook){ .next = &x->hooks[1], .fact = "victim", .via = "fentry/oom_kill_process", .confidence = CONF_CONFIRMED, .reason = "",
				     .state = ZT_HOOK_USED };
	x->hooks[1] = (struct hook){ .fact = "victim", .via = "raw_tp/mark_victim", .reason = "not needed",
				     .state = ZT_HOOK_SKIPPED };
	m->hooks = x->hooks;
	x->facts[0] = (struct fact){ &x->facts[1], "kernel.release", "6.1.0-28-amd64" };
	x->facts[1] = (struct fact){ &x->facts[2], "arch", "x86_64" };
	x->facts[2] = (struct fact){ &x->facts[3], "command.arg", "docker" };
	x->facts[3] = (struct fact){ &x->facts[4], "command.arg", "build" };
	x->facts[4] = (struct fact){ NULL, "command.arg", "." };
	m->facts = x->facts;
	x->child = (struct proc){ .id = { 4000, 4000, 1000 * SEC }, .exec_ns = 1001 * SEC, .exit_ns = 1260 * SEC };
	m->child = &x->child;
	m->child_exited = true;
	m->child_status = 1 << 8;
	x->r = (struct report){ .model = m };
}

static const char dockerfile_text[] = "FROM debian:12 AS builder\n"
				      "COPY . /src\r\n"
				      "RUN cmake --build . -j8\r\n"
				      "RUN apt-get update && \\\n"
				      "\tapt-get install -y \\\n"
				      "\tbuild-essential 编译工具 && \\\n"
				      "\trm -rf /var/lib/apt/lists\n"
				      "\n"
				      "RUN make";

static inline void fill_build(struct fixture *x)
{
	static char argv[] = "/bin/sh\0-c\0cmake --build . -j8";

	x->stages[0] = (struct df_stage){ .name = "builder", .base = "debian:12" };
	x->stages[1] = (struct df_stage){ .base = "debian:12", .number = 1 };
	x->instr = (struct df_instr){ .line = 3, .end_line = 3, .keyword = "RUN", .text = "RUN cmake --build . -j8",
				      .index = 3, .total = 9, .legacy_index = 3, .legacy_total = 10, .is_run = true };
	x->df = (struct dockerfile){ .stages = x->stages, .nstages = 2, .instrs = &x->instr, .ninstrs = 1 };
	x->build = (struct build){ .id = "b1", .builder = BUILDER_BUILDKIT, .client = &x->child, .service = "api-backend",
				   .dockerfile_path = "api/Dockerfile", .df = &x->df,
				   .file_text = (char *)dockerfile_text, .file_len = sizeof(dockerfile_text) - 1,
				   .file_seen = true };
	x->cgroup = (struct cgroup){ .id = 77, .path = "/docker/buildkit/abc" };
	x->step = (struct step){ .id = "b1.s3", .build = &x->build, .builder = BUILDER_BUILDKIT, .cgroup = &x->cgroup,
				 .argv = argv, .argv_bytes = sizeof(argv), .instr = &x->instr, .text = x->instr.text,
				 .confidence = CONF_CONFIRMED, .candidates = 1, .started_ns = 1005 * SEC,
				 .ended_ns = 1257 * SEC, .exited = true, .exit_code = 137 << 8, .peak_bytes = 2 * GIB,
				 .limit_bytes = 2 * GIB, .oom_kills = 1,
				 .layer = { .number = 3, .snapshot = "42", .base_image = "debian:12" } };
	x->m.builds = &x->build;
	x->m.steps = &x->step;
}

static inline struct incident *add_incident(struct fixture *x)
{
	struct incident *i = &x->inc[x->r.nincidents];

	if (x->r.nincidents)
		x->inc[x->r.nincidents - 1].next = i;
	else
		x->r.incidents = i;
	x->r.nincidents++;
	i->ts_ns = 1257 * SEC;
	i->causal = TRI_YES;
	i->confidence = CONF_CONFIRMED;
	i->basis = "confirmed by kernel OOM event";
	return i;
}

/* A step's own limit, with everything there is to say. */
static inline void case_limit(struct fixture *x)
{
	static char argv[] = "/usr/lib/gcc/cc1plus\0-quiet\0src/foo.cc";
	struct incident *i;

	fill_model(x);
	fill_build(x);
	i = add_incident(x);
	i->code = "ZT1001";
	i->build = &x->build;
	i->step = &x->step;
	i->headline = "step 3/9 of service api-backend ran out of memory";
	i->summary = "cc1plus was killed by the kernel: the builder may use 2.0 GiB and was at it.";
	i->victims[0] = (struct victim){ .id = { 41822, 41822, 1200 * SEC }, .comm = "cc1plus", .argv = argv,
					 .argv_bytes = sizeof(argv), .label = "compiling src/foo.cc", .rss_known = true,
					 .rss = { .anon_bytes = 600 * MIB, .file_bytes = 12 * MIB },
					 .runtime_ns = 57 * SEC, .lineage = { { { 41800, 41800, 0 }, "make" } },
					 .nlineage = 1 };
	i->nvictims = 1;
	i->trigger = (struct who){ { 41823, 41823, 0 }, "cc1plus" };
	i->limit.kind = LIMIT_CGROUP;
	i->limit.path = "/docker/buildkit";
	i->limit.owner = "builder";
	i->limit.file = "memory.max";
	i->limit.bytes = i->limit.usage_bytes = 2 * GIB;
	i->limit.chain[0] = (struct chain_level){ "/docker/buildkit/abc", ZT_NO_LIMIT, 2 * GIB - MIB, 2 * GIB - MIB };
	i->limit.chain[1] = (struct chain_level){ "/docker/buildkit", 2 * GIB, 2 * GIB, 2 * GIB };
	i->limit.nchain = 2;
	i->holders[0] = (struct holder){ HOLD_PROCESS, "cc1plus", "cc1plus", 8, 1900 * MIB, NULL,
					 "compiling src/foo.cc, src/bar.cc, …" };
	i->inside[0] = i->holders[0];
	i->ninside = 1;
	i->holders[1] = (struct holder){ HOLD_PAGE_CACHE, "page cache", "page cache", 0, 60 * MIB, NULL, NULL };
	i->nholders = 2;
	x->growth = (struct growth){ "/docker/buildkit", 4, true, { 1243 * SEC, 1247 * SEC, 1251 * SEC, 1257 * SEC },
				     { 12 * MIB, 500 * MIB, GIB, 2 * GIB } };
	i->growth = &x->growth;
	i->host_known = true;
	i->host_available_bytes = 5427 * MIB;
	i->limit_text = "memory.max 2.0 GiB, set on builder \"ci\" (buildx_buildkit_ci0)";
	i->used_text = "2.0 GiB at the kill; swap 0 B of 0 B";
	i->killed = "cc1plus, pid 41822, 612.0 MiB, after 57.0 s";
	i->host_text = "5.3 GiB still free, so this is not a host shortage";
	i->notes[0] = "docker build --memory has no effect with BuildKit";
	i->nnotes = 1;
	i->help[0] = HELP_IS("fewer-jobs", "use -j3 in api/Dockerfile:3 (each cc1plus peaked near 600 MiB)", NULL, 0);
	i->help[1] = HELP_IS("raise-limit", "or recreate the builder with a higher limit:",
				    "docker buildx create --name ci --driver docker-container "
				    "--driver-opt memory=5g,memory-swap=5g", 5 * GIB);
	i->nhelp = 2;
}

/* The host, two builds at once; no Dockerfile, nothing is known of the sizes of one holder's processes. */
static inline void case_host(struct fixture *x)
{
	struct incident *i;

	fill_model(x);
	fill_build(x);
	x->build.file_text = NULL;
	x->build.df = NULL;
	x->build.dockerfile_path = NULL;
	x->step.instr = NULL;
	x->step.text = NULL;
	i = add_incident(x);
	i->code = "ZT1003";
	i->build = &x->build;
	i->step = &x->step;
	i->confidence = CONF_LIKELY;
	i->headline = "the host ran out of memory while 2 services were building";
	i->victims[0] = (struct victim){ .id = { 9, 9, 1 }, .comm = "node" };
	i->nvictims = 1;
	i->more_victims = 2;
	i->limit.kind = LIMIT_HOST;
	i->limit.owner = "host";
	i->killed = "node, 3.1 GiB, service web, step 5/11 (web/Dockerfile:18)";
	i->limit_text = "none was set; RAM 7.7 GiB and swap 0 B were full";
	i->used_text = "7.7 GiB by";
	i->host_text = "short: 41.0 MiB available of 7.7 GiB, no swap";
	i->host_known = true;
	i->host_available_bytes = 41 * MIB;
	i->holders[0] = (struct holder){ HOLD_STEP, "b1.s3", "api-backend step 3/9 RUN cargo build --release", 0, 4 * GIB, &x->step,
					 NULL };
	i->holders[1] = (struct holder){ HOLD_STEP, "b2.s5", "web step 5/11 RUN npm run build", 3, 3174 * MIB, NULL, NULL };
	i->holders[2] = (struct holder){ HOLD_CONTAINER, "/docker/1234", NULL, 0, 307 * MIB, NULL, NULL };
	i->holders[3] = (struct holder){ HOLD_OTHER, NULL, NULL, 0, 307 * MIB, NULL, NULL };
	i->nholders = 4;
	i->notes[0] = "the kernel kills the biggest process: web was the victim, not the cause; peaks were 4.2 and "
		      "3.1 GiB: each build fits alone, both together do not";
	i->notes[1] = "your Compose 2.38 (bake) ignores COMPOSE_PARALLEL_LIMIT and --parallel";
	i->nnotes = 2;
	i->help[0] = HELP_IS("one-by-one", "build one service at a time:",
				    "docker compose build api-backend && docker compose build web", 0);
	i->help[1] = HELP_IS("add-swap", "or add swap (4 GiB is enough here; the build gets slower, not killed)", NULL, 4 * GIB);
	i->nhelp = 2;
}

/* An OOM kill that harmed no build, and a SIGKILL that was none; the second shows a RUN of several lines. */
static inline void case_others(struct fixture *x)
{
	struct incident *i;

	fill_model(x);
	fill_build(x);
	x->instr.line = 4;
	x->instr.end_line = 7;
	x->instr.text = "RUN apt-get update && \tapt-get install -y \tbuild-essential 编译工具 && \trm -rf /var/lib/apt/lists";
	x->step.text = x->instr.text;
	x->other = x->step;
	strcpy(x->other.id, "s2");
	x->other.build = NULL;
	x->other.instr = NULL;
	x->other.text = NULL;
	x->other.builder = BUILDER_PODMAN;
	x->other.peak_bytes = 0;
	x->other.limit_bytes = ZT_NO_LIMIT;
	x->other.exit_code = 9;
	x->step.next = &x->other;
	i = add_incident(x);
	i->code = "ZT1005";
	i->causal = TRI_NO;
	i->confidence = CONF_LIKELY;
	i->basis = NULL;
	i->headline = "chrome was killed for memory, but no build failed of it";
	i->killed = "chrome, pid 77";
	i->limit_text = "none was set";
	i = add_incident(x);
	i->code = "ZT2001";
	i->causal = TRI_UNKNOWN;
	i->build = &x->build;
	i->step = &x->step;
	i->headline = "step 3/9 of service api-backend was killed, but not for memory";
	i->basis = "confirmed: signal sender seen";
	i->killer = (struct who){ { 42110, 42110, 5 }, "timeout" };
	i->killer_lineage[0] = (struct who){ { 42100, 42100, 4 }, "sh" };
	i->nkiller_lineage = 1;
	i->killed = "sh, pid 42100, by timeout, pid 42110, 10m 00s after it started";
	i->used_text = "410.0 MiB at most";
	i->host_text = "5.9 GiB free, 0 OOM kills seen";
	i->help[0] = HELP_IS("raise-timeout", "the tests needed more than 600 s: raise the timeout or find the slow test", NULL, 0);
	i->nhelp = 1;
	i = add_incident(x);
	i->code = "ZT2003";
	i->causal = TRI_YES;
	i->step = &x->other;
	i->confidence = CONF_UNKNOWN;
	i->headline = "a step of podman ended with exit code 137 by itself";
	x->notes[0] = (struct note){ &x->notes[1], "ZT9002", "hook raw_tp/mark_victim could not attach: operation not permitted" };
	x->notes[1] = (struct note){ NULL, "ZT9004", "the trace was cut short" };
	x->m.notes = x->notes;
	x->m.lost[ZT_LOST_RING] = 12;
	x->m.lost[ZT_LOST_READ] = 3;
	x->m.ended = false;
	x->r.verbose = true;
}

#define EVIL "\x1b]0;owned\x07\x1b[2J\r\n::error::x\n\xe2\x80\xae\xe2\x80\x8b\xff\xfe\x9b" "31m内存不足"

/* Everything a build can name itself, and more words than any screen has room for. */
static inline void case_hostile(struct fixture *x)
{
	static char argv[] = EVIL "\0" EVIL;
	struct incident *i;

	fill_model(x);
	fill_build(x);
	for (size_t n = 0; n < sizeof(x->big) - 1; n++)
		x->big[n] = EVIL[n % (sizeof(EVIL) - 1)];
	x->build.service = EVIL;
	x->build.dockerfile_path = x->big;
	x->build.file_text = x->big;
	x->build.file_len = sizeof(x->big) - 1;
	x->instr.line = 1;
	x->instr.end_line = 400;
	x->instr.text = x->big;
	x->step.text = x->big;
	x->stages[0].name = EVIL;
	x->step.argv = argv;
	x->step.argv_bytes = sizeof(argv);
	x->cgroup.path = EVIL;
	i = add_incident(x);
	i->code = "ZT1001";
	i->build = &x->build;
	i->step = &x->step;
	i->headline = i->summary = i->killed = i->limit_text = i->used_text = i->host_text = i->basis = x->big;
	i->victims[0] = (struct victim){ .comm = x->big, .argv = x->big, .argv_bytes = sizeof(x->big), .label = EVIL };
	i->victims[0].lineage[0] = (struct who){ { 1, 1, 1 }, EVIL };
	i->victims[0].nlineage = 1;
	i->nvictims = 1;
	i->trigger.comm = EVIL;
	i->limit.path = EVIL;
	for (unsigned int n = 0; n < HOLDERS_MAX; n++)
		i->holders[n] = (struct holder){ HOLD_PROCESS, EVIL, n % 2 ? x->big : EVIL, n, n * 900 * MIB, NULL,
						 n % 2 ? EVIL : x->big };
	i->nholders = HOLDERS_MAX;
	for (unsigned int n = 0; n < NOTES_MAX; n++)
		i->notes[n] = x->big;
	i->nnotes = NOTES_MAX;
	for (unsigned int n = 0; n < HELP_MAX; n++)
		i->help[n] = HELP_IS(EVIL, x->big, n == 1 ? x->big : "docker build --build-arg 'A=" EVIL "' --memory 4g "
					    "--memory-swap 4g --tag an-image-with-a-rather-long-name:latest --progress plain .", n);
	i->nhelp = HELP_MAX;
	x->notes[0] = (struct note){ NULL, "ZT9001", x->big };
	x->m.notes = x->notes;
	x->r.verbose = true;
}

/* The Dockerfile came over a pipe: only what was started is known. Its place is taken by the argv. */
static inline void case_stdin(struct fixture *x)
{
	case_limit(x);
	x->build.file_text = NULL;
	x->build.df = NULL;
	x->build.dockerfile_path = NULL;
	x->build.file_status = ZT_FILE_STDIN;
	x->step.instr = NULL;
	x->step.text = NULL;
	x->inc[0].headline = "a step of service api-backend ran out of memory";
	x->inc[0].notes[1] = "the Dockerfile came over a pipe, so the step has no number";
	x->inc[0].nnotes = 2;
	x->inc[0].help[1].command = "docker update --memory 5g --memory-swap 5g "
				    "3f4e8a0c9d1b7e6f5a4b3c2d1e0f9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d3e2f1a && "
				    "echo 'one very long word in quotes: that has to go on on the next line of the terminal'";
}

/* Nothing happened. */
static inline void case_none(struct fixture *x)
{
	fill_model(x);
	fill_build(x);
	x->step.exit_code = 0;
	x->step.oom_kills = 0;
	x->step.peak_bytes = 34 * MIB + 200 * 1024;
	x->m.host = (struct zt_ev_host){ 0 };
	x->m.child_exited = false;
}

/* Not even a step; nothing is known at all. */
static inline void case_empty(struct fixture *x)
{
	x->r.model = &x->m;
}

static const struct {
	const char *name;
	void (*fill)(struct fixture *x);
} cases[] = {
	{ "limit", case_limit },     { "host", case_host }, { "others", case_others }, { "hostile", case_hostile },
	{ "stdin", case_stdin }, { "none", case_none }, { "empty", case_empty },
};

#endif
