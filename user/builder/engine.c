/* SPDX-License-Identifier: GPL-2.0 */
#include "builder/engine.h"

#include <string.h>

#include "builder/argvwords.h"

static const char *const dockerd_hosts[] = { "-H", "--host", NULL }, *const buildkitd_hosts[] = { "--addr", "-addr", NULL };
static const char *const dockerd_roots[] = { "--data-root", "-g", "--graph", NULL };
static const char *const buildkitd_roots[] = { "--root", "-root", NULL };

/* The value of one of these options: in the same word or in the next; NULL: it is none of them */
static const char *value_of(const char *word, struct words *w, const char *const names[])
{
	if (one_of(word, names))
		return word_next(w);
	for (; *names; names++) {
		size_t n = strlen(*names);

		if (!strncmp(word, *names, n) && word[n] == '=')
			return word + n + 1;
	}
	return NULL;
}

static void add_host(struct engine_cmd *out, const char *host)
{
	size_t n = strlen(host) + 1;

	if (n == 1 || out->hosts_bytes + n + 1 > sizeof(out->hosts))
		return;
	memcpy(out->hosts + out->hosts_bytes, host, n);
	out->hosts_bytes += n;
	out->hosts[out->hosts_bytes] = 0;
}

bool engine_parse(const char *argv, size_t len, struct engine_cmd *out)
{
	struct words w = { argv, argv + len };
	const char *s = word_next(&w), *v;

	*out = (struct engine_cmd){ 0 };
	if (!s || (strcmp(base_name(s), "dockerd") != 0 && strcmp(base_name(s), "buildkitd") != 0))
		return false;
	out->buildkitd = !strcmp(base_name(s), "buildkitd");
	while ((s = word_next(&w))) {
		v = value_of(s, &w, out->buildkitd ? buildkitd_hosts : dockerd_hosts);
		if (v)
			add_host(out, v);
		else if ((v = value_of(s, &w, out->buildkitd ? buildkitd_roots : dockerd_roots)))
			out->root = v;
	}
	return true;
}

/* systemd's socket of docker, and /var/run, which is /run */
static const char *plain(const char *endpoint)
{
	if (!strncmp(endpoint, "fd://", 5))
		return "/run/docker.sock";
	if (!strncmp(endpoint, "unix://", 7))
		endpoint += 7;
	return strncmp(endpoint, "/var/run/", 9) ? endpoint : endpoint + 4;
}

bool endpoint_same(const char *a, const char *b)
{
	return !strcmp(plain(a), plain(b));
}
