/* SPDX-License-Identifier: GPL-2.0 */
/* One function per kind of event; model.c dispatches. Each gets an event that passed ev_check. */
#ifndef MODEL_APPLY_H
#define MODEL_APPLY_H

#include "model/model.h"

#define X(nr, name) int apply_##name(struct model *m, const struct zt_ev *ev);
ZT_EVENTS(X)
#undef X

#define TAIL_APPEND(tailp, node)                                                               \
	do {                                                                                   \
		*(tailp) = (node);                                                             \
		(tailp) = &(node)->next;                                                       \
	} while (0)

/* The process of that id, made when it is not known yet. NULL: table full (counted). */
struct proc *proc_get(struct model *m, const struct zt_id *id);
void proc_pin(struct proc *p); /* and its ancestors: they stay for as long as the model */
void refusals_see_host(struct model *m, const struct zt_ev_host *h); /* of those that have none yet */
void step_env(struct model *m, struct step *s, const char *name, const char *value);
void step_throttled(struct step *s, const struct zt_memcg *mem);
void job_var(struct model *m, struct proc *p, const char *name, const char *value);
/* Note whether they are in scope, as long as that can be told */
void scope_see_proc(const struct model *m, struct proc *p);
void scope_see_cgroup(const struct model *m, struct cgroup *cg);
struct cgroup *cgroup_get(struct model *m, zt_u64 id);
void model_lose(struct model *m);

#endif
