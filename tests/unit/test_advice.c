/* SPDX-License-Identifier: GPL-2.0 */
/* How much would have been enough, and what is advised first, on literal kills. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "builder/dockerfile.h"
#include "diagnose/advice.h"

#define GIB (1024 * MIB)
#define STEP_CG 7
#define TOP_CG 5

/* A step below a builder's limit; tasks are the step's. */
struct fixture {
	struct model *m;
	struct report *r;
	struct cgroup cg, top, third;
	struct step step;
	struct build build;
	struct df_instr instr[3];
	struct dockerfile df;
	struct kill k;
	struct kill_level levels[3];
	struct kill_task tasks[12];
	struct proc ended[4], child;
	struct fact facts[16];
	unsigned int nfacts;
	struct incident i;
	char path[64];
};

static void cgroup_add(struct fixture *f, struct cgroup *cg, zt_u64 id, zt_u64 parent, const char *path)
{
	*cg = (struct cgroup){ .id = id, .parent = parent, .path = (char *)path };
	HASH_ADD(hh, f->m->cgroups, id, sizeof(cg->id), cg);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->m = model_new();
	f->m->start.page_bytes = 4096;
	f->m->start.cpus = 8;
	f->m->start.cgroup_version = 2;
	f->m->child = &f->child;
	f->r = report_new(f->m);
	strcpy(f->path, "/docker/buildkit");
	cgroup_add(f, &f->cg, STEP_CG, TOP_CG, "/docker/buildkit/abc");
	cgroup_add(f, &f->top, TOP_CG, 0, f->path);
	f->step = (struct step){ .cgroup = &f->cg, .builder = BUILDER_BUILDKIT, .build = &f->build };
	f->cg.step = &f->step;
	f->k = (struct kill){ .step = &f->step, .levels = f->levels, .tasks = f->tasks, .walk = &f->k, .nlevels = 2 };
	f->k.ev.victim_cgroup = STEP_CG;
	f->k.host.h.kind = ZT_host;
	f->k.host.total_bytes = 16 * GIB;
	f->k.host.available_bytes = 8 * GIB;
	f->levels[0] = (struct kill_level){ .flags = ZT_F_LEVEL_CHAIN, .mem = { .id = STEP_CG, .usage_bytes = 99 * MIB,
			.limit_bytes = ZT_NO_LIMIT, .swap_limit_bytes = ZT_NO_LIMIT } };
	f->levels[1] = (struct kill_level){ .flags = ZT_F_LEVEL_CHAIN | ZT_F_LEVEL_DOMAIN, .mem = { .id = TOP_CG,
			.usage_bytes = 100 * MIB, .limit_bytes = 100 * MIB, .swap_limit_bytes = ZT_NO_LIMIT } };
	f->i = (struct incident){ .step = &f->step, .build = &f->build, .nvictims = 1, .limit = { .kind = LIMIT_CGROUP,
			.path = f->path, .owner = "builder", .file = "memory.max", .cgroup = TOP_CG, .bytes = 100 * MIB,
			.usage_bytes = 100 * MIB, .swap_limit_bytes = ZT_NO_LIMIT } };
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	HASH_CLEAR(hh, f->m->cgroups);
	f->m->exited = NULL;
	f->m->child = NULL;
	f->m->facts = NULL;
	f->build.file_text = NULL;
	report_free(f->r);
	model_free(f->m);
	free(f);
	return 0;
}

static struct kill_task *task(struct fixture *f, const char *comm, zt_u64 anon_mib, zt_u64 data_mib)
{
	struct kill_task *t = &f->tasks[f->k.ntasks++];

	*t = (struct kill_task){ .cgroup = STEP_CG, .rss.anon_bytes = anon_mib * MIB, .data_bytes = data_mib * MIB,
				 .threads = 1 };
	strcpy(t->comm, comm);
	return t;
}

