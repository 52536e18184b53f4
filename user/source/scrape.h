/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Answers HTTP GET requests for one text, in a process of its own that has no rights: whatever clients do there, nobody
 * else waits for it. The text lies in memory that both share.
 */
#ifndef SOURCE_SCRAPE_H
#define SOURCE_SCRAPE_H

#include <stdbool.h>
#include <stddef.h>

struct scrape;

/*
 * where: "127.0.0.1:9464", "[::1]:9464" or "unix:/run/x". path: what is served, "/metrics". 0, or -errno with one line
 * in err. The process ends with the caller's.
 */
int scrape_start(struct scrape **ret, const char *where, const char *path, char *err, size_t errlen);
/* Publish a text, of at most SCRAPE_BYTES. */
#define SCRAPE_BYTES (64 * 1024)
void scrape_put(struct scrape *s, const char *text, size_t len);
/* Has it died? To be asked after SIGCHLD; then it is begun anew. */
void scrape_child(struct scrape *s, int pid);
void scrape_stop(struct scrape *s);
int scrape_pid(const struct scrape *s);

/* May anybody but this machine's processes connect there? */
bool scrape_is_public(const char *where);

#endif
