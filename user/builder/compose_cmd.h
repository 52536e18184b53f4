/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Command lines that build several services or targets at once: docker compose, docker-compose, docker buildx bake.
 * Pure: argv bytes in, pointers into them out. argv as in builder/client.h.
 */
#ifndef BUILDER_COMPOSE_CMD_H
#define BUILDER_COMPOSE_CMD_H

#include <stdbool.h>
#include <stddef.h>

enum compose_kind {
	COMPOSE_NONE,
	COMPOSE_V1,	/* docker-compose, in Python */
	COMPOSE_PLUGIN, /* docker compose: BuildKit's client is inside, or buildx bake below it */
	COMPOSE_BAKE,	/* docker buildx bake */
};

#define COMPOSE_FILES_MAX 8
#define COMPOSE_PROFILES_MAX 8
#define COMPOSE_NAMES_MAX 64
#define COMPOSE_SETS_MAX 32

/* Strings borrow from argv; NULL: not given. */
struct compose_cmd {
	enum compose_kind kind;
	const char *files[COMPOSE_FILES_MAX];
	unsigned int nfiles;
	const char *project_dir;
	const char *profiles[COMPOSE_PROFILES_MAX];
	unsigned int nprofiles;
	const char *env_files[COMPOSE_FILES_MAX]; /* instead of .env */
	unsigned int nenv_files;
	const char *sets[COMPOSE_SETS_MAX]; /* bake --set TARGET.KEY=VALUE */
	unsigned int nsets;
	const char *args[COMPOSE_SETS_MAX]; /* compose build --build-arg K=V: for all services */
	unsigned int nargs;
	const char *vars[COMPOSE_SETS_MAX]; /* bake --var NAME=VALUE */
	unsigned int nvars;
	const char *remote; /* bake URL: its files are there */
	const char *names[COMPOSE_NAMES_MAX]; /* services or targets to build; with none named, all are */
	unsigned int nnames;
};

/* false: nothing of the kind, or a verb that builds nothing */
bool compose_cmd_parse(const char *argv, size_t len, struct compose_cmd *out);

#endif