static void ended(struct fixture *f, const char *comm, zt_u64 peak_mib, int code)
{
	static const size_t max = sizeof(f->ended) / sizeof(f->ended[0]);
	size_t n = 0;

	while (n < max && f->ended[n].comm[0])
		n++;
	f->ended[n] = (struct proc){ .cgroup = STEP_CG, .peak_rss_bytes = peak_mib * MIB, .exit_code = code,
				     .next_exited = f->m->exited };
	strcpy(f->ended[n].comm, comm);
	f->m->exited = &f->ended[n];
}

static void fact(struct fixture *f, const char *key, const char *value)
{
	struct fact *n = &f->facts[f->nfacts++], **at = &f->m->facts;

	*n = (struct fact){ .key = (char *)key, .value = (char *)value };
	while (*at)
		at = &(*at)->next;
	*at = n;
}

static void dockerfile(struct fixture *f, const char *text, unsigned int line, unsigned int end_line)
{
	f->build.dockerfile_path = (char *)"api/Dockerfile";
	f->build.file_text = (char *)text;
	f->build.file_len = strlen(text);
	f->build.df = &f->df;
	f->instr[0] = (struct df_instr){ .keyword = "FROM", .line = 1, .end_line = 1 };
	f->instr[1] = (struct df_instr){ .keyword = "ENV", .line = 2, .end_line = line - 1 };
	f->instr[2] = (struct df_instr){ .keyword = "RUN", .line = line, .end_line = end_line, .is_run = true };
	f->df.instrs = f->instr;
	f->df.ninstrs = 3;
	f->step.instr = &f->instr[2];
}

static struct need need(struct fixture *f)
{
	struct gang g = gang_of(f->m, &f->k, &f->i);

	return need_of(f->m, &f->k, &f->i, &g);
}

static void is_need(struct fixture *f, zt_u64 mib, enum confidence conf, enum need_from from)
{
	struct need n = need(f);

	assert_int_equal(n.bytes / MIB, mib);
	assert_int_equal(n.confidence, conf);
	assert_int_equal(n.from, from);
}

/* Real processes as they were seen, see need.c */
static void what_was_asked_for(void **state)
{
	static const struct {
		const char *comm;
		unsigned int anon, data, threads, asked;
	} cases[] = {
		{ "hold", 20, 200, 1, 180 },   { "cc1plus", 260, 269, 1, 0 }, { "cc1plus", 134, 143, 1, 0 },
		{ "python3", 173, 177, 1, 0 }, { "node", 6, 48, 7, 0 },	      { "node", 177, 218, 7, 0 },
		{ "java", 34, 493, 19, 0 },    { "app", 56, 97, 4, 0 },	      { "app", 50, 400, 4, 326 },
		{ "xz", 40, 94, 1, 0 },	{ "perl", 48, 101, 1, 0 },     { "python3.11", 64, 200, 1, 0 },
		{ "sh", 0, 1, 1, 0 },	       { "hold", 200, 100, 1, 0 },    { "app", 10, 8, 2, 0 },
	};

	(void)state;
	for (size_t n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
		struct kill_task t = { .rss.anon_bytes = cases[n].anon * MIB, .data_bytes = cases[n].data * MIB,
				       .threads = cases[n].threads };
		zt_u64 asked;

		strcpy(t.comm, cases[n].comm);
		assert_int_equal(task_asked(&t, &asked), cases[n].asked != 0);
		assert_int_equal(asked / MIB, cases[n].asked);
	}
}

static void asked_of_all(void **state)
{
	struct fixture *f = *state;

	task(f, "hold", 60, 100);
	task(f, "other", 30, 90);
	is_need(f, 200, CONF_LIKELY, NEED_ASKED);
}

static void somebody_else_asks(void **state)
{
	struct fixture *f = *state;

	task(f, "hold", 95, 98);
	cgroup_add(f, &f->third, 99, 0, "/");
	task(f, "outside", 10, 500)->cgroup = 99;
	is_need(f, 100, CONF_UNKNOWN, NEED_USED);
}

