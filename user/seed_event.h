/* SPDX-License-Identifier: GPL-2.0 */
/* One event each of what a model holds: what model_apply would make it of. 0 or the sink's -errno. */
#ifndef SEED_EVENT_H
#define SEED_EVENT_H

#include "model/model.h"
#include "source/source.h"

struct seed_event;
struct seed_event *seed_event_new(sink_fn sink, void *ctx); /* NULL: out of memory */
void seed_event_free(struct seed_event *e);

int seed_strings(struct seed_event *e, enum zt_kind kind, zt_u64 ts_ns, const char *a, const char *b); /* fact, note */
int seed_hook(struct seed_event *e, const struct hook *h, zt_u64 ts_ns);
int seed_cgroup(struct seed_event *e, const struct cgroup *cg, zt_u64 ts_ns);
int seed_samples(struct seed_event *e, const struct cgroup *cg);
int seed_rmdir(struct seed_event *e, const struct cgroup *cg, zt_u64 ts_ns);
int seed_proc(struct seed_event *e, const struct proc *p, const struct proc *parent, zt_u64 ts_ns);
int seed_exit(struct seed_event *e, const struct proc *p, zt_u64 ts_ns);
/* What its environment told */
int seed_endpoint(struct seed_event *e, const struct proc *p, zt_u64 ts_ns); /* of that, the daemon it speaks to */
int seed_client_env(struct seed_event *e, const struct proc *p, zt_u64 ts_ns);
int seed_service(struct seed_event *e, const struct build *b, zt_u64 ts_ns);
int seed_file(struct seed_event *e, const struct build *b, zt_u64 ts_ns);
/* Its first program, its root file system, layer, build args */
int seed_step(struct seed_event *e, const struct step *st, const struct proc *parent, zt_u64 ts_ns);

#endif
