/* SPDX-License-Identifier: GPL-2.0 */
/* Python: installers, the wheels they build, tests, scripts. */
#include "label/internal.h"

/* Nothing behind these is a package. */
static const char *const pip_values[] = {
	"-i", "--index-url", "--extra-index-url", "--prefix", "--target", "-t", "--root", "--cache-dir", "--platform",
	"--python-version", "-f", "--find-links", "--trusted-host", "--timeout", "--retries", "--src", "-w",
	"--wheel-dir", "-d", "--dest", "--progress-bar", "-c", "--constraint", "--proxy", "--cert", "--abi",
	"--implementation", "--no-binary", "--only-binary", "--python", "-n", "--name", "--channel", "--log",
	"--config-settings", "--report", "--upgrade-strategy", NULL,
};

/* "pip install -r requirements.txt numpy" */
static bool pip(const struct command *c, struct label *ret)
{
	struct words w = c->args;

	object_text(ret, c->name, strlen(c->name));
	for (const char *s; (s = word_next(&w)) && !object_full(ret);) {
		if (one_of(s, pip_values))
			word_next(&w);
		else if (*s != '-' || !strcmp(s, "-r") || !strcmp(s, "-e"))
			object_add(ret, s);
	}
	return true;
}

/* /tmp/pip-install-k3x_9q/numpy_0123…/setup.py, as it stands in `text`: numpy. false: not there */
static bool pip_package(const char *text, struct label *ret)
{
	const char *s = strstr(text, "/pip-install-"), *end;
	size_t n;

	s = s ? strchr(s + 1, '/') : NULL;
	if (!s)
		return false;
	s++;
	n = strcspn(s, "/'\"\\ ,)");
	end = s + n;
	while (end > s && *end != '_')
		end--;
	if (end > s && (size_t)(s + n - end) == 33) /* _ and a uuid's hex digits */
		n = (size_t)(end - s);
	if (!n)
		return false;
	object_text(ret, s, n);
	return true;
}

/* pip's child for PEP 517: … _in_process.py build_wheel /tmp/tmpabc */
static bool hook(const struct command *c, struct label *ret)
{
	const char *s = word_peek(&c->args);

	if (!s)
		return false;
	if (!strncmp(s, "prepare_metadata", 16) || !strncmp(s, "get_requires", 12))
		ret->verb = LABEL_METADATA;
	return true;
}

static const char *const no_values[] = { NULL };

/* python setup.py bdist_wheel */
static bool setup(const struct command *c, struct label *ret)
{
	if (strcmp(c->exact, "setup.py"))
		return false;
	if (pip_package(c->path, ret)) {
		ret->verb = LABEL_WHEEL;
		return true;
	}
	return find_named(ret, "setup.py", c->args, no_values);
}

/* As a module only: build.py is anybody's. */
static bool build_module(const struct command *c, struct label *ret)
{
	return c->module && (ret->verb = LABEL_A_WHEEL);
}

/* cython src/fast.pyx -o fast.c */
static bool cython(const struct command *c, struct label *ret)
{
	static const char *const valued[] = { "-o", "--output-file", "-I", "--include-dir", "-X", "--directive", "-w",
					      "--working", "-3str", "--module-name", NULL };
	struct words w = c->args;
	const char *s = positional(&w, valued);

	if (!s)
		return false;
	object_path(ret, s);
	return true;
}

/*
 * A script, or old pip's `python -c 'import setuptools … __file__="/tmp/pip-install-…/numpy_…/setup.py"…'`. Other code
 * on the command line is a worker's (multiprocessing, xdist): its parent's command says more.
 */
static bool script(const struct command *c, struct label *ret)
{
	if (c->code) {
		ret->verb = LABEL_WHEEL;
		return pip_package(c->code, ret);
	}
	object_path(ret, c->path);
	return true;
}

const struct label_family label_py = FAMILY(
	{ "py/pip", "pip uv pipx poetry pdm pipenv conda mamba micromamba", LABEL_LEADS, pip, LABEL_AS_TYPED },
	{ "py/hook", "_in_process", 0, hook, LABEL_A_WHEEL },
	{ "py/setup", "setup", LABEL_LEADS | LABEL_PLACE, setup, LABEL_AS_TYPED },
	{ "py/build", "build", LABEL_LEADS | LABEL_PLACE, build_module, LABEL_A_WHEEL },
	{ "py/test", "pytest py.test tox nox unittest", 0, find_typed, LABEL_AS_TYPED },
	{ "py/cython", "cython cython3 cythonize", 0, cython, LABEL_COMPILE },
	{ "py/script", "(python)", 0, script, LABEL_RUN },
);