static void grows_piece_by_piece(void **state)
{
	struct fixture *f = *state;

	task(f, "cc1plus", 95, 98);
	is_need(f, 100, CONF_UNKNOWN, NEED_USED);
}

static void cache_is_no_need(void **state)
{
	struct fixture *f = *state;

	task(f, "hold", 50, 80)->rss.file_bytes = 2 * MIB;
	f->i.limit.split.confidence = CONF_CONFIRMED;
	f->i.limit.split.bytes.file_bytes = 42 * MIB;
	is_need(f, 90, CONF_LIKELY, NEED_ASKED);
}

static void earlier_runs(void **state)
{
	struct fixture *f = *state;

	task(f, "ld", 95, 98);
	f->step.past[0] = (struct past){ .peak_bytes = 110 * MIB, .oom = true };
	f->step.past[1] = (struct past){ .peak_bytes = 120 * MIB, .failed = true };
	f->step.past[2] = (struct past){ .peak_bytes = 299 * MIB };
	f->step.npast = 3;
	is_need(f, 300, CONF_LIKELY, NEED_PAST);
	f->step.past[3] = (struct past){ .peak_bytes = 310 * MIB };
	f->step.npast = 4;
	is_need(f, 300, CONF_CONFIRMED, NEED_PAST);
	f->step.past[2].peak_bytes = f->step.past[3].peak_bytes = 80 * MIB; /* it takes more today */
	is_need(f, 100, CONF_UNKNOWN, NEED_USED);
}

static void equals_that_ended(void **state)
{
	struct fixture *f = *state;

	for (int n = 0; n < 4; n++)
		task(f, "cc1plus", 20, 22);
	task(f, "make", 1, 1);
	is_need(f, 100, CONF_UNKNOWN, NEED_USED);
	ended(f, "cc1plus", 45, 0);
	ended(f, "cc1plus", 30, 0);
	ended(f, "cc1plus", 400, 9); /* killed */
	ended(f, "sh", 500, 0);
	is_need(f, 200, CONF_LIKELY, NEED_JOBS); /* 20 of others, 4 x 45 */
}

static void headroom(void **state)
{
	(void)state;
	assert_int_equal(with_headroom(10 * MIB), 11 * MIB);
	assert_int_equal(with_headroom(200 * MIB), 220 * MIB);
	assert_int_equal(with_headroom(2 * GIB), 2272 * MIB);
	with_headroom(~(zt_u64)0); /* out of a trace that was tampered with: comes to an end */
	for (zt_u64 n = MIB; n < 100 * GIB; n += n / 7 + 1) {
		assert_true(with_headroom(n) >= n + n / 10);
		assert_true(n < 8 * MIB || with_headroom(n) <= n + n / 5);
	}
}

/* ---- rules ---- */

static void advise(struct fixture *f)
{
	f->i.nhelp = 0;
	advise_oom(f->m, f->r, &f->k, &f->i);
}

static const struct help *help(const struct fixture *f, const char *id)
{
	for (unsigned int n = 0; n < f->i.nhelp; n++)
		if (!strcmp(f->i.help[n].id, id))
			return &f->i.help[n];
	return NULL;
}

static void is_first(const struct fixture *f, const char *id, enum help_how how, const char *command)
{
	assert_true(f->i.nhelp > 0);
	assert_string_equal(f->i.help[0].id, id);
	assert_int_equal(f->i.help[0].how, how);
	if (command)
		assert_string_equal(f->i.help[0].command, command);
	else
		assert_null(f->i.help[0].command);
}

