/* SPDX-License-Identifier: GPL-2.0 */
/* Command lines of `podman build` and `buildah build`: containers/podman v4 … v5, containers/buildah v1.28 … v1.44. */
#include "builder/clientopts.h"

/* Of the command itself: podman cmd/podman/root.go, buildah cmd/buildah/main.go */
static const struct opt global_opts[] = {
	{ "cgroup-manager", 0, true, OPT_OTHER },
	{ "config", 0, true, OPT_OTHER },
	{ "connection", 'c', true, OPT_HOST },
	{ "conmon", 0, true, OPT_OTHER },
	{ "default-mounts-file", 0, true, OPT_OTHER },
	{ "events-backend", 0, true, OPT_OTHER },
	{ "hooks-dir", 0, true, OPT_OTHER },
	{ "identity", 0, true, OPT_OTHER },
	{ "imagestore", 0, true, OPT_OTHER },
	{ "log-level", 0, true, OPT_OTHER },
	{ "module", 0, true, OPT_OTHER },
	{ "namespace", 0, true, OPT_OTHER },
	{ "network-cmd-path", 0, true, OPT_OTHER },
	{ "network-config-dir", 0, true, OPT_OTHER },
	{ "out", 0, true, OPT_OTHER },
	{ "registries-conf", 0, true, OPT_OTHER },
	{ "registries-conf-dir", 0, true, OPT_OTHER },
	{ "root", 0, true, OPT_OTHER },
	{ "runroot", 0, true, OPT_OTHER },
	{ "runtime", 0, true, OPT_OTHER },
	{ "runtime-flag", 0, true, OPT_OTHER },
	{ "short-name-alias-conf", 0, true, OPT_OTHER },
	{ "ssh", 0, true, OPT_OTHER },
	{ "storage-driver", 0, true, OPT_OTHER },
	{ "storage-opt", 0, true, OPT_OTHER },
	{ "tmpdir", 0, true, OPT_OTHER },
	{ "url", 0, true, OPT_HOST },
	{ "userns-gid-map", 0, true, OPT_OTHER },
	{ "userns-uid-map", 0, true, OPT_OTHER },
	{ "volumepath", 0, true, OPT_OTHER },
	{ NULL, 0, false, OPT_OTHER },
};

