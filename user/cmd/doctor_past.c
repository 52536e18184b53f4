/* SPDX-License-Identifier: GPL-2.0 */
/* What earlier traces of the Dockerfiles below this folder say: will they fit into the memory there is? */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fmt.h"
#include "base/i18n.h"
#include "cmd/cmd.h"
#include "cmd/doctor.h"
#include "history.h"
#include "render/screen.h"

/* What follows `dir` in path; NULL: it is not below. */
static const char *below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	if (strncmp(path, dir, n) || (path[n] != '/' && n != 1))
		return NULL;
	return path + n + (n > 1); /* "/" ends in its slash already */
}

/* A Dockerfile that was edited since may have lost the step, or done something about it. */
static bool is_as_built(const struct history_entry *e)
{
	struct stat st;

	return stat(e->dockerfile, &st) == 0 && st.st_mtime >= 0 && (zt_u64)st.st_mtime <= e->past.time_s;
}

static struct doctor_past *known(struct doctor_pasts *v, const struct history_entry *e)
{
	for (unsigned int i = 0; i < v->n; i++)
		if (!strcmp(v->v[i].dockerfile, e->dockerfile) && !strcmp(v->v[i].text, e->text))
			return &v->v[i];
	return NULL;
}

/* The newest run of a step that passed counts; without one, the most that a killed one had taken. */
static void see(struct doctor_pasts *v, const struct history_entry *e)
{
	struct doctor_past *p = known(v, e);
	bool killed = e->past.oom;

	if (e->past.failed && !killed)
		return;
	if (!p) {
		if (v->n == DOCTOR_PASTS_MAX)
			return;
		p = &v->v[v->n++];
		snprintf(p->dockerfile, sizeof(p->dockerfile), "%s", e->dockerfile);
		snprintf(p->text, sizeof(p->text), "%s", e->text);
		p->line = e->line;
	} else if (!p->at_least || (killed && e->past.peak_bytes <= p->need_bytes)) {
		return;
	}
	p->need_bytes = e->past.peak_bytes;
	p->at_least = killed;
}

void doctor_past_find(struct doctor_pasts *v)
{
	char dir[PATH_MAX], cwd[PATH_MAX];
	struct history *h;
	struct history_entry e;
	uint64_t memory, swap;
	unsigned int kept = 0;

	if (!getcwd(cwd, sizeof(cwd)) || host_free(&memory, &swap) < 0 || store_name(dir, sizeof(dir)) < 0 ||
	    history_open(&h, dir, cwd) < 0)
		return;
	for (size_t at = 0; history_next(h, &at, &e);)
		if (below(e.dockerfile, cwd) && is_as_built(&e))
			see(v, &e);
	history_free(h);
	v->dir_len = strlen(cwd) + (strlen(cwd) > 1);
	for (unsigned int i = 0; i < v->n; i++)
		if (v->v[i].need_bytes > memory + swap)
			v->v[kept++] = v->v[i];
	v->n = kept;
	v->have_bytes = memory + swap;
}

void doctor_past_print(const struct doctor_pasts *v, FILE *f)
{
	struct out o = { .f = f };
	struct screen *s __free = v->n ? calloc(1, sizeof(*s)) : NULL;

	for (unsigned int i = 0; s && i < v->n; i++) {
		char text[2048], need[FMT_LEN], have[FMT_LEN];

		snprintf(text, sizeof(text),
			 v->v[i].at_least ? _("%.400s:%u took more than %s in an earlier build; %s of memory and swap is free: %.800s") :
					    _("%.400s:%u took %s in an earlier build; %s of memory and swap is free: %.800s"),
			 v->v[i].dockerfile + v->dir_len, v->v[i].line, fmt_bytes(need, sizeof(need), v->v[i].need_bytes),
			 fmt_bytes(have, sizeof(have), v->have_bytes), v->v[i].text);
		screen_para(s, &(struct para){ .head = _("warning: "), .text = text, .indent = 9, .lines = 3 });
	}
	if (s)
		screen_print(s, &o);
}

json_t *doctor_past_json(const struct doctor_pasts *v)
{
	json_t *a = json_array();

	for (unsigned int i = 0; i < v->n; i++)
		json_array_append_new(a, json_pack("{s:s, s:i, s:s, s:I, s:b, s:I}", "dockerfile", v->v[i].dockerfile, "line",
						   (int)v->v[i].line, "instruction", v->v[i].text, "need_bytes",
						   (json_int_t)v->v[i].need_bytes, "at_least", v->v[i].at_least,
						   "free_bytes", (json_int_t)v->have_bytes));
	return a;
}