static void raise_at_its_place(void **state)
{
	static const struct {
		const char *path, *init, *command;
	} cases[] = {
		{ "/docker/buildkit", "systemd", "echo 230686720 | sudo tee /sys/fs/cgroup/docker/buildkit/memory.max" },
		{ "/build.slice", "systemd", "sudo systemctl set-property --runtime build.slice MemoryMax=230686720" },
		{ "/build.slice", "init", "echo 230686720 | sudo tee /sys/fs/cgroup/build.slice/memory.max" },
		{ "/system.slice/docker-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.scope", "systemd",
		  "sudo docker update --memory 220m --memory-swap -1 0123456789ab" },
	};
	struct fixture *f = *state;

	task(f, "hold", 90, 190);
	fact(f, "init", "");
	for (size_t n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
		f->i.limit.path = cases[n].path;
		f->facts[0].value = (char *)cases[n].init;
		advise(f);
		is_first(f, "raise-limit", HELP_RUN, cases[n].command);
		assert_int_equal(f->i.help[0].bytes, 220 * MIB);
		assert_int_equal(f->i.help[0].confidence, CONF_LIKELY);
	}
}

static void both_counters_of_v1(void **state)
{
	struct fixture *f = *state;

	f->m->start.cgroup_version = 1;
	f->levels[1].mem.flags = ZT_F_MEMCG_SWAP_INCLUSIVE;
	f->levels[1].mem.swap_limit_bytes = 100 * MIB;
	task(f, "hold", 90, 190);
	advise(f);
	is_first(f, "raise-limit", HELP_RUN,
		 "(cd /sys/fs/cgroup/memory/docker/buildkit && echo 230686720 | sudo tee memory.memsw.limit_in_bytes "
		 "memory.limit_in_bytes)");
}

/* The step's own limit is the next one: 150 of 160 MiB, and 90 are missing */
static void another_limit_in_the_way(void **state)
{
	struct fixture *f = *state;

	task(f, "hold", 90, 190);
	f->levels[2] = f->levels[1];
	f->levels[2].mem.id = 3;
	f->levels[2].mem.usage_bytes = 150 * MIB;
	f->levels[2].mem.limit_bytes = 160 * MIB;
	f->levels[2].flags = ZT_F_LEVEL_CHAIN;
	f->k.nlevels = 3;
	advise(f);
	assert_int_equal(f->i.help[f->i.nhelp - 1].confidence, CONF_UNKNOWN); /* it has no known path */
	cgroup_add(f, &f->third, 3, 0, "/docker");
	advise(f);
	is_first(f, "raise-limit", HELP_RUN,
		 "echo 314572800 | sudo tee /sys/fs/cgroup/docker/memory.max && "
		 "echo 230686720 | sudo tee /sys/fs/cgroup/docker/buildkit/memory.max");
}

static void legacy_docker(void **state)
{
	struct fixture *f = *state;

	f->step.builder = BUILDER_DOCKER_LEGACY;
	f->i.limit.owner = "step";
	f->levels[1].mem.swap_limit_bytes = 28 * MIB;
	task(f, "hold", 90, 190);
	fact(f, "command.arg", "docker");
	fact(f, "command.arg", "build");
	fact(f, "command.arg", "-m");
	fact(f, "command.arg", "100m");
	fact(f, "command.arg", "--memory-swap=128m");
	fact(f, "command.arg", "my ctx");
	fact(f, "env.DOCKER_BUILDKIT", "0");
	advise(f);
	is_first(f, "raise-limit", HELP_INSTEAD, "DOCKER_BUILDKIT=0 docker build -m 220m --memory-swap=248m 'my ctx'");
	f->facts[2].value = (char *)"-t"; /* set elsewhere: in a script, say */
	advise(f);
	is_first(f, "raise-limit", HELP_WORDS, NULL);
}

static void buildx_resource(void **state)
{
	struct fixture *f = *state;

	f->i.limit.owner = "step";
	task(f, "hold", 90, 190);
	fact(f, "command.arg", "docker");
	fact(f, "command.arg", "build");
	fact(f, "command.arg", "--resource=memory=100m");
	advise(f);
	is_first(f, "raise-limit", HELP_INSTEAD, "docker build --resource=memory=220m");
}

