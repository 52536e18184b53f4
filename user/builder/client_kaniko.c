/* SPDX-License-Identifier: GPL-2.0 */
/* Command lines of kaniko's executor: GoogleContainerTools/kaniko cmd/executor/cmd/root.go v1.24. */
#include "builder/clientopts.h"

static const struct opt build_opts[] = {
	{ "build-arg", 0, true, OPT_BUILD_ARG },
	{ "cache-dir", 0, true, OPT_OTHER },
	{ "cache-repo", 0, true, OPT_OTHER },
	{ "cache-ttl", 0, true, OPT_OTHER },
	{ "context", 'c', true, OPT_BUILD_CONTEXT },
	{ "context-sub-path", 0, true, OPT_OTHER },
	{ "custom-platform", 0, true, OPT_PLATFORM },
	{ "destination", 'd', true, OPT_TAG },
	{ "digest-file", 0, true, OPT_OTHER },
	{ "dockerfile", 'f', true, OPT_FILE },
	{ "ignore-path", 0, true, OPT_OTHER },
	{ "kaniko-dir", 0, true, OPT_OTHER },
	{ "label", 0, true, OPT_OTHER },
	{ "oci-layout-path", 0, true, OPT_OTHER },
	{ "registry-mirror", 0, true, OPT_OTHER },
	{ "snapshot-mode", 0, true, OPT_OTHER },
	{ "tar-path", 0, true, OPT_OTHER },
	{ "target", 0, true, OPT_TARGET },
	{ "verbosity", 'v', true, OPT_OTHER },
	{ NULL, 0, false, OPT_OTHER },
};

bool client_kaniko(struct client_cmd *c, struct words *w)
{
	const char *arg0 = word_next(w);

	if (!is_word(arg0, "/kaniko/executor"))
		return false;
	c->kind = CLIENT_KANIKO;
	opts_rest(c, build_opts, w);
	if (!c->context)
		c->context = "/workspace";
	else if (!strncmp(c->context, "dir://", 6))
		c->context += 6;
	return true;
}
