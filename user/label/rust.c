/* SPDX-License-Identifier: GPL-2.0 */
/* Rust: rustc, cargo, build scripts. */
#include "label/internal.h"

/* The folder target/release/build/ring-0123456789abcdef: its crate. false: it is none */
static bool crate_of_folder(const char *name, size_t len, struct label *ret)
{
	size_t n = len;

	while (n && name[n - 1] != '-')
		n--;
	if (n < 2 || len - n != 16)
		return false;
	object_text(ret, name, n - 1);
	return true;
}

/* rustc --crate-name serde_json --edition=2021 /…/src/lib.rs --crate-type lib … --out-dir /…/target/release/deps */
static bool rustc(const struct command *c, struct label *ret)
{
	const char *name = option_value(c, "--crate-name"), *dir = option_value(c, "--out-dir");
	struct words w = c->args;

	if (name && !strcmp(name, "___")) /* cargo asks what the compiler can do */
		return false;
	if (name && !strncmp(name, "build_script_", 13) && dir && crate_of_folder(base_name(dir),
										  strlen(base_name(dir)), ret)) {
		ret->verb = LABEL_BUILD_SCRIPT;
		return true;
	}
	if (name && *name) {
		object_text(ret, name, strlen(name));
		return true;
	}
	for (const char *s; (s = word_next(&w));)
		if (ends_with(s, ".rs")) {
			ret->verb = LABEL_COMPILE;
			object_path(ret, s);
			return true;
		}
	return false;
}

/* target/release/build/ring-0123456789abcdef/build-script-build */
static bool build_script(const struct command *c, struct label *ret)
{
	const char *end = strrchr(c->path, '/'), *start = end;

	if (!end)
		return false;
	while (start > c->path && start[-1] != '/')
		start--;
	return crate_of_folder(start, (size_t)(end - start), ret);
}

const struct label_family label_rust = FAMILY(
	{ "rust/rustc", "rustc clippy-driver rustdoc", LABEL_LEADS, rustc, LABEL_CRATE },
	{ "rust/build-script", "build-script-build", LABEL_LEADS, build_script, LABEL_BUILD_SCRIPT },
	{ "rust/cargo", "cargo cross", LABEL_LEADS | LABEL_PLACE, find_typed, LABEL_AS_TYPED },
);