static void no_limit_beyond_the_host(void **state)
{
	struct fixture *f = *state;

	f->k.host.total_bytes = 512 * MIB;
	f->k.host.available_bytes = 300 * MIB;
	task(f, "hold", 90, 900);
	advise(f);
	for (unsigned int n = 0; n < f->i.nhelp; n++) {
		assert_null(strstr(f->i.help[n].text, "raise that limit to"));
		assert_true(strcmp(f->i.help[n].id, "raise-limit") || !f->i.help[n].command);
	}
	assert_non_null(help(f, "elsewhere"));
}

static void unknown_is_measured(void **state)
{
	struct fixture *f = *state;

	task(f, "cc1plus", 95, 98);
	fact(f, "command.arg", "make");
	fact(f, "command.arg", "images");
	advise(f);
	is_first(f, "measure", HELP_INSTEAD, "sudo ztrace measure -- make images");
	assert_int_equal(f->i.help[0].confidence, CONF_UNKNOWN);
	assert_string_equal(f->i.help[1].id, "raise-limit");
	assert_int_equal(f->i.help[1].confidence, CONF_UNKNOWN);
	fact(f, "sudo", "none");
	advise(f);
	is_first(f, "measure", HELP_INSTEAD, "ztrace measure -- make images");
	f->build.file_seen = true;
	f->build.file_status = ZT_FILE_STDIN;
	advise(f);
	is_first(f, "measure", HELP_WORDS, "ztrace measure -- make images");
	f->i.limit.usage_bytes = 200 * MIB; /* somebody lowered the limit */
	advise(f);
	assert_null(help(f, "measure"));
}

static void is_edit(const struct fixture *f, const char *id, unsigned int line, const char *from, const char *to)
{
	is_first(f, id, HELP_EDIT, NULL);
	assert_string_equal(f->i.help[0].edit.file, "api/Dockerfile");
	assert_int_equal(f->i.help[0].edit.line, line);
	assert_string_equal(f->i.help[0].edit.from, from);
	assert_string_equal(f->i.help[0].edit.to, to);
}

static void four_compilers(struct fixture *f)
{
	for (int n = 0; n < 4; n++)
		task(f, "cc1plus", 22, 22 + 10);
}

/* 4 x 32 are wanted, 12 are of others, 95 of 100 may be used: 2 */
static void fewer_jobs(void **state)
{
	struct fixture *f = *state;

	four_compilers(f);
	dockerfile(f, "FROM x\nENV MAKEFLAGS=-j7\n\nRUN ./configure && \\\n    # all cores\n    make -j4 all\n", 4, 6);
	advise(f);
	is_edit(f, "lower-jobs", 6, "-j4", "-j2");
	assert_int_equal(f->i.help[0].confidence, CONF_LIKELY);
	dockerfile(f, "FROM x\nENV MAKEFLAGS=-j7\n\nRUN make\n", 4, 4);
	advise(f);
	is_edit(f, "lower-jobs", 2, "MAKEFLAGS=-j7", "MAKEFLAGS=-j2");
	dockerfile(f, "FROM x\n\n\nRUN ninja -C ninja\n", 4, 4);
	advise(f);
	is_edit(f, "lower-jobs", 4, "ninja", "ninja -j2");
	dockerfile(f, "FROM x\n\n\nRUN x-j4 && make -j4\n", 4, 4); /* the first -j4 there is another */
	advise(f);
	is_edit(f, "lower-jobs", 4, "make -j4", "make -j2");
	dockerfile(f, "FROM x\n\n\nRUN TOKEN=***** make -j4\n", 4, 4); /* not what is in the file */
	advise(f);
	assert_null(help(f, "lower-jobs"));
	dockerfile(f, "FROM x\n\n\nRUN make -j2\n", 4, 4); /* no less than that */
	advise(f);
	assert_null(help(f, "lower-jobs"));
}

