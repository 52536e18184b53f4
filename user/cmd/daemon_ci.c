/* SPDX-License-Identifier: GPL-2.0 */
/* Whose CI job a build belongs to: all builds of one are told in one trace, for as long as that job lasts. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/esc.h"
#include "cmd/daemon.h"

#define QUIET_NS 30000000000ull /* a job whose end is not seen is over when nothing was built for so long */

static bool same(const struct zt_id *a, const struct zt_id *b)
{
	return a->tgid == b->tgid && a->start_ns == b->start_ns;
}

/* An agent that has been started by another works for one job. */
static bool is_of_one_job(const struct proc *runner)
{
	for (const struct proc *p = runner->parent; p; p = p->parent)
		if (p->job && !p->ci_vars)
			return !strcmp(p->job->ci, runner->job->ci);
	return false;
}

bool ci_place(const struct proc *client, struct ci_place *ret)
{
	const struct proc *of = client, *below;

	for (int depth = 0; of && !of->job && depth < 256; depth++)
		of = of->parent;
	/* by its variables: an agent alone does not say which job */
	if (!of || !of->job || !of->ci_vars || (!*of->job->job && !*of->job->url))
		return false;
	*ret = (struct ci_place){ .job = *of->job, .anchor = of->id };
	ret->job.step[0] = 0;
	below = of;
	for (const struct proc *p = of->parent; p; below = p, p = p->parent) {
		if (!p->job || p->ci_vars)
			continue;
		ret->runner = p->id;
		ret->sure = is_of_one_job(p);
		ret->anchor = ret->sure ? p->id : below->id;
		break;
	}
	return true;
}

/* Where there is no address, several jobs may be called the same. */
static bool is_same(const struct ci_place *a, const struct ci_place *b)
{
	return !strcmp(a->job.ci, b->job.ci) && !strcmp(a->job.job, b->job.job) && !strcmp(a->job.url, b->job.url) &&
	       same(&a->runner, &b->runner) && (*a->job.url || same(&a->anchor, &b->anchor));
}

struct job *ci_job_of(struct daemon *d, const struct ci_place *at)
{
	for (unsigned int n = 0; n < JOBS_MAX; n++)
		if (d->jobs[n].used && d->jobs[n].ci.job.ci && is_same(&d->jobs[n].ci, at))
			return &d->jobs[n];
	return NULL;
}

void ci_title(const struct ci_place *at, char *buf, size_t len)
{
	char text[256];

	snprintf(text, sizeof(text), "%s%s%s", at->job.title, *at->job.job ? ", " : "", at->job.job);
	esc_term_str(buf, len, text, 120);
}

/* "github-build": what a file may be called everywhere */
void ci_slug(const struct ci_place *at, char *buf, size_t len)
{
	size_t n = (size_t)snprintf(buf, len, "%s%s%s", at->job.ci, *at->job.job ? "-" : "", at->job.job);

	for (size_t i = 0; i < n && i < len; i++)
		if (buf[i] && !isalnum((unsigned char)buf[i]))
			buf[i] = '-';
}

void ci_seen(struct job *j, const struct ci_place *at)
{
	if (j->ci.job.ci && !j->anchor_ended_ns)
		return;
	j->ci = *at;
	j->anchor_ended_ns = 0;
}

/* The job's own process is gone, or nothing has been built for some time. */
bool ci_over(const struct job *j, zt_u64 now_ns)
{
	zt_u64 since = j->ended_ns > j->anchor_ended_ns ? j->ended_ns : j->anchor_ended_ns;

	if (!j->anchor_ended_ns)
		return false;
	return j->ci.sure || (now_ns > since && now_ns - since > QUIET_NS);
}
