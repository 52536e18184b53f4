/* SPDX-License-Identifier: GPL-2.0 */
/* What the daemon counts, as Prometheus reads it. No label has a value that grows with what is built. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/i18n.h"
#include "base/log.h"
#include "cmd/daemon.h"
#include "source/readfile.h"

static void head(FILE *f, const char *name, const char *type, const char *help)
{
	fprintf(f, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void one(FILE *f, const char *name, const char *type, const char *help, unsigned long long v)
{
	head(f, name, type, help);
	fprintf(f, "%s %llu\n", name, v);
}

static void put_kills(FILE *f, const struct daemon *d)
{
	static const char *const scopes[] = { "memcg", "host", "cpuset" };

	head(f, "ztrace_oom_kills_total", "counter", "OOM kills observed by ztrace.");
	for (size_t n = 0; n < ARRAY_SIZE(scopes); n++)
		fprintf(f, "ztrace_oom_kills_total{scope=\"%s\"} %llu\n", scopes[n], (unsigned long long)d->n.kills[n]);
}

static void put_incidents(FILE *f, const struct daemon *d)
{
	head(f, "ztrace_incidents_total", "counter", "Incidents explained, by diagnosis code.");
	for (size_t n = 0; n < ARRAY_SIZE(d->n.incidents) && d->n.incidents[n].code; n++)
		fprintf(f, "ztrace_incidents_total{code=\"%s\"} %llu\n", d->n.incidents[n].code,
			(unsigned long long)d->n.incidents[n].n);
}

static void put_lost(FILE *f, const struct daemon *d)
{
	static const char *const causes[ZT_LOST_CAUSES] = {
		[ZT_LOST_RING] = "ring", [ZT_LOST_KILL_RING] = "kill_ring", [ZT_LOST_READ] = "read", [ZT_LOST_MODEL] = "model",
		[ZT_LOST_TRACE] = "trace", [ZT_LOST_CORRUPT] = "corrupt",
	};

	head(f, "ztrace_events_lost_total", "counter", "Events that ztrace did not get or could not keep.");
	for (size_t n = 0; n < ZT_LOST_CAUSES; n++)
		if (causes[n])
			fprintf(f, "ztrace_events_lost_total{cause=\"%s\"} %llu\n", causes[n], (unsigned long long)d->n.lost[n]);
}

static unsigned long long resident_bytes(void)
{
	char text[4096];
	zt_u64 kib = 0;

	if (readfile_at(AT_FDCWD, "/proc/self/status", text, sizeof(text)) > 0)
		readfile_find_u64(text, "VmRSS:", &kib);
	return kib * 1024;
}

static void put_all(FILE *f, const struct daemon *d)
{
	head(f, "ztrace_build_info", "gauge", "Version of ztrace.");
	fprintf(f, "ztrace_build_info{version=\"%s\"} 1\n", ZTRACE_VERSION);
	put_kills(f, d);
	put_incidents(f, d);
	put_lost(f, d);
	one(f, "ztrace_builds_total", "counter", "Builds seen.", d->n.builds);
	one(f, "ztrace_builds_failed_total", "counter", "Builds whose client exited with another status than 0.",
	    d->n.builds_failed);
	one(f, "ztrace_builds_oom_total", "counter", "Builds that lost a process to the OOM killer.", d->n.builds_oom);
	one(f, "ztrace_builds_shared_total", "counter", "Builds told of in one trace with others, there being too many.",
	    d->n.shared);
	one(f, "ztrace_loose_kills_total", "counter", "Reports of kills that were no build's.", d->n.loose);
	one(f, "ztrace_reports_failed_total", "counter", "Reports that could not be written at once.", d->n.reports_failed);
	one(f, "ztrace_traces_failed_total", "counter", "Builds of which no trace could be kept.", d->n.traces_failed);
	one(f, "ztrace_traces_removed_total", "counter", "Traces removed to keep to the bounds given.", d->n.removed);
	one(f, "ztrace_jobs", "gauge", "Traces being written.", d->njobs);
	head(f, "ztrace_behind_seconds", "gauge", "The longest that an event waited to be looked at, in the last second.");
	fprintf(f, "ztrace_behind_seconds %.3f\n", (double)d->behind_ns / 1e9);
	one(f, "ztrace_resident_memory_bytes", "gauge", "Memory that ztrace itself uses.", resident_bytes());
}

void metrics_put(struct daemon *d)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = d->scrape ? open_memstream(&text, &len) : NULL;

	if (!f)
		return;
	put_all(f, d);
	if (!fclose(f))
		scrape_put(d->scrape, text, len);
	free(text);
}

int metrics_listen(struct daemon *d)
{
	const char *where = d->conf.o.metrics_listen;
	char err[512] = "";
	int r;

	if (d->scrape && where && !strcmp(where, d->listening))
		return 0;
	scrape_stop(d->scrape);
	free(d->listening);
	d->scrape = NULL;
	d->listening = where ? strdup(where) : NULL;
	if (!where)
		return 0;
	if (!d->listening)
		return -ENOMEM;
	r = scrape_start(&d->scrape, where, "/metrics", err, sizeof(err));
	if (r < 0)
		log_error("%s", *err ? err : strerror(-r));
	metrics_put(d);
	return r;
}