static void the_traced_make(void **state)
{
	struct fixture *f = *state;

	four_compilers(f);
	f->k.step = NULL;
	f->i.step = NULL;
	f->i.build = f->m->host_build = &f->build;
	fact(f, "command.arg", "sh");
	fact(f, "command.arg", "-c");
	fact(f, "command.arg", "make -j8 && echo");
	advise(f);
	is_first(f, "lower-jobs", HELP_INSTEAD, "sh -c 'make -j2 && echo'");
	f->m->host_build = NULL;
}

static void files_in_memory(void **state)
{
	struct fixture *f = *state;

	task(f, "hold", 20, 22);
	f->i.holders[0] = (struct holder){ .kind = HOLD_TMPFS, .bytes = 78 * MIB };
	f->i.nholders = 1;
	dockerfile(f, "FROM x\n\n\nRUN dd of=/dev/shm/a && \\\n cp /dev/null /x\n", 4, 5);
	advise(f);
	is_edit(f, "no-tmpfs", 4, "/dev/shm", "/tmp");
	dockerfile(f, "FROM x\n\n\nRUN dd of=/dev/shm/a && \\\n cp /dev/shm/a /x\n", 4, 5);
	advise(f);
	assert_int_equal(help(f, "no-tmpfs")->how, HELP_WORDS);
}

static void two_stages(void **state)
{
	struct fixture *f = *state;
	struct df_stage st[2] = { { .name = "web", .number = 0 }, { .number = 1 } };
	struct df_instr in = { .keyword = "RUN", .line = 9, .end_line = 9 };
	struct cgroup cg = { .id = 8, .parent = TOP_CG };
	struct step other = { .cgroup = &cg, .build = &f->build, .instr = &in };

	dockerfile(f, "FROM x\n\n\nRUN hold\n", 4, 4);
	f->df.stages = st;
	f->df.nstages = 2;
	f->instr[2].stage = 1;
	task(f, "hold", 50, 80);
	f->i.holders[0] = (struct holder){ .kind = HOLD_STEP, .step = &other, .bytes = 50 * MIB };
	f->i.nholders = 1;
	f->build.client = &f->child;
	fact(f, "command.arg", "docker");
	fact(f, "command.arg", "build");
	fact(f, "command.arg", ".");
	advise(f);
	is_first(f, "serialize-stages", HELP_INSTEAD, "docker build --target web . && docker build .");
	f->facts[2].value = (char *)"--no-cache";
	advise(f);
	is_first(f, "serialize-stages", HELP_WORDS, NULL);
	f->tasks[0].data_bytes = 500 * MIB; /* too much by itself */
	advise(f);
	assert_string_equal(f->i.help[0].id, "raise-limit");
}

static void compose_services(void **state)
{
	static const struct {
		const char *args[6], *command;
	} cases[] = {
		{ { "docker", "compose", "build" }, "docker compose config --services | xargs -n1 docker compose build" },
		{ { "docker", "compose", "-f", "x.yml", "build" },
		  "docker compose -f x.yml config --services | xargs -n1 docker compose -f x.yml build" },
		{ { "docker", "compose", "build", "api", "web" }, "docker compose build api && docker compose build web" },
		{ { "docker-compose", "up", "--build" },
		  "docker-compose config --services | xargs -n1 docker-compose build && docker-compose up --build" },
	};
	struct fixture *f = *state;
	struct step other = { .cgroup = &f->top };

	task(f, "hold", 50, 80);
	f->step.build = NULL;
	f->i.build = NULL;
	f->i.holders[0] = (struct holder){ .kind = HOLD_STEP, .step = &other, .bytes = 50 * MIB };
	f->i.nholders = 1;
	for (size_t n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
		f->nfacts = 0;
		f->m->facts = NULL;
		for (size_t w = 0; w < 6 && cases[n].args[w]; w++)
			fact(f, "command.arg", cases[n].args[w]);
		advise(f);
		is_first(f, "one-at-a-time", HELP_INSTEAD, cases[n].command);
		assert_int_equal(f->i.help[0].confidence, CONF_LIKELY);
	}
}

