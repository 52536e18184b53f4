/* SPDX-License-Identifier: GPL-2.0 */
#include "ci/ci.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

extern const struct ci ci_argo, ci_azure, ci_bitbucket, ci_buildkite, ci_circleci, ci_drone, ci_github, ci_gitlab, ci_jenkins,
	ci_kubernetes, ci_teamcity, ci_tekton, ci_woodpecker;

/* A pod's variables come last: what runs in it says more. */
const struct ci *const ci_table[] = {
	&ci_github, &ci_gitlab, &ci_jenkins, &ci_buildkite, &ci_azure, &ci_teamcity, &ci_circleci, &ci_drone,
	&ci_woodpecker, &ci_bitbucket, &ci_argo, &ci_tekton, &ci_kubernetes, NULL,
};

const char *ci_get(const struct ci_vars *e, const char *name)
{
	for (unsigned int i = 0; i < e->n; i++)
		if (!strcmp(e->v[i].name, name))
			return *e->v[i].value ? e->v[i].value : NULL;
	return NULL;
}

bool ci_is(const struct ci_vars *e, const char *name, const char *value)
{
	const char *v = ci_get(e, name);

	return v && !strcmp(v, value);
}

/* The bytes of a character that was cut in two at the end */
static void drop_half(char *buf, size_t len)
{
	size_t at = len;

	while (at && len - at < 3 && (buf[at - 1] & 0xc0) == 0x80)
		at--;
	if (at && (buf[at - 1] & 0xc0) == 0xc0 && len - at + 1 < ((buf[at - 1] & 0xf0) == 0xf0 ? 4u : (buf[at - 1] & 0xe0) == 0xe0 ? 3u : 2u))
		buf[at - 1] = 0;
}

void ci_put(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	if (n < 0)
		*buf = 0;
	if (n >= 0 && (size_t)n >= size)
		drop_half(buf, size - 1);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool ci_runs(const char *argv, size_t len, const char *const names[])
{
	for (; len && *names; names++)
		if (!strcmp(base_name(argv), *names))
			return true;
	return false;
}

bool ci_has_word(const char *argv, size_t len, const char *suffix)
{
	size_t n = strlen(suffix), w;

	for (const char *s = argv; s < argv + len; s += w + 1) {
		w = strlen(s);
		if (w >= n && !strcmp(s + w - n, suffix))
			return true;
	}
	return false;
}

const struct ci *ci_find(const char *name)
{
	for (const struct ci *const *c = ci_table; *c; c++)
		if (!strcmp((*c)->name, name))
			return *c;
	return NULL;
}

bool ci_recognise(const struct ci_vars *e, const struct ci *runner, struct ci_job *ret)
{
	for (const struct ci *const *c = ci_table; *c; c++) {
		if (!(*c)->here(e) && *c != runner)
			continue;
		*ret = (struct ci_job){ .ci = (*c)->name, .title = (*c)->title };
		(*c)->job(e, ret);
		return true;
	}
	return false;
}

const struct ci *ci_of_runner(const char *argv, size_t len)
{
	for (const struct ci *const *c = ci_table; *c && len; c++)
		if ((*c)->runner && (*c)->runner(argv, len))
			return *c;
	return NULL;
}

static bool has(const char *list, const char *name)
{
	for (; *list; list += strlen(list) + 1)
		if (!strcmp(list, name))
			return true;
	return false;
}

bool ci_names(char *buf, size_t size)
{
	size_t at = 0;

	*buf = 0;
	for (const struct ci *const *c = ci_table; *c; c++)
		for (const char *const *name = (*c)->env; *name; name++) {
			size_t len = strlen(*name) + 1;

			if (has(buf, *name))
				continue;
			if (at + len + 1 > size)
				return false;
			memcpy(buf + at, *name, len);
			at += len;
			buf[at] = 0;
		}
	return true;
}