/* Of build: buildah pkg/cli/common.go, podman cmd/podman/common/build.go. Those not named here are switches. */
static const struct opt build_opts[] = {
	{ "add-host", 0, true, OPT_OTHER },
	{ "annotation", 0, true, OPT_OTHER },
	{ "arch", 0, true, OPT_OTHER },
	{ "authfile", 0, true, OPT_OTHER },
	{ "blob-cache", 0, true, OPT_OTHER },
	{ "build-arg", 0, true, OPT_BUILD_ARG },
	{ "build-arg-file", 0, true, OPT_OTHER },
	{ "build-context", 0, true, OPT_OTHER },
	{ "cache-from", 0, true, OPT_OTHER },
	{ "cache-to", 0, true, OPT_OTHER },
	{ "cache-ttl", 0, true, OPT_OTHER },
	{ "cap-add", 0, true, OPT_OTHER },
	{ "cap-drop", 0, true, OPT_OTHER },
	{ "cert-dir", 0, true, OPT_OTHER },
	{ "cgroup-parent", 0, true, OPT_CGROUP_PARENT },
	{ "cgroupns", 0, true, OPT_OTHER },
	{ "cpp-flag", 0, true, OPT_OTHER },
	{ "cpu-period", 0, true, OPT_OTHER },
	{ "cpu-quota", 0, true, OPT_OTHER },
	{ "cpu-shares", 'c', true, OPT_OTHER },
	{ "cpuset-cpus", 0, true, OPT_OTHER },
	{ "cpuset-mems", 0, true, OPT_OTHER },
	{ "creds", 0, true, OPT_OTHER },
	{ "decryption-key", 0, true, OPT_OTHER },
	{ "device", 0, true, OPT_OTHER },
	{ "dns", 0, true, OPT_OTHER },
	{ "dns-option", 0, true, OPT_OTHER },
	{ "dns-search", 0, true, OPT_OTHER },
	{ "env", 0, true, OPT_ENV },
	{ "file", 'f', true, OPT_FILE },
	{ "format", 0, true, OPT_OTHER },
	{ "from", 0, true, OPT_OTHER },
	{ "group-add", 0, true, OPT_OTHER },
	{ "hooks-dir", 0, true, OPT_OTHER },
	{ "ignorefile", 0, true, OPT_OTHER },
	{ "iidfile", 0, true, OPT_OTHER },
	{ "ipc", 0, true, OPT_OTHER },
	{ "isolation", 0, true, OPT_OTHER },
	{ "jobs", 0, true, OPT_OTHER },
	{ "label", 0, true, OPT_LABEL },
	{ "layer-label", 0, true, OPT_OTHER },
	{ "logfile", 0, true, OPT_OTHER },
	{ "manifest", 0, true, OPT_OTHER },
	{ "memory", 'm', true, OPT_MEMORY },
	{ "memory-swap", 0, true, OPT_MEMORY_SWAP },
	{ "net", 0, true, OPT_NETWORK },
	{ "network", 0, true, OPT_NETWORK },
	{ "no-cache", 0, false, OPT_NO_CACHE },
	{ "os", 0, true, OPT_OTHER },
	{ "os-feature", 0, true, OPT_OTHER },
	{ "os-version", 0, true, OPT_OTHER },
	{ "output", 'o', true, OPT_OTHER },
	{ "pid", 0, true, OPT_OTHER },
	{ "platform", 0, true, OPT_PLATFORM },
	{ "progress", 0, true, OPT_PROGRESS },
	{ "quiet", 'q', false, OPT_QUIET },
	{ "retry", 0, true, OPT_OTHER },
	{ "retry-delay", 0, true, OPT_OTHER },
	{ "runtime", 0, true, OPT_OTHER },
	{ "runtime-flag", 0, true, OPT_OTHER },
	{ "sbom", 0, true, OPT_OTHER },
	{ "secret", 0, true, OPT_OTHER },
	{ "security-opt", 0, true, OPT_OTHER },
	{ "shm-size", 0, true, OPT_OTHER },
	{ "sign-by", 0, true, OPT_OTHER },
	{ "signature-policy", 0, true, OPT_OTHER },
	{ "ssh", 0, true, OPT_OTHER },
	{ "tag", 't', true, OPT_TAG },
	{ "target", 0, true, OPT_TARGET },
	{ "timestamp", 0, true, OPT_OTHER },
	{ "ulimit", 0, true, OPT_OTHER },
	{ "unsetenv", 0, true, OPT_OTHER },
	{ "unsetlabel", 0, true, OPT_OTHER },
	{ "userns", 0, true, OPT_OTHER },
	{ "userns-gid-map", 0, true, OPT_OTHER },
	{ "userns-gid-map-group", 0, true, OPT_OTHER },
	{ "userns-uid-map", 0, true, OPT_OTHER },
	{ "userns-uid-map-user", 0, true, OPT_OTHER },
	{ "uts", 0, true, OPT_OTHER },
	{ "variant", 0, true, OPT_OTHER },
	{ "volume", 'v', true, OPT_OTHER },
	{ NULL, 0, false, OPT_OTHER },
};

bool client_podman(struct client_cmd *c, struct words *w)
{
	static const char *const build[] = { "build", "bud", "build-using-dockerfile", NULL };
	const char *arg0 = word_next(w), *verb;
	bool podman;

	if (!arg0)
		return false;
	podman = is_word(base_name(arg0), "podman");
	if (!podman && !is_word(base_name(arg0), "buildah"))
		return false;
	verb = opts_command(c, global_opts, w);
	if (podman && (is_word(verb, "image") || is_word(verb, "buildx")))
		verb = opts_command(c, global_opts, w);
	if (!verb || !one_of(verb, build))
		return false;
	c->kind = podman ? CLIENT_PODMAN : CLIENT_BUILDAH;
	c->containerfile = true;
	opts_rest(c, build_opts, w);
	if (!c->context)
		c->context = ".";
	return true;
}
