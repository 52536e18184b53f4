/* SPDX-License-Identifier: GPL-2.0 */
#include "cmd/publish.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/esc_sink.h"
#include "base/i18n.h"
#include "base/log.h"
#include "ci/ci.h"
#include "source/environ.h"
#include "source/procfs.h"
#include "trace/event.h"

/* A step's summary may have 1 MiB or is dropped whole; the markdown has 256 KiB at most. */
#define SUMMARY_BYTES ((1 << 20) - (256 << 10))
#define SUMMARY_FILE "ztrace-summary.md"

/* Commands go to the log; files lie in the working directory, where the job's definition names them. */
static const struct way {
	const char *ci;
	struct {
		const char *format, *path; /* path NULL: stdout */
	} outs[3];
} ways[] = {
	{ "github", { { "github", NULL } } },
	{ "gitlab", { { "gitlab", "gl-code-quality-report.json" }, { "junit", "ztrace-junit.xml" }, { "prom", "ztrace-metrics.txt" } } },
	{ "jenkins", { { "junit", "ztrace-junit.xml" }, { "sarif", "ztrace.sarif" } } },
	{ "buildkite", { { "markdown", "ztrace-annotation.md" } } },
	{ "azure", { { "azure", NULL }, { "markdown", SUMMARY_FILE } } },
	{ "teamcity", { { "teamcity", NULL } } },
	{ "circleci", { { "junit", "ztrace-junit.xml" } } },
	{ "bitbucket", { { "junit", "ztrace-junit.xml" } } },
};

struct found_env {
	struct ci_vars vars;
	char text[8192];
	size_t len;
	char summary[1024];
};

static int take(void *ctx, const struct zt_ev *ev)
{
	struct found_env *e = ctx;
	const char *s[2];
	size_t a, b;

	if (ev_tail_strings(ev, s, 2) != 2)
		return 0;
	a = strlen(s[0]) + 1;
	b = strlen(s[1]) + 1;
	if (!strcmp(s[0], "GITHUB_STEP_SUMMARY"))
		snprintf(e->summary, sizeof(e->summary), "%s", s[1]);
	else if (e->vars.n < CI_VARS_MAX && e->len + a + b <= sizeof(e->text)) {
		e->vars.v[e->vars.n].name = memcpy(e->text + e->len, s[0], a);
		e->vars.v[e->vars.n++].value = memcpy(e->text + e->len + a, s[1], b);
		e->len += a + b;
	}
	return 0;
}

/* What ztrace was started with; sudo has taken most of that away, so of what stands above it. */
static void look(struct found_env *e)
{
	char names[2048];
	struct procfs p;
	size_t len = 0;

	memset(e, 0, sizeof(*e));
	if (!ci_names(names, sizeof(names) - 32) || procfs_open(&p, "/proc") < 0)
		return;
	while (names[len])
		len += strlen(names + len) + 1;
	memcpy(names + len, "GITHUB_STEP_SUMMARY\0", 21);
	environ_own(&p, names, take, e);
	procfs_close(&p);
}

/* NULL: none */
static const char *which(const char *asked, const struct found_env *e)
{
	struct ci_job j;

	if (strcmp(asked, "auto") != 0)
		return asked;
	return ci_recognise(&e->vars, NULL, &j) ? j.ci : NULL;
}

static const struct way *way_of(const char *ci)
{
	for (size_t i = 0; ci && i < ARRAY_SIZE(ways); i++)
		if (!strcmp(ways[i].ci, ci))
			return &ways[i];
	return NULL;
}

static unsigned int id_of(const char *variable, unsigned int otherwise)
{
	const char *v = geteuid() == 0 ? getenv(variable) : NULL;

	return v ? (unsigned int)strtoul(v, NULL, 10) : otherwise;
}

static void add(struct session *s, const char *format, struct out *out)
{
	s->outs[s->nouts].renderer = renderer_find(format);
	s->outs[s->nouts++].out = *out;
}

/* What cannot be written there costs that, not the build. */
static void open_summary(struct session *s, const char *path)
{
	struct out out;
	int err;

	if (!*path || s->nouts == OUTPUTS_MAX)
		return;
	err = out_open_append(&out, path, SUMMARY_BYTES, id_of("SUDO_UID", geteuid()), id_of("SUDO_GID", getegid()));
	if (err < 0)
		log_warn(_("the job's summary cannot be written: %s: %s"), path, strerror(-err));
	else
		add(s, "markdown", &out);
}

static void open_way(struct session *s, const struct way *w)
{
	for (size_t i = 0; i < ARRAY_SIZE(w->outs) && w->outs[i].format && s->nouts < OUTPUTS_MAX; i++) {
		struct out out;
		int err = out_open_shared(&out, w->outs[i].path, stdout, COLOR_NEVER);

		if (err < 0)
			log_warn(_("-f %s: cannot write %s: %s"), w->outs[i].format, w->outs[i].path, strerror(-err));
		else
			add(s, w->outs[i].format, &out);
	}
}

void publish_unknown(const char *name, const char *others)
{
	char list[512];
	size_t at = (size_t)snprintf(list, sizeof(list), "%s", others);

	for (const struct ci *const *c = ci_table; *c && at < sizeof(list); c++)
		at += (size_t)snprintf(list + at, sizeof(list) - at, ", %s", (*c)->name);
	log_error(_("no CI is known as %s; there are %s"), name, list);
}

int publish_open(const struct options *o, struct session *s, const char **ret_ci)
{
	struct found_env *e __free = NULL;
	const char *ci;

	*ret_ci = NULL;
	if (!o->publish || !strcmp(o->publish, "none"))
		return 0;
	if (strcmp(o->publish, "auto") != 0 && !ci_find(o->publish)) {
		publish_unknown(o->publish, "auto, none");
		return -EINVAL;
	}
	e = malloc(sizeof(*e));
	if (!e)
		return -ENOMEM;
	look(e);
	ci = which(o->publish, e);
	if (!ci)
		log_info(_("no CI is recognised here; the report is as without --ci"));
	if (way_of(ci))
		open_way(s, way_of(ci));
	if (ci && !strcmp(ci, "github"))
		open_summary(s, e->summary);
	*ret_ci = ci;
	return 0;
}

/* Azure reads the file when it sees the command. */
void publish_finish(const char *ci)
{
	char cwd[4096];

	if (!ci || strcmp(ci, "azure") != 0 || access(SUMMARY_FILE, R_OK) || !getcwd(cwd, sizeof(cwd)))
		return;
	fputs("##vso[task.uploadsummary]", stdout);
	esc_azure(stdout, cwd, 0);
	fputs("/" SUMMARY_FILE "\n", stdout);
	fflush(stdout);
}
