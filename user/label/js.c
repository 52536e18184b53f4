/* SPDX-License-Identifier: GPL-2.0 */
/* JavaScript: package managers, bundlers, compilers and test runners under node. */
#include "label/internal.h"

/* npm, npx, yarn and pnpm as scripts: npm-cli.js, yarn-3.6.1.cjs */
static bool manager(const struct command *c, struct label *ret)
{
	const char *dash = strstr(c->name, "-cli");
	struct words w = c->args;

	if (strchr(c->path, ' ')) { /* its title: the command already */
		object_text(ret, c->path, strlen(c->path));
		return true;
	}
	object_text(ret, c->name, dash && !dash[4] ? (size_t)(dash - c->name) : strlen(c->name));
	for (const char *s; (s = word_next(&w)) && !object_full(ret);)
		object_add(ret, s);
	return true;
}

/* Not node_modules/jest-worker/build/workers/processChild.js: that is of jest or a bundler, whose command says more */
static bool script(const struct command *c, struct label *ret)
{
	if (!c->script || strstr(c->path, "/node_modules/"))
		return false;
	object_path(ret, c->path);
	return true;
}

const struct label_family label_js = FAMILY(
	{ "js/manager", "npm npm-cli npx npx-cli yarn yarnpkg pnpm corepack lerna nx turbo rush", LABEL_LEADS | LABEL_PLACE, manager,
	  LABEL_AS_TYPED },
	{ "js/tool", "webpack webpack-cli vite rollup esbuild parcel next nuxt nuxi tsc vue-tsc vue-cli-service "
	  "react-scripts ng jest vitest mocha ava karma cypress playwright eslint prettier swc babel astro gatsby "
	  "svelte-kit storybook expo metro tsup ts-node tsx terser postcss tailwindcss", 0, find_typed,
	  LABEL_AS_TYPED },
	{ "js/node-gyp", "node-gyp prebuild-install", LABEL_LEADS, find_typed, LABEL_AS_TYPED },
	{ "js/script", "(node)", 0, script, LABEL_RUN },
);
