/* SPDX-License-Identifier: GPL-2.0 */
/* Command lines of `docker build` and `docker buildx build`: docker/cli v20.10 … v29, docker/buildx … v0.36. */
#include "builder/clientopts.h"

/* Of the docker command itself: cli/flags/options.go */
static const struct opt global_opts[] = {
	{ "config", 0, true, OPT_CONFIG },    { "context", 'c', true, OPT_CONTEXT },
	{ "debug", 'D', false, OPT_OTHER },   { "help", 'h', false, OPT_OTHER },
	{ "host", 'H', true, OPT_HOST },      { "log-level", 'l', true, OPT_OTHER },
	{ "tls", 0, false, OPT_OTHER },	      { "tlscacert", 0, true, OPT_OTHER },
	{ "tlscert", 0, true, OPT_OTHER },    { "tlskey", 0, true, OPT_OTHER },
	{ "tlsverify", 0, false, OPT_OTHER }, { "version", 'v', false, OPT_OTHER },
	{ "builder", 0, true, OPT_BUILDER }, /* buildx */
	{ "invoke", 0, true, OPT_OTHER },    /* buildx debug */
	{ "on", 0, true, OPT_OTHER },	      { "progress", 0, true, OPT_PROGRESS },
	{ NULL, 0, false, OPT_OTHER },
};

/* Of build: docker/cli cli/command/image/build.go, docker/buildx commands/build.go */
static const struct opt build_opts[] = {
	{ "add-host", 0, true, OPT_OTHER },
	{ "allow", 0, true, OPT_OTHER },
	{ "annotation", 0, true, OPT_OTHER },
	{ "attest", 0, true, OPT_OTHER },
	{ "build-arg", 0, true, OPT_BUILD_ARG },
	{ "build-context", 0, true, OPT_OTHER },
	{ "builder", 0, true, OPT_BUILDER },
	{ "cache-from", 0, true, OPT_OTHER },
	{ "cache-to", 0, true, OPT_OTHER },
	{ "call", 0, true, OPT_OTHER },
	{ "cgroup-parent", 0, true, OPT_CGROUP_PARENT },
	{ "check", 0, false, OPT_OTHER },
	{ "compress", 0, false, OPT_OTHER },
	{ "cpu-period", 0, true, OPT_OTHER },
	{ "cpu-quota", 0, true, OPT_OTHER },
	{ "cpu-shares", 'c', true, OPT_OTHER },
	{ "cpuset-cpus", 0, true, OPT_OTHER },
	{ "cpuset-mems", 0, true, OPT_OTHER },
	{ "debug", 'D', false, OPT_OTHER },
	{ "detach", 0, false, OPT_OTHER },
	{ "disable-content-trust", 0, false, OPT_OTHER },
	{ "file", 'f', true, OPT_FILE },
	{ "force-rm", 0, false, OPT_OTHER },
	{ "help", 'h', false, OPT_OTHER },
	{ "iidfile", 0, true, OPT_OTHER },
	{ "invoke", 0, true, OPT_OTHER },
	{ "isolation", 0, true, OPT_OTHER },
	{ "label", 0, true, OPT_LABEL },
	{ "load", 0, false, OPT_OTHER },
	{ "memory", 'm', true, OPT_MEMORY },
	{ "memory-swap", 0, true, OPT_MEMORY_SWAP },
	{ "metadata-file", 0, true, OPT_OTHER },
	{ "network", 0, true, OPT_NETWORK },
	{ "no-cache", 0, false, OPT_NO_CACHE },
	{ "no-cache-filter", 0, true, OPT_OTHER },
	{ "on", 0, true, OPT_OTHER },
	{ "output", 'o', true, OPT_OTHER },
	{ "platform", 0, true, OPT_PLATFORM },
	{ "policy", 0, true, OPT_OTHER },
	{ "print", 0, true, OPT_OTHER },
	{ "progress", 0, true, OPT_PROGRESS },
	{ "provenance", 0, true, OPT_OTHER },
	{ "pull", 0, false, OPT_PULL },
	{ "push", 0, false, OPT_OTHER },
	{ "quiet", 'q', false, OPT_QUIET },
	{ "resource", 0, true, OPT_RESOURCE },
	{ "rm", 0, false, OPT_OTHER },
	{ "root", 0, true, OPT_OTHER },
	{ "sbom", 0, true, OPT_OTHER },
	{ "secret", 0, true, OPT_OTHER },
	{ "security-opt", 0, true, OPT_OTHER },
	{ "server-config", 0, true, OPT_OTHER },
	{ "shm-size", 0, true, OPT_OTHER },
	{ "squash", 0, false, OPT_OTHER },
	{ "ssh", 0, true, OPT_OTHER },
	{ "stream", 0, false, OPT_OTHER },
	{ "tag", 't', true, OPT_TAG },
	{ "target", 0, true, OPT_TARGET },
	{ "ulimit", 0, true, OPT_OTHER },
	{ NULL, 0, false, OPT_OTHER },
};

/* Walks to the options of build. */
static enum client_kind find_verb(struct client_cmd *c, struct words *w)
{
	const char *arg0 = word_next(w), *verb;
	bool plugin;

	if (!arg0)
		return CLIENT_NONE;
	plugin = is_word(base_name(arg0), "docker-buildx") || is_word(base_name(arg0), "buildx");
	if (!plugin && !is_word(base_name(arg0), "docker"))
		return CLIENT_NONE;
	verb = opts_command(c, global_opts, w);
	if (is_word(verb, "buildx")) {
		plugin = true;
		verb = opts_command(c, global_opts, w);
	}
	if (plugin) {
		/* buildx debug build, buildx dap build */
		if (is_word(verb, "debug") || is_word(verb, "dap"))
			verb = opts_command(c, global_opts, w);
		return is_word(verb, "build") || is_word(verb, "b") ? CLIENT_BUILDX_BUILD
								    : CLIENT_NONE;
	}
	if (is_word(verb, "image") || is_word(verb, "builder"))
		verb = opts_command(c, global_opts, w);
	return is_word(verb, "build") ? CLIENT_DOCKER_BUILD : CLIENT_NONE;
}

bool client_docker(struct client_cmd *c, struct words *w)
{
	c->kind = find_verb(c, w);
	if (c->kind == CLIENT_NONE)
		return false;
	opts_rest(c, build_opts, w);
	return true;
}
