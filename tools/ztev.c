// SPDX-License-Identifier: GPL-2.0
/*
 * Print every kernel event as a line until SIGTERM or SIGINT: the BPF source without anything behind it.
 *   ztev [-q]     -q: count only
 * stderr gets "ready load_ms=… rss_kb=…" once attached, counts by kind at the end.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "source/bpf.h"
#include "trace/event.h"
#include "trace/text.h"

static volatile sig_atomic_t stop;

static void on_stop(int sig)
{
	(void)sig;
	stop = 1;
}

struct counts {
	bool quiet;
	unsigned long n[ZT_KIND_MAX], bad, lost;
};

static int print(void *ctx, const struct zt_ev *ev)
{
	struct counts *c = ctx;

	if (ev_check(ev) < 0) {
		c->bad++;
		return 0;
	}
	c->n[ev->kind]++;
	if (ev->kind == ZT_lost)
		c->lost += ((const struct zt_ev_lost *)ev)->count;
	return c->quiet ? 0 : text_print(stdout, ev);
}

static unsigned long rss_kb(void)
{
	unsigned long total = 0, resident = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (f) {
		if (fscanf(f, "%lu %lu", &total, &resident) != 2)
			resident = 0;
		fclose(f);
	}
	return resident * (unsigned long)sysconf(_SC_PAGESIZE) / 1024;
}

static double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

int main(int argc, char **argv)
{
	struct counts c = { .quiet = argc > 1 && !strcmp(argv[1], "-q") };
	struct sigaction sa = { .sa_handler = on_stop };
	struct source *s;
	char err[512];
	double began = now_ms();
	int n = 0;

	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	if (getenv("ZTEV_DEBUG"))
		log_set_level(3);
	if (bpf_source_open(&s, &(struct bpf_options){ 0 }, print, &c, err, sizeof(err)) < 0) {
		log_error("%s", err);
		return 1;
	}
	fprintf(stderr, "ready load_ms=%.0f rss_kb=%lu\n", now_ms() - began, rss_kb());
	while (!stop && n >= 0)
		n = s->pump(s, 50, print, &c);
	while (n > 0) /* what came since */
		n = s->pump(s, 0, print, &c);
	fflush(stdout);
	fprintf(stderr, "end rss_kb=%lu bad=%lu lost_count=%lu", rss_kb(), c.bad, c.lost);
	for (unsigned int k = 0; k < ZT_KIND_MAX; k++) {
		if (c.n[k])
			fprintf(stderr, " %s=%lu", zt_kind_name(k), c.n[k]);
	}
	fputc('\n', stderr);
	s->close(s);
	return n < 0;
}