static void host(struct fixture *f, zt_u64 total_mib)
{
	f->i.limit.kind = LIMIT_HOST;
	f->i.limit.cgroup = 0;
	f->i.limit.path = NULL;
	f->i.limit.owner = "host";
	f->k.host_at = (struct zt_ev_host){ .h.kind = ZT_host, .h.flags = ZT_F_HOST_KERNEL,
					    .total_bytes = total_mib * MIB };
	f->nfacts = 0;
	f->m->facts = NULL;
}

/* Nobody knows how much a full host lacks: it is lent swap, on a disk that takes a swap file. */
static void full_host_is_lent_swap(void **state)
{
	struct fixture *f = *state;
	struct lifted swap = { .path = (char *)"swap", .file = (char *)"/proc/swaps", .was_bytes = 100 * MIB,
			       .set_bytes = 1636 * MIB, .need_bytes = 400 * MIB };

	host(f, 700);
	task(f, "cc1plus", 600, 610);
	fact(f, "command.arg", "make");
	fact(f, "disk./", "ext4 9000000000");
	advise(f);
	is_first(f, "measure", HELP_INSTEAD, "sudo ztrace measure --swap 1136M -- make");
	assert_string_equal(f->i.help[1].id, "add-swap");
	f->nfacts = 0;
	f->m->facts = NULL;
	fact(f, "command.arg", "make");
	fact(f, "disk./", "tmpfs 9000000000");
	advise(f);
	assert_null(help(f, "measure"));

	/* and what came of it */
	f->nfacts = 0;
	f->m->facts = NULL;
	fact(f, "disk./", "ext4 9000000000");
	fact(f, "sudo", "none");
	f->m->lifted = &swap;
	measured_find(f->m, f->r);
	assert_int_equal(f->r->nmeasured, 1);
	assert_false(f->r->measured[0].enough);
	assert_int_equal(f->r->measured[0].want_bytes, 340 * MIB); /* 440 in all */
	assert_non_null(f->r->measured[0].command);
	assert_int_equal(strncmp(f->r->measured[0].command, "fallocate -l 340M /swap-340m && chmod", 37), 0);
	swap.need_bytes = 90 * MIB;
	f->r->nmeasured = 0;
	memset(f->r->measured, 0, sizeof(f->r->measured));
	measured_find(f->m, f->r);
	assert_true(f->r->measured[0].enough);
	assert_null(f->r->measured[0].command);
	f->m->lifted = NULL;
}

static void swap_on_the_disk_there_is(void **state)
{
	static const struct {
		const char *root, *lib, *start;
	} cases[] = {
		{ "ext4 9000000000", NULL, "sudo fallocate -l 536M /swap-536m && sudo chmod 600 /swap-536m && " },
		{ "xfs 9000000000", NULL, "sudo fallocate -l 536M /swap-536m" },
		{ "ext3 9000000000", NULL, "sudo dd if=/dev/zero of=/swap-536m bs=1M count=536" },
		{ "overlay 9000000000", "ext4 9000000000", "sudo fallocate -l 536M /var/lib/swap-536m" },
		{ "ext4 300000000", "ext4 9000000000", "sudo fallocate -l 536M /var/lib/swap-536m" },
		{ "btrfs 9000000000", "zfs 9000000000", NULL },
		{ "ext4 300000000", "ext4 300000000", NULL },
		{ NULL, NULL, "sudo dd if=/dev/zero of=/swap-536m" },
	};
	struct fixture *f = *state;

	task(f, "hold", 600, 1070);
	for (size_t n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
		host(f, 700);
		if (cases[n].root)
			fact(f, "disk./", cases[n].root);
		if (cases[n].lib)
			fact(f, "disk./var/lib", cases[n].lib);
		advise(f);
		assert_non_null(help(f, "add-swap"));
		assert_int_equal(help(f, "add-swap")->bytes, 536 * MIB); /* 470 more */
		if (!cases[n].start) {
			assert_null(help(f, "add-swap")->command);
			assert_int_equal(help(f, "add-swap")->confidence, CONF_UNKNOWN);
			continue;
		}
		assert_string_equal(f->i.help[0].id, "add-swap");
		assert_int_equal(strncmp(f->i.help[0].command, cases[n].start, strlen(cases[n].start)), 0);
	}
}

static void heaps(void **state)
{
	struct fixture *f = *state;

	f->i.limit.bytes = f->i.limit.usage_bytes = f->levels[1].mem.usage_bytes = 1024 * MIB;
	f->i.victims[0].comm = "node";
	f->i.victims[0].rss.anon_bytes = 900 * MIB;
	task(f, "node", 900, 1000);
	dockerfile(f, "FROM x\n\n\nRUN npm run build\n", 4, 4);
	advise(f);
	assert_non_null(help(f, "smaller-heap"));
	assert_string_equal(help(f, "smaller-heap")->edit.from, "RUN");
	assert_string_equal(help(f, "smaller-heap")->edit.to, "ENV NODE_OPTIONS=--max-old-space-size=675\nRUN");
	dockerfile(f, "FROM x\n\n\nRUN node --max-old-space-size=8192 x.js\n", 4, 4);
	advise(f);
	assert_string_equal(help(f, "smaller-heap")->edit.from, "max-old-space-size=8192");
}

static void sysrq_needs_nothing(void **state)
{
	struct fixture *f = *state;

	task(f, "hold", 90, 190);
	f->i.decision.sysrq = true;
	advise(f);
	assert_int_equal(f->i.nhelp, 0);
}

/* ---- what has no effect ---- */

static bool noted(struct fixture *f, const char *word)
{
	struct unit u = { .step = &f->step, .build = &f->build };

	f->i.nnotes = 0;
	note_noops(f->m, f->r, &u, &f->i);
	for (unsigned int n = 0; n < f->i.nnotes; n++)
		if (strstr(f->i.notes[n], word))
			return true;
	return false;
}

static void no_effect(void **state)
{
	struct fixture *f = *state;

	f->build.memory_flag = (char *)"2g";
	assert_true(noted(f, "-m 2g"));
	fact(f, "docker.version", "29.6.1");
	assert_true(noted(f, "-m 2g"));
	fact(f, "buildx.version", "v0.35.0" + 1);
	assert_false(noted(f, "-m 2g"));
	assert_false(noted(f, "COMPOSE"));
	fact(f, "command.arg", "COMPOSE_PARALLEL_LIMIT=1");
	assert_false(noted(f, "COMPOSE"));
	fact(f, "compose.version", "2.40.3");
	assert_true(noted(f, "COMPOSE_PARALLEL_LIMIT=1"));
	fact(f, "env.COMPOSE_BAKE", "false");
	assert_false(noted(f, "COMPOSE"));
	fact(f, "env.BUILDKIT_STEP_LOG_MAX_SIZE", "-1");
	assert_true(noted(f, "BUILDKIT_STEP_LOG_MAX"));
	fact(f, "command.arg", "--shm-size=2g");
	assert_true(noted(f, "--shm-size"));
	fact(f, "env.NODE_OPTIONS", "set");
	assert_true(noted(f, "NODE_OPTIONS"));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_asked_for), T(asked_of_all), T(somebody_else_asks), T(grows_piece_by_piece),
		T(cache_is_no_need), T(earlier_runs), T(equals_that_ended), cmocka_unit_test(headroom),
		T(raise_at_its_place), T(both_counters_of_v1), T(another_limit_in_the_way), T(legacy_docker),
		T(buildx_resource), T(no_limit_beyond_the_host), T(unknown_is_measured), T(fewer_jobs), T(the_traced_make),
		T(files_in_memory), T(two_stages), T(compose_services), T(swap_on_the_disk_there_is), T(full_host_is_lent_swap), T(heaps),
		T(sysrq_needs_nothing), T(no_effect),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
